"""Somebody else's HTTP service on loopback: JSON in and out, every request kept, failures where a test wants them."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None


@dataclass(frozen=True)
class Told:
    """An answer as it goes; `lost`: the work is done, and the connection breaks before anybody hears of it."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False


Failure = Told | Literal["lost", "silent"]


class FakeService:
    """Answers by `answer`; the next requests meet `failures` first, one each, where their path has `failing` in it."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.failures: list[Failure] = []
        self.failing = ""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, asked: Asked) -> Told:
        raise NotImplementedError

    def writes(self) -> list[Asked]:
        """The requests that change something."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _told(self, asked: Asked) -> Told | None:
        with self._lock:
            self.asked.append(asked)
            failure = self.failures.pop(0) if self.failures and self.failing in asked.path else None
            if failure == "silent":
                return None
            if failure == "lost":
                return Told(self.answer(asked).status, lost=True)
            return self.answer(asked) if failure is None else failure

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                told = service._told(
                    Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, _body(raw, headers))
                )
                if told is None:
                    service._closing.wait(30)
                if told is None or told.lost:
                    self.close_connection = True
                    return
                payload = b"" if told.body is None else json.dumps(told.body).encode()
                self.send_response(told.status)
                for name, value in {"Content-Type": "application/json", **told.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_DELETE = do_PATCH = handle_any  # noqa: N815 - the server's own names

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _body(raw: bytes, headers: dict[str, str]) -> Any:
    if not raw:
        return None
    kind = headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(raw.decode()))
    return json.loads(raw) if kind.startswith("application/json") else raw


def shape_problems(body: Any, required: dict[str, type], optional: dict[str, type]) -> list[str]:
    """What is missing, of another type, or unknown."""
    if not isinstance(body, dict):
        return ["no object"]
    known = required | optional
    return [
        *(f"{name} is missing" for name in required if name not in body),
        *(f"{name} is unknown" for name in body if name not in known),
        *(
            f"{name} is no {known[name].__name__}"
            for name in body
            if name in known and not isinstance(body[name], known[name])
        ),
    ]
