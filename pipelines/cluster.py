"""Ray for one run of a pipeline: started or joined, quiet, divided between the steps, and left. Knows no step."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import current_thread, main_thread
from typing import TYPE_CHECKING

from tenacity import Retrying, stop_after_attempt

from core.errors import FrontdeskError
from core.settings import provide_environment

if TYPE_CHECKING:
    from ray.exceptions import RayError

_MOST_THREADS = 4  # of one encoder; more gain less than another encoder does

# Ray reads these when it is imported and hands them to every process it starts.
_RAY_ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",  # Ray listens on every interface and runs what it is sent: only with its token
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what Ray will do by itself soon, and warns of until then
}


@dataclass(frozen=True, slots=True)
class Shares:
    """How many processes each step gets, and what each asks Ray for."""

    readers: int
    reader_cpus: float
    embedders: int
    embedder_cpus: float
    embedder_gpus: float
    threads: int  # of each encoder
    restarts: int = -1  # of a process that dies; -1 for no limit


def shares(cpus: float, gpus: float) -> Shares:
    """Embedding gets what there is: every GPU, else every core but half of one per encoder, for who feeds it."""
    if gpus >= 1:
        readers = max(1, int(cpus - gpus))
        return Shares(readers, 0.5, embedders=int(gpus), embedder_cpus=0.5, embedder_gpus=1, threads=1)
    threads = max(1, min(int(cpus), _MOST_THREADS))
    embedders = max(1, int(cpus) // threads)
    return Shares(embedders, 0.5, embedders, threads - 0.5, embedder_gpus=0, threads=threads)


@contextmanager
def ray_cluster(address: str) -> Iterator[Shares]:
    """Starts Ray for this process (`local`) or joins a cluster; gone or left on exit.

    What breaks in a process of Ray's is raised here as a sentence; Ray's log files have the rest.
    """
    provide_environment(_RAY_ENVIRONMENT)
    import ray
    from ray.exceptions import RayError

    _start(address)
    try:
        _quieten()
        has: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        shared = shares(has.get("CPU", 1), has.get("GPU", 0))
        # A cluster loses machines. On one machine a process dies of memory, and would again.
        yield replace(shared, restarts=0) if address == "local" else shared
    except RayError as error:
        raise _in_words(error) from error
    finally:
        ray.shutdown()


def _start(address: str) -> None:
    """Ray gives its processes 30 s, which a busy machine may exceed once."""
    import ray

    def start() -> None:
        with warnings.catch_warnings(), _our_sigterm():
            warnings.filterwarnings("ignore", "lancedb fork support")  # Ray's children are other programs at once
            ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)

    try:
        Retrying(stop=stop_after_attempt(2), before_sleep=lambda _: ray.shutdown(), reraise=True)(start)
    except Exception as error:  # Ray's reasons for not starting have no class of their own
        ray.shutdown()
        raise FrontdeskError(f"Ray could not be started or joined at {address!r}: {error}") from error


@contextmanager
def _our_sigterm() -> Iterator[None]:
    """Puts back what handles SIGTERM: Ray's own print a stack, and do not always let the process clean up."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if current_thread() is main_thread():
            signal.signal(signal.SIGTERM, before)


def _quieten() -> None:
    """The progress is ours to show, and errors are raised."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.raise_original_map_exception = True
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def _in_words(error: RayError) -> FrontdeskError:
    """The error that a step raised, or its last line where Ray kept no more of it."""
    from ray.exceptions import RayTaskError

    if isinstance(error, RayTaskError):
        cause = error.cause
        return cause if isinstance(cause, FrontdeskError) else FrontdeskError(f"{type(cause).__name__}: {cause}")
    lines = str(error).strip().splitlines()
    if "creation task" in lines[0]:
        return FrontdeskError(lines[-1].removeprefix("core.errors."))
    return FrontdeskError("A process of the pipeline was killed, most often because memory ran out.")
