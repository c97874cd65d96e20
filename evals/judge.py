"""A model judges answers, each several times, so that the noise of its verdicts is known.

A timeout, an error or a verdict that is no number is a failure: counted, named, and never part of an average.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import isfinite, sqrt
from statistics import fmean, variance
from typing import Any

from openai import APITimeoutError

from core.embedder import Encoder
from core.local_model import LOCAL, SHA256, SLOTS
from core.records import Usage
from core.settings import Settings
from evals.answer_measures import Scores
from evals.judge_client import Spent, judge_client
from evals.progress import Watch, silent
from evals.ragas_metrics import RAGAS, JudgedMetric, judged_metrics
from evals.rehearsal import Answered
from evals.report import NOISE
from evals.verdicts import Verdicts, key_of

logger = logging.getLogger(__name__)

_ROUNDING = 1e-6  # what a sum of weights may be off
_REASON = 160  # characters of a failure that are shown


@dataclass(frozen=True, slots=True)
class Judgement:
    """One question, one metric, one of the repeats: a value, or the reason why there is none."""

    question: str
    metric: str
    repeat: int  # from 1
    value: float | None
    reason: str = ""
    asked: bool = True  # False: the verdict was known

    def __str__(self) -> str:
        return f"{self.question}, {self.metric}, judgement {self.repeat}: {self.reason}"


@dataclass(frozen=True)
class Judged:
    """All judgements of a run."""

    judgements: Sequence[Judgement]
    usage: Usage = field(default_factory=Usage)  # as the judge's server told it, failures included

    def scores(self) -> Scores:
        """Metric -> question -> the mean of its verdicts; a question without any verdict is left out."""
        return {
            metric: {question: fmean(values) for question, values in by_question.items()}
            for metric, by_question in self._verdicts().items()
        }

    def figures(self) -> dict[str, float]:
        """The noise of each metric, and how many judgements failed or were asked for.

        `noise` is the standard deviation of one judgement of one question over its repeats, `noise_of_mean` that
        of the mean over all questions and repeats, if the whole judging were done again.
        """
        figures: dict[str, float] = {}
        for metric, by_question in self._verdicts().items():
            repeated = [values for values in by_question.values() if len(values) > 1]
            if repeated:
                within = fmean(variance(values) for values in repeated)
                means = [within / len(values) for values in by_question.values()]
                figures[metric + NOISE] = sqrt(within)
                figures[f"{metric}/noise_of_mean"] = sqrt(sum(means)) / len(means)
        failed, asked = len(self.failures), sum(judgement.asked for judgement in self.judgements)
        figures |= {"judge/judgements": len(self.judgements), "judge/asked": asked, "judge/failed": failed}
        return figures | {
            "judge/tokens/input": self.usage.input_tokens,
            "judge/tokens/output": self.usage.output_tokens,
        }

    @property
    def failures(self) -> list[Judgement]:
        """Those without a value."""
        return [judgement for judgement in self.judgements if judgement.value is None]

    def _verdicts(self) -> dict[str, dict[str, list[float]]]:
        verdicts: dict[str, dict[str, list[float]]] = {}
        for each in self.judgements:
            if each.value is not None:
                verdicts.setdefault(each.metric, {}).setdefault(each.question, []).append(each.value)
        return verdicts


class Judge:
    """Applies metrics to answers, `at_once` judgements at any time; `identity` is what else shapes a verdict."""

    def __init__(
        self,
        metrics: Mapping[str, JudgedMetric],
        verdicts: Verdicts,
        identity: Sequence[str],
        *,
        at_once: int,
        spent: Spent | None = None,
    ) -> None:
        self._spent = spent or Spent()
        self._metrics = metrics
        self._verdicts = verdicts
        self._identity = list(identity)
        self._places = asyncio.Semaphore(at_once)

    async def judge(self, answers: Sequence[Answered], repeats: int, watch: Watch = silent) -> Judged:
        """Each metric on each answer that it can be asked about, `repeats` times."""
        work = [(each, name, repeat) for each, name in self._applicable(answers) for repeat in range(1, repeats + 1)]

        async def one(answered: Answered, name: str, repeat: int) -> Judgement:
            async with self._places:
                judgement = await self._judgement(answered, name, repeat)
            watch("Judging", len(work))
            return judgement

        judgements = await asyncio.gather(*(one(*each) for each in work))
        return Judged(judgements, self._spent.usage)

    def _applicable(self, answers: Sequence[Answered]) -> Iterator[tuple[Answered, str]]:
        for answered in answers:
            for name, metric in self._metrics.items():
                if _applies(metric, answered):
                    yield answered, name

    async def _judgement(self, answered: Answered, name: str, repeat: int) -> Judgement:
        metric, question = self._metrics[name], answered.question.id
        inputs = _inputs(metric, answered)
        if "retrieved_contexts" in inputs and not inputs["retrieved_contexts"]:  # nothing can be found in nothing
            return Judgement(question, name, repeat, 0.0, asked=False)
        key = key_of(metric=name, inputs=inputs, judge=self._identity, repeat=repeat)
        if (known := self._verdicts.get(key)) is not None:
            return Judgement(question, name, repeat, known, asked=False)
        value, reason = await _verdict(metric, inputs)
        if value is None:
            return Judgement(question, name, repeat, None, reason)
        self._verdicts.keep(key, value, metric=name, question=question, repeat=repeat)
        return Judgement(question, name, repeat, value)


@asynccontextmanager
async def judge_of(settings: Settings, encoder: Encoder, *, at_once: int) -> AsyncGenerator[Judge | None]:
    """The judge that the settings name, with RAGAS's metrics; None where they name none."""
    if settings.judge_model is None:
        yield None
        return
    verdicts = Verdicts(settings.home / "evals" / "verdicts.jsonl")
    spent = Spent()
    async with judge_client(settings, spent) as (name, client):
        is_local = name == LOCAL
        if is_local:
            at_once = min(at_once, SLOTS)  # a judgement's time runs while it waits for a slot
        server = SHA256 if is_local else settings.model_base_url or ""
        identity = (settings.judge_model, server, RAGAS, encoder.name)
        yield Judge(judged_metrics(name, client, encoder), verdicts, identity, at_once=at_once, spent=spent)


def _applies(metric: JudgedMetric, answered: Answered) -> bool:
    """What needs gold is judged where there is some, the rest where the agent answered: declining is measured apart."""
    if "reference" in metric.inputs:
        return answered.done and bool(answered.question.answers)
    return answered.done and not answered.turn.declined


def _inputs(metric: JudgedMetric, answered: Answered) -> dict[str, Any]:
    values = {
        "user_input": answered.question.text,
        "response": answered.text,
        "retrieved_contexts": list(answered.contexts),
        "reference": next(iter(answered.question.answers), ""),
    }
    return {name: values[name] for name in metric.inputs}


async def _verdict(metric: JudgedMetric, inputs: Mapping[str, Any]) -> tuple[float | None, str]:
    try:
        value = await metric.score(**inputs)
    except Exception as error:  # whatever stops a judgement is counted as its failure, and named
        logger.info("a judgement failed", exc_info=error)
        return None, reason(error)
    if not isfinite(value):
        return None, "the verdict is no number"
    if not -_ROUNDING <= value <= 1 + _ROUNDING:
        return None, f"the verdict {value:g} is not within 0 and 1"
    return value, ""


def reason(error: Exception) -> str:
    """The innermost error says what happened; what retried it only says that it did."""
    while isinstance(error.__cause__, Exception) and not isinstance(error, APITimeoutError):
        error = error.__cause__
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _REASON else f"{text[:_REASON]} …"
