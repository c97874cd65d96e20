"""Turn <-> JSON: the one form in which a turn is stored, exported and replayed. Knows no store.

Plain data that any JSON library takes: instants in UTC as ISO 8601, numbers that JSON lacks (nan, infinities) as
words, and no character that PostgreSQL or Arrow would refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from pydantic import TypeAdapter

from core.records import Turn

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of surrogate pairs that a model may send
_TURN = TypeAdapter(Turn)


def to_json(turn: Turn) -> dict[str, Any]:
    """The turn as plain data; `from_json` gives back an equal turn."""
    return {field.name: plain(getattr(turn, field.name)) for field in fields(turn)}


def from_json(data: Mapping[str, Any]) -> Turn:
    """The turn that `to_json` wrote; instants may also come as `datetime`. Fields it does not know are ignored."""
    return _TURN.validate_python(dict(data))


def plain(value: Any) -> Any:
    """Records, mappings, sequences, sets and instants as what JSON has."""
    match value:
        case str():
            return storable(value)
        case float() if not isfinite(value):
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case Mapping():
            return {storable(str(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case set() | frozenset():
            return sorted((plain(item) for item in value), key=str)
        case _ if is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value


def storable(text: str) -> str:
    """The text with every character that a store refuses replaced by U+FFFD."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
