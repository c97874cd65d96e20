"""Several models as one: who answers, when the next one is asked, and when nobody is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr

from core.errors import ModelError, OverloadedError
from core.records import Usage
from core.settings import Settings
from evals.fake_model import FakeModelOptions
from serving.agent import Closing, ModelWriter, Writer
from serving.agent.breaker import Breaker
from serving.agent.catalogue import Price
from serving.agent.chain import Chain, Link
from serving.agent.failures import NotAcceptedError
from serving.agent.models import chat_model as langchain_model
from tests.fakes.chat_model import ChatModel, chat_model
from tests.fakes.models import ScriptedModel, ScriptedWriter
from tests.fakes.retriever import passage

PASSAGES = [passage("You have 30 days.")]
DOWN = ConnectionError("refused")


async def written(writer: Writer) -> tuple[str, Closing]:
    *pieces, closing = [piece async for piece in writer.write("How long?", PASSAGES, [], "")]
    assert isinstance(closing, Closing)
    return "".join(map(str, pieces)), closing


def failing(error: Exception = DOWN, *pieces: str, name: str = "first") -> ModelWriter:
    return ModelWriter(ScriptedModel(pieces=list(pieces), fails=error), name)


def chain(*writers: Writer, seconds: float = 60, **breaker: Any) -> Chain:
    return Chain([Link(writer, Breaker(**breaker)) for writer in writers], seconds)


@dataclass
class Counted:
    """A writer that counts how often it is asked, and fails each time."""

    error: Exception
    name: str = "counted"
    asked: int = field(default=0)

    async def write(self, *_: object) -> AsyncGenerator[str | Closing, None]:
        self.asked += 1
        if self.error:
            raise self.error
        yield Closing()


async def test_the_preferred_model_answers_and_no_other_is_asked() -> None:
    other = ScriptedWriter(name="other")
    said, closing = await written(chain(ScriptedWriter(["Thirty."], name="first"), other))
    assert (said, closing.model) == ("Thirty.", "first")
    assert other.asked == []


async def test_a_model_that_fails_before_its_first_word_is_followed_by_the_next() -> None:
    said, closing = await written(chain(failing(), failing(name="second"), ScriptedWriter(["Thirty."], name="third")))
    assert (said, closing.model, closing.usage) == ("Thirty.", "third", Usage(7, 5))


async def test_empty_pieces_are_no_first_word() -> None:
    said, _ = await written(chain(failing(DOWN, ""), ScriptedWriter(["Thirty."])))
    assert said == "Thirty."


async def test_after_the_first_word_a_failure_is_the_answers_own() -> None:
    other, heard = ScriptedWriter(), []
    with pytest.raises(ModelError, match="cannot be reached"):
        async for piece in chain(failing(DOWN, "Thir"), other).write("How long?", PASSAGES, [], ""):
            heard.append(piece)
    assert heard == ["Thir"]
    assert other.asked == []


async def test_where_all_fail_the_last_one_says_why() -> None:
    with pytest.raises(ModelError, match="too long"):
        await written(chain(failing(), failing(TimeoutError())))


async def test_a_model_that_is_silent_leaves_time_for_the_next() -> None:
    silent = ModelWriter(ScriptedModel(pieces=[], hangs=True), "silent")
    began = time.monotonic()
    said, closing = await written(chain(silent, ScriptedWriter(["Thirty."], name="second"), seconds=0.4))
    assert (said, closing.model) == ("Thirty.", "second")
    assert 0.15 < time.monotonic() - began < 0.4


async def test_all_of_it_ends_within_its_seconds() -> None:
    silent = [ModelWriter(ScriptedModel(pieces=["T"] if last else [], hangs=True), "silent") for last in (False, True)]
    began = time.monotonic()
    with pytest.raises(ModelError, match="too long"):
        await written(chain(*silent, seconds=0.3))
    assert time.monotonic() - began < 1


async def test_a_model_that_fails_again_and_again_is_not_asked_for_a_while() -> None:
    down = Counted(ModelError("down", retry_after=5))
    both = chain(down, ScriptedWriter(["Thirty."]), failures=3)
    for _ in range(10):
        assert (await written(both))[0] == "Thirty."
    assert down.asked == 3


async def test_where_none_is_worth_asking_it_is_said_at_once_and_until_when() -> None:
    down = Counted(ModelError("down", retry_after=5))
    alone = chain(down, failures=2, rest=30)
    for _ in range(2):
        with pytest.raises(ModelError, match="down"):
            await written(alone)
    with pytest.raises(ModelError, match="cannot be reached") as caught:
        await written(alone)
    assert caught.value.retry_after == pytest.approx(30, abs=1)
    assert down.asked == 2


@pytest.mark.parametrize("error", [NotAcceptedError("too rude"), OverloadedError("full")])
async def test_a_question_that_one_refuses_goes_to_the_next_and_opens_no_circuit(error: Exception) -> None:
    refusing = Counted(error)
    both = chain(refusing, ScriptedWriter(["Thirty."]), failures=2)
    for _ in range(5):
        assert (await written(both))[0] == "Thirty."
    assert refusing.asked == 5


async def test_who_leaves_during_a_probe_does_not_keep_the_circuit_open() -> None:
    breaker = Breaker(failures=1, rest=0)
    breaker.failed()
    hanging = Chain([Link(ScriptedWriter(["Thirty"], hangs=True), breaker)], 60)
    pieces = hanging.write("How long?", PASSAGES, [], "")
    assert await anext(pieces) == "Thirty"
    assert not breaker.admits()
    await pieces.aclose()
    assert breaker.admits()


async def test_leaving_stops_the_model() -> None:
    model = ScriptedModel(pieces=[], hangs=True)
    task = asyncio.create_task(written(chain(ModelWriter(model, "m"), ScriptedWriter())))
    await model.began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.stopped


@contextmanager
def served(settings: Settings, *options: FakeModelOptions) -> Iterator[tuple[list[ChatModel], Sequence[ModelWriter]]]:
    """Servers that speak OpenAI's protocol, and a writer for each."""
    with ExitStack() as stack:
        models = [stack.enter_context(chat_model(each)) for each in options]
        writers = [_writer(settings, model, f"m{number}") for number, model in enumerate(models)]
        yield models, writers


def _writer(settings: Settings, model: ChatModel, name: str) -> ModelWriter:
    url = f"http://127.0.0.1:{model.port}/v1"
    own = settings.model_copy(update={"model_base_url": url, "openai_api_key": SecretStr("k")})
    return ModelWriter(langchain_model("openai:any", own), name, price=Price(input=1, output=100))


async def test_over_http_a_provider_that_fails_is_retried_then_left_for_the_next_then_left_alone(
    settings: Settings,
) -> None:
    broken = FakeModelOptions(first_token_ms=0, tokens_per_second=0, error_rate=1, seed=1)
    well = FakeModelOptions(first_token_ms=0, tokens_per_second=0, text="Thirty days [1].")
    with served(settings, broken, well) as ([first, second], writers):
        both = chain(*writers, failures=2)
        for _ in range(3):
            said, closing = await written(both)
            assert (said, closing.model) == ("Thirty days [1].", "m1")
        assert len(first.prompts()) == 6  # two answers, three tries each; for the third it was left alone
        assert len(second.prompts()) == 3


async def test_over_http_the_cost_is_of_the_tokens_that_the_provider_counted(settings: Settings) -> None:
    well = FakeModelOptions(first_token_ms=0, tokens_per_second=0, text="Thirty days [1].")
    with served(settings, well) as (_, [writer]):
        _, closing = await written(chain(writer))
    assert closing.usage.output_tokens == 3
    assert closing.cost == pytest.approx((closing.usage.input_tokens * 1 + 3 * 100) / 1e6)


async def test_a_writer_that_says_who_wrote_is_believed() -> None:
    quoting = ScriptedWriter(closing=Closing(model="extractive"), name="local")
    assert (await written(chain(quoting)))[1].model == "extractive"
