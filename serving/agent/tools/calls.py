"""Calls of other people's HTTP services: patient within reason, and never twice where once may have been enough.

What goes wrong is told to visitors in a sentence and to the operator in the log, without anything a visitor wrote.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from core.errors import ToolError, UnsureError

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_LONGEST_PAUSE = 5.0  # seconds that a service may ask us to wait; a visitor waits too
_BUSY = 429

LATER = "The calendar cannot be reached just now. Please try again in a moment."
CLOSED = "Booking does not work at the moment. The site's operator has been told."
UNSURE = (
    "The calendar did not say whether it has booked the meeting. Please say yes again in a minute, and I will look."
)


class PassingError(ToolError):
    """It may work the next time; nothing was written."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request; `write`: whether it may be sent again when nobody knows what became of it."""

    what: str  # for the log
    method: str
    url: str
    write: Literal["no", "once", "again"] = "no"
    params: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None


class Service:
    """One service, as its operator knows it; `stumble` is the pause after a failure that says no other, in seconds."""

    def __init__(self, name: str, *, seconds: float = 10.0, stumble: float = 0.5) -> None:
        self._name = name
        self._seconds = seconds
        self._stumble = stumble

    async def ask(self, call: Call, headers: Mapping[str, str]) -> httpx.Response:
        """What it answers below 500; PassingError or UnsureError where it does not."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: self._may_be_sent_again(call, error)),
            wait=_pause,
            stop=stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )
        async with httpx.AsyncClient(timeout=self._seconds, headers=dict(headers)) as client:
            return await retrying(self._once, client, call)

    def refused(self, call: Call, answer: httpx.Response, reason: str, hint: str) -> ToolError:
        """The error for an answer that will not get better by itself."""
        logger.error("%s refused %s with %s (%.80s): %s", self._name, call.what, answer.status_code, reason, hint)
        return ToolError(CLOSED)

    def unreadable(self, call: Call) -> ToolError:
        """The error for an answer that is none."""
        logger.error("%s answered %s with something else than it documents.", self._name, call.what)
        return UnsureError(UNSURE) if call.write == "once" else ToolError(LATER)

    def _may_be_sent_again(self, call: Call, error: BaseException) -> bool:
        return isinstance(error, PassingError) or (isinstance(error, UnsureError) and call.write == "again")

    async def _once(self, client: httpx.AsyncClient, call: Call) -> httpx.Response:
        try:
            answer = await client.request(call.method, call.url, params=call.params, json=call.json)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise self._failed(call, type(error).__name__, sent=False) from None
        except httpx.HTTPError as error:
            raise self._failed(call, type(error).__name__, sent=True) from None
        if is_busy(answer):
            raise self._busy(call, answer)
        if answer.status_code >= 500:
            raise self._failed(call, str(answer.status_code), sent=True)
        return answer

    def _failed(self, call: Call, how: str, *, sent: bool) -> ToolError:
        logger.warning("%s did not answer %s: %s", self._name, call.what, how)
        if sent and call.write != "no":
            return UnsureError(UNSURE, retry_after=self._stumble)
        return PassingError(LATER, retry_after=self._stumble)

    def _busy(self, call: Call, answer: httpx.Response) -> ToolError:
        """Refused for now: nothing was written."""
        seconds = _retry_after(answer, self._stumble)
        logger.warning("%s is asked too often (%s); it wants %.1f seconds", self._name, call.what, seconds)
        if seconds > _LONGEST_PAUSE:
            return ToolError(LATER, retry_after=seconds)
        return PassingError(LATER, retry_after=seconds)


def is_busy(answer: httpx.Response) -> bool:
    """Whether it was refused for being one too many: by 429, or as Google's older quotas say it."""
    if answer.status_code == _BUSY:
        return True
    return answer.status_code == 403 and error_reason(answer) in {"rateLimitExceeded", "userRateLimitExceeded"}


def error_reason(answer: httpx.Response) -> str:
    """Google's word for what is wrong; "" where there is none."""
    body = json_of(answer)
    error = body.get("error")
    errors = error.get("errors") if isinstance(error, dict) else None
    return str(errors[0].get("reason", "")) if isinstance(errors, list) and errors else ""


def json_of(answer: httpx.Response) -> dict[str, Any]:
    """The body where it is an object; else nothing."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(answer: httpx.Response, otherwise: float) -> float:
    # Calendly counts the seconds until its limit is reset; others use the standard header.
    told = answer.headers.get("retry-after") or answer.headers.get("x-ratelimit-reset")
    try:
        return max(0.0, float(told)) if told else otherwise
    except ValueError:  # a date
        return otherwise


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after if isinstance(error, ToolError) else None) or 0.0
