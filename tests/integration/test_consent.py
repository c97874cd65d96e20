"""A yes is carried out once: over SQLite and PostgreSQL, said twice at once, after crashes, with other details."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.database import Database
from core.errors import (
    ConflictError,
    ExpiredError,
    InvalidInputError,
    NotFoundError,
    TakenError,
    ToolError,
    UnsureError,
)
from core.records import ActionState, Message, Session, new_id
from serving.answers import Answer, Outcome
from tests.fakes.tools import SESSION, ActionDesk, Clock, NotingTool

WHOLE = {"text": "Milk", "start": "1"}


@pytest.fixture
def desk(database: Database) -> ActionDesk:
    return ActionDesk(database, NotingTool())


def yes(action: str, **fields: str) -> Answer:
    return Answer("demo", action, yes=True, fields=fields)


def state(desk: ActionDesk, action: str) -> ActionState:
    return desk.database.actions.get(action).state


async def test_a_yes_does_it_and_a_repeated_yes_says_so_again(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    assert desk.database.actions.get(action).kind == "confirm"
    first = await desk.consent.answer(yes(action))
    again = await desk.consent.answer(yes(action))
    assert (
        first.payload()
        == again.payload()
        == {
            "id": action,
            "state": "done",
            "content": "Milk is written.",
            "action": None,
        }
    )
    assert desk.tool.written == [(action, WHOLE)]


async def test_eight_at_once_do_it_once(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    other = ActionDesk(desk.database, desk.tool, desk.clock)
    answers = [each.consent.answer(yes(action)) for each in (desk, other) for _ in range(4)]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    assert len(desk.tool.written) == 1
    assert {each.content for each in outcomes if isinstance(each, Outcome)} == {"Milk is written."}
    assert all(isinstance(each, ConflictError | Outcome) for each in outcomes)
    assert (await other.consent.answer(yes(action))).content == "Milk is written."


async def test_the_same_thing_offered_twice_is_done_once(desk: ActionDesk) -> None:
    actions = [await desk.offered(f"t{n}", **WHOLE) for n in range(4)]
    outcomes = await asyncio.gather(*(desk.consent.answer(yes(each)) for each in actions), return_exceptions=True)
    assert len(desk.tool.written) == 1
    assert all(isinstance(each, ConflictError | Outcome) for each in outcomes)
    assert [(await desk.consent.answer(yes(each))).content for each in actions] == ["Milk is written."] * 4
    elsewhere = await desk.offered("t9", Session("demo", "s2", "s2"), **WHOLE)
    await desk.consent.answer(yes(elsewhere))
    assert len(desk.tool.written) == 2


async def test_a_form_is_done_with_what_it_is_given_and_asks_for_what_is_missing(desk: ActionDesk) -> None:
    action = await desk.offered(text="Milk")
    assert desk.database.actions.get(action).kind == "form"
    refused: list[tuple[dict[str, str], str]] = [
        ({}, "fields.start"),
        ({"start": "3"}, "fields.start"),
        ({"start": "1", "text": "x" * 41}, "fields.text"),
        ({"start": "1", "webhook": "https://evil.test"}, "fields.webhook"),
    ]
    for given, param in refused:
        with pytest.raises(InvalidInputError) as caught:
            await desk.consent.answer(yes(action, **given))
        assert caught.value.param == param
    assert desk.tool.written == []
    await desk.consent.answer(yes(action, start="2"))
    assert desk.tool.written == [(action, {"text": "Milk", "start": "2"})]


async def test_a_changed_detail_asks_again(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    asked = await desk.consent.answer(yes(action, start="2"))
    assert desk.tool.written == []
    assert asked.again is not None
    assert "Write Milk at 2" in asked.content
    assert (asked.again.kind, dict(asked.again.arguments)) == ("confirm", {"text": "Milk", "start": "2"})
    assert state(desk, action) is ActionState.DECLINED
    await desk.consent.answer(yes(action))
    assert desk.tool.written == []
    await desk.consent.answer(yes(asked.again.id, **asked.again.arguments))
    assert desk.tool.written == [(asked.again.id, {"text": "Milk", "start": "2"})]


async def test_a_changed_detail_after_it_was_done_asks_again(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    await desk.consent.answer(yes(action))
    asked = await desk.consent.answer(yes(action, text="Bread"))
    assert asked.again is not None
    assert len(desk.tool.written) == 1
    assert (await desk.consent.answer(yes(action))).content == "Milk is written."


async def test_a_no_does_nothing_and_stays_a_no(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    no = replace(yes(action), yes=False)
    assert (await desk.consent.answer(no)).content == "All right, nothing was done."
    assert (await desk.consent.answer(yes(action))).content == "All right, nothing was done."
    assert desk.tool.written == []


async def test_a_no_after_it_was_done_says_that_it_was_done(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    await desk.consent.answer(yes(action))
    outcome = await desk.consent.answer(replace(yes(action), yes=False))
    assert (outcome.action.state, outcome.content) == (ActionState.DONE, "Milk is written.")


@pytest.mark.parametrize("change", [{"site": "other"}, {"session": "s2"}, {"action": new_id()}])
async def test_an_action_of_somebody_else_is_not_found(desk: ActionDesk, change: dict[str, Any]) -> None:
    action = await desk.offered(**WHOLE)
    with pytest.raises(NotFoundError, match="There is no action"):
        await desk.consent.answer(replace(yes(action), **change))
    assert (await desk.consent.answer(replace(yes(action), session="s1"))).content == "Milk is written."


async def test_an_offer_expires(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    desk.clock.forward(3601)
    for _ in range(2):
        with pytest.raises(ExpiredError, match="ask once more"):
            await desk.consent.answer(yes(action))
    assert (state(desk, action), desk.tool.written) == (ActionState.EXPIRED, [])


async def test_what_surely_failed_may_be_tried_again(desk: ActionDesk) -> None:
    desk.tool.fails = [ToolError("The calendar cannot be reached.", retry_after=1)]
    action = await desk.offered(**WHOLE)
    with pytest.raises(ToolError, match="cannot be reached"):
        await desk.consent.answer(yes(action))
    assert state(desk, action) is ActionState.OPEN
    assert (await desk.consent.answer(yes(action))).content == "Milk is written."


async def test_what_is_taken_is_asked_anew(desk: ActionDesk) -> None:
    desk.tool.fails = [TakenError("That time has just been taken.")]
    action = await desk.offered(**WHOLE)
    outcome = await desk.consent.answer(yes(action))
    assert (outcome.action.state, outcome.content) == (ActionState.FAILED, "That time has just been taken.")
    assert outcome.again is not None
    assert (outcome.again.kind, outcome.again.arguments) == ("form", {"text": "Milk"})


@pytest.mark.parametrize("written", [True, False])
async def test_a_lost_answer_is_looked_up_before_anything_is_done_again(desk: ActionDesk, written: bool) -> None:
    (desk.tool.fails_after if written else desk.tool.fails).append(UnsureError("It did not say."))
    action = await desk.offered(**WHOLE)
    with pytest.raises(UnsureError) as caught:
        await desk.consent.answer(yes(action))
    assert caught.value.retry_after == 60
    with pytest.raises(ConflictError, match="right now"):
        await desk.consent.answer(yes(action))
    desk.clock.forward(61)
    assert (await desk.consent.answer(yes(action))).content == "Milk is written."
    assert (desk.tool.settled, len(desk.tool.written)) == ([action], 1)


async def test_a_crash_after_the_call_books_once(desk: ActionDesk) -> None:
    """The process dies between the outer service's answer and its own commit; another one takes the next yes."""
    action = await desk.offered(**WHOLE)
    crashed = desk.database.actions.begin(desk.database.actions.get(action), WHOLE)
    assert crashed is not None
    await desk.tool.run(action, WHOLE)
    later = Clock()
    later.forward(61)
    other = ActionDesk(desk.database, desk.tool, later)
    outcomes = await asyncio.gather(*(other.consent.answer(yes(action)) for _ in range(4)), return_exceptions=True)
    assert [each.content for each in outcomes if isinstance(each, Outcome)][:1] == ["Milk is written."]
    assert len(desk.tool.written) == 1


async def test_what_nobody_can_find_out_is_told_and_not_done_again(desk: ActionDesk) -> None:
    desk.tool.settles = False
    desk.tool.fails = [UnsureError("I cannot tell.")]
    action = await desk.offered(**WHOLE)
    for _ in range(2):
        outcome = await desk.consent.answer(yes(action))
        assert (outcome.action.state, outcome.content) == (ActionState.FAILED, "I cannot tell.")
    assert desk.tool.written == []


async def test_who_leaves_does_not_cut_it_short(desk: ActionDesk) -> None:
    desk.tool.gate = asyncio.Event()
    action = await desk.offered(**WHOLE)
    leaving = asyncio.create_task(desk.consent.answer(yes(action)))
    await desk.tool.began.wait()
    leaving.cancel()
    desk.tool.gate.set()
    await desk.consent.drain()
    assert (state(desk, action), len(desk.tool.written)) == (ActionState.DONE, 1)


async def test_what_was_done_is_part_of_the_conversation(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    await desk.consent.answer(yes(action))
    assert desk.database.turns.history(SESSION, 10) == [
        Message("user", "Yes: Write Milk at 1."),
        Message("assistant", "Milk is written."),
    ]


async def test_a_site_that_stopped_offering_it_does_it_no_more(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    desk.tool.name = "another"
    with pytest.raises(ExpiredError, match="not on offer any more"):
        await desk.consent.answer(yes(action))


async def test_erasing_a_person_forgets_what_was_offered(desk: ActionDesk) -> None:
    action = await desk.offered(**WHOLE)
    assert desk.database.actions.was_offered(SESSION, "note")
    assert [each.id for each in desk.database.actions.of_turn("t1")] == [action]
    assert desk.database.actions.erase("demo", "s1") == 1
    assert not desk.database.actions.was_offered(SESSION, "note")


async def test_an_action_comes_back_as_it_was_stored(desk: ActionDesk) -> None:
    action = desk.database.actions.get(await desk.offered(**WHOLE))
    assert action.expires_at - action.created_at == timedelta(hours=1)
    assert [field.choices for field in action.fields] == [(), (("1", "one"), ("2", "two"))]
    assert action.payload()["fields"][1]["choices"] == [{"value": "1", "label": "one"}, {"value": "2", "label": "two"}]
