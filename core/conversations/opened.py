"""All conversations there are, from the settings alone: what is exported, and what has ended since."""

from __future__ import annotations

from duckdb import DuckDBPyRelation

from core.conversations.files import Conversations
from core.conversations.relation import NOTHING, Tail
from core.database import database_exists, open_database
from core.settings import Settings, load_settings


def conversations(settings: Settings | None = None) -> DuckDBPyRelation:
    """The relation `turns` as of now: one row for each ended turn, exported or not. `core.conversations.views` asks it.

    Safe beside exporters and compactors; it shows nothing that happens later.
    """
    settings = settings or load_settings()
    tail = _not_exported(settings)  # before the files: what moves into them in between is found there, and counted once
    return Conversations(settings.conversations_location).relation(tail=tail)


def _not_exported(settings: Settings) -> Tail:
    if not database_exists(settings.database_location):  # the Parquet may have come from another machine
        return NOTHING
    database = open_database(settings.database_location)
    try:
        return Tail(database.outbox.pending(), database.ratings.pending())
    finally:
        database.close()
