"""`python -m evals bench chat`: what hosting costs, with a model that costs nothing: 200 tokens and no delay.

The same agent, site, questions and model, four ways, in alternating rounds:

- `ours`: Ray Serve as `serving run` starts it, tokens coalesced
- `window_off`: the same Ray Serve, every token a message of its own
- `plain`: every token a message of its own, through a handle of Ray Serve as it comes (none of `ray.env`)
- `local`: no Ray, one process under uvicorn
"""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from core.errors import InvalidInputError
from core.settings import Settings
from evals.bench.streams import Streams, measure
from evals.instant_model import InstantModel
from evals.readers import read_questions
from evals.report import Report
from serving.agent import ModelWriter
from serving.server import free_port

_ROUNDS = 3
_SECONDS = 4.0  # of each measurement
_CLIENTS = 8

_SPAWN = multiprocessing.get_context("spawn")  # LanceDB and Ray do not survive a fork


@dataclass(frozen=True)
class Way:
    """One way of hosting the agent: where it answers once it is up."""

    name: str
    url: str


def run(settings: Settings, sample: Path) -> Report:
    """`ratio`: answers a second of `ours` over `plain`, 8 clients; with the time to the first token and the gaps."""
    from evals.bench.site import furnished  # LanceDB, which the servers' processes must not have when they start Ray

    if not (sample / "pages").is_dir():
        raise InvalidInputError(f"{sample} holds no folder of pages: name one that holds pages and golden.jsonl.")
    questions = [question.text for question in read_questions(sample / "golden.jsonl").questions]
    with TemporaryDirectory(prefix="frontdesk-bench-") as folder:
        overrides = furnished(Path(folder), settings, sample / "pages")
        with ExitStack() as stack:
            ways = [way for host in (_ours, _plain, _local) for way in stack.enter_context(_hosted(host, overrides))]
            crowd = _rounds(ways, questions, _CLIENTS)
            alone = _rounds([way for way in ways if way.name in {"ours", "local"}], questions, 1)
    meta = {"clients": _CLIENTS, "tokens": InstantModel().words, "rounds": _ROUNDS, "questions": len(questions)}
    return Report(figures(crowd, alone), meta=meta)


Host = Callable[[Connection, Mapping[str, Any], int], None]  # says which ways are up, serves until told to stop


@contextmanager
def _hosted(host: Host, overrides: Mapping[str, Any]) -> Iterator[list[Way]]:
    """A server in a process of its own."""
    port = free_port("127.0.0.1", 0)
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=host, args=(theirs, overrides, port), name=host.__name__)
    process.start()
    theirs.close()
    try:
        up: Mapping[str, str] = ours.recv()
        yield [Way(name, f"http://127.0.0.1:{port}{path}") for name, path in up.items()]
    finally:
        ours.close()
        process.join()


def _ours(connection: Connection, overrides: Mapping[str, Any], port: int) -> None:
    from serving.cluster import cluster, deploy

    with cluster("127.0.0.1", port, cpus=4):  # room for two applications, one of which is always idle
        deploy(overrides, name="ours", route_prefix="/ours", writer=_writer())
        deploy({**overrides, "coalesce_ms": 0}, name="window_off", route_prefix="/window_off", writer=_writer())
        _until_closed(connection, {"ours": "/ours/", "window_off": "/window_off/"})


def _plain(connection: Connection, overrides: Mapping[str, Any], port: int) -> None:
    from serving.cluster import cluster, deploy

    with cluster("127.0.0.1", port, environment={"RAY_AUTH_MODE": "token"}):
        deploy({**overrides, "coalesce_ms": 0}, name="plain", route_prefix="/plain", writer=_writer())
        _until_closed(connection, {"plain": "/plain/"})


def _local(connection: Connection, overrides: Mapping[str, Any], port: int) -> None:
    from serving.server import plain_server

    with plain_server(Settings(**{**overrides, "port": port}), writer=_writer()):
        _until_closed(connection, {"local": "/"})


def _until_closed(connection: Connection, up: Mapping[str, str]) -> None:
    connection.send(up)
    with suppress(EOFError):
        connection.recv()


def _writer() -> ModelWriter:
    return ModelWriter(InstantModel(), "instant")


Rounds = Mapping[str, Sequence[Streams]]  # by way


def _rounds(ways: Sequence[Way], questions: Sequence[str], clients: int) -> Rounds:
    """Turn about, so that a slow moment of the machine meets all; the first round only warms."""
    seen: dict[str, list[Streams]] = defaultdict(list)
    with ProcessPoolExecutor(1, mp_context=_SPAWN) as client:
        for number in range(_ROUNDS + 1):
            for way in ways:
                streams = client.submit(measure, way.url, questions, clients, _SECONDS if number else 1.0).result()
                if number:
                    seen[way.name].append(streams)
    return seen


def figures(crowd: Rounds, alone: Rounds) -> dict[str, float]:
    """Rates of many clients at once, times to the first token of one alone."""
    rates = {name: [streams.per_second for streams in rounds] for name, rounds in crowd.items()}
    first = {name: float(np.median(_all(rounds, "first_token_ms"))) for name, rounds in alone.items()}
    return {
        "ratio": _ratio(rates, "plain"),
        "ratio_window_off": _ratio(rates, "window_off"),
        "gap_p99_ms": float(np.percentile(_all(crowd["ours"], "gaps_ms"), 99)),
        "ttft_added_ms": first["ours"] - first["local"],
        **{f"{name}/streams_per_second": float(np.median(rate)) for name, rate in rates.items()},
        **{f"{name}/ttft_ms": milliseconds for name, milliseconds in first.items()},
    }


def _ratio(rates: Mapping[str, Sequence[float]], other: str) -> float:
    return float(np.median([our / their for our, their in zip(rates["ours"], rates[other], strict=True)]))


def _all(rounds: Sequence[Streams], name: str) -> list[float]:
    return [value for streams in rounds for value in getattr(streams, name)]
