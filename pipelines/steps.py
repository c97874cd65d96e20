"""The steps of an indexing over many files: read, chunk, embed, on Ray or, where they are few, in this process.

Knows no site, no build and no plan.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from math import ceil
from typing import Any

import pyarrow as pa

from core.embedder import Encoder
from pipelines.cluster import Shares, ray_cluster
from pipelines.embed import Embed, Known
from pipelines.read import Read

_FILES = 16  # read at a time: few, so that the encoder is fed early
_CHUNKS = 1024  # embedded at a time: many, so that sorting by length pays; the most that a step holds
_FEW = 100  # files that are done in this process before Ray would have started
_LITTLE = 8 * 2**20  # bytes of them

File = Mapping[str, Any]  # a row as `Read` takes it


def embedded(
    files: Sequence[File],
    reader: Sequence[Any],
    open_encoder: Callable[[int], Encoder],
    known: Callable[[], Known],
    ray_address: str,
) -> Iterator[pa.Table]:
    """The files' chunks with vectors and the notes on them, as they come."""
    if _are_few(files) and ray_address == "local":
        yield from embedded_here(files, reader, open_encoder, known)
        return
    with ray_cluster(ray_address) as shares:
        yield from embedded_on_ray(files, reader, open_encoder, known, shares)


def _are_few(files: Sequence[File]) -> bool:
    return len(files) <= _FEW and sum(file["size"] for file in files) <= _LITTLE


def embedded_here(
    files: Sequence[File],
    reader: Sequence[Any],
    open_encoder: Callable[[int], Encoder],
    known: Callable[[], Known],
) -> Iterator[pa.Table]:
    """The same steps one after the other, in this process."""
    if not files:
        return
    embed = Embed(partial(open_encoder, len(os.sched_getaffinity(0))), known)
    with closing(Read(*reader)) as read:
        for start in range(0, len(files), _FILES):
            yield embed(read(pa.Table.from_pylist(list(files[start : start + _FILES]))))


def embedded_on_ray(
    files: Sequence[File],
    reader: Sequence[Any],
    open_encoder: Callable[[int], Encoder],
    known: Callable[[], Known],
    shares: Shares,
) -> Iterator[pa.Table]:
    """The same steps as a Ray Data pipeline: a few files to read at a time, a thousand chunks to embed."""
    import ray.data
    from ray.data import ActorPoolStrategy

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`ray_remote_args`")  # the one way to say `max_restarts`
        rows = (
            ray.data.from_items(list(files), override_num_blocks=ceil(len(files) / _FILES))
            .map_batches(
                Read,
                fn_constructor_args=reader,
                batch_size=None,
                batch_format="pyarrow",
                compute=ActorPoolStrategy(size=shares.readers),
                num_cpus=shares.reader_cpus,
                max_restarts=shares.restarts,
            )
            .map_batches(
                Embed,
                fn_constructor_args=[partial(open_encoder, shares.threads), known],
                batch_size=_CHUNKS,
                batch_format="pyarrow",
                compute=ActorPoolStrategy(size=shares.embedders),
                num_cpus=shares.embedder_cpus,
                num_gpus=shares.embedder_gpus,
                max_restarts=shares.restarts,
            )
        )
    yield from rows.iter_batches(batch_size=None, batch_format="pyarrow")
