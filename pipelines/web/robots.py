"""What a site's robots.txt asks of us: which pages to leave alone, how long to wait, where its sitemaps are."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from protego import Protego

from pipelines.web.address import normal
from pipelines.web.fetch import PRODUCT, Fetcher, other_site

_MOST = 512 * 1024  # bytes that are read of it, as RFC 9309 has it
_LONGEST_DELAY = 10.0  # seconds; who asks for more would never be read to the end


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one site."""

    rules: Protego

    def allows(self, url: str) -> bool:
        """Whether a page may be fetched."""
        return bool(self.rules.can_fetch(url, PRODUCT))

    @property
    def delay(self) -> float:
        """Seconds between two requests."""
        return min(float(self.rules.crawl_delay(PRODUCT) or 0), _LONGEST_DELAY)

    def sitemaps(self, site: str) -> list[str]:
        """The sitemaps that it names."""
        found = (normal(named, site) for named in self.rules.sitemaps)
        return [url for url in dict.fromkeys(found) if url]


def read_robots(fetcher: Fetcher, site: str) -> Robots:
    """The site's rules; none where it has none. FetchError where it cannot be asked: then nothing is allowed."""
    answer = fetcher.get(urljoin(site, "/robots.txt"), refused=other_site(site))
    text = answer.body[:_MOST].decode("utf-8", "replace") if answer.status == 200 else ""
    return Robots(Protego.parse(text))
