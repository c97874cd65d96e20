"""How good are the answers: each question through the agent in this process, measured with a judge and without.

Nothing that is asked here becomes a visitor's conversation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from typing_extensions import Unpack

from core.database import open_database
from core.embedder import Encoder, load_encoder
from core.errors import NotFoundError
from core.records import Build
from core.settings import Settings
from evals import results
from evals.answer_measures import Scorer, cost, declining, gold_contained, similarity, strings
from evals.corpus_site import corpus_site
from evals.intervals import mean_interval
from evals.judge import Judged, judge_of
from evals.progress import Watch, silent
from evals.readers import Question, Task, read_task
from evals.rehearsal import Answered, rehearse
from evals.report import Report
from evals.results import Result, Results
from evals.retrieval import live_build
from serving.agent import Writer


class How(TypedDict, total=False):
    """What every evaluation of answers can be told; see `evaluate_answers`."""

    scorers: Sequence[Scorer] | None
    judgements: int
    writer: Writer | None
    at_once: int
    watch: Watch


AT_ONCE = 4  # questions under way at any time: searching and quoting keep two cores busy with fewer


async def evaluate_site(
    questions: Path, site: str, settings: Settings, *, build: str | None = None, **how: Unpack[How]
) -> Report:
    """Questions, and the pinned ones, to the build that is live on a site or to another one of its builds."""
    chosen = chosen_build(site, build, settings)
    return await evaluate_answers(with_pins(read_task(questions), site, settings), chosen, settings, **how)


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
    scores: dict[str, Mapping[str, float]] = {}
    for score in scorers or without_a_judge(encoder):
        scores |= await score(answers)
    scores |= judged.scores() if judged else {}
    report = _report(scores, answers, judged).with_meta(**_meta(task, build, answers))
    if judged:
        report = report.with_meta(judge=settings.judge_model, judgements=judgements, **_named(judged))
    return report.with_meta(results=results.save(_results(scores, answers, report), settings))


def without_a_judge(encoder: Encoder) -> list[Scorer]:
    """What can be said of an answer without asking a model; a groundedness score is one more of these."""
    return [gold_contained, declining, similarity(encoder), strings, cost]


def with_pins(task: Task, site: str, settings: Settings) -> Task:
    """The task with the site's pinned questions: their answers are golden, since the owner gave them."""
    database = open_database(settings.database_location)
    try:
        pins = database.pins.of(site)
    finally:
        database.close()
    known = {question.text for question in task.questions}
    pinned = (Question(f"pin-{pin.id}", pin.question, answers=(pin.answer,)) for pin in pins)
    return replace(task, questions=(*task.questions, *(each for each in pinned if each.text not in known)))


def chosen_build(site: str, build: str | None, settings: Settings) -> Build:
    """The build of that id if it is the site's, else the live one."""
    if build is None:
        return live_build(site, settings)
    database = open_database(settings.database_location)
    try:
        found = database.builds.get(build)
    finally:
        database.close()
    if found.site != site:
        raise NotFoundError(f"Build {build} belongs to site {found.site}, not to {site}.")
    return found


def _report(scores: Mapping[str, Mapping[str, float]], answers: Sequence[Answered], judged: Judged | None) -> Report:
    said = {measure: values for measure, values in scores.items() if values}
    figures = {measure: sum(values.values()) / len(values) for measure, values in said.items()}
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


def _results(scores: Mapping[str, Mapping[str, float]], answers: Sequence[Answered], report: Report) -> Results:
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
    return Results("answers", tuple(scores), tuple(rows), report.meta)


def _details(answered: Answered) -> dict[str, object]:
    turn, question = answered.turn, answered.question
    return {
        "answerable": question.answerable,
        "gold": list(question.answers),
        "declined": turn.declined,
        "error": turn.error,
        "model": turn.model,
        "pages": list(dict.fromkeys(passage.chunk.path or passage.chunk.document for passage in turn.passages)),
        "quotes": [citation.quote for citation in turn.citations],
    }
