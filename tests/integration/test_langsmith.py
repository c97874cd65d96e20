"""Turns in LangSmith by its usual variables: every node arrives, and a LangSmith that is away hurts nobody."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from evals.fake_model import FakeModelOptions
from tests.fakes import langsmith
from tests.fakes.chat_model import ChatModel, chat_model
from tests.fakes.commands import ROOT
from tests.fakes.langsmith import LangSmith
from tests.fakes.server import ask, running
from tests.fakes.site import furnish

SAID = "On Saturdays we open at ten and close at four. [1]"


@pytest.fixture(scope="module")
def model() -> Iterator[ChatModel]:
    with chat_model(FakeModelOptions(first_token_ms=0, tokens_per_second=0, text=SAID)) as model:
        yield model


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return furnish(tmp_path_factory.mktemp("home"))


def _has_every_node(told: LangSmith) -> None:
    turn = told.ended("turn")
    assert told.refused == []
    assert turn["outputs"]["turn"]["answer"] == SAID
    assert turn["extra"]["metadata"]["site"] == "demo"
    assert turn["session_name"] == "shop"
    assert not turn.get("error")
    for name in ("guard", "pinned", "recall", "retrieve", "scope", "answer", "remember"):
        node = told.ended(name)
        assert node["parent_run_id"] == turn["id"]
        assert node["inputs"]["turn"]["question"] == "When do you open on Saturdays?"
        assert node["outputs"]
        assert node["start_time"] < node["end_time"]
    [call] = [run for run in told.runs.values() if run["run_type"] == "llm"]
    assert call["parent_run_id"] == told.ended("answer")["id"]


def test_every_node_arrives_from_rays_replicas(settings: Settings, model: ChatModel) -> None:
    with langsmith.running() as told, running(settings.home, **model.environment, **told.environment) as server:
        assert ask(server.url, "When do you open on Saturdays?")[-1]["content"] == SAID
        _has_every_node(told)


def test_the_variables_may_stand_in_dotenv(settings: Settings, model: ChatModel, tmp_path: Path) -> None:
    with langsmith.running() as told:
        lines = [f"{name}={value}\n" for name, value in {**model.environment, **told.environment}.items()]
        (tmp_path / ".env").write_text("".join(lines))
        done = _ask(settings, tmp_path)
        assert done.returncode == 0, done.stderr
        _has_every_node(told)


@pytest.mark.parametrize("silent", [False, True])
def test_a_langsmith_that_is_away_or_silent_hurts_no_turn(
    settings: Settings, model: ChatModel, tmp_path: Path, silent: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        if not silent:
            listener.close()
        told = LangSmith(port).environment
        with running(settings.home, "--no-ray", **model.environment, **told) as server:
            ask(server.url, "When do you open on Sundays?")
            began = time.monotonic()
            for _ in range(5):
                end = ask(server.url, "When do you open on Saturdays?")[-1]
                assert (end["type"], end["content"]) == ("end", SAID)
            assert time.monotonic() - began < 5
            stopped = server.stop()
        assert stopped < 20
        assert "Traceback" not in server.log.read_text()


def _ask(settings: Settings, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "serving", "ask", "When do you open on Saturdays?"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "FRONTDESK_HOME": str(settings.home)},
        capture_output=True,
        text=True,
    )
