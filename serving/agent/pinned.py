"""The step before the search: a question whose answer the site's owner has fixed gets that one. Asks no model.

Knows no vectors: whether a pin answers the question is said by the one who is asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from langgraph.types import StreamWriter

from core.records import Citation, Event, Message, Pin, Turn
from serving.agent.state import FindPin, State

MODEL = "pinned"  # what such a turn names as its model


async def no_pins(_site: str, _question: str, _history: Sequence[Message]) -> Pin | None:
    """For sites without any."""
    return None


async def pinned(state: State, writer: StreamWriter, *, find: FindPin) -> dict[str, Any]:
    """The turn with the pinned answer, which cites the page that the owner named; nothing where there is none."""
    turn = state["turn"]
    pin = await find(turn.session.site, turn.search or turn.question, state["history"])
    if pin is None:
        return {}
    answered = _answered(turn, pin)
    writer(Event("token", {"content": answered.answer}))
    return {"turn": answered, "timings": {"first_token": round((perf_counter() - state["began"]) * 1000, 3)}}


def after_pinned(state: State) -> str:
    """`tools`, or `remember` where a pin has answered."""
    return "remember" if state["turn"].answer else "tools"


def _answered(turn: Turn, pin: Pin) -> Turn:
    if not pin.url:
        return replace(turn, answer=pin.answer, model=MODEL)
    source = Citation(1, pin.id, title=pin.question, url=pin.url, heading="", quote=pin.answer)
    return replace(turn, answer=f"{pin.answer} [1]", model=MODEL, citations=(source,))
