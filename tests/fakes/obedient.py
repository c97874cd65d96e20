"""A chat model without a will: it does whatever anything it reads asks of it, which no real one should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from typing_extensions import override

_PIECE = 7  # characters, so that links and sentences come in parts


class ObedientModel(BaseChatModel):
    """Says all that it was told, word by word: its rules, the passages, the question, and what `also` adds."""

    also: str = ""

    @property
    def _llm_type(self) -> str:
        return "obedient"

    @override
    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    @override
    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        said = "\n\n".join([self.also, *(str(message.content) for message in reversed(messages))])
        for start in range(0, len(said), _PIECE):
            await asyncio.sleep(0)
            yield ChatGenerationChunk(message=AIMessageChunk(content=said[start : start + _PIECE]))
