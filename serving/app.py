"""The application, hosted two ways: by Ray Serve as three deployments, or whole in one process.

python -m serving run                                     Serve on this machine, with the worker beside it
serve deploy serving/serve_config.yaml                    Serve on a cluster
uvicorn --factory serving.app:local_app                   one process, no Ray
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from core.embedder import load_encoder
from core.settings import Settings, load_settings
from serving.desk import open_desk
from serving.embedding import EmbeddingThread, Encoders
from serving.ingress import create_app
from serving.turns import LocalHost

if TYPE_CHECKING:
    from ray.serve import Application

_LOCAL_TURNS = 64  # at once in one process; more are refused


def serve_app(args: dict[str, Any]) -> Application:
    """What Serve's config file names: the deployments, with `args` as settings the environment does not hold."""
    return application(args, {})


def application(overrides: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]]) -> Application:
    """The three deployments bound together, each with its own of `options`."""
    from ray import serve  # seconds and memory that the local app saves

    from serving.replicas import Agent, Embedder, Ingress

    embedder = serve.deployment(**options.get("Embedder", {}))(Embedder).bind(overrides)
    agent = serve.deployment(**options.get("Agent", {}))(Agent).bind(embedder, overrides)
    ingress = serve.ingress()(Ingress)
    return serve.deployment(**options.get("Ingress", {}))(ingress).bind(agent, overrides)


def local_app() -> FastAPI:
    """For `uvicorn --factory`."""
    return create_local_app(load_settings())


def create_local_app(settings: Settings) -> FastAPI:
    """The same application in one process: the agent in its event loop, embedding in a thread."""
    embed = EmbeddingThread(Encoders(lambda model: load_encoder(model, settings)))
    desk = open_desk(settings, embed)
    host = LocalHost(desk.host, window_ms=settings.coalesce_ms, limit=_LOCAL_TURNS, checks=desk.checks)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await embed(settings.embedding_model, ["warm"])
        yield
        await desk.close()
        embed.close()

    return create_app(settings, host, lifespan=lifespan)
