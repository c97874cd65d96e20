"""What a site may still spend today: its cap against what its turns have cost since midnight, UTC.

The day, not the month: who is flooded with questions pays for one day of it, and is back the next. Each turn of a site
that has a cap is measured against the database, so that all replicas see what any of them has spent; a turn's cost is
there before its `end` is sent. So only turns that are under way together can pass the cap.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from typing import Protocol

from core.records import Ruling, Site, now
from serving.agent import Economy, Writer

logger = logging.getLogger(__name__)

GUARD = "budget"


class Spending(Protocol):
    """The part of the database that knows what turns have cost; synchronous."""

    def spent(self, site: str, since: datetime) -> float:
        """US dollars."""


class Known(Protocol):
    """Sites as they are now."""

    async def get(self, site: str) -> Site:
        """The site, or NotFoundError."""


class Budget:
    """Says who answers instead once a site has spent its cap."""

    def __init__(
        self,
        sites: Known,
        turns: Spending,
        threads: Executor,
        quoting: Writer,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._sites = sites
        self._turns = turns
        self._threads = threads
        self._quoting = quoting
        self._clock = clock
        self._said: set[tuple[str, datetime]] = set()

    async def __call__(self, site: str) -> Economy | None:
        """The writer that costs nothing, with the reason; None while there is something left, or no cap."""
        cap = (await self._sites.get(site)).cap
        if cap is None:
            return None
        today = midnight(self._clock())
        spent = await asyncio.get_running_loop().run_in_executor(self._threads, self._turns.spent, site, today)
        if spent < cap:
            return None
        reason = (
            f"Of its ${cap:,.2f} for {today:%Y-%m-%d} (UTC) the site has spent ${spent:,.2f}: it quotes until then."
        )
        self._say(site, today, reason)
        return Economy(self._quoting, Ruling(GUARD, allowed=False, reason=reason, score=spent))

    def _say(self, site: str, today: datetime, reason: str) -> None:
        if (site, today) not in self._said:
            self._said = {each for each in self._said if each[1] == today} | {(site, today)}
            logger.warning("Site %s: %s", site, reason)


def midnight(moment: datetime) -> datetime:
    """When its day began."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
