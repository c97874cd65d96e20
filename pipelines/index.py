"""Documents become knowledge: plan, stage, grade, promote, drop what is old.

Run it with `python -m pipelines index SOURCE --site NAME`; a nightly is the same with more to say. Until the last
step what is live stays live, however the run ends. Knows no terminal, and no measure: grading is passed in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from core.database import Database
from core.grades import Grade, Verdict
from core.records import Build
from core.settings import Settings
from core.tracking import TrackedRun
from pipelines.cleanup import drop_old
from pipelines.lease import held
from pipelines.pointer import follow, promote
from pipelines.report import Renewal
from pipelines.stage import Models, Planned, Stores, Watch, changes_of, plan_build, stage
from pipelines.web import drop_mirrors

Grading = Callable[[Build, Build | None, str | None], Grade]  # of a staged build, beside the live one, below a run


def ungraded(build: Build, _live: Build | None, _parent: str | None) -> Grade:
    """The grade of a build that nobody measured: it may answer, and says that it was not measured."""
    return Grade(build.id, Verdict.PASSED, notes=("Nothing was measured.",))


def index(
    site: str,
    settings: Settings,
    stores: Stores,
    models: Models,
    watch: Watch,
    *,
    grade: Grading = ungraded,
    force: bool = False,
    go_live: bool = True,
    by: str = "index",
) -> Renewal:
    """A new build of all of the site's sources, live when this returns if its grade allows it and `go_live` is set.

    None where nothing changed, unless forced. ConflictError where another process indexes the site.
    """
    with held(stores.database, building(site)):
        planned = plan_build(site, settings, stores, watch, force=force)
        if not planned.is_needed:
            drop_superfluous(site, settings, stores)
            return Renewal(planned.nothing_new())
        with stores.tracking.run(site, planned.build.id) as run:
            outcome = renew(planned, settings, stores, models, watch, run, grade=grade, go_live=go_live, by=by)
        drop_superfluous(site, settings, stores)
        return outcome


def renew(
    planned: Planned,
    settings: Settings,
    stores: Stores,
    models: Models,
    watch: Watch,
    run: TrackedRun,
    *,
    grade: Grading,
    go_live: bool,
    by: str,
) -> Renewal:
    """Stages the planned build, has it graded, and lets it answer if its grade allows it and `go_live` is set."""
    report = stage(planned, settings, stores, models, watch, parent=run.id)
    build, live = report.build, planned.base.build if planned.base else None
    run.set_tag("build", build.id)
    apply = changes_of(settings, stores).apply
    follow(build, stores.database, stores.knowledge, apply)  # or it would be graded without what was put meanwhile
    graded = grade(stores.database.builds.get(build.id), live, run.id)
    stores.database.builds.grade(build.id, graded)
    run.set_tag("verdict", graded.verdict)
    if not (go_live and graded.may_answer):
        return Renewal(report, graded, is_live=False)
    expected = live.id if live else None
    promote(build.site, build.id, stores.database, stores.knowledge, apply, by=by, expected=expected)
    return Renewal(report, graded)


def drop_superfluous(site: str, settings: Settings, stores: Stores) -> list[str]:
    """Drops the builds that the settings do not keep, and the mirrors of removed sources; the ids of those builds."""
    drop_mirrors(settings, lambda: _registered(stores.database))
    grace = timedelta(seconds=settings.grace_seconds)
    return drop_old(site, stores.database, stores.knowledge, keep=settings.keep_builds, grace=grace)


def _registered(database: Database) -> set[str]:
    return {source.id for site in database.sites.list() for source in database.sources.of(site.id)}


def building(site: str) -> str:
    """The lease of the one process that may build for a site."""
    return f"Indexing of site {site}"
