"""`python -m serving`: run the whole house on this machine, ask one question without a server, set sites up."""

from __future__ import annotations

import asyncio
from typing import Annotated

import orjson
import typer
from rich.console import Console

from core.cli import BUILDS, commands
from core.cli import run as run_commands
from core.codec import storable
from core.records import Session, Turn, new_id
from core.settings import load_settings
from serving import sites

app = commands("Questions to answers: the server, questions without one, and the sites.")
app.add_typer(sites.app, name="sites")


@app.command()
def run(
    *,
    no_ray: Annotated[bool, typer.Option("--no-ray", help="One process, without Ray Serve.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of FRONTDESK_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, instead of FRONTDESK_PORT; 0: any.")] = None,
) -> None:
    """Serve the default site, with the worker beside it, until Ctrl-C."""
    from serving import server

    given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    server.run(given, Console(), with_ray=not no_ray)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What a visitor would ask.")],
    *,
    site: Annotated[str | None, typer.Option(help="The site that is asked, instead of FRONTDESK_SITE.")] = None,
    build: Annotated[str | None, typer.Option(help=f"Answer from this build, and keep nothing: {BUILDS}.")] = None,
    session: Annotated[str | None, typer.Option(help="Go on with this conversation.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the turn's last event as one JSON object.")] = False,
) -> None:
    """Ask one question in this process, without a server."""
    from serving import asking

    settings = load_settings()
    conversation = session or new_id()
    turn = Turn(new_id(), Session(site or settings.site, conversation, conversation), storable(question))
    show = (lambda _: None) if json else asking.Transcript(Console()).show
    last = asyncio.run(asking.ask(settings, turn, build, show))
    if json:
        typer.echo(orjson.dumps(last.payload()))
    if last.type == "error":
        raise typer.Exit(1)


if __name__ == "__main__":
    run_commands(app)
