"""A misspelt word is the site's own word; a word that is right, or a name, stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.knowledge import Knowledge, Query, to_batch
from core.records import Chunk
from serving.spelling import spelled
from serving.vocabulary import Vocabulary, read_vocabulary

SITE = Vocabulary(
    {"grinder": 9, "grinders": 2, "merlin": 5, "descaling": 3, "freight": 1, "friday": 4, "fright": 2, "brine": 3}
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Which gridner fits?", "Which grinder fits?"),  # swapped
        ("Which grindr fits?", "Which grinder fits?"),  # dropped
        ("Which grinnder fits?", "Which grinder fits?"),  # doubled
        ("Which grimder fits?", "Which grinder fits?"),  # the key beside
        ("DESCLAING?", "Descaling?"),
        ("decsalimg kit", "descaling kit"),  # two slips in a long word
        ("How long does decsalimh take?", "How long does decsalimh take?"),  # three: who knows
    ],
)
def test_a_slip_of_the_finger_is_put_right(typed: str, meant: str) -> None:
    assert spelled(typed, SITE).question == meant


@pytest.mark.parametrize(
    "question",
    [
        "What do you bring?",  # English, though the site has `brine`
        "Do you grind?",  # another form of what the site writes
        "What about brings?",
        "Zermatt?",
        "Model XR7000 E07?",
    ],
)
def test_what_is_right_stays(question: str) -> None:
    assert spelled(question, SITE).question == question


def test_of_two_as_close_the_commoner_word_is_meant() -> None:
    assert spelled("fridey", SITE).question == "friday"
    assert spelled("Frigth", SITE).question == "Fright"


def test_what_was_typed_is_searched_for_beside_what_is_meant() -> None:
    query = spelled("Which gridner?", SITE).beside(Query("Which grinder?"))
    assert query.also == (("gridner", 1.0),)


def test_a_builds_words_are_those_of_its_texts_headings_and_titles(tmp_path: Path) -> None:
    table = Knowledge(str(tmp_path)).create("words", 2)
    chunk = Chunk(
        "c", "d", "p.md", "Grinders", "/p", "Öffnungszeiten", 0, "The E07 light: a grinder's, THE one.", 5, "h"
    )
    table.add(to_batch([chunk], np.array([[1, 0]], np.float32)))
    found = read_vocabulary(table)
    assert found.counts["the"] == 2
    assert {"grinder", "grinders", "öffnungszeiten"} <= found.counts.keys()
