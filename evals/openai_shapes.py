"""OpenAI's JSON, as a server answers it: completions, chunks of a stream, embeddings, errors. Knows no model."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import orjson
from fastapi.responses import JSONResponse, Response
from numpy.typing import NDArray

DONE = b"data: [DONE]\n\n"

Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer's unchanging parts: the model's name and what was counted."""

    model: str
    finish: Finish
    prompt_tokens: int
    completion_tokens: int

    def whole(self, text: str) -> dict[str, Any]:
        """The answer to a request that does not stream."""
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}

    def piece(self, delta: Mapping[str, str]) -> bytes:
        """A server-sent event with what is new."""
        return self._event([{"index": 0, "delta": delta, "finish_reason": None}])

    def last(self) -> bytes:
        """The event that says why the answer ends."""
        return self._event([{"index": 0, "delta": {}, "finish_reason": self.finish}])

    def usage(self) -> bytes:
        """The event that follows where `stream_options.include_usage` is set."""
        return self._event([], usage=self._usage())

    def _event(self, choices: Sequence[Mapping[str, Any]], **more: Any) -> bytes:
        chunk = {**self._head("chat.completion.chunk"), "choices": choices, **more}
        return b"data: " + orjson.dumps(chunk) + b"\n\n"

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-fake", "object": kind, "created": 0, "model": self.model}

    def _usage(self) -> dict[str, int]:
        asked, said = self.prompt_tokens, self.completion_tokens
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def embedding_list(model: str, vectors: Sequence[NDArray[np.float32]], tokens: int, *, packed: bool) -> dict[str, Any]:
    """Vectors as lists of numbers, or `packed` as base64, which is what OpenAI's own client asks for."""
    form = _base64 if packed else _numbers
    data = [{"object": "embedding", "index": index, "embedding": form(vector)} for index, vector in enumerate(vectors)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def failure(
    status: int, message: str, code: str, *, param: str | None = None, retry_after: int | None = None
) -> Response:
    """An error as OpenAI sends it."""
    kind = {400: "invalid_request_error", 429: "requests"}.get(status, "server_error")
    headers = {"retry-after": str(retry_after)} if retry_after is not None else None
    content = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return JSONResponse(content, status, headers)


def _numbers(vector: NDArray[np.float32]) -> list[float]:
    return [float(value) for value in vector]


def _base64(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
