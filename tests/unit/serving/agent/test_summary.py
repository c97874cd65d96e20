"""The summary that needs no model: what was told stays, what was corrected goes, and it never grows."""

from __future__ import annotations

from core.records import Exchange
from core.words import words
from serving.agent.summary import MOST_WORDS, bounded, extractive


def said(*questions: str) -> list[Exchange]:
    return [Exchange(n, text, "Some answer.") for n, text in enumerate(questions, 1)]


def test_names_numbers_and_choices_are_kept_in_the_visitors_words() -> None:
    summary = extractive("", said("Hi, my name is Ann Miller. My order number is 4711, and I prefer dark roasts."))
    assert "my name is Ann Miller" in summary
    assert "My order number is 4711, and I prefer dark roasts." in summary


def test_a_question_is_kept_as_a_topic_and_small_talk_is_not() -> None:
    assert extractive("", said("Which grinder fits the Merlin?", "Thanks!", "Oh, nice.")) == (
        "Asked: Which grinder fits the Merlin?"
    )


def test_what_is_asked_again_is_there_once_as_it_was_said_last() -> None:
    summary = extractive("", said("When do you open on Saturday?", "Is shipping free?", "When do you open Saturdays?"))
    assert summary.splitlines() == ["Asked: Is shipping free?", "Asked: When do you open Saturdays?"]


def test_a_corrected_number_replaces_the_one_before() -> None:
    summary = extractive("", said("My order number is 4711.", "Sorry, my order number is 4712."))
    assert "4712" in summary
    assert "4711" not in summary


def test_turn_by_turn_or_all_at_once_it_says_the_same() -> None:
    questions = ["I am Ann.", "Is shipping free?", "I bought 3 bags of Sumatra.", "Can I return an opened bag?"]
    step = ""
    for exchange in said(*questions):
        step = extractive(step, [exchange])
    assert step == extractive("", said(*questions))


def test_it_never_grows_beyond_its_length_and_what_was_told_first_outlives_topics() -> None:
    summary = extractive("", said("My name is Ann Miller and my order number is 4711."))
    for n in range(500):
        summary = extractive(
            summary, said(f"What does the manual say about part {chr(97 + n % 26)}{n} of machine {n}?")
        )
        assert len(words(summary)) <= MOST_WORDS
    assert "Ann Miller" in summary
    assert "machine 499" in summary
    assert "machine 3 " not in summary


def test_of_much_that_was_told_what_tells_most_stays() -> None:
    chatter = [f"I like the colour of thing {chr(97 + n)}{n} in my kitchen very much indeed." for n in range(30)]
    summary = extractive("", said("My name is Ann Miller.", *chatter, "Is shipping free?"))
    assert "Ann Miller" in summary
    assert "Is shipping free?" in summary
    assert len(words(summary)) <= MOST_WORDS


def test_languages_without_spaces_are_bounded_too() -> None:
    summary = extractive("", said(*(f"我的订单号是{n}，请问什么时候可以送到我家里呢？" for n in range(200))))
    assert 0 < len(words(summary)) <= MOST_WORDS


def test_a_models_notes_are_kept_where_it_can_no_longer_write_them() -> None:
    notes = "The visitor is Ann Miller.\nShe bought a Merlin 2."
    summary = extractive(notes, said("Is shipping free?"))
    assert summary == f"{notes}\nAsked: Is shipping free?"
    assert len(words(bounded("\n".join(f"a line number {n}" for n in range(500))))) <= MOST_WORDS
