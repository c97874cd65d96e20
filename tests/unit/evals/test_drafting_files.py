"""A draft as a file: what a reviewer left of it joins the golden questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import InvalidInputError, NotFoundError
from evals.drafting.drafts import Draft
from evals.drafting.files import accept, refuse_to_replace, write
from evals.readers import read_questions

DRAFTS = [Draft(f"Do you sell {what}?", ("Yes.",), "faq", ("faq.md",), "FAQ") for what in ("tea", "milk", "cups")]


def test_a_draft_is_read_as_golden_questions_are(tmp_path: Path) -> None:
    file = tmp_path / "new" / "golden.draft.jsonl"
    write(DRAFTS, file)
    task = read_questions(file)
    assert [question.text for question in task.questions] == [draft.question for draft in DRAFTS]
    assert all(question.answerable and question.answers == ("Yes.",) for question in task.questions)
    assert task.relevant[DRAFTS[0].id] == {"faq.md": 1}
    assert list(file.parent.iterdir()) == [file]


def test_a_draft_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    file = tmp_path / "golden.draft.jsonl"
    refuse_to_replace(file, force=False)
    write(DRAFTS, file)
    with pytest.raises(InvalidInputError, match=r"--accept.*--force.*--output"):
        refuse_to_replace(file, force=False)
    refuse_to_replace(file, force=True)


def test_what_the_reviewer_left_joins_the_golden_questions_whose_lines_stay(tmp_path: Path) -> None:
    draft, golden = tmp_path / "golden.draft.jsonl", tmp_path / "golden.jsonl"
    own = '{"question": "do you sell TEA", "_id": "mine",  "answers": ["no"]}'  # as a person typed it, no line end
    golden.write_text(own)
    write(DRAFTS, draft)
    kept = draft.read_text().splitlines()[:2]
    draft.write_text("\n".join(kept) + "\n\n")
    report = accept(draft, golden)
    assert report.figures == {"questions/accepted": 1, "questions/known": 1, "questions/golden": 2}
    assert golden.read_text() == f"{own}\n{kept[1]}\n"
    assert not draft.exists()


def test_a_first_golden_set_is_made(tmp_path: Path) -> None:
    draft, golden = tmp_path / "golden.draft.jsonl", tmp_path / "golden.jsonl"
    write(DRAFTS, draft)
    accept(draft, golden)
    assert [json.loads(line)["_id"] for line in golden.read_text().splitlines()] == [each.id for each in DRAFTS]


def test_a_spoilt_line_is_named_and_nothing_is_changed(tmp_path: Path) -> None:
    draft, golden = tmp_path / "golden.draft.jsonl", tmp_path / "golden.jsonl"
    write(DRAFTS, draft)
    draft.write_text(draft.read_text() + '{"_id": "x", "question": \n')
    with pytest.raises(InvalidInputError, match="line 4 is not JSON"):
        accept(draft, golden)
    assert draft.exists()
    assert not golden.exists()


def test_accepting_without_a_draft_says_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="Make one"):
        accept(tmp_path / "golden.draft.jsonl", tmp_path / "golden.jsonl")
