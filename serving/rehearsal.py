"""Turns that end with the process: what is asked of a build by hand is no visitor's conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.database import Begun
from core.errors import NotFoundError
from core.records import Feedback, Message, Turn, TurnStatus
from serving.hot import Said


class MemoryTurns:
    """A store of turns that ends with the process; each session's history is given, not grown."""

    def __init__(self, histories: Mapping[str, Sequence[Message]]) -> None:
        self._histories = histories  # by session id
        self._turns: dict[str, Turn] = {}

    def open(self, turn: Turn) -> Turn:
        """The turn; the one that had its id before, when there was one."""
        return self._turns.setdefault(turn.id, turn)

    def begin(self, turn: Turn, _recent: int) -> Begun:
        """As `open`; what was said before goes by the session's id."""
        return Begun(self.open(turn), (turn.session.id,))

    def said(self, ids: Sequence[str]) -> dict[str, Said]:
        """The messages that were given for these sessions."""
        return {session: tuple(self._histories.get(session, ())) for session in ids}

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

    def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None = None) -> Turn:
        """Keep what is said of an answer; nobody else's turns are here."""
        self._turns[turn_id] = replace(self.get(turn_id), feedback=feedback)
        return self._turns[turn_id]
