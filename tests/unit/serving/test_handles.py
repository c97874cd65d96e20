"""The ingress' side of the border to the agents: what comes over it, and what when it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, cast

import pytest
from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from core.errors import ConflictError, ExpiredError, OverloadedError, UnsureError
from core.records import Event, Turn, TurnStatus
from serving.answers import Answer, Outcome
from serving.handles import Packed, ReplicaHost, pack, unpack
from tests.fakes.turns import Desk, answered, question


class Stream:
    """What a streaming call returns; remembers whether it was cancelled."""

    def __init__(self, messages: AsyncGenerator[Packed]) -> None:
        self._messages = messages
        self.cancelled = False

    def __aiter__(self) -> AsyncGenerator[Packed]:
        return self._messages

    def cancel(self) -> None:
        self.cancelled = True


class Handle:
    """An Agent deployment whose one replica runs `run`."""

    def __init__(self, run: Callable[[Turn], AsyncGenerator[Packed]]) -> None:
        self._run = run
        self.stream: Stream | None = None

    def options(self, **_: Any) -> Handle:
        return self

    def remote(self, turn: Turn) -> Stream:
        self.stream = Stream(self._run(turn))
        return self.stream


def host_of(handle: Handle, desk: Desk) -> ReplicaHost:
    return ReplicaHost(cast(DeploymentHandle[Any], handle), desk.ledger)


async def everything(host: ReplicaHost) -> list[Event]:
    return [event async for events in host.run(question()) for event in events]


def replica(desk: Desk, dies_after: str = "", error: Exception | None = None, *, first: bool = False) -> Handle:
    """Runs turns on `desk` as a replica does; raises `error` after an event of that kind, or before the first."""

    async def run(turn: Turn) -> AsyncGenerator[Packed]:
        if first and error is not None:
            raise error
        async for event in desk.host.run(turn):
            yield pack([event])
            if event.type == dies_after and error is not None:
                raise error

    return Handle(run)


def test_events_arrive_as_they_left() -> None:
    events = [Event("status", {"content": "searching"}, 2), Event("end", {"citations": []}, 3)]
    assert unpack(pack(events)) == events


async def test_a_turn_comes_through_unchanged() -> None:
    desk = Desk()
    here = await everything(host_of(replica(desk), Desk()))
    assert [event.type for event in here] == ["start", "status", "sources", "token", "token", "end"]
    assert [event.id for event in here] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("error", [RayError("the actor died"), RayServeException("the replica is gone")])
async def test_a_replica_that_dies_leaves_a_typed_error_and_a_closed_turn(error: Exception) -> None:
    replicas, ingress = Desk(), Desk()
    events = await everything(host_of(replica(replicas, "token", error), ingress))
    assert events[-1].type == "error"
    assert events[-1].data["code"] == "interrupted"
    assert events[-1].id == 5
    stored = ingress.turns.stored["t1"]
    assert (stored.status, stored.answer) == (TurnStatus.ABORTED, "Hello")


async def test_a_turn_committed_before_its_replica_died_still_gets_its_end() -> None:
    desk = Desk()

    async def run(turn: Turn) -> AsyncGenerator[Packed]:
        yield pack([Event("start", {}, 1)])
        desk.turns.open(turn)
        desk.turns.close(answered(turn, "We open at nine."))
        raise RayError("the actor died")

    events = await everything(host_of(Handle(run), desk))
    assert events[-1].type == "end"
    assert events[-1].data["content"] == "We open at nine."
    assert desk.turns.stored["t1"].status is TurnStatus.DONE


async def test_a_full_queue_is_said_to_be_full() -> None:
    desk = Desk()
    with pytest.raises(OverloadedError):
        await everything(host_of(replica(desk, error=BackPressureError(64, 64), first=True), desk))
    assert desk.turns.stored == {}


async def test_what_a_living_replica_refuses_stays_what_it_is() -> None:
    desk = Desk()
    with pytest.raises(ConflictError, match="being answered"):
        await everything(host_of(replica(desk, error=ConflictError("being answered"), first=True), desk))
    assert desk.turns.stored == {}


async def test_leaving_cancels_the_call() -> None:
    desk = Desk()
    handle = replica(desk)
    async with aclosing(host_of(handle, desk).run(question())) as batches:
        await anext(batches)
    assert handle.stream is not None
    assert handle.stream.cancelled


class Answering:
    """An Agent deployment whose `ready` does what it is told."""

    def __init__(self, ready: Callable[[], Awaitable[dict[str, str]]]) -> None:
        self._ready = ready

    def options(self, **_: Any) -> Answering:
        return self

    def remote(self) -> Awaitable[dict[str, str]]:
        return self._ready()


async def said(ready: Callable[[], Awaitable[dict[str, str]]]) -> dict[str, str]:
    agent = cast(DeploymentHandle[Any], Answering(ready))
    return await ReplicaHost(agent, Desk().ledger, patience=0.05).ready()


async def test_an_agent_says_what_its_dependencies_answer() -> None:
    async def ready() -> dict[str, str]:
        return {"database": "ok"}

    assert await said(ready) == {"database": "ok"}


async def test_agents_that_are_too_busy_to_say_whether_they_are_ready_are_not() -> None:
    async def ready() -> dict[str, str]:
        await asyncio.sleep(10)
        return {}

    assert await said(ready) == {"agent": "No answer within 0.05 seconds."}


@pytest.mark.parametrize("error", [BackPressureError(64, 64), RayServeException("gone"), RayError("died")])
async def test_agents_that_are_full_or_gone_are_a_sentence(error: Exception) -> None:
    async def ready() -> dict[str, str]:
        raise error

    answers = await said(ready)
    assert list(answers) == ["agent"]
    assert answers["agent"].endswith(".")


class Acting:
    """An Agent deployment whose `act` does what it is told."""

    def __init__(self, act: Callable[[Answer], Awaitable[Outcome]]) -> None:
        self._act = act

    def options(self, **_: Any) -> Acting:
        return self

    def remote(self, answer: Answer) -> Awaitable[Outcome]:
        return self._act(answer)


async def acted(error: Exception) -> None:
    async def act(_answer: Answer) -> Outcome:
        raise error

    host = ReplicaHost(cast(DeploymentHandle[Any], Acting(act)), Desk().ledger)
    await host.act(Answer("demo", "a1", yes=True))


async def test_an_answer_whose_replica_died_is_unsure_and_may_be_asked_about_again() -> None:
    with pytest.raises(UnsureError, match="say yes again") as caught:
        await acted(RayError("died"))
    assert caught.value.retry_after == 60


async def test_an_answer_that_no_replica_takes_was_not_taken() -> None:
    with pytest.raises(OverloadedError):
        await acted(BackPressureError(64, 64))


async def test_what_a_replica_says_of_an_answer_is_said_as_it_is() -> None:
    class WrappedError(RayError, ExpiredError):
        """As Ray hands on what was raised over there."""

    with pytest.raises(ExpiredError, match="over"):
        await acted(WrappedError("over"))
