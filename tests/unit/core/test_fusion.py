"""Fusion of two searches, page by page, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from core.knowledge.fusion import Hit, fuse


def pages(*searches: list[Hit]) -> list[tuple[str, float]]:
    return [(page.document, round(page.score, 4)) for page in fuse(*searches)]


def test_the_score_is_the_mean_of_both_searches_scaled_to_their_range() -> None:
    dense = [Hit(0, "a", 0.8), Hit(1, "b", 0.6), Hit(2, "c", 0.4)]
    text = [Hit(1, "b", 20.0), Hit(3, "d", 15.0), Hit(0, "a", 10.0)]
    assert pages(dense, text) == [("b", 0.75), ("a", 0.5), ("d", 0.25), ("c", 0.0)]


def test_weights_say_how_much_each_search_counts() -> None:
    dense = [Hit(0, "a", 0.9), Hit(1, "b", 0.1)]
    text = [Hit(1, "b", 7.0), Hit(0, "a", 3.0)]
    found = fuse(dense, text, weights=(0.45, 0.55))
    assert [(page.document, round(page.score, 4)) for page in found] == [("b", 0.55), ("a", 0.45)]


def test_searches_that_hit_different_chunks_of_one_page_agree_on_it() -> None:
    dense = [Hit(0, "other", 0.9), Hit(1, "page", 0.85), Hit(5, "low", 0.1)]
    text = [Hit(2, "page", 9.0), Hit(3, "third", 8.5), Hit(5, "low", 1.0)]
    assert pages(dense, text)[0][0] == "page"
    assert fuse(dense, text)[0].rows == (2, 1)


def test_many_middling_chunks_do_not_outweigh_one_good_one() -> None:
    dense = [Hit(0, "good", 1.0), *(Hit(n, "many", 0.9) for n in range(1, 9)), Hit(9, "low", 0.0)]
    assert pages(dense)[0] == ("good", 1.0)


def test_one_search_alone_keeps_its_order() -> None:
    assert pages([Hit(0, "a", 3.0), Hit(1, "b", 2.0), Hit(2, "c", 1.0)]) == [("a", 1.0), ("b", 0.5), ("c", 0.0)]


def test_an_empty_search_leaves_the_other_to_decide() -> None:
    assert [name for name, _ in pages([Hit(0, "a", 0.9), Hit(1, "b", 0.5)], [])] == ["a", "b"]
    assert pages([], []) == []


@pytest.mark.parametrize("score", [0.0, -0.3, 7.0])
def test_a_lone_hit_counts_fully_whatever_its_scale(score: float) -> None:
    assert pages([Hit(0, "a", score)]) == [("a", 1.0)]


def test_ties_stay_in_the_order_of_the_first_search() -> None:
    dense = [Hit(0, "a", 0.5), Hit(1, "b", 0.5)]
    text = [Hit(1, "b", 4.0), Hit(0, "a", 4.0)]
    assert [name for name, _ in pages(dense, text)] == ["a", "b"]
