"""Pockets of a corpus: kept by what the corpus holds, not by what its folder is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.settings import Settings
from evals.lab.pockets import pocket

FILES = {
    "corpus.jsonl": json.dumps({"_id": "d1", "title": "Hours", "text": "We open at nine."}),
    "queries.jsonl": json.dumps({"_id": "q1", "text": "When do you open?"}),
    "qrels.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t1",
}
CHANGED = {
    "corpus.jsonl": FILES["corpus.jsonl"].replace("nine", "noon"),
    "queries.jsonl": FILES["queries.jsonl"].replace("you", "they"),
    "qrels.tsv": FILES["qrels.tsv"].replace("d1\t1", "d1\t2"),
}


def corpus(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_changes_is_drawn_from_anew(name: str, settings: Settings, tmp_path: Path) -> None:
    folder = corpus(tmp_path / "faq")
    before = pocket(folder, 10, 10, settings)
    assert pocket(folder, 10, 10, settings) == before
    (folder / name).write_text(CHANGED[name])
    after = pocket(folder, 10, 10, settings)
    assert after != before
    assert (after / name).read_text().strip() == CHANGED[name]


def test_two_corpora_may_have_folders_of_one_name(settings: Settings, tmp_path: Path) -> None:
    ours, theirs = corpus(tmp_path / "ours" / "faq"), corpus(tmp_path / "theirs" / "faq")
    (theirs / "corpus.jsonl").write_text(CHANGED["corpus.jsonl"])
    assert "nine" in (pocket(ours, 10, 10, settings) / "corpus.jsonl").read_text()
    assert "noon" in (pocket(theirs, 10, 10, settings) / "corpus.jsonl").read_text()
