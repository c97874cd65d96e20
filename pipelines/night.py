"""What became of one night: the record that every report, message and exit code is made from. Decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from rich.console import Group, RenderableType
from rich.text import Text

from core.codec import plain
from core.grades import Grade, Verdict
from pipelines.difference import Difference
from pipelines.report import IndexReport, Renewal, unbroken


class Outcome(StrEnum):
    """How a night ended, in one word."""

    PROMOTED = "promoted"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    UNSURE = "unsure"
    FAILED = "failed"


EXIT_CODES = {Outcome.PROMOTED: 0, Outcome.UNCHANGED: 0, Outcome.FAILED: 1, Outcome.REFUSED: 3, Outcome.UNSURE: 4}
EXIT_UNDER_WAY = 75  # EX_TEMPFAIL of sysexits.h: try again later

_HEADLINES = {
    Outcome.PROMOTED: "Promoted: site {site} answers from build {live}.",
    Outcome.UNCHANGED: "Nothing changed: site {site} answers from build {live} as before.",
    Outcome.REFUSED: "Kept: the gate refused build {build}. {stays}",
    Outcome.UNSURE: "Kept: the gate could not say whether build {build} may answer. {stays}",
    Outcome.FAILED: "Failed: nothing was published. {stays}",
}


@dataclass(frozen=True)
class Night:
    """One nightly run of a site. What is None was not done, or did not get that far."""

    site: str
    began: datetime
    live: str | None  # the build that answers now
    sources: tuple[str, ...] = ()  # without their secrets
    renewal: Renewal | None = None
    failure: str | None = None  # why there is no renewal
    difference: Difference | None = None  # from what was live to the new build
    kept: tuple[str, ...] = ()  # builds that still have their table
    dropped: tuple[str, ...] = ()
    exported: int | None = None  # turns
    rollback_to: str | None = None  # the build that `rollback` would let answer
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  # what went wrong beside the build, and undid nothing
    seconds: Mapping[str, float] = field(default_factory=dict)  # beside those of the build
    total_seconds: float = 0.0
    run: str | None = None  # in MLflow
    tracking: str = ""  # where that MLflow is, without its secrets

    @property
    def outcome(self) -> Outcome:
        """The night in one word."""
        if self.renewal is None:
            return Outcome.FAILED
        if not self.renewal.report.is_new:
            return Outcome.UNCHANGED
        if self.renewal.is_live:
            return Outcome.PROMOTED
        return Outcome.REFUSED if self.grade and self.grade.verdict is Verdict.FAILED else Outcome.UNSURE

    @property
    def report(self) -> IndexReport | None:
        """What the indexing did."""
        return self.renewal.report if self.renewal else None

    @property
    def grade(self) -> Grade | None:
        """What the gate said of the new build, or of the live one where there is no new one and none had been said."""
        return self.renewal.grade if self.renewal else None

    @property
    def build(self) -> str | None:
        """The build that was made; None where none was."""
        return self.report.build.id if self.report and self.report.is_new else None

    @property
    def name(self) -> str:
        """What its files are called: names sort by time."""
        return self.build or f"{self.began:%Y%m%d-%H%M%S}"

    @property
    def headline(self) -> str:
        """The verdict in a sentence or two."""
        answers = f"answers from build {self.live} as before" if self.live else "has no live build yet"
        stays = f"Site {self.site} {answers}."
        return _HEADLINES[self.outcome].format(site=self.site, live=self.live, build=self.build, stays=stays)

    def warned(self, warning: str) -> Self:
        """The night with one more thing that went wrong beside the build."""
        return replace(self, warnings=(*self.warnings, warning))

    def all_seconds(self) -> dict[str, float]:
        """Seconds per stage: those of the build, then those of the rest."""
        return {**(self.report.tally.seconds if self.report else {}), **self.seconds}

    def figures(self) -> dict[str, float]:
        """Counts, scores, tokens and seconds, by flat names."""
        counted: dict[str, float] = {} if self.report is None else self.report.figures()
        counted |= {f"seconds/{name}": round(spent, 3) for name, spent in self.seconds.items()}
        counted |= {"seconds/total": round(self.total_seconds, 3), "builds/dropped": len(self.dropped)}
        counted |= {"warnings": len(self.warnings)}
        if self.exported is not None:
            counted["turns/exported"] = self.exported
        if self.grade:
            usage = self.grade.usage
            counted |= {"tokens/input": usage.input_tokens, "tokens/output": usage.output_tokens}
            counted |= self.grade.scores()
            found = self.grade.measured
            counted |= {f"difference/{each.name}": each.difference for each in found if each.difference is not None}
        return counted

    def table(self, files: Mapping[str, str]) -> RenderableType:
        """For a terminal: the verdict, what went wrong, and what was done; `files` are those that were written."""
        wrong = [*([self.failure] if self.failure else []), *self.warnings]
        told = [Text.assemble(("✗ ", "red"), each) for each in wrong] + [Text(note, "dim") for note in self.notes]
        where = [unbroken(f"Report: {files['html']}")] if "html" in files else []
        return Group(Text(self.headline, "bold"), *told, *([self.renewal.table()] if self.renewal else []), *where)

    def to_json(self, files: Mapping[str, str]) -> str:
        """One object, in the form that every `--json` has; `files` says where the reports are."""
        found = self.grade.measured if self.grade else ()
        intervals = {f"difference/{each.name}": each.interval for each in found if each.interval}
        return json.dumps({"figures": plain(self.figures()), "intervals": plain(intervals), "meta": self._meta(files)})

    def _meta(self, files: Mapping[str, str]) -> dict[str, Any]:
        made = self.report.told()["meta"] if self.report else {}
        graded = {"verdict": self.grade.verdict, "findings": plain(self.grade.findings)} if self.grade else {}
        told = {name: plain(getattr(self, name)) for name in ("site", "build", "live", "failure", "kept", "dropped")}
        rest = {"notes": list(self.notes), "warnings": list(self.warnings), "run": self.run, "files": dict(files)}
        return {**made, **graded, **told, **rest, "outcome": self.outcome, "headline": self.headline}
