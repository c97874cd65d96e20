"""Bootstrap intervals of a mean over questions, and of the paired difference of two systems.

Seeded: the same data give the same interval.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]

_RESAMPLES = 10_000
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


def _interval(values: NDArray[np.float64]) -> Interval:
    if values.size == 0:
        return (float("nan"), float("nan"))
    picks = np.random.default_rng(_SEED).integers(0, values.size, size=(_RESAMPLES, values.size))
    tail = (1 - _COVERAGE) / 2
    low, high = np.quantile(values[picks].mean(axis=1), [tail, 1 - tail])
    return (float(low), float(high))
