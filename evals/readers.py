"""Reads questions and judgements: BEIR folders, and `qa.jsonl` with evidence pages. Knows no search and no measure."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core.errors import InvalidInputError
from core.records import Message

T = TypeVar("T")

_TEXTS = {"_id", "text", "question"}  # fields that are strings wherever they are


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
    """The questions of a folder: `queries.jsonl` with `qrels.tsv` or `qrels/test.tsv` (BEIR), with the answers of a
    `qa.jsonl` beside them; else those of `qa.jsonl`.
    """
    if not folder.exists():
        raise InvalidInputError(f"{folder} does not exist. Name a BEIR folder, or a folder or file of questions.")
    if folder.is_file():
        return read_questions(folder)
    for judgements in (folder / "qrels.tsv", folder / "qrels" / "test.tsv"):
        if judgements.exists():
            return _read_beir(folder, judgements)
    if (folder / "qa.jsonl").exists():
        return read_questions(folder / "qa.jsonl")
    raise InvalidInputError(
        f"{folder} holds neither queries.jsonl with qrels.tsv or qrels/test.tsv (BEIR) nor qa.jsonl."
    )


def read_questions(file: Path) -> Task:
    """A `qa.jsonl` or `golden.jsonl`; questions without evidence have no judgement."""
    rows = list(json_lines(file, "_id", "question"))
    if twice := [name for name, count in Counter(row["_id"] for row in rows).items() if count > 1]:
        raise InvalidInputError(f"{file} holds several questions {twice[0]!r}: give each an _id of its own.")
    questions = tuple(_question(row, row["question"]) for row in rows)
    relevant = {row["_id"]: dict.fromkeys(_evidence(row), 1) for row in rows if row.get("evidence")}
    return Task(f"{file.parent.name}/{file.name}", questions, relevant)


def spread(rows: Sequence[T], most: int | None) -> Sequence[T]:
    """At most so many of them, from all over: files are sorted by kind."""
    if most is None or len(rows) <= most:
        return rows
    return [rows[len(rows) * step // most] for step in range(most)]


def read_corpus(folder: Path) -> Iterator[CorpusDocument]:
    """The documents of `corpus.jsonl`, one at a time; each has an id of its own."""
    seen: set[str] = set()
    for row in json_lines(folder / "corpus.jsonl", "_id", "text"):
        if row["_id"] in seen:
            raise InvalidInputError(f"{folder / 'corpus.jsonl'} has two documents of the id {row['_id']!r}.")
        seen.add(row["_id"])
        yield CorpusDocument(row["_id"], row.get("title", ""), row["text"])


def _read_beir(folder: Path, judgements: Path) -> Task:
    """Questions that are judged, and the judgements of questions that are asked: another split's are left out."""
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for row in csv.reader(_lines(judgements), delimiter="\t"):
        if len(row) == 3 and row[2].lstrip("-").isdigit() and int(row[2]) > 0:  # a header may come first
            relevant[row[0]][row[1]] = int(row[2])
    rows, golds = json_lines(folder / "queries.jsonl", "_id", "text"), _golds(folder / "qa.jsonl")
    questions = tuple(_question(golds.get(row["_id"], {}) | row, row["text"]) for row in rows if row["_id"] in relevant)
    return Task(folder.name, questions, {question.id: relevant[question.id] for question in questions})


def _golds(file: Path) -> dict[str, dict[str, Any]]:
    """By question: what a file beside BEIR's says of its answers; {} where there is none."""
    rows = json_lines(file, "_id") if file.exists() else ()
    return {row["_id"]: {name: row[name] for name in ("answers", "answerable") if name in row} for row in rows}


def _evidence(row: Mapping[str, Any]) -> list[str]:
    return _texts(row, "evidence", 'pages: write ["page.md"]')


def _texts(row: Mapping[str, Any], field: str, example: str) -> list[str]:
    """A field's texts; a lone text is refused, as each of its letters would pass for one."""
    texts = row.get(field) or []
    if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
        raise InvalidInputError(f"The {field} of question {row['_id']} is no list of {example}.")
    return texts


def _answerable(row: Mapping[str, Any]) -> bool:
    said = row.get("answerable", True)
    if not isinstance(said, bool):
        raise InvalidInputError(f"Whether question {row['_id']} is answerable is not said: write true or false.")
    return said


def _question(row: Mapping[str, Any], text: str) -> Question:
    try:
        history = tuple(Message(line["role"], line["content"]) for line in row.get("history") or ())
    except (KeyError, TypeError) as error:
        raise InvalidInputError(
            f"The history of question {row['_id']} is no list of objects with role and content."
        ) from error
    answers = _texts(row, "answers", 'texts: write ["at nine"]')
    return Question(row["_id"], text, history, tuple(answers), _answerable(row))


def json_lines(file: Path, *required: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file, each with the required fields; a bad line is named."""
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InvalidInputError(f"{file}, line {number} is not JSON: {error.msg}.") from error
        if not isinstance(row, dict):
            raise InvalidInputError(f"{file}, line {number} is no JSON object.")
        for name in required:
            if name not in row or (name in _TEXTS and not isinstance(row[name], str)):
                raise InvalidInputError(f'{file}, line {number} has no "{name}"{_that_is_text(name)}.')
        yield row


def _that_is_text(name: str) -> str:
    return " that is a string" if name in _TEXTS else ""


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8") as lines:
            yield from lines
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{file} is not UTF-8: save it as UTF-8.") from error
