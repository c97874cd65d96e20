"""The tool that books a meeting in a calendar. Knows no calendar's service, only when meetings may begin."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice
from zoneinfo import ZoneInfo

from core.errors import TakenError, ToolError
from core.records import ActionKind, FormField, now
from core.words import words
from serving.agent.tools.details import PHONE, with_values
from serving.agent.tools.moments import moment_in, words_of_time
from serving.agent.tools.tool import Booking, Calendar, Details

NAME = "book_meeting"
DAY = "day"  # a wish that may come with the details: the local date that times are offered from

_NOTICE = timedelta(hours=2)  # before a meeting
_WEEK = timedelta(days=7)  # the most that a calendar is asked for at once
_WEEKS = 2
_FAR = timedelta(days=90)  # a day that is further away is not meant
_A_DAY, _IN_ALL = 6, 24  # times on offer
_NUMBER = re.compile(r"\d")
_TAKEN = "That time has just been taken. Please choose another one."
_NONE = "There is no free time within the next two weeks."


class BookingTool:
    """Books meetings in one calendar; times are told in `zone`."""

    name = NAME
    form: ActionKind = "form"
    invitation = "Book a meeting"
    settles = True

    def __init__(self, calendar: Calendar, zone: ZoneInfo, clock: Callable[[], datetime] = now) -> None:
        self._calendar = calendar
        self._zone = zone
        self._clock = clock

    async def fields(self, known: Details) -> tuple[FormField, ...]:
        """The free times, and who comes; a time that is wished for is there if it is free."""
        wished = self._instant(known.get("start", ""))
        times = await self._free(wished.astimezone(self._zone).date() if wished else _date(known.get(DAY, "")))
        choices = tuple((_value(start), self.told(start)) for start in _spread(times, self._zone, wished))
        asked = (
            FormField("start", "Time", "choice", choices=choices),
            FormField("name", "Your name", "text", longest=100),
            FormField("email", "Your e-mail address", "email", longest=254),
        )
        return with_values(asked, {**known, "start": _value(wished) if wished else ""})

    def hears(self, text: str, offered: Sequence[FormField]) -> tuple[Details, str]:
        """The day and the time; a time alone where it is on offer, on one day only or on the day that is chosen."""
        said = moment_in(PHONE.sub(" ", text), self._clock().astimezone(self._zone))
        rest = " ".join(word for word in words(said.rest) if word not in words_of_time())
        if said.dayless and said.time and not _NUMBER.search(said.rest):
            return _details(self._day_of(said.time, offered), said.time), rest
        return _details(said.day, said.time), rest

    def title(self, details: Details) -> str:
        """The meeting in one line."""
        return f"Book a meeting on {self._time(details)} for {details['name']} ({details['email']})"

    async def run(self, key: str, details: Details) -> str:
        """Books it, if the time is still free."""
        booking = _booking(details)
        moment = timedelta(minutes=1)
        if booking.start <= self._clock() or booking.start not in await self._calendar.free(
            booking.start - moment, booking.start + moment
        ):
            raise TakenError(_TAKEN)
        await self._calendar.book(key, booking)
        return self._done(details)

    async def settle(self, key: str, details: Details) -> str | None:
        """Looks for it in the calendar."""
        return self._done(details) if await self._calendar.find(key, _booking(details)) else None

    def told(self, start: datetime) -> str:
        """A time as people read it; with its zone, for one hour of the year comes twice."""
        local = start.astimezone(self._zone)
        return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"

    async def _free(self, day: date | None) -> list[datetime]:
        """The free times from that local day on; from now on where none is named, or none is free for long after it."""
        earliest = begin = self._clock() + _NOTICE
        if day and day <= (earliest + _FAR).date():
            begin = max(earliest, datetime(day.year, day.month, day.day, tzinfo=self._zone))
        for since in dict.fromkeys((begin, earliest)):
            if times := await self._free_from(since.astimezone(UTC)):
                return times
        raise ToolError(_NONE)

    async def _free_from(self, begin: datetime) -> list[datetime]:
        """Those of the first week that has any."""
        for since in (begin + week * _WEEK for week in range(_WEEKS)):
            if times := [start for start in await self._calendar.free(since, since + _WEEK) if start >= since]:
                return times
        return []

    def _time(self, details: Details) -> str:
        return self.told(datetime.fromisoformat(details["start"]))

    def _day_of(self, time: time, offered: Sequence[FormField]) -> date | None:
        """The one day on which that time is on offer; the chosen day first."""
        [start] = [field for field in offered if field.type == "choice"] or [FormField("start", "", "choice")]
        local = [datetime.fromisoformat(value).astimezone(self._zone) for value, _ in start.choices]
        if chosen := self._instant(start.value):
            return chosen.astimezone(self._zone).date()
        days = {each.date() for each in local if each.time() == time}
        return days.pop() if len(days) == 1 else None

    def _done(self, details: Details) -> str:
        mail = " An invitation is on its way to you by e-mail." if self._calendar.invites else ""
        return f"Your meeting on {self._time(details)} is booked.{mail}"

    def _instant(self, text: str) -> datetime | None:
        """A moment that somebody wrote; without a zone it is meant in ours."""
        try:
            read = datetime.fromisoformat(text)
            return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=self._zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def _spread(times: Sequence[datetime], zone: ZoneInfo, wished: datetime | None) -> list[datetime]:
    """Some of each day, so that a full week can be overlooked, and the one that is wished for."""
    by_day = groupby(times, lambda start: start.astimezone(zone).date())
    some = {start for _, day in by_day for start in islice(day, _A_DAY)}
    chosen = sorted(some)[:_IN_ALL]
    return sorted({*chosen, wished}) if wished in times and wished else chosen


def _booking(details: Details) -> Booking:
    return Booking(datetime.fromisoformat(details["start"]), details["name"], details["email"])


def _value(start: datetime) -> str:
    return start.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _details(day: date | None, time: time | None) -> Details:
    if day is None:
        return {}
    return {"start": datetime.combine(day, time).isoformat()} if time else {DAY: day.isoformat(), "start": ""}


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
