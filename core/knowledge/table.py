"""One build's table: rows in, indices, integrity, and search.

LanceDB's quirks are converted here once: distances become cosines, Arrow rows become records.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from lancedb.index import FTS
from lancedb.query import BooleanQuery, FullTextQuery, LanceQueryBuilder, MatchQuery, Occur
from lancedb.table import LanceTable
from numpy.typing import NDArray

from core.errors import IntegrityError
from core.knowledge.filters import Filter
from core.knowledge.fusion import FusedPage, Hit, fuse
from core.records import Chunk, Passage

Mode = Literal["dense", "text", "fused"]
Vector = NDArray[np.float32]  # (dimensions,), unit length

_COLUMNS = [field.name for field in fields(Chunk)]
_SEARCHED = {"searched": 1.0, "title": 0.3, "place": 0.2}  # full-text columns and their weights (evals/LOG.md)
_CANDIDATES = 200  # chunks each search hands to fusion, whatever `k`: a page's score must not depend on it
_WEIGHTS = (0.45, 0.55)  # of the dense and the full-text search in a fused one (evals/LOG.md)
_COPIED = 4096  # rows at a time, from one build to the next
_CHUNKS_PER_PAGE = 3  # a passage merges at most so many chunks of its page
_SHORTEST_OVERLAP = 16  # characters; fewer are alike by chance
_WORD = re.compile(r"[^\W_]+")
_GAP = "\n\n[…]\n\n"  # stands between merged chunks that are not neighbours


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for. `k` counts pages: the chunks found in one page come merged as one passage."""

    text: str
    vector: Vector | None = None  # needed by every mode but `text`
    k: int = 6
    mode: Mode = "fused"
    where: Filter | None = None


def chunk_schema(dimensions: int) -> pa.Schema:
    """The columns of a build's table; `id` is its primary key, which keeps concurrent merges from doubling rows."""
    text = [pa.field(name, pa.string(), nullable=False) for name in _COLUMNS if name not in _TYPES]
    other = [pa.field(name, kind, nullable=False) for name, kind in _TYPES.items()]
    key = text.pop(0).with_metadata({"lance-schema:unenforced-primary-key": "true"})
    return pa.schema([key, *text, *other, pa.field("vector", pa.list_(pa.float32(), dimensions), nullable=False)])


_TYPES: Mapping[str, pa.DataType] = {
    "position": pa.int32(),
    "tokens": pa.int32(),
    "searched": pa.string(),
    "place": pa.string(),
}


def to_batch(chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> pa.RecordBatch:
    """Rows for `BuildTable.add`; vectors are (len(chunks), dimensions), in the order of the chunks."""
    schema = chunk_schema(vectors.shape[1])
    values = {name: [getattr(chunk, name) for chunk in chunks] for name in _COLUMNS}
    values["searched"] = ["\n".join([chunk.title, chunk.heading, chunk.text]) for chunk in chunks]
    values["place"] = [" ".join(_WORD.findall(chunk.path)) for chunk in chunks]
    columns = [pa.array(values[name], schema.field(name).type) for name in schema.names[:-1]]
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
    vector = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.record_batch([*columns, vector], schema=schema)


class BuildTable:
    """An open table. It sees the version it was opened at; open it again to see a later one."""

    def __init__(self, table: LanceTable) -> None:
        self._table = table
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
        self._table.add(rows)

    def copy_from(self, other: BuildTable, where: Filter) -> int:
        """Appends the rows of another build that the filter lets through, vectors and all; returns how many."""
        before = self.rows()
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
        flat = rows["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return dict(zip(rows["sha256"].to_pylist(), flat.reshape(len(rows), -1), strict=True)) if len(rows) else {}

    def documents(self) -> set[str]:
        """The ids of the documents that it holds a chunk of."""
        return set(self._table.search().select(["document"]).to_arrow()["document"].to_pylist())

    def chunks(self, document: str) -> list[Chunk]:
        """A document's chunks in reading order."""
        rows = _restricted(self._table.search(), Filter(documents=[document])).select(_COLUMNS).to_list()
        return sorted((_chunk(row) for row in rows), key=lambda chunk: chunk.position)

    def chunk_hashes(self) -> Mapping[str, set[str]]:
        """By document: the hashes of its chunks."""
        rows = self._table.search().select(["document", "sha256"]).to_arrow()
        found: dict[str, set[str]] = defaultdict(set)
        for document, digest in zip(rows["document"].to_pylist(), rows["sha256"].to_pylist(), strict=True):
            found[document].add(digest)
        return found

    def build_indices(self) -> None:
        """Compacts what was appended and indexes it for full-text search."""
        self._table.optimize()
        for column in _SEARCHED:
            self._table.create_index(column, config=FTS(), replace=True)

    def is_indexed(self) -> bool:
        """Whether every row is in every full-text index; those that are not are found all the same, but slowly."""
        return not self._index_problems()

    def verify(self, rows: int) -> None:
        """Raises IntegrityError unless rows in = rows out, ids are unique, and nothing is unindexed."""
        ids = self._table.search().select(["id"]).to_arrow()["id"]
        problems = [
            *([f"{rows:,} rows went in and {len(ids):,} came out"] if len(ids) != rows else []),
            *([f"{len(ids) - len(ids.unique()):,} ids stand twice"] if len(ids.unique()) != len(ids) else []),
            *self._index_problems(),
        ]
        if problems:
            raise IntegrityError(f"Table {self.name} is not whole: {'; '.join(problems)}. It was not promoted.")

    def _index_problems(self) -> list[str]:
        indices = self._table.list_indices()
        indexed = {column for index in indices for column in index.columns}
        if missing := [column for column in _SEARCHED if column not in indexed]:
            return [f"the full-text index of {', '.join(missing)} is missing"]
        stats = {index.name: self._table.index_stats(index.name) for index in indices}
        return [
            f"{found.num_unindexed_rows:,} rows are not in index {name}" if found else f"index {name} has no statistics"
            for name, found in stats.items()
            if found is None or found.num_unindexed_rows
        ]

    def search(self, query: Query) -> list[Passage]:
        """The best `k` pages, best first, each as one passage of its best chunks."""
        searches = [
            *([self._searches.submit(self._dense, query)] if query.mode != "text" else []),
            *([self._searches.submit(self._text, query)] if query.mode != "dense" else []),
        ]
        found = [search.result() for search in searches]
        pages = fuse(*found, weights=_WEIGHTS if query.mode == "fused" else None)
        return self._passages(pages[: query.k], query, found)

    def neighbours(self, chunk: Chunk, reach: int = 1) -> list[Chunk]:
        """The chunks up to `reach` positions around one in its document, itself included, in reading order."""
        around = range(max(0, chunk.position - reach), chunk.position + reach + 1)
        where = Filter(documents=[chunk.document], positions=list(around))
        rows = _restricted(self._table.search(), where).select(_COLUMNS).to_list()
        return sorted((_chunk(row) for row in rows), key=lambda found: found.position)

    def _dense(self, query: Query) -> list[Hit]:
        if query.vector is None:
            raise ValueError(f"a {query.mode} search needs the question's vector")
        search = self._table.search(query.vector, vector_column_name="vector").distance_type("cosine")
        rows = _candidates(search, query, "_distance")
        return [Hit(row["_rowid"], row["document"], 1 - row["_distance"]) for row in rows]

    def _text(self, query: Query) -> list[Hit]:
        search = self._table.search(_match(query.text), query_type="fts")
        rows = _candidates(search, query, "_score")
        return [Hit(row["_rowid"], row["document"], row["_score"]) for row in rows]

    def _passages(self, pages: Sequence[FusedPage], query: Query, found: Sequence[Sequence[Hit]]) -> list[Passage]:
        wanted = [row for page in pages for row in page.rows[:_CHUNKS_PER_PAGE]]
        if not wanted:
            return []
        taken = self._table.take_row_ids(wanted).select([*_COLUMNS, "vector"]).with_row_id()
        rows = {row["_rowid"]: row for row in taken.to_list()}
        bm25 = {hit.row: hit.score for hit in found[-1]} if query.mode != "dense" else {}
        return [_passage(page, rows, query.vector, bm25) for page in pages]


def _match(text: str) -> FullTextQuery:
    """The weighted sum of BM25 over the searched columns."""
    return BooleanQuery(
        [
            (Occur.SHOULD, MatchQuery(text, column, boost=weight))  # type: ignore[call-arg]  # its defaults are hidden
            for column, weight in _SEARCHED.items()
        ]
    )


def _candidates(search: LanceQueryBuilder, query: Query, score: str) -> list[dict[str, Any]]:
    search = _restricted(search, query.where)
    rows: list[dict[str, Any]] = search.with_row_id(True).select(["document", score]).limit(_CANDIDATES).to_list()
    return rows


def _restricted(search: LanceQueryBuilder, where: Filter | None) -> LanceQueryBuilder:
    expression = where.expression() if where else None
    return search if expression is None else search.where(expression)


def _passage(
    page: FusedPage, rows: Mapping[int, Mapping[str, Any]], vector: Vector | None, bm25: Mapping[int, float]
) -> Passage:
    """The page's best chunk, its text widened by the page's other found chunks."""
    best = rows[page.rows[0]]
    chunks = sorted((_chunk(rows[row]) for row in page.rows[:_CHUNKS_PER_PAGE]), key=lambda chunk: chunk.position)
    return Passage(
        chunk=replace(_chunk(best), text=merged_text(chunks)),
        score=page.score,
        dense=None if vector is None else float(np.dot(vector, best["vector"])),
        text=bm25.get(page.rows[0]),
    )


def _chunk(row: Mapping[str, Any]) -> Chunk:
    return Chunk(**{name: row[name] for name in _COLUMNS})


def merged_text(chunks: Sequence[Chunk]) -> str:
    """The texts of a page's chunks in reading order; what two neighbours share by overlap stands once."""
    text = chunks[0].text
    for before, after in pairwise(chunks):
        if after.position == before.position + 1:
            text += after.text[shared:] if (shared := _overlap(text, after.text)) else f"\n\n{after.text}"
        else:
            text += _GAP + after.text
    return text


def _overlap(left: str, right: str) -> int:
    """Length of the longest end of `left` that `right` starts with."""
    longest = min(len(left), len(right))
    return next((size for size in range(longest, _SHORTEST_OVERLAP, -1) if left.endswith(right[:size])), 0)
