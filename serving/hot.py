"""What was said in the last turns, kept where the next turn finds it fast: in this process, or in Redis for all.

What is kept is a done turn's words, which never change; which turns are a session's last ones is told by the
transaction that stores its next question. So nothing here can be stale, whichever replica takes the next turn: it is
either the words of a turn that still counts, or it is not asked for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from core.errors import ConfigurationError
from core.records import Message

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

Said = tuple[Message, ...]

_TURNS = 4096  # in process: some megabytes
_SECONDS = 3600  # in Redis: for as long a conversation rests without a query more
_PATIENCE = 0.1  # seconds that Redis may take; the database takes one
_PAUSE = 5.0  # seconds in which it is not asked again once it has failed


class Hot(Protocol):
    """Words by turn id. It may forget anything at any time, and never raises for being away."""

    async def get(self, ids: Sequence[str]) -> dict[str, Said]:
        """The words of those turns that are known here."""

    async def put(self, said: Mapping[str, Said]) -> None:
        """Keep the words of done turns."""

    async def close(self) -> None:
        """Let go of what is open."""


class ProcessHot:
    """The last turns that this process met."""

    def __init__(self, size: int = _TURNS) -> None:
        self._size = size
        self._said: dict[str, Said] = {}  # the latest asked for comes last

    async def get(self, ids: Sequence[str]) -> dict[str, Said]:
        """The words of those turns that were met here and are not long ago."""
        known = {each: self._said.pop(each) for each in ids if each in self._said}
        self._said |= known
        return known

    async def put(self, said: Mapping[str, Said]) -> None:
        """Keep these, and let the oldest go."""
        self._said |= said
        for each in list(self._said)[: max(0, len(self._said) - self._size)]:
            del self._said[each]

    async def close(self) -> None:
        """Nothing is open."""


class RedisHot:
    """The last turns that any process met. While Redis is away nothing is known, and nothing waits for it."""

    def __init__(self, client: Redis, prefix: str, *, clock: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._prefix = prefix
        self._clock = clock
        self._away_until = 0.0

    async def get(self, ids: Sequence[str]) -> dict[str, Said]:
        """The words of those turns that Redis has; none while it is away."""
        if not ids or self._is_away():
            return {}
        try:
            found = await self._client.mget([self._key(each) for each in ids])
        except Exception as error:  # noqa: BLE001 - a cache that fails in whatever way is a cache that has nothing
            self._gone(error)
            return {}
        return {each: _unpacked(text) for each, text in zip(ids, found, strict=True) if text is not None}

    async def put(self, said: Mapping[str, Said]) -> None:
        """Keep these for an hour; not at all while Redis is away."""
        if not said or self._is_away():
            return
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for each, messages in said.items():
                    pipeline.set(self._key(each), _packed(messages), ex=_SECONDS)
                await pipeline.execute()
        except Exception as error:  # noqa: BLE001 - as above
            self._gone(error)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _key(self, turn: str) -> str:
        return f"{self._prefix}:said:{turn}"

    def _is_away(self) -> bool:
        return self._clock() < self._away_until

    def _gone(self, error: Exception) -> None:
        self._away_until = self._clock() + _PAUSE
        logger.warning("Redis does not answer; the database is asked instead: %s", error or type(error).__name__)


def open_hot(redis_url: str | None, database: str) -> Hot:
    """In Redis where there is a URL, under a name of the database's own; else in this process."""
    if redis_url is None:
        return ProcessHot()
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    try:
        client = Redis.from_url(
            redis_url,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise ConfigurationError(
            f"FRONTDESK_REDIS_URL cannot be used: {error}. Set it to redis://host:6379/0.", param="FRONTDESK_REDIS_URL"
        ) from error
    return RedisHot(client, f"frontdesk:{sha256(database.encode()).hexdigest()[:12]}")


def _packed(messages: Iterable[Message]) -> str:
    return json.dumps([[message.role, message.content] for message in messages])


def _unpacked(text: str | bytes) -> Said:
    return tuple(Message(role, content) for role, content in json.loads(text))
