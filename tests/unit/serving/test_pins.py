"""Which question gets a pinned answer, and what looking for one costs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.records import Message, Pin
from serving.context import asked
from serving.embedding import RecentVectors, Vectors
from serving.pins import Pins, same_matter
from serving.vocabulary import Vocabulary
from tests.fakes.models import word_vectors

PINS = [Pin("p1", "demo", "Do you ship to Norway?", "Yes."), Pin("p2", "demo", "Who repairs grinders?", "Ada.")]
PAGES = Vocabulary({"grinders": 3, "swede": 2, "repairs": 1, "norwegian": 1})
HISTORY = [Message("user", "Tell me about Norway"), Message("assistant", "A country.")]


class World:
    """Pins, and an embedding that notes what it was asked."""

    def __init__(self, pins: Sequence[Pin] = PINS) -> None:
        self.pins = list(pins)
        self.calls: list[list[str]] = []
        self.seconds = 100.0
        self.recent = RecentVectors(self.embed)
        self.find = Pins(self, ThreadPoolExecutor(1), self.recent, self.reads, lambda: self.seconds)

    def of(self, site: str) -> list[Pin]:
        return [pin for pin in self.pins if pin.site == site]

    async def embed(self, _model: str, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        return await word_vectors(texts)

    async def reads(self, _site: str) -> tuple[str, Vocabulary]:
        return "words", PAGES


async def test_a_question_like_a_pinned_one_gets_its_pin() -> None:
    world = World()
    assert await world.find("demo", "do you ship... to Norway", []) == PINS[0]
    assert await world.find("demo", "So who repairs the grinders?", []) == PINS[1]


@pytest.mark.parametrize("text", ["Do you sell socks?", "Do you ship to Sweden?", "Don't you ship to Norway?"])
async def test_another_question_gets_none(text: str) -> None:
    assert await World().find("demo", text, []) is None


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        ("Do you shpi to Norwya?", PINS[0]),  # whose words no page has
        ("Who repiars grindres?", PINS[1]),
        ("Do you ship to Swede?", None),  # which some page has: it is no slip
        ("Do you ship to Nrway?", PINS[0]),
        ("Do you ship to Norwich?", None),  # English has it
    ],
)
async def test_a_misspelt_question_gets_the_pin_that_is_meant(text: str, pin: Pin | None) -> None:
    assert await World().find("demo", text, []) == pin


async def test_pins_are_their_sites_own() -> None:
    assert await World().find("other", "Do you ship to Norway?", []) is None


async def test_a_question_that_leans_on_the_conversation_gets_none() -> None:
    world = World([Pin("p", "demo", "And Norway?", "Yes.")])
    assert await world.find("demo", "And Norway?", HISTORY) is None
    assert await world.find("demo", "And Norway?", []) is not None


async def test_without_pins_nothing_is_embedded() -> None:
    world = World([])
    await world.find("demo", "Do you ship to Norway?", HISTORY)
    assert world.calls == []


async def test_the_search_after_it_finds_every_vector_known() -> None:
    world = World()
    await world.find("demo", "Do you sell warm socks for winters?", HISTORY)
    before = len(world.calls)
    await world.recent("words", asked("Do you sell warm socks for winters?", HISTORY).texts)
    assert len(world.calls) == before
    await world.find("demo", "Do you sell grindres for winters?", HISTORY)
    before = len(world.calls)
    await world.recent("words", asked("Do you sell grinders for winters?", HISTORY).texts)
    assert len(world.calls) == before
    await world.find("demo", "Which boots have you got for winters?", [])
    assert world.calls[before:] == [["Which boots have you got for winters?"]]


async def test_a_new_pin_is_followed_within_seconds() -> None:
    world = World([])
    assert await world.find("demo", "Do you ship to Norway?", []) is None
    world.pins = list(PINS)
    world.seconds += 2
    assert await world.find("demo", "Do you ship to Norway?", []) == PINS[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("How long is a gift card valid?", "When does a gift card expire?", True),
        ("Can I freeze opened bags of beans?", "Can I freeze unopened bags of beans?", False),
        ("Are you open on Christmas Eve 2026?", "Are you open on Christmas Eve 2027?", False),
        ("Are you open on Easter Monday?", "Are you open on Easter Sunday?", False),
        ("Can I pause my subscription?", "Why can't I pause my subscription?", False),
        ("Does the Merlin need descaling?", "Does the Harrier need descaling?", False),
        ("Where can I park?", "Where can I park, and what does it cost?", True),
    ],
)
def test_alike_is_not_the_same(one: str, other: str, same: bool) -> None:
    assert same_matter(one, other) is same_matter(other, one) is same
