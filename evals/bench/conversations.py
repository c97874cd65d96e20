"""`python -m evals bench conversations`: the ready-made views on millions of simulated turns, DuckDB beside Polars.

Each view runs in a process of its own, so that its memory is its own: once cold, then warm a few times. Both ask the
same files and materialise the same rows as Arrow. CPU seconds stand beside wall seconds, which a busy machine spoils.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from core.settings import Settings
from evals.bench.one_view import Run, measure
from evals.progress import Watch
from evals.report import Report
from evals.simulation.plan import Plan
from evals.simulation.simulate import is_simulated, simulate

VIEWS = ("per_day", "per_site", "by_build", "declined", "disliked", "slow", "costly")
ENGINES = ("duckdb", "polars")

_DAYS = 365


def run(settings: Settings, turns: int, questions: Path, watch: Watch) -> Report:
    """`ratio`: Polars' seconds for all views over DuckDB's, by the medians of warm runs; above 1, DuckDB is faster."""
    plan = Plan(turns, min(_DAYS, turns))
    folder = settings.home / "bench" / f"conversations-{turns}"
    if not is_simulated(plan, folder):
        simulate(plan, folder, questions, settings, watch)
    runs: dict[tuple[str, str], Run] = {}
    for view in VIEWS:
        for engine in ENGINES:
            runs[view, engine] = _alone(view, engine, folder)
            watch("views", len(VIEWS) * len(ENGINES))
    meta = {"turns": turns, "days": plan.days, "megabytes": _megabytes(folder), "cpus": multiprocessing.cpu_count()}
    return Report(_figures(runs), meta=meta | {"rows": {view: runs[view, "duckdb"].rows for view in VIEWS}})


def _figures(runs: dict[tuple[str, str], Run]) -> dict[str, float]:
    totals = {engine: sum(runs[view, engine].seconds for view in VIEWS) for engine in ENGINES}
    cpu = {engine: sum(runs[view, engine].cpu_seconds for view in VIEWS) for engine in ENGINES}
    figures = {
        "ratio": totals["polars"] / totals["duckdb"],
        "ratio_cpu": cpu["polars"] / cpu["duckdb"],
        "slowest_seconds": max(runs[view, "duckdb"].seconds for view in VIEWS),
        "peak_mb": max(runs[view, "duckdb"].peak_mb for view in VIEWS),
    }
    for (view, engine), each in runs.items():
        for name in ("seconds", "first", "cpu_seconds", "peak_mb"):
            figures[f"{engine}/{view}/{name}"] = getattr(each, name)
    return figures


def _alone(view: str, engine: str, folder: Path) -> Run:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(measure, view, engine, str(folder)).result()


def _megabytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.parquet")) // 10**6
