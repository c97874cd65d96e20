"""Words folded so that a question meets its answer."""

from __future__ import annotations

import pytest

from core.words import content, overlap, stem, words


@pytest.mark.parametrize(
    "family",
    [
        ("price", "prices", "priced", "pricing"),
        ("deliver", "delivers", "delivered", "delivering"),
        ("city", "cities"),
        ("stop", "stopped", "stopping", "stops"),
        ("box", "boxes"),
        ("reserve", "reservation", "reserved"),
        ("cancel", "cancellation", "cancelled"),
    ],
)
def test_forms_of_a_word_share_a_stem(family: tuple[str, ...]) -> None:
    assert len({stem(word) for word in family}) == 1


def test_different_words_keep_different_stems() -> None:
    different = ["bus", "busy", "glass", "gas", "new", "now", "ring", "sing", "bed", "m3", "2024", "über"]
    assert len({stem(word) for word in different}) == len(different)


def test_numbers_stay_whole() -> None:
    assert words("£1,300.50 for 1.8 L, E07") == ["1300.50", "for", "1.8", "l", "e07"]


def test_content_leaves_out_what_says_nothing() -> None:
    assert content("What is the price of the Merlin?") == ["pric", "merlin"]


def test_chinese_goes_by_character() -> None:
    assert words("营业时间 9") == ["营", "业", "时", "间", "9"]


def test_overlap_is_the_share_of_the_shorter_list() -> None:
    assert overlap(["a", "b"], ["a", "b", "c", "d"]) == 1.0
    assert overlap(["a", "b"], ["a", "c"]) == 0.5
    assert overlap([], ["a"]) == 0.0
