"""How good is retrieval: dense, full text and fused, on a BEIR folder or against a site's live build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from core.database import open_database
from core.embedder import Encoder, load_encoder
from core.errors import InvalidInputError, NotFoundError
from core.knowledge import BuildTable, Knowledge, Mode, Query
from core.records import Build, Chunk, Passage
from core.settings import Settings
from evals import results
from evals.corpora import index_corpus
from evals.intervals import Interval, mean_interval, paired_interval
from evals.measures import per_question
from evals.readers import Question, Task, read_task
from evals.report import Report
from evals.results import Result, Results

MODES: tuple[Mode, ...] = get_args(Mode)
_DEPTH = 100  # documents ranked per question
_FIRST = 5  # documents that the results show

Scores = Mapping[Mode, Mapping[str, Mapping[str, float]]]  # mode -> measure -> question -> value


def evaluate_corpus(folder: Path, settings: Settings, *, one_passage: bool = False) -> Report:
    """Questions of a folder against the `corpus.jsonl` beside them."""
    task = read_task(folder)
    encoder = load_encoder(settings.embedding_model, settings)
    table = index_corpus(folder, settings, encoder, one_passage=one_passage)
    report, found = _evaluate(task, table, encoder, lambda found, _: found.document)
    return _saved(report, found, settings)


def evaluate_site(questions: Path, site: str, settings: Settings) -> Report:
    """Questions with evidence pages against the build that is live on a site."""
    task = read_task(questions)
    build = live_build(site, settings)
    table = Knowledge(settings.knowledge_location).open(build.table)
    encoder = load_encoder(build.embedding_model, settings)
    report, found = _evaluate(task, table, encoder, _evidence_name)
    return _saved(report.with_meta(site=site, build=build.id), found, settings)


def live_build(site: str, settings: Settings) -> Build:
    """The build that answers on a site; a site without one is an error that names the command."""
    database = open_database(settings.database_location)
    try:
        live = database.sites.get(site).live_build
        if live is None:
            raise NotFoundError(
                f"Site {site} has no live build. Make one: python -m pipelines index SOURCE --site {site}"
            )
        return database.builds.get(live)
    finally:
        database.close()


def _evidence_name(found: Chunk, evidence: Sequence[str]) -> str:
    """The evidence page that this chunk's path ends with, or that ends with it; else the path itself."""
    return next((page for page in evidence if _same_page(found.path, page)), found.path)


def _same_page(left: str, right: str) -> bool:
    return f"/{left}".endswith(f"/{right}") or f"/{right}".endswith(f"/{left}")


Naming = Callable[[Chunk, Sequence[str]], str]


def _evaluate(task: Task, table: BuildTable, encoder: Encoder, name: Naming) -> tuple[Report, list[Result]]:
    judged = [question for question in task.questions if question.id in task.relevant]
    if not judged:
        raise InvalidInputError(f"No question of {task.name} names a document that answers it: nothing to measure.")
    vectors = encoder.encode([question.text for question in judged], "query")
    scores: dict[Mode, Mapping[str, Mapping[str, float]]] = {}
    rankings: dict[Mode, dict[str, list[str]]] = {mode: {} for mode in MODES}
    for mode, ranked in rankings.items():
        for question, vector in zip(judged, vectors, strict=True):
            passages = table.search(Query(question.text, vector, k=_DEPTH, mode=mode))
            ranked[question.id] = _ranking(passages, list(task.relevant[question.id]), name)
        scores[mode] = per_question(ranked, task.relevant)
    meta = {
        "task": task.name,
        "questions": len(judged),
        "question_fingerprint": results.fingerprint(task),
        "chunks": table.rows(),
        "embedding_model": encoder.name,
    }
    found = [_result(question, rankings["fused"][question.id], scores) for question in judged]
    return _report(scores).with_meta(**meta), found


def _result(question: Question, ranking: Sequence[str], scores: Scores) -> Result:
    values = {
        f"{mode}/{measure}": by_question[question.id]
        for mode, measures in scores.items()
        for measure, by_question in measures.items()
    }
    return Result(question.id, question.text, "\n".join(ranking[:_FIRST]), values)


def _saved(report: Report, found: Sequence[Result], settings: Settings) -> Report:
    kept = Results("retrieval", tuple(found[0].scores), tuple(found), report.meta)
    return report.with_meta(results=results.save(kept, settings))


def _ranking(passages: Sequence[Passage], evidence: Sequence[str], name: Naming) -> list[str]:
    return list(dict.fromkeys(name(passage.chunk, evidence) for passage in passages))


def _report(scores: Scores) -> Report:
    figures: dict[str, float] = {}
    intervals: dict[str, Interval] = {}
    for mode, measures in scores.items():
        for measure, values in measures.items():
            figures[f"{mode}/{measure}"] = _mean(values)
            intervals[f"{mode}/{measure}"] = mean_interval(values)
    for other in MODES:
        if other != "fused":
            for measure, values in scores["fused"].items():
                figures[f"fused-{other}/{measure}"] = _mean(values) - _mean(scores[other][measure])
                intervals[f"fused-{other}/{measure}"] = paired_interval(values, scores[other][measure])
    return Report(figures, intervals)


def _mean(values: Mapping[str, float]) -> float:
    return sum(values.values()) / len(values)
