"""Which messages ask for something to be done: those that do, in several languages, and no question of the data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.readers import read_task
from serving.agent.tools.intents import Intent, intent_of
from tests.fakes.real_data import real_data

TOOLS = ("book_meeting", "talk_to_a_person")
ROOT = Path(__file__).parents[5]


@pytest.mark.parametrize(
    ("said", "tool", "language"),
    [
        ("I'd like to book a meeting", "book_meeting", "en"),
        ("Can I book a meeting for next Tuesday at 10?", "book_meeting", "en"),
        ("Could you set up a short meeting with you next week, please?", "book_meeting", "en"),
        ("Ich möchte gerne einen Termin vereinbaren", "book_meeting", "de"),
        ("Je voudrais prendre rendez-vous.", "book_meeting", "fr"),
        ("I want to talk to a human!!", "talk_to_a_person", "en"),
        ("How can I talk to a person?", "talk_to_a_person", "en"),
        ("Can't I just talk to a human?", "talk_to_a_person", "en"),
        ("This bot does not help. I want to talk to a human.", "talk_to_a_person", "en"),
        ("I don't want to book a meeting, I want to talk to a person.", "talk_to_a_person", "en"),
        ("I do not know how to reach a person", "talk_to_a_person", "en"),
        ("No, I would like to talk to a person", "talk_to_a_person", "en"),
        ("Is there somebody I can talk to?", "talk_to_a_person", "en"),
        ("Please have someone call me back", "talk_to_a_person", "en"),
        ("Ich will mit einem Menschen sprechen.", "talk_to_a_person", "de"),
        ("Quiero hablar con una persona", "talk_to_a_person", "es"),
    ],
)
def test_what_is_wanted_is_known_in_its_language(said: str, tool: str, language: str) -> None:
    assert intent_of(said, TOOLS) == Intent(tool, language)


@pytest.mark.parametrize(
    "said",
    [
        "How do I book a meeting room?",
        "What does it cost to book a meeting?",
        "Please cancel the appointment: I already tried to book a meeting elsewhere.",
        "Which person do I talk to about returns, and what did they say?",
        "If they do not leave a message on voicemail, is the call legitimate?",
        "",
        "meeting " * 41,
    ],
)
def test_a_question_about_it_is_a_question(said: str) -> None:
    assert intent_of(said, TOOLS) is None


@pytest.mark.parametrize(
    "said",
    [
        "Do not schedule a call, just tell me your opening hours",
        "I don't want to book a meeting",
        "I don’t think I want to talk to a person.",
        "I never want to talk to a human again",
        "There is no need to set up a short meeting with you.",
        "Ich möchte keinen Termin vereinbaren.",
        "No quiero hablar con una persona",
        "Je ne veux pas prendre rendez-vous.",
    ],
)
def test_what_is_not_wanted_is_not_offered(said: str) -> None:
    assert intent_of(said, TOOLS) is None


def test_a_person_who_does_something_is_no_person_to_talk_to() -> None:
    assert intent_of("I need a person who repairs grinders", TOOLS) is None


def test_nothing_is_wanted_of_a_tool_that_is_not_there() -> None:
    assert intent_of("I'd like to book a meeting", ["talk_to_a_person"]) is None


@pytest.mark.parametrize("name", ["aws-docs-qa", "xquad-en", "clapnq-dev", "mtrag-un", "scifact"])
def test_no_real_question_is_taken_for_a_wish(name: str) -> None:
    assert [each.text for each in read_task(real_data(name)).questions if intent_of(each.text, TOOLS)] == []


@pytest.mark.parametrize("file", ["kestrel/golden.jsonl", "guards/smalltalk.jsonl", "guards/near-aws.jsonl"])
def test_no_question_of_our_own_is_taken_for_a_wish(file: str) -> None:
    lines = (ROOT / "datasets" / file).read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line).get("question") or json.loads(line)["text"] for line in lines]
    assert len(asked) > 50
    assert [text for text in asked if intent_of(text, TOOLS)] == []


def test_the_reply_says_that_nothing_happens_before_a_yes() -> None:
    for intent in (Intent("book_meeting"), Intent("book_meeting", "de"), Intent("book_meeting", "pl")):
        assert intent.reply()
    assert "Nothing happens before you say yes" in Intent("book_meeting", "pl").summary("Book {it}")
