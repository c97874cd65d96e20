"""Traces are made of what a turn did, and no turn waits for them, whatever becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event

import pytest

from core.errors import ModelError
from core.records import Message, Turn, TurnStatus
from core.traces import Step, TurnTrace
from serving.agent import Agent, ModelWriter, Writer
from serving.agent.state import Observe
from serving.coalesce import CoalescingWriter
from serving.tracing import Tracer, sampled
from tests.fakes.models import ScriptedModel, ScriptedWriter
from tests.fakes.records import question
from tests.fakes.retriever import FixedRetriever, passage

RETURNS = passage("You have 30 days from delivery. Keep the box.", name="returns")


@dataclass
class Store:
    """Keeps traces; fails where it is told to, and hangs while its gate is shut."""

    fails: Exception | None = None
    gate: Event = field(default_factory=Event)
    began: Event = field(default_factory=Event)
    traces: list[TurnTrace] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def warm(self) -> None:
        if self.fails:
            raise self.fails

    def write(self, trace: TurnTrace) -> None:
        self.began.set()
        assert self.gate.wait(30)
        if self.fails:
            raise self.fails
        self.traces.append(trace)


@dataclass
class Clock:
    """Stands still."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def tracing(store: Store, share: float = 1.0, waiting: int = 9, clock: Clock | None = None) -> Iterator[Tracer]:
    tracer = Tracer(store, share, waiting=waiting, clock=clock or Clock())
    try:
        yield tracer
    finally:
        store.gate.set()
        tracer.close(30)


def agent(observe: Observe, writer: Writer | None = None) -> Agent:
    chosen = writer or ScriptedWriter()

    async def remember(_turn: Turn) -> None: ...

    return Agent(
        retrieve=FixedRetriever([RETURNS]),
        writer_for=lambda _site: CoalescingWriter(chosen, 25),
        remember=remember,
        longest_question=200,
        observe=observe,
    )


async def ask(agent: Agent, turn: Turn, history: Sequence[Message] = ()) -> Turn:
    async with aclosing(agent.stream(turn, history)) as items:
        async for item in items:
            if isinstance(item, Turn):
                return item  # and reads no further, as the host of turns does
    raise AssertionError


async def traced(turn: Turn, writer: Writer | None = None, history: Sequence[Message] = ()) -> TurnTrace:
    store = Store()
    with tracing(store) as tracer:
        await ask(agent(tracer, writer), turn, history)
    [trace] = store.traces
    return trace


def step(trace: TurnTrace, name: str) -> Step:
    [found] = [step for step in trace.steps if step.name == name]
    return found


async def test_each_node_of_the_graph_is_a_step_within_the_turn() -> None:
    trace = await traced(question())
    turn, *nodes = trace.steps
    assert (turn.name, turn.within) == ("turn", None)
    assert {step.error for step in trace.steps} == {None}
    assert {node.name for node in nodes} == set(turn.outputs["timings"]) - {"first_token", "total"}
    assert {node.within for node in nodes} == {0}
    assert all(turn.began <= node.began <= node.ended <= turn.ended for node in nodes)
    assert all(one.ended <= following.began for one, following in pairwise(nodes))


async def test_a_step_has_what_it_went_by_and_what_it_added_to_the_turn() -> None:
    trace = await traced(question("Can I return it?"), history=[Message("user", "I bought a grinder.")])
    retrieve, answer = step(trace, "retrieve"), step(trace, "answer")
    history = [{"role": "user", "content": "I bought a grinder."}]
    assert retrieve.inputs == {"question": "Can I return it?", "search": "", "history": history, "passages": []}
    assert retrieve.outputs["build"] == "build-1"
    assert retrieve.outputs["passages"][0]["chunk"]["text"] == RETURNS.chunk.text
    assert [ruling["guard"] for ruling in step(trace, "scope").outputs["rulings"]] == ["scope"]
    assert answer.inputs["passages"] == [RETURNS.chunk.id]
    assert (answer.outputs["answer"], answer.outputs["model"]) == ("Hello [1].", "scripted")
    assert "passages" not in answer.outputs  # which were there before
    assert trace.steps[0].outputs["answer"] == "Hello [1]."
    assert trace.tags == {"status": "done", "model": "scripted", "build": "build-1"}


async def test_the_models_call_is_a_step_of_its_node_with_prompt_and_tokens() -> None:
    model = ScriptedModel(
        pieces=["30 ", "days [1]."], usage={"input_tokens": 40, "output_tokens": 4, "total_tokens": 44}
    )
    trace = await traced(question("How long?"), ModelWriter(model, "scripted"))
    [call] = [step for step in trace.steps if step.kind == "CHAT_MODEL"]
    assert call.within is not None
    assert trace.steps[call.within].name == "answer"
    system, asked = call.inputs["messages"]
    assert (system["role"], asked["role"]) == ("system", "user")
    assert RETURNS.chunk.text in asked["content"]
    assert call.outputs == "30 days [1]."
    assert call.usage is not None
    assert (call.usage.input_tokens, call.usage.output_tokens) == (40, 4)


async def test_personal_data_and_names_of_people_stay_out_of_a_trace() -> None:
    turn = question("I am ann@example.org, call +44 20 7946 0958")
    history = [Message("user", "My card is 4111 1111 1111 1111")]
    trace = await traced(turn, ModelWriter(ScriptedModel(), "scripted"), history)
    told = repr(trace)
    for secret in ("ann@example.org", "7946 0958", "4111 1111", turn.session.person, turn.session.id):
        assert secret not in told
    assert trace.steps[0].inputs["question"] == "I am [email], call [phone]"


async def test_a_turn_that_fails_is_traced_with_where_and_why() -> None:
    store = Store()
    with tracing(store) as tracer:
        broken = ModelWriter(ScriptedModel(pieces=[], fails=ModelError("no power")), "scripted")
        with pytest.raises(ModelError):
            await ask(agent(tracer, broken), question())
    [trace] = store.traces
    assert {step.name for step in trace.steps if step.error} == {"turn", "answer", "model"}
    assert step(trace, "model").error == "ModelError: no power"


async def test_a_turn_whose_client_leaves_is_traced_as_far_as_it_came() -> None:
    store = Store()
    with tracing(store) as tracer:
        hanging = ModelWriter(ScriptedModel(pieces=["30 days"], hangs=True), "scripted")
        async with aclosing(agent(tracer, hanging).stream(question(), [])) as items:
            async for item in items:
                if not isinstance(item, Turn) and item.type == "token":
                    break
    [trace] = store.traces
    assert trace.tags["status"] == "open"
    assert trace.tags["build"] == "build-1"
    assert trace.steps[0].error == trace.steps[-1].error == "Interrupted: the client left or stopped the answer."
    assert trace.steps[-1].outputs == "30 days"


async def test_a_store_that_hangs_delays_no_turn_and_what_finds_no_place_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Store()
    store.gate.clear()
    clock = Clock()
    with tracing(store, waiting=2, clock=clock) as tracer:
        asked = agent(tracer)
        await ask(asked, question())
        assert store.began.wait(30)  # it hangs with the first
        for _ in range(6):
            assert (await ask(asked, question())).status is TurnStatus.DONE
        [said] = [record.getMessage() for record in caplog.records]
        assert "(1 since" in said
        clock.now = 61
        await ask(asked, question())
        assert "(4 since" in caplog.records[-1].getMessage()
        assert len(caplog.records) == 2
    assert len(store.traces) == 3


async def test_a_store_that_fails_costs_the_traces_and_a_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    store = Store(fails=OSError("disk is full\nat /dev/sda"))
    with tracing(store) as tracer:
        for _ in range(5):
            assert (await ask(agent(tracer), question())).status is TurnStatus.DONE
    cold, dropped = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "not traced for now: OSError: disk is full" in cold
    assert "dropped (1 since" in dropped
    assert "sda" not in dropped


def test_the_end_does_not_wait_for_a_store_that_hangs() -> None:
    store = Store()
    store.gate.clear()
    tracer = Tracer(store, 1.0, waiting=1)
    with tracer(question()):
        pass
    assert store.began.wait(30)
    tracer.close(0.01)
    store.gate.set()


async def test_what_is_not_sampled_is_not_watched() -> None:
    store = Store()
    with tracing(store, share=0.0) as tracer:
        await ask(agent(tracer), question())
        with tracer(question()) as watching:
            assert list(watching) == []
    assert store.traces == []


def test_the_sample_goes_by_the_turns_id_alone() -> None:
    ids = [str(number) for number in range(2000)]
    tenth = {turn for turn in ids if sampled(turn, 0.1)}
    assert 150 < len(tenth) < 250
    assert tenth == {turn for turn in ids if sampled(turn, 0.1)}
    assert tenth < {turn for turn in ids if sampled(turn, 0.3)}
    assert all(sampled(turn, 1.0) for turn in ids)
    assert not any(sampled(turn, 0.0) for turn in ids)
