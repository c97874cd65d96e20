"""The pages of a site, level by level from where it is entered: each once, by its canonical address, within limits.

What breaks on the way makes no page look deleted: it keeps its last copy until the site itself says that it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from pipelines.sources.mirror import Page
from pipelines.web.address import file_path, may_be_page, shown
from pipelines.web.fetch import FetchError
from pipelines.web.visit import Visit, Visitor, guessed_suffix

_AT_ONCE = 4  # requests to the one host
_SILENT = 10  # answers that fail to come, one after the other, before the host counts as down


@dataclass(frozen=True, slots=True)
class Remark:
    """An address that people should know something about, and what."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Crawled:
    """What a crawl ends with."""

    pages: Sequence[Page]
    remarks: Sequence[Remark]
    lost: Sequence[Remark]  # pages that may be there another time, and that there is no copy of
    vanished: Sequence[str]  # pages with a copy that nothing leads to any more, or that lead elsewhere


class Crawl:
    """One walk over a site."""

    def __init__(
        self,
        visitor: Visitor,
        most_pages: int,
        most_depth: int,
        follows: Callable[[str], bool],
        watch: Callable[[], None],
    ) -> None:
        self._visitor = visitor
        self._most_pages = most_pages
        self._most_depth = most_depth
        self._follows = follows
        self._watch = watch
        self._seen: set[str] = set()
        self._found: dict[str, Visit] = {}
        self._problems: dict[str, FetchError] = {}
        self._remarks: list[Remark] = []
        self._is_cut = False
        self._silent = 0

    def run(self, seeds: Iterable[str]) -> Crawled:
        """From the seeds to what they lead to. FetchError where the host stops answering."""
        pool = ThreadPoolExecutor(_AT_ONCE)
        try:
            level = list(dict.fromkeys(seeds))
            for _ in range(self._most_depth + 1):
                level = self._walked(pool, level)
        finally:
            pool.shutdown(cancel_futures=True)
        deep = f"was not fetched: it is more than {self._most_depth} links deep (FRONTDESK_CRAWL_DEPTH)"
        self._remarks += [Remark(url, deep) for url in level]
        return self._crawled()

    def _walked(self, pool: ThreadPoolExecutor, level: Sequence[str]) -> list[str]:
        """Visits a level, and returns the next one."""
        room = self._most_pages - len(self._seen)
        visiting = level[:room]
        self._seen.update(level)
        found: dict[str, None] = {}
        for url, visit in zip(visiting, pool.map(self._visitor.visit, visiting), strict=True):
            self._take(url, visit)
            found.update(dict.fromkeys(self._next(url, visit)))
            self._watch()
        if len(level) > room:
            self._is_cut = True
            many = f"was not fetched: there are more than {self._most_pages:,} pages (FRONTDESK_CRAWL_PAGES)"
            self._remarks += [Remark(url, many) for url in level[room:]]
            return []
        return [url for url in found if url not in self._seen]

    def _take(self, url: str, visit: Visit) -> None:
        if visit.failed:
            self._fail(url, visit, visit.failed)
        else:
            self._silent = 0
        if visit.left:
            self._remarks.append(Remark(url, visit.left))
        if visit.page:
            self._found.setdefault(visit.page.url, visit)

    def _fail(self, url: str, visit: Visit, error: FetchError) -> None:
        self._silent = self._silent + 1 if error.silent else 0
        if self._silent >= _SILENT:
            raise FetchError(f"stopped answering: {shown(url)} {error.reason}")
        if visit.page:
            self._remarks.append(Remark(url, f"{error.reason}; its last copy stays"))
        else:
            self._problems[url] = error

    def _next(self, url: str, visit: Visit) -> Iterator[str]:
        if visit.page and visit.page.url != url:
            self._seen.add(visit.page.url)  # it redirected there
        canonical = visit.markup.canonical
        if canonical and not self._visitor.refused(canonical):
            yield canonical
        for link in visit.markup.links:
            if self._follows(link) and may_be_page(link):
                yield link

    def _crawled(self) -> Crawled:
        lost = [Remark(url, error.reason) for url, error in self._problems.items() if error.passes]
        pages = _once_each(visit for visit in self._found.values() if self._is_canonical(visit))
        kept = self._unreached() if lost or self._is_cut else []
        told = {*self._found, *(remark.url for remark in self._remarks), *(page.url for page in kept)}
        vanished = [url for url in self._visitor.copies if url not in told]
        return Crawled(list(self._named(pages, kept)), self._remarks, lost, vanished)

    def _is_canonical(self, visit: Visit) -> bool:
        """Whether no other page stands for this one: its canonical page was found, and says it is that."""
        canonical = visit.markup.canonical
        page = visit.page
        if page is None or canonical in (None, page.url) or canonical not in self._found:
            return True
        return self._found[canonical].markup.canonical not in (None, canonical)

    def _unreached(self) -> list[Page]:
        """Copies of pages that nothing led to this time, although it may another time."""
        copies = self._visitor.copies.values()
        found = [page for page in copies if page.url not in self._seen and not self._visitor.refused(page.url)]
        return found[: max(0, self._most_pages - len(self._found))]

    def _named(self, found: Sequence[Visit], kept: Sequence[Page]) -> Iterator[Page]:
        """Every page with its path. Who has one keeps it, and a path that was another page's is given to nobody."""
        yield from kept
        copies = self._visitor.copies
        taken = {page.path: page.url for page in copies.values()}
        for visit in sorted(found, key=lambda visit: visit.page.url if visit.page else ""):
            if visit.page:
                path = visit.page.path or self._path(visit.page.url, visit.suffix, taken)
                yield replace(visit.page, path=path)
        for url, error in sorted(self._problems.items()):
            yield Page(url, self._path(url, guessed_suffix(url), taken), problem=error.reason)

    def _path(self, url: str, suffix: str, taken: dict[str, str]) -> str:
        copy = self._visitor.copies.get(url)
        if copy and copy.path.endswith(suffix):
            return copy.path
        path = file_path(url, suffix, taken)
        taken[path] = url
        return path


def _once_each(visits: Iterable[Visit]) -> list[Visit]:
    """Of pages that are the same to the last byte, such as `/` and `/index.html`, the one of the shortest address."""
    bodies: dict[str, Visit] = {}
    for visit in sorted(visits, key=lambda visit: (len(visit.page.url), visit.page.url) if visit.page else (0, "")):
        bodies.setdefault(visit.page.sha256 if visit.page else "", visit)
    return sorted(bodies.values(), key=lambda visit: visit.page.url if visit.page else "")
