"""A build's grade: what was measured on it and on the live build, what each rule of the gate says, and the verdict.

The grading half fills it, the building half obeys and shows it. Holds data and knows no measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.records import Usage


class Verdict(StrEnum):
    """What a rule says of a build, and what all of them together say."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # cannot be said: nothing to measure with, or nothing to compare with


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule of the gate: its name in the file of rules, and what it found, in a sentence with numbers."""

    rule: str
    verdict: Verdict
    said: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure of the new build beside the live one's; the interval is that of the paired difference."""

    name: str
    value: float
    live: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    noise: float | None = None  # of a judge: the standard deviation of the mean, if all were judged again


@dataclass(frozen=True, slots=True)
class Flip:
    """A question on which two builds disagree about what matters, with what each of them gave."""

    id: str
    question: str
    what: str
    a: str
    b: str


@dataclass(frozen=True)
class Grade:
    """How a build did. `baseline` is the build it was compared with; None where there was none to compare with."""

    build: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    measured: tuple[Measured, ...] = ()
    flips: tuple[Flip, ...] = ()
    notes: tuple[str, ...] = ()  # sentences: what the grade cannot say, and why
    baseline: str | None = None
    usage: Usage = field(default_factory=Usage)  # of the agent's model and of the judge
    results: Mapping[str, str] = field(default_factory=dict)  # kind -> the name that `evals compare` takes

    @property
    def may_answer(self) -> bool:
        """Whether the build may go live."""
        return self.verdict is Verdict.PASSED

    def scores(self) -> dict[str, float]:
        """The build's own figures by name."""
        return {each.name: each.value for each in self.measured}
