"""A build's pages, put together again from their chunks. Knows no questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np

from core.knowledge import BuildTable
from core.knowledge.passages import merged_text
from core.records import Chunk
from core.sentences import Sentence, split

_LETTERS = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading; `headings` is the path to it below the page's title."""

    headings: tuple[str, ...]
    text: str

    @property
    def heading(self) -> str:
        """The innermost heading; "" for what stands right under the title."""
        return self.headings[-1] if self.headings else ""

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """As the page shows them."""
        return split(self.text)


@dataclass(frozen=True)
class Page:
    """One document of a build."""

    path: str
    title: str
    sections: tuple[Section, ...]

    @cached_property
    def body(self) -> str:
        """All text below the headings."""
        return "\n\n".join(section.text for section in self.sections)

    @cached_property
    def small_words(self) -> frozenset[str]:
        """The words that the text writes small somewhere."""
        return frozenset(word for word in _LETTERS.findall(self.body) if word.islower())

    def where(self, section: Section) -> str:
        """The heading path of a section, title first."""
        return " > ".join(part for part in (self.title, *section.headings) if part)


def pages(table: BuildTable, seed: int = 0) -> Iterator[Page]:
    """All pages, in an order that is the seed's, each put together when it is reached."""
    documents = sorted(table.documents())
    for index in np.random.default_rng(seed).permutation(len(documents)):
        yield page_of(table.chunks(documents[index]))


def page_of(chunks: Sequence[Chunk]) -> Page:
    """A document's chunks, in reading order, as its page."""
    sections = [
        Section(tuple(heading.split(" > ")) if heading else (), merged_text(list(under)))
        for heading, under in groupby(chunks, key=lambda chunk: chunk.heading)
    ]
    return Page(chunks[0].path, chunks[0].title, tuple(sections))
