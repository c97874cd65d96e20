"""The application, hosted two ways: by Ray Serve as three deployments, or whole in one process.

- `python -m serving run`: Serve on this machine, with the worker beside it
- `serve deploy serving/serve_config.yaml`: Serve on a cluster
- `uvicorn --factory serving.app:local_app`: one process, no Ray

Each way imports only what it needs: Ray costs a small host seconds and memory, and the agent costs them the
process that merely deploys it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from core.settings import Settings, load_settings
from serving.logs import log_to_stderr

if TYPE_CHECKING:
    from fastapi import FastAPI
    from ray.serve import Application
    from starlette.types import ASGIApp

    from serving.agent import Writer

_LOCAL_TURNS = 64  # at once in one process; more are refused


def serve_app(args: dict[str, Any]) -> Application:
    """What Serve's config file names: the deployments, with `args` as settings the environment does not hold."""
    return application(args, {})


def application(
    overrides: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]], *, writer: Writer | None = None
) -> Application:
    """The three deployments bound together, each with its `options`; `writer` instead of the sites' models."""
    from ray import serve

    from serving.replicas import Agent, Embedder, Ingress

    embedder = serve.deployment(**options.get("Embedder", {}))(Embedder).bind(overrides)
    agent = serve.deployment(**options.get("Agent", {}))(Agent).bind(embedder, overrides, writer)
    ingress = serve.ingress()(Ingress)
    return serve.deployment(**options.get("Ingress", {}))(ingress).bind(agent, overrides)


def local_app() -> ASGIApp:
    """For `uvicorn --factory`."""
    settings = load_settings()
    log_to_stderr(settings.log_level)
    return create_local_app(settings)


def create_local_app(settings: Settings, *, writer: Writer | None = None) -> ASGIApp:
    """The same application in one process: the agent in its event loop, embedding in a thread."""
    from core.embedder import load_encoder
    from serving.desk import open_desk
    from serving.embedding import EmbeddingThread, Encoders
    from serving.envelope import RequestId
    from serving.ingress import create_app
    from serving.turns import LocalHost

    embed = EmbeddingThread(Encoders(lambda model: load_encoder(model, settings)))
    desk = open_desk(settings, embed, writer=writer)
    host = LocalHost(desk.host, window_ms=settings.coalesce_ms, limit=_LOCAL_TURNS, checks=desk.checks, act=desk.act)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await embed(settings.embedding_model, ["warm"])
        yield
        await desk.close()
        embed.close()

    return RequestId(create_app(settings, host, lifespan=lifespan))
