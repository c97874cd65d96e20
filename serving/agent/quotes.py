"""What is quoted of one passage, and the paragraph that it makes. Knows no question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from core.records import Passage
from core.sentences import Sentence


@dataclass(frozen=True)
class Quotes:
    """Sentences of the n-th passage, in the page's order."""

    n: int
    passage: Passage
    sentences: tuple[Sentence, ...]

    @property
    def paragraph(self) -> str:
        """Prose runs on, items stand below each other; items that nothing introduces say where they stand."""
        blocks = [f"{self.place}:"] if self.sentences[0].item else []
        for item, group in groupby(self.sentences, key=lambda sentence: sentence.item):
            told = list(group)
            after_list = "\n" if blocks and not item else ""
            blocks += self._items(told) if item else [after_list + " ".join(map(self._marked, told))]
        return "\n".join(blocks)

    @property
    def place(self) -> str:
        """The page, and the heading they stand under."""
        heading = self.passage.chunk.heading.rpartition(" > ")[2]
        return ", ".join(dict.fromkeys(filter(None, [self.passage.chunk.title, heading])))

    def _items(self, items: Sequence[Sentence]) -> Iterator[str]:
        """A line each, those of a list within a list further in; a row of a table stands as far out as any."""
        depths = [max(1, each.depth) for each in items]
        return (
            "  " * (depth - min(depths)) + f"- {self._marked(each)}" for depth, each in zip(depths, items, strict=True)
        )

    def _marked(self, sentence: Sentence) -> str:
        return f"{sentence.text} [{self.n}]"
