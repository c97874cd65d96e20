"""Bootstrap intervals of a mean over questions, of the paired difference of two systems, and of any statistic.

Seeded: the same data give the same interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]

RESAMPLES = 10_000
_GROUPED_RESAMPLES = 1_000  # of a statistic that is not just a mean, and takes longer
_SEED = 20_240_601
_COVERAGE = 0.95


def mean_interval(values: Mapping[str, float]) -> Interval:
    """95% percentile bootstrap interval of the mean; (nan, nan) for no values."""
    return _interval(np.array([values[key] for key in sorted(values)]))


def paired_interval(ours: Mapping[str, float], other: Mapping[str, float]) -> Interval:
    """The same of the mean difference ours - other, question by question; both cover the same questions."""
    if ours.keys() != other.keys():
        raise ValueError("a paired interval needs the same questions on both sides")
    return _interval(np.array([ours[key] - other[key] for key in sorted(ours)]))


def grouped_interval(groups: Sequence[str], statistic: Callable[[NDArray[np.intp]], float]) -> Interval:
    """95% interval of a statistic of rows, drawing whole groups: rows of one group are not independent.

    The statistic takes row numbers, repeats included; where it is not defined (nan) the draw does not count.
    """
    names = sorted(set(groups))
    rows = [np.flatnonzero([group == name for group in groups]) for name in names]
    draws = np.random.default_rng(_SEED).integers(0, len(names), size=(_GROUPED_RESAMPLES, len(names)))
    values = np.array([statistic(np.concatenate([rows[pick] for pick in draw])) for draw in draws])
    return _tails(values[~np.isnan(values)])


def share_interval(ours: Mapping[str, float], other: Mapping[str, float]) -> Interval:
    """The same where each side has values for questions of its own choice: questions are resampled for both at once.

    A resample in which one side has no value says nothing and is left out.
    """
    questions = sorted(ours.keys() | other.keys())
    sides = np.array([[side.get(name, np.nan) for name in questions] for side in (ours, other)])
    known, values = ~np.isnan(sides), np.nan_to_num(sides)
    picks = _picks(len(questions))
    counts = np.stack([side[picks].sum(axis=1) for side in known])
    sums = np.stack([side[picks].sum(axis=1) for side in values])
    usable = (counts > 0).all(axis=0)
    means = sums[:, usable] / counts[:, usable]
    return _tails(means[0] - means[1])


def _interval(values: NDArray[np.float64]) -> Interval:
    if values.size == 0:
        return (float("nan"), float("nan"))
    return _tails(values[_picks(values.size)].mean(axis=1))


def _picks(size: int) -> NDArray[np.int64]:
    return np.random.default_rng(_SEED).integers(0, size, size=(RESAMPLES, size))


def _tails(draws: NDArray[np.float64]) -> Interval:
    if draws.size == 0:
        return (float("nan"), float("nan"))
    tail = (1 - _COVERAGE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return (float(low), float(high))
