"""Chat models by one string, and the writer that asks one. Knows LangChain's interface, no provider's own.

`chat_model` takes `local` (a small model beside this process) or what LangChain's `init_chat_model` takes:
`openai:gpt-4o-mini`, `anthropic:claude-sonnet-4-5`. A model object that is ready goes straight into `ModelWriter`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from pydantic import SecretStr

from core.errors import ConfigurationError
from core.local_model import LOCAL, local_model
from core.records import Message, Passage, Usage
from core.settings import Settings
from serving.agent.catalogue import NOTHING, Price
from serving.agent.failures import busy, told
from serving.agent.prompts import messages
from serving.agent.state import Closing
from serving.agent.tab import estimated, owe

Prompt = Callable[[str, Sequence[Passage], Sequence[Message], str], list[BaseMessage]]

_RETRIES = 2  # by the provider's client, which only retries what has not begun to answer
_RETRIES_LOCAL = 4  # of these: by then a server that crashed is back
_TEMPERATURE_LOCAL = 0  # the likeliest word is the safest one
_NO_KEY = "none-needed"  # an OpenAI client wants one, a server of one's own does not


def chat_model(model: str, settings: Settings) -> BaseChatModel:
    """LangChain's model for `provider:name` or `local`, with the settings' key, base URL and time limit."""
    from langchain.chat_models import init_chat_model  # takes seconds, and `extractive` needs none of it

    options = _options(model, settings)
    name = f"openai:{LOCAL}" if model == LOCAL else model  # one more server that speaks OpenAI's protocol
    try:
        return cast("BaseChatModel", init_chat_model(name, **options))
    except (ImportError, ValueError) as error:
        raise ConfigurationError(f"The model {model!r} cannot be used: {error}") from error


class ModelWriter:
    """Asks a chat model, within `seconds` for the whole answer; `at_once` bounds the answers under way, if anything.

    `prompt` says what it is asked, `most_tokens` how much it may write.
    """

    def __init__(
        self,
        model: BaseChatModel,
        name: str,
        seconds: float = 60,
        at_once: int | None = None,
        price: Price = NOTHING,
        prompt: Prompt = messages,
        most_tokens: int | None = None,
    ) -> None:
        self.name = name
        self._model = model
        self._seconds = seconds
        self._at_once = at_once
        self._price = price
        self._prompt = prompt
        self._bounds: dict[str, Any] = {} if most_tokens is None else {"max_tokens": most_tokens}
        self._writing = 0

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        """The model's text as it comes, then what it used; OverloadedError at once where no place is free."""
        bill, said = Closing(), list[str]()
        prompt = self._prompt(question, passages, history, policy)
        try:
            with self._place():
                async with aclosing(self._chunks(prompt)) as chunks:
                    async for chunk in chunks:
                        bill = self._added(bill, chunk)
                        if text := str(chunk.text):
                            said.append(text)
                            yield text
        except BaseException as cut_short:
            if said or not isinstance(cut_short, Exception):  # who refuses to answer charges nothing
                self._owe(bill, prompt, "".join(said))
            raise
        owe(bill.usage, bill.cost, self.name, is_estimated=False)
        yield bill

    async def call(self, prompt: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> tuple[AIMessage, Closing]:
        """One whole reply, in which the model may call these tools, and what it used; else ModelError."""
        with self._place():
            try:
                async with asyncio.timeout(self._seconds):
                    reply = await self._model.bind_tools(tools).ainvoke(prompt)
            except Exception as error:  # as in `_chunks`
                raise told(error, self.name) from error
        bill = replace(self._added(Closing(), reply), model=self.name)
        owe(bill.usage, bill.cost, self.name, is_estimated=False)
        return reply, bill

    def _owe(self, bill: Closing, prompt: list[BaseMessage], said: str) -> None:
        usage = estimated(bill.usage, prompt, said)
        read, wrote = usage.input_tokens, usage.output_tokens
        told = UsageMetadata(input_tokens=read, output_tokens=wrote, total_tokens=read + wrote)
        owe(usage, self._price.of(told), self.name, is_estimated=True)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._at_once is not None and self._writing >= self._at_once:
            raise busy()
        self._writing += 1
        try:
            yield
        finally:
            self._writing -= 1

    def _added(self, bill: Closing, chunk: AIMessage) -> Closing:
        """Some providers report what was read first and what was written last."""
        if not (part := chunk.usage_metadata):
            return bill
        usage = Usage(part["input_tokens"], part["output_tokens"])
        return replace(bill, usage=bill.usage + usage, cost=bill.cost + self._price.of(part))

    async def _chunks(self, prompt: list[BaseMessage]) -> AsyncGenerator[AIMessageChunk, None]:
        """The model's stream up to the deadline, its failures as sentences for people."""
        ends = asyncio.get_running_loop().time() + self._seconds
        stream = cast("AsyncGenerator[AIMessageChunk, None]", self._model.astream(prompt, **self._bounds))
        async with aclosing(stream):
            while True:
                try:
                    async with asyncio.timeout_at(ends):
                        chunk = await anext(stream)
                except StopAsyncIteration:
                    return
                except Exception as error:  # every provider has exceptions of its own; `told` logs them
                    raise told(error, self.name) from error
                yield chunk


def _options(model: str, settings: Settings) -> dict[str, Any]:
    if model == LOCAL:
        return _local(settings)
    provider, colon, name = model.partition(":")
    if not (colon and name):
        raise ConfigurationError(
            f"The model {model!r} names no provider: write `extractive`, `local`, or one like `openai:gpt-4o-mini`."
        )
    common = {"timeout": settings.model_seconds, "max_retries": _RETRIES}
    if provider == "openai":
        return {**common, **_openai(model, settings)}
    if provider == "anthropic":
        return {**common, "api_key": _key(settings.anthropic_api_key, "ANTHROPIC_API_KEY", model)}
    return {}  # other providers read their own variables


def _openai(model: str, settings: Settings) -> dict[str, Any]:
    if settings.model_base_url and not settings.openai_api_key:
        key = _NO_KEY
    else:
        key = _key(settings.openai_api_key, "OPENAI_API_KEY", model)
    return {"api_key": key, "base_url": settings.model_base_url, "stream_usage": True}


def _local(settings: Settings) -> dict[str, Any]:
    from core.local_model.client import direct_client

    server = local_model()
    return {
        "timeout": settings.model_seconds,
        "temperature": _TEMPERATURE_LOCAL,
        "max_retries": _RETRIES_LOCAL,
        "api_key": server.key,
        "base_url": server.url,
        "stream_usage": True,
        "extra_body": {"return_progress": True},  # else who leaves while it reads is noticed only once it writes
        "http_async_client": direct_client(),
    }


def _key(secret: SecretStr | None, variable: str, model: str) -> str:
    if secret and secret.get_secret_value().strip():
        return secret.get_secret_value()
    raise ConfigurationError(f"The model {model} needs a key: set {variable}.")
