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
_LAST = {"end", "error"}


class EventStream(StreamingResponse):
    """Batches of events as `text/event-stream`; a client that leaves closes `batches` at once."""

    def __init__(self, batches: AsyncGenerator[list[Event]]) -> None:
        self._batches = batches
        super().__init__((), media_type="text/event-stream", headers=_HEADERS)

    async def stream_response(self, send: Send) -> None:
        """Send the batches as they come."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        complete = False
        # Not left to the garbage collector: closing the batches is what ends the turn of a lost client.
        async with aclosing(self._batches):
            async for events in self._batches:
                complete = events[-1].type in _LAST
                # The response ends with the turn's last event, not with a message more.
                await send({"type": "http.response.body", "body": encode(events), "more_body": not complete})
        if not complete:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def encode(events: Iterable[Event]) -> bytes:
    """Each event as an `id:` line, a `data:` line with its JSON, and an empty line."""
    return b"".join(b"id: %d\ndata: %b\n\n" % (event.id, orjson.dumps(event.payload())) for event in events)
