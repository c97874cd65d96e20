"""What a turn and a rating are in Parquet: their columns, and the row of a record. Knows no file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from core.records import Turn

_INSTANT = pa.timestamp("us", tz="UTC")


def _struct(**fields: pa.DataType) -> pa.StructType:
    return pa.struct(list(fields.items()))


CITATION = _struct(
    n=pa.int32(), source_id=pa.string(), title=pa.string(), url=pa.string(), heading=pa.string(), quote=pa.string()
)
CHUNK = _struct(
    id=pa.string(),
    document=pa.string(),
    path=pa.string(),
    title=pa.string(),
    url=pa.string(),
    heading=pa.string(),
    position=pa.int32(),
    text=pa.string(),
    tokens=pa.int32(),
    sha256=pa.string(),
)
RULING = _struct(guard=pa.string(), allowed=pa.bool_(), reason=pa.string(), score=pa.float64())
PASSAGE = _struct(chunk=CHUNK, score=pa.float64(), dense=pa.float64(), text=pa.float64())
USAGE = _struct(input_tokens=pa.int64(), output_tokens=pa.int64())

SCHEMA = pa.schema(
    [
        pa.field("turn_id", pa.string(), nullable=False),
        pa.field("site", pa.string(), nullable=False),
        pa.field("person", pa.string(), nullable=False),
        pa.field("session_id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("declined", pa.bool_(), nullable=False),
        pa.field("citations", pa.list_(CITATION)),
        pa.field("passages", pa.list_(PASSAGE)),
        pa.field("model", pa.string()),
        pa.field("usage", USAGE),
        pa.field("cost", pa.float64()),
        pa.field("search", pa.string()),
        pa.field("rulings", pa.list_(RULING)),
        pa.field("timings", pa.map_(pa.string(), pa.float64())),
        pa.field("build", pa.string()),
        pa.field("table_version", pa.int64()),
        pa.field("error", pa.string()),
        pa.field("created_at", _INSTANT, nullable=False),
        pa.field("ended_at", _INSTANT),
    ]
)

FEEDBACK = pa.schema(
    [
        pa.field("turn_id", pa.string(), nullable=False),
        pa.field("site", pa.string(), nullable=False),
        pa.field("rating", pa.string()),
        pa.field("comment", pa.string(), nullable=False),
        pa.field("rated_at", _INSTANT, nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of row: its columns, the folder of its dates below the location, and what it has of a turn and when."""

    schema: pa.Schema
    folder: str
    instant: str
    row: Callable[[Turn], dict[str, Any]]
    at: Callable[[Turn], datetime]

    @property
    def dated(self) -> pa.Schema:
        """With the date, which is in the name of a file's folder and not in the file."""
        return pa.schema([*self.schema, pa.field("date", pa.date32())])

    def unknown(self, schema: pa.Schema) -> list[str]:
        """Columns of a file, at any depth, that this version knows nothing of."""
        return list(_outside(pa.struct(list(schema)), pa.struct(list(self.dated)), ""))

    def table(self, turns: Iterable[Turn]) -> pa.Table:
        """The rows of these turns, as a file has them."""
        return pa.Table.from_pylist([self.row(turn) for turn in turns], schema=self.schema)

    def dated_table(self, turns: Iterable[Turn]) -> pa.Table:
        """The same with their dates, for what is in no file yet."""
        rows = [self.row(turn) | {"date": date_of(self.at(turn))} for turn in turns]
        return pa.Table.from_pylist(rows, schema=self.dated)

    def holds(self, folder: str) -> bool:
        """Whether the folder is a date of this kind."""
        return folder.startswith(f"{self.folder}date=")


def _outside(found: pa.DataType, known: pa.DataType, name: str) -> Iterator[str]:
    if pa.types.is_struct(found) and pa.types.is_struct(known):
        for field in found:
            at = known.get_field_index(field.name)
            if at < 0:
                yield f"{name}{field.name}"
            else:
                yield from _outside(field.type, known.field(at).type, f"{name}{field.name}.")
    elif pa.types.is_list(found) and pa.types.is_list(known):
        yield from _outside(found.value_type, known.value_type, name)


def row(turn: Turn) -> dict[str, Any]:
    """The turn as a row of SCHEMA."""
    values = asdict(turn)
    del values["feedback"]  # it comes later, and has files of its own
    session = values.pop("session")
    values |= {"turn_id": values.pop("id"), "session_id": session["id"]}
    return values | {"site": session["site"], "person": session["person"], "status": turn.status.value}


def rating(turn: Turn) -> dict[str, Any]:
    """What was said of the turn, as a row of FEEDBACK."""
    return {"turn_id": turn.id, "site": turn.session.site} | (asdict(turn.feedback) if turn.feedback else {})


def asked_at(turn: Turn) -> datetime:
    """The instant that a turn's date is of."""
    return turn.created_at


def rated_at(turn: Turn) -> datetime:
    """The instant that a rating's date is of."""
    return turn.feedback.rated_at if turn.feedback else turn.created_at


def date_of(instant: datetime) -> date:
    """The date that a file with it is under: UTC's."""
    return instant.astimezone(UTC).date()


TURNS = Kind(SCHEMA, "", "created_at", row, asked_at)
RATINGS = Kind(FEEDBACK, "feedback/", "rated_at", rating, rated_at)
