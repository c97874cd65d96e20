"""Feeds memory: ended turns from the outbox become rows that are found by meaning. Embed, merge, mark.

A crash between any two steps is healed by running again: what was not marked is embedded anew and merged by the
turn's id, so each turn is remembered exactly once in effect.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from core.database import Database
from core.embedder import Encoder
from core.knowledge import Memories
from core.records import Turn, TurnStatus
from core.words import content

_BATCH = 256  # turns
_COMPACT = 16  # batches: each is a file that every search opens


class Remembering:
    """Hands ended turns to memory; the encoder is opened by the first that is worth it, and is the worker's own."""

    def __init__(self, database: Database, memories: Memories, encoder: Callable[[], Encoder]) -> None:
        self._database = database
        self._memories = memories
        self._encoder = cache(encoder)
        self._added = 0

    def batch(self, limit: int = _BATCH) -> int:
        """Remembers the next `limit` turns at most; returns how many were looked at."""
        turns = self._database.outbox.unremembered(limit)
        if not turns:
            return 0
        if worth := [turn for turn in turns if is_worth(turn)]:
            self._memories.add(worth, self._encoder().encode([turn.question for turn in worth], "query"))
            self._compact_now_and_then()
        there = self._database.outbox.mark_remembered([turn.id for turn in turns])
        self._memories.forget([turn.id for turn in worth if turn.id not in there])  # erased in between
        return len(turns)

    def _compact_now_and_then(self) -> None:
        self._added += 1
        if self._added % _COMPACT == 0:
            self._memories.compact()


def is_worth(turn: Turn) -> bool:
    """Whether somebody may want to come back to it: answered, and about something."""
    return turn.status is TurnStatus.DONE and turn.model != "" and bool(content(turn.question))
