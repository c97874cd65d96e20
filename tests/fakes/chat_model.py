"""A chat model over HTTP in a thread of the tests: slow enough to be interrupted, and it remembers its prompts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import uvicorn
from fastapi import FastAPI

from evals.fake_model import FakeModelOptions, Speaker, create_fake_model
from serving.server import free_port


@dataclass(frozen=True)
class ChatModel:
    """Where it listens, and what it was asked."""

    port: int
    app: FastAPI

    @property
    def environment(self) -> dict[str, str]:
        """What makes a server use it."""
        return {
            "FRONTDESK_MODEL": "openai:fake-model",
            "FRONTDESK_MODEL_BASE_URL": f"http://127.0.0.1:{self.port}/v1",
        }

    def prompts(self) -> list[list[dict[str, Any]]]:
        """The messages of each request, oldest first."""
        return [request["messages"] for request in self.app.state.requests]

    @contextmanager
    def behaving(self, options: FakeModelOptions) -> Iterator[None]:
        """As `options` say, while the block runs."""
        usual = self.app.state.speaker
        self.app.state.speaker = Speaker(options)
        yield
        self.app.state.speaker = usual


@contextmanager
def chat_model(options: FakeModelOptions) -> Iterator[ChatModel]:
    """The model, listening while the block runs."""
    port = free_port("127.0.0.1", 0)
    app = create_fake_model(options)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield ChatModel(port, app)
    finally:
        server.should_exit = True
        thread.join()
