"""Which questions need the one before them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.records import Message
from serving.agent.followup import in_context

GOLDEN = Path(__file__).parents[4] / "datasets" / "kestrel" / "golden.jsonl"
HISTORY = [
    Message("user", "Do you sell the Merlin?"),
    Message("assistant", "Yes."),
    Message("user", "Is the shop open on Mondays?"),
    Message("assistant", "No, it is closed."),
]


@pytest.mark.parametrize(
    "asked", ["And the day before?", "How long does it take to get hot?", "Why?", "What about Sundays in December?"]
)
def test_a_question_that_points_back_brings_the_last_one_along(asked: str) -> None:
    assert in_context(asked, HISTORY) == f"Is the shop open on Mondays?\n{asked}"


def told(*said: str) -> list[Message]:
    return [Message("user", text) for text in said]


def test_what_asks_by_itself_takes_only_the_name_of_what_is_talked_about() -> None:
    history = told("Do you ship to Norway?", "What does the Merlin cost?", "How long is its warranty?")
    assert in_context("And how heavy is it?", history) == "Merlin\nAnd how heavy is it?"


def test_what_does_not_ask_by_itself_takes_the_last_question_that_did() -> None:
    history = told("When are you open?", "What about Saturdays?")
    assert in_context("And on Sundays?", history).endswith("When are you open?\nAnd on Sundays?")


def test_the_talk_moves_on_to_the_name_that_was_said_last() -> None:
    history = told("What does the Merlin cost?", "What about the Harrier?")
    assert in_context("How heavy is it?", history) == "Harrier\nHow heavy is it?"


@pytest.mark.parametrize(
    "asked",
    [
        "How much does shipping to Ireland cost?",
        "What are your opening hours?",  # short
        "Is there a warranty on grinders?",
        "My grinder rattles and it smells of burnt coffee, what is wrong?",  # points at what it names itself
    ],
)
def test_a_question_that_stands_alone_stays_alone(asked: str) -> None:
    assert in_context(asked, HISTORY) == asked


def leaning(*, follow_ups: bool) -> list[bool]:
    """Of the sample site's golden questions of that kind, which bring along an unrelated one asked before."""
    rows = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    asked = [row["question"] for row in rows if (row["kind"] == "follow-up") is follow_ups]
    return [in_context(question, HISTORY) != question for question in asked]


def test_of_visitors_questions_only_follow_ups_are_taken_for_such() -> None:
    assert sum(leaning(follow_ups=False)) == 0
    assert sum(leaning(follow_ups=True)) >= 11


def test_a_long_question_before_leaves_room_for_the_new_one() -> None:
    long = [Message("user", "My machine hisses. " * 200)]
    assert len(in_context("And the Merlin?", long)) < 450
    assert in_context("And the Merlin?", long).endswith("\nAnd the Merlin?")


def test_the_first_question_has_nothing_to_point_back_to() -> None:
    assert in_context("And on Sundays?", []) == "And on Sundays?"
