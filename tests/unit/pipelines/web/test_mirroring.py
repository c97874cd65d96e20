"""A website becomes a mirror: what is fetched and what is left alone, what is refused, and what breaks nothing."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import InvalidInputError
from core.records import Source
from core.settings import Settings
from pipelines.sources import list_files, read
from pipelines.web import Network, Remark, drop_mirrors, mirrored
from pipelines.web.fetch import Pace
from tests.fakes.website import Reply, Website

SHOP = Source("shop", "demo", "")


class Clock:
    """Waits for nothing, and remembers for how long it should have."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def pace(self) -> Pace:
        return Pace(sleep=self.waits.append)


class Shop:
    """One source over the website, fetched again and again."""

    def __init__(self, website: Website, settings: Settings, entry: str = "/") -> None:
        self.website = website
        self.settings = settings
        self.addresses = ["127.0.0.1"]
        self.clock = Clock()
        self.uri = website.url + entry
        self.remarks: list[Remark] = []

    def fetch(self, *, anew: bool = False, indexed: tuple[str, ...] = ()) -> dict[str, str]:
        """The mirror's files: their paths and problems."""
        source = Source(SHOP.id, SHOP.site, self.uri)
        network = Network(lambda host, port: self.addresses, self.clock.pace)
        [ready], self.remarks = mirrored(
            [source], self.settings, lambda: None, anew=anew, indexed=indexed, network=network
        )
        self.ready = ready.uri
        return {file.path: file.problem for file in list_files(ready.uri)}

    def text(self, path: str) -> str:
        return read(self.ready, path, 10**7).decode()

    def said(self) -> dict[str, str]:
        return {remark.url.removeprefix(self.website.url): remark.reason for remark in self.remarks}


@pytest.fixture
def private(settings: Settings) -> Settings:
    return settings.model_copy(update={"crawl_private": True, "crawl_seconds": 5.0})


@pytest.fixture
def shop(website: Website, private: Settings) -> Shop:
    website.page("/", "Welcome", links=("/hours", "/help/"))
    website.page("/hours", "Open from nine", links=("/",))
    website.page("/help/", "Ask us", links=("faq.html#top", "faq.html?utm_source=mail"))
    website.page("/help/faq.html", "Questions")
    return Shop(website, private)


PAGES = ["help/faq.html", "help/index.html", "hours.html", "index.html"]


def test_a_site_is_crawled_by_its_links_and_cited_where_its_pages_are(shop: Shop) -> None:
    assert shop.fetch() == dict.fromkeys(PAGES, "")
    assert {file.path: file.url for file in list_files(shop.ready)}["help/index.html"] == f"{shop.website.url}/help/"
    assert "Open from nine" in shop.text("hours.html")
    assert shop.website.headers[0]["User-Agent"].startswith("Frontdesk/")


def test_a_source_below_a_folder_stays_there(shop: Shop) -> None:
    shop.website.page("/help/faq.html", "Questions", links=("/hours",))
    shop.uri += "help/"
    assert set(shop.fetch()) == {"help/faq.html", "help/index.html"}


def test_sitemaps_in_an_index_and_gzipped_name_the_pages_and_no_link_adds_one(shop: Shop) -> None:
    shop.website.sitemap("/index.xml", "/one.xml", "/two.xml.gz", index=True)
    shop.website.sitemap("/one.xml", "/hours")
    packed = gzip.compress(shop.website.sitemap("/two.xml", "/", "https://elsewhere.example/x"))
    shop.website.answer("/two.xml.gz", packed, "application/gzip")
    shop.uri += "index.xml"
    assert set(shop.fetch()) == {"hours.html", "index.html"}
    assert "another host" in shop.said()["https://elsewhere.example/x"]


@pytest.mark.parametrize("named", [True, False])
def test_a_crawl_takes_the_sitemap_as_well(shop: Shop, *, named: bool) -> None:
    shop.website.page("/island", "No link leads here")
    shop.website.sitemap("/maps/x.xml" if named else "/sitemap.xml", "/island")
    if named:
        shop.website.answer("/robots.txt", f"Sitemap: {shop.website.url}/maps/x.xml\n")
    assert "island.html" in shop.fetch()


def test_entities_of_a_sitemap_are_not_expanded(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hours")
    shop.website.answer(
        "/s.xml",
        f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "file://{tmp_path}/secret"><!ENTITY y "hours">]>'
        f"<urlset><url><loc>{shop.website.url}/&x;</loc></url><url><loc>{shop.website.url}/&y;</loc></url></urlset>",
        "application/xml",
    )
    shop.uri += "s.xml"
    assert set(shop.fetch()) == {"index.html"}


def test_robots_txt_is_obeyed_and_its_delay_kept(shop: Shop) -> None:
    shop.website.answer("/robots.txt", "User-agent: frontdesk\nDisallow: /h*rs$\nCrawl-delay: 2\n")
    assert set(shop.fetch()) == {"help/faq.html", "help/index.html", "index.html"}
    assert shop.said() == {"/hours": "is kept from us by robots.txt"}
    assert "/hours" not in [path for path, _ in shop.website.asked]
    assert len(shop.clock.waits) >= 3
    assert max(shop.clock.waits) > 1.5


def test_noindex_nofollow_and_nofollow_links_are_heeded(shop: Shop) -> None:
    web = shop.website
    web.page("/", "Welcome", links=("/a", "/b", "/c"))
    web.page("/a", "Hidden", head='<meta name="robots" content="NOINDEX">', links=("/behind-a",))
    web.page("/behind-a", "Seen")
    web.page("/b", "Hidden by its header", X_Robots_Tag="otherbot: nofollow, frontdesk: noindex")
    web.page("/c", "No way on", head='<meta name="robots" content="nofollow">', links=("/behind-c",))
    web.page("/behind-c", "Not seen")
    web.replies["/behind-a"] = Reply(b'<p>x<a rel="ugc nofollow" href="/behind-c">', 200, {"Content-Type": "text/html"})
    assert set(shop.fetch()) == {"index.html", "behind-a.html", "c.html"}
    assert shop.said() == dict.fromkeys(("/a", "/b"), "asks not to be indexed (noindex)")


def test_pages_under_several_addresses_are_one_by_their_canonical_address(shop: Shop) -> None:
    web = shop.website
    web.page("/", "Welcome", links=("/p?sort=a", "/p?sort=b"))
    for query in ("?sort=a", "?sort=b", ""):
        web.page(f"/p{query}", f"Products {query}", head='<link rel="canonical" href="/p">')
    assert set(shop.fetch()) == {"index.html", "p.html"}


def test_a_page_whose_canonical_one_is_missing_stands_for_itself(shop: Shop) -> None:
    shop.website.page("/hours", "Open", head='<link rel="canonical" href="/nowhere">')
    assert "hours.html" in shop.fetch()


def test_the_same_bytes_under_two_addresses_are_one_page(shop: Shop) -> None:
    shop.website.page("/", "Welcome", links=("/index.html", "/hours"))
    shop.website.replies["/index.html"] = shop.website.replies["/"]
    shop.fetch()
    assert [file.url for file in list_files(shop.ready)] == [f"{shop.website.url}/hours", f"{shop.website.url}/"]


def test_types_are_told_by_what_the_server_says_and_the_first_bytes(shop: Shop) -> None:
    web = shop.website
    web.page("/", "Welcome", links=("/manual", "/notes", "/feed", "/logo.png", "/latin"))
    web.answer("/manual", b"%PDF-1.7 ...", "text/html")
    web.answer("/notes", "# Notes", "text/markdown; charset=utf-8")
    web.answer("/feed", "<rss/>", "application/rss+xml")
    web.answer("/latin", "<p>50 €</p>".encode("iso-8859-15"), "text/html; charset=ISO-8859-15")
    assert set(shop.fetch()) == {"index.html", "manual.pdf", "notes.md", "latin.html"}
    assert shop.said() == {"/feed": "is application/rss+xml, which is not read"}
    assert "50 €" in shop.text("latin.html")
    assert "/logo.png" not in [path for path, _ in web.asked]


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("https://elsewhere.example/x", "redirects to https://elsewhere.example/x, which is another host"),
        ("http://169.254.169.254/latest/meta-data/", "redirects to http://169.254.169.254/latest/meta-data/, which is"),
        ("/hours", "redirects more than 5 times"),
        ("file:///etc/passwd", "redirects to what is no page's address"),
        ("/secret/x", "which is kept from us by robots.txt"),
    ],
)
def test_a_redirect_that_leads_away_or_nowhere_is_refused_by_name(shop: Shop, target: str, says: str) -> None:
    shop.website.answer("/robots.txt", "User-agent: *\nDisallow: /secret/\n")
    shop.website.redirect("/hours", target)
    problems = shop.fetch()
    assert says in problems["hours.html"]
    assert {problem for path, problem in problems.items() if path != "hours.html"} == {""}


def test_a_redirect_on_the_host_is_followed_and_names_the_page(shop: Shop) -> None:
    shop.website.redirect("/hours", "/opening", 301)
    shop.website.page("/opening", "Open from nine")
    assert set(shop.fetch()) == {*PAGES, "opening.html"} - {"hours.html"}


def test_what_is_too_large_even_if_only_unpacked_is_refused(shop: Shop) -> None:
    shop.settings = shop.settings.model_copy(update={"max_document_mb": 1.0})
    shop.website.answer("/hours", b"x" * (2**20 + 1), "text/html")
    shop.website.answer("/help/", gzip.compress(bytes(200 * 2**20)), "text/html", Content_Encoding="gzip")
    problems = shop.fetch()
    assert problems["hours.html"] == problems["help/index.html"] == "is too large: the limit is 1 MiB"


def test_a_page_sent_in_pieces_of_gzip_is_unpacked_and_another_encoding_refused(shop: Shop) -> None:
    shop.website.answer("/hours", gzip.compress(b"<p>Open"), "text/html", Content_Encoding="gzip")
    shop.website.answer("/help/", b"<p>Ask", "text/html", Content_Encoding="br")
    assert shop.fetch()["help/index.html"] == "is sent in an encoding that was not asked for: br"
    assert shop.text("hours.html") == "<p>Open"


def test_a_page_that_takes_too_long_is_given_up(shop: Shop) -> None:
    over = threading.Event()
    shop.settings = shop.settings.model_copy(update={"crawl_seconds": 0.3})
    shop.website.replies["/hours"] = Reply(b"<p>", 200, {"Content-Type": "text/html"}, wait=lambda: over.wait(20))
    try:
        assert shop.fetch()["hours.html"] == "did not answer within 0.3 s"
    finally:
        over.set()


def test_an_unchanged_site_is_asked_for_changes_only(shop: Shop) -> None:
    shop.fetch()
    shop.website.statuses()
    before = (Path(shop.ready.partition("#")[2]) / "manifest.json").read_bytes()
    shop.fetch()
    assert shop.website.statuses() == {304: 4, 200: 1}  # the entry is opened first: it may be a sitemap
    assert (Path(shop.ready.partition("#")[2]) / "manifest.json").read_bytes() == before
    shop.fetch(anew=True)
    assert shop.website.statuses() == {200: 5}


def test_what_a_server_makes_up_for_every_request_is_no_change(shop: Shop) -> None:
    def page(token: int, text: str) -> None:
        head = f'<meta name="csrf-token" content="{token}"><script nonce="{token}">t={token}</script>'
        shop.website.page("/hours", f'{text}<input type="hidden" value="{token}">', head=head, Date=f"{token}")

    page(1, "Open from nine")
    shop.fetch()
    first = shop.text("hours.html")
    page(2, "Open from nine")
    shop.fetch()
    assert shop.text("hours.html") == first
    page(3, "Open from ten")
    shop.fetch()
    assert "Open from ten" in shop.text("hours.html")


@pytest.mark.parametrize("status", [500, 503, 429, 403])
def test_a_page_that_fails_keeps_its_last_copy_and_what_it_led_to(shop: Shop, status: int) -> None:
    shop.fetch()
    shop.website.answer("/help/", "", status=status)  # only it leads to the FAQ
    assert shop.fetch() == dict.fromkeys(PAGES, "")
    assert shop.said() == {"/help/": f"answered {status}; its last copy stays"}
    assert "Ask us" in shop.text("help/index.html")


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_is_no_file_any_more(shop: Shop, status: int) -> None:
    shop.fetch()
    shop.website.answer("/hours", "", status=status)
    assert set(shop.fetch()) == {*PAGES} - {"hours.html"}
    folder = Path(shop.ready.partition("#")[2])
    assert len([path for path in folder.iterdir() if len(path.name) == 64]) == 3


def test_pages_that_nothing_leads_to_stay_while_another_page_cannot_be_had(shop: Shop) -> None:
    shop.fetch()
    shop.website.page("/", "Welcome", links=("/hours", "/new"))  # /new took over the link to the help pages
    shop.website.answer("/new", "", status=503)
    assert set(PAGES) < set(shop.fetch())
    shop.website.page("/new", "New", links=("/elsewhere",))
    assert set(shop.fetch()) == {"hours.html", "index.html", "new.html"}


@pytest.mark.parametrize("broken", ["/robots.txt", "/", "/sitemap.xml"])
def test_a_source_that_cannot_be_asked_changes_nothing(shop: Shop, broken: str) -> None:
    shop.fetch()
    manifest = Path(shop.ready.partition("#")[2]) / "manifest.json"
    before = manifest.read_bytes()
    shop.website.answer(broken, "", status=503)
    with pytest.raises(InvalidInputError, match=r"answered 503\. Nothing was changed"):
        shop.fetch()
    assert manifest.read_bytes() == before


def test_a_host_that_goes_silent_half_way_changes_nothing(shop: Shop) -> None:
    links = tuple(f"/page{number}" for number in range(40))
    shop.website.page("/", "Welcome", links=links)
    for link in links:
        shop.website.page(link, link)
    shop.fetch()
    before = (Path(shop.ready.partition("#")[2]) / "manifest.json").read_bytes()
    for link in links[5:]:
        shop.website.replies[link] = Reply(
            b"", 200, {"Content-Type": "text/html", "Content-Length": "9"}, wait=_hang_up
        )
    with pytest.raises(InvalidInputError, match="stopped answering"):
        shop.fetch()
    assert (Path(shop.ready.partition("#")[2]) / "manifest.json").read_bytes() == before


def test_most_pages_do_not_vanish_unless_it_is_meant(shop: Shop) -> None:
    links = tuple(f"/page{number}" for number in range(12))
    shop.website.sitemap("/s.xml", *links)
    for link in links:
        shop.website.page(link, link)
    shop.uri += "s.xml"
    shop.fetch()
    for link in links[1:]:
        shop.website.redirect(link, "/hours")  # where a broken login or a maintenance page leads
    with pytest.raises(InvalidInputError, match=r"11 of 12 pages of .* have vanished without a 404, such as .*--force"):
        shop.fetch()
    assert set(shop.fetch(anew=True)) == {"hours.html", "page0.html"}


def test_a_host_is_asked_by_its_name_at_the_address_that_it_has(shop: Shop) -> None:
    shop.uri = shop.uri.replace("127.0.0.1", "shop.example")
    assert set(shop.fetch()) == set(PAGES)
    assert {headers["Host"] for headers in shop.website.headers} == {shop.uri.split("/")[2]}


def _hang_up() -> None:
    raise ConnectionResetError


def test_a_sitemap_whose_part_is_missing_changes_nothing(shop: Shop) -> None:
    shop.website.sitemap("/index.xml", "/one.xml", "/two.xml", index=True)
    shop.website.sitemap("/one.xml", "/hours")
    shop.uri += "index.xml"
    with pytest.raises(InvalidInputError, match=r"names the sitemap http://.*/two.xml, which answered 404"):
        shop.fetch()


def test_pages_of_a_live_build_are_not_lost_with_the_mirror(shop: Shop) -> None:
    shop.fetch()
    manifest = Path(shop.ready.partition("#")[2]) / "manifest.json"
    manifest.unlink()
    shop.website.answer("/hours", "", status=503)
    with pytest.raises(InvalidInputError, match=r"1 pages of .* could not be fetched, and no copy of them is left"):
        shop.fetch(indexed=("shop",))
    assert shop.fetch()["hours.html"] == "answered 503"


def test_a_failure_that_passes_is_tried_again_when_the_server_says(shop: Shop) -> None:
    reply = shop.website.replies["/hours"]
    shop.website.replies["/hours"] = Reply(
        b"",
        429,
        {"Retry-After": "7", "Content-Length": "0"},
        wait=lambda: shop.website.replies.update({"/hours": reply}),
    )
    assert shop.fetch()["hours.html"] == ""
    assert 7.0 in shop.clock.waits


def test_who_asks_to_come_back_much_later_is_left_for_the_next_run(shop: Shop) -> None:
    later = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1).strftime("%a, %d %b %Y %H:%M:%S GMT")
    shop.website.answer("/hours", "", status=503, Retry_After=later)
    assert shop.fetch()["hours.html"] == "answered 503"
    assert [path for path, _ in shop.website.asked].count("/hours") == 1


def test_pages_and_depth_have_limits_that_are_told(shop: Shop) -> None:
    shop.settings = shop.settings.model_copy(update={"crawl_pages": 2})
    assert set(shop.fetch()) == {"hours.html", "index.html"}
    assert shop.said() == {"/help/": "was not fetched: there are more than 2 pages (FRONTDESK_CRAWL_PAGES)"}
    shop.settings = shop.settings.model_copy(update={"crawl_pages": 50, "crawl_depth": 1})
    assert set(shop.fetch()) == {*PAGES} - {"help/faq.html"}
    assert "more than 1 links deep" in shop.said()["/help/faq.html"]


@pytest.mark.parametrize("entry", ["/", "/sitemap.xml"])
def test_a_private_address_is_refused_unless_it_is_allowed(shop: Shop, entry: str) -> None:
    shop.settings = shop.settings.model_copy(update={"crawl_private": False})
    shop.uri = shop.website.url + entry
    with pytest.raises(InvalidInputError, match=r"leads to 127\.0\.0\.1, which is not public: FRONTDESK_CRAWL_PRIVATE"):
        shop.fetch()
    assert shop.website.asked == []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda web: web.answer("/", "", status=403), "cannot be indexed: it answered 403"),
        (lambda web: web.redirect("/", "https://www.example.com/"), "https://www.example.com/, which is another host"),
        (lambda web: web.answer("/robots.txt", "User-agent: *\nDisallow: /\n"), "is kept from us by robots.txt"),
        (lambda web: web.answer("/", "{}", "application/json"), "gave no page: .* is application/json"),
    ],
)
def test_an_entry_that_is_refused_says_why(shop: Shop, spoil: Callable[[Website], None], says: str) -> None:
    spoil(shop.website)
    with pytest.raises(InvalidInputError, match=says):
        shop.fetch()


def test_a_mirror_is_deleted_with_its_source_and_a_damaged_copy_is_fetched_again(shop: Shop) -> None:
    shop.fetch()
    folder = Path(shop.ready.partition("#")[2])
    for path in folder.iterdir():
        if len(path.name) == 64:
            path.write_bytes(b"\0" * path.stat().st_size)
    shop.fetch()
    assert "Open from nine" in shop.text("hours.html")
    drop_mirrors(shop.settings, lambda: ["shop"])
    assert folder.exists()
    drop_mirrors(shop.settings, list)
    assert not folder.exists()
