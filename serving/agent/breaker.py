"""A circuit breaker: who has failed again and again is left alone for a while, then tried by one.

Knows no models. What a caller that leaves half-way has to do with it is why it is our own: a stream that is closed
or cancelled is no failure, and a probe that was cut short must not keep the circuit waiting for its verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

_FAILURES = 5  # in a row
_REST = 30.0  # seconds


class Breaker:
    """Closed, open for `rest` seconds after `failures` in a row, then half open: one may try."""

    def __init__(self, failures: int = _FAILURES, rest: float = _REST, clock: Callable[[], float] = monotonic) -> None:
        self._limit = failures
        self._rest = rest
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self._probing = False

    @property
    def wait(self) -> float:
        """Seconds until a call may be tried; 0 where one may be now, or soon."""
        if self._failures < self._limit:
            return 0.0
        return max(0.0, self._opened_at + self._rest - self._clock())

    def admits(self) -> bool:
        """Whether this call may be made; who is admitted tells how it went: succeeded, failed or left."""
        if self._failures < self._limit:
            return True
        if self._probing or self.wait:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """The call came to its end."""
        self._failures = 0
        self._probing = False

    def failed(self) -> None:
        """The call failed for a reason that the next one would meet too."""
        self._failures += 1
        self._opened_at = self._clock()
        self._probing = False

    def left(self) -> None:
        """The call was given up before it could tell."""
        self._probing = False
