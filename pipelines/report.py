"""What an indexing did, for a terminal, for programs and for MLflow; and what builds a site has. Decides nothing."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import starmap
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from core.codec import plain
from core.grades import Grade, Verdict
from core.records import Build, Site
from core.tracking import TrackedRun
from pipelines.tally import Tally
from pipelines.web import Remark

_SHOWN = 20  # failed files on the terminal; MLflow has them all
_NAMED = 3  # files that are ignored for one reason
_SIGNS = {Verdict.PASSED: "[green]✓[/]", Verdict.FAILED: "[red]✗[/]", Verdict.UNKNOWN: "[yellow]?[/]"}
_SCORES = {"fused/hit@5": "hit@5", "fused/MRR": "MRR", "contains_gold": "gold"}  # in a table, and what they are there
_STAGES = {
    "fetch": "websites",
    "copy": "rows of unchanged documents",
    "start": "until the first chunk was embedded: Ray, the model",
    "read": "parsing and chunking, beside the embedding",
    "embed": "",
    "write": "beside the embedding",
    "indices": "full text",
    "ann": "of the vectors, from FRONTDESK_ANN_ROWS chunks on",
    "verify": "rows, ids, indices",
}


@dataclass(frozen=True, slots=True)
class IndexReport:
    """One indexing that came to its end."""

    build: Build
    tally: Tally
    total_seconds: float
    remarks: Sequence[Remark] = ()  # on pages of websites
    is_new: bool = True  # False: nothing had changed, and the build is the one that was live

    def figures(self) -> dict[str, float]:
        """Counts, seconds per stage and the rate, by flat names."""
        seconds = {f"seconds/{stage}": round(spent, 3) for stage, spent in self.tally.seconds.items()}
        rate = (self.tally.counts["chunks/embedded"] + self.tally.counts["chunks/reused"]) / self.total_seconds
        return {**self.tally.outcome, **seconds, "seconds/total": self.total_seconds, "chunks/per_second": rate}

    def told(self) -> dict[str, Any]:
        """Figures and `meta`, in the form that every `--json` has."""
        refused = [{"path": file.path, "outcome": file.outcome, "reason": file.reason} for file in self.tally.refused]
        made = {"site": self.build.site, "build": self.build.id, "is_new": self.is_new}
        remarks = [asdict(remark) for remark in self.remarks]
        meta = {**made, **self.build.settings, "refused": refused, "remarks": remarks}
        return {"figures": self.figures(), "intervals": {}, "meta": meta}

    def log(self, run: TrackedRun) -> None:
        """Into MLflow, with every refused file."""
        run.set_tag("build", self.build.id)
        run.log_params(self.build.settings)
        run.log_metrics(self.figures())
        if refused := self.tally.refused:
            names = ("path", "outcome", "reason")
            run.log_table({name: [getattr(file, name) for file in refused] for name in names}, "refused.json")

    def table(self) -> RenderableType:
        """What was done, what was not and why."""
        summary = self._summary() if self.is_new else self._nothing_new()
        return Group(summary, *self._refusals(), *self._remarked())

    def _nothing_new(self) -> str:
        unchanged = self.tally.counts["documents/unchanged"]
        return (
            f"Nothing changed: site {self.build.site} answers from build {self.build.id} as before, "
            f"with its {unchanged:,} documents ({self.total_seconds:,.1f} s). `--force` reads all of them anew."
        )

    def _summary(self) -> Table:
        table = Table(title=f"Build {self.build.id} of site {self.build.site}", title_justify="left")
        table.show_header = False
        table.add_column("")
        table.add_column("", justify="right")
        table.add_column("", style="dim")
        for name, count in self.tally.counts.items():
            table.add_row(name, f"{count:,}")
        for name, measured in self.tally.measured.items():
            table.add_row(name, f"{measured:,.3f}" if isinstance(measured, float) else f"{measured:,}")
        for stage, spent in self.tally.seconds.items():
            if stage == "fetch" and not self.tally.fetched:
                continue
            table.add_row(stage, f"{spent:,.1f} s", _STAGES[stage])
        rate = self.figures()["chunks/per_second"]
        table.add_row("total", f"{self.total_seconds:,.1f} s", f"{rate:,.1f} chunks a second")
        return table

    def _refusals(self) -> Iterator[str]:
        """Each file that failed, with its reason; of the ignored, which are none by their type, one line a reason."""
        failed = [file for file in self.tally.refused if file.outcome == "failed"]
        yield from (f"[red]✗[/] {escape(file.path)}: {escape(file.reason)}" for file in failed[:_SHOWN])
        if len(failed) > _SHOWN:
            yield f"… and {len(failed) - _SHOWN:,} more, all of them in `refused.json` of the MLflow run."
        ignored = ((file.reason, file.path) for file in self.tally.refused if file.outcome == "ignored")
        yield from starmap(_ignored, _by_reason(ignored))

    def _remarked(self) -> Iterator[str]:
        """What people should know of a website's pages, one line a reason."""
        for reason, urls in _by_reason((remark.reason, remark.url) for remark in self.remarks):
            yield f"[yellow]![/] {escape(_named(urls))}: {escape(reason)}"


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of an indexing: what it did, how its build was graded, and whether that build answers now."""

    report: IndexReport
    grade: Grade | None = None  # None: nothing changed, and so there was nothing to grade
    is_live: bool = True

    def to_json(self) -> str:
        """One object, in the form that every `--json` has."""
        told = self.report.told()
        graded = {"verdict": self.grade.verdict, "findings": plain(self.grade.findings)} if self.grade else {}
        told["figures"] |= self.grade.scores() if self.grade else {}
        told["meta"] |= {"is_live": self.is_live, **graded}
        return json.dumps(told)

    def table(self) -> RenderableType:
        """For a person: what was done, what the gate said, and what to do next."""
        return Group(self.report.table(), *self._findings(), *self._next_steps())

    def _findings(self) -> Iterator[str]:
        for finding in self.grade.findings if self.grade else ():
            yield f"{_SIGNS[finding.verdict]} {escape(finding.rule)}: {escape(finding.said)}"
        yield from (f"[dim]·[/] {escape(note)}" for note in (self.grade.notes if self.grade else ()))

    def _next_steps(self) -> Iterator[str | Text]:
        build, site = self.report.build.id, self.report.build.site
        if self.is_live:
            yield f"Site {site} answers from build {build}." if self.report.is_new else ""
            yield unbroken(f'Ask it:      python -m serving ask "…" --site {site}')
            yield unbroken(f"Measure it:  python -m evals retrieval QUESTIONS --site {site}")
        else:
            yield f"Build {build} is staged; site {site} answers as before."
            yield unbroken(f'Ask it:      python -m serving ask "…" --site {site} --build {build}')
            yield unbroken(f"Publish it:  python -m pipelines promote {build} --site {site}")


def unbroken(text: str) -> Text:
    """A line that is copied from a terminal: whole, however narrow that is."""
    return Text(text, no_wrap=True, overflow="ignore")


def _by_reason(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Reasons with the names of what they are about, the most frequent first."""
    names: dict[str, list[str]] = defaultdict(list)
    for reason, name in pairs:
        names[reason].append(name)
    return sorted(names.items(), key=lambda item: -len(item[1]))


def _ignored(reason: str, paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
    return f"[dim]·[/] {len(paths):,} ignored ({escape(shown)}): {escape(reason)}"


def _named(urls: Sequence[str]) -> str:
    shown = ", ".join(urls[:_NAMED])
    return f"{len(urls):,} pages ({shown}, …)" if len(urls) > _NAMED else shown


def builds_table(site: Site, builds: Sequence[Build]) -> Table:
    """A site's builds, newest first, and which of them is live; some of their scores, of which `--json` has all."""
    table = Table(title=f"Site {site.id}", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("build", min_width=22, overflow="fold")
    table.add_column("status", no_wrap=True)
    for name in ("documents", "chunks", "size"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("scores", no_wrap=True)
    for build in builds:
        status = "[green]live[/]" if build.id == site.live_build else build.status
        verdict = f"\n{_SIGNS[Verdict(build.verdict)]} {build.verdict}" if build.verdict else ""
        table.add_row(f"{build.id}{_promoted(build)}", f"{status}{verdict}", *_facts(build))
    return table


def _facts(build: Build) -> Iterator[str]:
    """What a table of builds says of each."""
    counts: Counter[str] = Counter(build.counts)
    documents = sum(counts[f"documents/{outcome}"] for outcome in ("added", "changed", "unchanged"))
    chunks = counts["chunks/embedded"] + counts["chunks/reused"]
    failed = f"\n{counts['documents/failed']:,} failed" if counts["documents/failed"] else ""
    yield f"{documents:,}{failed}"
    yield f"{chunks:,}\n{counts['chunks/embedded']:,} new"
    yield f"{build.settings.get('chunk_tokens')}/{build.settings.get('chunk_overlap')}"
    yield "\n".join(f"{short:<6}{build.scores[name]:.2f}" for name, short in _SCORES.items() if name in build.scores)


def _promoted(build: Build) -> str:
    """When and by whom, beneath the build."""
    return f"\n[dim]{build.promoted_at:%m-%d %H:%M} {escape(build.promoted_by or '')}[/]" if build.promoted_at else ""


def builds_json(sites: Iterable[tuple[Site, Sequence[Build]]]) -> str:
    """The same for programs."""
    return json.dumps({site.id: {"live_build": site.live_build, "builds": _rows(builds)} for site, builds in sites})


def _rows(builds: Sequence[Build]) -> list[dict[str, Any]]:
    return [plain(build) for build in builds]
