"""What every request gets before a route sees it: an id, and a limit on its body. Knows no route."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.records import new_id

_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestId:
    """Gives a request the id its caller sent, or a fresh one, in the header `X-Request-ID` both ways.

    Goes around the whole application, and only where no proxy of Serve stands before it, which does the same.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = MutableHeaders(scope=scope)
        if not _ACCEPTED_ID.fullmatch(headers.get("X-Request-ID", "")):
            headers["X-Request-ID"] = new_id()
        request_id = headers["X-Request-ID"]

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        return await self.app(scope, receive, send_with_id)


class BodyLimit:
    """Refuses a body over `limit` bytes before reading it all, in the one error shape (FastAPI's own does not)."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks."""
        seen = 0

        async def receive_within_limit() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                raise HTTPException(413, f"The body is longer than {self.limit} bytes.")
            return message

        await self.app(scope, receive_within_limit, send)
