"""Retrieval for the agent: the site's live build, followed as its pointer moves and as its table changes.

Knows no agent and no Ray.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from time import monotonic
from typing import Protocol, TypeVar

from core.errors import NotFoundError
from core.knowledge import BuildTable, Knowledge
from core.records import Build, Message, Site
from core.similarity import STRANGERS, zero_of
from serving.agent.state import Retrieved
from serving.closeness import likeness, needed
from serving.context import asked, understood
from serving.embedding import Embed
from serving.spelling import spelled
from serving.vocabulary import Vocabulary, read_vocabulary

R = TypeVar("R")

_FRESH = 1.0  # seconds that a site's pointer is believed; a promotion is followed within twice that


class Sites(Protocol):
    """The part of the database that knows which build is live; synchronous."""

    def get(self, site: str) -> Site:
        """The site, or NotFoundError."""


class Builds(Protocol):
    """The part of the database that knows builds; synchronous."""

    def get(self, build: str) -> Build:
        """The build, or NotFoundError."""


class RecentSites:
    """Sites as the database had them no more than a second ago."""

    def __init__(self, sites: Sites, threads: Executor, clock: Callable[[], float] = monotonic) -> None:
        self._sites = sites
        self._threads = threads
        self._clock = clock
        self._seen: dict[str, tuple[float, Site]] = {}

    async def get(self, site: str) -> Site:
        """The site, read again where what is known is too old."""
        read_at, seen = self._seen.get(site, (-_FRESH, None))
        if seen is None or self._clock() - read_at >= _FRESH:
            seen = await asyncio.get_running_loop().run_in_executor(self._threads, self._sites.get, site)
            self._seen[site] = (self._clock(), seen)
        return seen

    def last(self, site: str) -> Site:
        """The site as `get` returned it last."""
        return self._seen[site][1]

    def read_at(self, site: str) -> float:
        """When that was read, by the clock."""
        return self._seen[site][0]


@dataclass(frozen=True)
class OpenBuild:
    """A build with its table open."""

    build: Build
    table: BuildTable
    table_version: int  # asking the table for it blocks

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Its words; reading them blocks, once."""
        return read_vocabulary(self.table)


class LiveRetriever:
    """Passages from the build that is live when asked; from `pinned` instead where one is given."""

    def __init__(
        self,
        *,
        sites: RecentSites,
        builds: Builds,
        knowledge: Knowledge,
        embed: Embed,
        threads: Executor,
        passages: int,
        pinned: str | None = None,
    ) -> None:
        self._sites = sites
        self._builds = builds
        self._knowledge = knowledge
        self._embed = embed
        self._threads = threads
        self._passages = passages
        self._pinned = pinned
        self._open: dict[str, OpenBuild] = {}  # by site
        self._as_of: dict[str, float] = {}  # by site, when it was read that its build was opened for
        self._zeros: dict[str, float] = {}  # by embedding model
        self._needed: dict[str, float] = {}  # by build: the likeness that it asks for

    async def __call__(self, site: str, question: str, history: Sequence[Message] = ()) -> Retrieved:
        """The best passages for `question`, as it is meant after `history`, all from one build, which is named."""
        live = await self.live(site)
        meant = await self._in_thread(lambda: spelled(question, live.vocabulary))
        model, whole = live.build.embedding_model, asked(meant.question, history)
        vectors = await self._embed(model, whole.texts)
        zero = await self._zero(model)

        def search() -> Retrieved:
            query = meant.beside(understood(whole, vectors, live.table, zero))
            found = live.table.search(replace(query, k=self._passages))
            needed = self._asked_by(live, zero)
            closeness = likeness(found, zero) - needed
            return Retrieved(tuple(found), live.build.id, live.table_version, closeness, needed, meant.question)

        return await self._in_thread(search)

    def _asked_by(self, live: OpenBuild, zero: float) -> float:
        """The likeness that the build asks of a passage; found out once."""
        if live.build.id not in self._needed:
            self._needed[live.build.id] = needed(live.table, zero)
        return self._needed[live.build.id]

    async def _zero(self, model: str) -> float:
        """What the model calls strangers; asked once."""
        if model not in self._zeros:
            self._zeros[model] = zero_of(await self._embed(model, STRANGERS))
        return self._zeros[model]

    async def live(self, site: str) -> OpenBuild:
        """The build that answers for `site`; NotFoundError says what to do where there is none."""
        seen = await self._sites.get(site)
        build = self._pinned or _live_build(seen)
        read_at, known = self._sites.read_at(site), self._open.get(site)
        if known is None or known.build.id != build or self._as_of[site] < read_at:
            known = self._open[site] = await self._in_thread(partial(self._at_newest, build, known))
            self._as_of[site] = read_at
        return known

    async def reads(self, site: str) -> tuple[str, Vocabulary]:
        """How the live build reads a question: its embedding model, and the words it knows."""
        live = await self.live(site)
        return live.build.embedding_model, await self._in_thread(lambda: live.vocabulary)

    def _at_newest(self, build: str, known: OpenBuild | None) -> OpenBuild:
        """The build with what was put or erased since; `known` itself where nothing was, with all that was read of it.

        Answers that are under way keep the table they began with.
        """
        record = self._builds.get(build)
        table = self._knowledge.open(record.table)
        if known and (known.build.id, known.table_version) == (build, table.version):
            return known
        return OpenBuild(record, table, table.version)

    async def _in_thread(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _live_build(site: Site) -> str:
    if site.live_build is None:
        raise NotFoundError(
            f"Site {site.id!r} has no documents yet: run `python -m pipelines index SOURCE --site {site.id}`."
        )
    return site.live_build
