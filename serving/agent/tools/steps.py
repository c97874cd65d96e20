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
from serving.agent.state import Closing, Pending, State
from serving.agent.tab import spending
from serving.agent.tools import handover
from serving.agent.tools.details import in_own_words, is_complete
from serving.agent.tools.dialogue import Wish, dialogue
from serving.agent.tools.intents import Heard, Intent, heard
from serving.agent.tools.introduction import introduced
from serving.agent.tools.offering import Offering
from serving.agent.tools.tool import Details, Tool, fields_in_time
from serving.agent.tools.typed import GUARD, MODEL, answered, completed, offer_event

logger = logging.getLogger(__name__)

_RECENT = 2  # of the visitor's earlier messages: what they asked to be done may still be talked about
_LONGEST = 30.0  # seconds that a model may take over what is wanted
_LIST = 4  # free times that are told in words
_APART = "\n\n"  # between an answer and what is offered behind it
_BARE = 9  # words up to which a wish without a number or an address holds nothing for a model to read

Update = dict[str, Any]


async def tools(state: State, writer: StreamWriter, *, offering: Offering) -> Update:
    """What is pending, for `offer`, where the visitor asks for something that the site's tools do.

    What is asked beside it is the turn's question then. A typed yes or no is answered.
    """
    turn = state["turn"]
    known = await offering.tools(turn.session.site)
    if not known:
        return {}
    if settled := await answered(offering, state, writer):
        return {"turn": settled, "timings": {"first_token": _since(state)}}
    said = [*_visitors(state["history"]), turn.question]
    wanted = heard(turn.question, list(known))
    wish = await _wished(offering, turn, known, wanted, said)
    turn = _paid(turn, wish.bill)
    if wish.tool:
        pending, rest = _pending(wish, known[wish.tool], wanted, said), wanted.rest if wanted else ""
        pending = replace(pending, details={**await _entered(offering, turn, wish.tool), **pending.details})
    elif found := await completed(offering, turn, known, said):
        pending, rest = found
    else:
        return {"turn": turn}
    turn = replace(turn, question=rest) if rest else replace(turn, model=wish.bill.model)
    return {"turn": turn, "pending": replace(pending, alone=not rest)}


def after_tools(state: State) -> str:
    """`pinned`, or `remember` where something typed was answered."""
    return "remember" if state["turn"].answer else "pinned"


def refused(state: State) -> str:
    """`remember` for a turn that ends without an answer from the pages; `offer` where something is pending yet."""
    return "offer" if "pending" in state else "remember"


async def offer(state: State, writer: StreamWriter, *, offering: Offering) -> Update:
    """What is pending; else, where the pages had no answer, a person: once in a session, the question filled in."""
    turn = state["turn"]
    if pending := state.get("pending"):
        offered = await _answered(offering, replace(turn, model=turn.model or MODEL), pending, writer)
        return {"turn": offered, "timings": {} if turn.answer else {"first_token": _since(state)}}
    tool = (await offering.tools(turn.session.site)).get(handover.NAME) if _lacks_an_answer(turn) else None
    if tool is None or await offering.was_offered(turn.session, handover.NAME):
        return {}
    writer(offer_event(await offering.offer(turn, tool, await tool.fields({"message": turn.question}))))
    return {"turn": replace(turn, rulings=(*turn.rulings, _ruling(handover.NAME)))}


def _pending(wish: Wish, tool: Tool, wanted: Heard | None, said: Sequence[str]) -> Pending:
    """What is offered for a wish, with what the visitor has said of it."""
    own, _ = tool.hears(wanted.wish if wanted else said[-1], ())
    theirs = introduced(said[-1]).details
    details = {**own, "message": _message(said), **theirs, **in_own_words(wish.details, said)}
    return Pending(wish.tool, wanted.intent.language if wanted else "en", details, wish.failure)


async def _entered(offering: Offering, turn: Turn, tool: str) -> Details:
    """What is in the form whose place a new one takes, but for its message: nobody need write it twice."""
    before = await offering.waiting(turn.session)
    fields = before.fields if before and before.tool == tool else ()
    return {field.name: field.value for field in fields if field.value and field.type != "long"}


async def _wished(
    offering: Offering, turn: Turn, known: Mapping[str, Tool], wanted: Heard | None, said: Sequence[str]
) -> Wish:
    """What the visitor wants done: by the wording alone where it says all, or no model may be asked."""
    if wanted and _is_bare(wanted.wish):
        return Wish(wanted.intent.tool)
    talked_about = any(heard(text, list(known)) for text in said[-1 - _RECENT :])
    caller, spent = await offering.caller(turn.session.site) if talked_about else None, spending()
    if caller is not None:
        try:
            async with asyncio.timeout(_LONGEST):
                return await dialogue(caller, known, said, offering.now())
        except (FrontdeskError, TimeoutError) as error:  # the model is away: a form needs less
            logger.warning("the dialogue about tools failed (%s); a form stands in", type(error).__name__)
    return Wish(wanted.intent.tool if wanted else "", bill=spent())


async def _answered(offering: Offering, turn: Turn, pending: Pending, writer: StreamWriter) -> Turn:
    """The turn with the offer, told behind what has been answered; declined where nothing can be offered or told."""
    if pending.alone:
        writer(Event("status", {"content": "preparing"}))
    known = await offering.tools(turn.session.site)
    before = await offering.waiting(turn.session)
    told, action = await _offered(offering, turn, known, pending)
    text = f"{_APART}{told}" if turn.answer else told
    writer(Event("token", {"content": text}))
    if action is None:
        return replace(turn, answer=turn.answer + text, declined=turn.declined or not turn.answer)
    if before and before.tool == action.tool:  # the new one stands in its place
        writer(offer_event(await offering.decline(before)))
    writer(offer_event(action))
    return replace(turn, answer=turn.answer + text, rulings=(*turn.rulings, _ruling(action.tool)))


async def _offered(
    offering: Offering, turn: Turn, known: Mapping[str, Tool], pending: Pending
) -> tuple[str, Action | None]:
    """What the visitor is told, and what is offered; a person where a calendar has nothing to offer."""
    tool, intent = known[pending.tool], Intent(pending.tool, pending.language)
    try:
        fields = await _fields(tool, pending.details, pending.failure)
    except ToolError as error:
        if tool.name == handover.NAME or handover.NAME not in known:
            return error.message, None
        person, action = await _offered(offering, turn, known, replace(pending, tool=handover.NAME, failure=""))
        return f"{error.message} {person}", action
    action = await offering.offer(turn, tool, fields)
    if is_complete(fields):
        return intent.summary(action.title), action
    return _with_times(intent.entered() if pending.typed else intent.reply(), intent, fields), action


def _with_times(reply: str, intent: Intent, fields: Sequence[FormField]) -> str:
    """The reply, with some of the times that a form has to choose from yet."""
    times = [told for field in fields if not field.value for _, told in field.choices][:_LIST]
    return f"{reply} {intent.times('; '.join(times))}" if times else reply


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


def _since(state: State) -> float:
    return round((perf_counter() - state["began"]) * 1000, 3)


def _paid(turn: Turn, bill: Closing) -> Turn:
    return replace(turn, usage=turn.usage + bill.usage, cost=turn.cost + bill.cost)


def _ruling(tool: str) -> Ruling:
    return Ruling(GUARD, allowed=True, reason=f"{tool} was offered: it waits for the visitor's yes.")
