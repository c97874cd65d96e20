"""A site as its owner sets it up, by command, and how a running desk follows: tier, cap, pinned answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from core.database import Database, open_database
from core.embedder import load_encoder
from core.errors import FrontdeskError
from core.records import Event, Session, Turn, new_id
from core.settings import Settings
from evals.fake_model import FakeModelOptions
from serving.agent.pinned import MODEL as PINNED
from serving.desk import Desk, open_desk
from serving.embedding import EmbeddingThread, Encoders
from serving.sites import app
from tests.fakes.chat_model import ChatModel, chat_model
from tests.fakes.site import furnish

PRICED = """
[tiers]
free = ["openai:priced", "extractive"]
[prices]
"openai:priced" = { input = 0, output = 100_000 }
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    home = tmp_path / "home"
    monkeypatch.setenv("FRONTDESK_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    return furnish(home)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = open_database(settings.database_location)
    yield opened
    opened.close()


@pytest.fixture
def model() -> Iterator[ChatModel]:
    """Four tokens at ten cents each, by the prices above."""
    with chat_model(FakeModelOptions(first_token_ms=0, tokens_per_second=0, text="Ten to four. [1]")) as served:
        yield served


@pytest.fixture
def priced(settings: Settings, model: ChatModel, tmp_path: Path) -> Settings:
    file = tmp_path / "models.toml"
    file.write_text(PRICED)
    url = f"http://127.0.0.1:{model.port}/v1"
    return settings.model_copy(
        update={"models_file": file, "openai_api_key": SecretStr("k"), "model_base_url": url, "coalesce_ms": 0}
    )


@pytest.fixture
async def desk(priced: Settings) -> AsyncGenerator[Desk]:
    embed = EmbeddingThread(Encoders(lambda name: load_encoder(name, priced)))
    opened = open_desk(priced, embed)
    yield opened
    await opened.close()
    embed.close()


def sites(*words: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)
    return found


async def asked(desk: Desk, text: str) -> tuple[list[Event], Turn]:
    turn = Turn(new_id(), Session("demo", "p", new_id()), text)
    events = [event async for event in desk.host.run(turn)]
    return events, await asyncio.to_thread(desk.database.turns.get, turn.id)


def test_what_is_set_is_shown_and_the_rest_stays(settings: Settings, tmp_path: Path) -> None:
    policy = tmp_path / "rules.md"
    policy.write_text("Be kind.")
    first = sites("set", "demo", "--tier", "paid", "--cap", "2.50", "--title", "Demo", "--policy", str(policy))
    assert (first["tier"], first["cap"], first["title"], first["model"]) == ("paid", 2.5, "Demo", None)
    assert (settings.site_folder("demo") / "policy.md").read_text() == "Be kind."
    assert sites("set", "demo", "--model", "local")["answers"] == ["local"]
    cleared = sites("set", "demo", "--model", "", "--cap", "")
    assert (cleared["tier"], cleared["model"], cleared["cap"], cleared["answers"]) == (
        "paid",
        None,
        None,
        ["extractive"],
    )
    assert sites("list")["sites"] == [sites("show", "demo")] == [cleared]
    assert "demo" in CliRunner().invoke(app, ["list"]).output


def test_where_a_sites_tools_write_is_set_without_being_told(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_CALENDLY_TOKEN", "token")
    calendar = "calendly:https://api.calendly.com/event_types/A"
    webhook = "https://discord.com/api/webhooks/1/s3cret"
    shown = sites("set", "demo", "--booking", calendar, "--handover", webhook)
    assert (shown["booking"], shown["handover"]) == (calendar, "its own webhook")
    assert database.sites.get("demo").handover == webhook
    shown = sites("set", "demo", "--booking", "none", "--handover", "")
    assert (shown["booking"], shown["handover"]) == ("none", None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "demo"], "Nothing was given"),
        (["set", "nowhere", "--tier", "paid"], "no site 'nowhere'"),
        (["set", "demo", "--tier", "gold"], "there are free, paid"),
        (["set", "demo", "--model", "gpt-4o-mini"], "names no provider"),
        (["set", "demo", "--cap", "much"], "'much' is no cap"),
        (["set", "demo", "--cap", "nan"], "'nan' is no cap"),
        (["set", "demo", "--policy", "/nowhere.md"], "cannot be read"),
        (["set", "demo", "--booking", "outlook:me"], "names no calendar to book in"),
        (
            ["set", "demo", "--booking", "calendly:https://api.calendly.com/event_types/A"],
            "set FRONTDESK_CALENDLY_TOKEN",
        ),
        (["set", "demo", "--booking", "google:team@shop.example"], "set FRONTDESK_GOOGLE_CREDENTIALS"),
        (["set", "demo", "--handover", "https://evil.test/api/webhooks/1/s3cret"], "called by a Discord webhook"),
        (["pin", "demo", "--question", " ", "--answer", "Yes."], "without question"),
        (["pin", "demo", "--question", "Q?", "--answer", "A.", "--url", "javascript:alert(1)"], "cannot be cited"),
        (["unpin", "demo", "none"], "has no pin 'none'"),
        (["pins", "nowhere"], "no site 'nowhere'"),
    ],
)
def test_what_cannot_be_used_is_a_sentence_and_changes_nothing(
    settings: Settings, database: Database, words: list[str], said: str
) -> None:
    before = database.sites.get("demo")
    with pytest.raises(FrontdeskError, match=said):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert database.sites.get("demo") == before
    assert database.pins.of("demo") == []


async def test_a_turn_costs_what_its_tokens_do_until_the_cap_is_spent_and_then_it_quotes(
    desk: Desk, model: ChatModel
) -> None:
    desk.database.sites.change("demo", cap=0.5)
    for _ in range(2):
        events, turn = await asked(desk, "When do you open on Saturdays?")
        assert turn.model == "openai:priced"
        assert turn.cost == pytest.approx(0.4)
        assert all(ruling.allowed for ruling in turn.rulings)
    events, turn = await asked(desk, "When do you open on Saturdays?")
    assert (turn.model, turn.cost) == ("extractive", 0)
    assert "we open at ten" in turn.answer
    assert [ruling.guard for ruling in turn.rulings if not ruling.allowed] == ["budget"]
    assert "quoting" in [event.data["content"] for event in events if event.type == "status"]
    assert len(model.prompts()) == 2
    assert sites("show", "demo")["spent_today"] == pytest.approx(0.8)


async def test_turns_at_once_pass_the_cap_by_themselves_only(desk: Desk, model: ChatModel) -> None:
    desk.database.sites.change("demo", cap=0.3)
    await asyncio.gather(*(asked(desk, "When do you open on Saturdays?") for _ in range(4)))
    paid = len(model.prompts())
    assert 1 <= paid <= 4
    await asyncio.gather(*(asked(desk, "When do you open on Saturdays?") for _ in range(4)))
    assert len(model.prompts()) == paid


async def test_while_the_provider_is_down_the_tier_quotes(desk: Desk, model: ChatModel) -> None:
    with model.behaving(FakeModelOptions(first_token_ms=0, tokens_per_second=0, error_rate=1, seed=1)):
        _, turn = await asked(desk, "When do you open on Saturdays?")
    assert (turn.model, turn.cost) == ("extractive", 0)
    _, turn = await asked(desk, "When do you open on Saturdays?")
    assert turn.model == "openai:priced"


async def test_a_pinned_answer_skips_the_model_and_is_cited_as_such(desk: Desk, model: ChatModel) -> None:
    words = ["pin", "demo", "--question", "Do you ship to Norway?", "--answer", "Yes, by sea.", "--url", "https://x/n"]
    assert CliRunner().invoke(app, words).exit_code == 0
    events, turn = await asked(desk, "Do you ship to Norway, please?")
    assert (turn.answer, turn.model, turn.declined) == ("Yes, by sea. [1]", PINNED, False)
    assert [(citation.n, citation.url) for citation in turn.citations] == [(1, "https://x/n")]
    assert events[-1].data["content"] == turn.answer
    assert model.prompts() == []
    [pin] = sites("pins", "demo")["pins"]
    assert pin["id"] in CliRunner().invoke(app, ["pins", "demo"]).output
    assert CliRunner().invoke(app, ["unpin", "demo", pin["id"]]).exit_code == 0
    assert sites("pins", "demo")["pins"] == []
    _, turn = await asked(desk, "When do you open on Saturdays?")
    assert turn.model == "openai:priced"
