"""Turns a sentence-transformers model into OpenVINO graphs, tokens in and unit vectors out, and saves them once.

Needs torch and sentence-transformers; what it saves needs neither. There are two graphs: the exact one, and where
the vectors stay what they were a quick one with 8-bit multiplications.
"""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from core.embedder.files import read_json
from core.embedder.tokens import max_tokens
from core.errors import ConfigurationError, ModelError

if TYPE_CHECKING:
    import openvino
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

_log = logging.getLogger(__name__)

VERSION = 2  # of what is saved: part of the folder's name
SPEC = "frontdesk.json"  # written last: a folder without it was never finished
EXACT, QUICK = "model.xml", "quick.xml"

_PROBES = ("What are your opening hours?", "Ein Satz über Größe.", "", "a " * 40)
_SAME = 0.999  # cosine between the model and its conversion


def convert(source: Path, target: Path) -> bool:
    """Saves `source` as `target`, whole or not at all; False when OpenVINO cannot take this architecture."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        if not _save(source, unfinished):
            return False
        if target.exists() and not (target / SPEC).exists():  # somebody's copy that broke off
            shutil.rmtree(target)
        unfinished.rename(target)
    except OSError:
        if not (target / SPEC).exists():  # another process may have been first, with the same result
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True


def read_spec(folder: Path) -> dict[str, Any]:
    """What `convert` noted of a model, once every file is found as it was written."""
    spec = read_json(folder / SPEC)
    for file, size in spec.get("files", {"any": -1}).items():
        if not (folder / file).exists() or (folder / file).stat().st_size != size:
            raise ConfigurationError(f"The converted model in {folder} is damaged: delete the folder, it is made anew.")
    return spec


def _save(source: Path, folder: Path) -> bool:
    import openvino

    from core.embedder.quantize import quantized
    from core.embedder.torch import open_model

    model = open_model(source, "cpu")
    try:
        graph = _graph(model)
        _check(model, graph)
        tokenizer = _tokenizer(model, max_tokens(source))
        quick = quantized(graph, tokenizer)
    except Exception as error:  # noqa: BLE001 - whatever the tracer or the converter chokes on: torch can still run the model
        _log.warning("OpenVINO cannot convert %s (%s): it runs on torch, several times slower", source, error)
        return False
    openvino.save_model(graph, str(folder / EXACT), compress_to_fp16=False)
    if quick is not None:
        openvino.save_model(quick, str(folder / QUICK), compress_to_fp16=False)
    tokenizer.save(str(folder / "tokenizer.json"))
    spec = {
        "dimensions": model.get_embedding_dimension(),
        "max_tokens": (tokenizer.truncation or {})["max_length"],
        "pad": int(model.tokenizer.pad_token_id or 0),
        "prompts": dict(model.prompts),
        "files": {path.name: path.stat().st_size for path in folder.iterdir()},
    }
    (folder / SPEC).write_text(json.dumps(spec))
    return True


def _tokenizer(model: SentenceTransformer, limit: int) -> Tokenizer:
    """The model's tokenizer as it really reads: with what its modules add, and cut where they cut."""
    tokenizer: Tokenizer = model.tokenizer.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.enable_truncation(min(int(model.max_seq_length or limit), limit))
    return tokenizer


def _check(model: SentenceTransformer, graph: openvino.Model) -> None:
    """Compares both on a few texts of each kind: some modules' work depends on more than tokens."""
    import openvino

    run = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for kind, encode in (("query", model.encode_query), ("document", model.encode_document)):
        for text in _PROBES:
            read = model.tokenizer((model.prompts.get(kind) or "") + text, truncation=True, return_tensors="np")
            expected = encode(text, normalize_embeddings=True, show_progress_bar=False)
            found = next(iter(run([read["input_ids"], read["attention_mask"]]).values()))[0]
            if float(np.dot(found, expected)) < _SAME:
                raise ModelError(f"its {kind} vectors would differ")


def _graph(model: SentenceTransformer) -> openvino.Model:
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
    with warnings.catch_warnings(), _unheard(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of every shape that it reads
        example = {"input_ids": ids, "attention_mask": ids}
        return openvino.convert_model(Whole().eval(), example_input=example)


@contextmanager
def _unheard() -> Iterator[None]:
    """The tracer reads every property of the model, and transformers warns of the loss, which nobody asked for."""
    from transformers.utils import logging as told

    before = told.get_verbosity()
    told.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        told.set_verbosity(before)
