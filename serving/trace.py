"""A turn's trace, made of what was observed: each step's inputs, and of its outputs what it added to the turn.

Mail addresses, telephone and card numbers are replaced as in the log, and neither person nor session is named: the
turn's id leads to them in the database, where they can be erased.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Mapping, Sequence
from dataclasses import fields
from time import time_ns
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, LLMResult

from core.codec import plain
from core.records import Turn, Usage
from core.traces import Step, TurnTrace
from serving.observed import Noted, Observed
from serving.redaction import redacted

_TOLD_ELSEWHERE = {"turn", "began", "timings"}  # of the state: a trace has times of its own


def trace(observed: Observed) -> TurnTrace:
    """What MLflow is given of the turn."""
    steps = tuple(observed.steps)
    turn = _as_left(observed.turn, steps)
    tags = {"status": str(turn.status), "model": turn.model, "build": turn.build or ""}
    return TurnTrace(
        turn.id,
        turn.session.site,
        [_step(noted) for noted in steps],
        {name: value for name, value in tags.items() if value},
    )


def _as_left(turn: Turn, steps: Sequence[Noted]) -> Turn:
    """The turn as it was after the last step that ended well."""
    ended = [noted for noted in steps if isinstance(noted.outputs, Mapping) and "turn" in noted.outputs]
    last: Turn = max(ended, key=lambda noted: noted.ended or 0).outputs["turn"] if ended else turn
    return last


def _step(noted: Noted) -> Step:
    asked_model = noted.kind == "CHAT_MODEL"
    said = _said(noted.outputs) if asked_model else None
    return Step(
        name=noted.name,
        kind=noted.kind,
        began=noted.began,
        ended=noted.ended or time_ns(),
        inputs=_without_personal_data(_prompt(noted.inputs) if asked_model else _seen(noted.inputs)),
        outputs=_without_personal_data(said.text if said else _added(noted.inputs, noted.outputs)),
        within=noted.within,
        error=redacted(_problem(noted.error)) if noted.error else None,
        usage=_usage(said) if said else None,
    )


def _seen(state: Mapping[str, Any]) -> dict[str, Any]:
    """What a node goes by, each passage by its id."""
    turn: Turn = state["turn"]
    seen = {"question": turn.question, "search": turn.search, "history": plain(state["history"])}
    return {**seen, "passages": [passage.chunk.id for passage in turn.passages]}


def _added(state: Any, update: Any) -> Any:
    """What of the turn is not as it was before, and what else the node says."""
    if not (isinstance(state, Mapping) and isinstance(update, Mapping)):
        return None
    more = {name: value for name, value in update.items() if name not in _TOLD_ELSEWHERE}
    before, after = state["turn"], update.get("turn", state["turn"])
    changed = [each.name for each in fields(Turn) if getattr(before, each.name) != getattr(after, each.name)]
    return plain({**{name: getattr(after, name) for name in changed}, **more})


def _prompt(batches: Sequence[Sequence[BaseMessage]]) -> dict[str, Any]:
    return {"messages": [message for batch in batches for message in convert_to_openai_messages(batch)]}


def _said(result: Any) -> AIMessage | None:
    """What the model answered; as far as it came, where it was interrupted."""
    if not (isinstance(result, LLMResult) and result.generations and result.generations[0]):
        return None
    [generation, *_] = result.generations[0]
    message = generation.message if isinstance(generation, ChatGeneration) else None
    return message if isinstance(message, AIMessage) else None


def _usage(said: AIMessage) -> Usage | None:
    usage = said.usage_metadata
    return Usage(usage["input_tokens"], usage["output_tokens"]) if usage else None


def _problem(error: BaseException) -> str:
    if isinstance(error, CancelledError | GeneratorExit):
        return "Interrupted: the client left or stopped the answer."
    return f"{type(error).__name__}: {error}"


def _without_personal_data(value: Any) -> Any:
    match value:
        case str():
            return redacted(value)
        case Mapping():
            return {name: _without_personal_data(item) for name, item in value.items()}
        case list():
            return [_without_personal_data(item) for item in value]
        case _:
            return value
