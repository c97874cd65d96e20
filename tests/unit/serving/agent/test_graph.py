"""A turn through the graph: what comes out, in which order, and what happens when it is cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from core.errors import ConflictError, ModelError, NotFoundError
from core.records import Event, Message, Turn, TurnStatus, Usage
from serving.agent import Agent, Closing, ModelWriter, Writer
from serving.agent.prompts import EMPTY_QUESTION, NO_ANSWER
from serving.agent.state import Retrieved
from tests.fakes.models import ScriptedModel, ScriptedWriter
from tests.fakes.records import question
from tests.fakes.retriever import FixedRetriever, passage

RETURNS = passage("You have 30 days from delivery. Keep the box.", title="Returns", heading="Machines", name="returns")
SHIPPING = passage("We ship on Tuesdays.", title="Shipping", name="shipping", dense=None)


@dataclass
class Memory:
    """Where finished turns go; refuses where it is told to."""

    turns: list[Turn] = field(default_factory=list)
    fails: Exception | None = None

    async def __call__(self, turn: Turn) -> None:
        if self.fails:
            raise self.fails
        self.turns.append(turn)


def agent(
    writer: Writer | None = None,
    retriever: FixedRetriever | None = None,
    memory: Memory | None = None,
    policy: str = "",
) -> Agent:
    chosen = writer or ScriptedWriter()
    return Agent(
        retrieve=retriever or FixedRetriever([RETURNS, SHIPPING]),
        writer_for=lambda _site: chosen,
        remember=memory or Memory(),
        longest_question=200,
        policy_for=lambda _site: policy,
    )


async def answered(agent: Agent, turn: Turn, history: Sequence[Message] = ()) -> tuple[list[Event], Turn]:
    *events, last = [item async for item in agent.stream(turn, history)]
    assert isinstance(last, Turn)
    return [event for event in events if isinstance(event, Event)], last


def tokens(events: Sequence[Event]) -> str:
    return "".join(event.data["content"] for event in events if event.type == "token")


async def test_a_turn_streams_status_sources_and_tokens_and_ends_with_itself() -> None:
    events, turn = await answered(agent(ScriptedWriter(["You have ", "30 days", " [1]."])), question())
    assert [event.type for event in events] == ["status", "sources", "status", "token", "token", "token"]
    assert [event.data["content"] for event in events if event.type == "status"] == ["searching", "writing"]
    assert turn.answer == tokens(events) == "You have 30 days [1]."
    assert turn.status is TurnStatus.DONE
    assert turn.ended_at is not None


async def test_a_source_is_one_entry_per_passage_as_the_page_reads() -> None:
    noisy = passage("# Returns\n\n**30 days** from [delivery](x.md), then ![](i.png) nothing.", heading="Machines")
    events, _ = await answered(agent(retriever=FixedRetriever([noisy, SHIPPING])), question())
    sources = next(event.data["sources"] for event in events if event.type == "sources")
    assert sources[0] == {
        "id": "returns#0",
        "title": "Returns",
        "url": "https://shop.example/returns",
        "heading": "Machines",
        "snippet": "30 days from delivery, then nothing.",
        "score": 0.0328,
    }
    assert [source["id"] for source in sources] == ["returns#0", "shipping#0"]


async def test_the_turn_says_how_it_was_answered() -> None:
    memory = Memory()
    _, turn = await answered(agent(ScriptedWriter(["30 days [1]."]), memory=memory), question())
    assert (turn.build, turn.table_version, turn.model) == ("build-1", 3, "scripted")
    assert turn.passages == (RETURNS, SHIPPING)
    assert turn.usage == Usage(7, 5)
    assert not turn.declined
    assert [(citation.n, citation.source_id, citation.quote) for citation in turn.citations] == [
        (1, "returns#0", "You have 30 days from delivery.")
    ]
    steps = ("guard", "tools", "pinned", "recall", "rewrite", "retrieve", "weigh", "scope", "decide", "answer", "offer")
    nodes = {*steps, "remember"}
    assert set(turn.timings) == nodes | {"first_token", "total"}
    assert turn.timings["total"] >= turn.timings["first_token"] > 0
    assert [stored.answer for stored in memory.turns] == ["30 days [1]."]


async def test_no_step_of_the_graph_waits_for_a_thread() -> None:
    began: list[str] = []
    with ThreadPoolExecutor(1, initializer=began.append, initargs=("a thread",)) as pool:
        asyncio.get_running_loop().set_default_executor(pool)
        await answered(agent(), question())
    assert began == []


async def test_the_turn_leaves_only_after_it_was_committed() -> None:
    memory = Memory()
    async for item in agent(memory=memory).stream(question(), []):
        if isinstance(item, Turn):
            assert [turn.id for turn in memory.turns] == [item.id]


async def test_a_commit_that_fails_ends_the_stream_with_its_error() -> None:
    items: list[object] = []
    with pytest.raises(ConflictError):
        async for item in agent(memory=Memory(fails=ConflictError("given up"))).stream(question(), []):
            items.append(item)
    assert not any(isinstance(item, Turn) for item in items)


@pytest.mark.parametrize("asked", ["", "  \n ", "x" * 201])
async def test_an_empty_or_too_long_question_gets_a_sentence_and_costs_no_call(asked: str) -> None:
    writer, retriever, memory = ScriptedWriter(), FixedRetriever(), Memory()
    events, turn = await answered(agent(writer, retriever, memory), question(asked))
    assert tokens(events) == turn.answer
    assert turn.answer == EMPTY_QUESTION or "200 characters" in turn.answer
    assert turn.declined
    assert (writer.asked, retriever.asked) == ([], [])
    assert len(memory.turns) == 1


async def test_the_longest_question_is_still_taken() -> None:
    _, turn = await answered(agent(), question("x" * 200))
    assert turn.answer == "Hello [1]."


async def test_the_writer_gets_question_passages_history_and_policy() -> None:
    writer = ScriptedWriter()
    history = [Message("user", "Do you ship?"), Message("assistant", "Yes.")]
    await answered(agent(writer, policy="Be kind."), question("When do you open?"), history)
    assert writer.asked == [("When do you open?", [RETURNS, SHIPPING], history, "Be kind.")]


async def test_a_follow_up_is_searched_with_the_question_before_it() -> None:
    retriever = FixedRetriever([RETURNS])
    history = [Message("user", "Is the shop open on Mondays?"), Message("assistant", "No.")]
    await answered(agent(retriever=retriever), question("And the day before?"), history)
    assert retriever.asked == [("demo", "And the day before?", *(message.content for message in history))]


async def test_marks_of_no_passage_are_neither_shown_nor_cited() -> None:
    events, turn = await answered(agent(ScriptedWriter(["Yes [", "7", "], no [2", "]."])), question())
    assert turn.answer == tokens(events) == "Yes, no [2]."
    assert [citation.n for citation in turn.citations] == [2]


async def test_a_model_declines_with_mark_zero() -> None:
    _, turn = await answered(agent(ScriptedWriter(["[0] The pages ", "do not say."])), question())
    assert turn.answer == "The pages do not say."
    assert turn.declined


async def test_an_answer_that_cites_is_no_decline_whatever_it_begins_with() -> None:
    _, turn = await answered(agent(ScriptedWriter(["[0] Only this: 30 days [1]."])), question())
    assert not turn.declined


async def test_a_writer_that_says_nothing_has_declined() -> None:
    events, turn = await answered(agent(ScriptedWriter(["", " "], Closing())), question())
    assert turn.answer == tokens(events) == NO_ANSWER
    assert turn.declined


async def test_what_a_collaborator_raises_reaches_the_host() -> None:
    with pytest.raises(NotFoundError):
        await answered(agent(retriever=FixedRetriever(fails=NotFoundError("no build"))), question())
    model = ScriptedModel(pieces=["half"], fails=ConnectionError("gone"))
    with pytest.raises(ModelError):
        await answered(agent(ModelWriter(model, "m")), question())


async def _drain(items: Any) -> None:
    async for _ in items:
        pass


async def _first_token(items: Any) -> None:
    async for item in items:
        if isinstance(item, Event) and item.type == "token":
            return


async def test_closing_the_stream_stops_the_model_and_leaves_no_task() -> None:
    model = ScriptedModel(hangs=True)
    before = asyncio.all_tasks()
    items = agent(ModelWriter(model, "m")).stream(question(), [])
    await _first_token(items)
    async with asyncio.timeout(1):
        await items.aclose()
    assert model.stopped
    assert asyncio.all_tasks() == before


async def test_cancelling_the_reader_stops_the_model_and_leaves_no_task() -> None:
    model, memory = ScriptedModel(hangs=True), Memory()
    before = asyncio.all_tasks()
    items = agent(ModelWriter(model, "m"), memory=memory).stream(question(), [])
    reader = asyncio.create_task(_drain(items))
    await model.began.wait()
    reader.cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(reader, return_exceptions=True)
        await items.aclose()
    assert model.stopped
    assert asyncio.all_tasks() == before
    assert memory.turns == []


async def test_turns_at_once_do_not_mix() -> None:
    class Echo:
        name = "echo"

        async def write(self, asked: str, *_: object) -> Any:
            for letter in asked:
                await asyncio.sleep(0)
                yield letter
            yield Closing()

    shared = agent(Echo())
    asked = [f"question number {number}" for number in range(20)]
    results = await asyncio.gather(*(answered(shared, question(text)) for text in asked))
    assert [turn.answer for _, turn in results] == asked
    assert [tokens(events) for events, _ in results] == asked


@dataclass
class FarRetriever(FixedRetriever):
    """Finds passages that are not near."""

    async def __call__(self, site: str, question: str, history: Sequence[Message]) -> Retrieved:
        return replace(await super().__call__(site, question, history), closeness=-0.1)


async def test_a_question_that_no_page_comes_near_is_refused_and_shows_no_sources() -> None:
    writer = ScriptedWriter()
    events, turn = await answered(agent(writer, FarRetriever([RETURNS])), question("Who painted the Sistine Chapel?"))
    assert [event.type for event in events] == ["status", "token"]
    assert (turn.declined, turn.passages, writer.asked) == (True, (), [])
    assert [(ruling.guard, ruling.allowed) for ruling in turn.rulings] == [("scope", False)]


async def test_a_follow_up_is_not_measured_for_it_says_too_little_by_itself() -> None:
    history = [Message("user", "Do you sell machines?"), Message("assistant", "Yes.")]
    _, turn = await answered(agent(retriever=FarRetriever([RETURNS])), question("For how long?"), history)
    assert turn.answer == "Hello [1]."
    _, first = await answered(agent(retriever=FarRetriever([RETURNS])), question("For how long?"))
    assert first.declined
