"""The same application in one process without Ray, and the commands around it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.settings import Settings
from evals.fake_model import FakeModelOptions
from tests.fakes.chat_model import ChatModel, chat_model
from tests.fakes.commands import run
from tests.fakes.server import ask, running
from tests.fakes.site import furnish


@pytest.fixture(scope="module")
def model() -> Iterator[ChatModel]:
    with chat_model(FakeModelOptions(first_token_ms=0, tokens_per_second=0, tokens=5)) as model:
        yield model


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return furnish(tmp_path_factory.mktemp("home"))


def test_after_a_restart_the_agent_still_receives_the_sessions_messages(settings: Settings, model: ChatModel) -> None:
    with running(settings.home, "--no-ray", **model.environment) as server:
        first = ask(server.url, "Is shipping free?", session="restart")[-1]
        assert first["type"] == "end"
        assert server.stop() < 10
    with running(settings.home, "--no-ray", **model.environment) as server:
        ask(server.url, "And how long does it take?", session="restart")
    said = [message["content"] for message in model.prompts()[-1] if message["role"] in {"user", "assistant"}]
    assert said[:2] == ["Is shipping free?", first["content"]]


def test_a_server_without_documents_says_how_to_get_some(tmp_path: Path) -> None:
    with running(tmp_path, "--no-ray") as server:
        command = "python -m pipelines index SOURCE --site demo"
        assert command in server.log.read_text()
        ready = httpx.get(f"{server.url}/ready")
        assert ready.status_code == 503
        assert command in ready.json()["dependencies"]["knowledge"]
        answer = httpx.post(f"{server.url}/chat", json={"message": "Are you open?", "session_id": "s"})
        assert answer.status_code == 404
        assert command in answer.json()["error"]["message"]


def test_it_starts_where_a_proxy_is_set(settings: Settings) -> None:
    nowhere = "http://127.0.0.1:9"
    with running(settings.home, "--no-ray", HTTP_PROXY=nowhere, http_proxy=nowhere, NO_PROXY="", no_proxy="") as server:
        assert httpx.get(f"{server.url}/ready").status_code == 200


def test_a_model_without_its_key_is_said_at_the_start(settings: Settings) -> None:
    with running(settings.home, "--no-ray", FRONTDESK_MODEL="openai:gpt-4o-mini", OPENAI_API_KEY="") as server:
        assert "! model: The model openai:gpt-4o-mini needs a key: set OPENAI_API_KEY." in server.log.read_text()
        assert httpx.get(f"{server.url}/ready").status_code == 503


def test_a_port_in_use_is_one_sentence_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(tmp_path, "serving", "run", "--port", str(port))
    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1 is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_demo_pages_that_are_no_folder_are_one_sentence_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_DEMO_PAGES", str(tmp_path / "nowhere"))
    done = run(tmp_path, "serving", "run", "--port", "0")
    assert done.returncode == 2
    assert "FRONTDESK_DEMO_PAGES" in done.stderr
    assert "Traceback" not in done.stderr


def test_ask_answers_in_the_terminal_with_its_sources(settings: Settings) -> None:
    done = run(settings.home, "serving", "ask", "Can I return an opened bag of coffee?")
    assert done.returncode == 0, done.stderr
    assert "Opened bags of coffee cannot be returned. [1]" in done.stdout
    assert "/pages/returns.md" in done.stdout


def test_ask_prints_one_json_object(settings: Settings) -> None:
    done = run(settings.home, "serving", "ask", "Can I return an opened bag of coffee?", "--json")
    answer = json.loads(done.stdout)
    assert answer["type"] == "end"
    assert answer["citations"][0]["title"] == "Returns"


def test_ask_goes_on_with_a_session(settings: Settings) -> None:
    run(settings.home, "serving", "ask", "Is shipping free?", "--session", "mine")
    done = run(settings.home, "serving", "ask", "And from how many euros?", "--session", "mine", "--json")
    assert "45 euros" in json.loads(done.stdout)["content"]


def test_ask_takes_bytes_that_are_no_text(settings: Settings) -> None:
    done = run(settings.home, "serving", "ask", "Is shipping free\udcff?", "--json")  # as Python reads a byte 0xff
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["type"] == "end"


def test_asking_a_site_that_does_not_exist_says_how_to_make_it(settings: Settings) -> None:
    done = run(settings.home, "serving", "ask", "Hello?", "--site", "nowhere")
    assert done.returncode == 2
    assert "python -m pipelines index SOURCE --site nowhere" in done.stderr
