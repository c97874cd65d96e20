"""A chat model that answers at once, inside this process: what a turn costs when the model costs nothing.

It quotes the passages of its prompt, so that what checks answers lets it pass.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from typing_extensions import override

from evals.quoting import quoted


class InstantModel(BaseChatModel):
    """Streams `words` words, one a token, with no delay; making them has taken `worked` seconds."""

    words: int = 200
    worked: float = 0.0

    @property
    def _llm_type(self) -> str:
        return "instant"

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content="".join(self._tokens(messages))))])

    @override
    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        began = perf_counter()
        for token in self._tokens(messages):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=token))
            self.worked += perf_counter() - began
            yield chunk
            began = perf_counter()

    def _tokens(self, messages: list[BaseMessage]) -> list[str]:
        said = quoted(str(messages[-1].text), self.words)
        return said or [f" word{number}" for number in range(self.words)]
