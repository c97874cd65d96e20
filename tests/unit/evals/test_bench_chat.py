"""How answers that stream are timed, and what is made of the times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import uvicorn

from core.errors import InvalidInputError
from core.settings import Settings
from evals.bench.chat import figures, run
from evals.bench.streams import Streams, measure
from serving.ingress import create_app
from serving.server import free_port
from serving.turns import LocalHost
from tests.fakes.turns import Desk


@pytest.fixture
def url() -> Iterator[str]:
    """Three tokens, 20 ms before each."""
    desk = Desk(tokens=("one", " two", " three"), pause=0.02)
    port = free_port("127.0.0.1", 0)
    app = create_app(Settings(_env_file=None), LocalHost(desk.host, window_ms=0, limit=9, checks={}))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join()


def test_whole_answers_are_counted_and_their_tokens_timed(url: str) -> None:
    seen = measure(url, ["Are you open?"], clients=2, seconds=0.4)
    assert seen.ended == len(seen.first_token_ms)
    assert len(seen.gaps_ms) == 2 * seen.ended
    assert min(seen.first_token_ms) >= 20
    assert sorted(seen.gaps_ms)[len(seen.gaps_ms) // 2] == pytest.approx(20, abs=15)
    assert 5 < seen.per_second < 2 / 0.06


def test_an_answer_that_fails_is_not_counted_as_fast(url: str) -> None:
    with pytest.raises(RuntimeError, match="ended with"):
        measure(url + "nowhere/", ["Are you open?"], clients=1, seconds=0.1)


def test_the_ratio_is_of_rounds_side_by_side() -> None:
    def rounds(*rates: int, first: float = 10) -> list[Streams]:
        return [Streams(rate, 1.0, [first] * rate, [float(gap) for gap in range(1, 101)]) for rate in rates]

    crowd = {"ours": rounds(40, 20, 60), "plain": rounds(10, 5, 10), "window_off": rounds(20, 10, 30)}
    alone = {"ours": rounds(9, first=30.0), "local": rounds(9, first=18.0)}
    found = figures(crowd, alone)
    assert found["ratio"] == 4
    assert found["ratio_window_off"] == 2
    assert found["ttft_added_ms"] == 12
    assert found["gap_p99_ms"] == pytest.approx(99, abs=0.1)
    assert found["ours/streams_per_second"] == 40


def test_a_sample_without_pages_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="nope holds no folder of pages"):
        run(settings, tmp_path / "nope")
