"""Which tools a site has: its own targets before those of the settings, and none that cannot work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.records import Site
from core.settings import Settings
from serving.agent.tools import Toolboxes
from tests.fakes.google import FakeGoogle

CALENDLY = "calendly:https://api.calendly.com/event_types/A"
WEBHOOK = "https://discord.com/api/webhooks/1/s3cret"


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def test_a_site_has_what_is_named_and_nothing_else() -> None:
    assert Toolboxes(settings()).of(Site("demo")) == {}
    assert list(Toolboxes(settings(handover_webhook=WEBHOOK)).of(Site("demo"))) == ["talk_to_a_person"]
    both = Toolboxes(settings(handover_webhook=WEBHOOK, booking=CALENDLY, calendly_token="token"))
    assert list(both.of(Site("demo"))) == ["book_meeting", "talk_to_a_person"]
    assert list(both.of(Site("demo", booking="none"))) == ["talk_to_a_person"]
    assert both.of(Site("demo", booking="none", handover="none")) == {}


def test_tools_are_built_once_for_each_target() -> None:
    boxes = Toolboxes(settings(handover_webhook=WEBHOOK))
    assert boxes.of(Site("demo"))["talk_to_a_person"] is boxes.of(Site("demo"))["talk_to_a_person"]
    own = Site("demo", handover=f"{WEBHOOK}2")
    assert boxes.of(own)["talk_to_a_person"] is not boxes.of(Site("demo"))["talk_to_a_person"]


def test_a_google_calendar_needs_its_key(tmp_path: Path) -> None:
    with FakeGoogle() as google:
        file = google.key_file(tmp_path)
    boxes = Toolboxes(settings(booking="google:team@shop.example", google_credentials=file))
    assert list(boxes.of(Site("demo"))) == ["book_meeting"]


@pytest.mark.parametrize(
    ("site", "given", "said"),
    [
        (Site("demo", booking=CALENDLY), {}, "set FRONTDESK_CALENDLY_TOKEN"),
        (Site("demo", booking="google:team@shop.example"), {}, "set FRONTDESK_GOOGLE_CREDENTIALS"),
        (Site("demo", booking="outlook:me"), {}, "names no calendar"),
        (
            Site("demo", booking="google:me"),
            {"meeting_hours": "whenever", "google_credentials": Path("key.json")},
            "FRONTDESK_MEETING_HOURS='whenever' cannot be read",
        ),
        (Site("demo", handover="https://evil.test/s3cret"), {}, "Discord webhook"),
    ],
)
def test_what_cannot_work_is_said_once_in_the_log_and_not_offered(
    site: Site, given: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    boxes = Toolboxes(settings(**given))
    assert boxes.of(site) == boxes.of(site) == {}
    assert caplog.text.count(said) == 1
    assert "s3cret" not in caplog.text
