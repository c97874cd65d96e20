"""A bucket that speaks S3 as a place of documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from pyarrow import ArrowException
from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType

from core.errors import InvalidInputError
from pipelines.sources.place import SourceFile, is_hidden, redacted, refuse_larger


@dataclass(frozen=True, slots=True)
class Bucket:
    """An object, or all below a prefix, in an S3 bucket."""

    filesystem: FileSystem
    root: str

    def files(self) -> Iterator[SourceFile]:
        """All of them."""
        info = self.filesystem.get_file_info(self.root)
        if info.type == FileType.File:
            yield SourceFile(info.base_name, info.size)
            return
        for below in self.filesystem.get_file_info(FileSelector(self.root, recursive=True)):
            path = below.path.removeprefix(self.root).lstrip("/")
            if below.type == FileType.File and not any(map(is_hidden, PurePosixPath(path).parts)):
                yield SourceFile(path, below.size)

    def read(self, path: str, most: int) -> bytes:
        """The bytes of one."""
        with self.filesystem.open_input_file(self._full(path)) as file:
            refuse_larger(file.size(), most)
            return bytes(file.read())

    def _full(self, path: str) -> str:
        info: FileInfo = self.filesystem.get_file_info(self.root)
        return self.root if info.type == FileType.File else f"{self.root}/{path}"


@lru_cache(maxsize=8)
def open_bucket(uri: str) -> Bucket:
    """Remembered, as a connection takes a while; the query options are pyarrow's."""
    try:
        filesystem, root = FileSystem.from_uri(uri)
    except ArrowException:  # it quotes the secret: neither its message nor its traceback may be seen
        raise InvalidInputError(
            f"{redacted(uri)} is no bucket's address that can be read: write it as s3://key:secret@bucket/prefix, "
            "with %2F for a / in the secret, and with none but pyarrow's options after a question mark.",
            param="source",
        ) from None
    return Bucket(filesystem, root.rstrip("/"))
