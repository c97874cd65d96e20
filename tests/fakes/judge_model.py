"""A model over HTTP that judges: it answers any JSON schema that a prompt carries, by a script or by the schema alone.

It speaks OpenAI's protocol on a real socket, in a thread of the tests.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from core.settings import Settings
from evals.openai_shapes import Completion
from serving.server import free_port

Schema = Mapping[str, Any]
Script = Callable[[str, Any], Any]  # of a prompt and the answer by schema: the answer, or seconds to hang


def by_schema(_prompt: str, answer: Any) -> Any:
    """What the schema asks for and nothing more."""
    return answer


@dataclass
class JudgeModel:
    """Where it listens, what it is told to say, and how often it was asked."""

    port: int = 0
    script: Script = by_schema
    prompts: list[str] = field(default_factory=list)

    def settings(self, settings: Settings, **changes: Any) -> Settings:
        """The same, with this judge."""
        url = f"http://127.0.0.1:{self.port}/v1"
        return settings.model_copy(update={"judge_model": "openai:judge", "model_base_url": url, **changes})


@contextmanager
def judge_model() -> Iterator[JudgeModel]:
    """The judge, listening while the block runs."""
    judge = JudgeModel(free_port("127.0.0.1", 0))
    config = uvicorn.Config(_app(judge), host="127.0.0.1", port=judge.port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield judge
    server.should_exit = True
    thread.join()


def _app(judge: JudgeModel) -> FastAPI:
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> Response:
        body = await request.json()
        system, prompt = _parts(body["messages"])
        judge.prompts.append(prompt)
        said = judge.script(prompt, _instance(_schema(system)))
        if isinstance(said, int | float):
            await asyncio.sleep(said)
        text = said if isinstance(said, str) else json.dumps(said)
        return JSONResponse(Completion(body["model"], "stop", 1, 1).whole(text))

    return app


def _parts(messages: list[dict[str, str]]) -> tuple[str, str]:
    system = "\n".join(message["content"] for message in messages if message["role"] == "system")
    return system, "\n".join(message["content"] for message in messages if message["role"] == "user")


def _schema(system: str) -> Schema:
    """The JSON schema that stands in the system message."""
    found = re.search(r"\{.*\}", system, re.DOTALL)
    assert found, f"no schema in {system!r}"
    schema: Schema = json.loads(found[0])
    return schema


def _instance(schema: Schema, definitions: Mapping[str, Schema] | None = None) -> Any:
    """The plainest value that the schema allows; a number is 1, a list has one item."""
    definitions = definitions or schema.get("$defs", {})
    if "$ref" in schema:
        return _instance(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    match schema.get("type"):
        case "object":
            return {name: _instance(part, definitions) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [_instance(schema["items"], definitions)]
        case "integer" | "number":
            return 1
        case _:
            return "so it is"
