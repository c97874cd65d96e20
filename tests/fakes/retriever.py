"""Passages made of a few lines, and a retriever that always finds the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.records import Chunk, Message, Passage
from serving.agent.state import Retrieved


def passage(
    text: str,
    *,
    title: str = "Returns",
    heading: str = "",
    dense: float | None = 0.6,
    name: str = "returns",
    url: str | None = None,
) -> Passage:
    """A passage of one short page."""
    chunk = Chunk(
        id=f"{name}#0",
        document=name,
        path=f"{name}.md",
        title=title,
        url=f"https://shop.example/{name}" if url is None else url,
        heading=heading,
        position=0,
        text=text,
        tokens=len(text.split()),
        sha256=name,
    )
    return Passage(chunk, score=0.0328, dense=dense)


@dataclass
class FixedRetriever:
    """Finds the same passages for every question, and notes what was searched for; fails where told to."""

    passages: Sequence[Passage] = ()
    fails: Exception | None = None
    closeness: float | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def __call__(self, site: str, question: str, history: Sequence[Message]) -> Retrieved:
        self.asked.append((site, question, *(message.content for message in history)))
        if self.fails:
            raise self.fails
        return Retrieved(tuple(self.passages), "build-1", 3, self.closeness)
