"""What a page says to crawlers, in its head and in its headers."""

from __future__ import annotations

import pytest

from pipelines.web.markup import read_markup

HERE = "https://example.com/docs/"


@pytest.mark.parametrize(
    ("header", "indexed"),
    [
        ("", True),
        ("noindex", False),
        ("none", False),
        ("nosnippet, NoIndex", False),
        ("otherbot: noindex", True),
        ("otherbot: nosnippet, noindex", True),
        ("frontdesk: noindex", False),
        ("otherbot: nofollow\nnoindex", False),
        ("unavailable_after: 2031-01-01, noindex", False),
        ("max-snippet: 10", True),
    ],
)
def test_a_header_counts_where_it_speaks_to_us(header: str, *, indexed: bool) -> None:
    assert read_markup(b"<p>Hello", HERE, header).is_indexed is indexed
    assert read_markup(b"", HERE, header).is_indexed is indexed  # as of a PDF


def test_links_are_taken_from_the_base_of_the_page() -> None:
    page = b'<base href="/shop/"><a href="a">A</a><a href="a#b">A</a><a href="mailto:x@y.example">M</a><a>no</a>'
    assert read_markup(page, HERE).links == ("https://example.com/shop/a",)


@pytest.mark.parametrize("broken", [b"", b"\x00\xff\xfe", b"<" * 10_000, b"<a href='http://['>x</a>", b"<div>" * 5000])
def test_a_broken_page_says_nothing(broken: bytes) -> None:
    assert read_markup(broken, HERE).links == ()


def test_the_essence_is_what_visitors_get() -> None:
    def essence(page: bytes) -> str:
        return read_markup(page, HERE).essence

    page = b'<head><title>T</title></head><p class="x">Open from <b>nine</b></p>'
    assert essence(page) == essence(page.replace(b"<p", b"<script>1</script><p nonce=2")) != ""
    for other in (b"ten", b"<b hidden>nine", b"nine</b> <a href=/x>on"):
        assert essence(page) != essence(page.replace(b"<b>nine" if b"hidden" in other else b"nine", other))
