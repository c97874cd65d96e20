"""A server that speaks OpenAI's protocol and knows what its prompt says: for benches, load and tests of all around it.

Run it with `python -m evals fake-model`. How long it waits, how fast and how much it says and how often it fails
are set; the same seed gives the same words and the same failures.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
import zlib
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from numpy.typing import NDArray

from evals.openai_shapes import DONE, Completion, Finish, embedding_list, failure
from evals.quoting import quoted

MODEL = "fake-model"

_DIMENSIONS = 1536  # of text-embedding-3-small, where the request names none
_RETRY_AFTER = 1  # seconds that a 429 asks for
_KEPT = 100  # requests that tests and load runs can look back at
_VOCABULARY = """
the shop opens early and closes late so every visitor finds time for coffee before work or after a long walk along
the harbour where boats wait for wind
"""


@dataclass(frozen=True, slots=True)
class FakeModelOptions:
    """How the server behaves; a rate of 0 means all tokens at once."""

    first_token_ms: float = 200
    tokens_per_second: float = 50
    tokens: int = 120
    error_rate: float = 0
    seed: int = 0
    text: str | None = None  # said instead of `tokens` words quoted from the prompt, or random ones where it has none


def create_fake_model(options: FakeModelOptions) -> FastAPI:
    """The server as an ASGI app; `app.state.requests` holds the bodies of the last chat requests."""
    app = FastAPI(title="Fake model", docs_url=None, redoc_url=None)
    app.state.speaker = Speaker(options)
    app.state.requests = deque(maxlen=_KEPT)
    app.include_router(_routes)
    return app


def serve(options: FakeModelOptions, host: str, port: int) -> None:
    """Listens until interrupted."""
    uvicorn.run(create_fake_model(options), host=host, port=port, log_level="warning")


class Speaker:
    """Says the words, at their pace, or fails."""

    def __init__(self, options: FakeModelOptions) -> None:
        self._options = options
        self._dice = random.Random(options.seed)  # noqa: S311 - no secret, a repeatable fake

    def failure(self) -> Response | None:
        """The error this request gets, if it gets one."""
        if self._dice.random() >= self._options.error_rate:
            return None
        if self._dice.random() < 0.5:
            return failure(429, "Rate limit reached.", "rate_limit_exceeded", retry_after=_RETRY_AFTER)
        return failure(500, "The server had an error.", "server_error")

    def tokens(self, prompt: str, limit: int | None) -> list[str]:
        """An answer's tokens, `limit` of them at most."""
        if self._options.text is not None:
            return re.findall(r"\s*\S+", self._options.text)[:limit]
        if quotes := quoted(prompt, self._options.tokens):
            return quotes[:limit]
        words = random.Random(self._options.seed)  # noqa: S311 - as above
        chosen = words.choices(_VOCABULARY.split(), k=self._options.tokens)
        return [chosen[0].capitalize(), *(f" {word}" for word in chosen[1:])][:limit]

    async def pace(self, tokens: Sequence[str]) -> AsyncGenerator[str, None]:
        """The tokens when they are due, counted from the start so that delays do not add up."""
        began = time.monotonic()
        rate = self._options.tokens_per_second
        for number, token in enumerate(tokens):
            due = began + self._options.first_token_ms / 1000 + (number / rate if rate else 0)
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            yield token


_routes = APIRouter(prefix="/v1")


@_routes.get("/models")
async def models() -> dict[str, Any]:
    """The one model there is; any name is answered."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "frontdesk"}]}


@_routes.post("/chat/completions")
async def chat(request: Request) -> Response:
    """A completion, whole or streamed, or the failure that is due."""
    body = await _json(request)
    if not isinstance(body.get("messages"), list):
        return failure(400, "'messages' must be a list.", "invalid_value", param="messages")
    request.app.state.requests.append(body)
    speaker: Speaker = request.app.state.speaker
    if failed := speaker.failure():
        return failed
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    tokens = speaker.tokens(_prompt(body), limit)
    completion = _completion(body, tokens, limit)
    if body.get("stream"):
        stream = _stream(completion, speaker.pace(tokens), usage=_wants_usage(body))
        return StreamingResponse(stream, media_type="text/event-stream")
    said = [token async for token in speaker.pace(tokens)]
    return JSONResponse(completion.whole("".join(said)))


@_routes.post("/embeddings")
async def embeddings(request: Request) -> Response:
    """A vector for each input, always the same one for the same text; shared words make them alike."""
    body = await _json(request)
    given = body.get("input")
    inputs = given if isinstance(given, list) else [given]
    vectors = [_vector(str(text), body.get("dimensions") or _DIMENSIONS) for text in inputs]
    packed = body.get("encoding_format") == "base64"
    return JSONResponse(embedding_list(body.get("model", MODEL), vectors, _count(inputs), packed=packed))


async def _stream(
    completion: Completion, tokens: AsyncGenerator[str, None], *, usage: bool
) -> AsyncGenerator[bytes, None]:
    yield completion.piece({"role": "assistant", "content": ""})
    async for token in tokens:
        yield completion.piece({"content": token})
    yield completion.last()
    if usage:
        yield completion.usage()
    yield DONE


def _prompt(body: dict[str, Any]) -> str:
    return "".join(str(message.get("content", "")) for message in body["messages"][-1:])


def _completion(body: dict[str, Any], tokens: Sequence[str], limit: int | None) -> Completion:
    asked = _count(message.get("content") for message in body["messages"])
    finish: Finish = "length" if limit is not None and len(tokens) >= limit else "stop"
    return Completion(body.get("model", MODEL), finish, asked, len(tokens))


def _wants_usage(body: dict[str, Any]) -> bool:
    return bool((body.get("stream_options") or {}).get("include_usage"))


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _count(texts: Iterable[Any]) -> int:
    """Words, which is near enough to tokens for a fake."""
    return sum(len(str(text).split()) for text in texts)


def _vector(text: str, size: int) -> NDArray[np.float32]:
    vector = np.zeros(size, np.float32)
    for word in re.findall(r"\w+", text.casefold()) or [""]:
        vector += np.random.default_rng(zlib.crc32(word.encode())).standard_normal(size, np.float32)
    return vector / np.float32(np.linalg.norm(vector))
