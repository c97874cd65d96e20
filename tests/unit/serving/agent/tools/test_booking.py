"""The tool that books: which times it offers, and that it looks once more before it books one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.errors import TakenError, ToolError
from core.records import FormField
from serving.agent.tools.booking import BookingTool
from tests.fakes.tools import NotingCalendar

NOW = datetime(2026, 10, 23, 8, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ANN = {"name": "Ann", "email": "ann@mail.example"}


def tool(*times: datetime, at: datetime = NOW) -> tuple[BookingTool, NotingCalendar]:
    calendar = NotingCalendar(list(times))
    return BookingTool(calendar, BERLIN, lambda: at), calendar


def hours(*after: float) -> list[datetime]:
    return [NOW + timedelta(hours=n) for n in after]


async def times(booking: BookingTool, **known: str) -> FormField:
    [field] = [field for field in await booking.fields(known) if field.name == "start"]
    return field


async def test_times_are_offered_with_some_notice_and_a_few_of_each_day() -> None:
    many = [time for day in range(6) for time in hours(*(24 * day + n / 2 for n in range(16)))]
    offered = (await times(tool(*many)[0])).choices
    assert offered[0] == ("2026-10-23T10:00Z", "Fri 23 Oct 2026, 12:00 CEST")
    assert len(offered) == 24
    assert len([label for _, label in offered if label.startswith("Fri 23")]) == 6


async def test_the_hour_that_comes_twice_is_told_apart() -> None:
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    labels = [label for _, label in (await times(tool(*twice)[0])).choices]
    assert labels == ["Sun 25 Oct 2026, 02:30 CEST", "Sun 25 Oct 2026, 02:30 CET"]


async def test_a_full_week_leads_to_the_next_and_two_to_a_sentence() -> None:
    assert [value for value, _ in (await times(tool(*hours(24 * 9))[0])).choices] == ["2026-11-01T08:00Z"]
    with pytest.raises(ToolError, match="no free time within the next two weeks"):
        await tool(*hours(24 * 20))[0].fields({})


async def test_where_nothing_is_free_after_the_day_that_is_named_the_next_times_are_offered() -> None:
    booking, _ = tool(*hours(24))
    assert [value for value, _ in (await times(booking, day="2026-11-20")).choices] == ["2026-10-24T08:00Z"]


async def test_a_wish_is_met_where_it_is_free_and_its_day_is_offered() -> None:
    booking, _ = tool(*hours(3, 4, 50))
    assert (await times(booking, start="2026-10-23T14:00")).value == "2026-10-23T12:00Z"
    assert (await times(booking, start="2026-10-23T12:00Z")).value == "2026-10-23T12:00Z"
    assert (await times(booking, start="2026-10-23T12:15Z")).value == ""
    assert [value for value, _ in (await times(booking, day="2026-10-25")).choices] == ["2026-10-25T10:00Z"]
    for nonsense in ("tomorrow", "9999-12-31T23:59", "2026-13-01"):
        assert (await times(booking, start=nonsense, day=nonsense)).value == ""


async def test_a_meeting_is_booked_if_it_is_still_free() -> None:
    booking, calendar = tool(*hours(3))
    details = {**ANN, "start": "2026-10-23T11:00Z"}
    told = "Your meeting on Fri 23 Oct 2026, 13:00 CEST is booked. An invitation is on its way to you by e-mail."
    assert await booking.run("key", details) == told
    with pytest.raises(TakenError):
        await booking.run("another", details)
    assert list(calendar.booked) == ["key"]
    assert await booking.settle("key", details) == told
    assert await booking.settle("another", details) is None


async def test_a_time_that_has_passed_is_not_booked() -> None:
    booking, calendar = tool(*hours(3), at=NOW + timedelta(hours=4))
    with pytest.raises(TakenError):
        await booking.run("key", {**ANN, "start": "2026-10-23T11:00Z"})
    assert calendar.booked == {}
