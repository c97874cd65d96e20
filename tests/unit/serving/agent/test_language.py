"""Which language a question is in, and that no English question is ever taken for another one."""

from __future__ import annotations

import json

import pytest

from evals.readers import read_task
from evals.typos import mistyped
from serving.agent.language import Spoken, foreign, language_of, sorry
from tests.fakes.commands import ROOT
from tests.fakes.real_data import real_data

ENGLISH = Spoken(served=frozenset({"en"}))
OWN = ["datasets/kestrel/golden.jsonl", "datasets/kestrel/several-questions.jsonl", "datasets/guards/near-aws.jsonl"]


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Wann haben Sie samstags geöffnet?", "de"),
        ("¿Envían a Noruega?", "es"),
        ("Quels sont vos horaires d'ouverture ?", "fr"),
        ("Quanto costa la macchina più piccola?", "it"),
        ("Hoe laat gaat de winkel op zondag open?", "nl"),
        ("Когда вы открываетесь?", "ru"),
        ("营业时间？", "zh"),
        ("何時に開きますか", "ja"),
        ("몇 시에 문을 여나요?", "ko"),
        ("متى تفتحون؟", "ar"),
        ("Πότε ανοίγετε;", "el"),
    ],
)
def test_a_question_in_another_language_is_known(question: str, language: str) -> None:
    assert foreign(question, ENGLISH) == language


@pytest.mark.parametrize(
    "question",
    [
        "How are Ergänzungsschulen funded?",
        "Europa Clipper mission",
        "cheque ok?",
        "meteoroid",
        "luis fonsi",
        "E07",
        "?!",
        "",
        "How do you say 谢谢?",
        "how offen bakflush osprey",
    ],
)
def test_names_foreign_words_and_single_words_are_searched_for(question: str) -> None:
    assert foreign(question, ENGLISH) is None


@pytest.mark.parametrize(
    "question",
    [
        "Merlin pump Ulka EP5",
        "Merlin 58mm portafilter",
        "Merlin PID 230V 1450W",
        "Merlin vs. Wren",
        "Merlin vs Bambino Plus",
        "Merlin Order KW-1234",
        "espresso macchiato ristretto",
        "PayPal Klarna Visa",
        "DHL UPS GLS Hermes",
        "luis fonsi demi lovato - échame la culpa wikipedia",
    ],
)
def test_products_brands_and_codes_are_of_no_language(question: str) -> None:
    assert foreign(question, ENGLISH) is None


def test_a_few_words_are_told_by_a_small_one_among_them() -> None:
    assert foreign("Was kostet der Merlin?", ENGLISH) == "de"
    assert foreign("WO IST MEINE BESTELLUNG", ENGLISH) == "de"
    assert foreign("kan jeg få refusjon", ENGLISH) == "no"


@pytest.mark.parametrize("file", OWN)
def test_no_question_of_the_sample_site_is_taken_for_another_language_mistyped_or_not(file: str) -> None:
    task = read_task(ROOT / file)
    asked = [question.text for each in (task, mistyped(task)) for question in each.questions]
    assert [text for text in asked if foreign(text, ENGLISH)] == []


@pytest.mark.parametrize(("language", "least"), [("de", 0.96), ("es", 0.98), ("zh", 0.99)])
def test_real_questions_are_told(language: str, least: float) -> None:
    file = real_data("xquad-en") / f"queries.{language}.jsonl"
    told = [foreign(json.loads(line)["text"], ENGLISH) for line in file.read_text(encoding="utf-8").splitlines()]
    assert told.count(language) >= least * len(told)


def test_what_is_served_is_not_foreign() -> None:
    german = Spoken("de", frozenset({"de", "en"}))
    assert foreign("Wann haben Sie samstags geöffnet?", german) is None
    assert foreign("When do you open on Saturdays?", german) is None
    assert foreign("¿Cuándo abren los sábados?", german) == "es"
    assert foreign("Коли ви відчиняєтесь?", Spoken("ru", frozenset({"ru"}))) in {None, "uk"}
    assert foreign("¿Cuándo abren los sábados?", Spoken()) is None


def test_the_sites_own_words_are_of_its_language() -> None:
    question = "Karlsruher Straße Bahnhof Öffnung"
    assert foreign(question, ENGLISH) == "de"
    knows = {"karlsruher", "strasse", "bahnhof"}.__contains__
    assert foreign(question, Spoken(served=frozenset({"en"}), knows=knows)) is None


def test_the_visitor_is_told_in_their_language_what_is_served() -> None:
    assert sorry("de", {"en"}).endswith("in diesen Sprachen beantworten: English.")
    assert "English, español" in sorry("zh", {"en", "es"})
    assert sorry("xx", {"en"}).startswith("I am sorry")


def test_a_text_is_in_its_language() -> None:
    assert language_of("Die Bohnen werden am Dienstag geröstet und am Mittwoch verschickt.") == "de"
    assert language_of("42 – 17") is None
