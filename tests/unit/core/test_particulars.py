"""Numbers, names and negations as a sentence writes them."""

from __future__ import annotations

import pytest

from core.particulars import names, negated, numbers


def _values(text: str) -> list[str]:
    return [each.parts[0] for each in numbers(text)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It costs £1,300.50 or 20% less.", ["1300.5", "20"]),
        ("Version 6.15.0 came in 2022-2023.", ["6.15.0", "2022", "2023"]),
        ("Seven of 9 games", ["7", "9"]),
        ("Form APP-001 lies in S3 under v1.2.", []),
        ("There are two ways, and one is free:", []),
        ("Here are some of them: 1.", []),
        ("It is open from 9:00 to 16:30.", ["9", "0", "16", "30"]),
    ],
)
def test_numbers_are_read_by_value(text: str, values: list[str]) -> None:
    assert _values(text) == values


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The rules were drafted by Ebenezer Cobb Morley in England.", ["Ebenezer Cobb Morley", "England"]),
        ("Morley was a solicitor.", ["Morley"]),
        ("Tesla's first car", ["Tesla"]),
        ("It is used by the U.S. and by NASA.", ["U.S.", "NASA"]),
        ("Open the console. Then click Save.", ["Save"]),
        ("The museum is in The Hague.", ["Hague"]),
    ],
)
def test_names_are_read_where_the_sentence_writes_them(text: str, found: list[str]) -> None:
    assert [each.text for each in names(text)] == found
    assert all(text[each.start : each.end] == each.text for each in names(text))


@pytest.mark.parametrize(
    "text",
    ["Additionally, rents rise.", "Lower Upfront Costs: rent is due monthly.", "However is it so", "I think so."],
)
def test_grammar_alone_makes_no_name(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(
    ("text", "denies"),
    [("It is open.", False), ("It isn't open.", True), ("It is not open.", True), ("It is never not open.", False)],
)
def test_two_negations_are_an_assertion(text: str, *, denies: bool) -> None:
    assert negated(text) is denies
