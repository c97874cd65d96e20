"""When a site may spend no more today."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from core.records import Site
from serving.budget import Budget
from tests.fakes.models import ScriptedWriter

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUOTING = ScriptedWriter(name="quoting")


class Books:
    """A site and what was spent at each of some moments."""

    def __init__(self, cap: float | None, spent: dict[datetime, float] | None = None) -> None:
        self.site = Site("demo", cap=cap)
        self.costs = spent or {}
        self.asked = 0

    async def get(self, _site: str) -> Site:
        return self.site

    def spent(self, _site: str, since: datetime) -> float:
        self.asked += 1
        return sum(cost for moment, cost in self.costs.items() if moment >= since)


def budget(books: Books, moment: datetime = NOON) -> Budget:
    return Budget(books, books, ThreadPoolExecutor(1), QUOTING, lambda: moment)


async def test_without_a_cap_nobody_is_asked() -> None:
    books = Books(None, {NOON: 1e9})
    assert await budget(books)("demo") is None
    assert books.asked == 0


@pytest.mark.parametrize(("cap", "spent", "ends"), [(1, 0.99, False), (1, 1, True), (1, 2, True), (0, 0, True)])
async def test_a_cap_that_is_spent_leaves_quoting_with_the_reason(cap: float, spent: float, ends: bool) -> None:
    economy = await budget(Books(cap, {NOON: spent}))("demo")
    assert (economy is not None) is ends
    if economy:
        assert economy.writer is QUOTING
        assert (economy.ruling.guard, economy.ruling.allowed, economy.ruling.score) == ("budget", False, spent)
        assert f"${cap:.2f} for 2026-11-21" in economy.ruling.reason


async def test_every_turn_is_measured_anew() -> None:
    books = Books(1)
    asked = budget(books)
    assert await asked("demo") is None
    books.costs[NOON] = 1
    assert await asked("demo") is not None


async def test_the_next_day_begins_anew() -> None:
    books = Books(1, {NOON: 1})
    assert await budget(books, datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC))("demo") is not None
    assert await budget(books, datetime(2026, 11, 22, tzinfo=UTC))("demo") is None


async def test_the_operator_is_told_once_a_day(caplog: pytest.LogCaptureFixture) -> None:
    asked = budget(Books(1, {NOON: 1}))
    for _ in range(3):
        await asked("demo")
    assert caplog.text.count("Site demo: Of its $1.00") == 1
