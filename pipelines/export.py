"""Moves ended turns from the outbox to Parquet: claim, write, mark.

A crash between any two steps is healed by running again: the claimed batch comes back under its old name, and
writing that name again replaces the same file, so each turn is exported exactly once in effect.
"""

from __future__ import annotations

from core.conversations import Conversations
from core.database import Database

_BATCH = 1000  # turns: some megabytes of Parquet, written in well under a second


def export_once(database: Database, conversations: Conversations, limit: int = _BATCH) -> int:
    """Exports until nothing waits, `limit` turns at a time; returns how many turns it wrote."""
    exported = 0
    while turns := export_batch(database, conversations, limit):
        exported += turns
    return exported


def export_batch(database: Database, conversations: Conversations, limit: int = _BATCH) -> int:
    """Exports the next `limit` turns at most; returns how many there were."""
    batch = database.outbox.claim(limit)
    if batch is None:
        return 0
    conversations.write(batch)
    database.outbox.mark_exported(batch.name)
    return len(batch.turns)
