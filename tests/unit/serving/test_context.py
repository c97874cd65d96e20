"""What a question takes along from what was said before it, on a real table with vectors that a test reads off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.knowledge import BuildTable, Knowledge, Query, Vector, to_batch
from core.records import Chunk, Message
from serving.context import asked, understood

MERLIN, HOURS, COURT = np.eye(4, dtype=np.float32)[:3]
NOTHING = np.eye(4, dtype=np.float32)[3]
PAGES: Mapping[str, tuple[str, Vector]] = {
    "merlin": ("The Merlin heats up within six minutes.", MERLIN),
    "hours": ("The shop opens at nine and closes at six.", HOURS),
    "court": ("The court provides services online.", COURT),
}
HISTORY = (
    Message("user", "Where is the court?"),
    Message("assistant", "In Victoria Street."),
    Message("user", "Tell me about the Merlin machine."),
    Message("assistant", "It is an espresso machine."),
)


@pytest.fixture
def table(tmp_path: Path) -> BuildTable:
    table = Knowledge(str(tmp_path)).create("t", 4)
    chunks = [Chunk(name, name, f"{name}.md", "", "", "", 0, text, 9, name) for name, (text, _) in PAGES.items()]
    table.add(to_batch(chunks, np.stack([vector for _, vector in PAGES.values()])))
    table.build_indices()
    return table


def query(table: BuildTable, question: str, vector: Vector, history: Sequence[Message] = HISTORY) -> Query:
    """The question's query; each message means the page that it names, and the answers mean what was asked."""
    whole = asked(question, history)
    named = {"court": COURT, "Victoria": COURT, "Merlin": MERLIN, "espresso": MERLIN}
    said = [next((v for name, v in named.items() if name in each.text), NOTHING) for each in whole.said]
    return understood(whole, np.stack([vector, *said]), table, zero=0.0)


def first(table: BuildTable, found: Query) -> str:
    return table.search(found)[0].chunk.document


def test_a_question_that_points_back_finds_what_it_points_at(table: BuildTable) -> None:
    question = "How long does it take?"
    assert first(table, query(table, question, NOTHING)) == "merlin"
    assert query(table, question, NOTHING, ()).also == ()


def test_the_latest_question_counts_most_and_the_answer_to_it_counts(table: BuildTable) -> None:
    found = query(table, "How long does it take?", NOTHING)
    assert [text for text, _ in found.also] == [HISTORY[2].content, HISTORY[3].content, HISTORY[0].content]
    assert found.vector is not None
    assert found.vector @ MERLIN > found.vector @ COURT > 0
    assert np.linalg.norm(found.vector) == pytest.approx(1)


def test_a_question_about_something_else_stays_alone(table: BuildTable) -> None:
    question = "When does the shop open on public holidays?"
    found = query(table, question, HOURS)
    assert (found.also, found.text) == ((), question)
    assert found.vector is not None
    np.testing.assert_array_equal(found.vector, HOURS)


def test_a_question_that_goes_on_with_the_subject_takes_it_along(table: BuildTable) -> None:
    near = (0.4 * MERLIN + np.float32(np.sqrt(1 - 0.4**2)) * NOTHING).astype(np.float32)
    question = "Which cleaning tablets fit espresso machines best?"
    assert query(table, question, near).also
    assert not query(table, question, NOTHING).also


def test_the_clearer_a_question_is_by_itself_the_less_it_takes_along(table: BuildTable) -> None:
    clear = query(table, "Is it open?", HOURS)
    unclear = query(table, "Is it open?", NOTHING)
    assert 0 < clear.also[0][1] < unclear.also[0][1] / 5


def test_a_long_answer_does_not_outvote_a_short_question(table: BuildTable) -> None:
    long = " ".join(f"word{number}" for number in range(40))
    history = (*HISTORY[:3], Message("assistant", long))
    (_, short_share), (_, long_share) = (
        query(table, "How long?", NOTHING, told).also[1] for told in (HISTORY, history)
    )
    assert long_share < short_share / 3


def test_messages_without_a_word_are_no_context(table: BuildTable) -> None:
    history = (Message("user", " "), Message("assistant", ""))
    assert query(table, "How long does it take?", NOTHING, history).also == ()


def test_of_a_long_conversation_only_the_last_questions_are_looked_at() -> None:
    history = [Message(role, f"{role} {turn}") for turn in range(500) for role in ("user", "assistant")]
    assert asked("Why?", history).texts == ["Why?", "user 499", "assistant 499", "user 498", "user 497"]
    long = [Message("user", "machine " * 1000), Message("assistant", "yes " * 1000)]
    assert sum(map(len, asked("Why?", long).texts)) < 500
