"""What visitors say of an answer, from the database to Parquet; on SQLite and PostgreSQL alike."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.conversations import Conversations
from core.database import Database
from core.errors import ConflictError, NotFoundError
from core.records import Feedback, Turn
from pipelines.export import export_once
from tests.fakes.records import answered, question


@pytest.fixture(autouse=True)
def demo(database: Database) -> None:
    database.sites.ensure("demo")
    database.sites.ensure("other")


def ended(database: Database, text: str = "q") -> Turn:
    turn = answered(database.turns.open(question(text)))
    assert database.turns.close(turn)
    return turn


def exported(database: Database, folder: Path) -> list[tuple[str, str | None, str]]:
    """Every rating that has arrived, in the order in which they were said."""
    export_once(database, Conversations(str(folder)))
    rows = [row for file in folder.glob("feedback/*/*.parquet") for row in pq.read_table(file).to_pylist()]
    rows.sort(key=lambda row: row["rated_at"])
    return [(row["turn_id"], row["rating"], row["comment"]) for row in rows]


def test_a_rating_is_part_of_the_turn(database: Database) -> None:
    turn = ended(database)
    said = Feedback("down", "Wrong year.")
    assert database.turns.rate(turn.id, said, site="demo").feedback == said
    assert database.turns.get(turn.id).feedback == said
    assert database.turns.get(turn.id).answer == turn.answer


def test_only_an_ended_turn_of_the_same_site_and_session_is_rated(database: Database) -> None:
    turn, running = ended(database), database.turns.open(question("running"))
    with pytest.raises(ConflictError, match="still being answered"):
        database.turns.rate(running.id, Feedback("up"), site="demo")
    for refused in ({"site": "other"}, {"site": "demo", "session": "another"}):
        with pytest.raises(NotFoundError):
            database.turns.rate(turn.id, Feedback("up"), **refused)
    with pytest.raises(NotFoundError):
        database.turns.rate("unknown", Feedback("up"), site="demo")
    assert database.turns.get(turn.id).feedback is None
    assert database.ratings.claim(9) is None
    database.turns.rate(turn.id, Feedback("up"), site="demo", session=turn.session.id)


def test_each_rating_reaches_parquet_the_last_one_last(database: Database, tmp_path: Path) -> None:
    turn, other = ended(database, "1"), ended(database, "2")
    database.turns.rate(turn.id, Feedback("up"), site="demo")
    database.turns.rate(other.id, Feedback("up", "Thanks"), site="demo")
    assert exported(database, tmp_path) == [(turn.id, "up", ""), (other.id, "up", "Thanks")]
    database.turns.rate(turn.id, Feedback("down", "No."), site="demo")
    database.turns.rate(turn.id, Feedback(None, "No."), site="demo")
    assert exported(database, tmp_path)[2:] == [(turn.id, None, "No.")]


def test_a_batch_that_was_written_before_a_crash_is_written_over(database: Database, tmp_path: Path) -> None:
    turn = ended(database)
    database.turns.rate(turn.id, Feedback("up"), site="demo")
    claimed = database.ratings.claim(9)
    assert claimed is not None
    Conversations(str(tmp_path)).write_feedback(claimed)  # and the exporter dies here
    assert exported(database, tmp_path) == [(turn.id, "up", "")]
    assert database.ratings.claim(9) is None
