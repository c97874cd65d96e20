"""Moves ended turns, and ratings of them, from their queues to Parquet: claim, write, mark.

A crash between any two steps is healed by running again: the claimed batch comes back under its old name, and
writing that name again replaces the same file, so each turn is exported exactly once in effect.
"""

from __future__ import annotations

from collections.abc import Callable

from core.conversations import Conversations
from core.database import Batch, Database, Queue

_BATCH = 1000  # turns: some megabytes of Parquet, written in well under a second


def export_once(database: Database, conversations: Conversations, limit: int = _BATCH) -> int:
    """Exports until nothing waits, `limit` rows at a time; returns how many turns it wrote."""
    exported = 0
    while turns := export_batch(database, conversations, limit):
        exported += turns
    while export_ratings(database, conversations, limit):
        pass
    return exported


def export_batch(database: Database, conversations: Conversations, limit: int = _BATCH) -> int:
    """Exports the next `limit` turns at most; returns how many there were."""
    return _export(database.outbox, conversations.write, limit)


def export_ratings(database: Database, conversations: Conversations, limit: int = _BATCH) -> int:
    """Exports the next `limit` ratings at most; returns how many turns they are of."""
    return _export(database.ratings, conversations.write_feedback, limit)


def _export(queue: Queue, write: Callable[[Batch], object], limit: int) -> int:
    batch = queue.claim(limit)
    if batch is None:
        return 0
    write(batch)
    queue.mark_exported(batch.name)
    return len(batch.turns)
