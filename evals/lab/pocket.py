"""A corpus small enough to try on the spot: all pages that its questions need, and some that they do not."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

from core.settings import Settings
from evals.readers import json_lines, read_task

_FILES = ("queries.jsonl", "qrels.tsv", "qa.jsonl")


def pocket(folder: Path, documents: int, settings: Settings) -> Path:
    """A folder of the same questions over about so many documents, drawn by hash; figures on it flatter.

    Fewer pages compete for each question than in the whole, so compare systems on it and never with the literature.
    """
    small = settings.home / "evals" / "pockets" / f"{folder.resolve().name}-{documents}"
    if (small / "corpus.jsonl").exists():
        return small
    small.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        if (folder / name).exists():
            shutil.copy(folder / name, small / name)
    part = small / ".corpus.jsonl"
    part.write_text("".join(f"{json.dumps(row)}\n" for row in _drawn(folder, documents)), encoding="utf-8")
    part.replace(small / "corpus.jsonl")  # last: it says that all is there
    return small


def _drawn(folder: Path, documents: int) -> list[dict[str, str]]:
    needed = {document for relevant in read_task(folder).relevant.values() for document in relevant}
    rows = list(json_lines(folder / "corpus.jsonl", "_id", "text"))
    return sorted(rows, key=lambda row: (row["_id"] not in needed, sha256(row["_id"].encode()).digest()))[
        : max(documents, len(needed))
    ]
