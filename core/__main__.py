"""Commands of the stores: `python -m core migrate`, `python -m core env-example`. Translates, and decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core import cli, env_example
from core.database import migrate as migrate_database
from core.settings import load_settings

app = cli.commands("The stores that both halves of Frontdesk share.")


@app.command()
def migrate() -> None:
    """Create the database or bring it to the newest revision; safe to run anywhere, at any time."""
    revision = migrate_database(load_settings().database_location)
    typer.echo(f"The database is at revision {revision}.")


@app.command("env-example")
def show_settings(
    table: Annotated[bool, typer.Option("--table", help="Print README's table instead.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Renew .env.example and README.md here.")] = False,
) -> None:
    """Print every setting with its default, as `.env.example` has them."""
    if write:
        env_example.write(Path.cwd())
    else:
        typer.echo(env_example.table() if table else env_example.dotenv(), nl=False)


if __name__ == "__main__":
    cli.run(app)
