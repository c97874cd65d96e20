"""The evaluations of the command line, from a notebook: retrieval, answers, and groundedness against people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from core.embedder import load_encoder
from core.grounding import FITTED
from core.settings import Settings
from evals import answers as answering
from evals import groundedness as grounding
from evals import results, retrieval
from evals.judged import Embedded, judge
from evals.lab.measured import Measured
from evals.lab.waiting import waited
from evals.rated import read_rated
from evals.readers import Task, spread
from evals.report import Report
from evals.subject import chosen


def measured_retrieval(task: Task, site: str, build: str, settings: Settings) -> Measured:
    """How well a build finds the evidence of questions: dense, full text and fused."""
    return _with_results(retrieval.evaluate_build(task, chosen(site, build, settings), settings), settings)


def measured_corpus(folder: Path, settings: Settings) -> Measured:
    """The same of a folder with a `corpus.jsonl`, which is indexed once."""
    return _with_results(retrieval.evaluate_corpus(folder, settings), settings)


def measured_answers(
    task: Task, site: str, build: str, settings: Settings, *, judge: str | None, judgements: int
) -> Measured:
    """How well the agent answers from a build; a judge, where one is named or set, is asked several times."""
    here = settings.model_copy(update={"judge_model": judge}) if judge else settings
    subject = chosen(site, build, here)
    report = waited(lambda: answering.evaluate_answers(task, subject, here, judgements=judgements))
    return _with_results(report, settings)


def measured_groundedness(file: Path, settings: Settings) -> Measured:
    """How well the groundedness score agrees with people's ratings, beside other judges."""
    return Measured(f"groundedness against people: {file.name}", grounding.evaluate(file, settings))


def rated_answers(file: Path, most: int | None, settings: Settings) -> pl.DataFrame:
    """A row an answer: the mean of people's ratings, 1 to 4, how far apart they are, our score, and the judges'.

    Our score as it ships was fitted on such answers: held against the same file, it flatters itself a little.
    """
    judged = judge(spread(read_rated(file), most), Embedded(load_encoder(settings.embedding_model, settings)))
    rows = [
        {
            "question": each.rated.question,
            "answer": each.rated.answer,
            "people": each.rated.faithfulness,
            "apart": max(each.rated.ratings) - min(each.rated.ratings),
            "ours": FITTED.answer(each.signals),
            **each.rated.judges,
        }
        for each in judged
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def some(task: Task, most: int | None) -> Task:
    """At most so many questions, from all over the task: files are sorted by kind."""
    return replace(task, questions=tuple(spread(task.questions, most)))


def _with_results(report: Report, settings: Settings) -> Measured:
    found = results.load(str(report.meta["results"]), settings)
    return Measured(f"{found.kind}: {report.meta['task']}", report, found)
