"""A drafted question: what a reviewer reads, and the line of `golden.jsonl` that it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, Protocol, get_args

from core.words import words
from evals.drafting.pages import Page

How = Literal["faq", "fact", "rule", "table", "definition", "heading", "model"]
_ARTICLES = frozenset({"a", "an", "the"})
HOW: tuple[How, ...] = get_args(How)


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with answers as the pages word them; `heading` is where on the first page it was found."""

    question: str
    answers: tuple[str, ...]
    how: How
    pages: tuple[str, ...]
    heading: str = ""

    @property
    def asked(self) -> str:
        """The question without case, punctuation and articles: the same for the same question."""
        return " ".join(word for word in words(self.question) if word not in _ARTICLES)

    @property
    def id(self) -> str:
        """The same for the same question, whichever day it is drafted."""
        return f"draft-{sha256(self.asked.encode()).hexdigest()[:10]}"

    def row(self) -> dict[str, Any]:
        """The object of its line, in `qa.jsonl` form."""
        return {
            "_id": self.id,
            "question": self.question,
            "answers": list(self.answers),
            "answerable": True,
            "evidence": list(self.pages),
            "how": self.how,
            "drafted_from": self.heading,
        }


class Drafter(Protocol):
    """One kind of question."""

    def __call__(self, page: Page) -> Iterator[Draft]:
        """What the page gives, in reading order."""
