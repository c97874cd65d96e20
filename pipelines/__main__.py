"""`python -m pipelines`: builds and their pointer, worker, export. Translates what was typed, decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from core import cli
from core.conversations import Conversations
from core.database import Database, migrate, named_build, open_database
from core.errors import ConflictError
from core.knowledge import Knowledge, Memories
from core.settings import Settings, load_settings
from core.tracking import Tracking

if TYPE_CHECKING:
    from pipelines.stage import Stores

app = cli.commands("From documents to knowledge, and from conversations to Parquet.")

Site = Annotated[str | None, typer.Option(help="The site. [default: FRONTDESK_SITE]")]
_NIGHTLY_ENDS = """
Exit status, for a scheduler: 0 promoted, or nothing had changed; 1 it failed; 2 what was typed or set cannot be used;
3 the gate refused the new build; 4 the gate could not say; 75 another process indexes the site, try again later;
130 and 143 stopped by Ctrl-C and SIGTERM. With 1 to 75 the site answers
as before.
"""
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


@app.command()
def index(
    source: Annotated[
        str,
        typer.Argument(
            help="A folder, a file, a glob in quotes, s3://bucket/prefix, or https://… of a website or sitemap."
        ),
    ],
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
    force: Annotated[bool, typer.Option("--force", help="Read every file anew, even where nothing changed.")] = False,
    stage: Annotated[bool, typer.Option("--stage", help="Do not let it answer: ask it, then `promote` it.")] = False,
    json: Json = False,
) -> None:
    """Register a source, index what changed in all sources of its site into a new build, and let that build answer."""
    from evals.grade import light
    from pipelines.index import index
    from pipelines.progress import progress_bar
    from pipelines.site import furnish, read_files, registering
    from pipelines.stage import models_of
    from pipelines.stopping import stoppable

    given = {"chunk_tokens": chunk_tokens, "chunk_overlap": chunk_overlap, "embedding_model": embedding_model}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    models = models_of(settings)
    migrate(settings.database_location)
    files = read_files(policy, golden)
    name = site or settings.site
    with (
        _database(settings) as database,
        stoppable(lambda: _stopped(database, name)),
        registering(database, name, source, base_url),
        progress_bar(Console(stderr=True)) as watch,
    ):
        furnish(settings, name, files)
        stores = _stores(settings, database)
        grade = light(name, settings, stores)
        outcome = index(name, settings, stores, models, watch, grade=grade, force=force, go_live=not stage)
    if json:
        typer.echo(outcome.to_json())
    else:
        Console().print(outcome.table())


@app.command(epilog=_NIGHTLY_ENDS)
def nightly(*, site: Site = None, json: Json = False) -> None:
    """Renew a site for the next day: index what changed, grade it, let it answer only if it is not worse, report."""
    from evals.grade import full
    from pipelines.night import EXIT_CODES, EXIT_UNDER_WAY
    from pipelines.nightly import nightly, report_files
    from pipelines.progress import progress_bar
    from pipelines.stage import models_of
    from pipelines.stopping import stoppable

    settings = load_settings()
    models = models_of(settings)
    migrate(settings.database_location)
    name = site or settings.site
    with _database(settings) as database, stoppable(lambda: _stopped(database, name)):
        stores = _stores(settings, database)
        grade = full(name, settings, stores)
        try:
            with progress_bar(Console(stderr=True)) as watch:
                night = nightly(name, settings, stores, models, watch, grade=grade)
        except ConflictError as error:
            typer.echo(error.message, err=True)
            raise typer.Exit(EXIT_UNDER_WAY) from None
    files = {form: str(file) for form, file in report_files(night, settings).items()}
    if json:
        typer.echo(night.to_json(files))
    else:
        Console().print(night.table(files))
    raise typer.Exit(EXIT_CODES[night.outcome])


@app.command()
def sources(
    *,
    site: Site = None,
    remove: Annotated[str | None, typer.Option(help="Forget this one: the next index deletes its documents.")] = None,
) -> None:
    """Show where a site's documents come from."""
    from pipelines.site import forget
    from pipelines.sources import redacted

    settings = load_settings()
    with _database(settings) as database:
        if remove is not None:
            forget(database, site or settings.site, remove)
        for source in database.sources.of(site or settings.site):
            typer.echo(f"{redacted(source.uri)}{f' cited below {source.base_url}' if source.base_url else ''}")


@app.command()
def promote(
    build: Annotated[str, typer.Argument(help=f"A build: {cli.BUILDS}.")],
    *,
    site: Site = None,
) -> None:
    """Let a build answer from now on, with every document that was put or erased since it was made."""
    from pipelines import pointer

    _publish(site, build, pointer.operator("promote"))


@app.command()
def rollback(*, site: Site = None) -> None:
    """Let the build answer that did before the live one; nothing is embedded, and what was erased stays erased."""
    from pipelines import pointer

    _publish(site, "previous", pointer.operator("rollback"))


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help=f"A build: {cli.BUILDS}.")],
    after: Annotated[str, typer.Argument(help="Another build of the same site.")],
    *,
    site: Site = None,
    json: Json = False,
) -> None:
    """Show which documents and chunks two builds have differently."""
    from pipelines.difference import difference

    settings = load_settings()
    with _database(settings) as database:
        knowledge = Knowledge(settings.knowledge_location)
        one, other = (named_build(database, site or settings.site, name) for name in (before, after))
        files = (database.builds.files(one.id), database.builds.files(other.id))
        found = difference(
            one.id,
            other.id,
            files,
            (knowledge.open(one.table).chunk_hashes(), knowledge.open(other.table).chunk_hashes()),
        )
    if json:
        typer.echo(found.to_json())
    else:
        Console().print(found.table())


@app.command()
def worker() -> None:
    """Export and remember ended turns again and again, until SIGTERM; `python -m serving run` starts it by itself."""
    from core.embedder import load_encoder
    from pipelines.remember import Remembering
    from pipelines.stage import changes_of
    from pipelines.worker import export_job, healing_job, remember_job, run_until_stopped, worker_log

    settings = load_settings()
    log = worker_log(settings.log_level)
    with _database(settings) as database:
        conversations = Conversations(settings.conversations_location)
        memories = Memories(settings.memories_location, settings.embedding_model)
        encoder = partial(load_encoder, settings.embedding_model, settings, threads=1)
        jobs = [
            export_job(database, conversations, timedelta(seconds=settings.stale_turn_seconds), log),
            healing_job(database, changes_of(settings, _stores(settings, database)), log),
            remember_job(Remembering(database, memories, encoder), log),
        ]
        run_until_stopped(jobs, settings.export_seconds, log)


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


def _publish(site: str | None, build: str, by: str) -> None:
    from pipelines.pointer import promote
    from pipelines.stage import changes_of

    settings = load_settings()
    with _database(settings) as database:
        name = site or settings.site
        stores = _stores(settings, database)
        live, chosen = database.sites.get(name).live_build, named_build(database, name, build).id
        promote(name, chosen, database, stores.knowledge, changes_of(settings, stores).apply, expected=live, by=by)
    typer.echo(f"Site {name} answers from build {chosen}.")


def _stopped(database: Database, site: str) -> str:
    live = database.sites.get(site).live_build
    return f"Stopped. Site {site} answers from {f'build {live}' if live else 'no build'}."


def _stores(settings: Settings, database: Database) -> Stores:
    from pipelines.stage import Stores

    return Stores(database, Knowledge(settings.knowledge_location), Tracking(settings.tracking_location))


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.database_location)
    try:
        yield database
    finally:
        database.close()


if __name__ == "__main__":
    cli.run(app)
