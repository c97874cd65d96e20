"""From a question to a golden one: labelled with its answer and evidence, checked, and added to a site's file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

from core.errors import InvalidInputError
from core.knowledge import BuildTable
from evals.answer_measures import normalized
from evals.lab.arguments import text
from evals.lab.shown import page
from evals.pages import by_path
from evals.readers import read_questions
from pipelines.site import write_whole


@dataclass(frozen=True)
class Label:
    """A question with what a good answer says, and the pages that it stands on; `doubts` are worth a look."""

    question: str
    answers: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    answerable: bool = True
    doubts: tuple[str, ...] = field(default=(), compare=False)

    def row(self, name: str) -> dict[str, Any]:
        """As a `golden.jsonl` has it."""
        return {
            "_id": name,
            "question": self.question,
            "answers": list(self.answers),
            "answerable": self.answerable,
            "evidence": list(self.evidence),
        }

    def _repr_html_(self) -> str:
        return page("label", label=self)


def label(question: str, answers: Sequence[str], evidence: Sequence[str], table: BuildTable) -> Label:
    """The question labelled; without answers and evidence it is one that cannot be answered.

    InvalidInputError for evidence that the build does not hold. An answer that stands on none of its pages is a doubt.
    """
    question = text(question, "question").strip()
    answers, evidence = _texts(answers, "answers"), _texts(evidence, "evidence")
    if bool(answers) != bool(evidence):
        raise InvalidInputError(
            "An answerable question needs both, answers and the pages they stand on; any other needs neither.",
            param="answers",
        )
    told = normalized(" ".join(_text_of(each, table) for each in evidence))
    doubts = [
        f"“{each}” stands, word for word, on none of these pages." for each in answers if normalized(each) not in told
    ]
    return Label(question, tuple(answers), tuple(evidence), bool(answers), tuple(doubts))


def add_golden(file: Path, labels: Sequence[Label]) -> pl.DataFrame:
    """Appends the labels to the file and returns them with their ids; InvalidInputError for a question it has already.

    The file is whole at any time: all labels are added or none.
    """
    if strange := [each for each in labels if not isinstance(each, Label)]:
        raise InvalidInputError(
            f"A {type(strange[0]).__name__} is no label: write add_golden(first, second), or of a list (*labels).",
            param="labels",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name}.lock")):
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        _refuse_duplicates(file, labels)
        rows = [each.row(_name(each)) for each in labels]
        added = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        _check(file, f"{before.rstrip()}\n{added}".lstrip())
    return pl.DataFrame(rows, infer_schema_length=None)


def _check(file: Path, text: str) -> None:
    """Written beside the file, read as an evaluation reads it, and only then put in its place."""
    trial = file.with_name(f".{file.name}.trial")
    try:
        trial.write_text(text, encoding="utf-8")
        read_questions(trial)
        write_whole(file, text)
    finally:
        with suppress(FileNotFoundError):
            trial.unlink()


def _refuse_duplicates(file: Path, labels: Sequence[Label]) -> None:
    known = {_same(each.text) for each in read_questions(file).questions} if file.exists() else set()
    for each in labels:
        if _same(each.question) in known:
            raise InvalidInputError(f"{file} has the question {each.question!r} already.", param="questions")
        known.add(_same(each.question))


def _text_of(path: str, table: BuildTable) -> str:
    pages = by_path(table)
    meant = pages.meant(path)
    if not meant:
        raise InvalidInputError(
            f"The build holds no page {path!r}: evidence is a path, such as help/faq.html.", param="evidence"
        )
    documents = [document for document in table.documents() if pages.of(document) in meant]
    return " ".join(chunk.text for document in documents for chunk in table.chunks(document))


def _texts(values: Sequence[str], name: str) -> list[str]:
    if not isinstance(values, Sequence) or isinstance(values, str) or not all(isinstance(each, str) for each in values):
        raise InvalidInputError(f"The {name} are a list of texts: write {name}=[{str(values)!r}].", param=name)
    return [each.strip() for each in values if each.strip()]


def _same(question: str) -> str:
    return normalized(question)


def _name(each: Label) -> str:
    return f"lab-{sha256(_same(each.question).encode()).hexdigest()[:10]}"
