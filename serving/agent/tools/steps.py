"""The two steps of a turn that offer something to be done: where it is asked for, and where an answer has none.

Neither does anything but offer. What is offered waits as an action for the visitor's yes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from langgraph.types import StreamWriter

from core.errors import FrontdeskError, ToolError
from core.records import Action, Event, FormField, Message, Ruling, Turn
from serving.agent.state import Closing, State
from serving.agent.tab import spending
from serving.agent.tools import handover
from serving.agent.tools.details import in_own_words, is_complete
from serving.agent.tools.dialogue import Wish, dialogue
from serving.agent.tools.intents import Intent, intent_of
from serving.agent.tools.offering import Offering
from serving.agent.tools.tool import Details, Tool, fields_in_time

logger = logging.getLogger(__name__)

MODEL = "tools"  # what a turn names that offers something and asked no model
_GUARD = "tools"
_RECENT = 2  # of the visitor's earlier messages: what they asked to be done may still be talked about
_LONGEST = 30.0  # seconds that a model may take over what is wanted
_LIST = 4  # free times that are told in words
_BARE = 9  # words up to which a wish without a number or an address holds nothing for a model to read

Update = dict[str, Any]


async def tools(state: State, writer: StreamWriter, *, offering: Offering) -> Update:
    """The turn, answered with an offer, where the visitor asks for something that the site's tools do."""
    turn = state["turn"]
    known = await offering.tools(turn.session.site)
    said = [*_visitors(state["history"]), turn.question]
    intent = intent_of(turn.question, list(known))
    wish = await _wished(offering, turn, known, intent, said) if known else None
    if wish is None or not wish.tool:
        return {"turn": _paid(turn, wish.bill)} if wish else {}
    paid = replace(_paid(turn, wish.bill), model=wish.bill.model or MODEL)
    details = {"message": _message(said), **in_own_words(wish.details, said)}
    wanted = Intent(wish.tool, intent.language if intent else "en")
    writer(Event("status", {"content": "preparing"}))
    answered, action = await _offered(offering, paid, known, wanted, details, wish.failure)
    writer(Event("token", {"content": answered.answer}))
    if action:
        writer(offer_event(action))
    return {"turn": answered, "timings": {"first_token": round((perf_counter() - state["began"]) * 1000, 3)}}


def after_tools(state: State) -> str:
    """`recall`, or `remember` where something was offered."""
    return "remember" if state["turn"].answer else "recall"


async def offer_person(state: State, writer: StreamWriter, *, offering: Offering) -> Update:
    """Where the pages had no answer, a person may: offered once in a session, with the question filled in."""
    turn = state["turn"]
    tool = (await offering.tools(turn.session.site)).get(handover.NAME) if _lacks_an_answer(turn) else None
    if tool is None or await offering.was_offered(turn.session, handover.NAME):
        return {}
    writer(offer_event(await offering.offer(turn, tool, await tool.fields({"message": turn.question}))))
    return {"turn": replace(turn, rulings=(*turn.rulings, _ruling(handover.NAME)))}


def offer_event(action: Action) -> Event:
    """What the client is sent of it."""
    return Event("action", {"action": action.payload()})


async def _wished(
    offering: Offering, turn: Turn, known: Mapping[str, Tool], intent: Intent | None, said: Sequence[str]
) -> Wish:
    """What the visitor wants done: by the wording alone where it says all, or no model may be asked."""
    if intent and _is_bare(said[-1]):
        return Wish(intent.tool)
    talked_about = any(intent_of(text, list(known)) for text in said[-1 - _RECENT :])
    caller, spent = await offering.caller(turn.session.site) if talked_about else None, spending()
    if caller is not None:
        try:
            async with asyncio.timeout(_LONGEST):
                return await dialogue(caller, known, said, offering.now())
        except (FrontdeskError, TimeoutError) as error:  # the model is away, or the calendar is: a form needs less
            logger.warning("the dialogue about tools failed (%s); a form stands in", type(error).__name__)
    return Wish(intent.tool if intent else "", bill=spent())


async def _offered(
    offering: Offering, turn: Turn, known: Mapping[str, Tool], intent: Intent, details: Details, failure: str = ""
) -> tuple[Turn, Action | None]:
    """The turn with its answer, and what is offered; a person where a calendar has nothing to offer."""
    tool = known[intent.tool]
    try:
        fields = await _fields(tool, details, failure)
    except ToolError as error:
        if intent.tool == handover.NAME or handover.NAME not in known:
            return replace(turn, answer=error.message, declined=True), None
        person = Intent(handover.NAME, intent.language)
        turn, action = await _offered(offering, turn, known, person, details)
        return replace(turn, answer=f"{error.message} {turn.answer}"), action
    action = await offering.offer(turn, tool, fields)
    answer = intent.summary(action.title) if is_complete(fields) else _invitation(intent, fields)
    return replace(turn, answer=answer, rulings=(*turn.rulings, _ruling(intent.tool))), action


def _invitation(intent: Intent, fields: Sequence[FormField]) -> str:
    """The reply, with some of the times that a form has to choose from."""
    times = [told for field in fields for _, told in field.choices][:_LIST]
    return f"{intent.reply()} {intent.times('; '.join(times))}" if times else intent.reply()


def _lacks_an_answer(turn: Turn) -> bool:
    """Declined, though the question is one for the site."""
    return turn.declined and all(ruling.allowed for ruling in turn.rulings if ruling.guard == "scope")


async def _fields(tool: Tool, details: Details, failure: str) -> tuple[FormField, ...]:
    """The tool's fields; ToolError where there are none, or where a model that asked for them has met with none."""
    if failure:
        raise ToolError(failure)
    return await fields_in_time(tool, details)


def _is_bare(message: str) -> bool:
    return len(message.split()) <= _BARE and not any(sign.isdigit() or sign == "@" for sign in message)


def _message(said: Sequence[str]) -> str:
    """What a person should be told: this message, if it tells something, else the one before."""
    *before, last = said
    if not _is_bare(last):
        return last
    return before[-1] if before else ""


def _visitors(history: Sequence[Message]) -> list[str]:
    return [message.content for message in history if message.role == "user"]


def _paid(turn: Turn, bill: Closing) -> Turn:
    return replace(turn, usage=turn.usage + bill.usage, cost=turn.cost + bill.cost)


def _ruling(tool: str) -> Ruling:
    return Ruling(_GUARD, allowed=True, reason=f"{tool} was offered: it waits for the visitor's yes.")
