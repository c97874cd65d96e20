"""LangSmith's HTTP API as its client uses it: takes runs as they begin and as they end, and refuses anything odd."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from threading import Condition, Thread
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from serving.server import free_port

KEY = "lsv2_a_test"

_INGEST = {
    "use_multipart_endpoint": True,
    "scale_up_qsize_trigger": 1000,
    "scale_up_nthreads_limit": 16,
    "scale_down_nempty_trigger": 4,
    "size_limit": 100,
    "size_limit_bytes": 20_971_520,
}


@dataclass
class LangSmith:
    """Where it listens, and the runs it was told of, by their ids."""

    port: int
    runs: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    refused: list[str] = field(default_factory=list)
    arrived: Condition = field(default_factory=Condition)

    @property
    def environment(self) -> dict[str, str]:
        """The usual variables."""
        return {
            "LANGSMITH_TRACING": "true",
            "LANGSMITH_API_KEY": KEY,
            "LANGSMITH_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "LANGSMITH_PROJECT": "shop",
        }

    def ended(self, name: str, seconds: float = 30) -> dict[str, Any]:
        """The one run of that name, once it has ended."""

        def found() -> list[dict[str, Any]]:
            return [run for run in self.runs.values() if run.get("name") == name and run.get("end_time")]

        with self.arrived:
            assert self.arrived.wait_for(lambda: bool(found()), seconds), (list(self.runs.values()), self.refused)
            [run] = found()
            return run

    def take(self, content_type: str, body: bytes) -> None:
        """One multipart request: parts named `post.ID` or `patch.ID`, large fields apart as `post.ID.inputs`."""
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
        with self.arrived:  # over all of it: a run has ended only with its outputs, which are a part after its end
            for part in message.iter_parts():
                kind, run, *fields = str(part.get_param("name", header="content-disposition")).split(".")
                if kind not in {"post", "patch"} or part.get_content_type() != "application/json":
                    raise ValueError(f"{kind} {part.get_content_type()}")
                told = json.loads(part.get_content())
                self.runs[run].update({fields[0]: told} if fields else told)
            self.arrived.notify_all()


def app(langsmith: LangSmith) -> FastAPI:
    """The server."""
    api = FastAPI()

    @api.get("/info")
    async def info() -> dict[str, Any]:
        return {"version": "0.14", "batch_ingest_config": _INGEST}

    @api.post("/runs/multipart")
    async def runs(request: Request) -> Response:
        if request.headers.get("x-api-key") != KEY:
            langsmith.refused.append("no key")
            return JSONResponse({"detail": "Invalid token"}, 401)
        try:
            langsmith.take(request.headers["content-type"], await request.body())
        except (ValueError, KeyError) as error:
            langsmith.refused.append(repr(error))
            return JSONResponse({"detail": str(error)}, 422)
        return Response(status_code=202)

    return api


@contextmanager
def running() -> Iterator[LangSmith]:
    """LangSmith, listening while the block runs."""
    langsmith = LangSmith(free_port("127.0.0.1", 0))
    config = uvicorn.Config(app(langsmith), host="127.0.0.1", port=langsmith.port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield langsmith
    finally:
        server.should_exit = True
        thread.join()
