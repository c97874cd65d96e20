"""Stages a build: plan, ingest, chunk, embed, build, verify; what the live build knows is taken over from it.

Nothing here moves a pointer: a staged build answers nobody until it is promoted. Knows no terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from core.database import Database
from core.embedder import Encoder, Tokenizer, load_encoder, load_tokenizer
from core.errors import InvalidInputError
from core.knowledge import Ann, BuildTable, Knowledge
from core.records import Build, IndexedFile, Site, Source
from core.settings import Settings
from core.tracking import Tracking
from pipelines.build import growing, new_build
from pipelines.change import Changes
from pipelines.embed import Known, nothing_known
from pipelines.lease import held
from pipelines.plan import Plan, is_alike, list_sources, plan, shape
from pipelines.pointer import PATIENCE, publishing
from pipelines.report import IndexReport
from pipelines.sandbox import SandboxedParser
from pipelines.sources import redacted
from pipelines.steps import embedded
from pipelines.tally import Tally
from pipelines.web import Remark, mirrored

Watch = Callable[[Tally, int], None]  # is told the tally so far and the number of files

_REASONS = 500  # characters of them, in a sentence for people


@dataclass(frozen=True, slots=True)
class Stores:
    """What an indexing reads from and writes to."""

    database: Database
    knowledge: Knowledge
    tracking: Tracking


@dataclass(frozen=True, slots=True)
class Models:
    """How a step opens its part of the embedding model, in the process that runs the step."""

    open_tokenizer: Callable[[], Tokenizer]
    open_encoder: Callable[[int], Encoder]  # given its number of threads


def models_of(settings: Settings) -> Models:
    """The embedding model that the settings name; an error when there is none of that name."""
    load_tokenizer(settings.embedding_model, settings)  # here and now, not in a process of Ray's
    return Models(
        partial(load_tokenizer, settings.embedding_model, settings),
        partial(_load_encoder, settings),
    )


def _load_encoder(settings: Settings, threads: int) -> Encoder:
    return load_encoder(settings.embedding_model, settings, threads=threads)


@dataclass(frozen=True, slots=True)
class Base:
    """The live build that a new one starts from."""

    build: Build
    table: BuildTable
    files: Sequence[IndexedFile]


def live_base(site: Site, stores: Stores) -> Base | None:
    """The site's live build with its table and files; None before the first."""
    if site.live_build is None:
        return None
    with held(stores.database, publishing(site.id), wait=PATIENCE):  # or a change could fall between the two
        build = stores.database.builds.get(site.live_build)
        return Base(build, stores.knowledge.open(build.table), stores.database.builds.files(build.id))


def changes_of(settings: Settings, stores: Stores) -> Changes:
    """What makes changes between builds, with each build's own embedding model, which it opens once."""
    return Changes(
        stores.database,
        stores.knowledge,
        cache(lambda model: load_tokenizer(model, settings)),
        cache(lambda model: load_encoder(model, settings)),
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """What staging a build has to do, and on what it starts."""

    build: Build
    sources: Sequence[Source]
    base: Base | None
    work: Plan
    tally: Tally
    remarks: Sequence[Remark] = ()  # on pages of websites

    @property
    def is_needed(self) -> bool:
        """Whether anything changed, so that a build would be another one than the live one."""
        return self.base is None or not self.work.is_empty

    def nothing_new(self) -> IndexReport:
        """What to say where it is not: the live build, as it was."""
        if self.base is None:
            raise ValueError("the first build is always needed")
        self.tally.keep(self.work.keep)
        return IndexReport(self.base.build, self.tally, self.tally.total_seconds, self.remarks, is_new=False)


def unwatched(_tally: Tally, _files: int) -> None:
    """Where nobody looks on."""


def plan_build(
    site: str, settings: Settings, stores: Stores, watch: Watch = unwatched, *, force: bool = False
) -> Planned:
    """What a build of all of the site's sources, as they are now, has to do; `force` reads every file anew.

    Websites are fetched for it, and from here on their mirrors are the sources.
    """
    tally = Tally()
    registered = stores.database.sources.of(site)
    if not registered:
        raise InvalidInputError(f"Site {site} has no source: name one with `python -m pipelines index SOURCE`.")
    base = live_base(stores.database.sites.get(site), stores)
    sources, remarks = _fetched(registered, settings, tally, watch, base, anew=force)
    shaped = shape(settings, sources)
    anew = force or base is None or not is_alike(base.build.settings, shaped)
    listed = list_sources(sources, int(settings.max_document_mb * 2**20))
    work = plan(listed, base.files if base else (), stores.database.changes.standing(site), anew=anew)
    applied = base.build.changes_applied if base and not anew else 0
    return Planned(new_build(site, settings.embedding_model, shaped, applied), sources, base, work, tally, remarks)


def _fetched(
    sources: Sequence[Source], settings: Settings, tally: Tally, watch: Watch, base: Base | None, *, anew: bool
) -> tuple[Sequence[Source], Sequence[Remark]]:
    """The sources with websites as their mirrors, and what is to be said of single pages."""

    def fetched() -> None:
        tally.fetched += 1
        watch(tally, 0)

    indexed = {file.source for file in base.files if file.outcome == "added"} if base else ()
    with tally.timed("fetch"):
        return mirrored(sources, settings, fetched, indexed=indexed, anew=anew)


def stage(
    planned: Planned, settings: Settings, stores: Stores, models: Models, watch: Watch, *, parent: str | None = None
) -> IndexReport:
    """The planned build, whole and verified, tracked as a run below `parent`."""
    build, base, work, tally = planned.build, planned.base, planned.work, planned.tally
    tally.expect(work.changed)
    known = _known(base, build, settings)
    with (
        stores.tracking.run(build.site, "build", parent) as run,
        growing(build, stores.database, stores.knowledge, tally) as table,
    ):
        if base and not work.anew:
            table.copy(base.table, work.keep)
        else:
            tally.keep(work.keep)
        files, reader = [file.row() for file in work.read], _reader(planned.sources, settings, models)
        for rows in embedded(files, reader, models.open_encoder, known, settings.ray_address):
            table.add(rows)
            watch(tally, len(work.read))
        _require_documents(planned.sources, tally)
        table.stage(len(work.read), work.deleted, Ann(settings.ann_rows, settings.ann_recall))
        report = IndexReport(build, tally, tally.total_seconds, planned.remarks)
        report.log(run)
    return report


def _known(base: Base | None, build: Build, settings: Settings) -> Callable[[], Known]:
    """How a step looks up vectors of the base, in the process that runs the step; none of another model's."""
    if base is None or _vectors(base.build) != _vectors(build):
        return _open_nothing
    return partial(_open_known, settings.knowledge_location, base.build.table)


def _vectors(build: Build) -> tuple[str, Any]:
    return build.embedding_model, build.settings.get("vectors")


def _open_nothing() -> Known:
    return nothing_known


def _open_known(location: str, table: str) -> Known:
    return Knowledge(location).open(table).vectors


def _reader(sources: Sequence[Source], settings: Settings, models: Models) -> Sequence[Any]:
    parser = partial(SandboxedParser, memory_mb=settings.parse_memory_mb, seconds=settings.parse_seconds)
    return [sources, settings, parser, models.open_tokenizer]


def _require_documents(sources: Sequence[Source], tally: Tally) -> None:
    """A source that gave nothing is a mistake, not a site without pages."""
    given = Counter(file.source for file in tally.indexed if file.outcome == "added")
    for source in sources:
        if not given[source.id]:
            refused = [file for file in tally.refused if file.source == source.id]
            reasons = "; ".join(f"{file.path} {file.reason}" for file in refused)
            place = redacted(source.uri)
            raise InvalidInputError(f"No document of {place} could be read: {reasons[:_REASONS]}", param="source")
