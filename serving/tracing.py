"""Traces of a share of the turns, written to MLflow behind their backs: no turn waits for them or fails with them.

Its id decides whether a turn is traced. What is to be written waits in a short queue for one thread; where that is
full, or MLflow is away, slow or broken, traces are dropped, and at most one line a minute says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from queue import Full, Queue
from threading import Lock, Thread
from time import monotonic
from typing import Protocol

from core.records import Turn
from core.traces import TurnTrace
from serving.observed import Observed
from serving.trace import trace

logger = logging.getLogger(__name__)

_WAITING = 200  # turns; each holds on to its passages, some 10 KB
_MINUTE = 60.0  # seconds
_PATIENCE = 5.0  # seconds that the end of the process waits for what is not written yet


class TraceStore(Protocol):
    """Where traces go; synchronous, and may take as long as it likes."""

    def warm(self) -> None:
        """What the first trace would have to wait for."""

    def write(self, trace: TurnTrace) -> None:
        """Store it; anything may be raised."""


class Tracer:
    """Observes the `share` of turns whose ids fall into it."""

    def __init__(
        self, store: TraceStore, share: float, *, waiting: int = _WAITING, clock: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._share = share
        self._queue: Queue[Observed | None] = Queue(waiting)
        self._losses = _Losses(clock)
        self._thread = Thread(target=self._write_all, name="traces", daemon=True)  # no exit waits for a server
        self._thread.start()

    @contextmanager
    def __call__(self, turn: Turn) -> Iterator[Sequence[Observed]]:
        """Who watches the turn; when the block ends, however it does, what was seen is handed in."""
        if not sampled(turn.id, self._share):
            yield ()
            return
        observed = Observed(turn)
        try:
            yield (observed,)
        finally:
            self._hand_in(observed)

    def flush(self) -> None:
        """Wait until all is written or dropped, however long it takes."""
        self._queue.join()

    def close(self, patience: float = _PATIENCE) -> None:
        """Wait for what is not written yet, but no longer than `patience` seconds."""
        ends = monotonic() + patience
        with suppress(Full):
            self._queue.put(None, timeout=patience)
        self._thread.join(max(0.0, ends - monotonic()))

    def _hand_in(self, observed: Observed) -> None:
        try:
            self._queue.put_nowait(observed)
        except Full:
            self._losses.count(f"{self._queue.maxsize} of them wait to be written, and no more can")

    def _write_all(self) -> None:
        try:
            self._store.warm()
        except Exception as error:  # noqa: BLE001  the first trace that is written tries again
            logger.warning("Turns are not traced for now: %s", _told(error))
        while observed := self._queue.get():
            try:
                self._store.write(trace(observed))
            except Exception as error:  # noqa: BLE001  whatever MLflow, its network or its disk does, turns go on
                self._losses.count(_told(error))
            finally:
                self._queue.task_done()


class _Losses:
    """Counts what was dropped, and says so once a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._lost = 0
        self._said_at: float | None = None

    def count(self, reason: str) -> None:
        with self._lock:
            self._lost += 1
            if self._said_at is not None and self._clock() - self._said_at < _MINUTE:
                return
            lost, self._lost, self._said_at = self._lost, 0, self._clock()
        logger.warning("Traces of turns were dropped (%d since this was said last): %s.", lost, reason)


def sampled(turn_id: str, share: float) -> bool:
    """Whether the turn is among the share; the same answer every time, and a greater share adds turns."""
    return int.from_bytes(sha256(f"sample {turn_id}".encode()).digest()[:8], "big") < share * 2**64


def _told(error: Exception) -> str:
    first, *_ = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {first:.300}".rstrip(".")
