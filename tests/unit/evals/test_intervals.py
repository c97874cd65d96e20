"""Bootstrap intervals: they hold the mean, shrink with data, and pair by question."""

from __future__ import annotations

import numpy as np
import pytest

from evals.intervals import mean_interval, paired_interval, share_interval


def values(count: int, seed: int = 1) -> dict[str, float]:
    return {str(n): float(v) for n, v in enumerate(np.random.default_rng(seed).normal(0.5, 0.2, count))}


def test_the_interval_is_what_theory_says_for_a_normal_sample() -> None:
    sample = values(400)
    low, high = mean_interval(sample)
    mean, error = np.mean(list(sample.values())), np.std(list(sample.values())) / 20
    assert low == pytest.approx(mean - 1.96 * error, abs=0.003)
    assert high == pytest.approx(mean + 1.96 * error, abs=0.003)


def test_the_same_values_give_the_same_interval() -> None:
    assert mean_interval(values(50)) == mean_interval(values(50))


def test_pairing_finds_a_small_steady_gain_that_unpaired_intervals_hide() -> None:
    other = values(60)
    ours = {key: value + 0.02 for key, value in other.items()}
    assert mean_interval(ours)[0] < mean_interval(other)[1]
    assert paired_interval(ours, other) == pytest.approx((0.02, 0.02))


def test_different_questions_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="same questions"):
        paired_interval({"a": 1.0}, {"b": 1.0})


def test_no_values_have_no_interval() -> None:
    assert np.isnan(mean_interval({})).all()


def test_shares_over_questions_of_each_sides_choice_are_resampled_together() -> None:
    same = {"a": 1.0, "b": 0.0, "c": 1.0}
    assert share_interval(same, same) == (0.0, 0.0)
    ours, other = {str(n): 1.0 for n in range(30)}, {str(n): n % 2.0 for n in range(60)}
    low, high = share_interval(ours, other)
    assert low > 0.3
    assert high < 0.7
    assert low < 0.5 < high
