"""How every command of `evals` shows what it found. Decides nothing."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from evals.report import Report

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object: figures, intervals, meta.")]


def show(report: Report, *, json: bool) -> None:
    """As one JSON object, or as a table for a person."""
    if json:
        typer.echo(report.to_json())
    else:
        Console().print(report.table())
