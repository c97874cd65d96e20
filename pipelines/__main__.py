"""`python -m pipelines index | worker | export | status`: translates what was typed, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core import cli
from core.conversations import Conversations
from core.database import Database, migrate, open_database
from core.knowledge import Knowledge
from core.settings import Settings, load_settings
from core.tracking import Tracking

app = cli.commands("From documents to knowledge, and from conversations to Parquet.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


@app.command()
def index(
    source: Annotated[str, typer.Argument(help="A folder, a file, a glob in quotes, or s3://bucket/prefix.")],
    *,
    site: Annotated[
        str | None, typer.Option(help="The site, created where there is none. [default: FRONTDESK_SITE]")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="URL of the source's root: pages are cited by it and their path.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="What the assistant is for: the site's policy.md.")] = None,
    golden: Annotated[Path | None, typer.Option(help="Questions with answers: the site's golden.jsonl.")] = None,
    chunk_tokens: Annotated[int | None, typer.Option(help="Longest chunk. [default: FRONTDESK_CHUNK_TOKENS]")] = None,
    chunk_overlap: Annotated[
        int | None, typer.Option(help="Tokens two chunks share. [default: FRONTDESK_CHUNK_OVERLAP]")
    ] = None,
    embedding_model: Annotated[str | None, typer.Option(help="[default: FRONTDESK_EMBEDDING_MODEL]")] = None,
    json: Json = False,
) -> None:
    """Register a source, index all sources of its site into a new build, and let that build answer."""
    from pipelines.index import Stores, index, models_of
    from pipelines.progress import progress_bar
    from pipelines.site import furnish, register

    given = {"chunk_tokens": chunk_tokens, "chunk_overlap": chunk_overlap, "embedding_model": embedding_model}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    models = models_of(settings)
    migrate(settings.database_location)
    with _database(settings) as database:
        registered = register(database, site or settings.site, source, base_url)
        furnish(settings, registered.id, policy, golden)
        stores = Stores(database, Knowledge(settings.knowledge_location), Tracking(settings.tracking_location))
        try:
            with progress_bar(Console(stderr=True)) as watch:
                report = index(registered, settings, stores, models, watch)
        except KeyboardInterrupt:
            live = database.sites.get(registered.id).live_build
            typer.echo(
                f"Stopped. Site {registered.id} answers from {f'build {live}' if live else 'no build'} as before.",
                err=True,
            )
            raise typer.Exit(130) from None
    if json:
        typer.echo(report.to_json())
    else:
        Console().print(report.table())


@app.command()
def worker() -> None:
    """Export ended turns to Parquet again and again, until SIGTERM; `python -m serving run` starts it by itself."""
    from pipelines.worker import export_job, run_until_stopped, worker_log

    settings = load_settings()
    log = worker_log(settings.log_level)
    with _database(settings) as database:
        conversations = Conversations(settings.conversations_location)
        job = export_job(database, conversations, timedelta(seconds=settings.stale_turn_seconds), log)
        run_until_stopped(job, settings.export_seconds, log)


@app.command()
def export() -> None:
    """Export the turns that have ended to Parquet, once."""
    from pipelines.export import export_once

    settings = load_settings()
    with _database(settings) as database:
        turns = export_once(database, Conversations(settings.conversations_location))
    typer.echo(f"Exported {turns:,} turns to {settings.conversations_location}.")


@app.command()
def status(
    *,
    site: Annotated[str | None, typer.Option(help="Only this site.")] = None,
    json: Json = False,
) -> None:
    """Show the builds of each site, and which of them is live."""
    from pipelines.report import builds_json, builds_table

    with _database(load_settings()) as database:
        sites = [database.sites.get(site)] if site else database.sites.list()
        builds = [(each, database.builds.of(each.id)) for each in sites]
    if json:
        typer.echo(builds_json(builds))
        return
    for each, made in builds:
        Console().print(builds_table(each, made))


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.database_location)
    try:
        yield database
    finally:
        database.close()


if __name__ == "__main__":
    cli.run(app)
