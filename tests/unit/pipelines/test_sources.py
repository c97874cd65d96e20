"""Sources: what is listed, what is read, and what is refused before it is."""

from __future__ import annotations

import os
from pathlib import Path
from traceback import format_exception

import pytest

from core.errors import InvalidInputError, UnreadableDocumentError
from pipelines.sources import SourceFile, list_files, read, redacted

MOST = 1_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.md", "a/c.html", "a/d e.md", "a/.hidden.md", ".git/x.md", "LICENSE", "~$b.docx"):
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "docs"


def paths(uri: object) -> list[str]:
    return [file.path for file in list_files(str(uri))]


def test_a_folder_is_listed_in_order_without_hidden_files(folder: Path) -> None:
    assert list_files(str(folder))[0] == SourceFile("LICENSE", 7)
    assert paths(folder) == ["LICENSE", "a/c.html", "a/d e.md", "b.md"]
    assert read(str(folder), "a/d e.md", MOST) == b"a/d e.md"


def test_a_single_file_is_a_source(folder: Path) -> None:
    assert paths(folder / "b.md") == ["b.md"]
    assert read(str(folder / "b.md"), "b.md", MOST) == b"b.md"


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*.md", ["b.md"]),
        ("**/*.md", ["a/d e.md", "b.md"]),
        ("a/*", ["c.html", "d e.md"]),
        ("**", ["LICENSE", "a/c.html", "a/d e.md", "b.md"]),
        ("[ab]/?.html", ["a/c.html"]),
    ],
)
def test_a_glob_lists_what_matches_below_its_first_wildcard(folder: Path, glob: str, expected: list[str]) -> None:
    assert paths(folder / glob) == expected
    assert read(str(folder / glob), expected[-1], MOST)


def test_a_folder_named_like_a_glob_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "v[1]").mkdir()
    (tmp_path / "v[1]" / "a.md").write_text("x")
    assert paths(tmp_path / "v[1]") == ["a.md"]


def test_links_out_of_the_folder_are_named_and_never_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    (folder / "outside").symlink_to(tmp_path)
    (folder / "alias.md").symlink_to(folder / "b.md")
    problems = {file.path: file.problem for file in list_files(str(folder)) if file.problem}
    assert problems.keys() == {"out.md", "outside"}
    assert "leads out" in problems["out.md"]
    assert read(str(folder), "alias.md", MOST) == b"b.md"
    for path in ("out.md", "../secret.md", "/etc/passwd", "outside/secret.md"):
        with pytest.raises(UnreadableDocumentError, match="leads out"):
            read(str(folder), path, MOST)


def test_circles_of_links_end(folder: Path) -> None:
    (folder / "a" / "up").symlink_to(folder)
    (folder / "self.md").symlink_to(folder / "self.md")
    files = {file.path: file.problem for file in list_files(str(folder))}
    assert files.keys() == {"LICENSE", "a/c.html", "a/d e.md", "b.md", "self.md"}
    assert "leads nowhere" in files["self.md"]


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    assert {file.path: file.problem for file in list_files(str(folder))}["pipe.md"] == "is no regular file"


def test_a_large_file_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "huge.md").open("wb") as file:
        file.truncate(2**40)  # more than there is memory, and nothing on the disk
    with pytest.raises(UnreadableDocumentError, match=r"too large: 1048576\.0 MiB, and the limit is 50 MiB"):
        read(str(folder), "huge.md", 50 * 2**20)


def test_a_file_that_vanished_is_refused(folder: Path) -> None:
    with pytest.raises(UnreadableDocumentError, match="does not exist"):
        read(str(folder), "gone.md", MOST)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("missing", "does not exist: name a folder"),
        ("empty", "is empty: put documents there"),
        ("pictures", "holds 1 files but no document. These types are read: Markdown"),
        ("docs/*.rtf", "is empty"),
        ("https://example.com/", "https://example.com/ has not been fetched"),
        ("ftp://example.com/", "ftp://example.com/ is no source"),
    ],
)
def test_a_source_without_documents_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, uri: str, says: str
) -> None:
    monkeypatch.chdir(folder.parent)
    Path("empty").mkdir()
    Path("pictures").mkdir()
    Path("pictures/logo.png").write_bytes(b"x")
    with pytest.raises(InvalidInputError, match=says) as raised:
        list_files(uri)
    assert raised.value.param == "source"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("s3://bucket/docs", "s3://bucket/docs"),
        ("s3://KEY:SECRET@bucket/docs?region=eu-west-1", "s3://bucket/docs"),
        ("s3://KEY:SEC/RET@bucket/docs", "s3://bucket/docs"),
        ("s3://KEY:SEC?RET#@@bucket/docs?a=b#c", "s3://bucket/docs"),
        ("S3:KEY:SECRET@bucket", "s3://bucket"),
        ("s3://KEY:[SECRET@bucket", "s3://bucket"),
        ("https://me:SECRET@example.com/a?token=SECRET", "https://example.com/a"),
        ("/home/me@work/docs?", "/home/me@work/docs?"),
        ("C:/docs", "C:/docs"),
    ],
)
def test_a_source_is_shown_without_what_is_secret(uri: str, shown: str) -> None:
    assert redacted(uri) == shown


@pytest.mark.parametrize(
    "uri",
    [
        "s3://KEY:SEC/RET@bucket/docs",
        "s3://KEY:SEC#RET@bucket/docs",
        "s3://KEY:[RET@bucket/docs",
        "s3://KEY:SECRET@bucket/docs?SEC=RET",
        "s3://KEY:SECRET@bucket/docs?scheme=RET&endpoint_override=127.0.0.1:1",
        "s3:KEY:SECRET@bucket/docs",
        "gs://KEY:SEC/RET@bucket/docs",
    ],
)
def test_no_message_about_an_address_repeats_its_secret(uri: str) -> None:
    with pytest.raises(InvalidInputError, match="bucket") as raised:
        list_files(uri)
    told = "".join(format_exception(raised.value.with_traceback(None)))
    assert "SEC" not in told
    assert "RET" not in told


def test_what_a_store_says_is_told_without_the_names_it_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    class Denying:
        @staticmethod
        def from_uri(uri: str) -> None:
            raise OSError(f"When reading {uri}: AWS Error ACCESS_DENIED during HeadObject operation: No response body.")

    monkeypatch.setattr("pipelines.sources.bucket.FileSystem", Denying)
    with pytest.raises(InvalidInputError) as raised:
        list_files("s3://KEY:SECRET@hushed/docs")
    assert raised.value.message == (
        "s3://hushed/docs cannot be listed: AWS Error ACCESS_DENIED during HeadObject operation: No response body."
    )
