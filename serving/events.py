"""The events that a turn's host adds to the agent's: how a turn starts, ends and fails."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.errors import FrontdeskError
from core.records import Event, Turn, TurnStatus


class InterruptedTurnError(FrontdeskError):
    """The turn ended before its answer did, and will not go on."""

    code = "interrupted"


def start_event(turn: Turn) -> Event:
    """The first event of every turn."""
    return Event("start", {"turn_id": turn.id, "session_id": turn.session.id})


def end_event(turn: Turn) -> Event:
    """What a committed turn ends with; whoever sees it may rely on the turn being stored."""
    return Event(
        "end",
        {
            "content": turn.answer,
            "turn_id": turn.id,
            "citations": [asdict(citation) for citation in turn.citations],
            "usage": asdict(turn.usage),
            "timings": dict(turn.timings),
        },
    )


def failure(error: FrontdeskError) -> str:
    """What is stored of an error, for `closing_event` to tell again."""
    return f"{error.code}: {error.message}"


def error_event(error: FrontdeskError) -> Event:
    """What a turn that could not be answered ends with."""
    data: dict[str, Any] = {"content": error.message, "code": error.code}
    if error.retry_after is not None:
        data["retry_after"] = error.retry_after
    return Event("error", data)


def closing_event(turn: Turn) -> Event:
    """The last event of an ended turn."""
    if turn.status is TurnStatus.DONE:
        return end_event(turn)
    if turn.status is TurnStatus.FAILED and turn.error:
        code, _, message = turn.error.partition(": ")
        return Event("error", {"content": message, "code": code})
    return error_event(InterruptedTurnError("This answer was interrupted. Please ask again."))
