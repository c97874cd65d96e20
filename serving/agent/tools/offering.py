"""What the steps that offer something need to know of a site, and where offers are kept. Does nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.records import Action, FormField, Session, Turn, now
from serving.agent.tools.dialogue import Caller
from serving.agent.tools.tool import Tool


class Offering(Protocol):
    """What a site can do for its visitors, and where offers are kept."""

    def now(self) -> datetime:
        """The time, in the zone that times are told in."""

    async def tools(self, site: str) -> Mapping[str, Tool]:
        """The site's tools by name; none where it has none."""

    async def caller(self, site: str) -> Caller | None:
        """The site's model, where it has one that can call tools and may spend on it."""

    async def offer(self, turn: Turn, tool: Tool, fields: Sequence[FormField]) -> Action:
        """Keeps what is offered in this turn: a question for a yes where nothing is missing, else a form."""

    async def was_offered(self, session: Session, tool: str) -> bool:
        """Whether the session was offered this before."""

    async def waiting(self, session: Session) -> Action | None:
        """What the session was offered last and has not answered, if that still stands."""

    async def decline(self, action: Action) -> Action:
        """Puts it away, as the visitor's no does; as it stands then."""


class NoTools:
    """For desks that can do nothing."""

    def now(self) -> datetime:
        """In UTC."""
        return now()

    async def tools(self, _site: str) -> Mapping[str, Tool]:
        """None."""
        return {}

    async def caller(self, _site: str) -> Caller | None:
        """Nobody."""
        return None

    async def offer(self, _turn: Turn, _tool: Tool, _fields: Sequence[FormField]) -> Action:
        """Never called."""
        raise NotImplementedError

    async def was_offered(self, _session: Session, _tool: str) -> bool:
        """As if, so that nothing is."""
        return True

    async def waiting(self, _session: Session) -> Action | None:
        """Nothing."""
        return None

    async def decline(self, _action: Action) -> Action:
        """Never called."""
        raise NotImplementedError
