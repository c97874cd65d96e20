"""One build of a site while it grows: its table, its row in the database, and what becomes of both when it fails.

Knows no file, no model and no pointer: whether a staged build goes live is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from core.database import Database
from core.errors import IntegrityError
from core.knowledge import Ann, BuildTable, Filter, Knowledge
from core.records import Build, BuildStatus, IndexedFile, new_id, now
from pipelines.rows import chunks_in, notes_in
from pipelines.tally import Tally


def new_build(site: str, embedding_model: str, settings: Mapping[str, Any], changes_applied: int = 0) -> Build:
    """A build that has a name, which sorts by time, and nothing else yet."""
    name = f"{now():%Y%m%d-%H%M%S}-{new_id()[:6]}"
    return Build(
        name,
        site,
        f"{site}-{name}",
        BuildStatus.BUILDING,
        embedding_model,
        settings,
        changes_applied=changes_applied,
    )


@contextmanager
def growing(build: Build, database: Database, knowledge: Knowledge, tally: Tally) -> Iterator[GrowingBuild]:
    """The build, to be filled and staged; when the block raises, its table is dropped and it is marked as failed."""
    database.builds.create(build)
    try:
        yield GrowingBuild(build, database, knowledge, tally)
    except BaseException:  # Ctrl-C as well: a table that nobody will finish must not stay
        # On record first: that is refused where somebody has promoted the build, whose table then stays.
        database.builds.finish(build.id, BuildStatus.FAILED, tally.outcome, tally.seconds)
        knowledge.drop(build.table)
        raise


class GrowingBuild:
    """The one writer of a build's table."""

    def __init__(self, build: Build, database: Database, knowledge: Knowledge, tally: Tally) -> None:
        self._build = build
        self._database = database
        self._knowledge = knowledge
        self._tally = tally
        self._table: BuildTable | None = None

    def copy(self, base: BuildTable, keep: Sequence[IndexedFile]) -> None:
        """Takes over the rows of these files' documents from an earlier build, vectors and all."""
        with self._tally.timed("copy"):
            here = {file.id for file in keep}
            gone = sorted(base.documents() - here)
            self._open(base.schema).copy_from(base, Filter(without=gone))
        self._tally.keep(keep)

    def add(self, rows: pa.Table) -> None:
        """Writes the chunks among the rows and counts what the notes say."""
        chunks = chunks_in(rows)
        if len(chunks):
            with self._tally.timed("write"):
                self._open(chunks.schema).add(chunks)
        self._tally.add(notes_in(rows))

    def stage(self, files: int, deleted: Collection[IndexedFile] = (), ann: Ann | None = None) -> None:
        """Indexes the table and makes sure that it is whole and holds nothing of what was deleted.

        `files` were to be read. From then on the build can be promoted. Without `ann`, search stays exact.
        """
        if self._table is None or self._tally.read != files:
            raise IntegrityError(f"{files:,} files went in and {self._tally.read:,} came out. Nothing was promoted.")
        with self._tally.timed("indices"):
            self._table.build_indices()
        with self._tally.timed("ann"):
            measured = self._table.index_vectors(ann)
        self._tally.measured |= measured.figures() if measured else {}
        with self._tally.timed("verify"):
            self._table.verify(self._tally.chunks)
            self._require_gone(self._table, deleted)
        tally = self._tally
        self._database.builds.finish(self._build.id, BuildStatus.STAGED, tally.outcome, tally.seconds, tally.indexed)

    def _require_gone(self, table: BuildTable, deleted: Collection[IndexedFile]) -> None:
        if still := table.documents() & {file.id for file in deleted}:
            paths = ", ".join(sorted(file.path for file in deleted if file.id in still)[:5])
            raise IntegrityError(f"{len(still):,} deleted documents are still found, such as {paths}.")
        self._tally.delete(deleted)

    def _open(self, schema: pa.Schema) -> BuildTable:
        """The table, made when the first vectors tell how long they are."""
        if self._table is None:
            dimensions = schema.field("vector").type.list_size
            self._table = self._knowledge.create(self._build.table, dimensions)
        return self._table
