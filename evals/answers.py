"""How good are the answers: each question through the agent in this process, measured with a judge and without.

Nothing that is asked here becomes a visitor's conversation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any, TypedDict

from typing_extensions import Unpack

from core.database import open_database
from core.embedder import Encoder, load_encoder
from core.errors import InvalidInputError
from core.records import Site
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
from evals.corpora import corpus_folder
from evals.corpus_site import corpus_site
from evals.golden import with_pins
from evals.grounded import groundedness
from evals.intervals import mean_interval
from evals.judge import Judged, judge_of
from evals.progress import Watch, silent
from evals.readers import Task, read_task
from evals.rehearsal import Answered, rehearse
from evals.report import Report
from evals.results import Result, Results
from evals.subject import Subject, chosen, corpus_of, digest
from serving.agent import Writer
from serving.agent.catalogue import load_catalogue, models_of


class How(TypedDict, total=False):
    """What every evaluation of answers can be told; see `evaluate_answers`."""

    scorers: Sequence[Scorer] | None
    judgements: int
    writer: Writer | None
    at_once: int
    watch: Watch


Scored = Mapping[str, float]  # question -> value

JUDGEMENTS = 3  # of each answer: enough to know how much they differ
AT_ONCE = 4  # questions under way at any time: searching and quoting keep two cores busy with fewer


async def evaluate_site(
    questions: Path, site: str, settings: Settings, *, build: str = "live", **how: Unpack[How]
) -> Report:
    """Questions, and the pinned ones, to a site's build of that name."""
    subject = chosen(site, build, settings)  # before the questions: a site that does not exist has none
    with closing(open_database(settings.database_location)) as database:
        task = with_pins(read_task(questions), database.pins.of(site))
    return await evaluate_answers(task, subject, settings, **how)


async def evaluate_corpus(questions: Path, settings: Settings, **how: Unpack[How]) -> Report:
    """Questions to the `corpus.jsonl` beside them."""
    with corpus_site(questions, settings) as (build, here):
        subject = Subject(build, corpus_of(corpus_folder(questions)), Site(build.site))
        return await evaluate_answers(read_task(questions), subject, here, **how)


async def evaluate_answers(
    task: Task,
    subject: Subject,
    settings: Settings,
    *,
    scorers: Sequence[Scorer] | None = None,
    judgements: int = JUDGEMENTS,
    writer: Writer | None = None,
    at_once: int = AT_ONCE,
    watch: Watch = silent,
) -> Report:
    """Figures over all questions, their results saved per question under the name in `meta`.

    A judge, where the settings name one, is asked `judgements` times about everything.
    """
    if not task.questions:
        raise InvalidInputError(f"{task.name} holds no question: nothing to ask.")
    encoder = load_encoder(settings.embedding_model, settings)
    async with judge_of(settings, encoder, at_once=at_once) as judge:  # first: a judge without a key is soon told
        answers = await rehearse(task.questions, subject.build, settings, at_once=at_once, writer=writer, watch=watch)
        judged = await judge.judge(answers, judgements, watch) if judge else None
    found, seconds = await scored(answers, scorers or without_a_judge(encoder))
    found |= judged.scores() if judged else {}
    scores, flaws = results.numbers_only(found)
    meta = {
        "task": task.name,
        "questions": len(answers),
        **made_with(task, subject, settings, judgements),
        "model": ", ".join(dict.fromkeys(each.turn.model for each in answers if each.turn.model)),
        "measuring_seconds": seconds,
        **_failures(answers, judged, flaws),
    }
    report = _report(scores, answers, judged).with_meta(**meta)
    return report.with_meta(results=results.save(results_of(answers, scores, report.meta, report.figures), settings))


def without_a_judge(encoder: Encoder) -> list[Scorer]:
    """What can be said of an answer without asking a model."""
    return [gold_contained, declining, groundedness(encoder), similarity(encoder), strings, cost]


def made_with(task: Task, subject: Subject, settings: Settings, judgements: int = JUDGEMENTS) -> dict[str, Any]:
    """All that decides what an evaluation finds, as far as it can be known before."""
    judging = {"judge": settings.judge_model, "judgements": judgements} if settings.judge_model else {}
    return {
        **subject.meta(),
        "question_fingerprint": results.fingerprint(task),
        "writer": ", ".join(models_of(subject.site, settings, load_catalogue(settings))),
        "passages": settings.passages,
        "other_settings": _other_settings(subject, settings),
        **judging,
    }


def _other_settings(subject: Subject, settings: Settings) -> str:
    """A digest of what shapes answers and their measures besides, the site's policy among it."""
    policy = settings.site_folder(subject.build.site) / "policy.md"
    told = policy.read_text(encoding="utf-8") if policy.exists() else ""
    shaping = (settings.model_base_url, settings.history_messages, settings.embedding_model)
    return digest(told, *map(str, shaping))[:8]


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


def results_of(
    answers: Sequence[Answered],
    scores: Mapping[str, Scored],
    meta: Mapping[str, Any],
    figures: Mapping[str, float] | None = None,
) -> Results:
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
    return Results("answers", tuple(scores), tuple(rows), meta, figures or {})


def _report(scores: Mapping[str, Scored], answers: Sequence[Answered], judged: Judged | None) -> Report:
    said = {measure: values for measure, values in scores.items() if values}
    figures = {measure: sum(values.values()) / len(values) for measure, values in said.items()}
    figures |= answered_or_declined(answers)
    figures["answers/failed"] = sum(not each.done for each in answers)
    figures |= judged.figures() if judged else {}
    return Report(figures, {measure: mean_interval(values) for measure, values in said.items()})


def _failures(answers: Sequence[Answered], judged: Judged | None, flaws: Sequence[str]) -> dict[str, Sequence[str]]:
    """What failed, by name; a kind of failure that did not happen is left out."""
    named = {
        "failed": [f"{each.question.id}: {each.turn.error}" for each in answers if not each.done],
        "judge_failed": [str(failure) for failure in judged.failures] if judged else [],
        "not_a_number": flaws,
    }
    return {kind: failures for kind, failures in named.items() if failures}


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
