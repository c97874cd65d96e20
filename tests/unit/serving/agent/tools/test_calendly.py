"""Calendly's API as it is documented: what is asked of it, what is booked, and what each refusal becomes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from core.errors import ConfigurationError, TakenError, ToolError, UnsureError
from serving.agent.tools.calendly import Calendly
from serving.agent.tools.calls import Service
from serving.agent.tools.tool import Booking
from tests.fakes.calendly import EVENT_TYPE, TOKEN, FakeCalendly
from tests.fakes.web_service import Failure, Told

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TEN, ELEVEN = NOW + timedelta(hours=2), NOW + timedelta(hours=3)
ANN = Booking(TEN, "Ann Lee", "ann.lee@mail.example")


@pytest.fixture
def service() -> Iterator[FakeCalendly]:
    with FakeCalendly(NOW, [TEN, ELEVEN]) as service:
        yield service


def calendly(service: FakeCalendly, token: str = TOKEN) -> Calendly:
    impatient = Service("Calendly", seconds=0.5, stumble=0.01)
    return Calendly(EVENT_TYPE, SecretStr(token), "Europe/Berlin", base_url=service.url, service=impatient)


async def test_free_times_are_those_that_calendly_names(service: FakeCalendly) -> None:
    assert await calendly(service).free(NOW + timedelta(hours=1), NOW + timedelta(days=7)) == [TEN, ELEVEN]


async def test_a_booking_makes_the_visitor_an_invitee(service: FakeCalendly) -> None:
    await calendly(service).book("key-1", ANN)
    [booked] = service.booked
    assert booked["invitee"] == {"name": "Ann Lee", "email": "ann.lee@mail.example", "timezone": "Europe/Berlin"}
    assert booked["location"] == {"kind": "google_conference"}
    assert booked["tracking"]["utm_content"] == "key-1"


async def test_an_event_type_without_a_place_is_booked_without_one(service: FakeCalendly) -> None:
    service.locations = []
    await calendly(service).book("key-1", ANN)
    assert "location" not in service.booked[0]


async def test_of_several_places_one_is_chosen_that_the_visitor_need_not_name(service: FakeCalendly) -> None:
    service.locations = [{"kind": "outbound_call"}, {"kind": "physical", "location": "Harbour 1"}]
    await calendly(service).book("key-1", ANN)
    assert service.booked[0]["location"] == {"kind": "physical", "location": "Harbour 1"}


async def test_a_place_that_only_the_visitor_can_name_is_said_to_the_operator(
    service: FakeCalendly, caplog: pytest.LogCaptureFixture
) -> None:
    service.locations = [{"kind": "ask_invitee"}]
    with pytest.raises(ToolError, match="operator has been told"):
        await calendly(service).book("key-1", ANN)
    assert "add one that does not" in caplog.text
    assert service.writes() == []


async def test_a_time_that_is_gone_is_said_as_that(service: FakeCalendly) -> None:
    service.free.remove(TEN)
    with pytest.raises(TakenError, match="just been taken"):
        await calendly(service).book("key-1", ANN)


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "FRONTDESK_CALENDLY_TOKEN"), (403, "paid plan"), (404, "event type"), (422, "event type")],
)
async def test_a_refusal_is_kind_to_visitors_and_plain_to_the_operator(
    service: FakeCalendly, status: int, hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = {"title": "Permission Denied", "message": "ann.lee@mail.example may not", "details": []}
    service.failing, service.failures = "/invitees", [Told(status, refusal)]
    with pytest.raises(ToolError, match=r"^Booking does not work at the moment. The site's operator has been told.$"):
        await calendly(service).book("key-1", ANN)
    assert f"refused a booking with {status} (Permission Denied)" in caplog.text
    assert hint in caplog.text
    assert len(service.writes()) == 1
    assert_silent(caplog)


async def test_a_wrong_token_is_refused_for_free_times_too(service: FakeCalendly) -> None:
    with pytest.raises(ToolError, match="operator has been told"):
        await calendly(service, token="old").free(NOW + timedelta(hours=1), NOW + timedelta(days=1))


@pytest.mark.parametrize("failure", [Told(503), "lost", "silent", Told(429, headers={"Retry-After": "0.01"})])
async def test_reading_is_tried_again(service: FakeCalendly, failure: Failure) -> None:
    service.failures = [failure]
    assert await calendly(service).free(NOW + timedelta(hours=1), NOW + timedelta(days=1)) == [TEN, ELEVEN]
    assert len(service.asked) == 2


async def test_reading_is_not_tried_for_ever(service: FakeCalendly) -> None:
    service.failures = [Told(500)] * 9
    with pytest.raises(ToolError, match="cannot be reached just now"):
        await calendly(service).free(NOW + timedelta(hours=1), NOW + timedelta(days=1))
    assert len(service.asked) == 3


async def test_a_booking_that_was_refused_for_now_is_sent_again(service: FakeCalendly) -> None:
    service.failing, service.failures = "/invitees", [Told(429, headers={"X-RateLimit-Reset": "0.01"})]
    await calendly(service).book("key-1", ANN)
    assert len(service.booked) == 1


async def test_a_long_rest_is_not_waited_for(service: FakeCalendly) -> None:
    service.failing, service.failures = "/invitees", [Told(429, headers={"Retry-After": "60"})]
    with pytest.raises(ToolError) as caught:
        await calendly(service).book("key-1", ANN)
    assert not isinstance(caught.value, UnsureError)
    assert (caught.value.retry_after, service.booked) == (60, [])


@pytest.mark.parametrize(("failure", "booked"), [("lost", 1), ("silent", 0), (Told(500), 0), (Told(201, []), 0)])
async def test_a_booking_whose_answer_is_lost_is_not_sent_twice_and_can_be_found(
    service: FakeCalendly, failure: Failure, booked: int, caplog: pytest.LogCaptureFixture
) -> None:
    calendar = calendly(service)
    service.failing, service.failures = "/invitees", [failure]
    with pytest.raises(UnsureError, match="did not say whether"):
        await calendar.book("key-1", ANN)
    assert (len(service.writes()), len(service.booked)) == (1, booked)
    assert await calendar.find("key-1", ANN) is bool(booked)
    assert await calendar.find("key-2", ANN) is False
    assert_silent(caplog)


async def test_nobody_there_wrote_nothing() -> None:
    with FakeCalendly(NOW, []) as gone:
        calendar = calendly(gone)
    with pytest.raises(ToolError) as caught:
        await calendar.book("key-1", ANN)
    assert not isinstance(caught.value, UnsureError)


@pytest.mark.parametrize("name", ["https://calendly.com/acme/chat", "https://evil.test/event_types/A", ""])
def test_only_an_event_type_of_the_api_is_taken(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"https://api\.calendly\.com/event_types/"):
        Calendly(name, SecretStr(TOKEN), "UTC")


def assert_silent(caplog: pytest.LogCaptureFixture) -> None:
    """No log says who wants a meeting."""
    assert [record.name for record in caplog.records if record.levelno >= logging.WARNING]
    for private in ("ann.lee", "Ann", TOKEN):
        assert private not in caplog.text
