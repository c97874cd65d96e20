"""Messages to Discord: within its limits, patient, pinging nobody, and silent about the webhook's secret."""

from __future__ import annotations

import logging
import re
from traceback import format_exception

import pytest
from pydantic import SecretStr

from core.discord import Embed, Webhook, escaped
from core.errors import ConfigurationError, NotDeliveredError
from core.settings import load_settings
from tests.fakes.discord import FakeDiscord, problems

EMBED = Embed("demo: promoted", "Site demo answers.", 0x2E7D32, (("Documents", "3 added"),))


def send(discord: FakeDiscord, embed: Embed = EMBED, *, longest_pause: float = 5) -> None:
    Webhook(SecretStr(discord.url), longest_pause=longest_pause).send(embed)


def test_a_message_arrives_and_pings_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FakeDiscord() as discord:
        send(discord)
    [message] = discord.messages
    assert message["allowed_mentions"] == {"parse": []}
    assert message["embeds"][0]["fields"] == [{"name": "Documents", "value": "3 added", "inline": False}]
    assert discord.token not in caplog.text


def test_what_is_too_long_is_cut_and_what_is_empty_left_out() -> None:
    monster = Embed("🏠" * 500, "🏠" * 9000, 0, tuple((f"{n}" * 300, "🏠" * 2000) for n in range(40)))
    assert problems(monster.payload()) == []
    many = Embed("t", "d", 0, (*((f"{n}", "v") for n in range(40)), ("empty", " ")))
    assert problems(many.payload()) == []
    assert Embed("t", "d", 0, (("empty", " "),)).payload()["embeds"][0]["fields"] == []
    with FakeDiscord() as discord:
        send(discord, monster)
    assert len(discord.messages) == 1


def test_it_waits_as_long_as_discord_asks() -> None:
    with FakeDiscord([429, 429]) as discord:
        send(discord)
    assert (discord.asked, len(discord.messages)) == (3, 1)


def test_it_does_not_wait_for_an_hour() -> None:
    with FakeDiscord([429], retry_after="3600") as discord, pytest.raises(NotDeliveredError, match="3,600 seconds"):
        send(discord)
    assert discord.asked == 1


def test_a_server_that_stumbles_is_asked_again_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.discord._STUMBLE", 0.01)
    with FakeDiscord([503]) as discord:
        send(discord)
    assert discord.asked == 2
    with FakeDiscord([503] * 9) as discord, pytest.raises(NotDeliveredError, match="503"):
        send(discord)
    assert discord.asked == 4


@pytest.mark.parametrize("status", [302, 401, 404])
def test_what_will_not_get_better_is_not_tried_again(status: int) -> None:
    with FakeDiscord([status]) as discord, pytest.raises(NotDeliveredError, match=str(status)) as caught:
        send(discord)
    assert discord.asked == 1
    assert discord.token not in repr(caught.value)


def test_nobody_there_is_an_error_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.discord._STUMBLE", 0.01)
    with pytest.raises(NotDeliveredError, match="cannot be reached") as caught:
        Webhook(SecretStr(f"http://127.0.0.1:9/api/webhooks/1/{'s' * 20}")).send(EMBED)
    assert "s" * 20 not in "".join(format_exception(caught.value))


@pytest.mark.parametrize(
    "address", ["https://evil.example/c?a_b=1", "HTTP://evil.example", "discord.gg/abc", "Discord.com/invite/abc"]
)
def test_no_address_can_be_followed(address: str) -> None:
    shown = escaped(f"look: {address}")
    assert shown.replace("\u200b", "") == f"look: {address}"
    assert "://" not in shown
    assert not re.search(r"discord\.\w", shown, re.IGNORECASE)


def test_text_is_shown_as_it_is() -> None:
    assert escaped("see a_b of _c_ at ann_lee@x.example") == r"see a_b of \_c\_ at ann_lee@x.example"
    assert [escaped(item) for item in ("- b", "1. a", "12) c", "-5 °C", "3.5")] == [
        r"\- b",
        r"1\. a",
        r"12\) c",
        "-5 °C",
        "3.5",
    ]
    assert escaped("a|b <@1> *x*\n[y](z) @everyone") == r"a\|b \<@1\> \*x\* \[y\](z) @everyone"


@pytest.mark.parametrize(
    "url", ["https://evil.example/api/webhooks/1/s3cret", "http://discord.com/api/webhooks/1/s3cret"]
)
def test_only_discord_is_sent_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_DISCORD_WEBHOOK", url)
    with pytest.raises(ConfigurationError, match="FRONTDESK_DISCORD_WEBHOOK: must start with https") as caught:
        load_settings()
    assert "s3cret" not in str(caught.value)
