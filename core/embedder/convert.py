"""Turns a sentence-transformers model into one OpenVINO graph, tokens in and unit vectors out, and saves it once.

Needs torch and sentence-transformers; what it saves needs neither.
"""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from core.embedder.tokens import max_tokens

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_log = logging.getLogger(__name__)

SPEC = "frontdesk.json"  # written last: a folder without it was never finished


def convert(source: Path, target: Path) -> bool:
    """Saves `source` as `target`, whole or not at all; False when OpenVINO cannot take this architecture."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        if not _save(source, unfinished):
            return False
        if target.exists():  # left over without its spec, else nobody would convert
            shutil.rmtree(target)
        unfinished.rename(target)
    except OSError:
        if not (target / SPEC).exists():  # another process may have been first, with the same result
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True


def _save(source: Path, folder: Path) -> bool:
    import openvino
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as chatter

    chatter.disable_progress_bar()
    model = SentenceTransformer(str(source), device="cpu")
    try:
        graph = _graph(model)
    except Exception as error:  # noqa: BLE001 - whatever the tracer or the converter chokes on: torch can still run the model
        _log.warning("OpenVINO cannot convert %s (%s): it runs on torch, several times slower", source, error)
        return False
    openvino.save_model(graph, str(folder / "model.xml"), compress_to_fp16=False)
    shutil.copy(source / "tokenizer.json", folder)
    spec = {
        "dimensions": model.get_embedding_dimension(),
        "max_tokens": min(int(model.max_seq_length or max_tokens(source)), max_tokens(source)),
        "pad": int(model.tokenizer.pad_token_id or 0),
        "prompts": dict(model.prompts),
    }
    (folder / SPEC).write_text(json.dumps(spec))
    return True


def _graph(model: SentenceTransformer) -> Any:
    """The whole pipeline, pooling and normalization included, as one graph."""
    import openvino
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            if "token_type_ids" in model.tokenizer.model_input_names:
                features["token_type_ids"] = torch.zeros_like(input_ids)
            return torch.nn.functional.normalize(self.model(features)["sentence_embedding"], dim=-1)

    ids = torch.ones(2, 16, dtype=torch.long)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of every shape that it reads
        return openvino.convert_model(Whole().eval(), example_input={"input_ids": ids, "attention_mask": ids})
