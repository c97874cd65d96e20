"""The conversation as a LangGraph, one turn at a time and with no checkpointer: what lasts is the host's.

`Agent` is what a host runs: events as they come, and the whole Turn as the last item.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import cast

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from core.records import Event, Message, Turn
from serving.agent import decide, nodes
from serving.agent.answerable import Weigh, unweighed
from serving.agent.nodes import Node, after_guard, after_scope, timed
from serving.agent.pinned import after_pinned, no_pins, pinned
from serving.agent.state import Afford, Asked, FindPin, Recall, Remember, Retriever, State, Writer

Graph = CompiledStateGraph[State, None, Asked, State]


def build_graph(
    *,
    guard: Node,
    pinned: Node,
    recall: Node,
    retrieve: Node,
    weigh: Node,
    scope: Node,
    answer: Node,
    remember: Node,
) -> Graph:
    """Guard the question; give its pinned answer, or recall, retrieve, weigh, see that it is of the site and can be
    answered, and answer.
    """
    graph = StateGraph(State, input_schema=Asked)
    graph.add_node("guard", timed("guard", guard))
    graph.add_node("pinned", timed("pinned", pinned))
    graph.add_node("recall", timed("recall", recall))
    graph.add_node("retrieve", timed("retrieve", retrieve))
    graph.add_node("weigh", timed("weigh", weigh))
    graph.add_node("scope", timed("scope", scope))
    graph.add_node("decide", timed("decide", decide.decide))
    graph.add_node("answer", timed("answer", answer))
    graph.add_node("remember", remember)
    graph.add_edge(START, "guard")
    graph.add_conditional_edges("guard", after_guard, ["pinned", "remember"])
    graph.add_conditional_edges("pinned", after_pinned, ["recall", "remember"])
    graph.add_edge("recall", "retrieve")
    graph.add_edge("retrieve", "weigh")
    graph.add_edge("weigh", "scope")
    graph.add_conditional_edges("scope", after_scope, ["decide", "remember"])
    graph.add_conditional_edges("decide", decide.after_decide, ["answer", "remember"])
    graph.add_edge("answer", "remember")
    graph.add_edge("remember", END)
    return graph.compile()


async def _no_notes(_turn: Turn, _history: Sequence[Message]) -> Sequence[Message]:
    """What is recalled where nothing is kept."""
    return ()


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
        weigh: Weigh = unweighed,
    ) -> None:
        self._graph = build_graph(
            guard=partial(nodes.guard, longest=longest_question, policy_for=policy_for),
            pinned=partial(pinned, find=find_pin),
            recall=partial(nodes.recall, notes=recall),
            retrieve=partial(nodes.retrieve, find=retrieve),
            weigh=partial(decide.weigh, weighing=weigh),
            scope=partial(nodes.scope, policy_for=policy_for),
            answer=partial(nodes.answer, writer_for=writer_for, policy_for=policy_for, afford=afford),
            remember=partial(nodes.remember, commit=remember),
        )

    async def stream(self, turn: Turn, history: Sequence[Message]) -> AsyncGenerator[Event | Turn, None]:
        """Status, sources and tokens, then the turn itself: done and committed.

        Closing the stream, or cancelling its reader, ends the model call and leaves nothing running.
        """
        asked: Asked = {"turn": turn, "history": history}
        items = cast("AsyncGenerator[Event | Turn, None]", self._graph.astream(asked, stream_mode="custom"))
        async with aclosing(items):
            async for item in items:
                yield item
