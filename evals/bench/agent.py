"""`python -m evals bench agent`: what a turn costs beside model, retrieval and commits, which are stated apart.

The whole desk of one process, a real site in LanceDB and real SQLite; one question at a time, each five ways in
alternating rounds, and nothing else under way:

- `written`: by a model that answers at once, its sentences checked
- `unchecked`: the same, what it writes unchecked; the check is what `written` takes longer to answer
- `quoted`: without a model; the quotes are chosen by meaning, which counts as the model
- `written_traced`, `quoted_traced`: with every turn traced in MLflow

`overhead_ms` is a turn as who asks waits for it, less the model, the node `retrieve`, the check, and both commits: the
question's before anything else, and the whole turn's before `end`. Medians, with intervals over questions. A machine
that does other work makes all of them longer; `overhead_cpu_ms`, the CPU of the thread of the turns, it does least.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time, thread_time

import numpy as np

from core.embedder import load_encoder
from core.errors import InvalidInputError
from core.records import Message, Passage, Session, Turn, new_id
from core.settings import Settings
from core.tracking import mlflow_client
from evals.bench.site import SITE, furnished
from evals.instant_model import InstantModel
from evals.intervals import grouped_interval
from evals.readers import read_questions
from evals.report import Report
from serving.agent import Closing, Extractive, ModelWriter, Writer
from serving.desk import Desk, open_desk
from serving.embedding import Embed, EmbeddingThread, Encoders

_ROUNDS = 4
_ASKED = 24
_WARMING = 5  # further questions, asked before

Pieces = AsyncGenerator[str | Closing, None]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one turn took, in milliseconds; `nodes` by the names in the turn's timings."""

    total: float
    opened: float  # until its question was committed
    model: float
    cpu: float  # of the whole process until its end
    loop: float  # CPU of the thread that turns run in; those that embed, search and commit are others
    writing: float  # CPU of its trace, after that
    nodes: Mapping[str, float]

    @property
    def commits(self) -> float:
        """Both."""
        return self.opened + self.nodes["remember"]

    @property
    def retrieval(self) -> float:
        """Embedding and search."""
        return self.nodes["retrieve"]

    @property
    def rest(self) -> float:
        """What is neither model nor retrieval nor commits."""
        return self.total - self.model - self.retrieval - self.commits


class Timed:
    """A writer that is timed while it works; the time until it is asked for more is not its own."""

    def __init__(self, writer: Writer) -> None:
        self.seconds = 0.0
        self.name = writer.name
        self._writer = writer

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> Pieces:
        """The same answer."""
        async with aclosing(self._writer.write(question, passages, history, policy)) as pieces:
            began = perf_counter()
            async for piece in pieces:
                self.seconds += perf_counter() - began
                yield piece
                began = perf_counter()
            self.seconds += perf_counter() - began


@dataclass(frozen=True)
class Way:
    """A desk, and how many seconds its model has worked until now."""

    desk: Desk
    worked: Callable[[], float]

    async def ask(self, question: str) -> Cost | None:
        """One turn, and all that follows it; None where it had no need of an answer."""
        session = new_id()
        turn = Turn(new_id(), Session(SITE, session, session), question)
        began, worked, used, looped = perf_counter(), self.worked(), process_time(), thread_time()
        async with aclosing(self.desk.host.run(turn)) as events:
            seen = [(perf_counter() - began, event) async for event in events]
        cpu, loop = process_time() - used, thread_time() - looped
        await self.desk.host.drain()
        writing = await self._traced()
        (opened, _), *_, (total, end) = seen
        if end.type != "end" or "answer" not in end.data["timings"]:
            return None
        return Cost(
            total=1000 * total,
            opened=1000 * opened,
            model=1000 * (self.worked() - worked),
            cpu=1000 * cpu,
            loop=1000 * loop,
            writing=1000 * writing,
            nodes=end.data["timings"],
        )

    async def _traced(self) -> float:
        """CPU seconds until the turn's trace is written."""
        used = process_time()
        if self.desk.tracer:
            await asyncio.to_thread(self.desk.tracer.flush)
        return process_time() - used


@dataclass(frozen=True, slots=True)
class Row:
    """One question of one round, by way."""

    question: str
    costs: Mapping[str, Cost]

    @property
    def check(self) -> float:
        """What checking the answer took."""
        return self.costs["written"].nodes["answer"] - self.costs["unchecked"].nodes["answer"]

    def overhead(self, way: str) -> float:
        """What nobody asked for."""
        checked = way.startswith("written")
        return self.costs[way].rest - (self.check if checked else 0.0)


def run(settings: Settings, sample: Path) -> Report:
    """`ratio`: how much of a written turn is model, retrieval, check and commits; 1 would cost nothing besides."""
    if not (sample / "pages").is_dir():
        raise InvalidInputError(f"{sample} holds no folder of pages: name one that holds pages and golden.jsonl.")
    questions = [question.text for question in read_questions(sample / "golden.jsonl").questions]
    with TemporaryDirectory(prefix="frontdesk-bench-") as folder:
        overrides = furnished(Path(folder), settings, sample / "pages")
        own = Settings(**overrides, tracking_url=f"sqlite:///{folder}/mlflow.db")
        mlflow_client(own.tracking_location)  # its tables take seconds to make
        first, later = asyncio.run(_rounds(own, questions))
    meta = {"rounds": _ROUNDS, "questions": len(first), "tokens": InstantModel().words}
    return report(first, later).with_meta(**meta)


async def _rounds(settings: Settings, questions: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """The first round, in which each page is checked against for the first time, and the others."""
    embed = EmbeddingThread(Encoders(lambda model: load_encoder(model, settings)))
    asked, warming = questions[:_ASKED], questions[_ASKED : _ASKED + _WARMING]
    async with AsyncExitStack() as stack:
        stack.callback(embed.close)
        ways = _ways(settings, embed)
        for way in ways.values():
            stack.push_async_callback(way.desk.close)
        await _round(ways, warming or asked)
        first, *later = [await _round(ways, asked) for _ in range(_ROUNDS + 1)]
    return first, [row for rows in later for row in rows]


def _ways(settings: Settings, embed: Embed) -> dict[str, Way]:
    traced = settings.model_copy(update={"trace_sample": 1.0})
    return {
        "written": _written(settings, embed),
        "unchecked": _written(settings, embed, Timed),
        "quoted": _quoted(settings, embed),
        "written_traced": _written(traced, embed),
        "quoted_traced": _quoted(traced, embed),
    }


def _written(settings: Settings, embed: Embed, wrapped: Callable[[Writer], Writer] = lambda writer: writer) -> Way:
    """Only a bare ModelWriter is checked."""
    model = InstantModel()
    return Way(open_desk(settings, embed, writer=wrapped(ModelWriter(model, "instant"))), lambda: model.worked)


def _quoted(settings: Settings, embed: Embed) -> Way:
    writer = Timed(Extractive(partial(embed, settings.embedding_model)))
    return Way(open_desk(settings, embed, writer=writer), lambda: writer.seconds)


async def _round(ways: Mapping[str, Way], questions: Sequence[str]) -> list[Row]:
    """Turn about, so that a slow moment of the machine meets all; without questions that no writer was asked."""
    rows = []
    for question in questions:
        costs = {name: await way.ask(question) for name, way in ways.items()}
        answered = {name: cost for name, cost in costs.items() if cost}
        if len(answered) == len(ways):
            rows.append(Row(question, answered))
    return rows


def report(first: Sequence[Row], later: Sequence[Row]) -> Report:
    """Medians over questions and rounds, with intervals over questions for what matters most."""
    written = [row.costs["written"] for row in later]
    told = {
        "overhead_ms": [row.overhead("written") for row in later],
        "overhead_cpu_ms": [row.costs["unchecked"].loop - row.costs["unchecked"].model for row in later],
        "check_ms": [row.check for row in later],
        "commits_ms": [cost.commits for cost in written],
        "quoted/overhead_ms": [row.overhead("quoted") for row in later],
    }
    shares = [1 - row.overhead("written") / row.costs["written"].total for row in later]
    medians = {
        "ratio": shares,
        **told,
        "check_first_ms": [row.check for row in first],
        **_by_way(later),
        **_traced(later),
    }
    figures = {name: float(np.median(values)) for name, values in medians.items()}
    tails = {name.replace("_ms", "_p95_ms"): float(np.percentile(values, 95)) for name, values in told.items()}
    asked = [row.question for row in later]
    return Report({**figures, **tails}, {name: _interval(asked, values) for name, values in told.items()})


def _by_way(rows: Sequence[Row]) -> dict[str, list[float]]:
    """All of a turn's parts, and each node."""
    parts: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for way, cost in row.costs.items():
            parts[f"{way}/total_ms"].append(cost.total)
            parts[f"{way}/cpu_ms"].append(cost.cpu)
        for way in ("written", "quoted"):
            cost = row.costs[way]
            parts[f"{way}/model_ms"].append(cost.model)
            parts[f"{way}/retrieval_ms"].append(cost.retrieval)
            parts[f"{way}/commits_ms"].append(cost.commits)
            for node in cost.nodes.keys() - {"total"}:
                parts[f"{way}/node/{node}_ms"].append(cost.nodes[node])
    return parts


def _traced(rows: Sequence[Row]) -> dict[str, list[float]]:
    """What tracing each turn adds to it, and the CPU it takes afterwards."""
    ways = ("written", "quoted")
    added = {f"{way}/trace_added_ms": [_added(row.costs, way) for row in rows] for way in ways}
    return {**added, **{f"{way}/trace_cpu_ms": [row.costs[f"{way}_traced"].writing for row in rows] for way in ways}}


def _added(costs: Mapping[str, Cost], way: str) -> float:
    return costs[f"{way}_traced"].rest - costs[way].rest


def _interval(questions: Sequence[str], values: Sequence[float]) -> tuple[float, float]:
    known = np.array(values)
    return grouped_interval(questions, lambda rows: float(np.median(known[rows])))
