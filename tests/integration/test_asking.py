"""Asking a build that is not live: it answers, and neither the question nor the answer becomes a conversation."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from core.database import open_database
from core.errors import NotFoundError
from core.records import Event, Session, Turn, new_id
from core.settings import Settings
from serving.asking import Transcript, ask
from tests.fakes import commands
from tests.fakes.site import PAGES, furnish, stage

SESSION = Session("demo", "s1", "s1")
LATER = {**PAGES, "hours.md": ("Opening hours", "On Saturdays the shop opens at noon.")}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return furnish(tmp_path / "home")


async def asked(settings: Settings, question: str, build: str | None = None) -> Event:
    return await ask(settings, Turn(new_id(), SESSION, question), build, lambda _: None)


def exported(settings: Settings) -> list[str]:
    """The questions that will be exported as conversations."""
    with closing(open_database(settings.database_location)) as database:
        batch = database.outbox.claim(10)
    return [turn.question for turn in batch.turns] if batch else []


async def test_a_staged_build_is_asked_by_its_role_and_nothing_is_kept(settings: Settings) -> None:
    stage(settings, LATER)
    told = await asked(settings, "When do you open on Saturdays?", "staged")
    assert "noon" in told.data["content"]
    assert exported(settings) == []
    with closing(open_database(settings.database_location)) as database:
        assert database.turns.history(SESSION, 10) == []


async def test_a_rehearsal_knows_the_session_and_leaves_it_as_it_was(settings: Settings) -> None:
    stage(settings, {**PAGES, "shipping.md": ("Shipping", "Shipping is free for orders over 90 euros.")})
    await asked(settings, "Is shipping free?")
    told = await asked(settings, "And from how many euros?", "staged")
    assert "90 euros" in told.data["content"]
    assert exported(settings) == ["Is shipping free?"]


async def test_a_build_of_another_site_does_not_answer(settings: Settings) -> None:
    theirs = stage(settings, LATER, "other")
    with pytest.raises(NotFoundError, match="Site demo has no build"):
        await asked(settings, "When do you open on Saturdays?", theirs.id)


def test_the_command_says_where_a_staged_build_comes_from(settings: Settings) -> None:
    done = commands.run(settings.home, "serving", "ask", "Hello?", "--build", "staged")
    assert done.returncode == 2
    assert "index SOURCE --site demo --stage" in done.stderr


async def test_what_is_offered_is_shown_with_how_to_say_yes(settings: Settings) -> None:
    console = Console(record=True, width=120)
    wired = settings.model_copy(update={"handover_webhook": SecretStr("http://127.0.0.1:9/api/webhooks/1/s3cret")})
    await ask(wired, Turn(new_id(), SESSION, "I want to talk to a human"), None, Transcript(console).show)
    shown = console.export_text()
    assert "? Talk to a person" in shown
    assert "Say yes with POST /chat/actions/" in shown
