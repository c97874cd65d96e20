"""The sample site holds what its data card says: pages, questions of every kind, and evidence that our parsers see."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.parsers.registry import parse

DATASETS = Path(__file__).parents[2] / "datasets"
KESTREL = DATASETS / "kestrel"
PAGES = sorted(path for path in (KESTREL / "pages").rglob("*") if path.is_file())
QUESTIONS: list[dict[str, Any]] = [json.loads(line) for line in (KESTREL / "golden.jsonl").read_text().splitlines()]
KINDS = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", (DATASETS / "README.md").read_text(), flags=re.MULTILINE)

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def words(markdown: str) -> str:
    """Text without white space, markup and addresses of links, between spaces."""
    return " ".join(["", *re.findall(r"[^\W_]+", _LINK.sub(r"\1", markdown).casefold()), ""])


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The words of every page, as the pipeline parses it."""
    folder = KESTREL / "pages"
    return {page.relative_to(folder).as_posix(): words(parse(page.name, page.read_bytes()).text) for page in PAGES}


def test_there_are_enough_pages_and_questions() -> None:
    assert len(PAGES) >= 35
    assert {page.suffix for page in PAGES} == {".md", ".html", ".pdf", ".docx"}
    assert len(QUESTIONS) >= 100
    assert all(len({row[name] for row in QUESTIONS}) == len(QUESTIONS) for name in ("_id", "question"))


def test_every_kind_is_there_as_often_as_the_card_says() -> None:
    assert len(KINDS) == 7
    assert Counter(row["kind"] for row in QUESTIONS) == {kind: int(number) for kind, number in KINDS}


def test_an_answerable_question_has_answers_evidence_and_sentences_and_no_other_has() -> None:
    for row in QUESTIONS:
        assert all(bool(row[name]) is row["answerable"] for name in ("answers", "evidence", "sentences")), row["_id"]
        assert bool(row.get("history")) is (row["kind"] == "follow-up"), row["_id"]
        assert len(row["evidence"]) > 1 or row["kind"] != "several", row["_id"]


def test_every_evidence_page_exists(texts: dict[str, str]) -> None:
    assert {page for row in QUESTIONS for page in row["evidence"]} <= texts.keys()


def test_every_sentence_stands_in_the_text_of_an_evidence_page(texts: dict[str, str]) -> None:
    missing = [
        (row["_id"], sentence)
        for row in QUESTIONS
        for sentence in row["sentences"]
        if not any(words(sentence) in texts[page] for page in row["evidence"])
    ]
    assert missing == []


def test_messages_of_several_questions_have_evidence_for_each_that_is_answered(texts: dict[str, str]) -> None:
    lines = (KESTREL / "several-questions.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        assert len(row["parts"]) == 2, row["_id"]
        for part in row["parts"]:
            assert bool(part["answers"]) is bool(part["evidence"]), row["_id"]
            assert set(part["evidence"]) <= texts.keys(), row["_id"]
