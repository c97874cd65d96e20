"""Reading questions: BEIR, qa.jsonl, and clear errors for what is neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import InvalidInputError
from core.records import Message
from evals.readers import read_corpus, read_task


def write(path: Path, *rows: dict[str, object]) -> None:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")


def test_a_beir_folder_keeps_judged_questions_and_positive_grades(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", {"_id": "d1", "title": "T", "text": "body"})
    write(tmp_path / "queries.jsonl", {"_id": "q1", "text": "one?"}, {"_id": "q2", "text": "two?"})
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n")
    task = read_task(tmp_path)
    assert [question.text for question in task.questions] == ["one?"]
    assert task.relevant == {"q1": {"d1": 2}}
    assert [document.text for document in read_corpus(tmp_path)] == ["body"]


def test_a_beir_folders_questions_have_the_answers_that_stand_beside_them(tmp_path: Path) -> None:
    write(tmp_path / "queries.jsonl", {"_id": "q1", "text": "When?"}, {"_id": "q2", "text": "Where?"})
    (tmp_path / "qrels.tsv").write_text("q1\td1\t1\nq2\td1\t1\n")
    write(tmp_path / "qa.jsonl", {"_id": "q1", "question": "when", "answers": ["at nine"], "evidence": ["d9"]})
    task = read_task(tmp_path)
    assert [(each.text, each.answers) for each in task.questions] == [("When?", ("at nine",)), ("Where?", ())]
    assert task.relevant["q1"] == {"d1": 1}


def test_questions_keep_history_answers_and_evidence(tmp_path: Path) -> None:
    history = [{"role": "user", "content": "the Merlin?"}]
    write(
        tmp_path / "qa.jsonl",
        {"_id": "1", "question": "and its price?", "answers": ["£5"], "evidence": ["a.md"], "history": history},
        {"_id": "2", "question": "unknown?", "answerable": False, "evidence": []},
    )
    task = read_task(tmp_path)
    assert task.questions[0].history == (Message("user", "the Merlin?"),)
    assert task.questions[1].answerable is False
    assert task.relevant == {"1": {"a.md": 1}}


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "qa.jsonl").write_text('{"_id": "1", "question": "x"}\n{oops\n')
    with pytest.raises(InvalidInputError, match=r"qa\.jsonl, line 2 is not JSON"):
        read_task(tmp_path)


def test_a_question_without_its_fields_is_named(tmp_path: Path) -> None:
    write(tmp_path / "qa.jsonl", {"_id": "1", "query": "x"})
    with pytest.raises(InvalidInputError, match=r'qa\.jsonl, line 1 has no "question"'):
        read_task(tmp_path)


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_questions_says_what_it_looked_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match=r"BEIR"):
        read_task(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'["_id", "question"]', r"line 1 is no JSON object"),
        (b'{"_id": 1, "question": "x"}', r'line 1 has no "_id" that is a string'),
        (b'{"_id": "1", "question": "x", "history": [{"role": "user"}]}', r"history of question 1 .*content"),
        (b'{"_id": "1", "question": "x", "history": ["hello"]}', r"history of question 1"),
        ('{"_id": "1", "question": "Größe"}'.encode("latin-1"), r"qa\.jsonl is not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "qa.jsonl").write_bytes(content)
    with pytest.raises(InvalidInputError, match=says):
        read_task(tmp_path)


def test_judgements_without_questions_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "qrels.tsv").write_text("q\td\t1\n")
    with pytest.raises(InvalidInputError, match=r"queries\.jsonl cannot be read: No such file"):
        read_task(tmp_path)


def test_the_layout_that_beir_publishes_is_read_and_another_splits_judgements_are_not(tmp_path: Path) -> None:
    write(tmp_path / "queries.jsonl", {"_id": "q1", "text": "one?"}, {"_id": "q2", "text": "two?"})
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nother\td2\t1\n")
    task = read_task(tmp_path)
    assert [question.id for question in task.questions] == ["q1"]
    assert task.relevant == {"q1": {"d1": 1}}  # a question nobody asked is no zero


@pytest.mark.parametrize("evidence", ["a.md", [1], {"a.md": 1}])
def test_evidence_that_is_no_list_of_pages_is_refused(tmp_path: Path, evidence: object) -> None:
    write(tmp_path / "qa.jsonl", {"_id": "1", "question": "x", "evidence": evidence})
    with pytest.raises(InvalidInputError, match=r"evidence of question 1 is no list of pages"):
        read_task(tmp_path)


def test_two_documents_of_one_id_are_named(tmp_path: Path) -> None:
    write(tmp_path / "corpus.jsonl", {"_id": "d1", "text": "a"}, {"_id": "d1", "text": "b"})
    with pytest.raises(InvalidInputError, match=r"corpus\.jsonl has two documents of the id 'd1'"):
        list(read_corpus(tmp_path))


@pytest.mark.parametrize("answers", ["at nine", [9], {"at": "nine"}])
def test_answers_that_are_no_list_of_texts_are_refused(tmp_path: Path, answers: object) -> None:
    write(tmp_path / "qa.jsonl", {"_id": "1", "question": "x", "answers": answers})
    with pytest.raises(InvalidInputError, match=r"answers of question 1 is no list of texts: write \["):
        read_task(tmp_path)


@pytest.mark.parametrize("answerable", ["false", 0, None])
def test_what_is_neither_answerable_nor_not_is_refused(tmp_path: Path, answerable: object) -> None:
    write(tmp_path / "qa.jsonl", {"_id": "1", "question": "x", "answerable": answerable})
    with pytest.raises(InvalidInputError, match=r"question 1 is answerable is not said"):
        read_task(tmp_path)
