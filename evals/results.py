"""What an evaluation found, question by question, as Parquet under a name: what `evals compare` compares.

A row is a question; each measure is a column, empty where it says nothing about the question. What the whole run
was made with is the file's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from core.durable import Folder
from core.errors import IntegrityError, InvalidInputError, NotFoundError
from core.records import new_id, now
from core.settings import Settings
from evals.readers import Task

Kind = Literal["answers", "retrieval"]

_META = b"frontdesk"
_REMEMBERED = 50  # newest results of a site, among which those of the same conditions are looked for


@dataclass(frozen=True, slots=True)
class Result:
    """One question: what was given (the answer, or the first pages), its scores, and what else is worth a column."""

    id: str
    question: str
    given: str
    scores: Mapping[str, float]
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """All questions of a run, in the order in which they were asked."""

    kind: Kind
    measures: tuple[str, ...]
    rows: tuple[Result, ...]
    meta: Mapping[str, Any]
    figures: Mapping[str, float] = field(default_factory=dict)  # of the run as a whole

    def values(self, measure: str) -> dict[str, float]:
        """Question -> value, for the questions that the measure says something about."""
        return {row.id: row.scores[measure] for row in self.rows if measure in row.scores}


def save(results: Results, settings: Settings) -> str:
    """Keep the results for good; the name to find them by."""
    subject = results.meta.get("site") or results.meta.get("task", "").replace("/", "-").removesuffix(".jsonl")
    name = f"{results.kind}-{subject}-{now():%Y%m%d-%H%M%S}-{new_id()[:4]}"
    with pa.BufferOutputStream() as sink:
        pq.write_table(_table(results), sink, compression="zstd")
        data = sink.getvalue().to_pybytes()
    Folder(_folder(settings)).put(f"{name}.parquet", data, lambda stored: _check(name, stored, len(results.rows)))
    return name


def kept(name: str, settings: Settings) -> bool:
    """Whether there are results of that name."""
    return _file(name, settings).exists()


def load(name: str, settings: Settings) -> Results:
    """Results by their name, or by the path of a file."""
    named = _file(name, settings)
    file = named if named.exists() else Path(name)
    if not file.is_file():
        raise NotFoundError(f"There are no results {name!r}: neither a file nor a name in {_folder(settings)}.")
    try:
        table = pq.read_table(file)
    except pa.ArrowInvalid as error:
        raise InvalidInputError(f"{file} is not a Parquet file: {error}") from error
    if not _about(table.schema):
        raise InvalidInputError(f"{file} holds no results of `evals answers` or `evals retrieval`.")
    return _results(table)


def latest(kind: Kind, conditions: Mapping[str, Any], settings: Settings) -> str | None:
    """The name of the newest results of a site that were found under exactly these conditions."""
    newest = sorted(_folder(settings).glob(f"{kind}-{conditions['site']}-*.parquet"), reverse=True)
    for file in newest[:_REMEMBERED]:
        meta = _about(pq.read_schema(file))["meta"]
        if all(meta.get(name) == value for name, value in conditions.items()):
            return file.stem
    return None


def numbers_only(scores: Mapping[str, Mapping[str, float]]) -> tuple[dict[str, dict[str, float]], list[str]]:
    """The scores without those that are no number, and these by name: failures, and never part of a mean."""
    kept = {
        measure: {question: value for question, value in values.items() if isfinite(value)}
        for measure, values in scores.items()
    }
    flaws = [f"{measure} of {name}" for measure, values in scores.items() for name in values.keys() - kept[measure]]
    return {measure: values for measure, values in kept.items() if values or not scores[measure]}, sorted(flaws)


def fingerprint(task: Task) -> str:
    """The same for the same questions with the same gold, whatever file they stand in."""
    content = [
        [each.id, each.text, [[line.role, line.content] for line in each.history], each.answers, each.answerable]
        for each in sorted(task.questions, key=lambda question: question.id)
    ]
    judged = {question: dict(grades) for question, grades in task.relevant.items()}
    return sha256(json.dumps([content, judged], sort_keys=True).encode()).hexdigest()[:16]


def _folder(settings: Settings) -> Path:
    return settings.home / "evals" / "results"


def _file(name: str, settings: Settings) -> Path:
    return _folder(settings) / f"{name}.parquet"


def _table(results: Results) -> pa.Table:
    columns: dict[str, Any] = {
        "question_id": pa.array([row.id for row in results.rows], pa.string()),
        "question": pa.array([row.question for row in results.rows], pa.string()),
        "given": pa.array([row.given for row in results.rows], pa.string()),
    }
    for measure in results.measures:
        columns[measure] = pa.array([_finite(row.scores.get(measure)) for row in results.rows], pa.float64())
    details = dict.fromkeys(name for row in results.rows for name in row.details)
    columns |= {name: pa.array([row.details.get(name) for row in results.rows]) for name in details}
    about = {
        "kind": results.kind,
        "measures": results.measures,
        "meta": dict(results.meta),
        "figures": dict(results.figures),
    }
    return pa.table(columns).replace_schema_metadata({_META: json.dumps(about).encode()})


def _finite(value: float | None) -> float | None:
    if value is not None and not isfinite(value):
        raise ValueError("a score that is no number is a failure, and is left out before it gets here")
    return value


def _results(table: pa.Table) -> Results:
    about = _about(table.schema)
    measures: Sequence[str] = about["measures"]
    rows = [_row(row, measures) for row in table.to_pylist()]
    return Results(about["kind"], tuple(measures), tuple(rows), about["meta"], about.get("figures", {}))


def _about(schema: pa.Schema) -> dict[str, Any]:
    """What the whole run was made with; nothing where a file holds no results."""
    about: dict[str, Any] = json.loads((schema.metadata or {}).get(_META, b"{}"))
    return about


def _row(row: dict[str, Any], measures: Sequence[str]) -> Result:
    found = {measure: row.pop(measure) for measure in measures}
    scores = {measure: value for measure, value in found.items() if value is not None}
    return Result(row.pop("question_id"), row.pop("question"), row.pop("given"), scores, row)


def _check(name: str, stored: bytes, rows: int) -> None:
    found = pq.read_table(pa.BufferReader(stored)).num_rows
    if found != rows:
        raise IntegrityError(f"{name} holds {found} questions after writing {rows}: evaluate again.")
