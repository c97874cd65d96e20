"""Runs a sentence-transformers model on torch: on CUDA, and on the CPU where OpenVINO cannot take it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar

from core.embedder.protocols import Kind, Vectors
from core.embedder.tokens import max_tokens
from core.errors import ModelError


class TorchEncoder:
    """A model on a torch device, in bf16 on CUDA."""

    def __init__(self, name: str, folder: Path, device: str) -> None:
        self.name = name
        kind = torch.bfloat16 if device == "cuda" else torch.float32
        self._model = open_model(folder, device, model_kwargs={"torch_dtype": kind})
        self.dimensions = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or max_tokens(folder))

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """The texts' vectors in their order; sentence-transformers sorts by length itself."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        prompt = kind if kind in self._model.prompts else None
        vectors = self._model.encode(
            list(texts), prompt_name=prompt, batch_size=128, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32)


def open_model(folder: Path, device: str, **options: Any) -> SentenceTransformer:
    """The model in a folder, without a progress bar; ModelError where its files are not whole."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(str(folder), device=device, **options)
    except Exception as error:  # whatever safetensors, transformers or a module's own code makes of a broken file
        raise ModelError(
            f"The embedding model in {folder} cannot be opened ({type(error).__name__}: {error}). "
            "Get its files again, or set FRONTDESK_EMBEDDING_MODEL to another one."
        ) from error
