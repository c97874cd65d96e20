"""What asks nothing is answered in a sentence, in the visitor's language; what asks something is not taken for it."""

from __future__ import annotations

import pytest

from evals.readers import read_task
from serving.agent.smalltalk import small_talk
from tests.fakes.real_data import real_data


@pytest.mark.parametrize(
    ("said", "kind", "language"),
    [
        ("Hello!", "hello", "en"),
        ("Hi there, how are you?", "hello", "en"),
        ("Guten Tag", "hello", "de"),
        ("你好！", "hello", "zh"),
        ("Great, thanks a lot for your help :-)", "thanks", "en"),
        ("Vielen Dank!", "thanks", "de"),
        ("Merci beaucoup", "thanks", "fr"),
        ("That's all, bye", "bye", "en"),
        ("Hi! What can you do?", "about", "en"),
        ("¿Quién eres?", "about", "es"),
        ("ok", "aside", "en"),
        ("👍", "aside", "en"),
    ],
)
def test_small_talk_is_known_in_its_language(said: str, kind: str, language: str) -> None:
    talk = small_talk(said)
    assert talk is not None
    assert (talk.kind, talk.language) == (kind, language)


@pytest.mark.parametrize(
    "asked", ["Thanks! And on Sundays?", "Hello, are you open today?", "Can you help me with a refund?", "cheque ok?"]
)
def test_a_question_with_a_greeting_in_it_is_a_question(asked: str) -> None:
    assert small_talk(asked) is None


def test_a_bare_yes_may_be_an_answer_to_what_was_said_before() -> None:
    assert small_talk("yes") is not None
    assert small_talk("yes", answering=True) is None
    assert small_talk("yes, thanks", answering=True) is not None


def test_what_it_can_do_names_what_the_site_is_about() -> None:
    talk = small_talk("Was kannst du?")
    assert talk is not None
    assert "Kaffee" in talk.reply("Kaffee")


def test_no_real_question_is_taken_for_small_talk() -> None:
    for name in ("aws-docs-qa", "xquad-en", "clapnq-dev", "mtrag-un"):
        asked = [question.text for question in read_task(real_data(name)).questions]
        assert [text for text in asked if small_talk(text)] == []
