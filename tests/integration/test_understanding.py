"""What visitors mean: follow-ups, several questions, misspelt and foreign ones, through a desk with real stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.embedder import load_encoder
from core.records import Session, Turn, new_id
from core.settings import Settings
from evals.fake_model import FakeModelOptions
from serving.desk import Desk, open_desk
from serving.embedding import EmbeddingThread, Encoders
from tests.fakes.chat_model import ChatModel, chat_model
from tests.fakes.site import furnish

PRICED = """
[tiers]
free = ["openai:priced", "extractive"]
[prices]
"openai:priced" = { input = 0, output = 100_000 }
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return furnish(tmp_path / "home")


@pytest.fixture
def model() -> Iterator[ChatModel]:
    with chat_model(FakeModelOptions(first_token_ms=0, tokens_per_second=0, text="When do you open on Sundays?")) as it:
        yield it


async def opened(settings: Settings) -> AsyncGenerator[Desk]:
    embed = EmbeddingThread(Encoders(lambda name: load_encoder(name, settings)))
    desk = open_desk(settings, embed)
    yield desk
    await desk.close()
    embed.close()


@pytest.fixture
async def desk(settings: Settings) -> AsyncGenerator[Desk]:
    async for each in opened(settings):
        yield each


@pytest.fixture
async def writing(settings: Settings, model: ChatModel, tmp_path: Path) -> AsyncGenerator[Desk]:
    (tmp_path / "models.toml").write_text(PRICED)
    changed = {
        "models_file": tmp_path / "models.toml",
        "openai_api_key": SecretStr("k"),
        "model_base_url": f"http://127.0.0.1:{model.port}/v1",
        "coalesce_ms": 0,
    }
    async for each in opened(settings.model_copy(update=changed)):
        yield each


async def asked(desk: Desk, text: str, session: str) -> Turn:
    turn = Turn(new_id(), Session("demo", session, session), text)
    async for _ in desk.host.run(turn):
        pass
    return await asyncio.to_thread(desk.database.turns.get, turn.id)


async def test_a_misspelt_question_is_searched_for_as_the_site_spells_it(desk: Desk) -> None:
    turn = await asked(desk, "When do you opne on Saturdyas?", "typo")
    assert turn.search == "When do you open on Saturdays?"
    assert "ten" in turn.answer


async def test_a_language_that_is_not_served_is_told_so_and_is_no_part_of_the_conversation(desk: Desk) -> None:
    turn = await asked(desk, "Wann haben Sie samstags geöffnet?", "german")
    assert turn.answer.startswith("Es tut mir leid")
    assert [(ruling.guard, ruling.allowed) for ruling in turn.rulings] == [("language", False)]
    assert (turn.cost, turn.passages) == (0, ())


async def test_a_follow_up_is_rewritten_by_the_model_and_both_calls_are_paid_for(
    writing: Desk, model: ChatModel
) -> None:
    first = await asked(writing, "When do you open on Saturdays?", "talk")
    assert len(model.prompts()) == 1  # it stands alone
    follow = await asked(writing, "And on Sundays?", "talk")
    rewriting, answering = model.prompts()[1:]
    assert follow.search == "When do you open on Sundays?"
    assert "And on Sundays?" in rewriting[-1]["content"]
    assert "<passage" not in rewriting[-1]["content"]
    assert answering[-1]["content"].endswith("Question: And on Sundays?")
    assert follow.cost == pytest.approx(2 * first.cost)
    assert follow.usage.output_tokens == 2 * first.usage.output_tokens


async def test_over_its_cap_a_site_rewrites_nothing(writing: Desk, model: ChatModel) -> None:
    writing.database.sites.change("demo", cap=0.1)  # spent by the first answer
    await asked(writing, "When do you open on Saturdays?", "talk")
    follow = await asked(writing, "And on Sundays?", "talk")
    assert len(model.prompts()) == 1
    assert (follow.model, follow.cost, follow.search) == ("extractive", 0, "And on Sundays?")


async def test_a_model_that_is_too_slow_to_rewrite_is_not_waited_for(
    writing: Desk, model: ChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.agent.writers.SECONDS", 0.2)
    await asked(writing, "When do you open on Saturdays?", "talk")
    with model.behaving(FakeModelOptions(first_token_ms=700, tokens_per_second=0, text="Ten. [1]")):
        follow = await asked(writing, "And on Sundays?", "talk")
    assert follow.search == "And on Sundays?"
    assert follow.model == "openai:priced"
