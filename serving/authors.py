"""Who writes for a site: its own models as they are chosen now, or for all sites the one writer that was given.

Beside the answer itself somebody may write a follow-up anew, or be asked which tool is meant: models only.
"""

from __future__ import annotations

from core.records import Site
from serving.agent import Afford, Caller, ModelWriter, Writer, Writers, checked
from serving.agent.similarity import Embed
from serving.coalesce import CoalescingWriter
from serving.retrieval import RecentSites


class Authors:
    """The writers of all sites; `only` stands in for each, and `embed` checks what it writes."""

    def __init__(
        self,
        writers: Writers,
        sites: RecentSites,
        afford: Afford,
        *,
        embed: Embed,
        window_ms: float,
        only: Writer | None = None,
    ) -> None:
        self._writers = writers
        self._sites = sites
        self._afford = afford
        self._embed = embed
        self._window_ms = window_ms
        self._only = only

    def of(self, site: Site) -> Writer:
        """The site's; ConfigurationError where none of its models can be asked."""
        return checked(self._only, self._embed) if self._only else self._writers.of(site)

    def writer(self, site: str) -> Writer:
        """As `of`, its words coalesced."""
        return CoalescingWriter(self.of(self._sites.last(site)), self._window_ms)

    def rewriter(self, site: str, language: str) -> Writer | None:
        """Who writes a question anew in this language, if a model can."""
        return None if self._only else self._writers.rewriter(self._sites.last(site), language)

    async def caller(self, site: Site) -> Caller | None:
        """Who may be asked which tool is meant, if a model can and the site may spend something."""
        if self._only:
            return self._only if isinstance(self._only, ModelWriter) else None
        return None if await self._afford(site.id) else self._writers.caller(site)
