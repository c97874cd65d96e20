"""What visitors type where an offer is open, instead of using its form: a yes, a no, or details that it lacks.

Nothing is done on any of it. A yes is told where to press; details go into the form, which is then offered anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from langgraph.types import StreamWriter

from core.records import Action, Event, FormField, Ruling, Turn
from serving.agent.parts import clauses
from serving.agent.state import Pending, State
from serving.agent.tools.details import MAIL
from serving.agent.tools.intents import heard, is_asking, says_nothing, typed_answer
from serving.agent.tools.introduction import introduced
from serving.agent.tools.offering import Offering
from serving.agent.tools.tool import Details, Tool

MODEL = "tools"  # what a turn names that offers something and asked no model
GUARD = "tools"


@dataclass(frozen=True, slots=True)
class Told:
    """Details for what is offered, and the questions beside them."""

    details: Details
    rest: str = ""


def offer_event(action: Action) -> Event:
    """What the client is sent of it: an offer, or one that is over, as its state says."""
    return Event("action", {"action": action.payload()})


async def answered(offering: Offering, state: State, writer: StreamWriter) -> Turn | None:
    """The turn, told where to press, for a yes that was typed; for a no, what was on offer is put away."""
    turn, history = state["turn"], state["history"]
    typed = typed_answer(turn.question)
    if typed is None or (history and history[-1].content.endswith("?")):  # then it answers that
        return None
    action = await offering.waiting(turn.session)
    if action is None:
        return None
    writer(Event("token", {"content": typed.reply()}))
    writer(offer_event(action if typed.yes else await offering.decline(action)))
    reason = f"A typed {'yes' if typed.yes else 'no'} to {action.tool}."
    return replace(
        turn, answer=typed.reply(), model=MODEL, rulings=(*turn.rulings, Ruling(GUARD, allowed=True, reason=reason))
    )


async def completed(
    offering: Offering, turn: Turn, known: Mapping[str, Tool], said: Sequence[str]
) -> tuple[Pending, str] | None:
    """What is open, with the details that the visitor has typed, and what was asked beside them."""
    action = await offering.waiting(turn.session)
    if action is None or action.tool not in known:
        return None
    told = details_in(turn.question, known[action.tool], action.fields)
    if told is None:
        return None
    before = {field.name: field.value for field in action.fields}
    wishes = (wish for text in reversed(said) if (wish := heard(text, list(known))))
    language = next((wish.intent.language for wish in wishes), "en")
    return Pending(action.tool, language, {**before, **told.details}, typed=True), told.rest


def details_in(message: str, tool: Tool, offered: Sequence[FormField]) -> Told | None:
    """The details in a message that gives some and asks nothing, or else asks in sentences of their own.

    Where no address stands by itself, every word has to be about the details.
    """
    sentences = clauses(message) or [message]
    asking = [each for each in sentences if is_asking(introduced(each).rest)]
    given = " ".join(each for each in sentences if each not in asking) if asking else message
    introduction = introduced(given)
    own, rest = tool.hears(introduction.rest, offered)
    details = {**own, **introduction.details}
    by_itself = "email" in introduction.details and not MAIL.search(introduction.rest)
    if not details or not (by_itself or says_nothing(rest)):
        return None
    return Told(details, " ".join(asking))
