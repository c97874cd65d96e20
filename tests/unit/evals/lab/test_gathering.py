"""Gaps: questions that mean much the same are one, the largest first, told by the question in their middle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from core.embedder import Encoder, load_encoder
from core.settings import Settings
from evals.lab.gathering import Gaps, gathered
from evals.lab.workshop import ALIKE
from tests.fakes.site import share_models

DAY = datetime(2026, 11, 1, 12, tzinfo=UTC)
COST = ["How much is shipping to Norway?", "What does delivery to Norway cost?", "shipping costs norway"]
TEA = ["Do you sell green tea?", "Is there tea as well?"]


def turns(*questions: str, disliked: tuple[str, ...] = ()) -> pl.DataFrame:
    """Declined turns, the first one the newest."""
    rows = [
        {
            "question": text,
            "declined": text not in disliked,
            "disliked": text in disliked,
            "comment": None,
            "created_at": DAY - timedelta(hours=at),
            "turn_id": f"t{at}",
        }
        for at, text in enumerate(questions)
    ]
    return pl.DataFrame(rows, schema_overrides={"comment": pl.String})


@pytest.fixture
def encoder(settings: Settings) -> Encoder:
    share_models(settings.home)
    return load_encoder(settings.embedding_model, settings)


def found(encoder: Encoder, frame: pl.DataFrame) -> Gaps:
    return gathered("demo", frame, encoder, ALIKE)


def test_what_means_the_same_is_one_gap_and_the_largest_comes_first(encoder: Encoder) -> None:
    gaps = found(encoder, turns(TEA[0], *COST, TEA[1], disliked=(TEA[0],)))
    assert gaps.frame.select("gap", "turns", "declined", "disliked").rows() == [(0, 3, 3, 0), (1, 2, 1, 1)]
    assert set(gaps.gap(0)["question"]) == set(COST)
    assert set(gaps.gap(1)["question"]) == set(TEA)
    assert gaps.frame["last_at"][1] == DAY
    assert COST[0] in gaps._repr_html_()


def test_a_question_asked_twice_counts_twice_and_is_compared_once(encoder: Encoder) -> None:
    gaps = found(encoder, turns(TEA[0], TEA[0], TEA[0], COST[0], COST[1]))
    assert gaps.frame["turns"].to_list() == [3, 2]
    assert gaps.gap(0)["turn_id"].to_list() == ["t0", "t1", "t2"]


def test_one_question_is_a_gap_and_none_are_none(encoder: Encoder) -> None:
    assert found(encoder, turns(TEA[0])).frame["turns"].to_list() == [1]
    none = found(encoder, turns(TEA[0]).clear())
    assert len(none) == 0
    assert "0 questions in vain" in none._repr_html_()


def test_a_visitors_words_are_text_on_the_page(encoder: Encoder) -> None:
    assert "<script" not in found(encoder, turns("<script>alert(1)</script>"))._repr_html_()
