"""Runs a saved OpenVINO graph on the CPU: bf16 where it has it, else f32. Needs neither torch nor transformers.

Texts are sorted by length and packed into batches of equal work, so that hardly any padding is computed; one
batch a core is in flight, which two cores take better than one batch on both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import openvino
from numpy.typing import NDArray

from core.embedder.convert import SPEC
from core.embedder.files import read_json
from core.embedder.protocols import Kind, Vectors
from core.embedder.tokens import read_tokenizer

_BATCH_TOKENS = 2048  # of one inference, padding included: what its activations need stays in the cache

Ids = NDArray[np.int64]  # (batch, tokens)


class OpenVinoEncoder:
    """A converted model. `threads` bounds the cores it uses; None takes all."""

    def __init__(self, name: str, folder: Path, threads: int | None = None) -> None:
        spec = read_json(folder / SPEC)
        self.name = name
        self.dimensions: int = spec["dimensions"]
        self.max_tokens: int = spec["max_tokens"]
        self._pad: int = spec["pad"]
        self._prompts: dict[str, str] = spec["prompts"]
        self._tokenizer = read_tokenizer(folder)
        self._tokenizer.enable_truncation(self.max_tokens)
        streams = threads or len(os.sched_getaffinity(0))
        self._requests: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for request in _requests(folder, streams):
            self._requests.put(request)
        self._threads = ThreadPoolExecutor(streams, thread_name_prefix="encode")

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """The texts' vectors in their order."""
        prompt = self._prompts.get(kind, "")
        rows = [found.ids for found in self._tokenizer.encode_batch_fast([prompt + text for text in texts])]
        vectors = np.empty((len(rows), self.dimensions), np.float32)
        batches = list(_batches([len(row) for row in rows]))
        for batch, found in zip(
            batches, self._threads.map(lambda batch: self._infer(rows, batch), batches), strict=True
        ):
            vectors[batch] = found
        return vectors

    def _infer(self, rows: Sequence[Sequence[int]], batch: Sequence[int]) -> Vectors:
        ids, mask = _padded([rows[number] for number in batch], self._pad)
        request = self._requests.get()
        try:
            request.infer({"input_ids": ids, "attention_mask": mask})
            found: Vectors = request.get_output_tensor().data.copy()
            return found
        finally:
            self._requests.put(request)


def precision(core: openvino.Core) -> str:
    """What the CPU multiplies fastest without a loss that a ranking could see."""
    return "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def _requests(folder: Path, streams: int) -> list[openvino.InferRequest]:
    core = openvino.Core()
    options = {
        "INFERENCE_PRECISION_HINT": precision(core),
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams,
        "ENABLE_CPU_PINNING": False,  # several encoders may share the machine
    }
    compiled = core.compile_model(folder / "model.xml", "CPU", options)
    return [compiled.create_infer_request() for _ in range(streams)]


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of texts, longest first, in batches of about `_BATCH_TOKENS` tokens."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    start = 0
    while start < len(order):
        size = max(1, _BATCH_TOKENS // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


def _padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Ids, Ids]:
    longest = max(len(row) for row in rows)
    ids = np.full((len(rows), longest), pad, np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return ids, mask
