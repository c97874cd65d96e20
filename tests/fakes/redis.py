"""A private Redis server for tests, where its program is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pytest
import redis


@dataclass
class RedisServer:
    """A server of its own, reachable through the socket in its folder only."""

    program: str
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"unix://{self.folder / 'redis.sock'}"

    def start(self) -> None:
        """Returns when it answers."""
        socket = self.folder / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(
            [self.program, *options, "--daemonize", "no"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if b"ready to accept connections" in line.lower():
                break
        with redis.Redis.from_url(self.url) as client:
            assert client.ping()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.communicate()
            self.process = None


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A running server; the test is skipped where there is none to run."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("Redis's server program is not installed (apt-get install redis-server)")
    folder = Path(mkdtemp(prefix="frontdesk-redis-"))  # not tmp_path: a socket's path must be short
    server = RedisServer(program, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
