"""Golden questions added from a notebook: all or none, each once, and the file is one that evaluations read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInputError
from evals.lab.golden import Label, add_golden
from evals.readers import read_questions

OPENS = Label("When do you open?", ("at nine",), ("hours.md",))
TEA = Label("Do you sell tea?", answerable=False)


def test_what_was_there_stays_and_what_is_added_is_read_by_evaluations(tmp_path: Path) -> None:
    file = tmp_path / "sites" / "demo" / "golden.jsonl"
    add_golden(file, [OPENS])
    file.write_text(file.read_text().rstrip())  # an editor that leaves out the last line's end
    add_golden(file, [TEA])
    task = read_questions(file)
    assert [(each.text, each.answerable) for each in task.questions] == [(OPENS.question, True), (TEA.question, False)]
    assert list(task.relevant.values()) == [{"hours.md": 1}]


def test_a_question_is_golden_once_however_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "golden.jsonl"
    add_golden(file, [OPENS])
    before = file.read_text()
    for again in ([TEA, Label("when do you open")], [TEA, TEA]):
        with pytest.raises(InvalidInputError, match="already"):
            add_golden(file, again)
    assert file.read_text() == before  # nor was the new one beside it added


def test_a_file_that_was_broken_before_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "golden.jsonl"
    file.write_text(json.dumps({"_id": "1", "question": "A?", "answers": "a lone text"}))
    before = file.read_text()
    with pytest.raises(InvalidInputError, match="no list of texts"):
        add_golden(file, [TEA])
    assert file.read_text() == before
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".trial"] == []


def test_a_list_of_labels_is_no_label_and_leaves_no_folder(tmp_path: Path) -> None:
    labels: list[Any] = [[OPENS]]
    with pytest.raises(InvalidInputError, match=r"of a list \(\*labels\)"):
        add_golden(tmp_path / "demo" / "golden.jsonl", labels)
    assert list(tmp_path.iterdir()) == []
