"""One form for all addresses of a page, and a file's name for it."""

from __future__ import annotations

import pytest

from core.errors import InvalidInputError
from pipelines.web.address import ending, file_path, may_be_page, normal, same_site, web_source

HERE = "https://example.com/docs/a.html"


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("HTTPS://Example.COM:443/a/../b/./c#part", "https://example.com/b/c"),
        ("http://example.com:80", "http://example.com/"),
        ("?utm_source=x&utm_medium=y&id=3&gclid=z", "https://example.com/docs/a.html?id=3"),
        ("/x?utm_source=x", "https://example.com/x"),
        ("b c.html", "https://example.com/docs/b%20c.html"),
        ("//other.example/x", "https://other.example/x"),
        ("#top", HERE),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_addresses_of_one_page_have_one_form(reference: str, address: str) -> None:
    assert normal(reference, HERE) == address
    assert normal(address) == address


@pytest.mark.parametrize(
    "reference",
    [
        "javascript:alert(1)", "mailto:a@b.example", "data:text/html,x", "file:///etc/passwd", "ftp://example.com/",
        "https://me:secret@example.com/", "http://[", "https://example.com/" + "x" * 3000, "http://a\x00b/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_none(reference: str) -> None:
    assert normal(reference, HERE) is None


def test_a_password_is_neither_taken_nor_repeated() -> None:
    with pytest.raises(InvalidInputError, match="without a password") as raised:
        web_source("https://me:SECRET@example.com/")
    assert "SECRET" not in raised.value.message


def test_http_and_https_are_one_site_and_another_port_or_name_is_not() -> None:
    assert same_site("http://example.com/", "https://example.com/x")
    assert not same_site("https://example.com/", "https://www.example.com/")
    assert not same_site("http://example.com/", "http://example.com:8080/")


@pytest.mark.parametrize(
    ("url", "kind", "body", "path"),
    [
        ("https://h/", "text/html", b"", "index.html"),
        ("https://h/a", "text/html; charset=utf-8", b"", "a.html"),
        ("https://h/a/", "TEXT/HTML", b"", "a/index.html"),
        ("https://h/a.htm", "text/html", b"", "a.htm"),
        ("https://h/a.php?id=3", "text/html", b"", "a.php?id=3.html"),
        ("https://h/manual", "application/pdf", b"", "manual.pdf"),
        ("https://h/manual.pdf", "text/html", b"%PDF-1.7", "manual.pdf"),
        ("https://h/manual.pdf", "application/octet-stream", b"", "manual.pdf"),
        ("https://h/notes.md", "text/plain", b"", "notes.md"),
        ("https://h/notes", "text/plain", b"", "notes.txt"),
        ("https://h/%C3%BCber%20uns", "text/html", b"", "über uns.html"),
        ("https://h/a%0Ab", "text/html", b"", "a%0Ab.html"),
    ],
)
def test_a_page_is_named_as_a_file_of_its_type(url: str, kind: str, body: bytes, path: str) -> None:
    suffix = ending(url, kind, body)
    assert suffix is not None
    assert file_path(url, suffix, {}) == path


def test_two_pages_never_share_a_name() -> None:
    taken = {"a.html": "https://h/a"}
    assert file_path("https://h/a", ".html", taken) == "a.html"
    assert file_path("https://h/a.html", ".html", taken).startswith("a~")


@pytest.mark.parametrize("kind", ["image/png", "application/zip", "application/rss+xml", ""])
def test_what_no_parser_reads_has_no_ending(kind: str) -> None:
    assert ending("https://h/a", kind, b"") is None


def test_pictures_and_scripts_are_not_fetched() -> None:
    assert [may_be_page(f"https://h/{name}") for name in ("a.png", "a.js", "a.zip", "a.mp4")] == [False] * 4
    assert all(may_be_page(f"https://h/{name}") for name in ("a", "a/", "a.php", "a.pdf", "v1.2", "a.docx"))
