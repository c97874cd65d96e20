"""Grades a staged build: is it whole, is it found, does it answer, each beside the live build; then asks the gate.

`light` costs about a second and is what `index` wants; `full` asks the agent every golden question, for a nightly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.errors import FrontdeskError
from core.grades import Finding, Grade, Measured, Verdict
from core.knowledge import Mode
from core.records import Build, Usage
from core.settings import Settings
from evals import tracked
from evals.comparison import other_corpora
from evals.gate import NAMES, Pair, findings, measured, paired, verdict
from evals.golden import with_pins
from evals.progress import Watch, silent
from evals.readers import Task, read_questions
from evals.results import Results
from evals.retrieval import MODES
from evals.rules import Rules, rules_of
from evals.steps import Step, answers_step, retrieval_step
from evals.subject import Subject, subject_of
from pipelines.index import Grading
from pipelines.stage import Stores

_OTHER_SOURCES = (
    "The new build is of other sources than the live build, so the two are incomparable: a difference would not say "
    "which is better. Ask it, and if it answers as it should, publish it by hand; the next build is compared with it. "
    'Or set baseline.incomparable = "promote" in the site\'s gate.toml.'
)
_FAST: tuple[Mode, ...] = ("fused",)  # the search that the agent uses


def light(site: str, settings: Settings, stores: Stores) -> Grading:
    """Whether a build of the site is whole, and its pages are found as well as the live one's."""
    return Grader(site, settings, stores, rules_of(site, settings))


def full(site: str, settings: Settings, stores: Stores, watch: Watch = silent) -> Grading:
    """The same by every kind of search, and the answers to all golden questions, judged where there is a judge."""
    return Grader(site, settings, stores, rules_of(site, settings), MODES, watch)


@dataclass
class Found:
    """What a grading has found so far."""

    findings: list[Finding] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    missing: bool = False  # there is nothing to compare with

    @property
    def measured(self) -> tuple[Measured, ...]:
        """All figures."""
        return tuple(each for pair in self.pairs for each in measured(pair))


@dataclass(frozen=True)
class Grader:
    """Grades builds of one site by its rules; the answers too where somebody watches them being asked."""

    site: str
    settings: Settings
    stores: Stores
    rules: Rules
    modes: Sequence[Mode] = _FAST
    watch: Watch | None = None

    def __call__(self, build: Build, live: Build | None, parent: str | None) -> Grade:
        """The build's grade, and its runs below `parent`."""
        found = Found([self._integrity(build)], missing=live is None)
        if found.findings[0].verdict is Verdict.PASSED:
            self._measure(build, live, parent, found)
        else:
            found.notes.append("Nothing was measured, as the build is not whole.")
        grade = self._grade(build, live, found)
        with self.stores.tracking.run(self.site, "gate", parent) as run:
            tracked.log_gate(run, grade, self.rules)
        return grade

    def _integrity(self, build: Build) -> Finding:
        """As the table is now: what was whole when it was staged may not be so any more."""
        rows = sum(file.chunks for file in self.stores.database.builds.files(build.id))
        try:
            self.stores.knowledge.open(build.table).verify(rows)
        except FrontdeskError as error:
            return Finding("integrity", Verdict.FAILED, error.message)
        said = f"{rows:,} rows went in and came out, every id once, every row in every index."
        return Finding("integrity", Verdict.PASSED, said)

    def _measure(self, build: Build, live: Build | None, parent: str | None, found: Found) -> None:
        try:
            task = self._golden()
        except FrontdeskError as error:
            found.findings.append(Finding("golden", Verdict.FAILED, error.message))
            return
        if not task.questions:
            found.missing = True
            found.notes.append(_no_questions(self.site))
            return
        builds = self.stores.database.builds
        new = subject_of(build, self.stores.database)
        old = subject_of(builds.get(live.id), self.stores.database) if live else None  # a change may have come since
        for step in self._steps(task, found.notes):
            try:
                self._take(step, new, old, parent, found)
            except FrontdeskError as error:  # what cannot be measured does not pass for good
                found.findings.append(Finding(step.kind, Verdict.FAILED, error.message))

    def _golden(self) -> Task:
        file = self.settings.site_folder(self.site) / "golden.jsonl"
        task = read_questions(file) if file.exists() else Task(self.site, (), {})
        return with_pins(task, self.stores.database.pins.of(self.site))

    def _steps(self, task: Task, notes: list[str]) -> Iterator[Step]:
        if task.relevant:
            yield retrieval_step(task, self.settings, self.modes)
        else:
            notes.append("No golden question names its evidence: how well pages are found was not measured.")
        if self.watch is None:
            notes.append("No answer was asked for; a nightly does that.")
            return
        if self.settings.judge_model is None:
            notes.append("Nobody judged the answers: RAGAS's figures need FRONTDESK_JUDGE_MODEL.")
        yield answers_step(task, self.settings, self.watch)

    def _take(self, step: Step, new: Subject, old: Subject | None, parent: str | None, found: Found) -> None:
        """The new build measured, the live one beside it, and what the rules say of the two."""
        pair = self._beside(step, self._tracked(step, new, parent, found, step.kind), old, parent, found)
        found.pairs.append(pair)
        found.findings.extend(findings(pair, self.rules))

    def _beside(self, step: Step, new: Results, old: Subject | None, parent: str | None, found: Found) -> Pair:
        if old is None:
            return Pair(new, unknown=f"Site {self.site} has no live build to compare with.")
        if other_corpora(old.meta(), new.meta, NAMES):
            return Pair(new, unknown=_OTHER_SOURCES, refused=True)
        if known := step.known(old):
            found.results[f"{step.kind}/live"], live = known
            return paired(new, live)
        try:
            return paired(new, self._tracked(step, old, parent, found, f"{step.kind}/live"))
        except FrontdeskError as error:
            return Pair(new, unknown=f"The live build cannot be measured: {error.message}", refused=True)

    def _tracked(self, step: Step, subject: Subject, parent: str | None, found: Found, name: str) -> Results:
        with self.stores.tracking.run(self.site, name, parent) as run:
            found.results[name], results = step.take(subject)
            tracked.log_results(run, results)
        found.usage = _sum(found.usage, results)
        return results

    def _grade(self, build: Build, live: Build | None, found: Found) -> Grade:
        refused = any(pair.refused for pair in found.pairs)
        compared = any(pair.comparison for pair in found.pairs)
        return Grade(
            build.id,
            verdict(found.findings, self.rules, missing=found.missing, refused=refused),
            tuple(found.findings),
            found.measured,
            tuple(flip for pair in found.pairs if pair.comparison for flip in pair.comparison.flips),
            tuple(found.notes),
            live.id if live and compared else None,
            found.usage,
            found.results,
        )


def _no_questions(site: str) -> str:
    return (
        f"Site {site} has no golden questions: the build is whole, but whether its pages are found and its answers are "
        f"right cannot be said. Draft some from its own pages: python -m evals questions --site {site}"
    )


def _sum(usage: Usage, results: Results) -> Usage:
    """The usage with what the agent's model and the judge took for these results."""
    taken = [
        int(sum(results.values(f"tokens/{way}").values()) + results.figures.get(f"judge/tokens/{way}", 0))
        for way in ("input", "output")
    ]
    return Usage(usage.input_tokens + taken[0], usage.output_tokens + taken[1])
