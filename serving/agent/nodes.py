"""The steps of a turn: guard, recall, retrieve, scope, answer, remember. Each gets its collaborators passed in.

A step takes the state and a `writer` (LangGraph's name for where a stream's items go) and returns what it learnt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from time import perf_counter
from typing import Any, Protocol

from langgraph.types import StreamWriter

from core.records import Event, Turn, TurnStatus, now
from serving.agent import prompts
from serving.agent.citations import Marks, cite
from serving.agent.followup import leans
from serving.agent.guard import ruled_before
from serving.agent.parts import retrieved
from serving.agent.pinned import joined
from serving.agent.policy import read_policy
from serving.agent.rewrite import UNTRANSLATED
from serving.agent.scope import scope as ruled_in
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


async def guard(
    state: State, writer: StreamWriter, *, longest: int, policy_for: Callable[[str], str] = lambda _site: ""
) -> Update:
    """Answers what needs no passages: nothing asked, too much at once, small talk, an attack."""
    began, turn = perf_counter(), state["turn"]
    policy = read_policy(policy_for(turn.session.site))
    ruled = ruled_before(turn, longest=longest, about=policy.about, answering=bool(state["history"]))
    return {"began": began, "message": turn.question, **said(ruled, writer, began)}


def after_guard(state: State) -> str:
    """`tools`, or `remember` where the guard has answered."""
    return "remember" if state["turn"].answer else "tools"


async def recall(state: State, _writer: StreamWriter, *, notes: Recall) -> Update:
    """The history, behind notes of what is older."""
    return {"history": [*await notes(state["turn"], state["history"]), *state["history"]]}


async def scope(state: State, writer: StreamWriter, *, policy_for: Callable[[str], str]) -> Update:
    """The sources shown, or a question refused that the site is not about."""
    turn = state["turn"]
    policy = read_policy(policy_for(turn.session.site))
    near = None if _unmeasurable(turn, state) else state["near"]
    ruling = ruled_in(in_the_sites_language(turn), turn.passages, near, policy)
    if not ruling.allowed:
        outside = replace(turn, passages=(), answer=prompts.outside(policy.about), declined=True)
        return said(replace(outside, rulings=(*turn.rulings, ruling)), writer, state["began"])
    writer(Event("sources", {"sources": [source_fields(passage) for passage in turn.passages]}))
    return {"turn": replace(turn, rulings=(*turn.rulings, ruling))}


def _unmeasurable(turn: Turn, state: State) -> bool:
    """Whether it says too little by itself, or no page knows its words."""
    follows = bool(state["history"]) and leans(turn.question)
    return follows or any(ruling.guard == UNTRANSLATED for ruling in turn.rulings)


def in_the_sites_language(turn: Turn) -> str:
    """The question as typed; a translated one as it was searched for, for no page knows its words."""
    return turn.search if any(ruling.guard == "language" for ruling in turn.rulings) else turn.question


def after_scope(state: State) -> str:
    """`decide`, or `remember` where the question was refused."""
    return "remember" if state["turn"].answer else "decide"


async def retrieve(state: State, writer: StreamWriter, *, find: Retriever) -> Update:
    """The passages of the one build that is live now."""
    turn = state["turn"]
    writer(Event("status", {"content": "searching"}))
    alone = () if turn.search else state["history"]  # a rewritten question leans on nothing any more
    found = await retrieved(find, turn.session.site, turn.search or turn.question, alone)
    known = replace(turn, passages=found.passages, build=found.build, table_version=found.table_version)
    return {
        "turn": replace(known, search=found.search or turn.search or turn.question),
        "closeness": found.closeness,
        "needed": found.needed,
    }


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
    pieces = author.write(turn.question, state["safe"], state["history"], policy_for(site))
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
        usage=turn.usage + voice.closing.usage,
        cost=turn.cost + voice.closing.cost,
        rulings=(*turn.rulings, *([economy.ruling] if economy else []), *voice.closing.rulings),
    )
    return {"turn": answered, "timings": {"first_token": voice.first_token}}


async def remember(state: State, writer: StreamWriter, *, commit: Remember) -> Update:
    """The finished turn, with what was pinned and the whole message again, committed and then handed out.

    What is committed cannot know how long its own commit took; what is handed out does.
    """
    began = perf_counter()
    timings = {**state["timings"], "total": _since(state["began"])}
    whole = replace(joined(state, writer), question=state["message"])
    done = replace(whole, status=TurnStatus.DONE, timings=timings, ended_at=now())
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


def said(turn: Turn, writer: StreamWriter, began: float) -> Update:
    """The turn; what it answers already is said at once."""
    if not turn.answer:
        return {"turn": turn}
    writer(_token(turn.answer))
    return {"turn": turn, "timings": {"first_token": _since(began)}}


def _token(text: str) -> Event:
    return Event("token", {"content": text})


def _since(began: float) -> float:
    return round((perf_counter() - began) * 1000, 3)
