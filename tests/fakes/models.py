"""Writers and chat models that say what they are told, and an embedding that knows words but no meaning."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from core.records import Message, Passage, Usage
from core.words import content
from serving.agent.state import Closing


async def word_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Texts that share words are alike, others are strangers."""
    vectors = np.zeros((len(texts), 256), np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        for word in content(text) or [text]:
            vector += np.random.default_rng(zlib.crc32(word.encode())).standard_normal(256, np.float32)
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


@dataclass
class ScriptedWriter:
    """Says its pieces; after them waits forever, where it is told to hang. Notes what it was asked."""

    pieces: Sequence[str] = ("Hello ", "[1].")
    closing: Closing = field(default_factory=lambda: Closing(usage=Usage(7, 5)))
    hangs: bool = False
    name: str = "scripted"
    asked: list[tuple[str, Sequence[Passage], Sequence[Message], str]] = field(default_factory=list)
    stopped: bool = False

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        self.asked.append((question, passages, history, policy))
        try:
            for piece in self.pieces:
                await asyncio.sleep(0)
                yield piece
            if self.hangs:
                await asyncio.Event().wait()
            yield self.closing
        finally:
            self.stopped = True


class ScriptedModel(BaseChatModel):
    """A LangChain model that streams its pieces, notes its prompts, and fails or hangs where it is told to."""

    pieces: list[str] = ["Hello"]  # noqa: RUF012 - a pydantic field
    usage: UsageMetadata | None = None
    fails: Exception | None = None
    hangs: bool = False
    prompts: list[list[BaseMessage]] = []  # noqa: RUF012 - a pydantic field
    began: asyncio.Event = Field(default_factory=asyncio.Event)
    stopped: bool = False

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @override
    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    @override
    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.prompts.append(messages)
        self.began.set()
        try:
            for piece in self.pieces:
                yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if self.fails:
                raise self.fails
            if self.hangs:
                await asyncio.Event().wait()
            yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=self.usage))
        finally:
            self.stopped = True
