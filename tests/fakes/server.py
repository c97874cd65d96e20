"""The real server as a child process of the tests, and a client that speaks its protocol."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from serving.server import free_port
from tests.fakes.commands import ROOT


@dataclass(frozen=True)
class Server:
    """A running `python -m serving run`."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def children(self, *words: str) -> list[psutil.Process]:
        """The processes it started, directly or not, whose command line holds all of `words`."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            if all(word in line for word in words):
                found.append(child)
        return found

    def stop(self) -> float:
        """Ask it to stop; seconds until it had."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return time.monotonic() - began


@contextmanager
def running(home: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """A server of its own home, up when the block begins, gone when it ends."""
    port = free_port("127.0.0.1", 0)
    log = home / "server.log"
    home.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving", "run", "--port", str(port), *arguments],
            cwd=ROOT,
            env={**os.environ, "FRONTDESK_HOME": str(home), "COLUMNS": "200", **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def _wait(server: Server, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while "Frontdesk answers" not in (said := server.log.read_text()):
        assert server.process.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.1)


def events_of(text: str) -> list[dict[str, Any]]:
    """The events of a whole stream."""
    lines = [line for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def ask(url: str, message: str, *, session: str = "s1", turn: str | None = None) -> list[dict[str, Any]]:
    """One turn, streamed to its end."""
    body = {"message": message, "session_id": session, **({"turn_id": turn} if turn else {})}
    answer = httpx.post(f"{url}/chat/stream", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return events_of(answer.text)
