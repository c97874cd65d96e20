"""A site's documents as its sources hold them now, read once: what an experiment cuts and embeds again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.database import Database, open_database
from core.errors import InvalidInputError
from core.records import Document, Source
from core.settings import Settings
from evals.subject import digest
from pipelines.ingest import ingest
from pipelines.plan import Listed, list_sources, plan, shape
from pipelines.sandbox import SandboxedParser
from pipelines.web import as_fetched

_FIELDS = ("id", "source", "path", "title", "url", "text", "sha256")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in a file; `key` is the same for the same files, read by the same code."""

    site: str
    key: str
    file: Path

    def documents(self) -> Iterator[Document]:
        """All of them, in the order of their sources."""
        return (Document(**row) for row in pq.read_table(self.file).to_pylist())


def site_corpus(site: str, settings: Settings) -> Corpus:
    """The documents of the site's sources, parsed unless an earlier experiment did; websites as fetched last."""
    with closing(open_database(settings.database_location)) as database:
        sources, listed = _listed(site, database, settings)
    shaped = shape(settings, sources)
    reading = [
        str(shaped[name]) for name in ("reading", "addresses", "max_document_mb", "parse_memory_mb", "parse_seconds")
    ]
    key = digest(*reading, *(f"{each.id} {each.sha256}" for each in listed))
    corpus = Corpus(site, key, experiments_folder(settings) / "documents" / f"{site}-{key}.parquet")
    if not corpus.file.exists():
        _keep(corpus.file, list(_read(sources, listed, settings)))
    return corpus


def experiments_folder(settings: Settings) -> Path:
    """Where experiments keep what they need not make again."""
    return settings.home / "evals" / "experiments"


def bytes_of(corpus: Corpus) -> bytes:
    """What the corpus is told apart by, for a table's name."""
    return sha256(corpus.key.encode()).digest()


def _listed(site: str, database: Database, settings: Settings) -> tuple[Sequence[Source], Sequence[Listed]]:
    sources = as_fetched(database.sources.of(database.sites.get(site).id), settings)
    if not sources:
        raise InvalidInputError(f"Site {site} has no source: name one with `python -m pipelines index SOURCE`.")
    listed = list_sources(sources, int(settings.max_document_mb * 2**20))
    return sources, plan(listed, (), database.changes.standing(site), anew=True).read


def _read(sources: Sequence[Source], listed: Sequence[Listed], settings: Settings) -> Iterator[Document]:
    """What cannot be read is left out: an indexing of the site names it."""
    by_id = {source.id: source for source in sources}
    most = int(settings.max_document_mb * 2**20)
    with closing(SandboxedParser(memory_mb=settings.parse_memory_mb, seconds=settings.parse_seconds)) as parser:
        for each in listed:
            for read in ingest(by_id[each.source], [each.file], parser, most):
                if isinstance(read, Document):
                    yield read


def _keep(file: Path, documents: Sequence[Document]) -> None:
    """The file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [{name: value for name, value in asdict(each).items() if name in _FIELDS} for each in documents]
    part = file.with_suffix(".part")
    pq.write_table(pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in _FIELDS])), part)
    part.replace(file)
