"""What is asked and answered: real questions in the manners of people who type, with their answers and passages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.conversations.schema import CITATION, PASSAGE
from core.errors import InvalidInputError
from evals.readers import json_lines

_MANNERS: tuple[Callable[[str], str], ...] = (
    str,
    str.lower,
    lambda text: text.rstrip("?.! "),
    lambda text: f"Hi, {text[:1].lower()}{text[1:]}",
    lambda text: f"{text} Thanks!",
    lambda text: text.lower().rstrip("?.! ").replace("'", ""),
)
_NO_ANSWER = "I could not find this in the pages of this site."
_PASSAGES = 3  # of a turn


@dataclass(frozen=True)
class Texts:
    """Pools to draw from; question n is worded in `manners` ways from `n * manners` on."""

    questions: pa.Array
    searches: pa.Array
    answers: pa.Array
    citations: pa.Array
    passages: pa.Array
    answerable: NDArray[np.bool_]
    manners: int = len(_MANNERS)

    def __len__(self) -> int:
        return len(self.searches)


def read_texts(file: Path) -> Texts:
    """The pools from a file of questions; where one names no sentences that answer it, its own words stand for them."""
    rows = list(json_lines(file, "_id", "question"))
    if not rows:
        raise InvalidInputError(f"{file} holds no question: name a golden.jsonl with --questions.")
    questions = [row["question"] for row in rows]
    evidence = [" ".join(row.get("sentences") or [row["question"]]) for row in rows]
    pages = [next(iter(row.get("evidence") or ["index.md"])) for row in rows]
    chunks = [_chunk(text, page, place) for place, (text, page) in enumerate(zip(evidence, pages, strict=True))]
    return Texts(
        questions=pa.array([manner(text) for text in questions for manner in _MANNERS]),
        searches=pa.array(questions),
        answers=pa.array([*evidence, _NO_ANSWER]),
        citations=pa.array([[_citation(chunk)] for chunk in chunks], pa.list_(CITATION)),
        passages=pa.array([_found(chunks, place) for place in range(len(chunks))], pa.list_(PASSAGE)),
        answerable=np.array([row.get("answerable", True) for row in rows]),
    )


def _chunk(text: str, path: str, position: int) -> dict[str, Any]:
    title = path.rpartition("/")[2].removesuffix(".md").replace("-", " ").capitalize()
    digest = sha256(text.encode()).hexdigest()
    names = {"id": digest[:32], "document": sha256(path.encode()).hexdigest()[:32], "path": path, "title": title}
    where = {"url": f"/{path.removesuffix('.md')}.html", "heading": title, "position": position % 7}
    return {**names, **where, "text": text, "tokens": len(text) // 4, "sha256": digest}


def _citation(chunk: Mapping[str, Any]) -> dict[str, Any]:
    return {"n": 1, "source_id": chunk["id"], "quote": chunk["text"]} | {
        name: chunk[name] for name in ("title", "url", "heading")
    }


def _found(chunks: Sequence[Mapping[str, Any]], place: int) -> list[dict[str, Any]]:
    """The question's own chunk, and some that are next best."""
    found = [chunks[(place + step * 7) % len(chunks)] for step in range(_PASSAGES)]
    return [
        {"chunk": chunk, "score": 0.9 - 0.11 * rank, "dense": 0.7 - 0.09 * rank, "text": 14.0 - 3 * rank}
        for rank, chunk in enumerate(found)
    ]
