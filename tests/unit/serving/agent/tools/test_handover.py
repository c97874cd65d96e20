"""The tool that calls a person: one message, as the visitor wrote it, pinging nobody, and never twice."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from core.errors import ToolError, UnsureError
from serving.agent.tools.handover import HandoverTool
from tests.fakes.discord import FakeDiscord

DETAILS = {"name": "Ann *Lee*", "email": "ann@mail.example", "message": "@everyone look:\n<@1> [x](https://evil.test)"}


def tool(discord: FakeDiscord) -> HandoverTool:
    return HandoverTool(SecretStr(discord.url), "Shop", longest_pause=0.1)


async def test_a_message_arrives_as_it_was_written() -> None:
    with FakeDiscord() as discord:
        told = await tool(discord).run("key-1", DETAILS)
    [message] = discord.messages
    assert message["allowed_mentions"] == {"parse": []}
    embed = message["embeds"][0]
    assert embed["title"] == "Shop: a visitor asks for a person"
    assert embed["description"] == "@everyone look:\n\\<@1\\> \\[x\\](https:\u200b//evil.test)"
    assert [field["value"] for field in embed["fields"]] == [r"Ann \*Lee\*", "ann@mail.example", "key-1"]
    assert "ann@mail.example" in told


async def test_it_waits_as_discord_asks_and_not_for_ever() -> None:
    with FakeDiscord([429, 429]) as discord:
        await tool(discord).run("key-1", DETAILS)
    assert len(discord.messages) == 1
    with FakeDiscord([429], retry_after="60") as discord, pytest.raises(ToolError, match="try again in a moment"):
        await tool(discord).run("key-1", DETAILS)
    assert discord.asked == 1


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_is_kind_to_visitors_and_plain_to_the_operator(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeDiscord([status]) as discord, pytest.raises(ToolError, match="could not be sent just now"):
        await tool(discord).run("key-1", DETAILS)
    assert f"Discord answered {status}" in caplog.text
    assert "ann@mail" not in caplog.text
    assert discord.token not in caplog.text


@pytest.mark.parametrize("status", [500, 503])
async def test_what_may_have_arrived_is_not_sent_again(status: int, caplog: pytest.LogCaptureFixture) -> None:
    with FakeDiscord([status]) as discord:
        with pytest.raises(UnsureError, match="did not send it again"):
            await tool(discord).run("key-1", DETAILS)
        with pytest.raises(UnsureError):
            await tool(discord).settle("key-1", DETAILS)
    assert discord.asked == 1
    assert "may be lost" in caplog.text


async def test_nobody_there_got_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.discord._STUMBLE", 0.01)
    with FakeDiscord() as discord:
        gone = tool(discord)
    with pytest.raises(ToolError) as caught:
        await gone.run("key-1", DETAILS)
    assert not isinstance(caught.value, UnsureError)
