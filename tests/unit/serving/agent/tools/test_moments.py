"""A day and a time as people write them; what may mean two is not read."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from serving.agent.tools.moments import moment_in

MONDAY = datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("Europe/Berlin"))
TUESDAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("tomorrow at 10", time(10)),
        ("Tuesday at eleven", time(11)),
        ("on Tuesdays 11", time(11)),
        ("Tue 24 Nov 2026, 11:00 CET", time(11)),
        ("the 24th at 3pm", time(15)),
        ("Nov 24, 11.30 a.m.", time(11, 30)),
        ("2026-11-24T11:00", time(11)),
        ("Di 24.11. um 15 Uhr", time(15)),
        ("morgen um 9", time(9)),
        ("24. November um elf", time(11)),
        ("mañana a las 10", time(10)),
        ("demain à 10h30", time(10, 30)),
        ("tomorrow at noon", time(12)),
        ("tomorrow at 2", time(14)),
        ("tomorrow at 02:00", time(2)),
        ("tomorrow at 12 am", time(0)),
    ],
)
def test_a_day_and_a_time_are_read(text: str, at: time) -> None:
    moment = moment_in(text, MONDAY)
    assert (moment.day, moment.time) == (TUESDAY, at)
    assert not any(sign.isdigit() for sign in moment.rest)


@pytest.mark.parametrize(
    "text",
    [
        "next Tuesday at 10",
        "Tuesday or Wednesday at 10",
        "tomorrow after 3",
        "tomorrow at 11:00 EST",
        "Monday",  # today, or in a week
        "31 November",
        "at once",
        "order 4411 came in 3 boxes in May",
        "we are 2 people, +49 170 1234567",
        "May I come",
        "so 11 is fine",
        "tomorrow at 10 doesn't work for me",
        "I can’t tomorrow at 10",
        "I cannot come on Tuesday",
    ],
)
def test_what_may_mean_several_or_none_is_not_read(text: str) -> None:
    moment = moment_in(text, MONDAY)
    assert (moment.day, moment.time) == (None, None)


@pytest.mark.parametrize("text", ["tomorrow from 10 to 11", "tomorrow 10-11", "tomorrow at 25", "tomorrow"])
def test_a_day_is_read_without_a_time(text: str) -> None:
    moment = moment_in(text, MONDAY)
    assert (moment.day, moment.time) == (TUESDAY, None)


def test_a_day_that_is_over_is_meant_for_the_year_to_come() -> None:
    assert moment_in("3 January", MONDAY).day == date(2027, 1, 3)
    assert moment_in("on the 2nd", MONDAY).day == date(2026, 12, 2)
    assert moment_in("3 January 2026", MONDAY).day == date(2026, 1, 3)
