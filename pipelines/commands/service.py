"""`worker`, `export` and `compact`: what runs beside a server."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import typer
from rich.console import Console

from core import cli
from core.conversations import Conversations
from core.knowledge import Memories
from core.settings import load_settings
from pipelines.commands.opened import Json, database_of, stores_of


def worker() -> None:
    """Export and remember ended turns again and again, until SIGTERM; `python -m serving run` starts it by itself."""
    from core.embedder import load_encoder
    from pipelines.remember import Remembering
    from pipelines.stage import changes_of
    from pipelines.worker import compact_job, export_job, healing_job, remember_job, run_until_stopped, worker_log

    settings = load_settings()
    log = worker_log(settings.log_level)
    with database_of(settings) as database:
        conversations = Conversations(settings.conversations_location)
        memories = Memories(settings.memories_location, settings.embedding_model)
        encoder = partial(load_encoder, settings.embedding_model, settings, threads=1)
        jobs = [
            export_job(database, conversations, timedelta(seconds=settings.stale_turn_seconds), log),
            healing_job(database, changes_of(settings, stores_of(settings, database)), log),
            remember_job(Remembering(database, memories, encoder), log),
            compact_job(database, conversations, timedelta(seconds=settings.grace_seconds), log),
        ]
        run_until_stopped(jobs, settings.export_seconds, log)


def export() -> None:
    """Export the turns that have ended to Parquet, once."""
    from pipelines.export import export_once

    settings = load_settings()
    with database_of(settings) as database:
        turns = export_once(database, Conversations(settings.conversations_location))
    typer.echo(f"Exported {turns:,} turns to {settings.conversations_location}.")


def compact(*, json: Json = False) -> None:
    """Fold the many small Parquet files of past dates into few; the worker does it by itself."""
    from pipelines.compact import compact
    from pipelines.progress import counting_dates

    settings = load_settings()
    conversations = Conversations(settings.conversations_location)
    with database_of(settings) as database, counting_dates(Console(stderr=True)) as watch:
        done = compact(database, conversations, timedelta(seconds=settings.grace_seconds), watch)
    location = settings.conversations_location
    typer.echo(done.to_json(location)) if json else cli.show(done.table(location))
