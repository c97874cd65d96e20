"""How a client of OpenAI's reaches the local model. Not imported before it is needed: the client takes seconds."""

from __future__ import annotations

from httpx2 import AsyncClient, Limits
from openai import DefaultAsyncHttpxClient


def direct_client() -> AsyncClient:
    """Past any proxy that the environment names; no connection is kept, as each holds a thread of the server."""
    return DefaultAsyncHttpxClient(trust_env=False, limits=Limits(max_keepalive_connections=0))
