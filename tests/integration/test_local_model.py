"""The packaged small model behind the real llama.cpp: a writer and a judge like any other, over a real socket."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import httpx
import psutil
import pytest

from core.embedder import load_encoder
from core.errors import ModelError, OverloadedError
from core.local_model import AT_ONCE, LOCAL, LocalModel, local_model
from core.records import Session, Turn, new_id
from core.settings import Settings
from evals.judge import Judged, judge_of
from evals.rehearsal import Answered
from serving.agent import Closing, ModelWriter
from serving.agent.models import chat_model
from serving.desk import Desk, open_desk
from serving.embedding import EmbeddingThread, Encoders
from tests.fakes.answers import answered
from tests.fakes.commands import ROOT, run
from tests.fakes.local_model import busy_slots, healthy, needs_local_model
from tests.fakes.retriever import passage
from tests.fakes.site import PAGES, furnish, promote

pytestmark = needs_local_model

PASSAGES = [passage("On Saturdays we open at ten.")]
RETURNS = "Within how many days can I return an unopened item?"


@pytest.fixture(scope="module")
def server() -> LocalModel:
    return local_model()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return furnish(tmp_path_factory.mktemp("home")).model_copy(update={"model": LOCAL, "model_seconds": 120})


@pytest.fixture
async def desk(site: Settings) -> AsyncGenerator[Desk]:
    embed = EmbeddingThread(Encoders(lambda model: load_encoder(model, site)))
    opened = open_desk(site, embed, writer=writer(site))
    yield opened
    await opened.close()
    embed.close()


def writer(settings: Settings, at_once: int | None = AT_ONCE) -> ModelWriter:
    return ModelWriter(chat_model(LOCAL, settings), LOCAL, settings.model_seconds, at_once)


def writing(author: ModelWriter, question: str) -> AsyncGenerator[str | Closing, None]:
    return author.write(question, PASSAGES, [], "")


async def until_slots(server: LocalModel, busy: int, seconds: float) -> None:
    """Wait until so many answers are being written."""
    async with asyncio.timeout(seconds):
        while await asyncio.to_thread(busy_slots, server) != busy:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


def asked(question: str) -> Turn:
    return Turn(new_id(), Session("demo", new_id(), "p"), question)


async def test_an_answer_comes_in_pieces(site: Settings) -> None:
    pieces = [piece async for piece in writing(writer(site), "Are you open?")]
    assert len(pieces) > 2 and isinstance(pieces[-1], Closing)


async def test_a_turn_ends_with_its_usage_and_what_it_cites_whatever_the_guards_let_through(desk: Desk) -> None:
    events = [event async for event in desk.host.run(asked(RETURNS))]
    end = events[-1]
    assert end.type == "end", end.data
    said = [event.data["content"] for event in events if event.type == "token"]
    assert "".join(said).strip() == end.data["content"].strip()
    assert end.data["usage"]["input_tokens"] > 100
    assert 0 < end.data["usage"]["output_tokens"] <= 256
    assert {citation["n"] for citation in end.data["citations"]} <= {1, 2, 3, 4}


async def test_a_turn_right_after_the_server_was_killed_is_answered(desk: Desk, server: LocalModel) -> None:
    assert server.await_ready(30)
    psutil.Process(server.pid).kill()
    *_, end = [event async for event in desk.host.run(asked(RETURNS))]
    assert end.type == "end", end.data


async def test_a_server_killed_in_the_middle_fails_the_answer_and_not_the_next(
    desk: Desk, site: Settings, server: LocalModel
) -> None:
    assert server.await_ready(30)
    pieces = writing(writer(site), "Tell me a long story of the sea.")
    await anext(pieces)
    psutil.Process(server.pid).kill()
    with pytest.raises(ModelError) as caught:
        [piece async for piece in pieces]
    assert caught.value.retry_after
    *_, end = [event async for event in desk.host.run(asked(RETURNS))]
    assert end.type == "end", end.data


@pytest.mark.parametrize("reading", [True, False], ids=["while it reads", "while it writes"])
async def test_a_stop_frees_the_slot_at_once(site: Settings, server: LocalModel, reading: bool) -> None:
    assert server.await_ready(30)
    question = "Tell me a long story of the sea. " * (600 if reading else 1) + new_id()
    async with aclosing(writing(writer(site), question)) as pieces:
        first = asyncio.ensure_future(anext(pieces))
        await until_slots(server, 1, 60)
        if not reading:
            await first
        first.cancel()
        await asyncio.wait([first])
    await until_slots(server, 0, 15 if reading else 3)  # within a second where cores are free; to the end: a minute


async def test_who_finds_no_place_is_told_at_once(site: Settings) -> None:
    author = writer(site)
    running = [asyncio.ensure_future(anext(writing(author, f"Tell me a story of {n} ships."))) for n in range(AT_ONCE)]
    await asyncio.sleep(0)
    began = time.monotonic()
    with pytest.raises(OverloadedError, match="busy") as caught:
        await anext(writing(author, "Are you open?"))
    assert time.monotonic() - began < 0.5
    assert caught.value.retry_after
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    async with aclosing(writing(author, "Are you open?")) as pieces:
        assert await anext(pieces)


async def test_an_answer_has_its_time_and_no_more(site: Settings, server: LocalModel) -> None:
    hasty = writer(site.model_copy(update={"model_seconds": 0.3}))
    with pytest.raises(ModelError, match="too long"):
        [piece async for piece in writing(hasty, "Tell me a long story of the sea. " * 100)]
    await until_slots(server, 0, 15)


async def test_a_prompt_that_is_too_long_is_a_failure_of_the_question(site: Settings) -> None:
    with pytest.raises(ModelError, match="did not accept the question"):
        [piece async for piece in writing(writer(site), "Tell me a long story of the sea. " * 1500)]


def test_it_answers_who_has_its_key_and_nobody_else(server: LocalModel) -> None:
    assert server.await_ready(30)
    assert healthy(server)
    for key in ({}, {"authorization": "Bearer wrong"}):
        answer = httpx.post(f"{server.url}/chat/completions", headers=key, json={"messages": []}, trust_env=False)
        assert answer.status_code == 401


def test_it_ends_with_a_process_that_is_killed() -> None:
    code = (
        "from core.local_model import local_model as m; import os; print(m().pid, flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    child, deadline = int(killed.stdout), time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_says_a_row_as_a_sentence_past_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = "It is small for its weight.\n\n| | Merlin |\n|---|---|\n| Weight | 9.2 kg |"
    promote(furnish(tmp_path), {**PAGES, "merlin.md": ("Kestrel Merlin", row)})
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("FRONTDESK_MODEL", LOCAL)
    done = run(tmp_path, "serving", "ask", "What is the weight of the Kestrel Merlin?", "--json")
    assert done.returncode == 0, done.stderr
    end = json.loads(done.stdout)
    assert (end["type"], "9.2 kg" in end["content"]) == ("end", True)
    assert end["usage"]["output_tokens"] > 0


async def judged(settings: Settings, *answers: Answered) -> Judged:
    judging = settings.model_copy(update={"judge_model": LOCAL})
    async with judge_of(judging, load_encoder(settings.embedding_model, settings), at_once=4) as judge:
        assert judge
        return await judge.judge(answers, 1)


def all_are_numbers_or_named_failures(verdicts: Judged) -> bool:
    averages = [value for by_question in verdicts.scores().values() for value in by_question.values()]
    named = all(failure.reason for failure in verdicts.failures)
    return named and all(0 <= value <= 1 for value in averages)


async def test_a_judge_held_to_its_schema_gives_verdicts(site: Settings) -> None:
    verdicts = await judged(site, answered("hours", "At ten on Saturdays.", question="When do you open on Saturdays?"))
    assert [each.metric for each in verdicts.judgements if each.asked] == ["answer_relevancy"]
    assert verdicts.failures == []
    assert all_are_numbers_or_named_failures(verdicts)


@pytest.mark.long
async def test_five_metrics_are_numbers_or_named_failures(site: Settings) -> None:
    hours = answered(
        "hours",
        "At ten.",
        question="When do you open on Saturdays?",
        gold=("at ten",),
        passages=("On Saturdays we open at ten.",),
    )
    verdicts = await judged(site, hours)
    assert len(verdicts.judgements) == 5
    assert len(verdicts.failures) < 5
    assert all_are_numbers_or_named_failures(verdicts)
