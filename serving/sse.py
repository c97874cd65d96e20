"""Events as server-sent events. Knows the wire format and the HTTP response, not what an event means."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Send

from core.records import Event

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would collect the tokens
}


class EventStream(StreamingResponse):
    """Batches of events as `text/event-stream`; a client that leaves closes `batches` at once."""

    def __init__(self, batches: AsyncGenerator[list[Event]]) -> None:
        self._chunks = _encoded(batches)
        super().__init__(self._chunks, media_type="text/event-stream", headers=_HEADERS)

    async def stream_response(self, send: Send) -> None:
        """Send the batches as they come."""
        # Not left to the garbage collector: closing the stream is what ends the turn of a lost client.
        async with aclosing(self._chunks):
            await super().stream_response(send)


def encode(events: Iterable[Event]) -> bytes:
    """Each event as an `id:` line, a `data:` line with its JSON, and an empty line."""
    return b"".join(b"id: %d\ndata: %b\n\n" % (event.id, orjson.dumps(event.payload())) for event in events)


async def _encoded(batches: AsyncGenerator[list[Event]]) -> AsyncGenerator[bytes]:
    async with aclosing(batches):
        async for events in batches:
            yield encode(events)
