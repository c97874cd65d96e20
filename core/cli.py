"""How every command of ours ends: what people can mend is one sentence on stderr, never a traceback."""

from __future__ import annotations

import sys

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from core.errors import ConfigurationError, FrontdeskError, InvalidInputError, NotFoundError

# How a build is named; core/database/named.py finds it.
BUILDS = "live, staged, previous (what a rollback takes), an id, its beginning or its end"

_MENDABLE = (InvalidInputError, NotFoundError, ConfigurationError)


def commands(help_text: str) -> typer.Typer:
    """A Typer app as all of ours are: help without an argument, no chatter of completion, plain tracebacks and text."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # it takes `[default: FRONTDESK_SITE]` for markup and leaves it out
    )


def show(what: RenderableType) -> None:
    """On standard output; a line that does not break is whole there, for a person to copy, however narrow that is."""
    Console().print(what, crop=False)


def run(app: typer.Typer) -> None:
    """Runs the app. Exit status 2: what was typed or set cannot be used; 1: it was fine and still failed."""
    try:
        app()
    except FrontdeskError as error:
        Console(stderr=True).print(Text.assemble(("✗ ", "red"), error.message), soft_wrap=True)
        sys.exit(2 if isinstance(error, _MENDABLE) else 1)
