"""Retrieval measures against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from evals.measures import MEASURES, per_question

RELEVANT = {"q1": {"a": 1, "b": 1}, "q2": {"c": 1}}


def test_known_rankings_give_known_values() -> None:
    values = per_question({"q1": ["a", "x", "b"], "q2": ["x", "c"]}, RELEVANT)
    ideal = 1 + 1 / math.log2(3)
    assert values["nDCG@10"]["q1"] == pytest.approx((1 + 1 / 2) / ideal)
    assert values["nDCG@10"]["q2"] == pytest.approx(1 / math.log2(3))
    assert values["MRR"] == {"q1": 1.0, "q2": 0.5}
    assert values["hit@1"] == {"q1": 1.0, "q2": 0.0}
    assert values["recall@5"] == {"q1": 1.0, "q2": 1.0}


def test_a_question_that_found_nothing_scores_zero() -> None:
    values = per_question({"q1": ["a"]}, RELEVANT)
    assert {name: values[name]["q2"] for name in MEASURES} == dict.fromkeys(MEASURES, 0.0)


def test_what_lies_beyond_the_cut_does_not_count() -> None:
    values = per_question({"q2": [*(f"x{n}" for n in range(10)), "c"]}, {"q2": {"c": 1}})
    assert values["hit@10"]["q2"] == 0.0
    assert values["MRR"]["q2"] == pytest.approx(1 / 11)
