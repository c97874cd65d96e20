"""Google Calendar's API as it is documented: tokens, free times, events with an id of ours, and each refusal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.errors import ConfigurationError, ToolError, UnsureError
from serving.agent.tools.calls import Service
from serving.agent.tools.google_calendar import GoogleCalendar, ServiceAccount
from serving.agent.tools.hours import read_hours
from serving.agent.tools.tool import Booking
from tests.fakes.google import CALENDAR, FakeGoogle
from tests.fakes.web_service import Failure, Told

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN = Booking(NOON, "Ann Lee", "ann.lee@mail.example")
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with FakeGoogle() as google:
        yield google


def calendar(google: FakeGoogle, folder: Path, subject: str | None = None, name: str = CALENDAR) -> GoogleCalendar:
    return GoogleCalendar(
        name,
        ServiceAccount(google.key_file(folder), subject),
        read_hours("Mon-Fri 09:00-17:00", ZoneInfo("Europe/Berlin")),
        30,
        invites=subject is not None,
        base_url=google.api,
        service=Service("Google Calendar", seconds=0.5, stumble=0.01),
    )


async def test_free_times_are_meeting_hours_beside_what_is_busy(google: FakeGoogle, tmp_path: Path) -> None:
    google.busy = [(NOON, NOON + timedelta(minutes=45))]
    found = await calendar(google, tmp_path).free(NOON - timedelta(hours=1), NOON + timedelta(hours=2))
    assert [f"{start:%H:%M}" for start in found] == ["11:00", "11:30", "13:00", "13:30"]


async def test_an_event_names_the_visitor_and_writes_to_nobody(google: FakeGoogle, tmp_path: Path) -> None:
    await calendar(google, tmp_path).book(KEY, ANN)
    event = google.events[KEY]
    assert event["start"] == {"dateTime": "2026-11-23T12:00:00Z", "timeZone": "Europe/Berlin"}
    assert event["end"]["dateTime"] == "2026-11-23T12:30:00Z"
    assert "ann.lee@mail.example" in event["description"]
    assert "attendees" not in event
    assert google.writes()[0].query == {"sendUpdates": "none"}


async def test_who_acts_for_somebody_invites_the_visitor(google: FakeGoogle, tmp_path: Path) -> None:
    await calendar(google, tmp_path, "owner@shop.example").book(KEY, ANN)
    assert google.events[KEY]["attendees"] == [{"email": "ann.lee@mail.example", "displayName": "Ann Lee"}]
    assert google.writes()[0].query == {"sendUpdates": "all"}


async def test_a_token_serves_as_long_as_it_holds(google: FakeGoogle, tmp_path: Path) -> None:
    ours = calendar(google, tmp_path)
    await ours.free(NOON, NOON + timedelta(days=1))
    await ours.book(KEY, ANN)
    assert [asked.path for asked in google.asked].count("/token") == 1


@pytest.mark.parametrize("failure", ["lost", Told(500), Told(429, headers={"Retry-After": "0.01"}), "silent"])
async def test_a_booking_is_sent_again_and_makes_one_event(
    google: FakeGoogle, tmp_path: Path, failure: Failure
) -> None:
    google.failing, google.failures = "/events", [failure]
    await calendar(google, tmp_path).book(KEY, ANN)
    assert (len(google.writes()), len(google.events)) == (2, 1)


async def test_a_quota_of_old_is_waited_for_too(google: FakeGoogle, tmp_path: Path) -> None:
    quota = Told(403, {"error": {"errors": [{"reason": "rateLimitExceeded"}], "code": 403}})
    google.failing, google.failures = "/events", [quota]
    await calendar(google, tmp_path).book(KEY, ANN)
    assert len(google.events) == 1


async def test_a_booking_that_stays_unanswered_is_unsure_and_can_be_found(google: FakeGoogle, tmp_path: Path) -> None:
    ours = calendar(google, tmp_path)
    google.failing, google.failures = "/events", ["lost", Told(503), Told(503)]
    with pytest.raises(UnsureError):
        await ours.book(KEY, ANN)
    assert await ours.find(KEY, ANN)
    assert not await ours.find("f" * 32, ANN)
    google.events[KEY]["status"] = "cancelled"
    assert not await ours.find(KEY, ANN)


async def test_a_calendar_that_is_not_shared_is_said_to_the_operator(
    google: FakeGoogle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    google.shared = False
    for asked in (
        calendar(google, tmp_path).free(NOON, NOON + timedelta(days=1)),
        calendar(google, tmp_path).book(KEY, ANN),
    ):
        with pytest.raises(ToolError, match="operator has been told"):
            await asked
    assert caplog.text.count("share the calendar with the service account") == 2
    assert "ann.lee" not in caplog.text


async def test_an_account_that_google_does_not_know_is_said_to_the_operator(
    google: FakeGoogle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    google.failing, google.failures = "/token", [Told(400, {"error": "invalid_grant"})]
    with pytest.raises(ToolError, match="operator has been told"):
        await calendar(google, tmp_path).book(KEY, ANN)
    assert "check FRONTDESK_GOOGLE_CREDENTIALS" in caplog.text
    assert google.writes() == []


def test_a_key_file_that_is_none_is_an_error_that_says_what_it_should_be(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("{}")
    for file in (tmp_path / "key.json", tmp_path / "missing.json"):
        with pytest.raises(ConfigurationError, match="JSON key of a service account"):
            ServiceAccount(file)
