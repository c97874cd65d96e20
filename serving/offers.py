"""What the desk offers to do: each site's tools, and the actions that wait for a visitor's yes. Does none of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from typing import ParamSpec, Protocol, TypeVar
from zoneinfo import ZoneInfo

from core.errors import NotFoundError
from core.records import Action, ActionState, FormField, Session, Site, Turn, new_id, now
from serving.agent import Caller
from serving.agent.tools import Tool
from serving.agent.tools.details import is_complete

P = ParamSpec("P")
R = TypeVar("R")

NOTHING_DONE = "All right, nothing was done."

_STANDS = timedelta(hours=1)  # how long an offer waits for its answer

CallerOf = Callable[[Site], Awaitable[Caller | None]]


class ActionStore(Protocol):
    """The part of the database that actions live in; synchronous."""

    def create(self, action: Action) -> None:
        """Store what is offered."""

    def get(self, action: str) -> Action:
        """The action, or NotFoundError."""

    def of_turn(self, turn: str) -> list[Action]:
        """What was offered in the turn."""

    def was_offered(self, session: Session, tool: str) -> bool:
        """Whether the session has met this tool."""

    def begin(self, seen: Action, arguments: Mapping[str, str]) -> Action | None:
        """Running, if it is still as it was seen and no other one does the same."""

    def end(self, seen: Action, state: ActionState, result: str = "") -> Action | None:
        """As it ended, if it is still as it was seen."""

    def waiting(self, session: Session, at: datetime) -> Action | None:
        """What the session was offered last, and can still answer then."""

    def same(self, action: Action, arguments: Mapping[str, str]) -> Action | None:
        """The session's action that runs, or is done, with the same arguments."""


class Sites(Protocol):
    """Sites as they are now."""

    async def get(self, site: str) -> Site:
        """The site, or NotFoundError."""


class Offers:
    """The agent's side of actions, and the async face of their store."""

    def __init__(
        self,
        *,
        store: ActionStore,
        threads: Executor,
        sites: Sites,
        tools_of: Callable[[Site], Mapping[str, Tool]],
        caller_of: CallerOf,
        zone: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.store = store
        self.clock = clock
        self._threads = threads
        self._sites = sites
        self._tools_of = tools_of
        self._caller_of = caller_of
        self._zone = ZoneInfo(zone)

    def now(self) -> datetime:
        """The time, in the zone that times are told in."""
        return self.clock().astimezone(self._zone)

    async def tools(self, site: str) -> Mapping[str, Tool]:
        """The site's tools; none where there is no such site, which others say better."""
        try:
            return self._tools_of(await self._sites.get(site))
        except NotFoundError:
            return {}

    async def caller(self, site: str) -> Caller | None:
        """The site's model, where it can call tools and may be asked."""
        return await self._caller_of(await self._sites.get(site))

    async def offer(self, turn: Turn, tool: Tool, fields: Sequence[FormField]) -> Action:
        """Keeps what is offered in this turn."""
        return await self.keep(turn.session, turn.id, tool, fields)

    async def keep(self, session: Session, turn: str, tool: Tool, fields: Sequence[FormField]) -> Action:
        """An action in that turn: a question for a yes where nothing is missing, else a form."""
        details = {field.name: field.value for field in fields if field.value}
        complete = is_complete(fields)
        action = Action(
            id=new_id(),
            session=session,
            turn=turn,
            tool=tool.name,
            kind="confirm" if complete else tool.form,
            title=tool.title(details) if complete else tool.invitation,
            arguments=details,
            fields=tuple(fields),
            expires_at=self.clock() + _STANDS,
            created_at=self.clock(),
        )
        await self.call(self.store.create, action)
        return action

    async def was_offered(self, session: Session, tool: str) -> bool:
        """Whether the session was offered this before."""
        return await self.call(self.store.was_offered, session, tool)

    async def waiting(self, session: Session) -> Action | None:
        """What the session was offered last and has not answered, if that still stands."""
        return await self.call(self.store.waiting, session, self.clock())

    async def decline(self, action: Action) -> Action:
        """The action, put away as by the visitor's no; where somebody has begun to do it, as it is: it goes on."""
        if ended := await self.call(self.store.end, action, ActionState.DECLINED, NOTHING_DONE):
            return ended
        return await self.call(self.store.get, action.id)

    async def of_turn(self, turn: str) -> list[Action]:
        """What was offered in a turn that is told again."""
        return await self.call(self.store.of_turn, turn)

    async def call(self, method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """A call of the store, on a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(method, *args, **kwargs))
