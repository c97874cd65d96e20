"""What every place of documents has: files with names, sizes and problems, and words for what went wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import UnreadableDocumentError

SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/*", re.IGNORECASE)  # one letter is a drive
_AWS_REASON = re.compile(r"AWS Error .*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source: its path relative to the source with forward slashes, and its size in bytes.

    One with a `problem` cannot be read; that is the reason, in words. A web page has a `url` of its own.
    """

    path: str
    size: int
    problem: str = ""
    url: str = ""


class Place(Protocol):
    """Where the files of a source are."""

    def files(self) -> Iterator[SourceFile]:
        """All of them, in any order."""
        ...

    def read(self, path: str, most: int) -> bytes:
        """The bytes of one; UnreadableDocumentError where there are more than `most` or it must not be read."""
        ...


def redacted(uri: str) -> str:
    """A source as people may see it: a URI without credentials and options, a local path as it is.

    All up to the last `@` goes, as a secret may hold any character where nobody has encoded it.
    """
    scheme = SCHEME.match(uri)
    if scheme is None:
        return uri
    place = uri[scheme.end() :].rpartition("@")[2]
    return f"{scheme[1].lower()}://{re.split('[?#]', place, maxsplit=1)[0]}"


def read_local(path: Path, most: int) -> bytes:
    """A file of this machine, no more of it than `most` bytes."""
    with path.open("rb") as file:
        refuse_larger(os.fstat(file.fileno()).st_size, most)
        data = file.read(most + 1)
    refuse_larger(len(data), most)  # it may have grown
    return data


def refuse_larger(size: int, most: int) -> None:
    """UnreadableDocumentError where a file is too large."""
    if size > most:
        raise UnreadableDocumentError(f"is too large: {size / 2**20:.1f} MiB, and the limit is {most / 2**20:g} MiB")


def is_hidden(name: str) -> bool:
    """Whether a name is one that people do not mean when they name a folder."""
    return name.startswith((".", "~$"))  # `~$` are Word's locks


def reason(error: Exception) -> str:
    """Why the system or the store refused, without the names that it repeats: they may hold credentials."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    told = _AWS_REASON.search(str(error))
    return " ".join(told[0].split())[:300].rstrip(".") if told else "the store does not say why"
