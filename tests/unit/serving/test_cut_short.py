"""A turn that is cut short costs what its models were asked until then: a cap is not dodged by leaving."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest
from langchain_core.messages.ai import UsageMetadata

from core.errors import ModelError
from core.records import Turn, TurnStatus, Usage
from serving.agent import Agent, ModelWriter
from serving.agent.catalogue import Price
from serving.coalesce import CoalescingWriter
from serving.ledger import Ledger
from serving.turns import TurnHost
from tests.fakes.models import ScriptedModel
from tests.fakes.records import question
from tests.fakes.retriever import FixedRetriever, passage
from tests.fakes.turns import FakeTurns

PRICE = Price(input=1_000_000, output=2_000_000)  # a dollar a token read, two a token written
RETURNS = passage("You have 30 days from delivery. Keep the box.")


class Hosted:
    """A host whose agent asks the model."""

    def __init__(self, model: ScriptedModel) -> None:
        self.turns = FakeTurns()
        ledger = Ledger(self.turns, ThreadPoolExecutor(2))
        writer = CoalescingWriter(ModelWriter(model, "openai:scripted", price=PRICE), 25)
        agent = Agent(
            retrieve=FixedRetriever([RETURNS]),
            writer_for=lambda _site: writer,
            remember=ledger.remember,
            longest_question=200,
            owe=ledger.owe,
        )
        self.host = TurnHost(agent=agent, ledger=ledger, history_messages=4)

    async def left(self, turn: Turn, after: str) -> Turn:
        """The turn, its client gone after an event of that type."""
        async with aclosing(self.host.run(turn)) as events:
            async for event in events:
                if event.type == after and event.data.get("content") != "searching":
                    break
        await self.host.drain()
        return self.turns.stored[turn.id]


async def test_who_leaves_pays_for_the_prompt_and_for_what_was_written() -> None:
    stored = await Hosted(ScriptedModel(pieces=["You have 30 days from delivery."], hangs=True)).left(
        question(), "token"
    )
    assert stored.status is TurnStatus.ABORTED
    assert stored.usage.input_tokens > 100  # the rules, the passages and the question
    assert 5 < stored.usage.output_tokens < 20
    assert stored.cost == stored.usage.input_tokens + 2 * stored.usage.output_tokens
    assert stored.model == "openai:scripted"
    [ruling] = [ruling for ruling in stored.rulings if ruling.guard == "cost"]
    assert "estimated" in ruling.reason


async def test_a_turn_that_is_cancelled_before_the_first_word_pays_for_the_prompt() -> None:
    model = ScriptedModel(pieces=[], hangs=True)
    hosted, turn = Hosted(model), question()
    running = asyncio.create_task(hosted.left(turn, "never"))
    await model.began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await hosted.host.drain()
    stored = hosted.turns.stored[turn.id]
    assert stored.status is TurnStatus.ABORTED
    assert (stored.usage.input_tokens > 100, stored.usage.output_tokens) == (True, 0)
    assert stored.cost == stored.usage.input_tokens


async def test_who_leaves_before_a_model_is_asked_pays_nothing() -> None:
    stored = await Hosted(ScriptedModel()).left(question(), "start")
    assert (stored.status, stored.cost, stored.usage) == (TurnStatus.ABORTED, 0.0, Usage())


async def test_an_answer_that_breaks_off_is_paid_for_and_one_that_was_refused_is_not() -> None:
    broken = Hosted(ScriptedModel(pieces=["You have"], fails=ModelError("no power")))
    refused = Hosted(ScriptedModel(pieces=[], fails=ModelError("no power")))
    stored = await broken.left(question(), "never")
    assert stored.status is TurnStatus.FAILED
    assert stored.cost > 100
    assert (await refused.left(question(), "never")).cost == 0


async def test_what_a_provider_told_counts_where_the_turn_is_done() -> None:
    usage = UsageMetadata(input_tokens=3, output_tokens=2, total_tokens=5)
    stored = await Hosted(ScriptedModel(usage=usage)).left(question(), "never")
    assert (stored.status, stored.usage, stored.cost) == (TurnStatus.DONE, Usage(3, 2), 7)
    assert not [ruling for ruling in stored.rulings if ruling.guard == "cost"]
