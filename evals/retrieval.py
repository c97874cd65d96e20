"""How good is retrieval: dense, full text and fused, on a BEIR folder or against a site's build."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, get_args

from core.embedder import Encoder, load_encoder
from core.errors import InvalidInputError
from core.knowledge import BuildTable, Knowledge, Mode, Query
from core.records import Chunk
from core.settings import Settings
from evals import results
from evals.builds import site_build
from evals.corpora import corpus_folder, index_corpus
from evals.intervals import Interval, mean_interval, paired_interval
from evals.measures import per_question
from evals.readers import Question, Task, read_task
from evals.report import Report
from evals.results import Result, Results

MODES: tuple[Mode, ...] = get_args(Mode)
_DEPTH = 100  # documents ranked per question
_FIRST = 5  # documents that the results show

Scores = Mapping[Mode, Mapping[str, Mapping[str, float]]]  # mode -> measure -> question -> value


def evaluate_corpus(questions: Path, settings: Settings, *, one_passage: bool = False) -> Report:
    """Questions of a folder or file against the `corpus.jsonl` beside them."""
    task = read_task(questions)
    encoder = load_encoder(settings.embedding_model, settings)
    table = index_corpus(corpus_folder(questions), settings, encoder, one_passage=one_passage)
    report, found = _evaluate(task, table, encoder, _ById(_values(table, "document")))
    return _saved(report, found, settings)


def evaluate_site(questions: Path, site: str, settings: Settings, *, build: str = "live") -> Report:
    """Questions with evidence pages against a site's build of that name."""
    chosen = site_build(site, settings, build)
    task = read_task(questions)
    table = Knowledge(settings.knowledge_location).open(chosen.table)
    encoder = load_encoder(chosen.embedding_model, settings)
    report, found = _evaluate(task, table, encoder, _ByPath(_values(table, "path")))
    return _saved(report.with_meta(site=site, build=chosen.id), found, settings)


class _Pages(Protocol):
    """How a chunk and a judgement name the same page."""

    def of(self, chunk: Chunk) -> str:
        """The chunk's page, as `meant` names it."""

    def meant(self, evidence: str) -> Collection[str]:
        """The pages of the table that a judgement means; none where it is of another corpus."""


@dataclass(frozen=True)
class _ById:
    """A corpus: judgements name its ids."""

    ids: frozenset[str]

    def of(self, chunk: Chunk) -> str:
        return chunk.document

    def meant(self, evidence: str) -> Collection[str]:
        return {evidence} & self.ids


@dataclass(frozen=True)
class _ByPath:
    """A build: judgements name paths, of which one side may lack the first folders."""

    paths: frozenset[str]

    def of(self, chunk: Chunk) -> str:
        return chunk.path

    def meant(self, evidence: str) -> Collection[str]:
        """The path itself, else all that end with it, else the longest that it ends with."""
        if evidence in self.paths:
            return {evidence}
        longer = {path for path in self.paths if path.endswith(f"/{evidence}")}
        shorter = [path for path in self.paths if evidence.endswith(f"/{path}")]
        return longer or {max(shorter, key=len)} if longer or shorter else set()


def _values(table: BuildTable, column: str) -> frozenset[str]:
    return frozenset(table.lance.search().select([column]).to_arrow()[column].unique().to_pylist())


def _evaluate(task: Task, table: BuildTable, encoder: Encoder, pages: _Pages) -> tuple[Report, list[Result]]:
    judged = [question for question in task.questions if question.id in task.relevant]
    if not judged:
        raise InvalidInputError(f"No question of {task.name} names a document that answers it: nothing to measure.")
    names = {page: pages.meant(page) for question in judged for page in task.relevant[question.id]}
    if not any(names.values()):
        raise InvalidInputError(
            f"None of the {len(names):,} pages that {task.name} names as evidence, such as {min(names)}, was indexed: "
            "these questions are about other pages."
        )
    vectors = encoder.encode([question.text for question in judged], "query")
    scores: dict[Mode, Mapping[str, Mapping[str, float]]] = {}
    rankings: dict[Mode, dict[str, list[str]]] = {mode: {} for mode in MODES}
    for mode, ranked in rankings.items():
        for question, vector in zip(judged, vectors, strict=True):
            passages = table.search(Query(question.text, vector, k=_DEPTH, mode=mode))
            named = {page: evidence for evidence in task.relevant[question.id] for page in names[evidence]}
            ranked[question.id] = _ranking([pages.of(passage.chunk) for passage in passages], named)
        scores[mode] = per_question(ranked, task.relevant)
    meta = {
        "task": task.name,
        "questions": len(judged),
        "evidence_pages_not_found": sum(not found for found in names.values()),
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


def _ranking(found: Sequence[str], named: Mapping[str, str]) -> list[str]:
    """The pages found, each once, by the name that a judgement gives them."""
    return list(dict.fromkeys(named.get(page, page) for page in found))


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
