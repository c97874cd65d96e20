"""Files that readers meet whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.durable import Bucket, Disk, Folder, place
from core.errors import ConfigurationError, IntegrityError


class Diary(Disk):
    """A disk that notes what is done to it, and what readers would meet meanwhile."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.steps: list[str] = []

    def write(self, path: Path, data: bytes) -> None:
        super().write(path, data)
        self.steps.append(f"write {path.name}")

    def rename(self, path: Path, final: Path) -> None:
        assert not list(self.root.rglob("*.parquet"))
        super().rename(path, final)
        self.steps.append(f"rename {final.name}")

    def sync(self, folder: Path) -> None:
        super().sync(folder)
        self.steps.append(f"sync {folder.relative_to(self.root)}")


def accept(_: bytes) -> None:
    """Any bytes will do."""


def refuse(_: bytes) -> None:
    raise IntegrityError("torn")


def test_a_file_is_written_aside_then_checked_then_named_then_made_to_last(tmp_path: Path) -> None:
    disk = Diary(tmp_path)
    Folder(tmp_path, disk).put("date=1/a.parquet", b"x", lambda data: disk.steps.append(f"check {data!r}"))
    assert disk.steps == ["write .writing.tmp", "check b'x'", "rename a.parquet", "sync date=1", "sync ."]


def test_what_fails_its_check_gets_no_name_and_leaves_the_old_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put("a", b"old", accept)
    with pytest.raises(IntegrityError):
        folder.put("a", b"new", refuse)
    assert (tmp_path / "a").read_bytes() == b"old"


def test_putting_again_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "made" / "here")
    (tmp_path / "made" / "here").mkdir(parents=True)
    (tmp_path / "made" / "here" / ".writing.tmp").write_bytes(b"left by a crash")
    folder.put("a", b"1", accept)
    folder.put("a", b"2", accept)
    assert {path.name: path.read_bytes() for path in (tmp_path / "made" / "here").iterdir()} == {
        "a": b"2",
        ".lock": b"",
    }


def test_a_folder_named_from_where_one_stands_is_as_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Folder(Path("var/results")).put("date=1/a", b"x", accept)
    Folder(Path("var/results")).put("b", b"y", accept)
    assert (tmp_path / "var/results/date=1/a").read_bytes() == b"x"
    assert (tmp_path / "var/results/b").read_bytes() == b"y"


def test_a_location_names_a_folder_or_a_bucket(tmp_path: Path) -> None:
    folder, bucket = place(str(tmp_path)), place("s3://bucket/prefix?region=eu-west-1")
    assert isinstance(folder, Folder)
    assert folder.root == tmp_path
    assert isinstance(bucket, Bucket)
    assert bucket.root == "bucket/prefix"


def test_a_bucket_with_options_that_do_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be used as a bucket"):
        place("s3://bucket/prefix?colour=red")


@pytest.mark.parametrize("location", ["gs://bucket/prefix", "file:///tmp/x", "S3://bucket"])
def test_a_place_of_another_kind_is_refused_and_makes_no_folder(location: str) -> None:
    with pytest.raises(ConfigurationError, match=r":// is no place for files: .*s3://bucket/prefix"):
        place(location)
