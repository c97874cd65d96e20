"""Ctrl-C and SIGTERM as ways for a command to end: what it is doing is undone, and people are told how things stand."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BY_SIGNAL = 128  # added to its number, as shells do


@contextmanager
def stoppable(says: Callable[[], str]) -> Iterator[None]:
    """Either signal raises in the block, which cleans up; then the process says how things stand, and ends."""

    def stop(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough: a second must not interrupt the cleaning up
        raise SystemExit(_BY_SIGNAL + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        _end(says, signal.SIGINT)
    except SystemExit:
        _end(says, signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(says: Callable[[], str], number: int) -> None:
    sys.stderr.write(f"{says()}\n")
    raise SystemExit(_BY_SIGNAL + number) from None
