"""A chat model that calls the tools it is told to, and notes what it read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from typing_extensions import override

USAGE = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}


class CallingModel(BaseChatModel):
    """Makes the calls of each round in turn, then says `says`; without tools it says that at once."""

    rounds: list[list[tuple[str, dict[str, Any]]]] = []  # noqa: RUF012 - a pydantic field
    says: str = "You have 30 days [1]."
    prompts: list[list[BaseMessage]] = []  # noqa: RUF012 - a pydantic field
    offered: list[str] = []  # noqa: RUF012 - a pydantic field
    fails: Exception | None = None

    @property
    def _llm_type(self) -> str:
        return "calling"

    @override
    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        self.offered[:] = [tool["function"]["name"] for tool in tools]
        return self.bind(with_tools=True)

    @override
    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    @override
    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        assert kwargs.get("with_tools")
        self.prompts.append(messages)
        if self.fails:
            raise self.fails
        made = self.rounds.pop(0) if self.rounds else []
        calls = [ToolCall(name=name, args=given, id=f"call-{n}") for n, (name, given) in enumerate(made)]
        message = AIMessage("" if calls else self.says, tool_calls=calls, usage_metadata=USAGE)
        return ChatResult(generations=[ChatGeneration(message=message)])

    @override
    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        await asyncio.sleep(0)
        yield ChatGenerationChunk(message=AIMessageChunk(content=self.says))
