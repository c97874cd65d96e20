"""The index of a large table's vectors: made where exact search is slow, measured against it, refused where it misses.

A graph for each million vectors (IVF_HNSW_SQ). Every search visits all of them and ranks what they return by the
vectors themselves, so scores are exact, and what is missed is up to `ef`, the search's effort. The least effort that
finds enough is kept with the table; an index without one was not measured, and is not used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from lancedb.index import HnswSq
from lancedb.query import LanceVectorQueryBuilder
from lancedb.table import LanceTable
from numpy.typing import NDArray

from core.errors import IntegrityError
from core.knowledge.schema import Vector, to_vectors

CANDIDATES = 200  # chunks each search hands to fusion, whatever `k`: a page's score must not depend on it
COLUMN = "vector"  # that is indexed
_KEPT = "frontdesk:ann"  # the key, in the column's metadata, of what is kept with the table
_PER_GRAPH = 1_000_000  # vectors; smaller graphs are no faster to search and find less (evals/LOG.md)
_EFFORTS = (300, 600, 1200, 2400)  # of `ef`, which may not be below the number of candidates
_ASKED = 100  # searches that recall is measured by
_DEPTHS = (10, CANDIDATES)
_SAME = 1e-5  # cosine distance; chunks that are as near as this may stand for each other


@dataclass(frozen=True, slots=True)
class Ann:
    """From how many rows on vectors are indexed, and the least share of the nearest that the index must find."""

    rows: int = 50_000
    recall: float = 0.95


@dataclass(frozen=True, slots=True)
class Effort:
    """How a search uses the index."""

    graphs: int
    ef: int


@dataclass(frozen=True, slots=True)
class AnnRecall:
    """What an index of `rows` vectors finds of what exact search finds, by the number of the nearest."""

    rows: int
    effort: Effort
    recall: dict[int, float]

    def figures(self) -> dict[str, float]:
        """By flat names."""
        recalls = {f"ann/recall@{depth}": share for depth, share in self.recall.items()}
        return {"ann/rows": self.rows, "ann/ef": self.effort.ef, **recalls}


def kept(table: LanceTable) -> tuple[Ann | None, Effort | None]:
    """What the table keeps: when its vectors are to be indexed, and how the index is searched, if it has one."""
    told = (table.schema.field(COLUMN).metadata or {}).get(_KEPT.encode())
    if told is None:
        return None, None
    values = json.loads(told)
    effort = values.pop("effort")
    return Ann(**values), Effort(**effort) if effort else None


def keep(table: LanceTable, ann: Ann, effort: Effort | None = None) -> None:
    """Writes what `kept` reads."""
    told = json.dumps({**asdict(ann), "effort": asdict(effort) if effort else None})
    table.update_field_metadata({"path": COLUMN, "metadata": {_KEPT: told}})


def build(table: LanceTable) -> None:
    """Indexes all vectors anew."""
    shape = HnswSq(distance_type="cosine", num_partitions=_graphs(table.count_rows()))
    table.create_index(COLUMN, config=shape, replace=True)


def measure(table: LanceTable, ann: Ann) -> AnnRecall:
    """Finds the least effort that finds enough, and keeps it; IntegrityError where none finds the very nearest.

    Of all candidates fewer may be found, where very many chunks are alike: that is told, not refused.
    """
    keep(table, ann)
    rows = table.count_rows()
    asked = _questions(table, rows)
    exact = [_distances(table, vector, None) for vector in asked]
    for ef in _EFFORTS:
        effort = Effort(_graphs(rows), ef)
        found = [_distances(table, vector, effort) for vector in asked]
        measured = AnnRecall(rows, effort, {depth: _recall(exact, found, depth) for depth in _DEPTHS})
        if min(measured.recall.values()) >= ann.recall:
            break
    if measured.recall[_DEPTHS[0]] < ann.recall:
        raise IntegrityError(_refusal(table.name, measured, ann))
    keep(table, ann, effort)
    return measured


def nearest(table: LanceTable, vector: Vector, effort: Effort | None) -> LanceVectorQueryBuilder:
    """A search by cosine, by the index if it is told how, else exact; rows that no index has yet are always found."""
    search = table.search(vector, vector_column_name=COLUMN).distance_type("cosine")
    if effort is None:
        return search.bypass_vector_index()
    return search.nprobes(effort.graphs).ef(effort.ef).refine_factor(1)


def _graphs(rows: int) -> int:
    return -(-rows // _PER_GRAPH)


def _questions(table: LanceTable, rows: int) -> NDArray[np.float32]:
    """Halfway between two chunks: as far from the nearest chunk as a question is, and as hard (evals/LOG.md).

    A chunk's own vector, even when shaken, is found more easily than what a visitor asks.
    """
    drawn = np.random.default_rng(0).integers(rows, size=2 * _ASKED)
    places, where = np.unique(drawn, return_inverse=True)
    vectors = to_vectors(table.take_offsets(places.tolist()).select([COLUMN]).to_arrow())[where]
    between = vectors[:_ASKED] + vectors[_ASKED:]
    unit: NDArray[np.float32] = between / np.maximum(np.linalg.norm(between, axis=1, keepdims=True), np.float32(1e-9))
    return unit


def _distances(table: LanceTable, vector: Vector, effort: Effort | None) -> NDArray[np.float32]:
    search = nearest(table, vector, effort).select(["_distance"]).limit(CANDIDATES)
    distances: NDArray[np.float32] = search.to_arrow()["_distance"].to_numpy()
    return distances


def _recall(exact: Sequence[NDArray[np.float32]], found: Sequence[NDArray[np.float32]], depth: int) -> float:
    """The mean share of the `depth` nearest that were found; by distance, as pages may hold the same text."""
    shares = []
    for nearest_of_all, these in zip(exact, found, strict=True):
        of_all = nearest_of_all[:depth]
        shares.append(min(1.0, np.count_nonzero(these <= of_all[-1] + _SAME) / len(of_all)))
    return float(np.mean(shares))


def _refusal(name: str, measured: AnnRecall, ann: Ann) -> str:
    depth = _DEPTHS[0]
    return (
        f"The vector index of table {name} finds {measured.recall[depth]:.1%} of the {depth} chunks nearest to a "
        f"question, however long it searches, and "
        f"FRONTDESK_ANN_RECALL asks for {ann.recall:.0%}. Nothing was promoted. Set FRONTDESK_ANN_ROWS above "
        f"{measured.rows} to search this site exactly, or lower FRONTDESK_ANN_RECALL."
    )
