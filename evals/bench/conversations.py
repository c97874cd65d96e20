"""`python -m evals bench conversations`: the ready-made views on millions of simulated turns, DuckDB beside Polars.

Each view runs in a process of its own, so that its memory is its own: once cold, then warm a few times. Both ask the
same files and materialise the same rows as Arrow. CPU seconds stand beside wall seconds, which a busy machine spoils.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from core.settings import Settings
from evals.bench import polars_views
from evals.progress import Watch
from evals.report import Report
from evals.simulation.plan import Plan
from evals.simulation.simulate import is_simulated, simulate

VIEWS = ("per_day", "per_site", "by_build", "declined", "disliked", "slow", "costly")
ENGINES = ("duckdb", "polars")

_WARM = 5
_DAYS = 365


@dataclass(frozen=True, slots=True)
class Run:
    """One view by one engine; seconds of opening the files are part of the first."""

    rows: int
    first: float
    seconds: float
    cpu_seconds: float
    peak_mb: float


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


def measure(view: str, engine: str, folder: str) -> Run:
    """The view, cold and warm, in this process."""
    began = perf_counter()
    ask = (_duckdb if engine == "duckdb" else _polars)(view, folder)
    rows = ask()
    first = perf_counter() - began
    times = [_timed(ask) for _ in range(_WARM)]
    seconds, cpu_seconds = (median(each) for each in zip(*times, strict=True))
    return Run(rows, first, seconds, cpu_seconds, _peak_mb())


def _duckdb(view: str, folder: str) -> Callable[[], int]:
    from core.conversations import Conversations, views

    relation = getattr(views, view)(Conversations(folder).relation())
    return lambda: len(relation.to_arrow_table())


def _polars(view: str, folder: str) -> Callable[[], int]:
    frame = getattr(polars_views, view)(polars_views.scan(Path(folder)))
    return lambda: len(frame.collect().to_arrow())


def _timed(ask: Callable[[], int]) -> tuple[float, float]:
    began, cpu = perf_counter(), process_time()
    ask()
    return perf_counter() - began, process_time() - cpu


def _peak_mb() -> float:
    """Of this process since it began; what the kernel reports of a child includes its parent's."""
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def _megabytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.parquet")) // 10**6
