"""The events that a turn's host adds to the agent's: how a turn starts, ends, fails, and is told again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from core.errors import ConflictError, FrontdeskError
from core.records import Event, Passage, Turn, TurnStatus

_SNIPPET = 300  # characters of a passage that a client shows beside its title


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


def error_event(error: FrontdeskError) -> Event:
    """What a turn that could not be answered ends with."""
    data: dict[str, Any] = {"content": error.message, "code": error.code}
    if error.retry_after is not None:
        data["retry_after"] = error.retry_after
    return Event("error", data)


def replay(turn: Turn) -> Iterator[Event]:
    """An ended turn told again from what is stored; ConflictError while it is being answered."""
    if turn.status is TurnStatus.OPEN:
        raise ConflictError("This turn is being answered already.", param="turn_id", retry_after=1)
    yield start_event(turn)
    if turn.passages:
        yield Event("sources", {"sources": [_source(passage) for passage in turn.passages]})
    if turn.answer:
        yield Event("token", {"content": turn.answer})
    yield closing_event(turn)


def closing_event(turn: Turn) -> Event:
    """The last event of an ended turn."""
    if turn.status is TurnStatus.DONE:
        return end_event(turn)
    return error_event(InterruptedTurnError("This answer was interrupted. Please ask again."))


def _source(passage: Passage) -> dict[str, Any]:
    chunk = passage.chunk
    return {
        "id": chunk.id,
        "title": chunk.title,
        "url": chunk.url,
        "heading": chunk.heading,
        "snippet": chunk.text[:_SNIPPET],
        "score": passage.score,
    }
