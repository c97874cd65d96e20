"""Chat models by name, and the writer that asks one."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from core.errors import ConfigurationError, ModelError, OverloadedError
from core.records import Usage
from core.settings import Settings
from serving.agent import Closing, Extractive, ModelWriter, writer_for
from serving.agent.models import chat_model
from tests.fakes.models import ScriptedModel
from tests.fakes.retriever import passage

PASSAGES = [passage("You have 30 days.")]


async def embed(texts: Any) -> Any:
    raise AssertionError("nobody asked for vectors")


async def written(writer: ModelWriter) -> tuple[list[str], Closing]:
    *pieces, closing = [piece async for piece in writer.write("How long?", PASSAGES, [], "")]
    assert isinstance(closing, Closing)
    return [str(piece) for piece in pieces], closing


def with_keys(settings: Settings, **changes: Any) -> Settings:
    keys = {"openai_api_key": SecretStr("sk-1"), "anthropic_api_key": SecretStr("sk-2")}
    return settings.model_copy(update={**keys, **changes})


def test_extractive_needs_no_key(settings: Settings) -> None:
    assert isinstance(writer_for("extractive", settings, embed), Extractive)


def test_a_writer_is_built_once_for_its_name(settings: Settings) -> None:
    keyed = with_keys(settings)
    first = writer_for("openai:gpt-4o-mini", keyed, embed)
    assert first is writer_for("openai:gpt-4o-mini", keyed.model_copy(), embed)
    assert first is not writer_for("openai:gpt-4o", keyed, embed)
    assert first.name == "openai:gpt-4o-mini"


def test_openai_gets_key_time_limit_retries_and_usage(settings: Settings) -> None:
    model = chat_model("openai:gpt-4o-mini", with_keys(settings, model_seconds=7.0))
    assert isinstance(model, ChatOpenAI)
    assert (model.model_name, model.request_timeout, model.max_retries) == ("gpt-4o-mini", 7.0, 2)
    assert model.stream_usage
    assert isinstance(model.openai_api_key, SecretStr)
    assert model.openai_api_key.get_secret_value() == "sk-1"


def test_anthropic_gets_its_own_key(settings: Settings) -> None:
    model = chat_model("anthropic:claude-sonnet-4-5", with_keys(settings))
    assert isinstance(model, ChatAnthropic)
    assert model.anthropic_api_key.get_secret_value() == "sk-2"


@pytest.mark.parametrize(
    ("model", "variable"),
    [("openai:gpt-4o-mini", "OPENAI_API_KEY"), ("anthropic:claude-sonnet-4-5", "ANTHROPIC_API_KEY")],
)
@pytest.mark.parametrize("key", [None, SecretStr(" ")])
def test_a_missing_key_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, model: str, variable: str, key: SecretStr | None
) -> None:
    monkeypatch.delenv(variable, raising=False)
    keyless = settings.model_copy(update={"openai_api_key": key, "anthropic_api_key": key})
    with pytest.raises(ConfigurationError, match=f"set {variable}"):
        writer_for(model, keyless, embed)


def test_a_server_of_ones_own_needs_no_key(settings: Settings) -> None:
    own = settings.model_copy(update={"model_base_url": "http://127.0.0.1:9/v1", "openai_api_key": None})
    model = chat_model("openai:small", own)
    assert isinstance(model, ChatOpenAI)
    assert model.openai_api_base == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize("model", ["gpt-4o-mini", "openai:", ":x", "nobody:x", "google_genai:gemini"])
def test_a_name_that_cannot_be_used_says_so(settings: Settings, model: str) -> None:
    with pytest.raises(ConfigurationError, match=r"The model .* (cannot be used|names no provider)"):
        chat_model(model, with_keys(settings))


async def test_the_text_of_the_model_comes_piece_by_piece_and_then_its_usage() -> None:
    usage = {"input_tokens": 11, "output_tokens": 3, "total_tokens": 14}
    model = ScriptedModel(pieces=["Thirty ", "days ", "[1]."], usage=usage)
    assert await written(ModelWriter(model, "m")) == (["Thirty ", "days ", "[1]."], Closing(usage=Usage(11, 3)))
    assert [message.type for message in model.prompts[0]] == ["system", "human"]


async def test_a_model_that_takes_too_long_is_stopped() -> None:
    model = ScriptedModel(pieces=["Thirty"], hangs=True)
    with pytest.raises(ModelError, match="too long") as caught:
        async with asyncio.timeout(5):
            await written(ModelWriter(model, "m", seconds=0.05))
    assert caught.value.retry_after
    assert model.stopped


def status_error(status: int, **headers: str) -> openai.APIStatusError:
    request = httpx2.Request("POST", "http://model.example/v1/chat/completions")
    response = httpx2.Response(status, request=request, headers=headers)
    return openai.APIStatusError("secret details", response=response, body=None)


@pytest.mark.parametrize(
    ("error", "said", "retry_after"),
    [
        (status_error(429, **{"retry-after": "12"}), "busy", 12),
        (status_error(429), "busy", 5),
        (status_error(429, **{"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}), "busy", 5),
        (status_error(401), "key", None),
        (status_error(400), "did not accept the question", None),
        (status_error(503), "cannot be reached", 5),
        (openai.APITimeoutError(httpx2.Request("POST", "http://model.example")), "too long", 5),
        (openai.APIConnectionError(request=httpx2.Request("POST", "http://model.example")), "cannot be reached", 5),
        (ValueError("odd answer"), "cannot be reached", 5),
    ],
)
async def test_what_a_provider_raises_becomes_a_sentence_for_people(
    error: Exception, said: str, retry_after: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        await written(ModelWriter(ScriptedModel(pieces=[], fails=error), "m"))
    assert caught.value.retry_after == retry_after
    assert str(error) not in caught.value.message
    assert type(error).__name__ in caplog.text


async def test_a_cancelled_turn_is_no_failure_of_the_model() -> None:
    model = ScriptedModel(hangs=True)
    task = asyncio.create_task(written(ModelWriter(model, "m")))
    await model.began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.stopped


async def test_who_finds_no_place_is_told_and_a_place_left_is_taken() -> None:
    writer = ModelWriter(ScriptedModel(pieces=["Thirty"]), "m", at_once=1)
    first = writer.write("How long?", PASSAGES, [], "")
    assert await anext(first) == "Thirty"
    with pytest.raises(OverloadedError, match="busy") as caught:
        await written(writer)
    assert caught.value.retry_after
    await first.aclose()
    assert (await written(writer))[0] == ["Thirty"]
