"""`worker` and `export`: what runs beside a server."""

from __future__ import annotations

from datetime import timedelta

import typer

from core.conversations import Conversations
from core.settings import load_settings
from pipelines.commands.opened import database_of, stores_of


def worker() -> None:
    """Export ended turns to Parquet again and again, until SIGTERM; `python -m serving run` starts it by itself."""
    from pipelines.stage import changes_of
    from pipelines.worker import export_job, healing_job, one_after_the_other, run_until_stopped, worker_log

    settings = load_settings()
    log = worker_log(settings.log_level)
    with database_of(settings) as database:
        conversations = Conversations(settings.conversations_location)
        export = export_job(database, conversations, timedelta(seconds=settings.stale_turn_seconds), log)
        heal = healing_job(database, changes_of(settings, stores_of(settings, database)), log)
        run_until_stopped(one_after_the_other(export, heal), settings.export_seconds, log)


def export() -> None:
    """Export the turns that have ended to Parquet, once."""
    from pipelines.export import export_once

    settings = load_settings()
    with database_of(settings) as database:
        turns = export_once(database, Conversations(settings.conversations_location))
    typer.echo(f"Exported {turns:,} turns to {settings.conversations_location}.")
