"""What a server says of its dependencies."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import NotFoundError
from serving.readiness import ask_all


async def well() -> None:
    pass


async def missing() -> None:
    raise NotFoundError("Site demo has no documents yet.")


async def broken() -> None:
    raise RuntimeError("password=hunter2")


async def slow() -> None:
    await asyncio.sleep(10)


async def test_each_dependency_answers_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    answers = await ask_all({"a": well, "b": missing, "c": broken, "d": slow}, seconds=0.05)
    assert answers["a"] == "ok"
    assert answers["b"] == "Site demo has no documents yet."
    assert "hunter2" not in answers["c"]
    assert "hunter2" in caplog.text
    assert answers["d"] == "No answer within 0.05 seconds."
