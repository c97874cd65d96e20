"""A conversation that is remembered, by any replica, through crashes, at a cost that does not grow; on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import event

from core.database import Database
from core.embedder import Kind, Vectors
from core.knowledge import Memories
from core.records import Message, Session, Turn, new_id
from core.words import words
from pipelines.remember import Remembering
from serving.agent import Agent
from serving.agent.prompts import messages
from serving.agent.summarizer import extract
from serving.embedding import RecentVectors
from serving.hot import Hot, ProcessHot, open_hot
from serving.ledger import Ledger
from serving.memory import NoMemory, SessionMemory
from serving.recall import MeaningRecall
from serving.turns import TurnHost
from tests.fakes.models import ScriptedWriter, word_vectors
from tests.fakes.redis import RedisServer
from tests.fakes.retriever import FixedRetriever

LAST = 10  # messages, as shipped
ANONYMOUS = Session("demo", "s1", "s1")


async def embed(_model: str, texts: Sequence[str]) -> NDArray[np.float32]:
    return await word_vectors(texts)


class Words:
    """The worker's encoder: the same vectors as the replicas'."""

    name = "words"
    dimensions = 256
    max_tokens = 256

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        coroutine = word_vectors(texts)
        try:
            coroutine.send(None)
        except StopIteration as done:
            vectors: Vectors = done.value
            return vectors
        raise AssertionError


@dataclass
class Replica:
    """One host of the agent, with what its writer was given."""

    host: TurnHost
    writer: ScriptedWriter = field(default_factory=ScriptedWriter)

    async def ask(self, text: str, session: Session = ANONYMOUS) -> list[Message]:
        """Asks, waits for what follows, and returns what the writer got beside the question."""
        [*_, last] = [item async for item in self.host.run(Turn(new_id(), session, text))]
        assert last.type == "end", last.data
        await self.host.drain()
        return list(self.writer.asked[-1][2])


class Home:
    """The stores that all replicas share."""

    def __init__(self, database: Database, memories: Memories) -> None:
        self.database = database
        self.memories = memories
        self.threads = ThreadPoolExecutor(2)

    def replica(self, hot: Hot | None = None, *, dies_before_the_summary: bool = False) -> Replica:
        memory = SessionMemory(
            summaries=self.database.summaries,
            recall=MeaningRecall(self.memories, RecentVectors(embed), "words", self.threads),
            summarizer_for=lambda _site: extract,
            messages=LAST,
            threads=self.threads,
        )
        ledger = Ledger(self.database.turns, self.threads, hot or ProcessHot())
        writer = ScriptedWriter(["Yes, ", "it does [1]."])
        agent = Agent(
            retrieve=FixedRetriever(),
            writer_for=lambda _site: writer,
            remember=ledger.remember,
            longest_question=500,
            recall=memory.notes,
        )
        after = NoMemory() if dies_before_the_summary else memory
        return Replica(TurnHost(agent=agent, ledger=ledger, history_messages=LAST, afterwards=after.follow), writer)

    def work(self) -> None:
        """A round of the worker."""
        remembering = Remembering(self.database, self.memories, Words)
        while remembering.batch():
            pass


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Iterator[Home]:
    database.sites.ensure("demo")
    home = Home(database, Memories(str(tmp_path / "memories"), "words", fresh=0))
    yield home
    home.threads.shutdown()


def questions(history: Sequence[Message]) -> list[str]:
    return [message.content for message in history if message.role == "user"]


def notes(history: Sequence[Message]) -> str:
    return "\n".join(message.content for message in history if message.role == "note")


@asynccontextmanager
async def two_replicas(home: Home, redis_url: str | None, database: str) -> AsyncIterator[list[Replica]]:
    hots = [open_hot(redis_url, database) for _ in range(2)]
    yield [home.replica(hot) for hot in hots]
    for hot in hots:
        await hot.close()


@pytest.mark.parametrize("shared", [False, True], ids=["in process", "redis"])
async def test_two_replicas_that_take_turns_know_the_same_conversation(
    home: Home, location: str, shared: bool, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("redis_server").url if shared else None
    async with two_replicas(home, url, location) as replicas:
        for n in range(14):
            history = await replicas[n % 2].ask(f"Does part {n} fit?" if n else "My name is Ann Miller.")
            before = ["My name is Ann Miller.", *(f"Does part {m} fit?" for m in range(1, n))][:n]
            assert questions(history) == before[-LAST // 2 :]
    assert "Ann Miller" in notes(history)
    assert "Does part 7 fit?" in notes(history)


async def test_redis_may_go_away_in_the_middle_of_a_conversation(
    home: Home, location: str, redis_server: RedisServer
) -> None:
    async with two_replicas(home, redis_server.url, location) as replicas:
        for n in range(8):
            if n == 4:
                redis_server.stop()
            history = await replicas[n % 2].ask(f"Does part {n} fit?")
        assert questions(history) == [f"Does part {n} fit?" for n in range(2, 7)]


async def test_what_a_replica_did_not_summarize_before_it_died_is_made_up_by_the_next_turn(home: Home) -> None:
    dying = home.replica(dies_before_the_summary=True)
    await dying.ask("My name is Ann Miller.")
    for n in range(9):
        await dying.ask(f"Does part {n} fit?")
    assert home.database.summaries.older(ANONYMOUS, 5, 1).summary.covers == 0
    history = await home.replica().ask("Who am I?")
    assert "Ann Miller" in notes(history)
    older = home.database.summaries.older(ANONYMOUS, LAST // 2, 1)
    assert "Ann Miller" in older.summary.text
    assert older.waiting == ()


async def test_an_older_question_of_the_same_person_is_recalled_in_another_session(home: Home) -> None:
    first, second = Session("demo", "ann", "monday"), Session("demo", "ann", "friday")
    await home.replica().ask("Which grinder fits the Merlin espresso machine?", first)
    await home.replica().ask("Does shipping cost anything?", first)
    assert notes(await home.replica().ask("Which grinder fits the Merlin machine?", second)) == ""
    home.work()
    again = notes(await home.replica().ask("Does the grinder fit the Merlin espresso machine?", second))
    assert "Asked before: Which grinder fits the Merlin espresso machine? Answered: Yes, it does" in again
    assert "shipping" not in again


async def test_nobody_is_reminded_of_what_somebody_else_said(home: Home) -> None:
    text = "Which grinder fits the Merlin?"
    await home.replica().ask(text, Session("demo", "ann", "monday"))
    await home.replica().ask(text, ANONYMOUS)
    home.work()
    for stranger in (Session("demo", "bob", "monday"), Session("demo", "s2", "s2"), Session("demo", "ann", "ann")):
        assert notes(await home.replica().ask(text, stranger)) == ""


async def test_who_is_erased_is_not_remembered(home: Home) -> None:
    ann = Session("demo", "ann", "monday")
    replica = home.replica()
    for n in range(7):
        await replica.ask(f"My name is Ann Miller, does part {n} fit?", ann)
    home.work()
    home.memories.erase("demo", "ann")
    assert home.database.summaries.erase("demo", "ann") == 1
    assert notes(await replica.ask("My name is Ann Miller, does part 0 fit?", Session("demo", "ann", "friday"))) == ""


async def test_the_last_turn_of_a_long_conversation_costs_what_the_twentieth_does(home: Home) -> None:
    """In statements sent to the database, and in words of the prompt."""
    replica = home.replica()
    cost: dict[int, tuple[int, int]] = {}
    for n in range(1, 121):
        if n % 20 == 1:
            home.work()
        with counted(home.database) as statements:
            history = await replica.ask(f"Which of the {n} parts fits machine number {n}, and what does it cost?")
        prompt = messages("Question?", [], history, "")
        cost[n] = (len(statements), sum(len(words(str(message.content))) for message in prompt))
    assert cost[120][0] == cost[60][0] == cost[20][0]
    assert max(size for n, (_, size) in cost.items() if n > 20) <= cost[20][1] * 1.2


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent within the block."""
    statements: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    engine = database.turns._transactions.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
