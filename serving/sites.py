"""`python -m serving sites`: a site's tier, model, cap, policy and pinned answers. Translates, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from core import cli
from core.database import Database, open_database
from core.errors import InvalidInputError
from core.settings import Settings, load_settings

app = cli.commands("Sites as their owners set them up; a running server follows within seconds.")

Name = Annotated[str, typer.Argument(help="The site.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


@app.command("list")
def show_all(*, json: Json = False) -> None:
    """Show every site: who answers, what was spent today of its cap."""
    from serving.site_settings import overview

    with _open() as (settings, database):
        rows = [overview(site, database, settings).to_json() for site in database.sites.list()]
    if json:
        _print_json({"sites": rows})
        return
    columns = ("site", "tier", "model", "answers", "cap", "spent_today", "pins")
    cli.show(_table(columns, ([row[name] for name in columns] for row in rows)))


@app.command()
def show(name: Name, *, json: Json = False) -> None:
    """Show one site."""
    with _open() as (settings, database):
        _show(name, database, settings, json=json)


@app.command("set")
def change(
    name: Name,
    *,
    title: Annotated[str | None, typer.Option(help="What visitors see it called.")] = None,
    tier: Annotated[str | None, typer.Option(help="`free`, `paid` or another of the catalogue's; '' clears.")] = None,
    model: Annotated[str | None, typer.Option(help="A model that answers alone, whatever the tier; '' clears.")] = None,
    cap: Annotated[str | None, typer.Option(help="US dollars a UTC day, then it quotes; '' clears.")] = None,
    booking: Annotated[
        str | None, typer.Option(help="Where visitors book, as FRONTDESK_BOOKING; 'none' for nowhere; '' clears.")
    ] = None,
    handover: Annotated[
        str | None, typer.Option(help="The Discord webhook that calls a person; 'none' for nobody; '' clears.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="What the assistant is for: replaces the site's policy.md.")
    ] = None,
    json: Json = False,
) -> None:
    """Change what is given, leave the rest, and show the site."""
    from serving.site_settings import columns, policy_text, set_policy

    with _open() as (settings, database):
        database.sites.get(name)
        given = {"title": title, "tier": tier, "model": model, "cap": cap, "booking": booking, "handover": handover}
        changed = columns(given, settings)
        rules = policy_text(policy) if policy else None
        if not changed and rules is None:
            raise InvalidInputError(
                "Nothing was given to set: --title, --tier, --model, --cap, --booking, --handover or --policy."
            )
        if changed:
            database.sites.change(name, **changed)
        if rules is not None:
            set_policy(name, rules, settings)
        _show(name, database, settings, json=json)


@app.command()
def pin(
    name: Name,
    *,
    question: Annotated[str, typer.Option(help="As visitors would ask it; pin further wordings beside it.")],
    answer: Annotated[str, typer.Option(help="What they are told, word by word.")],
    url: Annotated[str, typer.Option(help="The page that is cited.")] = "",
) -> None:
    """Fix the answer to a question, however it is worded; pinning it again replaces the answer."""
    from serving import site_settings

    made = site_settings.pin(name, question, answer, url)
    with _open() as (_, database):
        database.pins.put(made)
    typer.echo(f"Pinned as {made.id}.")


@app.command()
def pins(name: Name, *, json: Json = False) -> None:
    """Show a site's pinned answers."""
    with _open() as (_, database):
        rows = [asdict(each) for each in database.pins.of(database.sites.get(name).id)]
    if json:
        _print_json({"pins": rows})
        return
    columns = ("id", "question", "answer", "url")
    cli.show(_table(columns, ([row[each] for each in columns] for row in rows)))


@app.command()
def unpin(name: Name, pin: Annotated[str, typer.Argument(help="Its id, as `pins` shows it.")]) -> None:
    """Forget a pinned answer: the documents answer again."""
    with _open() as (_, database):
        database.pins.remove(name, pin)
    typer.echo(f"Site {name} has forgotten pin {pin}.")


@contextmanager
def _open() -> Iterator[tuple[Settings, Database]]:
    settings = load_settings()
    database = open_database(settings.database_location)
    try:
        yield settings, database
    finally:
        database.close()


def _show(name: str, database: Database, settings: Settings, *, json: bool) -> None:
    from serving.site_settings import overview

    facts = overview(database.sites.get(name), database, settings).to_json()
    if json:
        _print_json(facts)
        return
    table = Table.grid(padding=(0, 2))
    for label, fact in facts.items():
        table.add_row(Text(label.replace("_", " "), style="dim"), Text(_shown(label, fact)))
    cli.show(table)


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Table:
    names = list(columns)
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    for name in names:
        table.add_column(name.replace("_", " "), no_wrap=name == "id")  # an id is there to be copied
    for row in rows:
        table.add_row(*(Text(_shown(name, fact)) for name, fact in zip(names, row, strict=True)))
    return table


def _shown(name: str, fact: Any) -> str:
    if name in {"cap", "spent_today"} and fact is not None:
        return f"${fact:,.4f}" if 0 < fact < 0.01 else f"${fact:,.2f}"
    if isinstance(fact, list):
        return ", then ".join(fact)
    return "-" if fact in {None, ""} else str(fact)


def _print_json(found: dict[str, Any]) -> None:
    typer.echo(orjson.dumps(found))
