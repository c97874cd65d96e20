"""The ready-made views once more, in Polars over the same files: the plain alternative, and a check of the answers."""

from __future__ import annotations

from pathlib import Path

import polars as pl

_MS = (pl.col("ended_at") - pl.col("created_at")).dt.total_microseconds() / 1000
_DONE = pl.col("status") == "done"
_ASKED = ("turn_id", "created_at", "site", "session_id", "question")
_MEASURES = (
    pl.len().alias("turns"),
    pl.struct("site", "person", "session_id").hash().n_unique().alias("sessions"),
    pl.col("declined").sum(),
    (pl.col("status") == "aborted").sum().alias("aborted"),
    (pl.col("status") == "failed").sum().alias("failed"),
    (pl.col("rating") == "up").sum().alias("up"),
    (pl.col("rating") == "down").sum().alias("down"),
    pl.col("usage").struct.field("input_tokens").sum(),
    pl.col("usage").struct.field("output_tokens").sum(),
    pl.col("cost").sum(),
    _MS.filter(_DONE).quantile(0.5, "linear").alias("p50_ms"),
    _MS.filter(_DONE).quantile(0.95, "linear").alias("p95_ms"),
)


def scan(folder: Path) -> pl.LazyFrame:
    """All turns with their latest rating; nothing is read yet."""
    turns = pl.scan_parquet(folder / "date=*" / "*.parquet", hive_partitioning=True)
    ratings = pl.scan_parquet(folder / "feedback" / "date=*" / "*.parquet", hive_partitioning=False)
    latest = ratings.group_by("turn_id").agg(pl.col("rating", "comment").sort_by("rated_at").last())
    said = latest.with_columns(pl.col("comment").replace("", None))
    return turns.join(said, on="turn_id", how="left")


def per_day(turns: pl.LazyFrame) -> pl.LazyFrame:
    """As core.conversations.views has it, and so are the others."""
    return turns.group_by("date").agg(_MEASURES).sort("date")


def per_site(turns: pl.LazyFrame) -> pl.LazyFrame:
    """The busiest site first."""
    return turns.group_by("site").agg(_MEASURES).sort(["turns", "site"], descending=[True, False])


def by_build(turns: pl.LazyFrame) -> pl.LazyFrame:
    """By site, in the order in which the builds answered."""
    first, last = pl.col("created_at").min().alias("first_at"), pl.col("created_at").max().alias("last_at")
    return turns.group_by("site", "build").agg(first, last, *_MEASURES).sort("site", "first_at")


def declined(turns: pl.LazyFrame) -> pl.LazyFrame:
    """Newest first."""
    return _newest(turns.filter("declined").select(*_ASKED, "search", "build"))


def disliked(turns: pl.LazyFrame) -> pl.LazyFrame:
    """Newest first."""
    columns = ("answer", "comment", "declined", "model", "build")
    return _newest(turns.filter(pl.col("rating") == "down").select(*_ASKED, *columns))


def slow(turns: pl.LazyFrame, limit: int = 1000) -> pl.LazyFrame:
    """The slowest first."""
    told = turns.filter(_DONE).select(*_ASKED, "model", "build", _MS.alias("ms"), "timings")
    return told.sort(["ms", "turn_id"], descending=[True, False]).head(limit)


def costly(turns: pl.LazyFrame, limit: int = 1000) -> pl.LazyFrame:
    """The costliest first."""
    tokens = (pl.col("usage").struct.field(name) for name in ("input_tokens", "output_tokens"))
    told = turns.filter(pl.col("cost") > 0).select(*_ASKED, "model", "build", "cost", *tokens)
    return told.sort(["cost", "turn_id"], descending=[True, False]).head(limit)


def _newest(turns: pl.LazyFrame) -> pl.LazyFrame:
    return turns.sort(["created_at", "turn_id"], descending=[True, False])
