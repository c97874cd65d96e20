"""The steps of a turn: guard, recall, retrieve, answer, remember. Each gets its collaborators passed in.

A step takes the state and a `writer` (LangGraph's name for where a stream's items go) and returns what it learnt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from time import perf_counter
from typing import Any, Protocol

from langgraph.types import StreamWriter

from core.records import Event, TurnStatus, now
from serving.agent import prompts
from serving.agent.citations import Marks, cite
from serving.agent.sources import source_fields
from serving.agent.state import Afford, Closing, Economy, Recall, Remember, Retriever, State, Writer

Update = dict[str, Any]  # the part of State that a step changes


class Node(Protocol):
    """A step with its collaborators in it."""

    def __call__(self, state: State, writer: StreamWriter) -> Awaitable[Update]:
        """What the step learnt; `writer` takes the stream's items."""


def timed(name: str, node: Node) -> Node:
    """The same step, its milliseconds noted under its name."""

    async def measured(state: State, writer: StreamWriter) -> Update:
        began = perf_counter()
        update = await node(state, writer)
        return {**update, "timings": {**update.get("timings", {}), name: _since(began)}}

    return measured


async def guard(state: State, writer: StreamWriter, *, longest: int) -> Update:
    """Answers what needs no model: nothing asked, or too much at once."""
    began, turn = perf_counter(), state["turn"]
    refusal = _refusal(turn.question, longest)
    if not refusal:
        return {"began": began}
    writer(_token(refusal))
    refused = replace(turn, answer=refusal, declined=True)
    return {"began": began, "turn": refused, "timings": {"first_token": _since(began)}}


def after_guard(state: State) -> str:
    """`pinned`, or `remember` where the guard has answered."""
    return "remember" if state["turn"].answer else "pinned"


async def recall(state: State, _writer: StreamWriter, *, notes: Recall) -> Update:
    """The history, behind notes of what is older."""
    return {"history": [*await notes(state["turn"], state["history"]), *state["history"]]}


async def retrieve(state: State, writer: StreamWriter, *, find: Retriever) -> Update:
    """The passages of the one build that is live now, shown as sources."""
    turn = state["turn"]
    writer(Event("status", {"content": "searching"}))
    found = await find(turn.session.site, turn.question, state["history"])
    writer(Event("sources", {"sources": [source_fields(passage) for passage in found.passages]}))
    known = replace(turn, passages=found.passages, build=found.build, table_version=found.table_version)
    return {"turn": known}


async def unlimited(_site: str) -> Economy | None:
    """For sites without a cap."""
    return None


async def answer(
    state: State,
    writer: StreamWriter,
    *,
    writer_for: Callable[[str], Writer],
    policy_for: Callable[[str], str],
    afford: Afford,
) -> Update:
    """The writer's words as tokens, its marks checked and bound to the passages they cite."""
    turn, site = state["turn"], state["turn"].session.site
    economy = await afford(site)
    writer(Event("status", {"content": "quoting" if economy else "writing"}))
    author, voice = economy.writer if economy else writer_for(site), _Voice(writer, state["began"], len(turn.passages))
    pieces = author.write(turn.question, turn.passages, state["history"], policy_for(site))
    async with aclosing(pieces):
        async for piece in pieces:
            voice.hear(piece)
    written = voice.finish()
    citations = cite(written, voice.marks.used, turn.passages)
    answered = replace(
        turn,
        answer=written,
        declined=voice.declined,
        citations=citations,
        model=voice.closing.model or author.name,
        usage=voice.closing.usage,
        cost=turn.cost + voice.closing.cost,
        rulings=(*turn.rulings, economy.ruling) if economy else turn.rulings,
    )
    return {"turn": answered, "timings": {"first_token": voice.first_token}}


async def remember(state: State, writer: StreamWriter, *, commit: Remember) -> Update:
    """The finished turn, committed and then handed out.

    What is committed cannot know how long its own commit took; what is handed out does.
    """
    began = perf_counter()
    timings = {**state["timings"], "total": _since(state["began"])}
    done = replace(state["turn"], status=TurnStatus.DONE, timings=timings, ended_at=now())
    await commit(done)
    timings = {**timings, "remember": _since(began), "total": _since(state["began"])}
    done = replace(done, timings=timings)
    writer(done)
    return {"turn": done}


class _Voice:
    """Says an answer token by token and keeps what was said."""

    def __init__(self, say: StreamWriter, began: float, passages: int) -> None:
        self.marks = Marks(passages)
        self.closing = Closing()
        self.first_token = 0.0
        self._say = say
        self._began = began
        self._said: list[str] = []

    @property
    def declined(self) -> bool:
        return self.closing.declined or (self.marks.declined and not self.marks.used)

    def hear(self, piece: str | Closing) -> None:
        if isinstance(piece, Closing):
            self.closing = piece
        else:
            self._speak(self.marks.feed(piece))

    def finish(self) -> str:
        """The whole answer; a writer that said nothing has declined."""
        self._speak(self.marks.finish())
        if not self._said:
            self.closing = replace(self.closing, declined=True)
            self._speak(prompts.NO_ANSWER)
        return "".join(self._said)

    def _speak(self, text: str) -> None:
        if text:
            self.first_token = self.first_token or _since(self._began)
            self._said.append(text)
            self._say(_token(text))


def _refusal(question: str, longest: int) -> str:
    if not question.strip():
        return prompts.EMPTY_QUESTION
    return prompts.TOO_LONG.format(longest=longest) if len(question) > longest else ""


def _token(text: str) -> Event:
    return Event("token", {"content": text})


def _since(began: float) -> float:
    return round((perf_counter() - began) * 1000, 3)
