"""What an indexing has to do, from the files as they are and as the live build knows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.database import Standing
from core.errors import InvalidInputError
from core.records import IndexedFile, Source
from core.settings import Settings
from pipelines.plan import Listed, is_alike, list_sources, plan, shape
from pipelines.sources import SourceFile


def listed(name: str, sha256: str = "1", source: str = "s1") -> Listed:
    return Listed(name, source, SourceFile(f"{name}.md", 10), sha256)


def known(name: str, sha256: str = "1", source: str = "s1") -> IndexedFile:
    return IndexedFile(name, source, f"{name}.md", sha256, chunks=2)


def test_without_a_build_everything_is_read() -> None:
    work = plan([listed("a"), listed("b")], [], Standing(), anew=True)
    assert [file.id for file in work.read] == ["a", "b"]
    assert (work.keep, work.deleted, work.is_empty) == ([], [], False)


def test_only_what_is_new_or_changed_is_read_and_the_rest_is_kept() -> None:
    work = plan([listed("a"), listed("b", "2"), listed("c")], [known("a"), known("b")], Standing(), anew=False)
    assert [file.id for file in work.read] == ["b", "c"]
    assert list(work.changed) == ["b"]
    assert work.keep == [known("a")]


def test_nothing_changed_is_nothing_to_do() -> None:
    assert plan([listed("a")], [known("a")], Standing(), anew=False).is_empty


def test_what_a_source_has_no_more_is_deleted() -> None:
    work = plan([listed("a")], [known("a"), known("b")], Standing(), anew=False)
    assert work.deleted == [known("b")]
    assert not work.is_empty


def test_a_source_that_was_removed_takes_its_documents_along() -> None:
    work = plan([listed("a")], [known("a"), known("b", source="s2")], Standing(), anew=False)
    assert work.deleted == [known("b", source="s2")]


def test_what_the_change_log_put_stays_though_no_source_has_it() -> None:
    put = Standing(put=frozenset({"upload"}))
    work = plan([listed("a")], [known("a"), known("upload", source="uploads")], put, anew=False)
    assert work.deleted == []
    assert known("upload", source="uploads") in work.keep


def test_a_file_that_failed_before_is_not_read_again_until_it_changes() -> None:
    failed = replace(known("a"), outcome="failed", reason="is malformed", chunks=0)
    assert plan([listed("a")], [failed], Standing(), anew=False).keep == [failed]
    assert [file.id for file in plan([listed("a", "2")], [failed], Standing(), anew=False).read] == ["a"]


def test_a_file_whose_bytes_cannot_be_had_does_not_pass_for_unchanged() -> None:
    assert [file.id for file in plan([listed("a", "")], [known("a", "")], Standing(), anew=False).read] == ["a"]


def test_an_erased_document_stays_erased_though_its_file_is_there() -> None:
    work = plan([listed("a"), listed("b")], [known("a"), known("b")], Standing(erased=frozenset("a")), anew=False)
    assert [file.id for file in work.deleted] == ["a"]
    [kept, erased] = work.keep
    assert kept == known("b")
    assert (erased.id, erased.outcome) == ("a", "ignored")
    later = plan([listed("a"), listed("b")], [known("b"), erased], Standing(erased=frozenset("a")), anew=False)
    assert later.is_empty


def test_a_build_from_scratch_reads_all_and_leaves_uploads_to_the_change_log() -> None:
    put = Standing(put=frozenset({"upload"}))
    work = plan([listed("a")], [known("a"), known("upload", source="uploads")], put, anew=True)
    assert [file.id for file in work.read] == ["a"]
    assert (work.keep, work.deleted) == ([], [])


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("Open.")
    (tmp_path / "docs" / "b.png").write_bytes(b"picture")
    return Source("s1", "demo", str(tmp_path / "docs"))


def test_files_are_listed_with_the_hash_of_their_bytes(source: Source) -> None:
    page, picture = list_sources([source], 2**20)
    assert len(page.sha256) == 64
    assert picture.sha256 == ""  # nobody reads it
    (Path(source.uri) / "a.md").write_text("Closed.")
    assert list_sources([source], 2**20)[0].sha256 != page.sha256


def test_a_source_that_cannot_be_listed_is_named_and_never_taken_for_empty(tmp_path: Path) -> None:
    gone = Source("s1", "demo", str(tmp_path / "gone"))
    with pytest.raises(InvalidInputError, match="source of site demo cannot be read, and what it held would be lost"):
        list_sources([gone], 2**20)


def test_builds_share_rows_unless_something_changed_that_shapes_chunks(settings: Settings, source: Source) -> None:
    usual = shape(settings, [source])
    others = [
        shape(settings.model_copy(update={"chunk_tokens": 256}), [source]),
        shape(settings.model_copy(update={"embedding_model": "openai:other"}), [source]),
        shape(settings, [replace(source, base_url="https://x")]),
    ]
    assert not any(is_alike(usual, other) for other in others)
    assert is_alike(usual, shape(settings.model_copy(update={"passages": 9}), [source]))


def test_a_source_that_is_new_or_gone_costs_the_documents_of_the_others_nothing(
    settings: Settings, source: Source
) -> None:
    one, two = shape(settings, [source]), shape(settings, [source, replace(source, id="s2", base_url="https://x")])
    assert is_alike(one, two) and is_alike(two, one)
    assert not is_alike({**one, "addresses": "0123456789ab"}, one)
