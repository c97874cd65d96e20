"""Which drafts a reviewer gets."""

from __future__ import annotations

from collections import Counter

from evals.drafting.choice import merged, spread
from evals.drafting.drafts import Draft, How
from tests.fakes.encoders import Letters


def draft(question: str, answer: str = "yes", *, how: How = "faq", page: str = "a.md") -> Draft:
    return Draft(question, (answer,), how, (page,))


def test_one_question_with_one_answer_on_two_pages_names_both_as_evidence() -> None:
    (only,) = merged([draft("What is a tag?", page="a.md"), draft("What is the tag?", page="b.md")])
    assert only.pages == ("a.md", "b.md")
    assert only.row()["evidence"] == ["a.md", "b.md"]


def test_a_question_that_two_pages_answer_differently_cannot_be_understood_alone() -> None:
    kept = merged([draft("How often?", "daily"), draft("How often?", "weekly", page="b.md"), draft("When?")])
    assert [each.question for each in kept] == ["When?"]


def test_drafts_are_spread_over_pages_and_kinds() -> None:
    many = [draft(f"price {letter * 9}", how="table", page="list.md") for letter in "bcdfghjk"]
    few = [draft("zzzzz?", how="faq", page="faq.md"), draft("qqqqq?", how="fact", page="fact.md")]
    chosen = spread([*many, *few], 4, Letters())
    assert Counter(each.pages[0] for each in chosen) == {"list.md": 2, "faq.md": 1, "fact.md": 1}


def test_the_same_drafts_are_chosen_again() -> None:
    drafts = [draft(f"{letter * 7}?", page=f"{letter}.md") for letter in "abcdefgh"]
    assert spread(drafts, 3, Letters()) == spread(drafts, 3, Letters())


def test_near_duplicates_are_asked_once_unless_a_number_or_a_name_differs() -> None:
    drafts = [
        draft("How much does the Siskin 50 cost?"),
        draft("How much does Siskin 50 cost?"),
        draft("How much does the Siskin 64 cost?"),
    ]
    assert [each.question for each in spread(drafts, 9, Letters())] == [drafts[0].question, drafts[2].question]


def test_what_the_golden_questions_ask_is_not_drafted_again() -> None:
    assert spread([draft("Do you wrap presents?")], 9, Letters(), ["do you wrap presents"]) == []


def test_an_id_is_the_questions_own() -> None:
    assert draft("Do you wrap?").id == draft("do you  wrap", "no", page="b.md").id != draft("Do you wrap it?").id
