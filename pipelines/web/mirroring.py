"""Fetches a site's web sources into their mirrors, once per indexing; what follows reads the mirrors like folders.

A source that cannot be asked (robots.txt, its entry, one of its sitemaps) is an error, and its mirror stays as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import InvalidInputError
from core.records import Source
from core.settings import Settings
from pipelines.sources.mirror import Mirror, is_web, mirror_uri
from pipelines.web.address import folder_of, same_site, shown
from pipelines.web.crawl import Crawl, Crawled, Remark
from pipelines.web.fetch import Answer, Fetcher, FetchError, Headers, Pace
from pipelines.web.network import Resolve, resolve
from pipelines.web.robots import Robots, read_robots
from pipelines.web.sitemap import MOST, fetch_sitemap, pages_of, parse_sitemap
from pipelines.web.visit import Visitor

_MANY = 10  # pages of a site that cannot lose half of them by an edit


@dataclass(frozen=True, slots=True)
class Network:
    """How hosts are found and how waiting is done; a test gives its own."""

    resolve: Resolve = resolve
    pace: Callable[[], Pace] = Pace


def mirrored(
    sources: Sequence[Source],
    settings: Settings,
    watch: Callable[[], None],
    *,
    indexed: Collection[str] = (),
    anew: bool = False,
    network: Network | None = None,
) -> tuple[list[Source], list[Remark]]:
    """The sources as they are listed and read from now on, and what is to be said of single pages.

    `indexed` are the ids of those that the live build has documents of. `anew` fetches unchanged pages too.
    """
    remarks: list[Remark] = []
    ready = []
    for source in sources:
        if is_web(source.uri):
            mirror = Mirror(_folder(settings) / source.id)
            said = _Fetching(source, settings, mirror, watch, network or Network(), anew=anew)
            remarks += said.run(has_documents=source.id in indexed)
            ready.append(replace(source, uri=mirror_uri(source.uri, mirror)))
        else:
            ready.append(source)
    return ready, remarks


def as_fetched(sources: Sequence[Source], settings: Settings) -> list[Source]:
    """The same without fetching anything: websites as their mirrors were left by the last indexing."""
    return [_mirror_of(source, settings) if is_web(source.uri) else source for source in sources]


def _mirror_of(source: Source, settings: Settings) -> Source:
    return replace(source, uri=mirror_uri(source.uri, Mirror(_folder(settings) / source.id)))


def drop_mirrors(settings: Settings, registered: Callable[[], Collection[str]]) -> None:
    """Deletes what was fetched of sources that are registered no more, by their ids."""
    folders = list(_folder(settings).glob("*"))  # before asking: a source is registered before it is fetched
    known = registered() if folders else ()
    for folder in folders:
        if folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)


def _folder(settings: Settings) -> Path:
    return settings.home.absolute() / "crawls"


class _Fetching:
    """One source being fetched."""

    def __init__(
        self,
        source: Source,
        settings: Settings,
        mirror: Mirror,
        watch: Callable[[], None],
        network: Network,
        *,
        anew: bool,
    ) -> None:
        self._entry = source.uri
        self._settings = settings
        self._mirror = mirror
        self._watch = watch
        self._anew = anew
        self._remarks: list[Remark] = []
        self._fetcher = Fetcher(
            network.resolve,
            network.pace(),
            most=int(settings.max_document_mb * 2**20),
            seconds=settings.crawl_seconds,
            allow_private=settings.crawl_private,
        )

    def run(self, *, has_documents: bool) -> list[Remark]:
        """Fetches, and writes the mirror."""
        with closing(self._fetcher):
            try:
                crawled = self._crawled()
            except FetchError as error:
                message = f"{shown(self._entry)} cannot be indexed: it {error.reason}. Nothing was changed."
                raise InvalidInputError(message, param="source") from error
        self._require_pages(crawled, has_documents=has_documents)
        self._mirror.write(crawled.pages)
        return [*self._remarks, *crawled.remarks]

    def _crawled(self) -> Crawled:
        robots = self._robots()
        self._fetcher.pace.delay = max(self._fetcher.pace.delay, robots.delay)
        visitor = Visitor(self._entry, self._fetcher, robots, self._mirror, anew=self._anew)
        entry = self._open(visitor)
        follows: Callable[[str], bool]
        sitemap = parse_sitemap(entry.body) if entry.body else None
        if sitemap is not None:
            follows = _nothing
            seeds = pages_of(entry, self._fetcher, visitor.refused)
        else:
            follows = _below(folder_of(self._entry))
            seeds = [entry.url, *filter(follows, self._listed(robots, visitor))]
        settings = self._settings
        return Crawl(visitor, settings.crawl_pages, settings.crawl_depth, follows, self._watch).run(seeds)

    def _robots(self) -> Robots:
        try:
            return read_robots(self._fetcher, self._entry)
        except FetchError as error:
            reason = error.reason if error.silent else f"has a robots.txt that {error.reason}"
            raise FetchError(reason) from error

    def _open(self, visitor: Visitor) -> Answer:
        if reason := visitor.refused(self._entry):
            raise FetchError(reason)
        answer = self._fetcher.get(self._entry, refused=visitor.refused, wanted=_may_be_sitemap, most=MOST)
        if answer.status != 200:
            raise FetchError(f"answered {answer.status}")
        return answer

    def _listed(self, robots: Robots, visitor: Visitor) -> list[str]:
        """Pages of the sitemaps that robots.txt names or that lie where they usually do; none is missed."""
        site = self._entry
        found: list[str] = []
        for url in robots.sitemaps(site) or [f"{site.split('/', 3)[0]}//{site.split('/', 3)[2]}/sitemap.xml"]:
            try:
                found += pages_of(fetch_sitemap(url, self._fetcher, visitor.refused), self._fetcher, visitor.refused)
            except FetchError as error:
                if error.passes:
                    raise
                if robots.sitemaps(site):
                    self._remarks.append(Remark(url, error.reason))
        return found

    def _require_pages(self, crawled: Crawled, *, has_documents: bool) -> None:
        """A crawl that gave nothing is a mistake; one that lost pages of a live build must not take them from it."""
        lost, before = crawled.lost, len(self._mirror.pages())
        if not crawled.pages:
            reasons = "; ".join(f"{shown(each.url)} {each.reason}" for each in crawled.remarks[:3])
            message = f"{shown(self._entry)} gave no page: {reasons or 'it names none'}."
            raise InvalidInputError(message, param="source")
        if before >= _MANY and len(crawled.vanished) > before / 2 and not self._anew:
            message = (
                f"{len(crawled.vanished):,} of {before:,} pages of {shown(self._entry)} have vanished without a 404"
            )
            hint = "the site may be broken. If it is meant so, index with --force."
            raise InvalidInputError(f"{message}, such as {shown(crawled.vanished[0])}: {hint}", param="source")
        if lost and has_documents and not before:
            message = f"{len(lost):,} pages of {shown(self._entry)} could not be fetched, and no copy of them is left"
            raise InvalidInputError(f"{message} ({shown(lost[0].url)} {lost[0].reason}): try again.", param="source")


def _nothing(_: str) -> bool:
    return False


def _below(folder: str) -> Callable[[str], bool]:
    """Whether an address is in a folder of the site, by http or https."""
    path = folder.split("/", 3)[3]
    return lambda url: same_site(folder, url) and url.split("/", 3)[3].startswith(path)


def _may_be_sitemap(url: str, headers: Headers) -> bool:
    kind = headers.get("content-type", "")
    return "xml" in kind.replace("xhtml+xml", "") or "gzip" in kind or url.split("?")[0].endswith((".xml", ".gz"))
