"""Reads questions and judgements: BEIR folders, and `qa.jsonl` with evidence pages. Knows no search and no measure."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InvalidInputError
from core.records import Message


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `history` is what was said before it, oldest first."""

    id: str
    text: str
    history: tuple[Message, ...] = ()
    answers: tuple[str, ...] = ()
    answerable: bool = True


@dataclass(frozen=True, slots=True)
class Task:
    """Questions and, for each, the documents that answer it with their grades."""

    name: str
    questions: tuple[Question, ...]
    relevant: Mapping[str, Mapping[str, int]]  # question id -> document (id or page path) -> grade, all > 0


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """One document of a `corpus.jsonl`."""

    id: str
    title: str
    text: str


def read_task(folder: Path) -> Task:
    """The questions of a folder: `queries.jsonl` with `qrels.tsv` (BEIR), else `qa.jsonl`."""
    if not folder.exists():
        raise InvalidInputError(f"{folder} does not exist. Name a BEIR folder, or a folder or file of questions.")
    if folder.is_file():
        return read_questions(folder)
    if (folder / "qrels.tsv").exists():
        return _read_beir(folder)
    if (folder / "qa.jsonl").exists():
        return read_questions(folder / "qa.jsonl")
    raise InvalidInputError(f"{folder} holds neither queries.jsonl with qrels.tsv (BEIR) nor qa.jsonl.")


def read_questions(file: Path) -> Task:
    """A `qa.jsonl` or `golden.jsonl`; questions without evidence have no judgement."""
    rows = list(_rows(file, "question"))
    if twice := [name for name, count in Counter(row["_id"] for row in rows).items() if count > 1]:
        raise InvalidInputError(f"{file} holds several questions {twice[0]!r}: give each an _id of its own.")
    questions = tuple(_question(row, row["question"]) for row in rows)
    relevant = {row["_id"]: dict.fromkeys(row["evidence"], 1) for row in rows if row.get("evidence")}
    return Task(f"{file.parent.name}/{file.name}", questions, relevant)


def read_corpus(folder: Path) -> Iterator[CorpusDocument]:
    """The documents of `corpus.jsonl`, one at a time."""
    for row in _rows(folder / "corpus.jsonl", "text"):
        yield CorpusDocument(row["_id"], row.get("title", ""), row["text"])


def _read_beir(folder: Path) -> Task:
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    with (folder / "qrels.tsv").open(newline="") as lines:
        for row in csv.reader(lines, delimiter="\t"):
            if len(row) == 3 and row[2].lstrip("-").isdigit() and int(row[2]) > 0:  # a header may come first
                relevant[row[0]][row[1]] = int(row[2])
    questions = tuple(_question(row, row["text"]) for row in _rows(folder / "queries.jsonl", "text"))
    return Task(folder.name, tuple(q for q in questions if q.id in relevant), dict(relevant))


def _question(row: Mapping[str, Any], text: str) -> Question:
    history = tuple(Message(line["role"], line["content"]) for line in row.get("history") or ())
    return Question(row["_id"], text, history, tuple(row.get("answers") or ()), row.get("answerable", True))


def _rows(file: Path, *required: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file, each with `_id` and the required fields; a bad line is named."""
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise InvalidInputError(f"{file}, line {number} is not JSON: {error.msg}.") from error
            for name in ("_id", *required):
                if name not in row:
                    raise InvalidInputError(f'{file}, line {number} has no "{name}".')
            yield row
