"""The worker feeds memory: each ended turn once in effect, whatever dies in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.database import Database
from core.embedder import Encoder
from core.knowledge import Memories
from core.records import Turn, TurnStatus
from pipelines.remember import Remembering
from pipelines.worker import remember_job, worker_log
from tests.fakes.encoders import Letters
from tests.fakes.records import SESSION, answered, question

LETTERS = Letters()


@pytest.fixture(autouse=True)
def demo(database: Database) -> None:
    database.sites.ensure("demo")


@pytest.fixture
def memories(tmp_path: Path) -> Memories:
    return Memories(str(tmp_path / "memories"), LETTERS.name, fresh=0)


def feed(database: Database, memories: Memories, encoder: Callable[[], Encoder] = lambda: LETTERS) -> Remembering:
    return Remembering(database, memories, encoder)


def end(database: Database, text: str, **fields: object) -> Turn:
    turn = answered(database.turns.open(question(text)), **fields)
    assert database.turns.close(turn)
    return turn


def found(memories: Memories, text: str) -> list[str]:
    return [m.question for m in memories.search(SESSION, LETTERS.encode([text])[0], floor=0.99, limit=9)]


def test_an_ended_turn_is_found_by_what_was_asked(database: Database, memories: Memories) -> None:
    for text in ("Where is the Merlin grinder?", "zzz"):
        end(database, text)
    assert feed(database, memories).batch() == 2
    assert found(memories, "Where is the Merlin grinder?") == ["Where is the Merlin grinder?"]


def test_only_what_was_answered_and_is_about_something_is_remembered(database: Database, memories: Memories) -> None:
    end(database, "aborted question", status=TurnStatus.ABORTED)
    end(database, "refused question", model="")
    end(database, "is it?")
    remembering = feed(database, memories, lambda: pytest.fail("nothing is worth opening the encoder"))
    assert remembering.batch() == 3
    assert remembering.batch() == 0
    assert memories.rows() == 0


def test_a_worker_that_died_before_it_marked_its_turns_doubles_nothing(database: Database, memories: Memories) -> None:
    turn = end(database, "Where is the grinder?")
    memories.add([turn], LETTERS.encode([turn.question]))
    assert feed(database, memories).batch() == 1
    assert memories.rows() == 1
    assert feed(database, memories).batch() == 0


def test_a_turn_whose_encoding_failed_waits_for_the_next_round(database: Database, memories: Memories) -> None:
    end(database, "Where is the grinder?")

    def broken() -> Encoder:
        raise OSError("no model")

    with pytest.raises(OSError, match="no model"):
        feed(database, memories, broken).batch()
    assert feed(database, memories).batch() == 1
    assert memories.rows() == 1


def test_what_was_erased_while_it_was_embedded_is_not_remembered(database: Database, memories: Memories) -> None:
    turn = end(database, "Where is the grinder?")

    class Erasing(Letters):
        """An encoder that is slower than an erasure."""

        def encode(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
            database.outbox.mark_remembered = lambda ids: set()  # type: ignore[method-assign]
            return LETTERS.encode([turn.question])

    feed(database, memories, Erasing).batch()  # type: ignore[arg-type]
    assert memories.rows() == 0


def test_a_round_takes_everything_batch_by_batch(
    database: Database, memories: Memories, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    for n in range(5):
        end(database, f"question about {n}")
    monkeypatch.setattr("pipelines.remember._BATCH", 2)
    remember_job(feed(database, memories), worker_log("CRITICAL"))(Event())
    assert memories.rows() == 5
    assert database.outbox.unremembered(1) == []
