"""Verdicts of a judge, kept by the content that was judged: what was judged once is not asked again.

One JSON object a line, appended as each verdict comes, so that a run that was stopped loses none. A line that a
crash tore is skipped: its verdict is asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any


class Verdicts:
    """The verdicts of a file, which is made with the first of them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = dict(_read(file))

    def get(self, key: str) -> float | None:
        """The verdict, if it was ever given."""
        return self._known.get(key)

    def keep(self, key: str, value: float, **about: Any) -> None:
        """Remember the verdict for good; `about` is for people who read the file."""
        self._known[key] = value
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"key": key, "value": value, **about}) + "\n")


def key_of(**content: Any) -> str:
    """The same for the same content, on every machine."""
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _read(file: Path) -> Iterator[tuple[str, float]]:
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            verdict = json.loads(line)
            yield verdict["key"], float(verdict["value"])
        except (ValueError, KeyError, TypeError):
            continue
