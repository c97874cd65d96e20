"""A message that asks several things is taken apart; one that asks one thing stays as it is, letter by letter."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.records import Message, Passage
from serving.agent.parts import parts, retrieved
from serving.agent.state import Retrieved
from tests.fakes.retriever import passage


def questions(message: str) -> list[str]:
    return [part.question for part in parts(message)]


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        (
            "When are you open and do you ship to Norway?",
            ["When are you open?", "do you ship to Norway?"],
        ),
        ("When are you open? Do you ship to Norway?", ["When are you open?", "Do you ship to Norway?"]),
        ("when are you open and also do you ship", ["when are you open?", "do you ship?"]),
        (
            "Hi! I run a café. What is the price per kilo, and what happens if I pay late? Thanks!",
            ["I run a café. What is the price per kilo?", "what happens if I pay late?"],
        ),
        ("¿Cuándo abren? ¿Envían a Noruega?", ["¿Cuándo abren?", "¿Envían a Noruega?"]),
        (
            "What is tea? What is coffee? What is milk? What is sugar?",
            ["What is tea?", "What is coffee?", "What is milk? What is sugar?"],
        ),
    ],
)
def test_several_questions_are_several(message: str, asked: list[str]) -> None:
    assert questions(message) == asked


@pytest.mark.parametrize(
    "message",
    [
        "When are you open?",
        "What is the difference between how the Merlin heats and how the Harrier heats?",
        "Do you sell beans and grinders and what not?",
        "My grinder jammed and cut out, when will the motor start again?",
        "Which player got a penalty, which gave the Broncos a new set of downs?",
        "I want to know about returns and refunds.",
        "Who were Adam and who?",
        "",
    ],
)
def test_one_question_is_one(message: str) -> None:
    assert questions(message) == [message]


def test_greetings_and_thanks_are_no_part_of_what_is_asked() -> None:
    assert questions("Hi! When do you open?") == ["When do you open?"]
    assert questions("Thanks, that's great! And do you ship to Norway?") == ["And do you ship to Norway?"]
    assert questions("Hi! Thanks!") == ["Hi! Thanks!"]


def test_a_later_question_is_asked_after_the_earlier_one() -> None:
    said = Message("assistant", "Hello!")
    first, second = parts("Do you sell the Siskin, and how much is it?", [said])
    assert first.history == (said,)
    assert second.history == (said, Message("user", "Do you sell the Siskin?"))


class Shelves:
    """Finds `passages` by question; a promotion happens after the first search where told to."""

    def __init__(self, *, moves: bool = False, **found: Sequence[Passage]) -> None:
        self._found = found
        self._moves = moves
        self.asked: list[str] = []

    async def __call__(self, site: str, question: str, history: Sequence[Message]) -> Retrieved:
        self.asked.append(question)
        found = next((passages for word, passages in self._found.items() if word in question), ())
        build = f"build-{len(self.asked) if self._moves else 1}"
        return Retrieved(tuple(found), build, 1, 0.1 * len(found), search=question)


async def test_each_question_gets_its_share_of_passages_in_turns() -> None:
    tea = [passage("Tea", name=f"tea{n}") for n in range(6)]
    milk = [passage("Milk", name="milk0"), tea[0]]
    found = await retrieved(Shelves(tea=tea, milk=milk), "demo", "What is tea? What is milk?", [])
    assert [each.chunk.document for each in found.passages] == ["tea0", "milk0", "tea1", "tea2"]
    assert found.closeness == pytest.approx(0.6)
    assert found.search == "What is tea? What is milk?"


async def test_passages_of_two_builds_are_never_mixed() -> None:
    shelves = Shelves(moves=True, tea=[passage("Tea")], milk=[passage("Milk", name="milk")])
    found = await retrieved(shelves, "demo", "What is tea? What is milk?", [])
    assert shelves.asked[-1] == "What is tea? What is milk?"
    assert found.build == "build-3"
    assert len(found.passages) == 1
