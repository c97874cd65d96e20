"""Retrieval measures per question, by ir-measures, under the names that Frontdesk publishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ir_measures
from ir_measures import RR, R, Success, nDCG

MEASURES = {
    "nDCG@10": nDCG @ 10,
    "recall@5": R @ 5,
    "recall@10": R @ 10,
    "MRR": RR,
    "hit@1": Success @ 1,
    "hit@5": Success @ 5,
    "hit@10": Success @ 10,
}

_NAMES = {measure: name for name, measure in MEASURES.items()}


def per_question(
    rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, float]]:
    """Measure -> question -> value, for every judged question; one that found nothing scores 0.

    A ranking lists documents best first, each once.
    """
    run = {
        question: {document: -float(rank) for rank, document in enumerate(rankings.get(question, ()))}
        for question in relevant
    }
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(relevant, 0.0) for name in MEASURES}
    for metric in ir_measures.iter_calc(list(MEASURES.values()), relevant, run):
        values[_NAMES[metric.measure]][metric.query_id] = metric.value
    return values
