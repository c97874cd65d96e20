"""What the steps of a turn were given and what they gave, noted as LangChain tells it. Knows no step by name.

Noting copies nothing and waits for nothing. It is a callback, so that each node of the graph is noted and each model
that a node asks, whatever the graph is; LangSmith hears of a turn in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import time_ns
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langgraph.types import Command
from typing_extensions import override

from core.records import Turn
from core.traces import Kind


@dataclass(slots=True)
class Noted:
    """One step; its inputs and outputs are the very objects that went in and came out."""

    name: str
    kind: Kind
    inputs: Any
    within: int | None  # its place among the steps
    began: int  # nanoseconds since 1970
    outputs: Any = None
    ended: int | None = None
    error: BaseException | None = None


class Observed(AsyncCallbackHandler):
    """One turn."""

    run_inline = True  # a model tells of each token, and a task for each would cost more than the token

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.steps: list[Noted] = []  # the whole graph first
        self._places: dict[UUID, int] = {}  # of each run's step, or of the one that it belongs to
        self._open: dict[UUID, Noted] = {}

    @override
    async def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: dict[str, Any],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        within, name = self._places.get(parent_run_id) if parent_run_id else None, kwargs.get("name", "")
        if within is None:
            self._begin(run_id, Noted(name, "AGENT", inputs, None, time_ns()))
        elif within == 0 and name == (metadata or {}).get("langgraph_node"):
            self._begin(run_id, Noted(name, "CHAIN", inputs, within, time_ns()))
        else:  # what a node is made of, its edges for one
            self._places[run_id] = within

    @override
    async def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        name = (metadata or {}).get("ls_model_name") or kwargs.get("name") or "model"
        within = self._places.get(parent_run_id, 0) if parent_run_id else 0
        self._begin(run_id, Noted(name, "CHAT_MODEL", messages, within, time_ns()))

    @override
    async def on_chain_end(self, outputs: dict[str, Any] | Command[str], *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, outputs.update if isinstance(outputs, Command) else outputs)

    @override
    async def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, None, error)

    @override
    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, response)

    @override
    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, kwargs.get("response"), error)  # what it had said by then

    def _begin(self, run: UUID, step: Noted) -> None:
        self._places[run] = len(self.steps)
        self._open[run] = step
        self.steps.append(step)

    def _end(self, run: UUID, outputs: Any, error: BaseException | None = None) -> None:
        if step := self._open.pop(run, None):
            step.outputs, step.error, step.ended = outputs, error, time_ns()
