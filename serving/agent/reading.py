"""What a passage holds, read once while it is popular: its words, and its sentences as they are weighed.

Knows no question.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from core.records import Chunk
from core.sentences import Sentence, split
from core.words import content, stem, words

Terms = frozenset[str]


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence at its position in the passage, with its stems and those of its headings."""

    position: int
    sentence: Sentence
    embedded: str  # a row of a table means little without its page's title
    own: Terms
    context: Terms


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage's words with those of its place, folded; their stems; the stems of those that are about something."""

    words: Terms
    stems: Terms
    terms: Terms
    lines: tuple[Line, ...]


@lru_cache(maxsize=512)  # some 10 MiB; popular passages come again and again
def read(chunk: Chunk) -> Reading:
    """All that is in it."""
    everything = f"{chunk.title} {chunk.heading} {chunk.text}"
    told = frozenset(words(everything))
    lines = tuple(_line(chunk, position, each) for position, each in enumerate(split(chunk.text)))
    return Reading(told, frozenset(map(stem, told)), frozenset(content(everything)), lines)


def _line(chunk: Chunk, position: int, sentence: Sentence) -> Line:
    return Line(
        position,
        sentence,
        embedded=f"{chunk.title}: {sentence.text}" if sentence.is_row else sentence.text,
        own=frozenset(content(sentence.text)),
        context=frozenset(content(f"{chunk.title} {chunk.heading} {sentence.context}")),
    )
