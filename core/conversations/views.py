"""Ready-made questions to the view `turns`, each a DuckDB relation that is computed when it is looked at.

`per_day(conversations()).pl()` is a Polars frame. Any relation with the columns of `turns` will do: filter it first,
and the question is about what is left. Percentiles are of done turns, in milliseconds from the question to the end.
"""

from __future__ import annotations

from duckdb import DuckDBPyRelation as Relation

_MILLISECONDS = "(epoch_us(ended_at) - epoch_us(created_at)) / 1000.0"
_MEASURES = f"""
    count(*) AS turns,
    count(DISTINCT hash(site, person, session_id)) AS sessions,
    count(*) FILTER (declined) AS declined,
    count(*) FILTER (status = 'aborted') AS aborted,
    count(*) FILTER (status = 'failed') AS failed,
    count(*) FILTER (rating = 'up') AS up,
    count(*) FILTER (rating = 'down') AS down,
    quantile_cont({_MILLISECONDS}, [0.5, 0.95]) FILTER (status = 'done') AS ms,
    coalesce(sum(usage.input_tokens), 0)::BIGINT AS input_tokens,
    coalesce(sum(usage.output_tokens), 0)::BIGINT AS output_tokens,
    coalesce(sum(cost), 0) AS cost
"""
_TOLD = "* EXCLUDE (ms), ms[1] AS p50_ms, ms[2] AS p95_ms"
_ASKED = "turn_id, created_at, site, session_id, question"


def per_day(turns: Relation) -> Relation:
    """Traffic, declines, failures, thumbs, latency, tokens and cost of each UTC day, the first day first."""
    return turns.aggregate(f"date, {_MEASURES}", "date").project(_TOLD).order("date")


def per_site(turns: Relation) -> Relation:
    """The same of each site, the busiest first."""
    return turns.aggregate(f"site, {_MEASURES}", "site").project(_TOLD).order("turns DESC, site")


def by_build(turns: Relation) -> Relation:
    """The same of each build, by site in the order in which they answered, with when they did."""
    span = "min(created_at) AS first_at, max(created_at) AS last_at"
    return turns.aggregate(f"site, build, {span}, {_MEASURES}", "site, build").project(_TOLD).order("site, first_at")


def declined(turns: Relation) -> Relation:
    """The turns that got no answer, newest first: what the documents lack, or what was not found in them."""
    return turns.filter("declined").project(f"{_ASKED}, search, build").order("created_at DESC, turn_id")


def disliked(turns: Relation) -> Relation:
    """The turns with a thumb down, newest first, with what was answered and what the visitor said of it."""
    return (
        turns.filter("rating = 'down'")
        .project(f"{_ASKED}, answer, comment, declined, model, build")
        .order("created_at DESC, turn_id")
    )


def slow(turns: Relation, limit: int = 1000) -> Relation:
    """The slowest done turns, the slowest first, with where their time went."""
    return (
        turns.filter("status = 'done'")
        .project(f"{_ASKED}, model, build, {_MILLISECONDS} AS ms, timings")
        .order("ms DESC, turn_id")
        .limit(limit)
    )


def costly(turns: Relation, limit: int = 1000) -> Relation:
    """The turns that cost most, the costliest first, with the tokens they took."""
    tokens = "usage.input_tokens AS input_tokens, usage.output_tokens AS output_tokens"
    return (
        turns.filter("cost > 0")
        .project(f"{_ASKED}, model, build, cost, {tokens}")
        .order("cost DESC, turn_id")
        .limit(limit)
    )
