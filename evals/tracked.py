"""Results and grades as MLflow runs: figures to chart, questions as tables, the data they come from with digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.codec import plain
from core.grades import Grade
from core.settings import Settings
from core.tracking import TrackedRun, Tracking
from evals.report import Report
from evals.results import Results, load
from evals.rules import Rules

_TAGS = ("site", "build")
_TOLD = 6  # of a build's id, whose end is its own
_FAILURES = ("failed", "judge_failed", "not_a_number")


def record(report: Report, settings: Settings) -> None:
    """What a person had measured on a site, as a run of the site's experiment."""
    results = load(str(report.meta["results"]), settings)
    build = str(report.meta["build"])
    name = f"{results.kind} {build[-_TOLD:]}"  # two of them stand side by side on MLflow's pages, which cut names short
    with Tracking(settings.tracking_location).run(str(report.meta["site"]), name) as run:
        log_results(run, results)


def log_results(run: TrackedRun, results: Results) -> None:
    """A run of `evals retrieval` or `evals answers`: what it was made with, every figure, every question."""
    meta = results.meta
    for tag in _TAGS:
        if tag in meta:
            run.set_tag(tag, str(meta[tag]))
    run.set_tag("kind", results.kind)
    made_with = {name: value for name, value in meta.items() if isinstance(value, str | int | float)}
    run.log_params({name: value for name, value in made_with.items() if name not in _TAGS})
    run.log_metrics(results.figures)
    run.log_dataset(str(meta["task"]), str(meta["question_fingerprint"]), "evaluation", questions=len(results.rows))
    if corpus := meta.get("corpus_fingerprint"):
        run.log_dataset(f"corpus of {meta.get('site', meta['task'])}", str(corpus), "knowledge")
    run.log_table(_questions(results), "questions.json")
    for failures in _FAILURES:
        if meta.get(failures):
            run.log_table({failures: list(meta[failures])}, f"{failures}.json")


def log_gate(run: TrackedRun, grade: Grade, rules: Rules) -> None:
    """The verdict, what each rule found, the differences with their bounds, and the questions that flipped."""
    run.set_tag("build", grade.build)
    run.set_tag("verdict", grade.verdict)
    if grade.baseline:
        run.set_tag("baseline", grade.baseline)
    run.log_metrics(_differences(grade))
    run.log_table(_columns(grade.findings, "rule", "verdict", "said"), "findings.json")
    if grade.flips:
        run.log_table(_columns(grade.flips, "id", "question", "what", "a", "b"), "flips.json")
    if grade.notes:
        run.log_text("\n".join(grade.notes), "notes.txt")
    run.log_text(rules.model_dump_json(indent=2), "rules.json")


def _differences(grade: Grade) -> dict[str, float]:
    """`FIGURE/difference` with its bounds, `FIGURE/low` and `FIGURE/high`: MLflow shows the three side by side."""
    found: dict[str, float] = {}
    for each in grade.measured:
        if each.difference is not None:
            found[f"{each.name}/difference"] = each.difference
        if each.interval is not None:
            found[f"{each.name}/low"], found[f"{each.name}/high"] = each.interval
    return found


def _questions(results: Results) -> dict[str, list[Any]]:
    """A column a measure; what a measure says nothing about stays empty."""
    columns: dict[str, list[Any]] = {
        "id": [row.id for row in results.rows],
        "question": [row.question for row in results.rows],
        "given": [row.given for row in results.rows],
    }
    if any(row.details.get("gold") for row in results.rows):
        columns["gold"] = [" / ".join(row.details.get("gold") or ()) for row in results.rows]
    for measure in results.measures:
        columns[measure] = [row.scores.get(measure) for row in results.rows]
    return columns


def _columns(rows: Sequence[Any], *names: str) -> Mapping[str, list[Any]]:
    return {name: [plain(getattr(row, name)) for row in rows] for name in names}
