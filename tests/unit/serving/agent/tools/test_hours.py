"""When meetings may be: as people write it, on the clock on the wall, also on days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.errors import ConfigurationError
from serving.agent.tools.hours import read_hours

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def starts(hours: str, day: str, minutes: int = 30) -> list[str]:
    found = read_hours(hours, BERLIN).starts(at(day), at(day) + timedelta(hours=26), minutes, [])
    return [f"{local:%H:%M}" for start in found if (local := start.astimezone(BERLIN)).date().isoformat() == day]


def test_hours_are_those_of_the_days_that_are_named() -> None:
    hours = "Mon-Fri 09:00-10:00, Sat 10:00-11:00"
    assert starts(hours, "2026-11-23") == ["09:00", "09:30"]
    assert starts(hours, "2026-11-28") == ["10:00", "10:30"]
    assert starts(hours, "2026-11-29") == []
    assert starts("Sat-Mon 09:00-10:00", "2026-11-29", 60) == ["09:00"]
    assert starts("mon 09:00-12:00, Mon 13:00-14:00", "2026-11-23", 60) == ["09:00", "10:00", "11:00", "13:00"]


def test_a_meeting_ends_before_closing() -> None:
    assert starts("Mon 09:00-10:15", "2026-11-23", 45) == ["09:00"]
    assert starts("Mon 22:30-24:00", "2026-11-23", 45) == ["22:30", "23:15"]


def test_busy_times_are_left_out_whole() -> None:
    since = at("2026-11-23")
    busy = [(at("2026-11-23T09:20"), at("2026-11-23T09:40")), (at("2026-11-23T11:00"), at("2026-11-23T11:30"))]
    found = read_hours("Mon 09:00-12:00", BERLIN).starts(since, since + DAY, 30, busy)
    assert [f"{start.astimezone(BERLIN):%H:%M}" for start in found] == ["10:00", "10:30", "11:30"]


def test_the_hour_that_comes_twice_holds_twice_as_many_and_the_one_that_is_missing_none() -> None:
    assert len(starts("Sun 00:00-06:00", "2026-10-25")) == 14
    assert len(starts("Sun 00:00-06:00", "2027-03-28")) == 10
    assert len(starts("Sun 00:00-06:00", "2026-11-01")) == 12


def test_opening_stays_at_nine_whatever_the_season() -> None:
    hours = read_hours("Mon-Sun 09:00-10:00", BERLIN)
    found = hours.starts(at("2026-10-24"), at("2026-10-27"), 60, [])
    assert [start.hour for start in found] == [7, 8, 8]  # in UTC


def test_a_zone_with_half_hours_and_a_day_that_begins_elsewhere() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    found = read_hours("Mon 09:00-10:00", kolkata).starts(at("2026-11-22"), at("2026-11-25"), 60, [])
    assert found == [datetime(2026, 11, 23, 3, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    "text", ["whenever", "Mon 9-17", "Mon 17:00-09:00", "Foo 09:00-10:00", "Mon 09:70-10:00", "Mon 09:00-25:00"]
)
def test_what_cannot_be_read_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"FRONTDESK_MEETING_HOURS=.*Mon-Fri 09:00-17:00"):
        read_hours(text, BERLIN)
