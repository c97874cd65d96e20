"""The commands of `python -m core`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.database import open_database
from core.env_example import dotenv, table
from core.settings import Settings

ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_migrate_makes_a_database_that_opens(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_HOME", str(settings.home / "new"))
    monkeypatch.delenv("FRONTDESK_DATABASE_URL", raising=False)
    said = run("migrate")
    assert re.fullmatch(r"The database is at revision \d{4}\.\n", said)
    assert run("migrate") == said
    open_database(f"sqlite:///{settings.home}/new/frontdesk.db").close()


def test_env_example_prints_or_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("<!-- settings --><!-- /settings -->")
    assert run("env-example") == dotenv()
    assert run("env-example", "--table") == table()
    assert run("env-example", "--write") == ""
    assert (tmp_path / ".env.example").read_text() == dotenv()
    assert table() in (tmp_path / "README.md").read_text()


def test_an_error_is_one_line_on_stderr_without_the_password() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "migrate"],
        env={"FRONTDESK_DATABASE_URL": "mysql://me:secret@host/name"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("✗ FRONTDESK_DATABASE_URL cannot be used")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
