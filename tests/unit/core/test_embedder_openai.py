"""OpenAI's embeddings, against a small HTTP server that speaks the protocol and fails once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import numpy as np
import pytest
from typing_extensions import override

from core.embedder import load_encoder, load_tokenizer
from core.errors import ConfigurationError
from core.settings import Settings


class _Embeddings(BaseHTTPRequestHandler):
    asked: ClassVar[list[dict[str, Any]]] = []
    failures: ClassVar[int] = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if _Embeddings.failures:
            _Embeddings.failures -= 1
            self._answer(500, {"error": {"message": "try again"}})
            return
        self.asked.append(body)
        rows = [
            {"object": "embedding", "index": number, "embedding": [float(len(text)), 1.0, 0.0]}
            for number, text in enumerate(body["input"])
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        self._answer(200, {"object": "list", "model": body["model"], "data": rows[::-1], "usage": usage})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keeps the tests' output quiet."""


@pytest.fixture
def hosted(settings: Settings) -> Iterator[Settings]:
    """Settings of a server that embeds a text as its length."""
    _Embeddings.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Embeddings)
    Thread(target=server.serve_forever, daemon=True).start()
    yield settings.model_copy(update={"model_base_url": f"http://127.0.0.1:{server.server_port}/v1"})
    server.shutdown()
    server.server_close()


def test_texts_go_in_batches_and_come_back_in_order(hosted: Settings) -> None:
    texts = ["x" * (number % 7 + 1) for number in range(300)]
    vectors = load_encoder("openai:text-embedding-3-small", hosted).encode(texts)
    assert [round(float(row[0] / row[1])) for row in vectors] == [len(text) for text in texts]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert [len(body["input"]) for body in _Embeddings.asked] == [128, 128, 44]
    assert {body["model"] for body in _Embeddings.asked} == {"text-embedding-3-small"}


def test_dimensions_are_found_by_asking_and_a_passing_failure_is_retried(hosted: Settings) -> None:
    _Embeddings.failures = 1
    encoder = load_encoder("openai:any", hosted)
    assert encoder.dimensions == 3
    assert encoder.encode([]).shape == (0, 3)


@pytest.mark.parametrize("load", [load_encoder, load_tokenizer])
def test_without_a_key_or_a_server_it_says_what_to_set(
    settings: Settings, load: Callable[[str, Settings], object]
) -> None:
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        load("openai:text-embedding-3-small", settings.model_copy(update={"openai_api_key": None}))


def test_its_texts_are_measured_offline_by_the_packaged_tokenizer(hosted: Settings) -> None:
    assert load_tokenizer("openai:text-embedding-3-small", hosted).offsets("tea time") == [(0, 3), (4, 8)]
