"""An ended turn, told again from what is stored: the model is not asked twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.errors import ConflictError
from core.records import Action, Event, Turn, TurnStatus
from serving.agent.sources import source_fields
from serving.events import closing_event, start_event


def replay(turn: Turn, offered: Sequence[Action] = ()) -> Iterator[Event]:
    """An ended turn told again from what is stored; ConflictError while it is being answered."""
    if turn.status is TurnStatus.OPEN:
        raise ConflictError("This turn is being answered already.", param="turn_id", retry_after=1)
    yield start_event(turn)
    if turn.passages:
        yield Event("sources", {"sources": [source_fields(passage) for passage in turn.passages]})
    if turn.answer:
        yield Event("token", {"content": turn.answer})
    for action in offered:
        yield Event("action", {"action": action.payload()})
    yield closing_event(turn)
