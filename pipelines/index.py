"""Documents become knowledge: ingest, chunk, embed, build, verify, promote, as one Ray Data pipeline.

Run it with `python -m pipelines index SOURCE --site NAME`. Until the last step what is live stays live, however
the run ends. Knows no terminal.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import pyarrow as pa

from core.database import Database
from core.embedder import Encoder, Tokenizer, load_encoder, load_tokenizer
from core.errors import InvalidInputError
from core.knowledge import Knowledge
from core.records import Site, Source
from core.settings import Settings
from core.tracking import Tracking
from pipelines.build import growing, new_build
from pipelines.cluster import Shares, ray_cluster
from pipelines.embed import Embed
from pipelines.read import Read, files_of
from pipelines.report import IndexReport
from pipelines.sandbox import SandboxedParser
from pipelines.tally import Tally

_FILES = 16  # read at a time: few, so that the encoder is fed early
_CHUNKS = 1024  # embedded at a time: many, so that sorting by length pays; the most that a step holds
_REASONS = 500  # characters of them, in a sentence for people


@dataclass(frozen=True, slots=True)
class Stores:
    """What an indexing reads from and writes to."""

    database: Database
    knowledge: Knowledge
    tracking: Tracking


@dataclass(frozen=True, slots=True)
class Models:
    """How a step opens its part of the embedding model, in the process that runs the step."""

    open_tokenizer: Callable[[], Tokenizer]
    open_encoder: Callable[[int], Encoder]  # given its number of threads


def models_of(settings: Settings) -> Models:
    """The embedding model that the settings name; an error when there is none of that name."""
    load_tokenizer(settings.embedding_model, settings)  # here and now, not in a process of Ray's
    return Models(
        partial(load_tokenizer, settings.embedding_model, settings),
        partial(_load_encoder, settings),
    )


def _load_encoder(settings: Settings, threads: int) -> Encoder:
    return load_encoder(settings.embedding_model, settings, threads=threads)


def index(
    site: Site, settings: Settings, stores: Stores, models: Models, watch: Callable[[Tally, int], None]
) -> IndexReport:
    """A new build of all of the site's sources, live when this returns; `watch` is told the tally so far."""
    tally = Tally()
    sources = stores.database.sources.of(site.id)
    files = files_of(sources)
    build = new_build(site.id, settings.embedding_model, _shape(settings))
    with stores.tracking.run(site.id, build.id) as run:
        with (
            ray_cluster(settings.ray_address) as shares,
            growing(build, stores.database, stores.knowledge, tally) as table,
        ):
            for rows in embedded(files, _reader(sources, settings, models), models.open_encoder, shares):
                table.add(rows)
                watch(tally, len(files))
            _require_documents(sources, tally)
            table.stage(len(files))
        stores.database.sites.promote(site.id, build.id, expected=site.live_build)
        report = IndexReport(build, tally, tally.total_seconds)
        report.log(run)
    return report


def embedded(
    files: Sequence[Mapping[str, Any]],
    reader: Sequence[Any],
    open_encoder: Callable[[int], Encoder],
    shares: Shares,
) -> Iterator[pa.Table]:
    """The files' chunks with vectors and the notes on them, as they come: a few files to read, a thousand chunks."""
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
                fn_constructor_args=[partial(open_encoder, shares.threads)],
                batch_size=_CHUNKS,
                batch_format="pyarrow",
                compute=ActorPoolStrategy(size=shares.embedders),
                num_cpus=shares.embedder_cpus,
                num_gpus=shares.embedder_gpus,
                max_restarts=shares.restarts,
            )
        )
    yield from rows.iter_batches(batch_size=None, batch_format="pyarrow")


def _reader(sources: Sequence[Source], settings: Settings, models: Models) -> Sequence[Any]:
    parser = partial(SandboxedParser, memory_mb=settings.parse_memory_mb, seconds=settings.parse_seconds)
    return [sources, settings, parser, models.open_tokenizer]


def _require_documents(sources: Sequence[Source], tally: Tally) -> None:
    """A source that gave nothing is a mistake, not a site without pages."""
    for source in sources:
        if not tally.added_from[source.id]:
            reasons = "; ".join(f"{note.path} {note.reason}" for note in tally.refused if note.source == source.id)
            raise InvalidInputError(f"No document of {source.uri} could be read: {reasons[:_REASONS]}", param="source")


def _shape(settings: Settings) -> dict[str, Any]:
    """The settings that shape a build."""
    return settings.model_dump(include={"embedding_model", "chunk_tokens", "chunk_overlap"})
