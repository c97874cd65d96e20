"""`python -m pipelines`: what can be typed, and the grading that builds are given. Decides nothing.

The one module of this half that knows `evals`; the commands that need none of it are in `commands`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core import cli
from core.database import Database, migrate
from core.errors import ConflictError, NotFoundError
from core.settings import Settings, load_settings
from pipelines.commands import builds, service
from pipelines.commands.opened import Json, Site, database_of, stores_of

app = cli.commands("From documents to knowledge, and from conversations to Parquet.")

_SOURCE = "A folder, a file, a glob in quotes, s3://bucket/prefix, or https://… of a website or sitemap."
_NEW_SITE = "The site, created where there is none. [default: FRONTDESK_SITE]"
_BASE_URL = "URL of the source's root: pages are cited by it and their path."
_POLICY = "What the assistant is for: the site's policy.md."
_GOLDEN = "Questions with answers: the site's golden.jsonl."
_TOKENS = "Longest chunk. [default: FRONTDESK_CHUNK_TOKENS]"
_OVERLAP = "Tokens two chunks share. [default: FRONTDESK_CHUNK_OVERLAP]"
_MODEL = "[default: FRONTDESK_EMBEDDING_MODEL]"
_FORCE = "Read every file anew, even where nothing changed."
_STAGE = "Do not let it answer: ask it, then `promote` it."
_REMOVE = "Forget this one: the next build is without its documents."
_NIGHTLY_ENDS = """
Exit status, for a scheduler: 0 promoted, or nothing had changed; 1 it failed; 2 what was typed or set cannot be used;
3 the gate refused the new build; 4 the gate could not say; 75 another process indexes the site, try again later;
130 and 143 stopped by Ctrl-C and SIGTERM. With 1 to 75 the site answers
as before.
"""


@app.command()
def index(
    source: Annotated[str, typer.Argument(help=_SOURCE)],
    *,
    site: Annotated[str | None, typer.Option(help=_NEW_SITE)] = None,
    base_url: Annotated[str | None, typer.Option(help=_BASE_URL)] = None,
    policy: Annotated[Path | None, typer.Option(help=_POLICY)] = None,
    golden: Annotated[Path | None, typer.Option(help=_GOLDEN)] = None,
    chunk_tokens: Annotated[int | None, typer.Option(help=_TOKENS)] = None,
    chunk_overlap: Annotated[int | None, typer.Option(help=_OVERLAP)] = None,
    embedding_model: Annotated[str | None, typer.Option(help=_MODEL)] = None,
    force: Annotated[bool, typer.Option("--force", help=_FORCE)] = False,
    stage: Annotated[bool, typer.Option("--stage", help=_STAGE)] = False,
    json: Json = False,
) -> None:
    """Register a source, index what changed in all sources of its site into a new build, and let that build answer."""
    from evals.grade import light
    from pipelines.index import index
    from pipelines.progress import progress_bar
    from pipelines.site import furnish, read_files, registering
    from pipelines.stage import models_of
    from pipelines.stopping import stoppable

    settings = _settings(chunk_tokens=chunk_tokens, chunk_overlap=chunk_overlap, embedding_model=embedding_model)
    models = models_of(settings)
    migrate(settings.database_location)
    files = read_files(policy, golden)
    name = site or settings.site
    with (
        database_of(settings) as database,
        stoppable(lambda: _stopped(database, name)),
        registering(database, name, source, base_url),
        progress_bar(Console(stderr=True)) as watch,
    ):
        furnish(settings, name, files)
        stores = stores_of(settings, database)
        grade = light(name, settings, stores)
        outcome = index(name, settings, stores, models, watch, grade=grade, force=force, go_live=not stage)
    typer.echo(outcome.to_json()) if json else cli.show(outcome.table())


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
    with database_of(settings) as database, stoppable(lambda: _stopped(database, name)):
        stores = stores_of(settings, database)
        grade = full(name, settings, stores)
        try:
            with progress_bar(Console(stderr=True)) as watch:
                night = nightly(name, settings, stores, models, watch, grade=grade)
        except ConflictError as error:
            typer.echo(error.message, err=True)
            raise typer.Exit(EXIT_UNDER_WAY) from None
    files = {form: str(file) for form, file in report_files(night, settings).items() if file.exists()}
    if json:
        typer.echo(night.to_json(files))
    else:
        cli.show(night.table(files))
    raise typer.Exit(EXIT_CODES[night.outcome])


@app.command()
def sources(*, site: Site = None, remove: Annotated[str | None, typer.Option(help=_REMOVE)] = None) -> None:
    """Show where a site's documents come from."""
    from pipelines.site import forget
    from pipelines.sources import redacted

    settings = load_settings()
    with database_of(settings) as database:
        if remove is not None:
            forget(database, site or settings.site, remove)
        for source in database.sources.of(site or settings.site):
            typer.echo(f"{redacted(source.uri)}{f' cited below {source.base_url}' if source.base_url else ''}")


for command in (
    builds.promote,
    builds.rollback,
    builds.diff,
    service.worker,
    service.export,
    service.compact,
    builds.status,
):
    app.command()(command)


def _settings(**typed: object) -> Settings:
    """What was typed goes before the environment."""
    return load_settings(**{name: value for name, value in typed.items() if value is not None})


def _stopped(database: Database, site: str) -> str:
    try:
        live = database.sites.get(site).live_build
    except NotFoundError:  # stopped before it was created
        live = None
    return f"Stopped. Site {site} answers from {f'build {live}' if live else 'no build'}."


if __name__ == "__main__":
    cli.run(app)
