"""What an indexing has to do: which files of the sources are new, changed, gone, or as the live build knows them.

An unchanged file costs its hash. What the sources hold no more is deleted, unless the change log put it there.
Knows no Ray and no table, and opens no model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.database import Standing
from core.embedder import vectors_version
from core.errors import InvalidInputError, UnreadableDocumentError
from core.records import IndexedFile, Source
from core.settings import Settings
from pipelines import sources
from pipelines.ingest import document_id
from pipelines.parsers.kinds import kind_of
from pipelines.sources import SourceFile, list_files

_HASHED_AT_ONCE = 8
_ERASED = "was erased, and stays so until it is put again"
_SHAPING = ("embedding_model", "chunk_tokens", "chunk_overlap", "max_document_mb", "parse_memory_mb", "parse_seconds")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as its source has it now."""

    id: str  # of its document
    source: str
    file: SourceFile
    sha256: str  # "" where it cannot or need not be read

    def row(self) -> dict[str, Any]:
        """As `Read` takes it."""
        return {"source": self.source, **asdict(self.file), "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of one indexing."""

    read: Sequence[Listed]  # new or changed
    keep: Sequence[IndexedFile]  # as the base knows them: their rows are copied
    deleted: Sequence[IndexedFile]  # documents of the base that are gone
    changed: Collection[str] = field(default=frozenset())  # ids among `read` whose document the base has otherwise
    anew: bool = False  # every file is read, and none of the base's rows is taken over as it is

    @property
    def is_empty(self) -> bool:
        """Whether a build would be the same as the base."""
        return not (self.anew or self.read or self.deleted)


def plan(listed: Sequence[Listed], base: Sequence[IndexedFile], standing: Standing, *, anew: bool) -> Plan:
    """What to do with the files, given those that the live build was made of, and what the change log has led to."""
    known = {file.id: file for file in base}
    wanted = [file for file in listed if file.id not in standing.erased]
    read = [file for file in wanted if anew or not _is_known(file, known)]
    reading = {file.id for file in read}
    keep = [known[file.id] for file in wanted if file.id not in reading]
    keep += [_refused(file) for file in listed if file.id in standing.erased]
    if not anew:  # a build that starts anew replays the change log
        here = {file.id for file in listed}
        keep += [file for file in base if file.id in standing.put and file.id not in here]
    stays = reading | standing.put | {file.id for file in keep if file.outcome == "added"}
    deleted = [file for file in base if file.outcome == "added" and file.id not in stays]
    changed = frozenset(file.id for file in read if file.id in known and known[file.id].outcome == "added")
    return Plan(read, keep, deleted, changed, anew)


def list_sources(registered: Sequence[Source], most_bytes: int) -> list[Listed]:
    """Every file of the sources with its hash; InvalidInputError names a source that cannot be listed."""
    found = [(source, file) for source in registered for file in _files(source)]
    with ThreadPoolExecutor(_HASHED_AT_ONCE) as threads:
        hashes = threads.map(lambda pair: _hash(pair[0], pair[1], most_bytes), found)
        return [
            Listed(document_id(source.id, file.path), source.id, file, digest)
            for (source, file), digest in zip(found, hashes, strict=True)
        ]


def shape(settings: Settings, registered: Sequence[Source]) -> dict[str, Any]:
    """All that makes a document's chunks what they are, besides its bytes; builds of one shape can share rows."""
    return {
        **{name: getattr(settings, name) for name in _SHAPING},
        "vectors": vectors_version(settings.embedding_model),
        "reading": _code(),
        "addresses": {source.id: source.base_url for source in registered},
    }


def is_alike(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether builds of these shapes can share rows; a source that is new or gone shapes no document of the others."""
    old, new = before.get("addresses"), now["addresses"]
    if not isinstance(old, Mapping) or any(old[source] != new[source] for source in old.keys() & new.keys()):
        return False
    return {**before, "addresses": None} == {**now, "addresses": None}


def _is_known(file: Listed, known: Mapping[str, IndexedFile]) -> bool:
    before = known.get(file.id)
    return before is not None and before.sha256 == file.sha256 and (file.sha256 != "" or before.outcome != "added")


def _refused(file: Listed) -> IndexedFile:
    return IndexedFile(file.id, file.source, file.file.path, file.sha256, "ignored", _ERASED)


def _files(source: Source) -> Iterator[SourceFile]:
    """The source's files; a name that is not Unicode can be carried neither by Arrow nor by a citation."""
    try:
        files = list_files(source.uri)
    except InvalidInputError as error:
        message = f"A source of site {source.site} cannot be read, and what it held would be lost: {error.message}"
        raise InvalidInputError(message, param="source") from error
    for file in files:
        name = file.path.encode("utf-8", "replace").decode()
        problem = "has a name that is not UTF-8: rename it"
        yield file if name == file.path else SourceFile(name, file.size, problem, file.url)


def _hash(source: Source, file: SourceFile, most_bytes: int) -> str:
    if file.problem or kind_of(file.path) is None:
        return ""
    try:
        return sha256(sources.read(source.uri, file.path, most_bytes)).hexdigest()
    except UnreadableDocumentError:
        return ""  # reading it will say why


@cache
def _code() -> str:
    """A digest of the code that reads and cuts documents: a newer Frontdesk reads them again."""
    here = Path(__file__).parent
    files = sorted([*(here / "parsers").glob("*.py"), here / "chunk.py", here / "ingest.py", here / "markdown.py"])
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]
