"""One ready-made view by one engine, in a process of its own: cold, then warm. Imports little and starts soon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

_WARM = 5


@dataclass(frozen=True, slots=True)
class Run:
    """One view by one engine; seconds of opening the files are part of the first."""

    rows: int
    first: float
    seconds: float
    cpu_seconds: float
    peak_mb: float


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
    from evals.bench import polars_views

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
