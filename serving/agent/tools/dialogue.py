"""A model that may call tools: it reads the visitor's own words and free times, and no page and no other text.

What it calls for is never done here. A tool that reads is read, a bounded number of times; a tool that writes ends
the dialogue with a wish, which the visitor is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.resources import files
from string import Template
from typing import Any, Protocol

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from core.errors import ToolError
from serving.agent.state import Closing
from serving.agent.tools import booking, handover
from serving.agent.tools.tool import Details, Tool, fields_in_time

_ROUNDS = 3
_BEFORE = 4  # of the visitor's earlier messages
_LONGEST = 1000  # characters of each
_READ = "list_free_times"
_TEMPLATE = Template(files(__package__).joinpath("dialogue.txt").read_text(encoding="utf-8"))

_NAME = "The visitor's name, as the visitor wrote it."
_EMAIL = "The visitor's e-mail address, as the visitor wrote it."
_DAY = "The day, as YYYY-MM-DD; left out: the next days."
_SPECS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    _READ: ("List when a meeting may begin. Changes nothing.", {"day": _DAY}),
    booking.NAME: (
        "Prepare a meeting for the visitor to say yes to. What the visitor did not say is left out.",
        {"start": "A free time, as ISO 8601.", "day": _DAY, "name": _NAME, "email": _EMAIL},
    ),
    handover.NAME: (
        "Prepare a message to a person, for the visitor to say yes to. What the visitor did not say is left out.",
        {"name": _NAME, "email": _EMAIL, "message": "What the visitor wants to tell or ask."},
    ),
}


class Caller(Protocol):
    """A chat model that can call tools."""

    async def call(self, prompt: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> tuple[AIMessage, Closing]:
        """One reply, and what it cost; ModelError where there is none."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the model called for: a tool that writes, with the details it gave; "" for none."""

    tool: str = ""
    details: Details = field(default_factory=dict)
    bill: Closing = field(default_factory=Closing)
    failure: str = ""  # why the tool cannot be offered, where that was found out on the way


async def dialogue(caller: Caller, tools: Mapping[str, Tool], said: Sequence[str], at: datetime) -> Wish:
    """What the visitor wants done, whose messages are `said`, the last one being answered; `at`: now, in the zone."""
    prompt: list[BaseMessage] = [
        SystemMessage(_TEMPLATE.substitute(now=f"{at:%A, %Y-%m-%d %H:%M}", zone=at.tzname()).strip()),
        *(HumanMessage(text[:_LONGEST]) for text in said[-_BEFORE - 1 :]),
    ]
    specs, looked_for, bill = _specs(tools), Wish(), Closing()
    for _ in range(_ROUNDS):
        reply, price = await caller.call(prompt, specs)
        bill = _added(bill, price)
        calls = [(call["name"], _texts(call["args"]), call["id"]) for call in reply.tool_calls]
        if wish := next((Wish(name, given) for name, given, _ in calls if name in tools), None):
            return replace(wish, bill=bill)
        if not calls:
            break
        prompt.append(reply)
        for name, given, call in calls:
            looked_for = Wish(booking.NAME, given) if name == _READ and booking.NAME in tools else looked_for
            try:
                prompt.append(ToolMessage(await _read(name, given, tools), tool_call_id=call or ""))
            except ToolError as error:  # whoever goes on without the times would only ask for them again
                return Wish(booking.NAME, given, bill, error.message)
    return replace(looked_for, bill=bill)


async def _read(name: str, given: Details, tools: Mapping[str, Tool]) -> str:
    if name != _READ or booking.NAME not in tools:
        return "There is no such tool."
    [times] = [field for field in await fields_in_time(tools[booking.NAME], given) if field.type == "choice"]
    return "\n".join(f"{value}: {told}" for value, told in times.choices)


def _specs(tools: Mapping[str, Tool]) -> list[dict[str, Any]]:
    names = [_READ, *tools] if booking.NAME in tools else list(tools)
    return [_spec(name, *_SPECS[name]) for name in names]


def _spec(name: str, description: str, details: Mapping[str, str]) -> dict[str, Any]:
    properties = {detail: {"type": "string", "description": told} for detail, told in details.items()}
    parameters = {"type": "object", "properties": properties, "required": []}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """Only what was named, and only words: a model may send anything."""
    known = {detail for _, details in _SPECS.values() for detail in details}
    return {name: value for name, value in given.items() if name in known and isinstance(value, str)}


def _added(bill: Closing, price: Closing) -> Closing:
    return replace(price, usage=bill.usage + price.usage, cost=bill.cost + price.cost)
