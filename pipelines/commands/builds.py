"""`status`, `diff`, `promote` and `rollback`: the builds that a site has, and which of them answers."""

from __future__ import annotations

from typing import Annotated

import typer

from core import cli
from core.database import named_build
from core.knowledge import Knowledge
from core.settings import load_settings
from pipelines.commands.opened import Json, Site, database_of, stores_of

Named = Annotated[str, typer.Argument(help=f"A build: {cli.BUILDS}.")]


def status(
    *,
    site: Annotated[str | None, typer.Option(help="Only this site.")] = None,
    json: Json = False,
) -> None:
    """Show the builds of each site, and which of them is live."""
    from pipelines.report import builds_json, builds_table

    with database_of(load_settings()) as database:
        sites = [database.sites.get(site)] if site else database.sites.list()
        builds = [(each, database.builds.of(each.id)) for each in sites]
    if json:
        typer.echo(builds_json(builds))
        return
    for each, made in builds:
        cli.show(builds_table(each, made))


def diff(
    before: Named,
    after: Annotated[str, typer.Argument(help="Another build of the same site.")],
    *,
    site: Site = None,
    json: Json = False,
) -> None:
    """Show which documents and chunks two builds have differently."""
    from pipelines.difference import between

    settings = load_settings()
    with database_of(settings) as database:
        one, other = (named_build(database, site or settings.site, name) for name in (before, after))
        found = between(one, other, database, Knowledge(settings.knowledge_location))
    if json:
        typer.echo(found.to_json())
    else:
        cli.show(found.table())


def promote(build: Named, *, site: Site = None) -> None:
    """Let a build answer from now on, with every document that was put or erased since it was made."""
    _publish(site, build, "promote")


def rollback(*, site: Site = None) -> None:
    """Let the build answer that did before the live one; nothing is embedded, and what was erased stays erased."""
    _publish(site, "previous", "rollback")


def _publish(site: str | None, build: str, what: str) -> None:
    from pipelines.pointer import operator, promote
    from pipelines.stage import changes_of

    settings = load_settings()
    with database_of(settings) as database:
        name = site or settings.site
        stores = stores_of(settings, database)
        live, chosen = database.sites.get(name).live_build, named_build(database, name, build).id
        apply = changes_of(settings, stores).apply
        promote(name, chosen, database, stores.knowledge, apply, expected=live, by=operator(what))
    typer.echo(f"Site {name} answers from build {chosen}.")
