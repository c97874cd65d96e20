"""What is typed into a cell: what is meant is taken, what cannot be meant is refused with what to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import InvalidInputError
from core.records import Message
from evals.lab.arguments import most, place, said, shares


@pytest.mark.parametrize("weights", [(0.5,), 0.5, (float("nan"), 0.5), (0.5, float("nan")), (-0.5, 1.5), "10", None])
def test_weights_are_two_shares_of_one(weights: object) -> None:
    with pytest.raises(InvalidInputError, match="no two shares of 1"):
        shares(weights)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        *[(most, value) for value in (-1, 0, 2.5, "6", None)],
        *[(said, value) for value in ("foo", ["foo"], 5, Message("user", "Hello?"))],
        *[(lambda value: place(value, "questions"), value) for value in (5, "", None)],
    ],
)
def test_what_cannot_be_meant_is_refused(check: Callable[[object], object], value: object) -> None:
    with pytest.raises(InvalidInputError, match="write"):
        check(value)


def test_what_is_meant_is_taken() -> None:
    assert shares([1, 0]) == (1, 0)
    assert most(1) == 1
    assert said([]) == ()
    assert place("golden.jsonl", "questions") == Path("golden.jsonl")
