"""Two steps of a turn: what the passages say to the question is weighed, and where that is too little, nobody is asked.

In between, the scope rules (nodes.py): what is weighed tells it how near the site comes to the question.
"""

from __future__ import annotations

from dataclasses import replace

from langgraph.types import StreamWriter

from serving.agent.answerable import GUARD, Weigh, Weighed, answerable, strength, unanswered
from serving.agent.attacks import disarmed
from serving.agent.nodes import Update, in_the_sites_language, said
from serving.agent.scope import Nearness
from serving.agent.state import State


async def weigh(state: State, _writer: StreamWriter, *, weighing: Weigh) -> Update:
    """What the passages say to the question, without the lines that speak to a model."""
    turn = state["turn"]
    safe, rulings = disarmed(turn.passages)
    weighed = await weighing(in_the_sites_language(turn), safe, state["history"])
    ruled = replace(turn, rulings=(*turn.rulings, *rulings))
    return {"turn": ruled, "safe": safe, "weighed": weighed, "near": _near(state, weighed)}


async def decide(state: State, writer: StreamWriter) -> Update:
    """That the passages do not answer, said before a writer is asked; nothing where they do or nobody has weighed."""
    turn, weighed = state["turn"], state["weighed"]
    if weighed is None:
        return {}
    ruling = answerable(weighed)
    ruled = replace(turn, rulings=(*turn.rulings, ruling))
    if not ruling.allowed:
        # Unlike what a guard refuses it is part of the conversation, and the next question may lean on it.
        ruled = replace(ruled, answer=unanswered(weighed, turn.passages), declined=True, model=GUARD)
    return said(ruled, writer, state["began"])


def after_decide(state: State) -> str:
    """`answer`, or `offer` where there is none: a person may know."""
    return "offer" if state["turn"].answer else "answer"


def _near(state: State, weighed: Weighed | None) -> Nearness | None:
    closeness = state.get("closeness")
    if closeness is None:
        return None
    return Nearness(closeness, state.get("needed"), None if weighed is None else strength(weighed))
