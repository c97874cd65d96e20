"""Drafts as a file that a person reviews, and what is left of it as golden questions. Knows no pages."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import InvalidInputError, NotFoundError
from core.words import words
from evals.drafting.drafts import Draft
from evals.readers import json_lines, read_questions
from evals.report import Report


def refuse_to_replace(file: Path, *, force: bool) -> None:
    """A draft that is there may hold somebody's review."""
    if file.exists() and not force:
        raise InvalidInputError(
            f"{file} is there, and may be under review: take it over with --accept, replace it with --force, "
            "or draft into another file with --output FILE."
        )


def write(drafts: Sequence[Draft], file: Path) -> None:
    """One object a line, in `qa.jsonl` form."""
    _put(file, "".join(_line(draft.row()) for draft in drafts))


def accept(draft: Path, golden: Path) -> Report:
    """The draft's questions join the golden ones, whose lines stay as they are, and the draft is gone.

    One whose id or wording is golden already is left out.
    """
    if not draft.exists():
        raise NotFoundError(f"There is no draft {draft}. Make one, without --accept, and review it.")
    read_questions(draft)  # a line that was spoilt is named before anything is changed
    rows = list(json_lines(draft))
    there = read_questions(golden).questions if golden.exists() else ()
    ids, asked = {question.id for question in there}, {_folded(question.text) for question in there}
    new = [row for row in rows if row["_id"] not in ids and _folded(row["question"]) not in asked]
    if new:
        before = golden.read_text(encoding="utf-8").rstrip("\n") if there else ""
        _put(golden, f"{before}\n".lstrip("\n") + "".join(map(_line, new)))
    draft.unlink()
    figures = {"questions/accepted": len(new), "questions/known": len(rows) - len(new)}
    return Report(figures | {"questions/golden": len(there) + len(new)}, meta={"golden": str(golden)})


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _folded(question: str) -> str:
    return " ".join(words(question))


def _put(file: Path, text: str) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
