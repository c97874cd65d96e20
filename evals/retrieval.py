"""How good is retrieval: dense, full text and fused, on a BEIR folder or against a build of a site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args

import numpy as np

from core.embedder import Encoder, load_encoder
from core.errors import InvalidInputError
from core.knowledge import WEIGHTS, BuildTable, Knowledge, Mode, Query
from core.settings import Settings
from core.similarity import STRANGERS, zero_of
from evals import results
from evals.corpora import corpus_folder, index_corpus
from evals.intervals import Interval, mean_interval, paired_interval
from evals.measures import per_question
from evals.pages import Pages, by_id, by_path
from evals.readers import Question, Task, read_task
from evals.report import Report
from evals.results import Result, Results
from evals.subject import Subject, chosen, corpus_of
from evals.typos import mistyped
from serving.agent.parts import parts
from serving.context import asked, understood
from serving.spelling import spelled
from serving.vocabulary import read_vocabulary

MODES: tuple[Mode, ...] = get_args(Mode)
_DEPTH = 100  # documents ranked per question
_FIRST = 5  # documents that the results show

Scores = Mapping[str, Mapping[str, float]]  # mode/measure -> question -> value
Searching = Callable[[Sequence[Question], BuildTable, Encoder], list[list[Query]]]  # each question's queries


def evaluate_corpus(questions: Path, settings: Settings, *, one_passage: bool = False, typos: bool = False) -> Report:
    """Questions of a folder or file against the `corpus.jsonl` beside them.

    `one_passage` checks the embedder as published figures do: documents whole, questions word for word.
    """
    task, folder = _task(questions, typos=typos), corpus_folder(questions)
    encoder = load_encoder(settings.embedding_model, settings)
    table = index_corpus(folder, settings, encoder, one_passage=one_passage)
    shape = {} if one_passage else {"chunk_tokens": settings.chunk_tokens, "chunk_overlap": settings.chunk_overlap}
    made_with = shape | {"corpus_fingerprint": corpus_of(folder)}
    searching = word_for_word if one_passage else queries
    return evaluate_table(task, table, encoder, by_id(table), settings, made_with, searching=searching)


def evaluate_site(
    questions: Path, site: str, settings: Settings, *, build: str = "live", typos: bool = False
) -> Report:
    """Questions with evidence pages against the build that is live on a site, or another one of its builds."""
    subject = chosen(site, build, settings)  # before the questions: a site that does not exist has none
    return evaluate_build(_task(questions, typos=typos), subject, settings)


def evaluate_build(
    task: Task,
    subject: Subject,
    settings: Settings,
    *,
    modes: Sequence[Mode] = MODES,
) -> Report:
    """Questions with evidence pages against one build."""
    table = Knowledge(settings.knowledge_location).open(subject.build.table)
    model = load_encoder(subject.build.embedding_model, settings)
    return evaluate_table(task, table, model, by_path(table), settings, made_with(task, subject, modes), modes=modes)


def made_with(task: Task, subject: Subject, modes: Sequence[Mode] = MODES) -> dict[str, Any]:
    """All that decides what a build's evaluation finds."""
    return {**subject.meta(), "question_fingerprint": results.fingerprint(task), "searches": ", ".join(modes)}


def _task(questions: Path, *, typos: bool) -> Task:
    task = read_task(questions)
    return mistyped(task) if typos else task


def evaluate_table(
    task: Task,
    table: BuildTable,
    encoder: Encoder,
    pages: Pages,
    settings: Settings,
    made_with: Mapping[str, Any],
    *,
    modes: Sequence[Mode] = MODES,
    weights: tuple[float, float] = WEIGHTS,
    searching: Searching | None = None,
) -> Report:
    """Questions against any table, searched for as a visitor's are unless `searching` says otherwise; the results are
    kept, and `made_with` says of them where they come from.
    """
    judged = [question for question in task.questions if question.id in task.relevant]
    names = _named_pages(task, judged, pages)
    searches = [
        [replace(each, weights=weights) for each in one] for one in (searching or queries)(judged, table, encoder)
    ]
    rankings = _rankings(task, judged, table, searches, pages, names, modes)
    scores, flaws = results.numbers_only(_scored(rankings, task))
    meta = {
        "task": task.name,
        "questions": len(judged),
        "evidence_pages_not_found": sum(not found for found in names.values()),
        "question_fingerprint": results.fingerprint(task),
        "chunks": table.rows(),
        "embedding_model": encoder.name,
        **made_with,
        **({"not_a_number": flaws} if flaws else {}),
    }
    report = _report(scores, modes).with_meta(**meta)
    found = [_result(question, rankings[modes[-1]][question.id], scores) for question in judged]
    kept = Results("retrieval", tuple(scores), tuple(found), meta, report.figures)
    return report.with_meta(results=results.save(kept, settings))


def _named_pages(task: Task, judged: Sequence[Question], pages: Pages) -> dict[str, list[str]]:
    """Evidence -> the pages that it means."""
    if not judged:
        raise InvalidInputError(f"No question of {task.name} names a document that answers it: nothing to measure.")
    names = {page: sorted(pages.meant(page)) for question in judged for page in task.relevant[question.id]}
    if not any(names.values()):
        raise InvalidInputError(
            f"None of the {len(names):,} pages that {task.name} names as evidence, such as {min(names)}, was indexed: "
            "these questions are about other pages."
        )
    return names


def _rankings(
    task: Task,
    judged: Sequence[Question],
    table: BuildTable,
    searches: Sequence[Sequence[Query]],
    pages: Pages,
    names: Mapping[str, Sequence[str]],
    modes: Sequence[Mode],
) -> dict[Mode, dict[str, list[str]]]:
    """Mode -> question -> the pages found, each once, by the name that a judgement gives them."""
    rankings: dict[Mode, dict[str, list[str]]] = {mode: {} for mode in modes}
    for question, asked_for in zip(judged, searches, strict=True):
        named = {page: evidence for evidence in task.relevant[question.id] for page in names[evidence]}
        for mode, ranked in rankings.items():
            found = map(pages.of, ranked_in_turns(table, asked_for, mode))
            ranked[question.id] = list(dict.fromkeys(named.get(page, page) for page in found))
    return rankings


def _scored(rankings: Mapping[Mode, Mapping[str, Sequence[str]]], task: Task) -> Scores:
    return {
        f"{mode}/{measure}": values
        for mode, ranked in rankings.items()
        for measure, values in per_question(ranked, task.relevant).items()
    }


def ranked_in_turns(table: BuildTable, queries: Sequence[Query], mode: Mode) -> list[str]:
    """The documents that a message's questions find, best first: one of each question in turn, each once."""
    found = [table.ranked(replace(query, k=_DEPTH, mode=mode)) for query in queries]
    return list(dict.fromkeys(page for turn in zip_longest(*found) for page in turn if page is not None))


def word_for_word(questions: Sequence[Question], _table: BuildTable, encoder: Encoder) -> list[list[Query]]:
    """The questions as they are written: not spelled, not taken apart, without their history."""
    vectors = encoder.encode([question.text for question in questions], "query")
    return [[Query(question.text, vector)] for question, vector in zip(questions, vectors, strict=True)]


def queries(questions: Sequence[Question], table: BuildTable, encoder: Encoder) -> list[list[Query]]:
    """What a visitor's message with that history would be searched for: a query for each question in it."""
    vocabulary = read_vocabulary(table)
    split = [parts(question.text, question.history) for question in questions]
    meant = [[spelled(part.question, vocabulary) for part in each] for each in split]
    whole = [
        asked(spelt.question, part.history)
        for each, spellings in zip(split, meant, strict=True)
        for part, spelt in zip(each, spellings, strict=True)
    ]
    vectors = encoder.encode([text for each in whole for text in each.texts], "query")
    shares = np.split(vectors, np.cumsum([len(each.texts) for each in whole])[:-1])
    zero = zero_of(encoder.encode(STRANGERS, "query"))
    found = (understood(each, share, table, zero) for each, share in zip(whole, shares, strict=True))
    return [[spelt.beside(next(found)) for spelt in each] for each in meant]


def _result(question: Question, ranking: Sequence[str], scores: Scores) -> Result:
    values = {
        measure: by_question[question.id] for measure, by_question in scores.items() if question.id in by_question
    }
    return Result(question.id, question.text, "\n".join(ranking[:_FIRST]), values)


def _report(scores: Scores, modes: Sequence[Mode]) -> Report:
    figures: dict[str, float] = {}
    intervals: dict[str, Interval] = {}
    for measure, values in scores.items():
        figures[measure] = _mean(values)
        intervals[measure] = mean_interval(values)
    for other in modes[:-1] if "fused" in modes else ():
        for measure, values in scores.items():
            mode, name = measure.split("/", 1)
            against = scores.get(f"{other}/{name}", {})
            if mode == "fused" and values.keys() == against.keys():
                figures[f"fused-{other}/{name}"] = _mean(values) - _mean(against)
                intervals[f"fused-{other}/{name}"] = paired_interval(values, against)
    return Report(figures, intervals)


def _mean(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)
