"""Databases for tests: a fresh SQLite file, and a private PostgreSQL server where its programs are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from core.database import Database, migrate, open_database

_numbers = count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A server of its own, reachable through the socket in its folder only."""

    programs: Path
    folder: Path

    def start(self) -> None:
        data = str(self.folder / "data")
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", data)
        # These tests kill clients, never the server, so nothing here has to outlive a power cut.
        options = f"-F -c listen_addresses='' -k {self.folder}"
        self._run("pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", str(self.folder / "log"))

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.folder / "data"))

    def create(self) -> str:
        """The URL of a new empty database."""
        name = f"test_{next(_numbers)}"
        self._run("createdb", "-h", str(self.folder), "-U", "postgres", "-T", "template0", name)
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        as_postgres: dict[str, Any] = {"user": "postgres"} if os.getuid() == 0 else {}  # initdb refuses root
        done = subprocess.run(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **as_postgres
        )
        assert done.returncode == 0, done.stderr


def _programs() -> Path:
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")), shutil.which("initdb")]
    existing = [Path(program).resolve().parent for program in found if program]
    if not existing:
        pytest.skip("PostgreSQL's server programs are not installed (apt-get install postgresql)")
    return existing[-1]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server; the test is skipped where there is none to run."""
    programs = _programs()
    folder = Path(mkdtemp(prefix="frontdesk-pg-"))  # not tmp_path: another user must reach it, by a short path
    server = PostgresServer(programs, folder)
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def sqlite_location(tmp_path: Path) -> str:
    """The URL of an SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'frontdesk.db'}"


@pytest.fixture
def postgres_location(postgres_server: PostgresServer) -> str:
    """The URL of an empty PostgreSQL database."""
    return postgres_server.create()


@pytest.fixture(params=["sqlite", "postgres"])
def location(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, on each store in turn."""
    url: str = request.getfixturevalue(f"{request.param}_location")
    return url


@pytest.fixture
def database(location: str) -> Iterator[Database]:
    """An open database at its newest revision, on each store in turn."""
    migrate(location)
    opened = open_database(location)
    yield opened
    opened.close()
