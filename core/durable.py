"""Puts whole files into a folder or a bucket, such that readers meet all of a file or nothing of it.

Putting the same name again replaces it the same way. Knows bytes and names, and nothing of what is in them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from filelock import FileLock
from pyarrow.fs import FileSelector, FileSystem, FileType

from core.errors import ConfigurationError

Check = Callable[[bytes], None]  # raises when what was read back is not what was meant


class Disk:
    """The calls that make a file last; a test stops between them."""

    def write(self, path: Path, data: bytes) -> None:
        """The bytes, on the disk when it returns."""
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, path: Path, final: Path) -> None:
        """At once, over what was there."""
        path.replace(final)

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
        self._disk = disk or Disk()

    def put(self, name: str, data: bytes, check: Check) -> None:
        """Hidden file, fsync, check of what can be read back, rename, fsync of the folders."""
        final = self.root / name
        hidden = final.with_name(f".{final.name}.tmp")  # always this one: a rerun after a crash leaves none behind
        final.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / ".lock"):  # else two writers of one name would share the hidden file
            self._disk.write(hidden, data)
            check(hidden.read_bytes())
            self._disk.rename(hidden, final)
            for folder in (final.parent, *final.parent.relative_to(self.root).parents):
                self._disk.sync(self.root / folder)


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
        path = f"{self.root}/{name}"
        with self.files.open_output_stream(path) as stream:
            stream.write(data)
        with self.files.open_input_stream(path) as stored:
            check(stored.read())

    def paths(self) -> list[str]:
        """Every file under the prefix."""
        selector = FileSelector(self.root, recursive=True, allow_not_found=True)
        return [found.path for found in self.files.get_file_info(selector) if found.type == FileType.File]


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
