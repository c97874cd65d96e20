"""When meetings may be: opening hours as people write them, and the times that fit into them, in any time zone.

    Mon-Fri 09:00-17:00, Sat 10:00-14:00

Hours are those of the clock on the wall; how long a meeting takes is not, so a day on which clocks change holds more
of them, or fewer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.errors import ConfigurationError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"([a-z]{3})(?:\s*-\s*([a-z]{3}))?\s+(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)", re.IGNORECASE)
_DAY = timedelta(days=1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours of a week: for each weekday, from Monday, its parts in minutes since midnight."""

    zone: ZoneInfo
    week: tuple[tuple[tuple[int, int], ...], ...]

    def open(self, since: datetime, until: datetime) -> Iterator[Span]:
        """The open spans between two moments, in UTC."""
        day = since.astimezone(self.zone).date()
        while day <= until.astimezone(self.zone).date():
            for first, last in self.week[day.weekday()]:
                yield self._at(day, first), self._at(day, last)
            day += _DAY

    def starts(self, since: datetime, until: datetime, minutes: int, busy: Sequence[Span]) -> list[datetime]:
        """When a meeting of so many minutes may begin and end within open hours, beside all that is busy."""
        length = timedelta(minutes=minutes)
        found = []
        for opens, closes in self.open(since, until):
            start = opens
            while start + length <= closes:
                overlaps = any(start < end and begin < start + length for begin, end in busy)
                if since <= start < until and not overlaps:
                    found.append(start)
                start += length
        return found

    def _at(self, day: date, minutes: int) -> datetime:
        midnight = datetime.combine(day + _DAY * (minutes // 1440), time(), self.zone)
        return midnight.replace(hour=minutes % 1440 // 60, minute=minutes % 60).astimezone(UTC)


def read_hours(text: str, zone: ZoneInfo) -> Hours:
    """The hours that are written; ConfigurationError where they cannot be read."""
    week: list[list[tuple[int, int]]] = [[] for _ in _DAYS]
    for part in filter(None, map(str.strip, text.split(","))):
        days, span = _read(part, text)
        for day in days:
            week[day].append(span)
    return Hours(zone, tuple(tuple(sorted(day)) for day in week))


def _read(part: str, text: str) -> tuple[list[int], tuple[int, int]]:
    found = _PART.fullmatch(part)
    names = [name.lower() for name in (found[1], found[2] or found[1])] if found else []
    if not found or not set(names) <= set(_DAYS):
        raise _unreadable(text, part)
    first, last = map(_DAYS.index, names)
    opens, closes = 60 * int(found[3]) + int(found[4]), 60 * int(found[5]) + int(found[6])
    if not (opens < closes <= 1440 and int(found[4]) < 60 and int(found[6]) < 60):
        raise _unreadable(text, part)
    return [(first + n) % 7 for n in range((last - first) % 7 + 1)], (opens, closes)


def _unreadable(text: str, part: str) -> ConfigurationError:
    return ConfigurationError(
        f"FRONTDESK_MEETING_HOURS={text!r} cannot be read at {part!r}: write it like "
        "Mon-Fri 09:00-17:00, Sat 10:00-14:00."
    )
