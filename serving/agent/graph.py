"""The conversation as a LangGraph, one turn at a time and with no checkpointer: what lasts is the host's.

`Agent` is what a host runs: events as they come, and the whole Turn as the last item.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from functools import partial
from typing import Protocol, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StreamWriter

from core.records import Event, Message, Turn
from serving.agent import decide, nodes
from serving.agent.answerable import Weigh, unweighed
from serving.agent.nodes import Node, after_guard, after_scope, timed
from serving.agent.pinned import after_pinned, no_pins, pinned
from serving.agent.rewrite import RewriterFor, after_rewrite, any_language, no_rewriter, rewrite
from serving.agent.state import (
    Afford,
    Asked,
    FindPin,
    Observe,
    Owe,
    Recall,
    Remember,
    Retriever,
    Speaks,
    State,
    Writer,
)
from serving.agent.tab import open_tab
from serving.agent.tools.offering import NoTools, Offering
from serving.agent.tools.steps import after_tools, offer, refused, tools

Graph = CompiledStateGraph[State, None, Asked, State]
Fork = Callable[[State], str]  # the step that comes next, by what is known now


class ForkedNode(Protocol):
    """A step that says which one comes next."""

    def __call__(self, state: State, writer: StreamWriter) -> Awaitable[Command[str]]:
        """What the step learnt, and the way on."""


def build_graph(steps: Mapping[str, Node]) -> Graph:
    """Guard the question; hear what is to be done; give the pinned answer, or recall, make the question stand alone,
    retrieve, weigh, see that it is of the site and can be answered, and answer; offer what is to be done, or a person
    where there is no answer.
    """
    forks: dict[str, tuple[Fork, tuple[str, ...]]] = {
        "guard": (after_guard, ("tools", "remember")),
        "tools": (after_tools, ("pinned", "remember")),
        "pinned": (after_pinned, ("recall", "offer", "remember")),
        "rewrite": (_unless_pending(after_rewrite), ("retrieve", "offer", "remember")),
        "scope": (_unless_pending(after_scope), ("decide", "offer", "remember")),
        "decide": (decide.after_decide, ("answer", "offer")),
    }
    graph = StateGraph(State, input_schema=Asked)
    for name, step in steps.items():
        measured = step if name == "remember" else timed(name, step)  # which tells its own time
        after, ways = forks.get(name, (None, ()))
        graph.add_node(name, _forked(measured, after) if after else measured, destinations=ways)
    graph.add_edge(START, "guard")
    graph.add_edge("recall", "rewrite")
    graph.add_edge("retrieve", "weigh")
    graph.add_edge("weigh", "scope")
    graph.add_edge("answer", "offer")
    graph.add_edge("offer", "remember")
    graph.add_edge("remember", END)
    return graph.compile()


def _forked(node: Node, after: Fork) -> ForkedNode:
    """The same step, with the way on. As an edge `after` would be run in a thread, and traced."""

    async def forked(state: State, writer: StreamWriter) -> Command[str]:
        update = await node(state, writer)
        return Command(update=update, goto=after(cast("State", {**state, **update})))

    return forked


def _unless_pending(after: Fork) -> Fork:
    """The same way on, past `offer` where the turn would end with something pending."""
    return lambda state: refused(state) if (way := after(state)) == "remember" else way


async def _no_notes(_turn: Turn, _history: Sequence[Message]) -> Sequence[Message]:
    """What is recalled where nothing is kept."""
    return ()


def unobserved(_turn: Turn) -> AbstractContextManager[Sequence[BaseCallbackHandler]]:
    """Nobody watches."""
    return nullcontext(())


class Agent:
    """Answers turns, many at once. `remember` commits a finished turn before the stream ends."""

    def __init__(
        self,
        *,
        retrieve: Retriever,
        writer_for: Callable[[str], Writer],
        remember: Remember,
        longest_question: int,
        policy_for: Callable[[str], str] = lambda _site: "",
        recall: Recall = _no_notes,
        find_pin: FindPin = no_pins,
        afford: Afford = nodes.unlimited,
        speaks: Speaks = any_language,
        rewriter_for: RewriterFor = no_rewriter,
        observe: Observe = unobserved,
        owe: Owe = lambda _turn: None,
        weigh: Weigh = unweighed,
        offering: Offering | None = None,
    ) -> None:
        self._observe = observe
        self._owe = owe
        offering = offering or NoTools()
        self._graph = build_graph(
            {
                "guard": partial(nodes.guard, longest=longest_question, policy_for=policy_for),
                "pinned": partial(pinned, find=find_pin),
                "tools": partial(tools, offering=offering),
                "recall": partial(nodes.recall, notes=recall),
                "rewrite": partial(rewrite, speaks=speaks, rewriter_for=rewriter_for, afford=afford),
                "retrieve": partial(nodes.retrieve, find=retrieve),
                "weigh": partial(decide.weigh, weighing=weigh),
                "scope": partial(nodes.scope, policy_for=policy_for),
                "decide": decide.decide,
                "answer": partial(nodes.answer, writer_for=writer_for, policy_for=policy_for, afford=afford),
                "offer": partial(offer, offering=offering),
                "remember": partial(nodes.remember, commit=remember),
            }
        )

    async def stream(self, turn: Turn, history: Sequence[Message]) -> AsyncGenerator[Event | Turn, None]:
        """Status, sources and tokens, then the turn itself: done and committed.

        Closing the stream, or cancelling its reader, ends the model call and leaves nothing running.
        """
        tab = open_tab()
        try:
            async with aclosing(self._items(turn, history)) as items:
                async for item in items:
                    yield item
        except BaseException:  # cut short, or failed after it was paid for
            if tab.model:
                self._owe(tab.on(turn))
            raise

    async def _items(self, turn: Turn, history: Sequence[Message]) -> AsyncGenerator[Event | Turn, None]:
        asked: Asked = {"turn": turn, "history": history}
        done: Turn | None = None
        with self._observe(turn) as watching:
            stream = self._graph.astream(asked, _config(turn, watching), stream_mode="custom")
            async with aclosing(cast("AsyncGenerator[Event | Turn, None]", stream)) as items:
                async for item in items:
                    if isinstance(item, Turn):
                        done = item  # until the graph has ended, or who watches would see it cut short
                    else:
                        yield item
        if done:
            yield done


def _config(turn: Turn, watching: Sequence[BaseCallbackHandler]) -> RunnableConfig:
    """How those who watch know the turn, LangSmith among them."""
    known = {"turn_id": turn.id, "site": turn.session.site}
    return {"run_name": "turn", "metadata": known, "callbacks": [*watching]}
