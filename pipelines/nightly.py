"""A night: sync sources, stage, grade, promote or keep, drop old builds, export conversations, and tell people.

Run it with `python -m pipelines nightly --site NAME`. However it ends, something whole is live; what fails beside the
build undoes nothing and is told. Knows no measure and no terminal: grading is passed in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from core.conversations import Conversations
from core.database import named_build
from core.discord import Webhook
from core.errors import FrontdeskError, NotFoundError
from core.grades import Grade
from core.records import Build, BuildStatus, now
from core.settings import Settings
from core.tracking import TrackedRun
from pipelines.difference import between
from pipelines.export import export_once
from pipelines.index import Grading, building, drop_superfluous, renew
from pipelines.lease import held
from pipelines.night import Night, Outcome
from pipelines.night_message import message_of
from pipelines.night_report import html_of, markdown_of
from pipelines.report import Renewal
from pipelines.site import write_whole
from pipelines.sources import redacted
from pipelines.stage import Models, Stores, Watch, changes_of, plan_build

_log = logging.getLogger(__name__)


def nightly(site: str, settings: Settings, stores: Stores, models: Models, watch: Watch, *, grade: Grading) -> Night:
    """The site's night, told in its report; ConflictError, and nothing done, where another process indexes the site."""
    began = now()
    name = f"nightly {began:%Y-%m-%d %H:%M:%S}"
    stores.database.sites.get(site)  # no lease and no run for a site that there is not
    with held(stores.database, building(site)), stores.tracking.run(site, name) as run:
        before = stores.database.sites.get(site).live_build
        shift = _Shift(settings, stores, run)
        night = Night(site, began, before, run=run.id, tracking=_shown(stores.tracking.uri))
        night = shift.renewed(night, models, watch, grade)
        night = shift.beside("compare", shift.compared, night, before)
        night = shift.beside("drop", shift.tidied, night)
        night = shift.beside("export", shift.exported, night)
        night = shift.timed(night)
        night = shift.beside("report", shift.written, night)
        night = shift.beside("message", shift.told, night)
        return shift.beside("log", shift.logged, night)


def report_files(night: Night, settings: Settings) -> dict[str, Path]:
    """Where the night's report lies, by its form."""
    folder = settings.report_folder(night.site)
    return {form: folder / f"{night.name}.{form}" for form in ("html", "md")}


@dataclass(frozen=True)
class _Shift:
    """What a night works with, and its steps; each is given the night as it is so far, and tells what it has become."""

    settings: Settings
    stores: Stores
    run: TrackedRun
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=perf_counter)

    def beside(self, what: str, step: Callable[..., Night], night: Night, *more: object) -> Night:
        """A step that is not the build: one that fails is told, and undoes nothing."""
        try:
            with self._counting(what):
                return step(night, *more)
        except Exception as error:  # noqa: BLE001 - a full disk or a server away must not cost what was achieved
            _log.exception("The night's step %r failed", what)
            return night.warned(f"The step `{what}` failed: {_reason(error)}")

    def renewed(self, night: Night, models: Models, watch: Watch, grade: Grading) -> Night:
        """A new build, live if its grade allows it; none where nothing changed. A failure is the night's."""
        database = self.stores.database
        sources = tuple(redacted(source.uri) for source in database.sources.of(night.site))
        try:
            night = self._renewed(night, models, watch, self._timing(grade))
        except Exception as error:  # noqa: BLE001 - whatever it is, people are told in the morning
            _log.exception("The night of site %s failed", night.site)
            night = replace(night, failure=_reason(error))
        return replace(night, sources=sources, live=database.sites.get(night.site).live_build)

    def _renewed(self, night: Night, models: Models, watch: Watch, grade: Grading) -> Night:
        changes_of(self.settings, self.stores).catch_up(night.site)
        planned = plan_build(night.site, self.settings, self.stores, watch)
        if planned.is_needed:
            where = (self.settings, self.stores, models, watch, self.run)
            return replace(night, renewal=renew(planned, *where, grade=grade, go_live=True, by="nightly"))
        report = planned.nothing_new()
        graded, note = self._graded_late(report.build, grade)
        return replace(night, renewal=Renewal(report, graded), notes=(note,) if note else ())

    def _graded_late(self, live: Build, grade: Grading) -> tuple[Grade | None, str]:
        """A live build that was never graded is graded now, so that the next one has something to be compared with."""
        if live.verdict is None:
            graded = grade(live, None, self.run.id)
            self.stores.database.builds.grade(live.id, graded)
            return graded, f"Build {live.id} was live and had never been graded: it was now, and stays live either way."
        if _changed_at(self.settings.site_folder(live.site) / "golden.jsonl") > (live.promoted_at or live.created_at):
            said = "was graded by other golden questions than the site has now; the next build is graded by these."
            return None, f"Build {live.id} {said}"
        return None, ""

    def compared(self, night: Night, before: str | None) -> Night:
        """What the new build has differently."""
        if night.build is None or before is None:
            return night
        database = self.stores.database
        one, other = database.builds.get(before), database.builds.get(night.build)
        return replace(night, difference=between(one, other, database, self.stores.knowledge))

    def tidied(self, night: Night) -> Night:
        """Old builds dropped, and what there is to roll back to."""
        dropped = drop_superfluous(night.site, self.settings, self.stores)
        builds = self.stores.database.builds.of(night.site)
        has_table = (BuildStatus.STAGED, BuildStatus.PROMOTED)
        night = replace(night, dropped=tuple(dropped), kept=tuple(b.id for b in builds if b.status in has_table))
        with suppress(NotFoundError):  # there may be none
            night = replace(night, rollback_to=named_build(self.stores.database, night.site, "previous").id)
        return night

    def exported(self, night: Night) -> Night:
        """Every turn that has ended, in Parquet."""
        turns = export_once(self.stores.database, Conversations(self.settings.conversations_location))
        return replace(night, exported=turns)

    def timed(self, night: Night) -> Night:
        """The seconds that it took so far, and whether they can be kept."""
        if not self.run.is_tracked:
            night = night.warned("MLflow failed, so not all of this night stands there; the log says why.")
        return replace(night, seconds=dict(self.seconds), total_seconds=perf_counter() - self.started)

    def written(self, night: Night) -> Night:
        """The report, in its files."""
        files = report_files(night, self.settings)
        files["html"].parent.mkdir(parents=True, exist_ok=True)
        write_whole(files["html"], html_of(night))
        write_whole(files["md"], markdown_of(night))
        return night

    def told(self, night: Night) -> Night:
        """The message to Discord, where a webhook is set; a report that it did not arrive."""
        webhook = self.settings.discord_webhook
        if webhook is None:
            return night
        try:
            Webhook(webhook).send(message_of(night))
        except FrontdeskError as error:
            return self.written(night.warned(f"Discord was not told: {error.message}"))
        return night

    def logged(self, night: Night) -> Night:
        """The night in MLflow, with its report."""
        self.run.set_tag("outcome", night.outcome)
        self.run.log_metrics(night.figures())
        self.run.log_text(html_of(night), "report.html")
        self.run.log_text(markdown_of(night), "report.md")
        if night.outcome is Outcome.FAILED:
            self.run.mark_failed()
        return night

    def _timing(self, grade: Grading) -> Grading:
        def timed(build: Build, live: Build | None, run: str | None) -> Grade:
            with self._counting("grade"):
                return grade(build, live, run)

        return timed

    @contextmanager
    def _counting(self, what: str) -> Iterator[None]:
        began = perf_counter()
        try:
            yield
        finally:
            self.seconds[what] = perf_counter() - began


def _shown(tracking: str) -> str:
    """A file's address holds no secret, and all of its slashes count."""
    return tracking if tracking.startswith("sqlite:") else redacted(tracking)


def _changed_at(file: Path) -> datetime:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.min.replace(tzinfo=UTC)


def _reason(error: Exception) -> str:
    """In words for people; what a library says may hold a secret, so the log alone has it."""
    match error:
        case FrontdeskError():
            return error.message
        case OSError() if error.strerror:
            return f"{error.strerror} ({type(error).__name__})."
        case _:
            return f"{type(error).__name__}; the log has the rest."
