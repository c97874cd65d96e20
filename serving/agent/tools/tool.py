"""What a tool is: it may read freely, and it writes only once a visitor has said yes. Knows no service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.errors import ToolError
from core.records import ActionKind, FormField
from serving.agent.tools.calls import LATER

_PATIENCE = 12.0  # seconds that a visitor waits for a form

Details = Mapping[str, str]  # of an action, by the name of its field


class Tool(Protocol):
    """Something that can be done for a visitor. Where it is done is in the settings, never in the details."""

    name: str
    form: ActionKind  # how it is offered while details are missing
    invitation: str  # the title of such a form
    settles: bool  # whether `settle` can ever tell

    async def fields(self, known: Details) -> tuple[FormField, ...]:
        """What it needs to know, with what is known of it; reads only. ToolError where it cannot be offered."""

    def hears(self, text: str, offered: Sequence[FormField]) -> tuple[Details, str]:
        """The details that a message names by its wording, where these fields are offered; and the rest of it."""

    def title(self, details: Details) -> str:
        """What it does with these details, in one line for the visitor."""

    async def run(self, key: str, details: Details) -> str:
        """Does it, and says so in a sentence; `key` is the action's own.

        TakenError and any other ToolError: nothing was written. UnsureError: nobody can say yet.
        """

    async def settle(self, key: str, details: Details) -> str | None:
        """What became of a run whose answer was lost: its sentence, or None where nothing was written."""


async def fields_in_time(tool: Tool, known: Details) -> tuple[FormField, ...]:
    """The tool's fields; ToolError where they take too long."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await tool.fields(known)
    except TimeoutError as error:
        raise ToolError(LATER) from error


@dataclass(frozen=True, slots=True)
class Booking:
    """A meeting that somebody wants."""

    start: datetime
    name: str
    email: str


class Calendar(Protocol):
    """One calendar of a scheduling service."""

    invites: bool  # whether the service tells the visitor by mail

    async def free(self, since: datetime, until: datetime) -> Sequence[datetime]:
        """When a meeting may begin, in order; no more than seven days are asked for."""

    async def book(self, key: str, booking: Booking) -> None:
        """Books it; a key that was booked before is booked once. Raises as Tool.run does."""

    async def find(self, key: str, booking: Booking) -> bool:
        """Whether this key was booked; UnsureError where that cannot be told."""
