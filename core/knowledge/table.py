"""One build's table: rows in, indices, integrity, and search.

LanceDB's quirks are converted here once: distances become cosines, Arrow rows become records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from lancedb.query import LanceQueryBuilder
from lancedb.table import LanceTable

from core.errors import IntegrityError
from core.knowledge import ann, fulltext, indices
from core.knowledge.ann import Ann, AnnRecall
from core.knowledge.filters import Filter
from core.knowledge.fusion import FusedPage, Hit, fuse
from core.knowledge.passages import CHUNKS_PER_PAGE, to_passage
from core.knowledge.schema import COLUMNS, Vector, to_chunk, to_vectors
from core.knowledge.storing import storing
from core.records import Chunk, Passage

Mode = Literal["dense", "text", "fused"]

WEIGHTS = (0.45, 0.55)  # of the dense and the full-text search in a fused one (evals/LOG.md)
_COPIED = 4096  # rows at a time, from one build to the next


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for. `k` counts pages: the chunks found in one page come merged as one passage.

    `also` are further texts whose words count, each with its weight beside the 1 of `text`. `weights` are those of the
    dense and the full-text search in a fused one, and sum to 1.
    """

    text: str
    vector: Vector | None = None  # needed by every mode but `text`
    k: int = 6
    mode: Mode = "fused"
    where: Filter | None = None
    exact: bool = False  # compares every vector, whatever index there is: what an index is measured against
    also: tuple[tuple[str, float], ...] = ()
    weights: tuple[float, float] = WEIGHTS


class BuildTable:
    """An open table. It sees the version it was opened at; open it again to see a later one."""

    def __init__(self, table: LanceTable) -> None:
        self._table = table
        self._effort = ann.kept(table)[1]
        self._searches = ThreadPoolExecutor(max_workers=2, thread_name_prefix=f"search-{table.name}")

    @property
    def name(self) -> str:
        """The table's name in its store."""
        return str(self._table.name)

    @property
    def version(self) -> int:
        """The Lance version that searches read."""
        return int(self._table.version)

    @property
    def lance(self) -> LanceTable:
        """LanceDB's own table, for what this class does not offer (benches, notebooks)."""
        return self._table

    @property
    def schema(self) -> pa.Schema:
        """As `chunk_schema` made it."""
        return self._table.schema

    def rows(self) -> int:
        """How many chunks it holds."""
        return int(self._table.count_rows())

    def add(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Appends rows of `chunk_schema`; a vector that is not finite is an error."""
        with storing(self.name):
            self._table.add(rows)

    def copy_from(self, other: BuildTable, where: Filter) -> int:
        """Appends the rows of another build that the filter lets through, vectors and all; returns how many."""
        before = self.rows()
        with storing(self.name):
            self._table.add(_restricted(other._table.search(), where).to_batches(batch_size=_COPIED))
        return self.rows() - before

    def put(self, document: str, rows: pa.RecordBatch | None) -> None:
        """These rows, and no others, are the document's from now on, in one commit; None erases it."""
        its = Filter(documents=[document]).expression()
        if its is None:  # a filter that asks for something has an expression
            raise AssertionError
        if rows is None:
            self._table.delete(its)
            return
        merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        merge.when_not_matched_by_source_delete(its).execute(pa.Table.from_batches([rows]))

    def vectors(self, hashes: Sequence[str]) -> dict[str, Vector]:
        """The vectors of the chunks that have these hashes; a hash that no chunk has is left out."""
        where = Filter(hashes=sorted(set(hashes)))
        rows = _restricted(self._table.search(), where).select(["sha256", "vector"]).to_arrow()
        return dict(zip(rows["sha256"].to_pylist(), to_vectors(rows), strict=True))

    def documents(self) -> set[str]:
        """The ids of the documents that it holds a chunk of."""
        return set(self._table.search().select(["document"]).to_arrow()["document"].to_pylist())

    def chunks(self, document: str) -> list[Chunk]:
        """A document's chunks in reading order."""
        rows = _restricted(self._table.search(), Filter(documents=[document])).select(COLUMNS).to_list()
        return sorted((to_chunk(row) for row in rows), key=lambda chunk: chunk.position)

    def chunk_hashes(self) -> Mapping[str, set[str]]:
        """By document: the hashes of its chunks."""
        rows = self._table.search().select(["document", "sha256"]).to_arrow()
        found: dict[str, set[str]] = defaultdict(set)
        for document, digest in zip(rows["document"].to_pylist(), rows["sha256"].to_pylist(), strict=True):
            found[document].add(digest)
        return found

    def build_indices(self) -> None:
        """Compacts what was appended, indexes it for full-text search, and extends an index of the vectors."""
        with storing(self.name):
            self._table.optimize()
            fulltext.build(self._table)

    def index_vectors(self, wanted: Ann | None = None) -> AnnRecall | None:
        """Where the table is large, indexes its vectors and measures the index; IntegrityError if it finds too little.

        What is wanted is kept with the table, and holds until something else is; a table that keeps nothing needs none.
        """
        wanted = wanted or ann.kept(self._table)[0]
        if wanted is None:
            return None
        if self.rows() < wanted.rows:
            ann.keep(self._table, wanted)
            return None
        if not indices.holds_all(self._table, ann.COLUMN):
            ann.build(self._table)
        measured = ann.measure(self._table, wanted)
        self._effort = measured.effort
        return measured

    def is_indexed(self) -> bool:
        """Whether every row is in every index; those that are not are found all the same, but slowly."""
        return not indices.problems(self._table)

    def verify(self, rows: int) -> None:
        """Raises IntegrityError unless rows in = rows out, ids are unique, and nothing is unindexed."""
        ids = self._table.search().select(["id"]).to_arrow()["id"]
        problems = [
            *([f"{rows:,} rows went in and {len(ids):,} came out"] if len(ids) != rows else []),
            *([f"{len(ids) - len(ids.unique()):,} ids stand twice"] if len(ids.unique()) != len(ids) else []),
            *indices.problems(self._table),
        ]
        if problems:
            raise IntegrityError(f"Table {self.name} is not whole: {'; '.join(problems)}. It was not promoted.")

    def search(self, query: Query) -> list[Passage]:
        """The best `k` pages, best first, each as one passage of its best chunks."""
        pages, found = self._pages(query)
        return self._passages(pages, query, found)

    def ranked(self, query: Query) -> list[str]:
        """The documents of the same pages in the same order, for whom their text does not matter: twice as fast."""
        return [page.document for page in self._pages(query)[0]]

    def _pages(self, query: Query) -> tuple[list[FusedPage], list[list[Hit]]]:
        """The best pages, and the hits of each search behind them."""
        searches = [
            *([self._searches.submit(self._dense, query)] if query.mode != "text" else []),
            *([self._searches.submit(self._text, query)] if query.mode != "dense" else []),
        ]
        found = [search.result() for search in searches]
        pages = fuse(*found, weights=query.weights if query.mode == "fused" else None)
        return pages[: query.k], found

    def neighbours(self, chunk: Chunk, reach: int = 1) -> list[Chunk]:
        """The chunks up to `reach` positions around one in its document, itself included, in reading order."""
        around = range(max(0, chunk.position - reach), chunk.position + reach + 1)
        where = Filter(documents=[chunk.document], positions=list(around))
        rows = _restricted(self._table.search(), where).select(COLUMNS).to_list()
        return sorted((to_chunk(row) for row in rows), key=lambda found: found.position)

    def _dense(self, query: Query) -> list[Hit]:
        if query.vector is None:
            raise ValueError(f"a {query.mode} search needs the question's vector")
        search = ann.nearest(self._table, query.vector, None if query.exact else self._effort)
        rows = _candidates(search, query, "_distance")
        return [Hit(row["_rowid"], row["document"], 1 - row["_distance"]) for row in rows]

    def _text(self, query: Query) -> list[Hit]:
        search = self._table.search(fulltext.match((query.text, 1.0), *query.also), query_type="fts")
        rows = _candidates(search, query, "_score")
        return [Hit(row["_rowid"], row["document"], row["_score"]) for row in rows]

    def _passages(self, pages: Sequence[FusedPage], query: Query, found: Sequence[Sequence[Hit]]) -> list[Passage]:
        wanted = [row for page in pages for row in page.rows[:CHUNKS_PER_PAGE]]
        if not wanted:
            return []
        taken = self._table.take_row_ids(wanted).select([*COLUMNS, "vector"]).with_row_id()
        rows = {row["_rowid"]: row for row in taken.to_list()}
        bm25 = {hit.row: hit.score for hit in found[-1]} if query.mode != "dense" else {}
        return [to_passage(page, rows, query.vector, bm25) for page in pages]


def _candidates(search: LanceQueryBuilder, query: Query, score: str) -> list[dict[str, Any]]:
    search = _restricted(search, query.where)
    rows: list[dict[str, Any]] = search.with_row_id(True).select(["document", score]).limit(ann.CANDIDATES).to_list()
    return rows


def _restricted(search: LanceQueryBuilder, where: Filter | None) -> LanceQueryBuilder:
    expression = where.expression() if where else None
    return search if expression is None else search.where(expression)
