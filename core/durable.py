"""Puts whole files into a folder or a bucket, such that readers meet all of a file or nothing of it; lists, reads and
removes them.

Putting the same name again replaces it the same way. Knows bytes and names, and nothing of what is in them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from filelock import FileLock
from pyarrow.fs import FileSelector, FileSystem, FileType, LocalFileSystem

from core.errors import ConfigurationError

Check = Callable[[bytes], None]  # raises when what was read back is not what was meant


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as the store lists it; `name` is below the store's root, with forward slashes."""

    name: str
    size: int
    changed_at: datetime

    @property
    def folder(self) -> str:
        """The name without its last part; "" at the root."""
        return self.name.rpartition("/")[0]


class Disk:
    """The calls that make a file last, or go; a test stops between them."""

    def write(self, path: Path, data: bytes) -> None:
        """The bytes, on the disk when it returns."""
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, path: Path, final: Path) -> None:
        """At once, over what was there."""
        path.replace(final)

    def remove(self, path: Path) -> None:
        """The name; who has the file open goes on reading it."""
        path.unlink(missing_ok=True)

    def sync(self, folder: Path) -> None:
        """The folder's names, on the disk when it returns."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Folder:
    """A local folder, made when it is first written to."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root = root
        self.files = LocalFileSystem()
        self._disk = disk or Disk()

    def put(self, name: str, data: bytes, check: Check) -> None:
        """Hidden file, fsync, check of what can be read back, rename, fsync of the folders."""
        final = self.root / name
        hidden = self.root / ".writing.tmp"  # always this one: whatever is written after a crash leaves none behind
        final.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / ".lock"):  # else two writers would share the hidden file
            self._disk.write(hidden, data)
            check(hidden.read_bytes())
            self._disk.rename(hidden, final)
            folder = Path(name).parent
            for each in (folder, *folder.parents):
                self._disk.sync(self.root / each)

    def stored(self, below: str = "") -> list[Stored]:
        """Every file below the folder, or one in it, but the hidden ones."""
        return _stored(self.files, str(self.root), below)

    def read(self, name: str) -> bytes:
        """The file's bytes, or FileNotFoundError."""
        return (self.root / name).read_bytes()

    def remove(self, name: str) -> None:
        """The file, if it is there."""
        self._disk.remove(self.root / name)

    def path(self, name: str) -> str:
        """Where `files` finds it."""
        return f"{self.root}/{name}"


class Bucket:
    """An `s3://bucket/prefix`, with options in its query as pyarrow's `FileSystem.from_uri` takes them."""

    def __init__(self, url: str) -> None:
        one_put = f"{url}{'&' if '?' in url else '?'}allow_delayed_open=true"  # else every file is a multipart upload
        try:
            self.files, self.root = FileSystem.from_uri(one_put)
        except pa.ArrowInvalid as error:
            raise ConfigurationError(f"{url!r} cannot be used as a bucket: {error}") from error

    def put(self, name: str, data: bytes, check: Check) -> None:
        """One put, which the store makes visible as a whole, then a check of what can be read back."""
        with self.files.open_output_stream(self.path(name)) as stream:
            stream.write(data)
        check(self.read(name))

    def stored(self, below: str = "") -> list[Stored]:
        """Every file below the prefix, or a folder in it, but the hidden ones."""
        return _stored(self.files, self.root, below)

    def read(self, name: str) -> bytes:
        """The file's bytes, or FileNotFoundError."""
        with self.files.open_input_stream(self.path(name)) as stored:
            data: bytes = stored.read()
        return data

    def remove(self, name: str) -> None:
        """The file, if it is there."""
        with suppress(FileNotFoundError):
            self.files.delete_file(self.path(name))

    def path(self, name: str) -> str:
        """Where `files` finds it."""
        return f"{self.root}/{name}"


def _stored(files: FileSystem, root: str, below: str) -> list[Stored]:
    selector = FileSelector(f"{root}/{below}".rstrip("/"), recursive=True, allow_not_found=True)
    found = [each for each in files.get_file_info(selector) if each.type == FileType.File]
    return [
        Stored(each.path[len(root) :].lstrip("/"), each.size, each.mtime)
        for each in found
        if not each.base_name.startswith(".")
    ]


def place(location: str) -> Folder | Bucket:
    """The folder or bucket that the location names; another scheme would become a folder of that name."""
    if location.startswith("s3://"):
        return Bucket(location)
    if "://" in location:
        scheme = location.partition("://")[0]
        raise ConfigurationError(
            f"{scheme}:// is no place for files: name a folder by its path, or s3://bucket/prefix."
        )
    return Folder(Path(location))
