"""Who writes: what a message says of its writer's name and address, and what is left of it."""

from __future__ import annotations

import pytest

from serving.agent.tools.introduction import introduced


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("Book a meeting, my name is Ann Lee, ann@mail.example.", {"name": "Ann Lee", "email": "ann@mail.example"}),
        ("Ich heiße Jürgen und möchte einen Termin", {"name": "Jürgen"}),
        ("Anna Weber, anna@mail.example, tomorrow at 10", {"name": "Anna Weber", "email": "anna@mail.example"}),
        ("anna weber anna@mail.example", {"name": "anna weber", "email": "anna@mail.example"}),
        ("Hi, I'm Anna, my e-mail is aw@mail.example", {"name": "Anna", "email": "aw@mail.example"}),
        ("Will Smith, tomorrow at 10, ws@mail.example", {"name": "Will Smith", "email": "ws@mail.example"}),
        ("Dr. Jürgen von Hof <jh@mail.example>", {"name": "Jürgen von Hof", "email": "jh@mail.example"}),
        ("Name: anna weber\nE-mail: aw@mail.example", {"name": "anna weber", "email": "aw@mail.example"}),
        ("李小龙, li@mail.example", {"name": "李小龙", "email": "li@mail.example"}),
        ("李小龙，li@mail.example，谢谢", {"name": "李小龙", "email": "li@mail.example"}),
        ("Anna Weber – “aw@mail.example”", {"name": "Anna Weber", "email": "aw@mail.example"}),
    ],
)
def test_who_says_their_name_and_address_need_not_write_them_twice(said: str, known: dict[str, str]) -> None:
    assert introduced(said).details == known


@pytest.mark.parametrize(
    "said",
    [
        "Write to ann.lee@mail.example!",
        "Invoice ann.lee@mail.example",
        "Thanks, ann.lee@mail.example",
        "Tuesday, ann.lee@mail.example",
        "the grinder that I bought, ann.lee@mail.example",
    ],
)
def test_what_is_no_name_is_not_taken_for_one(said: str) -> None:
    assert introduced(said).details == {"email": "ann.lee@mail.example"}


@pytest.mark.parametrize("said", ["my name is on the order", "I am Ann", "Anna Weber", "name me a grinder"])
def test_without_an_address_only_who_gives_a_name_has_one(said: str) -> None:
    assert introduced(said).details == {}


def test_what_is_left_lacks_them_but_where_a_sentence_needs_the_address() -> None:
    assert introduced("Anna Weber, aw@mail.example, tomorrow").rest.split() == [",", ",", "tomorrow"]
    text = "Send the invoice to aw@mail.example"
    assert introduced(text).rest == text
