"""What passages say to the sentences of an answer. Vectors are of words, so that alike texts have alike vectors."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest

from core.embedder import Vectors
from core.grounding import Support, groundedness, support, supports
from core.sentences import split
from core.signals import Evidence, Told
from core.words import content

_PAGE = (
    "Merlin heats 1.8 litres in 90 seconds. It was designed by Ada Falk in Bergen. The warranty is not transferable."
)
_OTHER = "Kestrel ships on weekdays. Returns are free for 30 days. Returns by post are free. Free returns take days."


def _vector(text: str) -> Vectors:
    vector = np.full(64, 0.01, np.float32)
    for word in content(text):
        vector[crc32(word.encode()) % 64] += 1
    unit: Vectors = vector / np.linalg.norm(vector)
    return unit


def _told(text: str, around: str = "") -> Told:
    sentences = tuple(each.text for each in split(text))
    return Told(sentences, np.stack([_vector(each) for each in sentences]), around)


def _evidence(question: str = "") -> Evidence:
    return Evidence([_told(_OTHER, "Delivery"), _told(_PAGE, "Merlin kettle")], question)


def _support(sentence: str, question: str = "") -> Support:
    return support(sentence, _vector(sentence), _evidence(question))


def test_a_quoted_sentence_is_grounded_where_it_stands() -> None:
    found = _support("It was designed by Ada Falk in Bergen.")
    assert found.score > 0.9
    assert found.evidence == (1, 1)
    assert found.problem is None


def test_a_paraphrase_scores_between_a_quote_and_a_stranger() -> None:
    quote, paraphrase, stranger = (
        _support(text).score
        for text in (
            "The warranty is not transferable.",
            "You cannot transfer a warranty to others.",
            "Volcanoes erupt molten rock.",
        )
    )
    assert quote > paraphrase > stranger
    assert stranger < 0.4


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        ("Merlin heats 1.8 litres in 70 seconds.", "the number 70 is in no passage"),
        ("It was designed by Ada Lovelace in Bergen.", "the name Ada Lovelace is in no passage"),
        ("The warranty is transferable.", "the passages say the contrary"),
        ("It was not designed by Ada Falk in Bergen.", "the passages say the contrary"),
    ],
)
def test_one_false_word_vetoes_a_sentence_and_is_named(sentence: str, problem: str) -> None:
    found = _support(sentence)
    assert found.problem == problem
    assert found.score < 0.2


def test_a_number_from_elsewhere_in_the_passages_weighs_against_a_sentence() -> None:
    right, wrong = _support("Returns are free for 30 days."), _support("Returns are free for 90 days.")
    assert wrong.problem is None
    assert wrong.score < right.score / 2


def test_the_question_lends_names_but_no_support() -> None:
    claim = "the volcanoes amuse Gandalf."
    assert _support(f"Surely {claim}").problem == "the name Gandalf is in no passage"
    lent = _support(f"Surely {claim}", question="Does Gandalf like volcanoes?")
    assert lent.problem is None
    assert lent.score < 0.4


def test_titles_lend_names() -> None:
    assert _support("The Kettle and Delivery are covered.").problem is None


def test_an_acronym_of_the_passages_words_is_known() -> None:
    page = "Ask for private mortgage insurance early."
    sentence = "Ask for PMI early."
    evidence = Evidence([_told(page)])
    assert support(sentence, _vector(sentence), evidence).problem is None


def test_without_passages_nothing_is_grounded() -> None:
    found = support("Merlin is a kettle.", _vector("Merlin is a kettle."), Evidence([]))
    assert found.evidence is None
    assert found.score < 0.4


def test_an_answer_counts_each_sentence_by_its_words() -> None:
    quote = "Merlin heats 1.8 litres in 90 seconds. It was designed by Ada Falk in Bergen."
    short, long = "Bananas ripen.", "Bananas ripen faster beside apples that give off ethylene gas overnight."
    whole, slightly, mostly = (
        groundedness(supports(_told(text), _evidence())) for text in (quote, f"{quote} {short}", f"{quote} {long}")
    )
    assert whole > slightly > mostly


def test_people_forgive_an_answer_what_vetoes_a_sentence() -> None:
    answer = "It was designed by Ada Falk in Bergen. Merlin heats 1.8 litres in 70 seconds."
    found = supports(_told(answer), _evidence())
    assert found[1].score < 0.2
    assert groundedness(found) > 0.5


def test_no_answer_is_not_grounded() -> None:
    assert groundedness([]) == 0.0


def test_the_common_scale_takes_out_what_strangers_share() -> None:
    sentence = "Volcanoes erupt beside kettles."
    plain = Evidence([_told(_PAGE)]).read(sentence, _vector(sentence)).signals.meaning
    stricter = Evidence([_told(_PAGE)], zero=0.1).read(sentence, _vector(sentence)).signals.meaning
    assert stricter < plain
