"""A provider's exception as a ModelError: what happened in a sentence for people, the rest in the log.

The providers' clients agree on `status_code` and `response.headers`, which is all that is known of them here.
"""

from __future__ import annotations

import logging

from core.errors import ModelError, OverloadedError

logger = logging.getLogger(__name__)

_BUSY = 5.0  # seconds to wait where the provider does not say
_TRY_LATER = "The language model is busy. Please try again in a moment."
_UNREACHABLE = "The language model cannot be reached right now. Please try again."


class NotAcceptedError(ModelError):
    """The model is up and did not take this question; another one may."""


def away(seconds: float) -> ModelError:
    """To raise where no model is worth asking before so many seconds have passed."""
    return ModelError(_UNREACHABLE, retry_after=max(1.0, seconds))


def busy() -> OverloadedError:
    """To raise where a model of ours has no place free, before it is asked."""
    return OverloadedError(_TRY_LATER, retry_after=_BUSY)


def told(error: Exception, model: str) -> ModelError:
    """The ModelError to raise from `error`; `retry_after` is set where trying again makes sense."""
    status = getattr(error, "status_code", None)
    logger.warning("The model %s failed: %s (status %s) %.500s", model, type(error).__name__, status, error)
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return ModelError("The language model took too long to answer. Please try again.", retry_after=_BUSY)
    if status == 429:
        return ModelError(_TRY_LATER, retry_after=_retry_after(error))
    if status in (401, 403):
        return ModelError("The language model did not accept this site's key. The site's operator can help.")
    if isinstance(status, int) and 400 <= status < 500:
        return NotAcceptedError("The language model did not accept the question. The site's operator can help.")
    return ModelError(_UNREACHABLE, retry_after=_BUSY)


def _retry_after(error: Exception) -> float:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", _BUSY)))
    except ValueError:  # a date, which no provider was seen to send
        return _BUSY
