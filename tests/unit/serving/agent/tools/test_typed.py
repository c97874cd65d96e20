"""What is typed where a form is open: details go into it, and whatever asks something is a question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from core.records import FormField
from serving.agent.tools.booking import BookingTool
from serving.agent.tools.handover import HandoverTool
from serving.agent.tools.tool import Tool
from serving.agent.tools.typed import details_in
from tests.fakes.tools import NotingCalendar

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
ANNA = {"name": "Anna Weber", "email": "anna@mail.example"}
BOOKING = BookingTool(
    NotingCalendar([MONDAY + timedelta(hours=hours) for hours in (2, 3, 26, 28)]), ZoneInfo("UTC"), lambda: MONDAY
)
HANDOVER = HandoverTool(SecretStr("https://discord.com/api/webhooks/1/x"), "Shop")
QUESTIONS = Path(__file__).parents[5] / "datasets" / "kestrel" / "golden.jsonl"


async def offered(tool: Tool, **known: str) -> Sequence[FormField]:
    return await tool.fields(known)


@pytest.mark.parametrize(
    ("said", "details"),
    [
        ("Anna Weber, anna@mail.example, tomorrow at 10", {**ANNA, "start": "2026-11-24T10:00:00"}),
        ("Anna Weber, anna@mail.example, +49 170 1234567, Tuesday 12:00", {**ANNA, "start": "2026-11-24T12:00:00"}),
        ("Rather on Tuesday at twelve, if that works for you.", {"start": "2026-11-24T12:00:00"}),
        ("12:00 please", {"start": "2026-11-24T12:00:00"}),  # on offer on one day only
        ("tomorrow would be great", {"day": "2026-11-24", "start": ""}),
        ("anna@mail.example", {"email": "anna@mail.example"}),
        ("Please book it under anna@mail.example", {"email": "anna@mail.example"}),
        ("name: Anna Weber", {"name": "Anna Weber"}),
        ("Anna Weber, anna@mail.example, next Tuesday at 10", ANNA),
        ("Anna Weber, anna@mail.example, 5/12 at 12:00", ANNA),
    ],
)
async def test_details_of_a_meeting_are_taken(said: str, details: dict[str, str]) -> None:
    told = details_in(said, BOOKING, await offered(BOOKING))
    assert told is not None
    assert (told.details, told.rest) == (details, "")


async def test_a_time_alone_is_meant_on_the_day_that_is_chosen() -> None:
    told = details_in("rather at 9:30", BOOKING, await offered(BOOKING, start="2026-11-24T10:00Z"))
    assert told is not None
    assert told.details == {"start": "2026-11-24T09:30:00"}


@pytest.mark.parametrize("said", ["Monday at 12:00", "Wednesday, Thursday, 12:00", "31 November at 12:00"])
async def test_a_time_beside_a_day_that_is_not_read_is_not_meant_on_the_day_that_is_chosen(said: str) -> None:
    assert details_in(said, BOOKING, await offered(BOOKING, start="2026-11-24T10:00Z")) is None


@pytest.mark.parametrize(
    "said",
    [
        "Is tomorrow at 10 free?",
        "What about tomorrow at 10?",
        "Anna Weber, anna@mail.example, what does it cost",
        "anna@mail.example: tell me about delivery on Tuesday",
        "I want to know whether you open tomorrow at 10",
        "Wann habt ihr morgen auf",
        "I bought a Merlin on Tuesday at 10",
        "I ordered with anna@mail.example and nothing has arrived",
        "My name is Anna Weber and my grinder broke",
        "+49 170 1234567",
        "How are you doing today?",
        "And on Sunday?",  # asked of the opening hours
        "Ich heiße Anna Weber, anna@mail.example, und wie viel kostet der Merlin",
        "Ana Ruiz, ana@mail.example, y cuánto cuesta",
        "the Merlin",
        "thanks",
        "",
    ],
)
async def test_whatever_asks_or_tells_something_else_is_no_detail_of_a_meeting(said: str) -> None:
    assert details_in(said, BOOKING, await offered(BOOKING)) is None


async def test_no_question_of_the_sample_site_fills_in_a_form() -> None:
    questions = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    assert len(questions) > 100
    for tool in (BOOKING, HANDOVER):
        fields = await offered(tool)
        assert [text for text in questions if details_in(text, tool, fields)] == []


async def test_a_question_beside_the_details_is_left_to_be_answered() -> None:
    told = details_in("Anna Weber, anna@mail.example. And do you ship to Norway?", BOOKING, await offered(BOOKING))
    assert told is not None
    assert (told.details, told.rest) == (ANNA, "And do you ship to Norway?")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("Anna Weber, anna@mail.example", "Broken."),
        ("Anna Weber, anna@mail.example, it is order 4411, from May.", "Broken.\nit is order 4411, from May"),
        (
            "Invoices go to anna@mail.example, not to my flat",
            "Broken.\nInvoices go to anna@mail.example, not to my flat",
        ),
        ("Call me on 0170 1234567", "Broken.\nCall me on 0170 1234567"),
    ],
)
async def test_what_is_told_with_an_address_or_a_number_goes_to_the_person(said: str, message: str) -> None:
    fields = await offered(HANDOVER, message="Broken.")
    told = details_in(said, HANDOVER, fields)
    assert told is not None
    assert told.details.get("message", "Broken.") == message


@pytest.mark.parametrize("said", ["My grinder is broken.", "tomorrow at 10", "the Merlin", "order 4411"])
async def test_what_may_be_for_the_assistant_does_not_go_to_the_person(said: str) -> None:
    assert details_in(said, HANDOVER, await offered(HANDOVER)) is None
