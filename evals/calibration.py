"""Fits the groundedness score to people's ratings, and says how good it is on conversations that it did not see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut

from core.grounding import Fit
from core.signals import Signals

FITTED_SIGNALS = ("meaning", "best", "near", "pairs", "number", "name")  # ratings say too little about the others
_COLUMNS = [Signals._fields.index(name) for name in FITTED_SIGNALS]
_LOOSENESS = 3.0  # sklearn's C; from 1 to 10 the figures differ by a thousandth


def fit(signals: Sequence[Signals], shares: Sequence[float]) -> Fit:
    """The regression that makes of answers' mean signals their share of the best rating, 0..1.

    A share is learned as a coin that falls so: each answer counts as good by it, as bad by the rest.
    """
    rows, good = np.array(signals)[:, _COLUMNS], np.array(shares)
    model = LogisticRegression(C=_LOOSENESS, max_iter=1000)
    verdicts = np.repeat([1, 0], len(rows))
    model.fit(np.concatenate([rows, rows]), verdicts, sample_weight=np.concatenate([good, 1 - good]))
    learned = dict(zip(FITTED_SIGNALS, model.coef_[0].tolist(), strict=True))
    return Fit(float(model.intercept_[0]), Signals(**(dict.fromkeys(Signals._fields, 0.0) | learned)))


def fits_of_others(signals: Sequence[Signals], shares: Sequence[float], groups: Sequence[str]) -> list[Fit]:
    """For each answer a fit that saw nothing of its group; needs two groups at least."""
    rows, good = np.array(signals), np.array(shares)
    fits: list[Fit | None] = [None] * len(rows)
    for train, test in LeaveOneGroupOut().split(rows, groups=list(groups)):
        learned = fit(_taken(rows, train), good[train].tolist())
        for row in test:
            fits[row] = learned
    return [each for each in fits if each is not None]


def _taken(rows: NDArray[np.float64], which: NDArray[np.intp]) -> list[Signals]:
    return [Signals(*row) for row in rows[which].tolist()]
