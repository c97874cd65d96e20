"""Lists and reads the files of a source: a folder, a single file, a glob, or `s3://bucket/prefix`.

Deterministic: files come sorted by path. Hidden files are left out; what must not be read, such as a link out
of the folder, is listed with its problem. Knows types by name only, and parses nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Protocol

from pyarrow import ArrowException
from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType

from core.errors import InvalidInputError, UnreadableDocumentError
from pipelines.parsers.kinds import WHAT_IS_READ, is_unread_document, kind_of

_WHAT_TO_NAME = "name a folder, a file, a glob such as docs/**/*.md, or s3://bucket/prefix"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/*", re.IGNORECASE)  # one letter is a drive
_AWS_REASON = re.compile(r"AWS Error .*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source: its path relative to the source with forward slashes, and its size in bytes.

    One with a `problem` cannot be read; that is the reason, in words.
    """

    path: str
    size: int
    problem: str = ""


class _Place(Protocol):
    """Where the files of a source are."""

    def files(self) -> Iterator[SourceFile]: ...

    def read(self, path: str, most: int) -> bytes: ...


def list_files(uri: str) -> list[SourceFile]:
    """All files of a source in the order of their paths; InvalidInputError says why there is nothing to index."""
    try:
        files = sorted(_place(uri).files(), key=lambda file: file.path)
    except (OSError, ArrowException) as error:
        raise InvalidInputError(f"{redacted(uri)} cannot be listed: {_reason(error)}.", param="source") from error
    if not files:
        raise InvalidInputError(f"{redacted(uri)} is empty: put documents there ({WHAT_IS_READ}).", param="source")
    if not any(kind_of(file.path) or is_unread_document(file.path) for file in files):
        reason = f"holds {len(files)} files but no document. These types are read: {WHAT_IS_READ}."
        raise InvalidInputError(f"{redacted(uri)} {reason}", param="source")
    return files


def read(uri: str, path: str, most: int) -> bytes:
    """The bytes of a file; UnreadableDocumentError when there are more than `most` or it cannot be had."""
    try:
        return _place(uri).read(path, most)
    except (OSError, ArrowException) as error:
        raise UnreadableDocumentError(f"cannot be opened: {_reason(error)}") from error


def redacted(uri: str) -> str:
    """A source as people may see it: a URI without credentials and options, a local path as it is.

    All up to the last `@` goes, as a secret may hold any character where nobody has encoded it.
    """
    scheme = _SCHEME.match(uri)
    if scheme is None:
        return uri
    place = uri[scheme.end() :].rpartition("@")[2]
    return f"{scheme[1].lower()}://{re.split('[?#]', place, maxsplit=1)[0]}"


def _place(uri: str) -> _Place:
    scheme = _SCHEME.match(uri)
    if scheme and scheme[1].lower() == "s3":
        return _bucket(uri)
    if scheme and not Path(uri).exists():
        raise InvalidInputError(f"{redacted(uri)} is no source that can be read: {_WHAT_TO_NAME}.", param="source")
    path = Path(uri).expanduser()
    if path.is_dir():
        return _Folder(path.resolve())
    if path.exists():
        return _SingleFile(path.resolve())
    wild = next((at for at, part in enumerate(path.parts) if set("*?[") & set(part)), None)
    if wild is not None:
        return _Folder(Path(*path.parts[:wild]).resolve(), path.parts[wild:])
    raise InvalidInputError(f"{redacted(uri)} does not exist: {_WHAT_TO_NAME}.", param="source")


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder and what is below it, where there is a glob what matches it. Follows no link to a folder."""

    root: Path
    glob: Sequence[str] = ("**",)

    def files(self) -> Iterator[SourceFile]:
        for path, problem in self._walk(self.root):
            name = path.relative_to(self.root)
            if _matches(name.parts, self.glob):
                yield SourceFile(name.as_posix(), _size(path), problem or self._problem(path))

    def read(self, path: str, most: int) -> bytes:
        if problem := self._problem(self.root / path):
            raise UnreadableDocumentError(problem)
        return _read_local(self.root / path, most)

    def _walk(self, folder: Path) -> Iterator[tuple[Path, str]]:
        """Everything that is not hidden, with the problem of a folder that cannot be entered."""
        try:
            entries = [entry for entry in os.scandir(folder) if not _is_hidden(entry.name)]
        except OSError as error:
            yield folder, f"is a folder that cannot be opened: {_reason(error)}"
            return
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(path)
            elif not _is_folder(entry) or self._leads_out(path):  # a folder linked from within is listed where it is
                yield path, ""

    def _problem(self, path: Path) -> str:
        """Why a path must not or cannot be read, "" if it can."""
        try:
            if self._leads_out(path):
                return "is a link that leads out of the source's folder"
            if path.exists():
                return "" if path.is_file() else "is no regular file"
        except OSError as error:
            return f"cannot be opened: {_reason(error)}"
        return "is a link that leads nowhere" if path.is_symlink() else "does not exist"

    def _leads_out(self, path: Path) -> bool:
        try:
            return not path.resolve().is_relative_to(self.root)
        except RuntimeError:  # a circle of links leads nowhere
            return False


@dataclass(frozen=True, slots=True)
class _SingleFile:
    """A file by itself; its path is its name."""

    file: Path

    def files(self) -> Iterator[SourceFile]:
        yield SourceFile(self.file.name, _size(self.file))

    def read(self, path: str, most: int) -> bytes:
        if path != self.file.name:
            raise UnreadableDocumentError("does not exist")
        return _read_local(self.file, most)


@dataclass(frozen=True, slots=True)
class _Bucket:
    """An object, or all below a prefix, in an S3 bucket."""

    filesystem: FileSystem
    root: str

    def files(self) -> Iterator[SourceFile]:
        info = self.filesystem.get_file_info(self.root)
        if info.type == FileType.File:
            yield SourceFile(info.base_name, info.size)
            return
        for below in self.filesystem.get_file_info(FileSelector(self.root, recursive=True)):
            path = below.path.removeprefix(self.root).lstrip("/")
            if below.type == FileType.File and not any(map(_is_hidden, PurePosixPath(path).parts)):
                yield SourceFile(path, below.size)

    def read(self, path: str, most: int) -> bytes:
        with self.filesystem.open_input_file(self._full(path)) as file:
            _refuse_larger(file.size(), most)
            return bytes(file.read())

    def _full(self, path: str) -> str:
        info: FileInfo = self.filesystem.get_file_info(self.root)
        return self.root if info.type == FileType.File else f"{self.root}/{path}"


@lru_cache(maxsize=8)
def _bucket(uri: str) -> _Bucket:
    """Remembered, as a connection takes a while; the query options are pyarrow's."""
    try:
        filesystem, root = FileSystem.from_uri(uri)
    except ArrowException:  # it quotes the secret: neither its message nor its traceback may be seen
        raise InvalidInputError(
            f"{redacted(uri)} is no bucket's address that can be read: write it as s3://key:secret@bucket/prefix, "
            "with %2F for a / in the secret, and with none but pyarrow's options after a question mark.",
            param="source",
        ) from None
    return _Bucket(filesystem, root.rstrip("/"))


def _matches(parts: Sequence[str], glob: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a glob; `**` stands for any number of parts."""
    if not parts or not glob:
        return not parts and set(glob) <= {"**"}
    if glob[0] == "**":
        return _matches(parts, glob[1:]) or _matches(parts[1:], glob)
    return fnmatchcase(parts[0], glob[0]) and _matches(parts[1:], glob[1:])


def _read_local(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        _refuse_larger(os.fstat(file.fileno()).st_size, most)
        data = file.read(most + 1)
    _refuse_larger(len(data), most)  # it may have grown
    return data


def _refuse_larger(size: int, most: int) -> None:
    if size > most:
        raise UnreadableDocumentError(f"is too large: {size / 2**20:.1f} MiB, and the limit is {most / 2**20:g} MiB")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$"))  # `~$` are Word's locks


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, RuntimeError):
        return 0


def _reason(error: Exception) -> str:
    """Why the system or the store refused, without the names that it repeats: they may hold credentials."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    told = _AWS_REASON.search(str(error))
    return " ".join(told[0].split())[:300].rstrip(".") if told else "the store does not say why"
