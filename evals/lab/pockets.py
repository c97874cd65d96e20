"""A corpus small enough to try on the spot: all pages that its questions need, and some that they do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from core.settings import Settings
from evals.readers import json_lines, read_task, spread
from evals.subject import digest

Row = dict[str, Any]

_QUESTIONS = ("queries.jsonl", "qa.jsonl")
_JUDGEMENTS = ("qrels.tsv", "qrels/test.tsv")


def pocket(folder: Path, documents: int, questions: int, settings: Settings) -> Path:
    """A folder with at most so many of the questions over about so many documents, drawn by hash; figures flatter.

    Fewer pages compete for each question than in the whole, so compare searches on it and never with the literature.
    """
    name = f"{folder.resolve().name}-{documents}-{questions}-{_content_of(folder)}"
    small = settings.home / "evals" / "pockets" / name
    if (small / "corpus.jsonl").exists():
        return small
    for name in _JUDGEMENTS:
        if (folder / name).exists():
            (small / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / name, small / name)
    for name in _QUESTIONS:
        if (folder / name).exists():
            _write(small / name, _asked(folder, name, questions))
    _write(small / "corpus.jsonl", _drawn(folder, small, documents))  # last: it says that all is there
    return small


def _content_of(folder: Path) -> str:
    """A digest of everything that is drawn from: a folder that changes has another pocket."""
    files = [folder / name for name in ("corpus.jsonl", *_QUESTIONS, *_JUDGEMENTS)]
    return digest(*(f"{file.name} {_digest_of(file)}" for file in files if file.exists()))


def _digest_of(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def _asked(folder: Path, name: str, most: int) -> Sequence[Row]:
    judged = read_task(folder).relevant
    return spread([row for row in json_lines(folder / name, "_id") if row["_id"] in judged], most)


def _drawn(folder: Path, small: Path, documents: int) -> list[Row]:
    needed = {document for relevant in read_task(small).relevant.values() for document in relevant}
    rows = list(json_lines(folder / "corpus.jsonl", "_id", "text"))
    rows.sort(key=lambda row: (row["_id"] not in needed, sha256(row["_id"].encode()).digest()))
    return rows[: max(documents, len(needed))]


def _write(file: Path, rows: Sequence[Row]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}")
    part.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    part.replace(file)
