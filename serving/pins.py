"""Which pinned answer a question asks for, if any: by meaning, but not where one number, name or word differs.

The question is spelled, and its vector asked for, as the search does both, through the same store of recent vectors, so
that a turn costs no call more than without pins; a word that only a pin knows is put right for the pins alone. A
question that leans on what was said before it is no question of its own, and matches none. The figures behind the
threshold: evals/LOG.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from time import monotonic
from typing import Protocol, TypeVar

from core.particulars import names, negated, numbers
from core.records import Message, Pin
from core.similarity import STRANGERS, scaled, zero_of
from core.words import content, words
from serving.agent.followup import leans
from serving.context import asked
from serving.embedding import Embed
from serving.spelling import spelled
from serving.vocabulary import Vocabulary, vocabulary_of

R = TypeVar("R")

ALIKE = 0.85  # from this likeness on, a question asks for the pin

_SWAPPED = 3  # words in a row that stand for others in the same sentence
_FRESH = 2.0  # seconds that a site's pins are believed


class PinStore(Protocol):
    """The part of the database that knows pins; synchronous."""

    def of(self, site: str) -> list[Pin]:
        """The site's pins."""


class Pins:
    """The pins of all sites, as the database had them no more than two seconds ago."""

    def __init__(
        self,
        store: PinStore,
        threads: Executor,
        embed: Embed,
        reads: Callable[[str], Awaitable[tuple[str, Vocabulary]]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._threads = threads
        self._embed = embed
        self._reads = reads
        self._clock = clock
        self._seen: dict[str, tuple[float, list[Pin], Vocabulary]] = {}

    async def __call__(self, site: str, question: str, history: Sequence[Message]) -> Pin | None:
        """The pin that answers the question best, if one does."""
        pins, own = await self._of(site)
        if not pins or (history and leans(question)):
            return None
        model, known = await self._reads(site)
        meant = await self._in_thread(lambda: spelled(question, known, own).question)
        vector = (await self._embed(model, asked(meant, history).texts))[0]
        cosines = (await self._embed(model, [pin.question for pin in pins])) @ vector
        best = int(cosines.argmax())
        [likeness] = scaled([float(cosines[best])], zero_of(await self._embed(model, STRANGERS)))
        return pins[best] if likeness >= ALIKE and same_matter(meant, pins[best].question) else None

    async def _of(self, site: str) -> tuple[list[Pin], Vocabulary]:
        """The site's pins, and the words of their questions."""
        read_at, pins, own = self._seen.get(site, (-_FRESH, [], Vocabulary({})))
        if self._clock() - read_at >= _FRESH:
            pins = await self._in_thread(lambda: self._store.of(site))
            own = vocabulary_of(pin.question for pin in pins)
            self._seen[site] = (self._clock(), pins, own)
        return pins, own

    async def _in_thread(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def same_matter(one: str, other: str) -> bool:
    """Whether two questions that are alike differ in wording only: not in a number, a name, a `not`, or one word."""
    same_numbers = {each.parts for each in numbers(one)} == {each.parts for each in numbers(other)}
    same_names = _names_in(one, other) and _names_in(other, one)
    return same_numbers and same_names and negated(one) == negated(other) and not _one_thing_swapped(one, other)


def _names_in(one: str, other: str) -> bool:
    told = set(words(other))
    return all(told.intersection(name.parts) for name in names(one))


def _one_thing_swapped(one: str, other: str) -> bool:
    """`Can I freeze opened bags?` and `Can I freeze unopened bags?`: who asks otherwise words it otherwise."""
    left, right = words(one), words(other)
    before = _shared(left, right)
    left, right = left[before:], right[before:]
    after = _shared(left[::-1], right[::-1])
    kept = before + after
    swapped = [len(left) - after, len(right) - after]
    about_something = all(content(" ".join(rest[:count])) for rest, count in zip((left, right), swapped, strict=True))
    return min(swapped) > 0 and max(swapped) <= min(_SWAPPED, kept) and about_something


def _shared(one: list[str], other: list[str]) -> int:
    """How many words two lists begin with alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
