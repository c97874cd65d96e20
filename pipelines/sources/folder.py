"""A folder, a glob or a single file as a place of documents. Follows no link that leads out of the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from core.errors import UnreadableDocumentError
from pipelines.sources.place import SourceFile, is_hidden, read_local, reason


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and what is below it, where there is a glob what matches it. Follows no link to a folder."""

    root: Path
    glob: Sequence[str] = ("**",)

    def files(self) -> Iterator[SourceFile]:
        """All of them."""
        for path, problem in self._walk(self.root):
            name = path.relative_to(self.root)
            if _matches(name.parts, self.glob):
                yield SourceFile(name.as_posix(), _size(path), problem or self._problem(path))

    def read(self, path: str, most: int) -> bytes:
        """The bytes of one."""
        if problem := self._problem(self.root / path):
            raise UnreadableDocumentError(problem)
        return read_local(self.root / path, most)

    def _walk(self, folder: Path) -> Iterator[tuple[Path, str]]:
        """Everything that is not hidden, with the problem of a folder that cannot be entered."""
        try:
            entries = [entry for entry in os.scandir(folder) if not is_hidden(entry.name)]
        except OSError as error:
            yield folder, f"is a folder that cannot be opened: {reason(error)}"
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
            return f"cannot be opened: {reason(error)}"
        return "is a link that leads nowhere" if path.is_symlink() else "does not exist"

    def _leads_out(self, path: Path) -> bool:
        try:
            return not path.resolve().is_relative_to(self.root)
        except RuntimeError:  # a circle of links leads nowhere
            return False


@dataclass(frozen=True, slots=True)
class SingleFile:
    """A file by itself; its path is its name."""

    file: Path

    def files(self) -> Iterator[SourceFile]:
        """All of them."""
        yield SourceFile(self.file.name, _size(self.file))

    def read(self, path: str, most: int) -> bytes:
        """The bytes of one."""
        if path != self.file.name:
            raise UnreadableDocumentError("does not exist")
        return read_local(self.file, most)


def _matches(parts: Sequence[str], glob: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a glob; `**` stands for any number of parts."""
    if not parts or not glob:
        return not parts and set(glob) <= {"**"}
    if glob[0] == "**":
        return _matches(parts, glob[1:]) or _matches(parts[1:], glob)
    return fnmatchcase(parts[0], glob[0]) and _matches(parts[1:], glob[1:])


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
