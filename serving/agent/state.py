"""What goes into a turn, what grows inside it, and the collaborators it is given. Knows no graph.

The state of a turn is the Turn itself: each node hands on a copy that knows more.
"""

from __future__ import annotations

import operator
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, Protocol, TypedDict

from langchain_core.callbacks import BaseCallbackHandler

from core.records import Message, Passage, Pin, Ruling, Turn, Usage
from serving.agent.evidence import Candidate
from serving.agent.language import Spoken
from serving.agent.scope import Nearness


class Asked(TypedDict):
    """What a turn begins with."""

    turn: Turn
    history: Sequence[Message]  # the session's earlier messages, oldest first; after recall, behind notes of older ones


@dataclass(frozen=True, slots=True)
class Pending:
    """What is offered, behind the answer where something else is asked; a pin may stand in for one that is `alone`."""

    tool: str
    language: str
    details: Mapping[str, str]
    failure: str = ""  # why it cannot be offered
    alone: bool = True
    typed: bool = False  # whether it is an open offer with details that were typed


class State(Asked, total=False):
    """What the nodes see: the turn so far, and when it began and what it took."""

    began: float  # time.perf_counter()
    message: str  # all of it as the visitor wrote it: the turn's question until its end is what is yet to be answered
    pins: Sequence[tuple[str, Pin]]  # the questions of the message that have one
    closeness: float | None  # as the retriever gave it
    needed: float | None
    safe: Sequence[Passage]  # the turn's passages without the lines that speak to a model
    weighed: Sequence[Sequence[Candidate]] | None  # the sentences that bear on the question; None: nobody weighs
    pending: Pending
    near: Nearness | None  # how near the passages come; None: nobody can tell
    timings: Annotated[dict[str, float], operator.or_]  # milliseconds by node


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages for a question, best first, and the one build they all come from."""

    passages: tuple[Passage, ...]
    build: str
    table_version: int
    closeness: float | None = None  # how much nearer the best one comes than this build asks; below 0 none is near
    needed: float | None = None  # the likeness that this build asks for: the more, the denser its pages are
    search: str = ""  # what was searched for, where that is not the question letter by letter


class Retriever(Protocol):
    """Finds the passages of a site's live build; NotFoundError when the site has none."""

    async def __call__(self, site: str, question: str, history: Sequence[Message]) -> Retrieved:
        """The best passages for `question`, as it is meant after `history`."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The last thing a writer gives: whether it declined, who wrote, what was paid, and what a guard said of it."""

    declined: bool = False
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0  # US dollars
    model: str = ""  # where the writer is several in one
    rulings: tuple[Ruling, ...] = ()


class Writer(Protocol):
    """Answers from passages. A mark `[n]` in its text cites the n-th of them, counted from 1."""

    @property
    def name(self) -> str:
        """What the turn records as its model."""

    def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        """The answer in pieces as they come, then one Closing; ModelError when there can be none."""


Recall = Callable[[Turn, Sequence[Message]], Awaitable[Sequence[Message]]]  # notes of what is older than the history


@dataclass(frozen=True, slots=True)
class Economy:
    """Who answers while a site may spend nothing on models, and why that is."""

    writer: Writer
    ruling: Ruling


Afford = Callable[[str], Awaitable[Economy | None]]  # of a site; None: its models may be asked
FindPin = Callable[[str, str, Sequence[Message]], Awaitable[Pin | None]]  # of a site, for a question after a history
Speaks = Callable[[str], Awaitable[Spoken]]  # of a site
Remember = Callable[[Turn], Awaitable[None]]  # commits the finished turn
Observe = Callable[[Turn], AbstractContextManager[Sequence[BaseCallbackHandler]]]  # who watches the turn, until it ends
Owe = Callable[[Turn], None]  # keeps what a turn has cost that will not be finished
