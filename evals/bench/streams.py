"""A client that reads answers as they stream and times them. Runs in a process of its own, beside the server's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from time import perf_counter

import aiohttp
import orjson


@dataclass
class Streams:
    """What the clients saw: answers that came to their end, and times in milliseconds."""

    ended: int = 0
    seconds: float = 0.0
    first_token_ms: list[float] = field(default_factory=list)
    gaps_ms: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Whole answers a second, all clients together."""
        return self.ended / self.seconds


def measure(url: str, questions: Sequence[str], clients: int, seconds: float) -> Streams:
    """`clients` ask one question after another for `seconds`; any answer that fails is an error."""
    return asyncio.run(_measure(url, questions, clients, seconds))


async def _measure(url: str, questions: Sequence[str], clients: int, seconds: float) -> Streams:
    seen = Streams()
    waiting = cycle(questions)
    async with aiohttp.ClientSession(url) as session:
        began = perf_counter()

        async def visitor(number: int) -> None:
            while perf_counter() - began < seconds:
                await _ask(session, next(waiting), f"visitor-{number}", seen)

        await asyncio.gather(*(visitor(number) for number in range(clients)))
        seen.seconds = perf_counter() - began
    return seen


async def _ask(session: aiohttp.ClientSession, question: str, visitor: str, seen: Streams) -> None:
    asked = perf_counter()
    tokens: list[float] = []
    unread, last = b"", {"type": "nothing"}
    async with session.post("chat/stream", json={"message": question, "session_id": visitor}) as answer:
        async for piece in answer.content.iter_any():
            arrived = perf_counter()
            *events, unread = (unread + piece).split(b"\n\n")
            for event in events:
                last = orjson.loads(event.partition(b"data: ")[2])
                if last["type"] == "token":
                    tokens.append(arrived)
    if last["type"] != "end":
        raise RuntimeError(f"{answer.url} answered {answer.status} and ended with {last}")
    seen.ended += 1
    seen.first_token_ms.append(1000 * (tokens[0] - asked))
    seen.gaps_ms += [1000 * (after - before) for before, after in pairwise(tokens)]
