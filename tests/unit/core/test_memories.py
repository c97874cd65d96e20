"""Memories on a real LanceDB: found by meaning, by the one who said it and nobody else, once, until erased."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.knowledge import Memories
from core.records import Session, Turn, TurnStatus
from tests.fakes.race import race

ANN = Session("demo", "ann", "s1")
VECTORS = np.eye(4, dtype=np.float32)


def turn(name: str, session: Session = ANN) -> Turn:
    return Turn(name, session, f"question {name}", status=TurnStatus.DONE, answer=f"answer {name}", model="m")


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "knowledge" / "memories")


@pytest.fixture
def memories(place: str) -> Memories:
    return Memories(place, "letters", fresh=0)


def found(memories: Memories, session: Session, vector: int = 0, limit: int = 9) -> list[str]:
    return sorted(memory.turn for memory in memories.search(session, VECTORS[vector], floor=0.7, limit=limit))


def test_where_nothing_was_remembered_nothing_is_found_and_no_folder_is_made(memories: Memories, place: str) -> None:
    assert memories.search(ANN, VECTORS[0], floor=0.7, limit=3) == []
    assert memories.rows() == 0
    assert not Path(place).exists()


def test_the_nearest_come_first_and_what_is_not_over_the_floor_does_not_come(memories: Memories) -> None:
    near = (VECTORS[0] + 0.5 * VECTORS[1]) / np.linalg.norm(VECTORS[0] + 0.5 * VECTORS[1])
    memories.add([turn("far"), turn("near"), turn("same")], np.stack([VECTORS[1], near, VECTORS[0]]))
    same, other = memories.search(ANN, VECTORS[0], floor=0.7, limit=3)
    assert (same.turn, same.question, same.answer) == ("same", "question same", "answer same")
    assert same.cosine == pytest.approx(1)
    assert other.turn == "near"
    assert other.cosine == pytest.approx(0.894, abs=0.001)
    assert [memory.turn for memory in memories.search(ANN, VECTORS[0], floor=0.9, limit=3)] == ["same"]


def test_a_person_is_reminded_across_sessions_but_of_no_other_person_or_site(memories: Memories) -> None:
    told = [
        turn("mine"),
        turn("my other session", Session("demo", "ann", "s2")),
        turn("somebody else's", Session("demo", "bob", "s1")),
        turn("another site's", Session("other", "ann", "s1")),
    ]
    memories.add(told, np.repeat(VECTORS[:1], 4, axis=0))
    assert found(memories, ANN) == ["mine", "my other session"]
    assert found(memories, Session("demo", "x' OR '1'='1", "s1")) == []


def test_an_anonymous_session_recalls_itself_alone_even_under_a_persons_name(memories: Memories) -> None:
    anonymous = Session("demo", "ann", "ann")
    memories.add([turn("vouched"), turn("anonymous", anonymous)], np.repeat(VECTORS[:1], 2, axis=0))
    assert found(memories, anonymous) == ["anonymous"]
    assert found(memories, ANN) == ["vouched"]


def test_a_turn_that_is_remembered_twice_is_there_once(memories: Memories) -> None:
    memories.add([turn("1")], VECTORS[:1])
    memories.add([turn("1"), turn("2")], VECTORS[:2])
    assert memories.rows() == 2


def test_workers_at_once_double_nothing(memories: Memories, place: str) -> None:
    memories.add([turn("0")], VECTORS[:1])
    race(_remember, [(place,)] * 3)
    assert memories.rows() == 21


def _remember(place: str) -> None:
    Memories(place, "letters").add([turn(f"w{n}") for n in range(20)], np.repeat(VECTORS[:1], 20, axis=0))


def test_what_another_process_remembers_or_erases_is_seen(memories: Memories, place: str) -> None:
    other = Memories(place, "letters")
    assert found(memories, ANN) == []
    other.add([turn("1")], VECTORS[:1])
    assert found(memories, ANN) == ["1"]
    other.erase("demo", "ann")
    assert found(memories, ANN) == []


def test_erasing_a_person_takes_all_they_said_on_the_site_and_nothing_else_from_the_disk_too(
    memories: Memories, place: str
) -> None:
    others = [turn("bob's", Session("demo", "bob", "s1")), turn("elsewhere", Session("other", "ann", "s1"))]
    crowd = [turn(f"c{n}", Session("demo", "crowd", "s")) for n in range(97)]  # of which one row is soon gone
    memories.add([turn("secret"), *others, *crowd], np.repeat(VECTORS[:1], 100, axis=0))
    memories.erase("demo", "ann")
    assert memories.rows() == 99
    files = [path for path in Path(place).rglob("*") if path.is_file()]
    assert not [path for path in files if b"question secret" in path.read_bytes()]
    assert [path for path in files if b"question bob's" in path.read_bytes()]


def test_vectors_of_two_models_are_kept_apart(memories: Memories, place: str) -> None:
    memories.add([turn("1")], VECTORS[:1])
    other = Memories(place, "another model", fresh=0)
    assert other.search(ANN, np.ones(7, np.float32), floor=0.7, limit=3) == []


def test_compacting_loses_nothing(memories: Memories) -> None:
    for n in range(5):
        memories.add([turn(str(n))], VECTORS[:1])
    memories.compact()
    assert found(memories, ANN) == ["0", "1", "2", "3", "4"]
