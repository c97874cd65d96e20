"""Runs saved OpenVINO graphs on the CPU: bf16 where it has it, else f32. Needs neither torch nor transformers.

Texts are sorted by length and packed into batches of equal work, so that hardly any padding is computed; one
batch a core is in flight, which two cores take better than one batch on both. Long texts go through the graph with
8-bit multiplications, whose rounding averages out over many tokens; short ones, questions above all, through the
exact one. Which one depends on the text alone, so a text always has the same vector.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

import numpy as np
import openvino
from numpy.typing import NDArray

from core.embedder.convert import EXACT, QUICK, read_spec
from core.embedder.protocols import Kind, Vectors
from core.embedder.quantize import DYNAMIC_GROUP
from core.embedder.tokens import read_tokenizer

_SHORT = 32  # tokens
_STEP = 8  # tokens; batches of few different shapes, as the graph prepares itself anew for each
_BATCH_TOKENS = 1024  # of one inference, padding included: what its activations need stays in the cache

Ids = NDArray[np.int64]  # (batch, tokens)


class OpenVinoEncoder:
    """A converted model. `threads` bounds the cores it uses; None takes all."""

    def __init__(self, name: str, folder: Path, threads: int | None = None) -> None:
        spec = read_spec(folder)
        self.name = name
        self.dimensions: int = spec["dimensions"]
        self.max_tokens: int = spec["max_tokens"]
        self._pad: int = spec["pad"]
        self._prompts: dict[str, str] = spec["prompts"]
        self._tokenizer = read_tokenizer(folder)
        self._tokenizer.enable_truncation(self.max_tokens)
        streams = threads or len(os.sched_getaffinity(0))
        self._exact = _Graph(folder / EXACT, streams)
        self._quick = _Graph(folder / QUICK, streams, DYNAMIC_GROUP) if QUICK in spec["files"] else self._exact
        self._threads = ThreadPoolExecutor(streams, thread_name_prefix="encode")
        self.encode([""])  # the first visitor should not wait for the exact graph; the quick one waits for a long text

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
        texts = [rows[number] for number in batch]
        graph = self._quick if len(texts[0]) > _SHORT else self._exact
        return graph.infer(*_padded(texts, self._pad))


class _Graph:
    """A graph, compiled when it is first needed, with one request a stream."""

    def __init__(self, path: Path, streams: int, options: Mapping[str, int] | None = None) -> None:
        self._path, self._streams, self._options = path, streams, options or {}
        self._compiling = Lock()

    def infer(self, ids: Ids, mask: Ids) -> Vectors:
        """A batch's vectors."""
        with self._compiling:
            requests = self._requests
        request = requests.get()
        try:
            request.infer({"input_ids": ids, "attention_mask": mask})
            found: Vectors = request.get_output_tensor().data.copy()
            return found
        finally:
            requests.put(request)

    @cached_property
    def _requests(self) -> SimpleQueue[openvino.InferRequest]:
        core = openvino.Core()
        options = {
            "INFERENCE_PRECISION_HINT": precision(core),
            "NUM_STREAMS": self._streams,
            "INFERENCE_NUM_THREADS": self._streams,
            "ENABLE_CPU_PINNING": False,  # several encoders may share the machine
            **self._options,
        }
        compiled = core.compile_model(self._path, "CPU", options)
        requests: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(self._streams):
            requests.put(compiled.create_infer_request())
        return requests


def precision(core: openvino.Core) -> str:
    """What the CPU multiplies fastest without a loss that a ranking could see."""
    return "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of texts, longest first, in batches of about `_BATCH_TOKENS` tokens; none of both short and long ones."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    long = sum(length > _SHORT for length in lengths)
    for some in (order[:long], order[long:]):
        start = 0
        while start < len(some):
            size = max(1, _BATCH_TOKENS // _stepped(lengths[some[start]]))
            yield some[start : start + size]
            start += size


def _padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Ids, Ids]:
    longest = _stepped(max(len(row) for row in rows))
    ids = np.full((len(rows), longest), pad, np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return ids, mask


def _stepped(length: int) -> int:
    return -(-max(1, length) // _STEP) * _STEP
