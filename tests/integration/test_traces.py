"""Turns traced in a real MLflow, in a file and on a server, and in one that is away or hangs."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from core.records import Event, Session, Turn, new_id
from core.settings import Settings
from core.traces import trace_id, trace_of
from core.tracking import experiment_of, mlflow_client
from serving.asking import ask
from serving.server import free_port
from tests.fakes.commands import ROOT
from tests.fakes.site import furnish, stage

SESSION = Session("demo", "s1", "s1")
PAGES = {"hours.md": ("Opening hours", "On Saturdays the shop opens at noon.")}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return furnish(tmp_path / "home").model_copy(update={"trace_sample": 1.0})


async def asked(settings: Settings, build: str | None = None) -> tuple[str, Event]:
    turn = Turn(new_id(), SESSION, "When do you open on Saturdays?")
    return turn.id, await ask(settings, turn, build, lambda _: None)


def at(settings: Settings, uri: str) -> Settings:
    return settings.model_copy(update={"tracking_url": uri})


@contextmanager
def mlflow_server(home: Path) -> Iterator[str]:
    port = free_port("127.0.0.1", 0)
    store = f"sqlite:///{home / 'server.db'}"
    command = ["-m", "mlflow", "server", "--port", str(port), "--backend-store-uri", store, "--workers", "1"]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (home / "mlflow.log").open("w") as log:
        server = subprocess.Popen([sys.executable, *command], cwd=home, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _until_up(f"{url}/health")
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _until_up(url: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            httpx.get(url, timeout=5).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _has_every_node(settings: Settings, turn: str) -> None:
    trace = mlflow_client(settings.tracking_location).get_trace(trace_id(turn))
    assert trace.info.client_request_id == turn
    root, *nodes = trace.data.spans
    assert root.inputs["question"] == "When do you open on Saturdays?"
    assert "at ten" in root.outputs["answer"]
    assert {"guard", "pinned", "recall", "retrieve", "scope", "answer", "remember"} <= {node.name for node in nodes}
    assert {node.parent_id for node in nodes} == {root.span_id}
    assert all(node.end_time_ns > node.start_time_ns > 0 for node in nodes)
    assert next(node for node in nodes if node.name == "retrieve").outputs["passages"]


async def test_a_turn_is_found_in_mlflow_by_its_id_with_every_node(settings: Settings) -> None:
    mlflow_client(settings.tracking_location)  # a new file's tables take longer than the end of a process waits
    turn, end = await asked(settings)
    assert end.type == "end"
    link = trace_of(turn, settings)
    assert link is not None
    assert (link.id, link.url) == (trace_id(turn), None)
    _has_every_node(settings, turn)
    client = mlflow_client(settings.tracking_location)
    experiment = experiment_of(client, "demo/turns")
    [found] = client.search_traces(locations=[experiment], filter_string=f"client_request_id = '{turn}'")
    assert found.info.tags["model"] == "extractive"
    assert trace_of("another", settings) is None


async def test_a_tracking_server_shows_a_turn_at_an_address(settings: Settings, tmp_path: Path) -> None:
    with mlflow_server(tmp_path) as url:
        served = at(settings, url)
        turn, _ = await asked(served)
        link = trace_of(turn, served)
        assert link is not None
        assert link.url == f"{url}/#/experiments/1/traces?selectedEvaluationId={link.id}"
        _has_every_node(served, turn)


async def test_a_rehearsal_leaves_no_trace(settings: Settings) -> None:
    mlflow_client(settings.tracking_location)
    build = stage(settings, PAGES)
    turn, end = await asked(settings, build.id)
    assert end.type == "end"
    assert trace_of(turn, settings) is None


async def test_a_server_that_is_away_costs_a_warning_and_no_turn(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    away = at(settings, "http://127.0.0.1:9")
    turn, end = await asked(away)
    assert end.type == "end"
    assert trace_of(turn, away) is None
    said = [record.getMessage() for record in caplog.records if record.name == "serving.tracing"]
    assert said == [] or "dropped" in said[0]
    assert all(record.levelno < logging.ERROR for record in caplog.records)


def test_a_server_that_hangs_delays_neither_the_turn_nor_the_end_of_the_process(settings: Settings) -> None:
    with silent_server() as url:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "serving", "ask", "When do you open on Saturdays?"],
            cwd=ROOT,
            env={
                **os.environ,
                "FRONTDESK_HOME": str(settings.home),
                "FRONTDESK_TRACE_SAMPLE": "1",
                "FRONTDESK_TRACKING_URL": url,
            },
            capture_output=True,
            text=True,
        )
        seconds = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    assert "at ten" in done.stdout
    assert seconds < 60
