"""Retrieval measured end to end: questions, the project's own index of a corpus or a site's live build, figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import evals.corpora
from core.database import open_database
from core.embedder.files import PACKAGED
from core.errors import InvalidInputError, NotFoundError
from core.knowledge import BuildTable
from core.settings import Settings
from evals.__main__ import app
from evals.corpora import index_corpus
from evals.pages import ByPath
from evals.results import load
from evals.retrieval import evaluate_corpus, evaluate_site
from tests.fakes.encoders import FakeEncoder
from tests.fakes.site import PAGES, furnish

QUESTIONS = {
    "hours.md": "When do you open on Saturdays?",
    "returns.md": "Can I send back an opened bag of coffee?",
    "warranty.md": "Is limescale covered by the warranty?",
    "shipping.md": "From what order value is shipping free?",
}


def lines(*rows: Mapping[str, object]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return furnish(tmp_path / "home")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The pages as a BEIR folder."""
    folder = tmp_path / "beir"
    folder.mkdir()
    rows = ({"_id": page, "title": title, "text": text} for page, (title, text) in PAGES.items())
    (folder / "corpus.jsonl").write_text(lines(*rows))
    (folder / "queries.jsonl").write_text(lines(*({"_id": page, "text": text} for page, text in QUESTIONS.items())))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(f"{p}\t{p}\t1\n" for p in QUESTIONS))
    return folder


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """The same questions with evidence pages, one of them named by a longer path, one without any."""
    rows: list[dict[str, object]] = [
        {"_id": page, "question": text, "evidence": [f"docs/{page}"]} for page, text in QUESTIONS.items()
    ]
    file = tmp_path / "qa.jsonl"
    file.write_text(lines(*rows, {"_id": "no", "question": "Who won?", "evidence": [], "answerable": False}))
    return file


def test_a_corpus_is_indexed_and_every_search_is_measured(settings: Settings, corpus: Path) -> None:
    report = evaluate_corpus(corpus, settings)
    assert report.figures["fused/hit@1"] == 1
    names = {"nDCG@10", "recall@5", "recall@10", "MRR", "hit@1", "hit@5", "hit@10"}
    for mode in ("dense", "text", "fused", "fused-dense", "fused-text"):
        assert {name.split("/")[1] for name in report.figures if name.startswith(f"{mode}/")} == names
    low, high = report.intervals["fused/nDCG@10"]
    assert low <= report.figures["fused/nDCG@10"] <= high
    assert report.meta["questions"] == 4


def test_mistyped_questions_find_by_words_what_the_typed_ones_find(settings: Settings, corpus: Path) -> None:
    asked = {"hours.md": "Saturdays?", "warranty.md": "Limescale?"}  # one word each: no other can find the page
    (corpus / "queries.jsonl").write_text(lines(*({"_id": page, "text": text} for page, text in asked.items())))
    (corpus / "qrels.tsv").write_text("".join(f"{page}\t{page}\t1\n" for page in asked))
    report = evaluate_corpus(corpus, settings, typos=True)
    assert report.figures["text/hit@1"] == 1
    assert str(report.meta["task"]).endswith("mistyped")


def test_several_questions_in_one_are_measured_as_they_are_searched_for(settings: Settings, corpus: Path) -> None:
    question = f"{QUESTIONS['hours.md']} {QUESTIONS['warranty.md']}"
    (corpus / "queries.jsonl").write_text(lines({"_id": "both", "text": question}))
    (corpus / "qrels.tsv").write_text("both\thours.md\t1\nboth\twarranty.md\t1\n")
    report = evaluate_corpus(corpus, settings)
    assert report.figures["fused/nDCG@10"] == 1


def test_a_corpus_is_indexed_once_until_it_changes(
    settings: Settings, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled: list[int] = []
    fill = evals.corpora._fill

    def counted(*arguments: Any) -> BuildTable:
        filled.append(1)
        return fill(*arguments)

    monkeypatch.setattr(evals.corpora, "_fill", counted)
    evaluate_corpus(corpus, settings)
    evaluate_corpus(corpus, settings)
    assert len(filled) == 1
    evaluate_corpus(corpus, settings, one_passage=True)
    (corpus / "corpus.jsonl").write_text((corpus / "corpus.jsonl").read_text().replace("limescale", "chalk"))
    evaluate_corpus(corpus, settings)
    assert len(filled) == 3


class Named(FakeEncoder):
    """No model, but the packaged one's name, whose files decide."""

    name = PACKAGED


def test_vectors_of_other_weights_are_not_taken_for_these(
    settings: Settings, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Named()
    before = index_corpus(corpus, settings, encoder, one_passage=True).name
    assert index_corpus(corpus, settings, encoder, one_passage=True).name == before
    monkeypatch.setattr("core.embedder.load.VERSION", -1)
    assert index_corpus(corpus, settings, encoder, one_passage=True).name != before


def test_chunks_of_another_markdown_reader_are_not_taken_for_these(
    settings: Settings, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = index_corpus(corpus, settings, Named(), one_passage=True).name
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b"#" if path.name == "markdown.py" else b""))
    assert index_corpus(corpus, settings, Named(), one_passage=True).name != before


def test_an_indexing_that_was_cut_short_is_not_taken_for_whole(
    settings: Settings, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("core.knowledge.BuildTable.build_indices", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            evaluate_corpus(corpus, settings)
    assert evaluate_corpus(corpus, settings).figures["text/hit@1"] == 1


def test_a_sites_live_build_is_asked_and_evidence_matches_by_path_suffix(settings: Settings, golden: Path) -> None:
    report = evaluate_site(golden, "demo", settings)
    assert report.figures["fused/hit@1"] == 1
    assert report.meta["questions"] == 4  # the one without evidence has nothing to be found
    assert report.meta["site"] == "demo"


def test_results_are_kept_question_by_question(settings: Settings, golden: Path) -> None:
    report = evaluate_site(golden, "demo", settings)
    kept = load(report.meta["results"], settings)
    assert kept.kind == "retrieval"
    assert [row.id for row in kept.rows] == list(QUESTIONS)
    assert kept.rows[0].given.split("\n")[0] == "docs/hours.md"
    values = kept.values("fused/nDCG@10")
    assert sum(values.values()) / len(values) == report.figures["fused/nDCG@10"]


def test_a_wrong_page_is_a_miss(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "qa.jsonl"
    file.write_text(lines({"_id": "1", "question": "When do you open?", "evidence": ["other-hours.md", "returns.md"]}))
    report = evaluate_site(file, "demo", settings)
    assert report.figures["fused/hit@1"] == 0
    assert report.figures["fused/recall@10"] == 0.5
    assert report.meta["evidence_pages_not_found"] == 1


def test_evidence_of_which_no_page_was_indexed_is_refused(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "qa.jsonl"
    file.write_text(lines({"_id": "1", "question": "x", "evidence": ["other-hours.md"]}))
    with pytest.raises(InvalidInputError, match=r"None of the 1 pages .*other-hours\.md, was indexed"):
        evaluate_site(file, "demo", settings)


@pytest.mark.parametrize(
    ("evidence", "hits"),
    [
        ("index.html", {"index.html"}),
        ("products/index.html", {"products/index.html"}),
        ("pages/products/index.html", {"products/index.html"}),
        ("help.html", {"a/help.html", "b/help.html"}),
    ],
)
def test_a_page_counts_for_evidence_only_where_none_matches_it_better(evidence: str, hits: set[str]) -> None:
    paths = ("index.html", "products/index.html", "a/help.html", "b/help.html")
    pages = ByPath({path: path for path in paths})
    assert pages.meant(evidence) == hits


def test_questions_in_a_file_are_measured_on_the_corpus_beside_it(
    settings: Settings, corpus: Path, tmp_path: Path
) -> None:
    folder = corpus.rename(tmp_path / "my corpus (2)")
    rows = [{"_id": page, "question": text, "evidence": [page]} for page, text in QUESTIONS.items()]
    (folder / "qa.jsonl").write_text(lines(*rows))
    assert evaluate_corpus(folder / "qa.jsonl", settings).figures["fused/hit@1"] == 1


def test_questions_without_a_corpus_say_how_to_ask_a_site(settings: Settings, golden: Path) -> None:
    with pytest.raises(InvalidInputError, match="--site"):
        evaluate_corpus(golden.parent, settings)


def test_questions_without_evidence_cannot_be_measured(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "qa.jsonl"
    file.write_text(lines({"_id": "1", "question": "Who won?", "evidence": []}))
    with pytest.raises(InvalidInputError, match="nothing to measure"):
        evaluate_site(file, "demo", settings)


def test_a_site_without_a_build_says_how_to_make_one(settings: Settings, golden: Path) -> None:
    database = open_database(settings.database_location)
    database.sites.ensure("empty")
    database.close()
    with pytest.raises(NotFoundError, match="pipelines index"):
        evaluate_site(golden, "empty", settings)


def test_a_site_that_does_not_exist_is_named_before_its_questions(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere"):
        evaluate_site(tmp_path / "missing.jsonl", "nowhere", settings)


def test_one_passage_goes_with_no_site() -> None:
    result = CliRunner().invoke(app, ["retrieval", "--site", "demo", "--one-passage"])
    assert result.exit_code == 2
    assert "--one-passage goes with a folder" in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    assert CliRunner().invoke(app, ["fake-model", "--port", port]).exit_code == 2
