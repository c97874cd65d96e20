"""Lists and reads the files of a source: a folder, a single file, a glob, `s3://bucket/prefix`, or a website's mirror.

Deterministic: files come sorted by path. Hidden files are left out; what must not be read, such as a link out
of the folder, is listed with its problem. Knows types by name only, and parses nothing.
"""

from __future__ import annotations

from pathlib import Path

from pyarrow import ArrowException

from core.errors import InvalidInputError, UnreadableDocumentError
from pipelines.parsers.kinds import WHAT_IS_READ, is_unread_document, kind_of
from pipelines.sources.bucket import open_bucket
from pipelines.sources.folder import Folder, SingleFile
from pipelines.sources.mirror import is_web, open_mirror
from pipelines.sources.place import SCHEME, Place, SourceFile, reason, redacted

WHAT_TO_NAME = (
    "a folder, a file, a glob such as docs/**/*.md, s3://bucket/prefix, or a website's or sitemap's https://…"
)


def list_files(uri: str) -> list[SourceFile]:
    """All files of a source in the order of their paths; InvalidInputError says why there is nothing to index."""
    try:
        files = sorted(_place(uri).files(), key=lambda file: file.path)
    except (OSError, ArrowException) as error:
        raise InvalidInputError(f"{redacted(uri)} cannot be listed: {reason(error)}.", param="source") from error
    if not files:
        raise InvalidInputError(f"{redacted(uri)} is empty: put documents there ({WHAT_IS_READ}).", param="source")
    if not any(kind_of(file.path) or is_unread_document(file.path) for file in files):
        why = f"holds {len(files)} files but no document. These types are read: {WHAT_IS_READ}."
        raise InvalidInputError(f"{redacted(uri)} {why}", param="source")
    return files


def read(uri: str, path: str, most: int) -> bytes:
    """The bytes of a file; UnreadableDocumentError when there are more than `most` or it cannot be had."""
    try:
        return _place(uri).read(path, most)
    except (OSError, ArrowException) as error:
        raise UnreadableDocumentError(f"cannot be opened: {reason(error)}") from error


def _place(uri: str) -> Place:
    scheme = SCHEME.match(uri)
    if scheme and scheme[1].lower() == "s3":
        return open_bucket(uri)
    if is_web(uri):
        return open_mirror(uri)
    if scheme and not Path(uri).exists():
        raise InvalidInputError(f"{redacted(uri)} is no source that can be read: name {WHAT_TO_NAME}.", param="source")
    path = Path(uri).expanduser()
    if path.is_dir():
        return Folder(path.resolve())
    if path.exists():
        return SingleFile(path.resolve())
    wild = next((at for at, part in enumerate(path.parts) if set("*?[") & set(part)), None)
    if wild is not None:
        return Folder(Path(*path.parts[:wild]).resolve(), path.parts[wild:])
    raise InvalidInputError(f"{redacted(uri)} does not exist: name {WHAT_TO_NAME}.", param="source")
