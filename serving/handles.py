"""Turns run in Agent replicas, through a Ray Serve handle: the ingress' side of that border.

A replica that dies takes its stream along. What the client is owed then is settled here: whoever closes a turn
first decides how it ended, so a turn that was committed before the replica died still gets its `end`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from typing import Any, cast

from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle, DeploymentResponseGenerator

from core.errors import FrontdeskError, OverloadedError, UnsureError
from core.records import Event, Feedback, Turn
from serving.answers import Answer, Outcome
from serving.events import closing_event
from serving.ledger import Ledger

logger = logging.getLogger(__name__)

_LOST = "I cannot tell yet whether it was done. Please say yes again in a minute, and I will look."

Packed = list[tuple[Any, Any, int]]  # events as plain tuples: half the cost of pickling records


def pack(events: Iterable[Event]) -> Packed:
    """Events for the way between replicas."""
    return [(event.type, event.data, event.id) for event in events]


def unpack(events: Packed) -> list[Event]:
    """Events as they were before `pack`."""
    return [Event(*event) for event in events]


class ReplicaHost:
    """The ingress' host of turns: an Agent deployment's `run`, `act`, `ready`."""

    def __init__(self, agent: DeploymentHandle[Any], ledger: Ledger, *, patience: float = 8.0) -> None:
        self._run = agent.options(method_name="run", stream=True)
        self._act = agent.options(method_name="act")
        self._ready = agent.options(method_name="ready")
        self._ledger = ledger
        self._patience = patience  # seconds that an agent may take to say whether it is ready: more than its checks

    async def run(self, turn: Turn) -> AsyncGenerator[list[Event]]:
        """Batches of events; OverloadedError when every place in the replicas' queue is taken."""
        answer: list[str] = []
        latest = 0
        stream = cast(DeploymentResponseGenerator[Packed], self._run.remote(turn))
        try:
            async for packed in stream:
                events = unpack(packed)
                answer += [event.data["content"] for event in events if event.type == "token"]
                latest = events[-1].id
                yield events
        except BackPressureError as error:
            raise OverloadedError("Too many people are asking just now. Please try again in a moment.") from error
        except (RayError, RayServeException) as error:
            event = await self._settled(turn, "".join(answer), error)
            yield [Event(event.type, event.data, latest + 1)]
        finally:
            stream.cancel()  # type: ignore[no-untyped-call]

    async def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None) -> Turn:
        """Keep what a visitor says of an answer, with no agent asked; the turn with it."""
        return await self._ledger.rate(turn_id, feedback, site=site, session=session)

    async def act(self, answer: Answer) -> Outcome:
        """What came of a visitor's yes or no; UnsureError where the replica that carried it out is gone."""
        try:
            outcome: Outcome = await self._act.remote(answer)
        except BackPressureError as error:
            raise OverloadedError("Too many people are asking just now. Please try again in a moment.") from error
        except (RayError, RayServeException) as error:
            if isinstance(error, FrontdeskError):  # as in `_settled`
                raise
            logger.warning("action %s lost its replica: %s", answer.action, error)
            raise UnsureError(_LOST, retry_after=60) from error
        return outcome

    async def ready(self) -> dict[str, str]:
        """What each dependency answers to an Agent replica; what is wrong with the agents where none does in time."""
        call = self._ready.remote()
        try:
            async with asyncio.timeout(self._patience):
                answers: dict[str, str] = await call
        except TimeoutError:
            return {"agent": f"No answer within {self._patience:g} seconds."}
        except BackPressureError:
            return {"agent": "Every place in its queue is taken."}
        except (RayError, RayServeException) as error:
            logger.warning("no agent says whether it is ready: %s", error)
            return {"agent": "It failed; the log says how."}
        return answers

    async def _settled(self, turn: Turn, answer: str, error: Exception) -> Event:
        if isinstance(error, FrontdeskError):  # raised by the replica, which is alive: Ray wraps it in its own
            raise error
        logger.warning("turn %s lost its replica: %s", turn.id, error)
        await self._ledger.abort(turn, answer, "The replica that answered died.")
        return closing_event(await self._ledger.get(turn.id))
