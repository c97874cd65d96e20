"""Ingest: files to documents with stable ids, titles and URLs; a bad file is a refusal, and the rest goes on."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from core.errors import UnreadableDocumentError
from core.records import Document, Source
from pipelines.ingest import Refusal, ingest
from pipelines.parsers.parsed import Parsed
from pipelines.sources import SourceFile, list_files

MOST = 100


class EchoParser:
    """Takes the bytes for the text; the first line may be a URL."""

    def parse(self, path: str, data: bytes) -> Parsed:
        if data == b"bad":
            raise UnreadableDocumentError("is malformed")
        text = data.decode()
        return Parsed("", text, text.removeprefix("url ") if text.startswith("url ") else None, {"kind": "echo"})

    def close(self) -> None:
        pass


def run(folder: Path, base_url: str | None = None, **files: str) -> dict[str, Document | Refusal]:
    for name, text in files.items():
        (folder / name).write_text(text)
    source = Source("s1", "demo", str(folder), base_url)
    return {result.path: result for result in ingest(source, list_files(str(folder)), EchoParser(), MOST)}


def url_of(folder: Path, text: str, base_url: str | None = None) -> str:
    document = run(folder, base_url, **{"a b.md": text})["a b.md"]
    assert isinstance(document, Document)
    return document.url


def test_a_file_becomes_a_document(tmp_path: Path) -> None:
    document = run(tmp_path, **{"opening-hours_2026.md": "text"})["opening-hours_2026.md"]
    assert document == Document(
        id=sha256(b"s1\nopening-hours_2026.md").hexdigest()[:16],
        source="s1",
        path="opening-hours_2026.md",
        title="opening hours 2026",
        url="opening-hours_2026.md",
        text="text",
        sha256=sha256(b"text").hexdigest(),
        metadata={"kind": "echo"},
    )


@pytest.mark.parametrize(
    ("text", "base_url", "expected"),
    [
        ("text", None, "a%20b.md"),
        ("text", "https://x.example/docs", "https://x.example/docs/a%20b.md"),
        ("text", "https://x.example/docs/", "https://x.example/docs/a%20b.md"),
        ("url https://y.example/p", None, "https://y.example/p"),
        ("url https://y.example/p", "/pages/", "/pages/a%20b.md"),
        ("url /p", None, "/p"),
        ("url javascript:alert(1)", None, "a%20b.md"),
    ],
)
def test_the_url_is_the_bases_else_the_pages_own_else_its_path(
    tmp_path: Path, text: str, base_url: str | None, expected: str
) -> None:
    assert url_of(tmp_path, text, base_url) == expected


def test_bad_files_are_refused_in_their_place_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    results = run(
        tmp_path,
        **{
            "a.md": "fine",
            "b.md": "bad",
            "c.png": "x",
            "d.pptx": "x",
            "e.md": "x" * 101,
            "LICENSE": "x",
            "z.md": "fine",
        },
    )
    assert list(results) == ["LICENSE", "a.md", "b.md", "c.png", "d.pptx", "e.md", "link.md", "z.md"]
    refusals = {path: result for path, result in results.items() if isinstance(result, Refusal)}
    assert {path for path, refusal in refusals.items() if refusal.ignored} == {"LICENSE", "c.png"}
    assert str(refusals["b.md"]) == "b.md: is malformed"
    assert "PowerPoint" in refusals["d.pptx"].reason
    assert "too large" in refusals["e.md"].reason
    assert "leads out" in refusals["link.md"].reason


def test_documents_come_as_they_are_parsed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("first")
    files = iter([SourceFile("a.md", 5), SourceFile("never.md", 5)])
    first = next(ingest(Source("s1", "demo", str(tmp_path)), files, EchoParser(), MOST))
    assert isinstance(first, Document)
    assert next(files).path == "never.md"
