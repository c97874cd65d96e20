"""What a build holds: its files, its chunks, and the chunks that say the same on different pages."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict

import numpy as np
import polars as pl

from core.database import Database, open_database
from core.embedder import Vectors
from core.knowledge import BuildTable, Knowledge
from core.knowledge.schema import COLUMNS, to_vectors
from core.records import Build
from core.settings import Settings
from evals.subject import shape_of

_ROWS = 1024  # compared with all at a time
_BUILDS: dict[str, type[pl.DataType]] = {
    "build": pl.String,
    "status": pl.String,
    "created_at": pl.Datetime,
    "chunk_tokens": pl.Int64,
    "chunk_overlap": pl.Int64,
    "embedding_model": pl.String,
    "documents": pl.Int64,
    "chunks": pl.Int64,
    "verdict": pl.String,
}
_FILES: dict[str, type[pl.DataType]] = {
    "path": pl.String,
    "outcome": pl.String,
    "reason": pl.String,
    "chunks": pl.Int64,
    "document": pl.String,
    "source": pl.String,
}
_PAIRS: dict[str, type[pl.DataType]] = {
    "cosine": pl.Float32,
    "path": pl.String,
    "other_path": pl.String,
    "text": pl.String,
    "other_text": pl.String,
}


def builds(database: Database, site: str) -> pl.DataFrame:
    """The site's builds, newest first."""
    live = database.sites.get(site).live_build
    return pl.DataFrame([_told(each, live=each.id == live) for each in database.builds.of(site)], schema=_BUILDS)


def _told(build: Build, *, live: bool) -> dict[str, object]:
    return {
        "build": build.id,
        "status": "live" if live else str(build.status),
        "created_at": build.created_at,
        **shape_of(build),
        "documents": _sum(build.counts, "documents/added", "documents/changed", "documents/unchanged"),
        "chunks": _sum(build.counts, "chunks/embedded", "chunks/reused"),
        "verdict": build.verdict,
    }


def _sum(counts: Mapping[str, float], *names: str) -> int:
    return int(sum(counts.get(name, 0) for name in names))


def files(build: Build, settings: Settings) -> pl.DataFrame:
    """Every file that the build met: what became of it, why, and in how many chunks."""
    with closing(open_database(settings.database_location)) as database:
        rows = [asdict(each) | {"document": each.id} for each in database.builds.files(build.id)]
    return pl.DataFrame([{name: row[name] for name in _FILES} for row in rows], schema=_FILES)


def chunks(build: Build, settings: Settings) -> pl.DataFrame:
    """Every chunk, in reading order."""
    frame = pl.from_arrow(_table(build, settings).lance.search().select(COLUMNS).to_arrow())
    if not isinstance(frame, pl.DataFrame):  # a table never is a series
        raise TypeError
    return frame.sort("path", "position")


def duplicates(build: Build, settings: Settings, *, alike: float = 0.95) -> pl.DataFrame:
    """Pairs of chunks of two documents whose vectors are at least so alike, the most alike first."""
    rows = _table(build, settings).lance.search().select([*COLUMNS, "vector"]).to_arrow()
    pairs = list(_pairs(to_vectors(rows), np.asarray(rows["document"].to_pylist()), alike))
    told = [
        (cosine, *(rows[name][at].as_py() for name in ("path", "text") for at in (one, other)))
        for one, other, cosine in pairs
    ]
    return pl.DataFrame(told, schema=_PAIRS, orient="row").sort(
        "cosine", "path", "other_path", descending=[True, False, False]
    )


def _pairs(vectors: Vectors, documents: np.ndarray, alike: float) -> list[tuple[int, int, float]]:
    """Each pair once, by row; a few rows at a time, as all of them against all would not fit."""
    found = []
    for start in range(0, len(vectors), _ROWS):
        cosines = vectors[start : start + _ROWS] @ vectors[start:].T
        for one, other in zip(*np.nonzero(np.triu(cosines >= alike, 1)), strict=True):
            if documents[start + one] != documents[start + other]:
                found.append((int(start + one), int(start + other), float(cosines[one, other])))
    return found


def _table(build: Build, settings: Settings) -> BuildTable:
    return Knowledge(settings.knowledge_location).open(build.table)
