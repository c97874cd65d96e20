"""Conversations as Parquet, and the DuckDB view over them."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from core.conversations import SCHEMA, Conversations
from core.conversations.relation import Tail
from core.database import Batch
from core.errors import IntegrityError, StorageError
from core.records import Feedback, Turn, TurnStatus
from tests.fakes.records import answered, question

DAY = datetime(2026, 11, 21, 12, tzinfo=UTC)


def turn(text: str = "q", at: datetime = DAY, **fields: object) -> Turn:
    return answered(question(text, created_at=at), **fields)


def test_the_view_is_empty_with_the_right_columns_before_the_first_export(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path / "none yet"))
    empty = conversations.relation()
    assert empty.fetchall() == []
    conversations.write(Batch("b", (turn(),)))
    full = conversations.relation()
    assert (empty.columns, empty.types) == (full.columns, full.types)
    assert full.columns == [*SCHEMA.names, "date", "rating", "comment"]


def test_everything_that_explains_a_turn_is_in_its_row(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path))
    written = turn(error="why")
    conversations.write(Batch("b", (written,)))
    relation = conversations.relation()
    row = dict(zip(relation.columns, relation.fetchall()[0], strict=True))
    expected = asdict(written)
    del expected["feedback"]  # in files of its own
    session = expected.pop("session")
    expected |= {"turn_id": expected.pop("id"), "session_id": session["id"], "date": DAY.date()}
    expected |= {"rating": None, "comment": None}
    expected |= {"site": session["site"], "person": session["person"], "status": "done"}
    expected |= {name: list(expected[name]) for name in ("citations", "passages", "rulings")}
    assert row == expected


def test_a_turn_without_an_answer_is_kept_too(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path))
    conversations.write(Batch("b", (question(status=TurnStatus.ABORTED),)))
    kept = conversations.relation().select("status", "answer", "passages", "timings", "ended_at").fetchall()
    assert kept == [("aborted", "", [], {}, None)]


def test_a_batch_is_partitioned_by_the_utc_date_of_its_turns(tmp_path: Path) -> None:
    late = datetime(2026, 1, 2, 1, 30, tzinfo=timezone(timedelta(hours=2)))  # still the first of January in UTC
    conversations = Conversations(str(tmp_path))
    written = conversations.write(Batch("b", (turn("late", late), turn("noon"), turn("again", late))))
    assert written == ["date=2026-01-01/b.parquet", "date=2026-11-21/b.parquet"]
    dates = conversations.relation().select("question", "date").fetchall()
    assert sorted(dates) == [("again", date(2026, 1, 1)), ("late", date(2026, 1, 1)), ("noon", date(2026, 11, 21))]


def test_the_view_counts_days_in_utc_wherever_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    conversations = Conversations(str(tmp_path))
    conversations.write(Batch("b", (turn(at=datetime(2026, 1, 2, 23, tzinfo=UTC)),)))
    assert conversations.relation().filter("created_at::date = date").count("*").fetchall() == [(1,)]


def test_the_files_have_the_published_types_and_no_more(tmp_path: Path) -> None:
    [name] = Conversations(str(tmp_path)).write(Batch("b", (question(created_at=DAY),)))
    assert pq.read_schema(tmp_path / name).equals(SCHEMA)


def test_files_from_before_a_column_was_added_are_read_all_the_same(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path))
    [old] = conversations.write(Batch("old", (turn("old"),)))
    pq.write_table(pq.read_table(tmp_path / old, partitioning=None).drop_columns(["rulings"]), tmp_path / old)
    conversations.write(Batch("new", (turn("new"),)))
    told = conversations.relation().select("question", "rulings").order("question").fetchall()
    assert [(question, rulings is None) for question, rulings in told] == [("new", False), ("old", True)]


def test_writing_a_batch_again_is_the_same_file(tmp_path: Path) -> None:
    batch = Batch("b", (turn("1"), turn("2")))
    conversations = Conversations(str(tmp_path))
    [name] = conversations.write(batch)
    first = (tmp_path / name).read_bytes()
    assert conversations.write(batch) == [name]
    assert (tmp_path / name).read_bytes() == first
    assert len(conversations.relation()) == 2


def test_the_view_lies_on_the_given_connection_and_is_of_its_moment(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path))
    conversations.write(Batch("a", (turn(), turn(timings={"retrieve": 20.0}))))
    with duckdb.connect() as connection:
        conversations.relation(connection)
        conversations.write(Batch("b", (turn(),)))
        asked = (
            "SELECT count(*), max(timings['retrieve']), max(usage.input_tokens) FROM turns WHERE date = '2026-11-21'"
        )
        assert connection.sql(asked).fetchall() == [(2, 20.0, 7)]
        assert len(conversations.relation(connection)) == 3


def test_readers_never_meet_hidden_files(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path))
    [name] = conversations.write(Batch("a", (turn(),)))
    (tmp_path / name).with_name(".b.parquet.tmp").write_bytes(b"torn")
    assert len(conversations.relation()) == 1


def test_a_folder_that_is_no_date_is_not_read(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path))
    [name] = conversations.write(Batch("a", (turn(),)))
    for folder in ("date=latest", "backup/date=2026-11-21"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.parquet").write_bytes((tmp_path / name).read_bytes())
    relation = conversations.relation()
    assert relation.select("date").fetchall() == [(DAY.date(),)]


@pytest.mark.parametrize("data", [b"", b"junk", b"PAR1" + bytes(40) + b"PAR1"])
def test_a_file_that_is_no_parquet_is_named(tmp_path: Path, data: bytes) -> None:
    conversations = Conversations(str(tmp_path))
    [name] = conversations.write(Batch("a", (turn(),)))
    torn = (tmp_path / name).with_name("torn.parquet")
    torn.write_bytes(data)
    with pytest.raises(StorageError, match=rf"{torn} cannot be read as Parquet: move it away"):
        conversations.relation()


def test_a_folder_with_the_letters_of_a_pattern_is_still_one_folder(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path / "a[b]*?"))
    conversations.write(Batch("a", (turn(),)))
    assert len(conversations.relation()) == 1


def test_a_file_that_reads_back_differently_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conversations = Conversations(str(tmp_path))
    whole = Path.read_bytes
    [other] = Conversations(str(tmp_path / "other")).write(Batch("a", (turn(),)))
    swapped = whole(tmp_path / "other" / other)
    monkeypatch.setattr(Path, "read_bytes", lambda _: swapped)
    with pytest.raises(IntegrityError, match="export again"):
        conversations.write(Batch("a", (turn(),)))
    assert not list((tmp_path).glob("date=*/*.parquet"))


def test_feedback_has_files_of_its_own_by_the_date_of_the_rating(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path))
    rated = turn("rated", feedback=Feedback("down", "Too long.", DAY + timedelta(days=2)))
    [name] = conversations.write_feedback(Batch("b", (rated, turn("taken along"))))
    assert name == f"feedback/date={date(2026, 11, 23)}/b.parquet"
    [row] = pq.read_table(tmp_path / name, partitioning=None).to_pylist()
    assert row == {
        "turn_id": rated.id,
        "site": rated.session.site,
        "rating": "down",
        "comment": "Too long.",
        "rated_at": DAY + timedelta(days=2),
    }
    assert conversations.relation().fetchall() == []


def test_what_is_not_exported_yet_counts_with_its_rating_and_nothing_counts_twice(tmp_path: Path) -> None:
    conversations = Conversations(str(tmp_path))
    written, waiting = turn("written"), turn("waiting")
    conversations.write(Batch("a", (written,)))
    conversations.write_feedback(Batch("f", (replace(written, feedback=Feedback("up", "", DAY)),)))
    again = replace(written, feedback=Feedback("down", "After all.", DAY + timedelta(hours=1)))
    told = conversations.relation(tail=Tail((written, waiting), (again,))).order("question")
    assert told.select("question", "rating", "comment").fetchall() == [
        ("waiting", None, None),
        ("written", "down", "After all."),
    ]
