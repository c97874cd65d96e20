"""Turns that end with the process: what is asked of a build by hand is no visitor's conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import NotFoundError
from core.records import Message, Session, Turn, TurnStatus


class MemoryTurns:
    """A store of turns that ends with the process; each session's history is given, not grown."""

    def __init__(self, histories: Mapping[str, Sequence[Message]]) -> None:
        self._histories = histories  # by session id
        self._turns: dict[str, Turn] = {}

    def open(self, turn: Turn) -> Turn:
        """The turn; the one that had its id before, when there was one."""
        return self._turns.setdefault(turn.id, turn)

    def close(self, turn: Turn) -> bool:
        """Keep how it ended, unless it had ended before."""
        if self._turns[turn.id].status is not TurnStatus.OPEN:
            return False
        self._turns[turn.id] = turn
        return True

    def get(self, turn_id: str) -> Turn:
        """The turn, or NotFoundError."""
        if turn_id not in self._turns:
            raise NotFoundError(f"There is no turn {turn_id!r}.")
        return self._turns[turn_id]

    def history(self, session: Session, limit: int) -> list[Message]:
        """The last messages that were given for the session."""
        return list(self._histories.get(session.id, ()))[-limit:]
