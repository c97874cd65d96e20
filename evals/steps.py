"""What a grading measures: retrieval, then answers, each on any build; and results that need not be found again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.knowledge import Mode
from core.settings import Settings
from evals import results, retrieval
from evals.progress import Watch
from evals.readers import Task
from evals.report import Report
from evals.results import Kind, Results
from evals.subject import Subject

_FLAWS = ("failed", "judge_failed", "not_a_number")  # in `meta`: such results are measured again


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of measurement: what decides its outcome, and how it is made."""

    kind: Kind
    settings: Settings
    conditions: Callable[[Subject], Mapping[str, Any]]
    measure: Callable[[Subject], Report]

    def take(self, subject: Subject) -> tuple[str, Results]:
        """Measures the build; the results and their name."""
        name = str(self.measure(subject).meta["results"])
        return name, results.load(name, self.settings)

    def known(self, subject: Subject) -> tuple[str, Results] | None:
        """Results that the same measurement gave before, if nothing failed in it."""
        name = results.latest(self.kind, self.conditions(subject), self.settings)
        if name is None:
            return None
        kept = results.load(name, self.settings)
        return None if any(kept.meta.get(flaw) for flaw in _FLAWS) else (name, kept)


def retrieval_step(task: Task, settings: Settings, modes: Sequence[Mode]) -> Step:
    """How well the evidence pages are found."""

    def measure(subject: Subject) -> Report:
        return retrieval.evaluate_build(task, subject, settings, modes=modes)

    return Step("retrieval", settings, lambda subject: retrieval.made_with(task, subject, modes), measure)


def answers_step(task: Task, settings: Settings, watch: Watch) -> Step:
    """How well the agent answers."""
    from evals import answers  # with a judge's client, which takes a second to import: only where one may be asked

    def measure(subject: Subject) -> Report:
        return asyncio.run(answers.evaluate_answers(task, subject, settings, watch=watch))

    return Step("answers", settings, lambda subject: answers.made_with(task, subject, settings), measure)
