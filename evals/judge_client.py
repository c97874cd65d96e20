"""The judge's server: who it is, the key to it, and the tokens that it says its answers took. Knows no metric."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from httpx2 import AsyncClient, Response
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from core.errors import ConfigurationError
from core.local_model import LOCAL, local_model
from core.local_model.client import direct_client
from core.records import Usage
from core.settings import Settings

_RETRIES = 1  # by OpenAI's client, of what timed out, was refused for its rate, or failed on the server
_NO_KEY = "none-needed"  # an OpenAI client wants one, a server of one's own does not


class Spent:
    """Counts what a server says that its answers took."""

    def __init__(self) -> None:
        self.usage = Usage()

    async def count(self, response: Response) -> None:
        """One response more; one that says nothing of tokens took none."""
        await response.aread()
        try:
            told = response.json()["usage"]
            taken = int(told["prompt_tokens"]), int(told["completion_tokens"])
        except (ValueError, KeyError, TypeError):
            return
        self.usage = Usage(self.usage.input_tokens + taken[0], self.usage.output_tokens + taken[1])


@dataclass(frozen=True, slots=True)
class _Server:
    """Where the judge is reached, and by which name there."""

    model: str
    url: str | None
    key: str
    http: AsyncClient


@asynccontextmanager
async def judge_client(settings: Settings, spent: Spent | None = None) -> AsyncGenerator[tuple[str, AsyncOpenAI]]:
    """The name of the settings' judge at its server, and a client of that; `spent` counts its tokens."""
    server = await _server(settings)
    server.http.event_hooks = {"response": [(spent or Spent()).count]}
    async with AsyncOpenAI(
        api_key=server.key,
        base_url=server.url,
        timeout=settings.model_seconds,
        max_retries=_RETRIES,
        http_client=server.http,
    ) as client:
        yield server.model, client


async def _server(settings: Settings) -> _Server:
    if settings.judge_model == LOCAL:
        local = await asyncio.to_thread(local_model)
        return _Server(LOCAL, local.url, local.key, direct_client())
    name, key = _name(settings.judge_model or ""), _key(settings)
    return _Server(name, settings.model_base_url, key, DefaultAsyncHttpxClient())


def _name(model: str) -> str:
    provider, _, name = model.partition(":")
    if provider != "openai" or not name:
        raise ConfigurationError(
            f"FRONTDESK_JUDGE_MODEL={model} cannot judge: write `local`, or one like `openai:gpt-4o-mini`; any "
            "OpenAI-compatible server is reached by FRONTDESK_MODEL_BASE_URL."
        )
    return name


def _key(settings: Settings) -> str:
    secret = settings.openai_api_key.get_secret_value().strip() if settings.openai_api_key else ""
    if secret:
        return secret
    if settings.model_base_url:
        return _NO_KEY
    raise ConfigurationError(f"The judge {settings.judge_model} needs a key: set OPENAI_API_KEY.")
