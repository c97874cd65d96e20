"""Files to rows of chunks: every file gets its note, whatever it does to the parser or the chunker."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import UnreadableDocumentError
from core.records import Chunk, IndexedFile, Source
from core.settings import Settings
from pipelines.parsers.parsed import Parsed
from pipelines.plan import list_sources
from pipelines.read import Read
from pipelines.rows import chunks_in, notes_in
from tests.fakes.encoders import FakeTokenizer

Texts = dict[str, str]
ReadTexts = Callable[[Texts], tuple[list[IndexedFile], list[Chunk]]]


class TextParser:
    """Files are the text they hold; one that says so is malformed."""

    def parse(self, path: str, data: bytes) -> Parsed:
        if data == b"malformed":
            raise UnreadableDocumentError("is malformed")
        return Parsed("", data.decode())

    def close(self) -> None:
        pass


@pytest.fixture
def read(tmp_path: Path, settings: Settings) -> ReadTexts:
    def read(texts: Texts) -> tuple[list[IndexedFile], list[Chunk]]:
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
        source = Source("s1", "demo", str(tmp_path))
        step = Read([source], settings, TextParser, FakeTokenizer)
        listed = list_sources([source], 2**20)
        rows = step(pa.Table.from_pylist([file.row() for file in listed]))
        files = [note.file for note in notes_in(rows) if note.file]
        return files, [Chunk(**row) for row in chunks_in(rows).to_pylist()]

    return read


def test_a_file_becomes_chunks_and_a_note_that_counts_them(read: ReadTexts, tmp_path: Path) -> None:
    [note], chunks = read({"a.md": "# Hours\n\nOpen from nine to six.\n\n## Holidays\n\nClosed at Easter.\n"})
    assert (note.path, note.outcome, note.chunks) == ("a.md", "added", 2)
    assert [chunk.heading for chunk in chunks] == ["Hours", "Hours > Holidays"]
    assert note.sha256 == sha256((tmp_path / "a.md").read_bytes()).hexdigest()


def test_a_bad_file_is_noted_with_its_reason_and_the_others_go_on(
    read: ReadTexts,
) -> None:
    notes, chunks = read({"a.md": "malformed", "b.md": "Fine.", "c.md": " \n", "d.png": "picture"})
    assert [(note.path, note.outcome) for note in notes] == [
        ("a.md", "failed"),
        ("b.md", "added"),
        ("c.md", "failed"),
        ("d.png", "ignored"),
    ]
    assert [note.reason for note in notes[:1]] + [notes[2].reason] == ["is malformed", "holds no text"]
    assert [chunk.path for chunk in chunks] == ["b.md"]


def test_a_document_that_breaks_the_chunker_is_a_failed_file(read: ReadTexts, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: FakeTokenizer, text: str) -> list[tuple[int, int]]:
        raise RuntimeError("no such token")

    monkeypatch.setattr(FakeTokenizer, "offsets", breaks)
    [note], chunks = read({"a.md": "Fine."})
    assert (note.outcome, note.reason) == ("failed", "cannot be cut into chunks: RuntimeError: no such token")
    assert not chunks
