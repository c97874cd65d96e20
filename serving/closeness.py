"""How near the best passage must come to a question before the question counts as one for this build.

A real question comes as near to its passage as the site is dense: where pages are close to each other, strangers'
questions find something similar too. So a build is asked once how near its pages are to each other. Line and floor
were fitted on four sites (evals/LOG.md). Knows no words and no policy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.knowledge import BuildTable
from core.records import Passage
from core.similarity import scaled

_SAMPLE = 100  # chunks whose nearest neighbour on another page is looked for
_READ = 8192  # rows at a time
_FLOOR = 0.2  # on the common scale; sites of a few pages have no more
_SPARSE, _SLOPE = 0.57, 0.985  # from this nearness of pages on, each step asks for so much of it


def needed(table: BuildTable, zero: float) -> float:
    """The likeness, on the common scale, that makes a passage one about the question; `zero` as in core/similarity."""
    cosines = _nearest_elsewhere(table)
    nearness = scaled([float(np.median(cosines))], zero)[0] if cosines.size else 0.0
    return _FLOOR + _SLOPE * max(0.0, nearness - _SPARSE)


def likeness(passages: Sequence[Passage], zero: float) -> float:
    """How near the best passage is, on the common scale."""
    return max(scaled([passage.dense for passage in passages if passage.dense is not None], zero), default=0.0)


def _nearest_elsewhere(table: BuildTable) -> NDArray[np.float32]:
    """For chunks from all over the table, the same ones each time: the cosine of the nearest one of another document.

    Every vector is read once: a hundred searches of a large table take ten times as long.
    """
    documents, vectors = _sample(table)
    nearest = np.full(len(documents), -1.0, np.float32)
    for batch in table.lance.search().select(["document", "vector"]).to_batches(batch_size=_READ):
        others = batch["vector"].flatten().to_numpy(zero_copy_only=False).reshape(len(batch), -1)
        same = np.asarray(batch["document"].to_pylist())[None] == documents[:, None]
        nearest = np.maximum(nearest, np.where(same, -1.0, vectors @ others.T).max(axis=1))
    return nearest[nearest > -1]


def _sample(table: BuildTable) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    rows = table.rows()
    if not rows:
        return np.empty(0, np.str_), np.empty((0, 1), np.float32)
    offsets = sorted({rows * step // _SAMPLE for step in range(_SAMPLE)})
    taken = table.lance.take_offsets(offsets).select(["document", "vector"]).to_arrow()
    return np.asarray(taken["document"].to_pylist()), np.asarray(taken["vector"].to_pylist(), np.float32)
