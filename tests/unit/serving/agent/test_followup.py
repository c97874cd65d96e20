"""Which questions need the one before them."""

from __future__ import annotations

import pytest

from core.records import Message
from serving.agent.followup import in_context

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


def test_a_question_that_stands_alone_stays_alone() -> None:
    asked = "How much does shipping to Ireland cost?"
    assert in_context(asked, HISTORY) == asked


def test_the_first_question_has_nothing_to_point_back_to() -> None:
    assert in_context("And on Sundays?", []) == "And on Sundays?"
