"""The writer that quotes: what it chooses, how it reads, and when it says that there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from core.records import Message, Passage
from serving.agent import Closing, Extractive
from serving.agent.evidence import SHORTLIST, Candidate
from serving.agent.extractive import compose
from serving.agent.kinds import kind_of
from serving.agent.prompts import NO_ANSWER
from serving.agent.reading import read
from tests.fakes.models import word_vectors
from tests.fakes.retriever import passage

RETURNS = passage(
    "You have **30 days** from the day of delivery to send back a machine or grinder.\n\n"
    "- Unused and in its box: you get the full price back.\n"
    "- Used: we keep 10% of the price to clean it.\n\n"
    "Please keep the original box. It protects the machine on the way back.",
    title="Returns and refunds",
    heading="Returns and refunds > Machines and grinders",
)
MERLIN = passage(
    "Price: £489, including a tamper.\n\n| | Merlin |\n|---|---|\n| Water tank | 1.8 litres |\n| Weight | 9.2 kg |\n",
    title="Kestrel Merlin",
    heading="Kestrel Merlin > Specification",
    name="merlin",
)
HOURS = passage(
    "The shop is open from nine to six on weekdays. On Sundays it is closed.", title="Opening hours", name="hours"
)
PAGES = [RETURNS, MERLIN, HOURS]


async def written(
    question: str, passages: Sequence[Passage] = PAGES, history: Sequence[Message] = ()
) -> tuple[str, bool]:
    *pieces, closing = [
        piece async for piece in Extractive(word_vectors).write(question, passages, history, "A policy.")
    ]
    assert isinstance(closing, Closing)
    return "".join(str(piece) for piece in pieces), closing.declined


async def test_it_quotes_the_sentence_that_answers_with_its_mark() -> None:
    answer, declined = await written("How many days do I have to send back a machine after delivery?")
    assert answer.startswith("You have 30 days from the day of delivery to send back a machine or grinder. [1]")
    assert not declined


async def test_a_table_row_says_where_it_stands() -> None:
    answer, _ = await written("What is the weight of the Merlin?")
    assert answer == "Kestrel Merlin, Specification:\n- Weight: 9.2 kg [2]"


async def test_a_question_of_measure_finds_what_pages_call_it() -> None:
    assert "- Weight: 9.2 kg [2]" in (await written("How heavy is the Merlin?"))[0]


async def test_a_misspelt_question_is_understood() -> None:
    assert await written("watter tannk merlin") == await written("water tank merlin")


def candidate(source: Passage, position: int, score: float, n: int = 1) -> Candidate:
    return Candidate(n, read(source.chunk).lines[position], score)


def composed(passages: Sequence[Passage], *scores: tuple[int, int, float]) -> str:
    """The answer from sentences given as (passage from 1, position in it, score), best first."""
    weighed = [candidate(passages[n - 1], position, score, n) for n, position, score in scores]
    return "\n\n".join(compose(weighed, passages))


def table(rows: int) -> Passage:
    lines = "".join(f"| Day {number} | {number} to {number + 9} |\n" for number in range(rows))
    return passage(f"| Day | Open |\n|---|---|\n{lines}", title="Hours", name="hours")


def test_two_rows_of_a_short_table_bring_the_others_along() -> None:
    assert composed([table(7)], (1, 1, 1.2), (1, 5, 1.1)).count("\n- ") == 7
    assert composed([table(7)], (1, 1, 1.2)).count("\n- ") == 1
    assert composed([table(9)], (1, 1, 1.2), (1, 5, 1.1)).count("\n- ") == 2


def test_a_row_must_come_nearer_to_the_best_one_than_a_sentence() -> None:
    assert composed([table(7)], (1, 1, 1.6), (1, 5, 1.25)).count("\n- ") == 1
    assert composed(PAGES, (3, 0, 1.6), (3, 1, 1.25)).count("[3]") == 2


def test_list_items_stand_below_each_other_in_the_order_of_the_page() -> None:
    assert composed(PAGES, (1, 2, 1.2), (1, 1, 1.1)) == (
        "Returns and refunds, Machines and grinders:\n"
        "- Unused and in its box: you get the full price back. [1]\n"
        "- Used: we keep 10% of the price to clean it. [1]"
    )


def test_prose_after_a_list_is_no_part_of_it() -> None:
    assert composed(PAGES, (1, 2, 1.2), (1, 3, 1.1)).endswith("clean it. [1]\n\nPlease keep the original box. [1]")


def test_sentences_are_grouped_by_page_the_best_page_first() -> None:
    assert composed(PAGES, (3, 1, 1.4), (2, 0, 1.3), (3, 0, 1.2)) == (
        "The shop is open from nine to six on weekdays. [3] On Sundays it is closed. [3]\n\n"
        "Price: £489, including a tamper. [2]"
    )


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    assert composed(PAGES, (1, 4, 1.2)) == (
        "Please keep the original box. [1] It protects the machine on the way back. [1]"
    )


def test_an_introduction_brings_its_list_along() -> None:
    steps = passage("To descale it you need:\n\n- 250 ml of liquid\n- a jug\n\nThen wait.")
    assert composed([steps], (1, 0, 1.2)) == "To descale it you need: [1]\n- 250 ml of liquid [1]\n- a jug [1]"


def test_an_item_says_what_introduces_it() -> None:
    batch = passage("They are slow. Use batch jobs when you:\n\n- need all of it at once\n- need no server\n")
    assert composed([batch], (1, 2, 1.2)) == "Use batch jobs when you: [1]\n- need all of it at once [1]"
    calm = passage("They are slow.\n\n- they need no server\n")
    assert composed([calm], (1, 1, 1.2)) == "Returns:\n- they need no server [1]"


def test_an_item_of_a_list_within_a_list_brings_the_one_it_stands_under() -> None:
    practices = passage("They help.\n\n- Do not turn off:\n  - the log\n  - offline mode\n- Test it\n")
    assert composed([practices], (1, 3, 1.2)).endswith("\n- Do not turn off: [1]\n  - offline mode [1]")


def test_a_row_behind_a_list_does_not_push_the_list_in() -> None:
    mixed = passage("- Lock it in\n\n| Code | Meaning |\n|---|---|\n| E07 | no pulses |\n")
    assert composed([mixed], (1, 0, 1.2), (1, 1, 1.1)).splitlines()[1:] == ["- Lock it in [1]", "- E07: no pulses [1]"]


def test_what_two_pages_say_alike_is_said_once() -> None:
    twin = passage("On Sundays, it is closed.", name="visit")
    assert composed([HOURS, twin], (1, 1, 1.2), (2, 0, 1.2)) == "On Sundays it is closed. [1]"


def test_at_most_four_sentences_are_chosen() -> None:
    shops = passage(" ".join(f"{name} sells {name}s." for name in ("Ann", "Bob", "Cid", "Dee", "Eve", "Fay")))
    assert composed([shops], *((1, position, 1.0) for position in range(6))).count("[1]") == 4


def test_sentences_far_below_the_best_stay_out_sooner_on_another_page() -> None:
    here = composed(PAGES, (3, 0, 1.5), (3, 1, 1.2), (2, 0, 1.2))
    assert here == "The shop is open from nine to six on weekdays. [3] On Sundays it is closed. [3]"
    assert composed(PAGES, (3, 0, 1.5), (3, 1, 1.0)) == "The shop is open from nine to six on weekdays. [3]"
    assert composed(PAGES, (3, 0, 0.9), (3, 1, 0.7)) == "The shop is open from nine to six on weekdays. [3]"


async def test_it_declines_in_one_plain_sentence_when_nothing_fits() -> None:
    far = [passage(each.chunk.text, dense=0.05) for each in PAGES]
    assert await written("Who won the cup final in Mongolia?", far) == (NO_ANSWER, True)


@pytest.mark.parametrize(
    ("asked", "pointer", "facts"),
    [
        ("How do I book a course?", "See booking a course.", "Choose a date and pay to book a place in a course."),
        (
            "What are your opening hours?",
            "On these days we differ from our usual opening hours.",
            "The usual opening hours are from 8:30 to 17:30.",
        ),
    ],
)
async def test_a_sentence_that_only_points_elsewhere_loses_against_the_facts(
    asked: str, pointer: str, facts: str
) -> None:
    answer, _ = await written(asked, [passage(pointer, name="a"), passage(facts, name="b")])
    assert answer.index("[2]") < (answer.index("[1]") if "[1]" in answer else len(answer))


def test_nothing_is_brought_along_over_a_heading_or_a_gap() -> None:
    cut = passage("## Box\n\nKeep the box.\n\n## Coffee\n\nIt cannot be returned.\n\nYou need:\n\n[…]\n\n- a jug")
    assert composed([cut], (1, 1, 1.2)) == "It cannot be returned. [1]"
    assert composed([cut], (1, 2, 1.2)) == "You need: [1]"


async def test_a_near_miss_names_the_nearest_pages() -> None:
    answer, declined = await written("Which colour is the cable of the Merlin?")
    assert declined
    assert answer.startswith(f"{NO_ANSWER} The nearest pages are: Kestrel Merlin")


async def test_without_passages_or_without_words_in_them_it_declines() -> None:
    assert await written("When are you open?", []) == (NO_ANSWER, True)
    assert await written("When are you open?", [passage("")]) == (NO_ANSWER, True)


async def test_a_follow_up_is_answered_from_what_it_points_back_to() -> None:
    history = [Message("user", "What does the specification of the Merlin say?"), Message("assistant", "Much.")]
    answer, _ = await written("And its weight?", history=history)
    assert "- Weight: 9.2 kg [2]" in answer


async def test_a_page_that_only_its_words_found_can_answer() -> None:
    found = [passage("We do not take cheques.", dense=None, name="pay"), HOURS]
    answer, _ = await written("Do you take cheques?", found)
    assert answer.startswith("We do not take cheques. [1]")


async def test_few_sentences_are_embedded_however_long_the_passages() -> None:
    asked: list[int] = []

    async def counting(texts: Sequence[str]) -> Any:
        asked.append(len(texts))
        return await word_vectors(texts)

    long = passage(" ".join(f"Sentence {number} about the shop." for number in range(100)))
    [piece async for piece in Extractive(counting).write("Where is the shop?", [long], [], "")]
    assert max(asked) == 1 + SHORTLIST


async def test_a_model_that_calls_everything_alike_declines_as_well() -> None:
    async def crowded(texts: Sequence[str]) -> Any:
        """All within a narrow cone, as some embedding models have it."""
        vectors = np.hstack([0.6 * await word_vectors(texts), np.full((len(texts), 1), 0.8, np.float32)])
        return vectors.astype(np.float32)

    async def asked(question: str) -> bool:
        alike = [passage(each.chunk.text, name=each.chunk.document, dense=0.66) for each in PAGES]
        *_, closing = [piece async for piece in Extractive(crowded).write(question, alike, [], "")]
        assert isinstance(closing, Closing)
        return closing.declined

    assert await asked("Who won the cup final in Mongolia?")
    assert not await asked("What is the water tank of the Merlin?")


async def test_several_questions_are_answered_in_their_order() -> None:
    answer, declined = await written("What is the weight of the Merlin? Is the shop open on Sundays?")
    assert answer.index("Weight: 9.2 kg [2]") < answer.index("On Sundays it is closed. [3]")
    assert not declined


async def test_it_says_for_which_of_several_questions_it_found_nothing() -> None:
    answer, declined = await written("Who plays zither in Zermatt, and what is the weight of the Merlin?")
    first, *rest = answer.split("\n\n")
    assert first == "I could not find an answer to “Who plays zither in Zermatt?” in the pages of this site."
    assert "Weight: 9.2 kg [2]" in "".join(rest)
    assert not declined


async def test_where_none_of_several_is_answered_it_declines_once() -> None:
    answer, declined = await written("Who plays zither in Zermatt, and who dances tango in Turin?")
    assert answer.count("could not find") == 1
    assert declined


PRAISED = passage("The Merlin is a joy. It is small.\n\nThe Merlin costs £489.\n\nWe like it.", name="praise")


def test_a_sentence_that_states_the_kind_of_thing_asked_for_goes_before_a_better_one_that_does_not() -> None:
    weighed = [candidate(PRAISED, 0, 1.18), candidate(PRAISED, 2, 1.1)]
    assert compose(weighed, [PRAISED], kind=kind_of("What does the Merlin cost?")) == ["The Merlin costs £489. [1]"]
    assert compose(weighed, [PRAISED])[0].startswith("The Merlin is a joy. [1]")


def test_where_no_sentence_near_the_best_states_it_the_best_is_quoted() -> None:
    weighed = [candidate(PRAISED, 0, 1.4), candidate(PRAISED, 2, 0.9)]
    [paragraph] = compose(weighed, [PRAISED], kind=kind_of("What does the Merlin cost?"))
    assert paragraph == "The Merlin is a joy. [1]"


def test_a_limit_is_quoted_before_what_only_speaks_of_it_and_that_stays() -> None:
    pages = [passage("The size has a limit.", name="about"), passage("Up to 250 MB.", name="limits")]
    weighed = [candidate(pages[0], 0, 1.5), candidate(pages[1], 0, 1.35, n=2)]
    told = "Up to 250 MB. [2]", "The size has a limit. [1]"
    assert tuple(compose(weighed, pages, kind=kind_of("What is the maximum size?"))) == told
    assert tuple(compose(weighed, pages, kind=kind_of("What size is there?"))) == told[::-1]


async def test_a_follow_up_is_answered_for_itself_and_not_for_the_question_before() -> None:
    history = [Message("user", "What does the Merlin cost?"), Message("user", "How big is its water tank?")]
    answer, _ = await written("And how heavy is it?", history=history)
    assert answer == "Kestrel Merlin, Specification:\n- Weight: 9.2 kg [2]"
