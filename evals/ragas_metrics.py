"""RAGAS's metrics as plain functions. With `ragas_testset`, which writes questions, the one place that knows RAGAS.

It is imported on first use, which takes seconds, and never reports its use over the network.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from core.embedder import Encoder
from core.local_model import LOCAL
from core.settings import provide_environment

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from ragas.embeddings.base import BaseRagasEmbedding

JUDGED = ("faithfulness", "answer_relevancy", "answer_correctness", "context_precision", "context_recall")
RAGAS = f"ragas {version('ragas')}"

Input = Literal["user_input", "response", "retrieved_contexts", "reference"]
StringMetric = Callable[[str, str], Awaitable[float]]  # of a reference and a response

_MAX_TOKENS = 4096  # of a judge's answer; with RAGAS's 1024 the verdicts on a long answer come cut off
_MAX_TOKENS_SMALL = 512  # of a small judge's, which would fill any number with repetitions

provide_environment({"RAGAS_DO_NOT_TRACK": "true"})


@dataclass(frozen=True)
class JudgedMetric:
    """A metric that a model judges: what it looks at, and its score of that."""

    inputs: tuple[Input, ...]
    score: Callable[..., Awaitable[float]]  # takes the inputs by name; may be nan


@lru_cache(maxsize=1)
def string_metrics() -> Mapping[str, StringMetric]:
    """Metrics of RAGAS that ask no model and need no further vocabulary.

    ROUGE-L also as recall: an answer that quotes whole sentences is longer than gold, which is no fault.
    """
    from ragas.metrics.collections import NonLLMStringSimilarity, RougeScore

    metrics = (NonLLMStringSimilarity(), RougeScore(), RougeScore(name="rouge_recall", mode="recall"))
    return {metric.name: _of_strings(metric) for metric in metrics}


def judged_metrics(model: str, client: AsyncOpenAI, encoder: Encoder) -> Mapping[str, JudgedMetric]:
    """RAGAS's five measures of answers and of what they were made from, judged by `model` at the client's server."""
    from ragas.metrics import collections

    llm = judging_model(model, client)
    embeddings = _embedding(encoder)
    return {
        "faithfulness": _judged(collections.Faithfulness(llm), "user_input", "response", "retrieved_contexts"),
        "answer_relevancy": _from_zero(_judged(collections.AnswerRelevancy(llm, embeddings), "user_input", "response")),
        "answer_correctness": _judged(_correctness(llm, embeddings), "user_input", "response", "reference"),
        "context_precision": _judged(
            collections.ContextPrecision(llm), "user_input", "reference", "retrieved_contexts"
        ),
        "context_recall": _judged(collections.ContextRecall(llm), "user_input", "retrieved_contexts", "reference"),
    }


def judging_model(model: str, client: AsyncOpenAI) -> Any:
    """A model at the client's server as RAGAS takes one; the small one is held to each schema by its server."""
    from ragas.llms import llm_factory

    _forgive_the_user_id()
    logging.getLogger("instructor").setLevel(logging.CRITICAL)  # it writes what is counted and named anyway
    if model == LOCAL:
        return _held_to_schemas(model, client)
    return llm_factory(model, client=client, max_tokens=_MAX_TOKENS)


def _held_to_schemas(model: str, client: AsyncOpenAI) -> Any:
    """For a model that keeps to no schema by itself, and comes to no end either."""
    import instructor
    from ragas.llms.base import InstructorLLM

    held = instructor.from_openai(client, mode=instructor.Mode.JSON_SCHEMA)
    return InstructorLLM(held, model, "openai", max_tokens=_MAX_TOKENS_SMALL)


def _forgive_the_user_id() -> None:
    """RAGAS reads an id for the reports that it does not send, once, and leaves that file to the garbage collector."""
    from ragas._analytics import get_userid

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        get_userid()


def _of_strings(metric: Any) -> StringMetric:
    async def score(reference: str, response: str) -> float:
        return float((await metric.ascore(reference=reference, response=response)).value)

    return score


def _judged(metric: Any, *inputs: Input) -> JudgedMetric:
    async def score(**values: Any) -> float:
        return float((await metric.ascore(**values)).value)

    return JudgedMetric(inputs, score)


def _from_zero(metric: JudgedMetric) -> JudgedMetric:
    """A cosine below 0 says no more than 0 does: nothing in common."""

    async def score(**values: Any) -> float:
        return max(await metric.score(**values), 0.0)  # nan stays nan

    return JudgedMetric(metric.inputs, score)


def _correctness(llm: Any, embeddings: BaseRagasEmbedding) -> Any:
    """RAGAS takes an answer in which the judge found no statement for a perfect one; here that is a failure."""
    from ragas.metrics.collections import AnswerCorrectness

    class Correctness(AnswerCorrectness):
        async def _generate_statements(self, question: str, text: str) -> list[str]:
            if statements := await super()._generate_statements(question, text):
                return statements
            raise ValueError("the judge found no statement")

    return Correctness(llm, embeddings)


def _embedding(encoder: Encoder) -> BaseRagasEmbedding:
    """The project's encoder as RAGAS takes one; it runs in a thread, so that other judgements go on."""
    from ragas.embeddings.base import BaseRagasEmbedding

    class ProjectEmbedding(BaseRagasEmbedding):
        def embed_text(self, text: str, **_: Any) -> list[float]:
            return [float(value) for value in encoder.encode([text])[0]]

        async def aembed_text(self, text: str, **_: Any) -> list[float]:
            return await asyncio.to_thread(self.embed_text, text)

        async def aembed_texts(self, texts: Sequence[str], **_: Any) -> list[list[float]]:
            vectors = await asyncio.to_thread(encoder.encode, texts)
            return [[float(value) for value in vector] for vector in vectors]

    return ProjectEmbedding()
