"""A day and a time of day as visitors write them: `tomorrow at 10`, `Di 24.11. um 15 Uhr`. Words: `moments.toml`.

Careful rather than clever: what may mean two days or two times, such as `5/12`, `next Tuesday`, `after 3` or an hour of
another zone, is not read. Knows no calendar.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

T = TypeVar("T", date, time)
Read = Callable[[re.Match[str]], T | None]

_WEEK, _YEAR = 7, 12
_AFTERNOON = range(1, 7)  # hours that are meant so where nothing says which half of the day
_AT = r"(?:\b(?:at|um|gegen|a las?|à)\s+|@\s*)"
_HALF = r"\s*(?P<half>[ap])\.?m\b\.?"
_MINUTES = r"(?P<minute>[0-5]\d)"
_HOUR = r"(?<![\w.:/+-])(?P<hour>\d{1,2})"
_CLOCK = rf"(?:{_HALF}|\s*(?:uhr|o['’]?clock|h|heures?|horas?)\b)"
_TIMES = (
    rf"{_AT}?{_HOUR}[:h]{_MINUTES}(?!\d)(?:{_CLOCK})?",
    rf"{_AT}?{_HOUR}(?:\.{_MINUTES})?{_CLOCK}",
    rf"{_AT}{_HOUR}(?:\.{_MINUTES})?(?![\w:/-]|\.\d)",
)
_DENIED = re.compile(r"\b(?:cannot|\w+n['’`]t)\b", re.IGNORECASE)
_BARE = re.compile(rf"{_HOUR}(?![\w:/-]|\.\d)")


@dataclass(frozen=True, slots=True)
class Moment:
    """The one day and the one time of day that a text names, and what is left of it."""

    day: date | None
    time: time | None
    rest: str
    dayless: bool = False  # whether no day is named at all, not even one that is not read


def moment_in(text: str, now: datetime) -> Moment:
    """What the text names, as of `now` and in its zone."""
    own = {now.replace(month=month, day=1).tzname() for month in range(1, _YEAR + 1)}
    vague = _pattern(r"\b{vague}\b").search(text) or _DENIED.search(text)
    if vague or not own.issuperset(_zones().findall(text)):
        return Moment(None, None, text)
    days, rest = _taken(_zones().sub(" ", text), _days(), lambda found: _day(found, now.date()))
    times, rest = _taken(rest, _times(), _time)
    if days and not times:
        times, rest = _taken(rest, [_BARE], _time)
    dayless = not days and not any(each.search(rest) for each in _days())
    return Moment(_only(days), _only(times), rest, dayless)


@cache
def words_of_time() -> frozenset[str]:
    """All words that speak of days and times."""
    tables = [table if isinstance(table, dict) else {"": table} for table in _book().values()]
    return frozenset(re.findall(r"\w+", " ".join(words for table in tables for words in table.values()).casefold()))


def _taken(text: str, patterns: Iterable[re.Pattern[str]], read: Read[T]) -> tuple[set[T], str]:
    """What the patterns find, each in what those before it have left, and what is left."""
    values: set[T] = set()

    def out(found: re.Match[str]) -> str:
        value = read(found)
        if value is None:
            return found[0]
        values.add(value)
        return " "

    for pattern in patterns:
        text = pattern.sub(out, text)
    return values, text


def _only(values: set[T]) -> T | None:
    return next(iter(values)) if len(values) == 1 else None


def _day(found: re.Match[str], today: date) -> date | None:
    told = found.groupdict()
    if near := told.get("near"):
        return today + timedelta(days=_number(near, "days"))
    if weekday := told.get("weekday") or told.get("short"):
        ahead = (_number(weekday, "weekdays", "short") - today.weekday()) % _WEEK
        return today + timedelta(days=ahead) if ahead else None  # today, or in a week
    month = _number(told["named"], "months") if told.get("named") else int(told.get("month") or 0)
    return _date(today, int(told["year"] or 0), month, int(told["day"]))


def _date(today: date, year: int, month: int, day: int) -> date | None:
    """The day; without a year, or a month, the first one that is not over."""
    months = [(today.year + n // _YEAR, n % _YEAR + 1) for n in range(today.month - 1, today.month + _YEAR)]
    for each_year, each_month in [(year, month)] if year and month else months:
        if month in {0, each_month}:
            try:
                read = date(each_year, each_month, day)
            except ValueError:
                continue
            if year or read >= today:
                return read
    return None


def _time(found: re.Match[str]) -> time | None:
    told = found.groupdict()
    spelled = told.get("spelled")
    hour = _number(spelled, "hours") if spelled else 12 if "noon" in told else int(told["hour"])
    if half := told.get("half"):
        hour = hour % 12 + (12 if half.casefold() == "p" else 0)
    elif hour in _AFTERNOON and not (told.get("hour") or "").startswith("0"):
        hour += 12
    return time(hour, int(told.get("minute") or 0)) if hour < 24 else None


@cache
def _days() -> tuple[re.Pattern[str], ...]:
    weekday = r"(?:\b(?:{weekdays}|{short}|{prefix})\b\.?,?\s+(?:(?:the|den|el|le)\s+)?)?"
    year = r"(?P<year>20\d\d)"
    nth = r"(?P<day>[0-3]?\d)"
    return tuple(
        _pattern(each)
        for each in (
            rf"{weekday}\b{year}-(?P<month>[01]\d)-{nth}(?!\d)(?:T(?=\d))?",
            rf"{weekday}\b{nth}(?:st|nd|rd|th|\.)?\s*(?:of\s+|de\s+)?\b(?P<named>{{months}})\b\.?,?(?:\s+(?:de\s+)?{year})?",
            rf"{weekday}\b(?P<named>{{months}})\b\.?\s+{nth}(?:st|nd|rd|th)?\b(?!:)(?:,?\s+{year})?",
            rf"{weekday}\b{nth}\.\s?(?P<month>[01]?\d)\.\s?{year}?",
            rf"{weekday}\b(?:the\s+)?{nth}(?:st|nd|rd|th)\b(?P<year>)",
            r"(?<!guten )(?<!la )\b(?P<near>{days})\b",
            r"\b(?P<weekday>{weekdays})s?\b",
            r"\b(?P<short>{short})\b\.?,?(?=\s+(?:at\s+|um\s+)?\d)",
        )
    )


@cache
def _times() -> tuple[re.Pattern[str], ...]:
    spelled = rf"{_AT}(?P<spelled>{{hours}})\b(?:{_CLOCK})?"
    return (
        *(re.compile(each, re.IGNORECASE) for each in _TIMES),
        _pattern(spelled),
        _pattern(rf"{_AT}?\b(?P<noon>{{noon}})\b"),
    )


@cache
def _zones() -> re.Pattern[str]:
    """Behind a number, in capitals."""
    return re.compile(rf"(?<=\d)\s?\b({'|'.join(_phrases('zones'))})\b")


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """The template with the book's words in place of their names."""
    told = {name: f"(?:{'|'.join(sorted(map(re.escape, _phrases(name)), key=len, reverse=True))})" for name in _book()}
    return re.compile(re.sub(r"\{(\w+)\}", lambda name: told.get(name[1], name[0]), template), re.IGNORECASE)


def _number(word: str, *tables: str) -> int:
    """What a word of these tables stands for."""
    said = word.casefold()
    return next(int(n) for table in tables for n, words in _book()[table].items() if said in _split(words))


def _phrases(name: str) -> list[str]:
    table = _book()[name]
    return _split(table) if isinstance(table, str) else [each for words in table.values() for each in _split(words)]


def _split(words: str) -> list[str]:
    return [word.strip() for word in re.split(r"[|\n]", words) if word.strip()]


@cache
def _book() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("moments.toml").read_text(encoding="utf-8"))
