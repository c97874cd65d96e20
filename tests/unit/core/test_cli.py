"""How a command of ours ends when something is wrong."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from core.cli import commands, run
from core.errors import ConfigurationError, FrontdeskError, IntegrityError, InvalidInputError, NotFoundError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInputError("Name another folder."), 2),
        (NotFoundError("Name another folder."), 2),
        (ConfigurationError("Name another folder."), 2),
        (IntegrityError("Name another folder."), 1),
    ],
)
def test_an_error_is_its_sentence_and_a_status(
    error: FrontdeskError, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = commands("Says what it is told.")

    @app.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr("sys.argv", ["fail"])
    with pytest.raises(SystemExit) as ended:
        run(app)
    assert ended.value.code == status
    assert capsys.readouterr().err == "✗ Name another folder.\n"


def test_what_nobody_foresaw_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    app = commands("Says what it is told.")

    @app.command()
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sys.argv", ["fail"])
    with pytest.raises(ZeroDivisionError):
        run(app)


def test_help_shows_what_stands_in_brackets() -> None:
    app = commands("Says what it is told.")

    @app.command()
    def say(site: Annotated[str | None, typer.Option(help="The site. [default: FRONTDESK_SITE]")] = None) -> None:
        """Say `[it]`."""

    told = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    assert "The site. [default: FRONTDESK_SITE]" in told
    assert "[it]" in told


@pytest.mark.parametrize("package", ["core", "pipelines", "serving", "evals"])
def test_every_command_of_ours_shows_its_defaults(package: str) -> None:
    app = import_module(f"{package}.__main__").app
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    assert command.rich_markup_mode is None
