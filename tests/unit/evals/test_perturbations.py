"""Swaps and negations change one thing, and the same one each time."""

from __future__ import annotations

import pytest

from core.particulars import names, numbers
from evals.perturbations import negate, swap_name, swap_number


def test_a_number_is_swapped_for_one_of_the_same_form() -> None:
    pool = numbers("In 1990 and 2024 it sold 7 or 1,500, seven or nine.")
    assert swap_number("It opened in 1990.", pool) in {"It opened in 2024.", "It opened in 1,500."}
    assert swap_number("It has seven rooms.", pool) == "It has nine rooms."


def test_a_name_is_swapped_for_one_that_shares_no_word() -> None:
    pool = names("We met Ada Falk, then Ada Lovelace, and Bilbo Baggins.")
    swapped = swap_name("It was designed by Ada Byron.", [each for each in pool if each.text != "Bilbo Baggins"])
    assert swapped is None
    assert swap_name("It was designed by Ada Byron.", pool) == "It was designed by Bilbo Baggins."


def test_the_same_sentence_has_the_same_swap() -> None:
    pool = numbers("1990 1991 1992 1993 1994 1995 1996")
    assert len({swap_number("It opened in 2024.", pool) for _ in range(5)}) == 1


def test_nothing_to_swap_is_none() -> None:
    assert swap_number("It opened.", numbers("1990")) is None
    assert swap_name("It opened.", names("the Hague")) is None


@pytest.mark.parametrize(
    ("sentence", "opposite"),
    [
        ("It is open.", "It is not open."),
        ("You can not park here.", "You can park here."),
        ("It isn't open.", "It is open."),
        ("It opened.", None),
    ],
)
def test_negation_goes_in_or_out(sentence: str, opposite: str | None) -> None:
    assert negate(sentence) == opposite
