"""The fake OpenAI server: by its protocol, by OpenAI's client, and by the agent, over a real socket."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import openai
import pytest
import uvicorn
from fastapi import FastAPI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import SecretStr

from core.errors import ModelError
from core.records import Event, Message, Turn, Usage
from core.settings import Settings
from evals.fake_model import FakeModelOptions, create_fake_model
from serving.agent import Agent, writer_for
from tests.fakes.records import question
from tests.fakes.retriever import FixedRetriever, passage

AT_ONCE = FakeModelOptions(first_token_ms=0, tokens_per_second=0, tokens=5)
ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "How long?"}]


@contextmanager
def listening(app: FastAPI) -> Iterator[tuple[str, uvicorn.Server]]:
    """The app on a free port of loopback, in a thread: its base URL, and the server."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v1", server
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def client(options: FakeModelOptions = AT_ONCE, retries: int = 0) -> Iterator[openai.OpenAI]:
    with listening(create_fake_model(options)) as (url, _):
        made = openai.OpenAI(base_url=url, api_key="none", max_retries=retries)
        with made:
            yield made


def test_it_quotes_the_passages_of_its_prompt() -> None:
    asked = '<passages>\n<passage n="1">\nReturns\nYou have 30 days. Keep the box.\n</passage>\n</passages>'
    with client(FakeModelOptions(first_token_ms=0, tokens_per_second=0, tokens=9)) as api:
        completion = api.chat.completions.create(model="any", messages=[{"role": "user", "content": asked}])
    assert completion.choices[0].message.content == "You have 30 days. [1] Keep the box. [1]"


def said(api: openai.OpenAI) -> str:
    completion = api.chat.completions.create(model="any", messages=ASK)
    return completion.choices[0].message.content or ""


def test_models_are_listed() -> None:
    with client() as api:
        assert [model.id for model in api.models.list()] == ["fake-model"]


def test_a_completion_has_the_length_asked_for_and_counts_it() -> None:
    with client() as api:
        whole = api.chat.completions.create(model="any", messages=ASK)
        cut = api.chat.completions.create(model="any", messages=ASK, max_completion_tokens=2)
    assert whole.model == "any"
    assert len((whole.choices[0].message.content or "").split()) == 5
    assert (whole.choices[0].finish_reason, cut.choices[0].finish_reason) == ("stop", "length")
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (2, 5)
    assert cut.usage is not None
    assert cut.usage.completion_tokens == 2


def test_a_stream_says_the_same_and_gives_usage_last_when_asked() -> None:
    with client() as api:
        plain = list(api.chat.completions.create(model="any", messages=ASK, stream=True))
        counted = list(
            api.chat.completions.create(model="any", messages=ASK, stream=True, stream_options={"include_usage": True})
        )
        whole = said(api)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in plain) == whole
    assert plain[-1].choices[0].finish_reason == "stop"
    assert counted[-1].choices == []
    assert counted[-1].usage is not None
    assert counted[-1].usage.completion_tokens == 5


def test_the_same_seed_says_the_same_and_another_does_not() -> None:
    texts = []
    for seed in (1, 1, 2):
        with client(FakeModelOptions(0, 0, 20, seed=seed)) as api:
            texts.append(said(api))
    assert texts[0] == texts[1] != texts[2]


def test_a_text_can_be_given() -> None:
    with client(FakeModelOptions(0, 0, text="Thirty days [1].")) as api:
        assert said(api) == "Thirty days [1]."


def test_time_to_first_token_and_rate_are_as_set() -> None:
    with client(FakeModelOptions(first_token_ms=120, tokens_per_second=50, tokens=6)) as api:
        began = time.perf_counter()
        stream = api.chat.completions.create(model="any", messages=ASK, stream=True)
        times = [time.perf_counter() - began for chunk in stream if chunk.choices[0].delta.content]
    assert times[0] >= 0.12
    assert times[-1] - times[0] >= 0.09  # five more, 20 ms each


def test_errors_come_in_openais_shape_at_the_rate_that_is_set() -> None:
    kinds: list[type[Exception]] = []
    with client(FakeModelOptions(0, 0, 1, error_rate=0.5, seed=3)) as api:
        for _ in range(40):
            try:
                said(api)
            except openai.APIStatusError as error:
                kinds.append(type(error))
                assert error.type in {"requests", "server_error"}
                assert (error.response.headers.get("retry-after") == "1") is (error.status_code == 429)
    assert 10 <= len(kinds) <= 30
    assert set(kinds) == {openai.RateLimitError, openai.InternalServerError}


def test_a_request_without_messages_is_refused() -> None:
    with client() as api, pytest.raises(openai.BadRequestError) as caught:
        api.post("/chat/completions", body={"model": "any"}, cast_to=object)
    assert caught.value.param == "messages"


def test_embeddings_are_unit_vectors_that_stay_the_same() -> None:
    with client() as api:
        ask = ["open on sunday", "sunday open", "brass boiler"]
        first = api.embeddings.create(model="any", input=ask)
        numbers = api.embeddings.create(model="any", input="open on sunday", encoding_format="float", dimensions=64)
        again = api.embeddings.create(model="any", input=ask[0], dimensions=64)
    vectors = np.array([item.embedding for item in first.data])
    assert vectors.shape == (3, 1536)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors[0] @ vectors[1] > 0.6 > 0.2 > vectors[0] @ vectors[2]
    np.testing.assert_allclose(numbers.data[0].embedding, again.data[0].embedding, rtol=1e-6)


# The agent, LangChain's OpenAI client and this server, as they meet in real use.


@dataclass(frozen=True)
class Served:
    """An agent whose model is the fake server."""

    agent: Agent
    server: uvicorn.Server
    requests: Sequence[dict[str, Any]]  # the bodies it got


Serve = Callable[[FakeModelOptions], AbstractContextManager[Served]]


async def _nothing(_turn: Turn) -> None:
    pass


async def _no_vectors(_texts: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    raise AssertionError("a model writes here")


@pytest.fixture
def serve(settings: Settings) -> Serve:
    @contextmanager
    def served(options: FakeModelOptions) -> Iterator[Served]:
        app = create_fake_model(options)
        with listening(app) as (url, server):
            local = settings.model_copy(update={"model_base_url": url, "openai_api_key": SecretStr("none")})
            agent = Agent(
                retrieve=FixedRetriever([passage("You have 30 days from delivery. Keep the box.")]),
                writer_for=lambda _site: writer_for("openai:any", local, _no_vectors),
                remember=_nothing,
                longest_question=1000,
                policy_for=lambda _site: "Be kind.",
            )
            yield Served(agent, server, app.state.requests)

    return served


async def _drained(items: AsyncIterator[Event | Turn]) -> None:
    async for _ in items:
        pass


def _idle(server: uvicorn.Server) -> None:
    while server.server_state.tasks:
        time.sleep(0.01)


async def test_the_agent_answers_through_langchain_and_a_socket(serve: Serve) -> None:
    history = [Message("user", "Hello"), Message("assistant", "Hi!")]
    with serve(FakeModelOptions(0, 0, text="You have 30 days [1], not 40 [2].")) as served:
        *_, turn = [item async for item in served.agent.stream(question("How long?"), history)]
    assert isinstance(turn, Turn)
    assert turn.answer == "You have 30 days [1], not 40."
    assert turn.model == "openai:any"
    assert [citation.quote for citation in turn.citations] == ["You have 30 days from delivery."]
    assert turn.usage.output_tokens == 8
    assert turn.usage != Usage()
    sent = served.requests[0]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
    assert "Be kind." in sent[0]["content"]
    assert sent[1]["content"] == "Hello"
    assert "Question: How long?" in sent[3]["content"]


async def test_the_client_retries_what_has_not_begun(serve: Serve) -> None:
    with serve(FakeModelOptions(0, 0, 3, error_rate=0.5, seed=3)) as served:
        turn = [item async for item in served.agent.stream(question(), [])][-1]
    assert isinstance(turn, Turn)
    assert 1 < len(served.requests) < 4


async def test_a_failing_provider_is_a_sentence_for_people(serve: Serve) -> None:
    with serve(FakeModelOptions(0, 0, 3, error_rate=1, seed=1)) as served, pytest.raises(ModelError) as caught:
        await _drained(served.agent.stream(question(), []))
    assert caught.value.retry_after is not None
    assert len(served.requests) == 3


async def test_leaving_ends_the_request_to_the_provider(serve: Serve) -> None:
    slow = FakeModelOptions(first_token_ms=0, tokens_per_second=20, tokens=2000)
    before = asyncio.all_tasks()
    with serve(slow) as served:
        items = served.agent.stream(question(), [])
        async for item in items:
            if isinstance(item, Event) and item.type == "token":
                break
        began = time.perf_counter()
        await items.aclose()
        await asyncio.to_thread(_idle, served.server)
        assert time.perf_counter() - began < 1  # of the 100 seconds it would have gone on
        assert asyncio.all_tasks() == before
