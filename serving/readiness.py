"""Readiness: asks each dependency at once and says what it answers. Knows none of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from core.errors import FrontdeskError

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[object]]


async def ask_all(checks: Mapping[str, Check], seconds: float = 5.0) -> dict[str, str]:
    """By name "ok", or a sentence about what is wrong."""
    answers = await asyncio.gather(*(_ask(name, check, seconds) for name, check in checks.items()))
    return dict(zip(checks, answers, strict=True))


async def _ask(name: str, check: Check, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            await check()
    except TimeoutError:
        return f"No answer within {seconds:g} seconds."
    except FrontdeskError as error:
        return error.message
    except Exception:  # a probe reports whatever is wrong; the details are for the log
        logger.exception("the readiness check of %s failed", name)
        return "It failed; the log says how."
    return "ok"
