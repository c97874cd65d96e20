"""What is known of a passage before anybody asks: its words, and its sentences with where they stand."""

from __future__ import annotations

from dataclasses import replace

from core.words import stem
from serving.agent.reading import read
from tests.fakes.retriever import passage

HOURS = passage("We open at nine. Closed on Mondays.", title="Hours", heading="Opening times").chunk


def test_the_words_of_its_place_are_a_passages_own() -> None:
    known = read(HOURS)
    assert {"hours", "opening", "mondays", "we"} <= known.words
    assert set(map(stem, ("hours", "opening", "mondays"))) <= known.terms
    assert "we" not in known.terms


def test_each_sentence_keeps_its_place_and_its_own_stems() -> None:
    first, second = read(HOURS).lines
    assert [(line.position, line.sentence.text) for line in (first, second)] == [
        (0, "We open at nine."),
        (1, "Closed on Mondays."),
    ]
    assert stem("mondays") in second.own
    assert stem("mondays") not in first.own
    assert stem("hours") in second.context


def test_a_row_is_embedded_with_the_title_of_its_page() -> None:
    table = replace(HOURS, text="| Day | Opens |\n|---|---|\n| Tuesday | 9:00 |")
    assert [line.embedded for line in read(table).lines] == ["Hours: Tuesday: 9:00"]


def test_a_passage_of_another_text_is_another_reading() -> None:
    assert read(replace(HOURS, text="Closed for good.")).terms != read(HOURS).terms
