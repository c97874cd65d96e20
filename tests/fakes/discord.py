"""A Discord webhook on loopback, as strict as the real one about what it is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_LIMITS = {"title": 256, "description": 4096}


class FakeDiscord:
    """Answers with each of `statuses` in turn, then takes what is valid; a 429 asks for `retry_after` seconds."""

    token = "x-secret-token"

    def __init__(self, statuses: Sequence[int] = (), *, retry_after: str = "0.01") -> None:
        self.messages: list[dict[str, Any]] = []
        self.asked = 0
        statuses_left = list(statuses)
        discord = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                discord.asked += 1
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = statuses_left.pop(0) if statuses_left else 400 if problems(body) else 200
                if status == 200:
                    discord.messages.append(body)
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", retry_after)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/webhooks/1/{self.token}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def problems(body: dict[str, Any]) -> list[str]:
    """What Discord would refuse a message for."""
    [embed] = body["embeds"]
    fields = embed["fields"]
    total = sum(map(length, (embed["title"], embed["description"]))) + sum(
        length(field["name"]) + length(field["value"]) for field in fields
    )
    return [
        *[name for name, most in _LIMITS.items() if length(embed[name]) > most],
        *(["too many fields"] if len(fields) > 25 else []),
        *[field["name"] for field in fields if not 0 < length(field["name"]) <= 256],
        *[field["name"] for field in fields if not 0 < length(field["value"]) <= 1024],
        *(["too long in all"] if total > 6000 else []),
        *(["may ping"] if body["allowed_mentions"] != {"parse": []} else []),
    ]


def length(text: str) -> int:
    """As JavaScript counts."""
    return len(text.encode("utf-16-le")) // 2
