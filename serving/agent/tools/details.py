"""The details of an action as a visitor gives them: checked field by field, and what a model may fill in for one.

What a model says of a visitor counts only where the visitor has said it too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.codec import storable
from core.errors import InvalidInputError
from core.records import FormField
from core.words import words
from serving.agent.links import Links

_NOT_IN_MAIL = r"\s@<>\"'(),:;\\\[\]，；：、。（）“”„«»"
MAIL = re.compile(rf"[^{_NOT_IN_MAIL}]{{1,64}}@(?:[\w-]{{1,63}}\.)+[^\W\d_]{{2,63}}")
PHONE = re.compile(r"(?<![\w.:/-])(?:\+|\(?0)[\d()/ -]{6,18}\d(?!\w)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_NO_LINKS = Links(())
_MARKS = re.compile(r"[\\`*_~|<>\[\]#]|(?<!\w)@")  # of Markdown, and of a mention


def filled(fields: Sequence[FormField], given: Mapping[str, str]) -> dict[str, str]:
    """What is known, and what was given in its place; InvalidInputError names the first that cannot be used."""
    known = {field.name for field in fields}
    if unknown := next((name for name in given if name not in known), None):
        raise InvalidInputError(
            f"There is no field {unknown!r}: there are {', '.join(sorted(known))}.", param=f"fields.{unknown}"
        )
    checked = {field.name: _checked(field, given.get(field.name, field.value)) for field in fields}
    return {name: value for name, value in checked.items() if value}


def with_values(fields: Sequence[FormField], known: Mapping[str, str]) -> tuple[FormField, ...]:
    """The fields with what is known, where it can be used; without links, whoever they come from."""
    return tuple(replace(field, value=_usable(field, known.get(field.name, field.value))) for field in fields)


def is_complete(fields: Sequence[FormField]) -> bool:
    """Whether nothing is missing any more."""
    return all(field.value for field in fields if field.required)


def in_own_words(known: Mapping[str, str], said: Sequence[str]) -> dict[str, str]:
    """Without the name and the address that the visitor did not write."""
    text = " ".join(said).casefold()
    spoken = set(words(text))
    kept = dict(known)
    if kept.get("email", "").strip().casefold() not in text:
        kept.pop("email")
    if not spoken.issuperset(words(kept.get("name", ""))):
        kept.pop("name")
    return kept


def _checked(field: FormField, said: str) -> str:
    value = _plain(said, lines=field.type == "long")
    if field.type == "text" and len(value) <= field.longest:
        value = _name(value)
    if not value:
        if field.required:
            raise InvalidInputError(f"{field.label} is missing.", param=f"fields.{field.name}")
        return ""
    if len(value) > field.longest:
        raise InvalidInputError(
            f"{field.label} is too long: {field.longest:,} characters at most.", param=f"fields.{field.name}"
        )
    if field.type == "email" and not MAIL.fullmatch(value):
        raise InvalidInputError(
            f"{field.label}: that is no address, write one like name@example.com.", param=f"fields.{field.name}"
        )
    if field.type == "choice" and value not in dict(field.choices):
        raise InvalidInputError(f"{field.label}: choose one of those on offer.", param=f"fields.{field.name}")
    return value


def _usable(field: FormField, value: str) -> str:
    cleaned = value if field.type in {"choice", "email"} else _NO_LINKS.cleaned(value)[0]
    try:
        return _checked(field, cleaned[: field.longest]) if cleaned.strip() else ""
    except InvalidInputError:
        return ""


def _name(text: str) -> str:
    """One line that stands in other people's calendars and mails: without links, mentions and marks."""
    return " ".join(_MARKS.sub("", _NO_LINKS.cleaned(text)[0]).split())


def _plain(text: str, *, lines: bool) -> str:
    kept = _CONTROL.sub("", storable(text).replace("\r\n", "\n"))
    return kept.strip() if lines else " ".join(kept.split())
