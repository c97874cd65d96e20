"""How good are the answers: each question through the agent in this process, measured with a judge and without.

Nothing that is asked here becomes a visitor's conversation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, TypedDict

from typing_extensions import Unpack

from core.embedder import Encoder, load_encoder
from core.records import Build
from core.settings import Settings
from evals import results
from evals.answer_measures import (
    Scorer,
    answered_or_declined,
    cost,
    declining,
    gold_contained,
    similarity,
    strings,
)
from evals.builds import site_build
from evals.corpus_site import corpus_site
from evals.grounded import groundedness
from evals.intervals import mean_interval
from evals.judge import Judged, judge_of
from evals.progress import Watch, silent
from evals.readers import Task, read_task
from evals.rehearsal import Answered, rehearse
from evals.report import Report
from evals.results import Result, Results
from serving.agent import Writer


class How(TypedDict, total=False):
    """What every evaluation of answers can be told; see `evaluate_answers`."""

    scorers: Sequence[Scorer] | None
    judgements: int
    writer: Writer | None
    at_once: int
    watch: Watch


Scored = Mapping[str, float]  # question -> value

AT_ONCE = 4  # questions under way at any time: searching and quoting keep two cores busy with fewer


async def evaluate_site(
    questions: Path, site: str, settings: Settings, *, build: str = "live", **how: Unpack[How]
) -> Report:
    """Questions to a site's build of that name."""
    return await evaluate_answers(read_task(questions), site_build(site, settings, build), settings, **how)


async def evaluate_corpus(questions: Path, settings: Settings, **how: Unpack[How]) -> Report:
    """Questions to the `corpus.jsonl` beside them."""
    with corpus_site(questions, settings) as (build, here):
        return await evaluate_answers(read_task(questions), build, here, **how)


async def evaluate_answers(
    task: Task,
    build: Build,
    settings: Settings,
    *,
    scorers: Sequence[Scorer] | None = None,
    judgements: int = 3,
    writer: Writer | None = None,
    at_once: int = AT_ONCE,
    watch: Watch = silent,
) -> Report:
    """Figures over all questions, their results saved per question under the name in `meta`.

    A judge, where the settings name one, is asked `judgements` times about everything.
    """
    encoder = load_encoder(settings.embedding_model, settings)
    async with judge_of(settings, encoder, at_once=at_once) as judge:  # first: a judge without a key is soon told
        answers = await rehearse(task.questions, build, settings, at_once=at_once, writer=writer, watch=watch)
        judged = await judge.judge(answers, judgements, watch) if judge else None
    scores, seconds = await scored(answers, scorers or without_a_judge(encoder))
    scores |= judged.scores() if judged else {}
    report = _report(scores, answers, judged).with_meta(**_meta(task, build, answers), measuring_seconds=seconds)
    if judged:
        report = report.with_meta(judge=settings.judge_model, judgements=judgements, **_named(judged))
    return report.with_meta(results=results.save(results_of(answers, scores, report.meta), settings))


def without_a_judge(encoder: Encoder) -> list[Scorer]:
    """What can be said of an answer without asking a model."""
    return [gold_contained, declining, groundedness(encoder), similarity(encoder), strings, cost]


async def scored(answers: Sequence[Answered], scorers: Sequence[Scorer]) -> tuple[dict[str, Scored], dict[str, float]]:
    """Measure -> question -> value, and the seconds that each scorer took, by its first measure."""
    scores: dict[str, Scored] = {}
    seconds: dict[str, float] = {}
    for score in scorers:
        began = perf_counter()
        found = await score(answers)
        seconds[next(iter(found))] = round(perf_counter() - began, 2)
        scores |= found
    return scores, seconds


def results_of(answers: Sequence[Answered], scores: Mapping[str, Scored], meta: Mapping[str, Any]) -> Results:
    """Answers and their scores as they are kept."""
    rows = [
        Result(
            each.question.id,
            each.question.text,
            each.turn.answer if each.done else f"✗ {each.turn.error}",
            {measure: values[each.question.id] for measure, values in scores.items() if each.question.id in values},
            _details(each),
        )
        for each in answers
    ]
    return Results("answers", tuple(scores), tuple(rows), meta)


def _report(scores: Mapping[str, Scored], answers: Sequence[Answered], judged: Judged | None) -> Report:
    said = {measure: values for measure, values in scores.items() if values}
    figures = {measure: sum(values.values()) / len(values) for measure, values in said.items()}
    figures |= answered_or_declined(answers)
    figures["answers/failed"] = sum(not each.done for each in answers)
    figures |= judged.figures() if judged else {}
    return Report(figures, {measure: mean_interval(values) for measure, values in said.items()})


def _meta(task: Task, build: Build, answers: Sequence[Answered]) -> dict[str, object]:
    meta: dict[str, object] = {
        "task": task.name,
        "questions": len(answers),
        "question_fingerprint": results.fingerprint(task),
        "site": build.site,
        "build": build.id,
        "model": ", ".join(dict.fromkeys(each.turn.model for each in answers if each.turn.model)),
    }
    failed = [f"{each.question.id}: {each.turn.error}" for each in answers if not each.done]
    return meta | ({"failed": failed} if failed else {})


def _named(judged: Judged) -> dict[str, list[str]]:
    return {"judge_failed": [str(failure) for failure in judged.failures]} if judged.failures else {}


def _details(answered: Answered) -> dict[str, object]:
    turn, question = answered.turn, answered.question
    return {
        "answerable": question.answerable,
        "gold": list(question.answers),
        "declined": turn.declined,
        "error": turn.error,
        "model": turn.model,
        "pages": answered.pages,
        "quotes": [citation.quote for citation in turn.citations],
    }
