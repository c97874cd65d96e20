"""A tool that notes what it does, and a desk's offers and consent around it, over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.database import Database
from core.records import Action, ActionKind, ActionState, FormField, Session, Site, Turn, now
from serving.agent import Caller
from serving.agent.tools.details import with_values
from serving.agent.tools.tool import Booking, Details
from serving.consent import Consent
from serving.ledger import Ledger
from serving.offers import Offers

SESSION = Session("demo", "s1", "s1")


@dataclass
class NotingTool:
    """Does nothing but note it; `fails` are raised first, one each. `written` outlives what it raises after."""

    name: str = "note"
    form: ActionKind = "form"
    invitation: str = "Write a note"
    settles: bool = True
    written: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    fails_after: list[Exception] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def fields(self, known: Details) -> tuple[FormField, ...]:
        asked = (
            FormField("text", "Text", "text", longest=40),
            FormField("start", "Time", "choice", choices=(("1", "one"), ("2", "two"))),
        )
        return with_values(asked, known)

    def hears(self, text: str, offered: Sequence[FormField]) -> tuple[Details, str]:
        return {}, text

    def title(self, details: Details) -> str:
        return f"Write {details['text']} at {details['start']}"

    async def run(self, key: str, details: Details) -> str:
        self.began.set()
        if self.gate:
            await self.gate.wait()
        if self.fails:
            raise self.fails.pop(0)
        self.written.append((key, dict(details)))
        if self.fails_after:
            raise self.fails_after.pop(0)
        return f"{details['text']} is written."

    async def settle(self, key: str, details: Details) -> str | None:
        self.settled.append(key)
        return f"{details['text']} is written." if key in dict(self.written) else None


class Clock:
    """Stands still until it is put forward."""

    def __init__(self) -> None:
        self.time = now()

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class MemoryActions:
    """Keeps what is offered, and refuses to let anything be done."""

    def __init__(self) -> None:
        self.offered: list[Action] = []

    def create(self, action: Action) -> None:
        self.offered.append(action)

    def get(self, action: str) -> Action:
        return next(each for each in self.offered if each.id == action)

    def of_turn(self, turn: str) -> list[Action]:
        return [each for each in self.offered if each.turn == turn]

    def was_offered(self, session: Session, tool: str) -> bool:
        return any((each.session, each.tool) == (session, tool) for each in self.offered)

    def waiting(self, session: Session, at: datetime) -> Action | None:
        return next((each for each in reversed(self.offered) if each.session == session and each.expires_at > at), None)

    def begin(self, seen: Action, arguments: Mapping[str, str]) -> Action | None:
        raise AssertionError(f"{seen.tool} ran without a yes")

    def end(self, seen: Action, state: ActionState, result: str = "") -> Action | None:
        raise AssertionError(f"{seen.tool} ended without a yes")

    def same(self, action: Action, arguments: Mapping[str, str]) -> Action | None:
        raise AssertionError(f"{action.tool} ran without a yes")


@dataclass
class NotingCalendar:
    """Free at these times; notes what is booked, by its key."""

    times: list[datetime]
    booked: dict[str, Booking] = field(default_factory=dict)
    invites: bool = True

    async def free(self, since: datetime, until: datetime) -> Sequence[datetime]:
        taken = {booking.start for booking in self.booked.values()}
        return [time for time in self.times if since <= time < until and time not in taken]

    async def book(self, key: str, booking: Booking) -> None:
        self.booked[key] = booking

    async def find(self, key: str, booking: Booking) -> bool:
        return self.booked.get(key) == booking


class ActionDesk:
    """Offers and consent for the site `demo`, with one tool; `database` may be shared by several."""

    def __init__(self, database: Database, tool: NotingTool, clock: Clock | None = None) -> None:
        self.database = database
        self.tool = tool
        self.clock = clock or Clock()
        threads = ThreadPoolExecutor(8)
        self.ledger = Ledger(database.turns, threads)
        self.offers = Offers(
            store=database.actions,
            threads=threads,
            sites=_Sites(database),
            tools_of=self._tools,
            caller_of=_nobody,
            zone="UTC",
            clock=self.clock,
        )
        self.consent = Consent(self.offers, self.ledger.tell)

    def _tools(self, _site: Site) -> Mapping[str, NotingTool]:
        return {self.tool.name: self.tool}

    async def turn(self, turn_id: str = "t1", session: Session = SESSION) -> Turn:
        """A turn in which something may be offered."""
        self.database.sites.ensure(session.site)
        turn = Turn(turn_id, session, "Please write it.")
        await self.ledger.open(turn)
        return turn

    async def offered(self, turn_id: str = "t1", session: Session = SESSION, /, **known: str) -> str:
        """The id of an action with these details."""
        turn = await self.turn(turn_id, session)
        return (await self.offers.offer(turn, self.tool, await self.tool.fields(known))).id


@dataclass
class _Sites:
    database: Database

    async def get(self, site: str) -> Site:
        return self.database.sites.get(site)


async def _nobody(_site: Site) -> Caller | None:
    return None
