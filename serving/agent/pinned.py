"""The step before the search: a question whose answer the site's owner has fixed gets that one. Asks no model.

Of a message that asks several things each question is looked at by itself, so that no pin answers for the others.

Knows no vectors: whether a pin answers the question is said by the one who is asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from langgraph.types import StreamWriter

from core.records import Citation, Event, Message, Pin, Turn
from serving.agent.parts import Part, parts
from serving.agent.state import FindPin, State

MODEL = "pinned"  # what such a turn names as its model


async def no_pins(_site: str, _question: str, _history: Sequence[Message]) -> Pin | None:
    """For sites without any."""
    return None


async def pinned(state: State, writer: StreamWriter, *, find: FindPin) -> dict[str, Any]:
    """The turn with the pinned answers, if all that is asked has one, each citing the page that the owner named.

    Where only some of several questions have one, the turn goes on with the others; `joined` adds what is pinned.
    """
    turn = state["turn"]
    message = turn.search or turn.question
    asked = parts(message, state["history"])
    whole = await find(turn.session.site, message, state["history"])
    if whole and len(parts(whole.question)) >= len(asked):
        return _answered(state, writer, [whole])
    found = [await find(turn.session.site, part.question, part.history) for part in asked] if len(asked) > 1 else []
    pins = [(part.question, pin) for part, pin in zip(asked, found, strict=False) if pin is not None]
    if not pins:
        return {}
    others = [part for part, pin in zip(asked, found, strict=True) if pin is None]
    if not others:
        return _answered(state, writer, [pin for _, pin in pins])
    question = " ".join(part.question for part in others)
    said = [*state["history"], *_before(others[0], pins)]
    return {"turn": replace(turn, question=question), "history": said, "pins": pins}


def after_pinned(state: State) -> str:
    """`remember` where pins have answered everything, and `offer` where something waits for that; else `recall`."""
    pending = state.get("pending")
    if state["turn"].answer:
        return "offer" if pending and not pending.alone else "remember"
    return "offer" if pending and pending.alone else "recall"


def joined(state: State, writer: StreamWriter) -> Turn:
    """The turn with the pinned answers after what was said of the rest, each after its question."""
    turn, pins = state["turn"], state.get("pins", ())
    if not pins:
        return turn
    told = [replace(pin, answer=f"{pin.question} {pin.answer}") for _, pin in pins]
    whole = _cited(replace(turn, declined=False), f"{turn.answer}\n\n", told)
    writer(Event("token", {"content": whole.answer.removeprefix(turn.answer)}))
    return whole


def _answered(state: State, writer: StreamWriter, pins: Sequence[Pin]) -> dict[str, Any]:
    answered = _cited(replace(state["turn"], model=MODEL), "", list(dict.fromkeys(pins)))
    writer(Event("token", {"content": answered.answer}))
    return {"turn": answered, "timings": {"first_token": round((perf_counter() - state["began"]) * 1000, 3)}}


def _before(other: Part, pins: Sequence[tuple[str, Pin]]) -> list[Message]:
    """What the other question may lean on: the pinned ones before it, with their answers."""
    earlier = {message.content for message in other.history if message.role == "user"}
    before = [(question, pin) for question, pin in pins if question in earlier]
    return [
        message for question, pin in before for message in (Message("user", question), Message("assistant", pin.answer))
    ]


def _cited(turn: Turn, said: str, pins: Sequence[Pin]) -> Turn:
    """The pins' answers as paragraphs after what was said, with marks beyond those of the passages."""
    paragraphs, citations = [], list(turn.citations)
    number = len(turn.passages)
    for pin in pins:
        number += bool(pin.url)
        paragraphs.append(f"{pin.answer} [{number}]" if pin.url else pin.answer)
        if pin.url:
            source = Citation(number, pin.id, title=pin.question, url=pin.url, heading="", quote=pin.answer)
            citations.append(source)
    return replace(turn, answer=said + "\n\n".join(paragraphs), citations=tuple(citations))
