"""How a turn starts, ends, fails, is left, and is told again."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from core.errors import ConflictError, ModelError, OverloadedError
from core.records import Event, Message, Turn, TurnStatus
from serving.turns import LocalHost
from tests.fakes.turns import Desk, answered, question


async def everything(desk: Desk, turn: Turn) -> list[Event]:
    return [event async for event in desk.host.run(turn)]


async def leave_after(desk: Desk, turn: Turn, kind: str) -> None:
    async with aclosing(desk.host.run(turn)) as events:
        async for event in events:
            if event.type == kind:
                break
    await desk.host.drain()


async def test_a_turn_runs_from_start_to_end_with_ids_that_count() -> None:
    events = await everything(Desk(), question())
    assert [event.type for event in events] == ["start", "status", "sources", "token", "token", "end"]
    assert [event.id for event in events] == [1, 2, 3, 4, 5, 6]
    assert events[0].data == {"turn_id": "t1", "session_id": "s1"}


async def test_the_end_says_everything_a_client_needs() -> None:
    end = (await everything(Desk(), question()))[-1]
    assert end.data["content"] == "Hello there."
    assert end.data["turn_id"] == "t1"
    assert end.data["citations"][0]["source_id"] == "c1"
    assert end.data["usage"] == {"input_tokens": 7, "output_tokens": 2}
    assert end.data["timings"] == {"total": 1.5}


async def test_the_question_is_stored_before_the_agent_is_asked() -> None:
    desk = Desk()
    async with aclosing(desk.host.run(question())) as events:
        assert (await anext(events)).type == "start"
        assert desk.turns.stored["t1"].status is TurnStatus.OPEN
        assert desk.agent.asked == []
    await desk.host.drain()


async def test_the_turn_is_committed_before_end_is_sent() -> None:
    desk = Desk()
    async for event in desk.host.run(question()):
        if event.type == "end":
            assert desk.turns.stored["t1"].status is TurnStatus.DONE


async def test_the_agent_receives_the_sessions_last_messages() -> None:
    desk = Desk()
    for number in range(3):
        await everything(desk, question(f"q{number}", turn_id=f"t{number}"))
    history = desk.agent.asked[-1][1]
    assert history == [
        Message("user", "q0"),
        Message("assistant", "Hello there."),
        Message("user", "q1"),
        Message("assistant", "Hello there."),
    ]


async def test_another_sessions_messages_stay_out() -> None:
    desk = Desk()
    await everything(desk, question(turn_id="t0", session="other"))
    await everything(desk, question())
    assert desk.agent.asked[-1][1] == []


async def test_a_finished_turn_is_replayed_without_asking_the_agent_again() -> None:
    desk = Desk()
    await everything(desk, question())
    again = await everything(desk, question())
    assert [event.type for event in again] == ["start", "sources", "token", "end"]
    assert again[2].data == {"content": "Hello there."}
    assert again[1].data["sources"][0] == {
        "id": "c1",
        "title": "Hours",
        "url": "/pages/hours.md",
        "heading": "Opening",
        "snippet": "We open at nine.",
        "score": 0.9,
    }
    assert len(desk.agent.asked) == 1


async def test_a_turn_in_progress_is_a_conflict() -> None:
    desk = Desk(pause=0.01)
    async with aclosing(desk.host.run(question())) as events:
        await anext(events)
        with pytest.raises(ConflictError) as refusal:
            await everything(desk, question())
        assert refusal.value.retry_after == 1
    await desk.host.drain()
    assert len(desk.agent.asked) <= 1


async def test_an_id_used_for_another_question_is_a_conflict() -> None:
    desk = Desk()
    await everything(desk, question())
    with pytest.raises(ConflictError, match="another question"):
        await everything(desk, question("Something else?"))


async def test_a_client_that_leaves_keeps_its_partial_answer_as_aborted() -> None:
    desk = Desk(pause=0.001)
    await leave_after(desk, question(), "token")
    stored = desk.turns.stored["t1"]
    assert (stored.status, stored.answer) == (TurnStatus.ABORTED, "Hello")
    assert stored.ended_at is not None


async def test_a_cancelled_turn_is_aborted_too() -> None:
    desk = Desk(pause=10)
    running = asyncio.create_task(everything(desk, question()))
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await desk.host.drain()
    assert desk.turns.stored["t1"].status is TurnStatus.ABORTED


async def test_an_aborted_turn_replays_what_there_was_and_says_it_was_interrupted() -> None:
    desk = Desk(pause=0.001)
    await leave_after(desk, question(), "token")
    again = await everything(desk, question())
    assert [event.type for event in again] == ["start", "token", "error"]
    assert again[-1].data["code"] == "interrupted"


async def test_leaving_after_end_changes_nothing() -> None:
    desk = Desk()
    await leave_after(desk, question(), "end")
    assert desk.turns.stored["t1"].status is TurnStatus.DONE


async def test_a_model_that_fails_is_told_in_its_own_words_and_stored() -> None:
    desk = Desk()
    desk.agent.failure = ModelError("The model did not answer within 60 seconds.", retry_after=3)
    events = await everything(desk, question())
    assert events[-1].type == "error"
    assert events[-1].data == {
        "content": "The model did not answer within 60 seconds.",
        "code": "model_unavailable",
        "retry_after": 3,
    }
    stored = desk.turns.stored["t1"]
    assert (stored.status, stored.answer) == (TurnStatus.FAILED, "Hello there.")
    assert stored.error == "model_unavailable: The model did not answer within 60 seconds."


async def test_a_failed_turn_asked_again_fails_in_the_same_words() -> None:
    desk = Desk()
    desk.agent.failure = ModelError("The model did not answer: too busy.")
    first = await everything(desk, question())
    again = await everything(desk, question())
    assert [event.type for event in again] == ["start", "token", "error"]
    assert again[-1].data == first[-1].data
    assert len(desk.agent.asked) == 1


async def test_an_unforeseen_failure_shows_no_insides(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.agent.failure = RuntimeError("password=hunter2")
    events = await everything(desk, question())
    assert events[-1].data["code"] == "internal_error"
    assert "hunter2" not in str(events[-1].data)
    assert "hunter2" in caplog.text


async def test_a_turn_somebody_else_closed_does_not_end_as_done() -> None:
    desk = Desk(pause=0.001)
    seen = []
    async for event in desk.host.run(question()):
        seen.append(event.type)
        if event.type == "sources":
            assert await desk.ledger.abort(question(), "", "its ingress gave it up")
    assert seen[-1] == "error"
    assert "end" not in seen
    assert desk.turns.stored["t1"].status is TurnStatus.ABORTED


async def test_a_local_host_takes_only_so_many_turns_at_once() -> None:
    desk = Desk(pause=10)
    host = LocalHost(desk.host, window_ms=5, limit=1, checks={})
    first = host.run(question())
    await anext(first)
    with pytest.raises(OverloadedError):
        await anext(host.run(question(turn_id="t2")))
    await first.aclose()
    await desk.host.drain()
    second = host.run(question(turn_id="t3"))
    assert (await anext(second))[0].type == "start"
    await second.aclose()
    await desk.host.drain()


def test_an_answered_turn_is_done() -> None:
    assert answered(question(), "Yes.").status is TurnStatus.DONE
