"""What the replicas of Ray Serve's three deployments hold. How many and how large: `serve_config.yaml`.

Each only hosts what works without Ray as well, and imports it when a replica is made: whoever deploys these
classes needs none of it. Replicas read their own settings, so that no secret travels.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from core.errors import ModelError
from core.records import Turn
from core.settings import Settings, load_settings
from serving.logs import log_to_stderr

if TYPE_CHECKING:
    from fastapi import FastAPI

    from serving.agent import Writer
    from serving.answers import Answer, Outcome
    from serving.embedding import Ask, Vectors
    from serving.handles import Packed

_BATCH = 32  # callers whose texts are encoded together


class Embedder:
    """Texts to vectors. What arrives while one batch is encoded makes up the next; nobody waits for company."""

    def __init__(self, overrides: Mapping[str, Any]) -> None:
        from core.embedder import load_encoder
        from serving.embedding import Encoders

        settings = _settings(overrides)
        self._encoders = Encoders(lambda model: load_encoder(model, settings, threads=1))
        self._model = settings.embedding_model
        self._encoders.warm(self._model)

    async def embed(self, model: str, texts: Sequence[str]) -> Vectors:
        """The vectors of `texts`, (texts, dimensions)."""
        encoded: Vectors | Exception = await self._encode((model, texts))
        if isinstance(encoded, Exception):
            raise encoded
        return encoded

    async def check_health(self) -> None:
        """Serve asks now and then; no vector within its time limit and the replica is replaced."""
        await asyncio.to_thread(self._encoders.warm, self._model)

    @serve.batch(max_batch_size=_BATCH, batch_wait_timeout_s=0)
    async def _encode(self, asks: list[Ask]) -> list[Vectors | Exception]:
        # What is raised here fails every turn of the batch: only what concerns them all.
        return await asyncio.to_thread(self._encoders.encode_apart, asks)


class Agent:
    """Turns: each a stream of packed events, coalesced before they leave."""

    def __init__(self, embedder: DeploymentHandle[Any], overrides: Mapping[str, Any], writer: Writer | None) -> None:
        from serving.desk import open_desk

        settings = _settings(overrides)
        self._embed = embedder.options(method_name="embed")
        self._desk = open_desk(settings, self._vectors, writer=writer)
        self._window_ms = settings.coalesce_ms

    async def run(self, turn: Turn) -> AsyncGenerator[Packed]:
        """The turn's events; closing the stream aborts the turn."""
        from serving.coalesce import coalesce
        from serving.handles import pack

        async with aclosing(coalesce(self._desk.host.run(turn), self._window_ms)) as batches:
            async for events in batches:
                yield pack(events)

    async def act(self, answer: Answer) -> Outcome:
        """What came of a visitor's yes or no."""
        return await self._desk.act(answer)

    async def ready(self) -> dict[str, str]:
        """What each dependency answers."""
        from serving.readiness import ask_all

        return await ask_all(self._desk.checks)

    async def check_health(self) -> None:
        """Whether this replica's threads still take work. A database that is away is no reason to replace it."""
        await asyncio.get_running_loop().run_in_executor(self._desk.threads, int)

    async def _vectors(self, model: str, texts: Sequence[str]) -> Vectors:
        try:
            vectors: Vectors = await self._embed.remote(model, texts)
        except (RayError, RayServeException) as error:  # no replica left, or every place in the queue taken
            raise ModelError(
                "The embedding model is not available just now. Please try again.", retry_after=2
            ) from error
        return vectors


class Ingress:
    """The HTTP application; turns run in the Agent replicas."""

    def __init__(self, agent: DeploymentHandle[Any], overrides: Mapping[str, Any]) -> None:
        import ray

        from core.database import open_database
        from serving.cluster import require_shared_stores
        from serving.handles import ReplicaHost
        from serving.ledger import Ledger

        self._settings = _settings(overrides)
        nodes = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        require_shared_stores(self._settings, len(nodes))
        turns = open_database(self._settings.database_location).turns
        self._host = ReplicaHost(agent, Ledger(turns, ThreadPoolExecutor(2, thread_name_prefix="turns")))

    def __serve_build_asgi_app__(self) -> FastAPI:
        """What Serve asks for once the replica is made."""
        from serving.ingress import create_app

        return create_app(self._settings, self._host)


def _settings(overrides: Mapping[str, Any]) -> Settings:
    """The replica's own settings, and its log as they say."""
    settings = load_settings(**overrides)
    log_to_stderr(settings.log_level)
    return settings
