"""A visitor's yes or no, carried out: what was agreed to is done once, whoever says yes how often, and wherever.

Whoever moves an action from open to running does it. If that one dies, or the service does not say what became of it,
the action stays running; a later yes first finds out whether it was done. What nobody can find out is not done again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from core.database.actions import digest
from core.errors import (
    ConflictError,
    ExpiredError,
    FrontdeskError,
    NotFoundError,
    TakenError,
    ToolError,
    UnsureError,
)
from core.records import Action, ActionState
from serving.agent.tools import Tool
from serving.agent.tools.details import filled, with_values
from serving.answers import Answer, Outcome
from serving.offers import NOTHING_DONE, Offers

logger = logging.getLogger(__name__)

Done = Callable[[Action], Awaitable[None]]

_LONGEST = 45.0  # seconds that a tool may take
_LOST = 60.0  # seconds after which who began to run an action is not running it any more

_SLOW = "That takes too long: I cannot tell yet whether it was done. Please say yes again in a minute, and I will look."
_AGAIN = "That is something else than you were asked about: {title}. Say yes to it, and I will do it."


async def _nobody_told(_action: Action) -> None:
    """What follows a done action where nothing does."""


class Consent:
    """Takes the answers. `done` follows each action that was done, and delays nobody."""

    def __init__(self, offers: Offers, done: Done = _nobody_told) -> None:
        self._offers = offers
        self._store = offers.store
        self._done = done
        self._running: set[asyncio.Task[Outcome]] = set()

    async def answer(self, answer: Answer) -> Outcome:
        """What came of it; NotFoundError for an action that is not the caller's, ExpiredError for one that is over."""
        action = await self._offers.call(self._store.get, answer.action)
        if action.session.site != answer.site or answer.session not in {None, action.session.id}:
            raise NotFoundError(f"There is no action {answer.action!r}.")
        if action.state is ActionState.OPEN and action.expires_at <= self._offers.clock():
            action = await self._end(action, ActionState.EXPIRED)
        if action.state is ActionState.EXPIRED:
            raise ExpiredError("This offer has expired: ask once more, and I will make a new one.")
        # Not cut short by a client that leaves: half of a booking helps nobody.
        task = asyncio.create_task(self._agreed(action, answer.fields) if answer.yes else self._refused(action))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait until what was agreed to is done."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _refused(self, action: Action) -> Outcome:
        if action.state is ActionState.RUNNING:
            raise ConflictError("This is being done already.", param="answer", retry_after=2)
        if action.state is ActionState.OPEN:
            action = await self._end(action, ActionState.DECLINED, NOTHING_DONE)
        return Outcome(action, action.result)

    async def _agreed(self, action: Action, given: Mapping[str, str]) -> Outcome:
        match action.state:
            case ActionState.RUNNING:
                return await self._found_out(action)
            case ActionState.OPEN:
                return await self._open(action, given)
        if given and action.state is ActionState.DONE and self._changes(action, filled(action.fields, given)):
            return await self._ask_again(action, filled(action.fields, given))
        return Outcome(action, action.result)

    async def _open(self, action: Action, given: Mapping[str, str]) -> Outcome:
        details = filled(action.fields, given)
        if action.kind == "confirm" and self._changes(action, details):
            return await self._ask_again(action, details)
        tool = await self._tool(action)
        if running := await self._offers.call(self._store.begin, action, details):
            return await self._run(running, tool)
        other = await self._offers.call(self._store.same, action, details)
        if other is None:
            other = await self._offers.call(self._store.get, action.id)
        return await self._found_out(other)

    def _changes(self, action: Action, details: Mapping[str, str]) -> bool:
        return digest(action.tool, details) != digest(action.tool, action.arguments)

    async def _ask_again(self, action: Action, details: Mapping[str, str]) -> Outcome:
        """What was agreed to is not what was asked."""
        tool = await self._tool(action)
        again = await self._offers.keep(action.session, action.turn, tool, with_values(action.fields, details))
        if action.state is ActionState.OPEN:
            action = await self._end(action, ActionState.DECLINED, NOTHING_DONE)
        return Outcome(action, _AGAIN.format(title=again.title), again)

    async def _tool(self, action: Action) -> Tool:
        tools = await self._offers.tools(action.session.site)
        if action.tool not in tools:
            raise ExpiredError("This is not on offer any more.")
        return tools[action.tool]

    async def _run(self, running: Action, tool: Tool) -> Outcome:
        try:
            async with asyncio.timeout(_LONGEST):
                result = await tool.run(running.id, running.arguments)
        except TakenError as error:
            return await self._taken(running, tool, error)
        except UnsureError as error:
            return await self._unsure(running, tool, error.message)
        except TimeoutError:
            return await self._unsure(running, tool, _SLOW)
        except ToolError:  # nothing was written: the offer stands
            await self._end(running, ActionState.OPEN)
            raise
        except Exception as error:
            logger.exception("action %s: %s failed", running.id, tool.name)
            raise FrontdeskError("Something went wrong on our side; it was logged.") from error
        return await self._ended(running, result)

    async def _found_out(self, action: Action) -> Outcome:
        """What became of an action that somebody else runs, or began to run and lost."""
        if action.state is not ActionState.RUNNING or action.started_at is None:
            return Outcome(action, action.result)
        if (self._offers.clock() - action.started_at).total_seconds() < _LOST:
            raise ConflictError("This is being done right now.", param="answer", retry_after=2)
        mine = await self._offers.call(self._store.begin, action, action.arguments)
        if mine is None:
            raise ConflictError("This is being done right now.", param="answer", retry_after=2)
        tool = await self._tool(mine)
        try:
            result = await tool.settle(mine.id, mine.arguments)
        except UnsureError as error:
            return await self._failed(mine, error.message)
        return await self._ended(mine, result) if result else await self._run(mine, tool)

    async def _taken(self, running: Action, tool: Tool, error: TakenError) -> Outcome:
        """Not to be had any more: told, with what there is instead."""
        failed = await self._failed(running, error.message)
        known = {name: value for name, value in running.arguments.items() if name != "start"}
        try:
            fields = await tool.fields(known)
        except ToolError as none:
            return Outcome(failed.action, f"{error.message} {none.message}")
        again = await self._offers.keep(running.session, running.turn, tool, fields)
        return Outcome(failed.action, error.message, again)

    async def _unsure(self, running: Action, tool: Tool, told: str) -> Outcome:
        if not tool.settles:
            return await self._failed(running, told)
        raise UnsureError(told, retry_after=_LOST)

    async def _failed(self, running: Action, reason: str) -> Outcome:
        return Outcome(await self._end(running, ActionState.FAILED, reason), reason)

    async def _ended(self, running: Action, result: str) -> Outcome:
        done = await self._end(running, ActionState.DONE, result)
        try:
            await self._done(done)
        except Exception:  # it is done, and the visitor is told; only the conversation lacks a line
            logger.exception("action %s was done, and is not in the conversation", done.id)
        return Outcome(done, result)

    async def _end(self, action: Action, state: ActionState, result: str = "") -> Action:
        """The action as it ended, or as it was seen where another one was quicker."""
        ended = await self._offers.call(self._store.end, action, state, result)
        return ended or action
