"""What was said last, kept hot: right or unknown, never stale, and never in the way."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.errors import ConfigurationError
from core.records import Message
from serving.hot import Hot, ProcessHot, RedisHot, Said, open_hot
from tests.fakes.redis import RedisServer

SAID: dict[str, Said] = {
    name: (Message("user", f"question {name} é\ud83d"), Message("assistant", f"answer {name}")) for name in "abc"
}


@asynccontextmanager
async def opened(url: str | None, database: str = "sqlite:///one") -> AsyncIterator[Hot]:
    hot = open_hot(url, database)
    yield hot
    await hot.close()


async def test_in_process_what_was_asked_for_longest_ago_goes_first() -> None:
    hot = ProcessHot(size=2)
    await hot.put({"a": SAID["a"], "b": SAID["b"]})
    assert await hot.get(["a"]) == {"a": SAID["a"]}
    await hot.put({"c": SAID["c"]})
    assert await hot.get(["a", "b", "c", "unknown"]) == {"a": SAID["a"], "c": SAID["c"]}


async def test_without_a_url_it_is_kept_in_process() -> None:
    async with opened(None) as hot:
        assert isinstance(hot, ProcessHot)


async def test_what_one_process_puts_into_redis_another_one_gets(redis_server: RedisServer) -> None:
    async with opened(redis_server.url) as one, opened(redis_server.url) as other:
        await one.put(SAID)
        assert await other.get(["a", "unknown", "b"]) == {"a": SAID["a"], "b": SAID["b"]}
        assert await other.get([]) == {}


async def test_two_databases_may_share_a_redis(redis_server: RedisServer) -> None:
    async with opened(redis_server.url) as one, opened(redis_server.url, "sqlite:///two") as other:
        await one.put(SAID)
        assert await other.get(["a"]) == {}


async def test_what_rests_for_an_hour_leaves_redis(redis_server: RedisServer) -> None:
    async with opened(redis_server.url) as hot:
        assert isinstance(hot, RedisHot)
        await hot.put({"a": SAID["a"]})
        [key] = await hot._client.keys("*")
        assert 3500 < await hot._client.ttl(key) <= 3600


async def test_a_redis_that_goes_away_is_forgotten_for_a_while_and_then_found_again(redis_server: RedisServer) -> None:
    clock = [0.0]
    async with opened(redis_server.url) as made:
        assert isinstance(made, RedisHot)
        hot = RedisHot(made._client, made._prefix, clock=lambda: clock[0])
        await hot.put(SAID)
        redis_server.stop()
        assert await hot.get(["a"]) == {}
        await hot.put(SAID)
        redis_server.start()
        assert await hot.get(["a"]) == {}
        clock[0] += 10
        await hot.put(SAID)
        assert await hot.get(["a"]) == {"a": SAID["a"]}


async def test_a_redis_that_never_answers_costs_a_moment_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with opened(f"redis://127.0.0.1:{silent.getsockname()[1]}") as hot:
            began = time.monotonic()
            for _ in range(50):
                assert await hot.get(["a"]) == {}
                await hot.put(SAID)
            assert time.monotonic() - began < 2
    await asyncio.sleep(0)


def test_a_url_that_is_none_is_refused_with_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match="FRONTDESK_REDIS_URL cannot be used"):
        open_hot("localhost:6379", "sqlite:///one")
