"""How well the groundedness score agrees with people, beside other judges, and which false sentences it notices.

Every figure of ours comes from fits that saw nothing of the conversation; `shipped/…` is the score as it ships,
which on the file that it was fitted to flatters it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from core.embedder import load_encoder
from core.errors import InvalidInputError
from core.grounding import FITTED, Fit
from core.settings import Settings
from core.signals import Signals
from core.words import content
from evals.calibration import fit, fits_of_others
from evals.intervals import Interval, grouped_interval
from evals.judged import Embedded, Judged, judge
from evals.perturbed import Scored, caught, false_scores, scored_sentences, share_caught
from evals.rated import BEST, JUDGES, WORST, read_rated
from evals.report import Report

FAITHFUL = 3.0  # mean rating from which an answer counts as faithful

Floats = NDArray[np.float64]
Statistic = Callable[[Floats, Floats], float]


def evaluate(file: Path, settings: Settings) -> Report:
    """The figures of a file of rated answers; an answer without a sentence has none and is counted in `meta`."""
    rated = read_rated(file)
    encoder = load_encoder(settings.embedding_model, settings)
    embedded = Embedded(encoder)
    judged = judge(rated, embedded)
    _check(judged, file)
    fits = fits_of_others(_signals(judged), _shares(judged), _groups(judged))
    agreement = _agreement(judged, _scores(judged, fits))
    noticed = _noticed(scored_sentences(judged, fits, embedded))
    meta = {
        "file": f"{file.parent.name}/{file.name}",
        "answers": len(judged),
        "left_out": len(rated) - len(judged),
        "conversations": len(set(_groups(judged))),
        "embedding_model": encoder.name,
        "fit": _told(fit(_signals(judged), _shares(judged))),
    }
    return Report(
        {**agreement.figures, **noticed.figures},
        {**agreement.intervals, **noticed.intervals},
        {**meta, **noticed.meta},
    )


def _check(judged: Sequence[Judged], file: Path) -> None:
    verdicts = {each.rated.faithfulness >= FAITHFUL for each in judged}
    if len(verdicts) < 2 or len(set(_groups(judged))) < 2:
        raise InvalidInputError(
            f"{file} does not hold faithful and unfaithful answers of two conversations at least: nothing to compare."
        )


def _scores(judged: Sequence[Judged], fits: Sequence[Fit]) -> dict[str, list[float]]:
    """Our score and every other one, answer by answer, by the name that its figures begin with."""
    overlap = [_overlap(each) for each in judged]
    cosine = [each.signals.meaning for each in judged]
    return {
        "": [fitted.answer(each.signals) for each, fitted in zip(judged, fits, strict=True)],
        "shipped/": [FITTED.answer(each.signals) for each in judged],
        "overlap/": overlap,
        "cosine/": cosine,
        "overlap_cosine/": [fmean(pair) for pair in zip(overlap, cosine, strict=True)],
        **{
            f"{name}/": [each.rated.judges[name] for each in judged]
            for name in JUDGES.values()
            if all(name in each.rated.judges for each in judged)
        },
    }


def _overlap(judged: Judged) -> float:
    """Share of the answer's words that stand in the passages: the plainest baseline."""
    terms, held = content(judged.rated.answer), set(content(" ".join(judged.rated.passages)))
    return sum(term in held for term in terms) / len(terms) if terms else 0.0


def _agreement(judged: Sequence[Judged], scores: Mapping[str, Sequence[float]]) -> Report:
    people = np.array([each.rated.faithfulness for each in judged])
    figures: dict[str, float] = {}
    intervals: dict[str, Interval] = {}
    for name, values in scores.items():
        for measure, statistic in {"auroc": auroc, "spearman": spearman}.items():
            column = np.array(values)
            figures[f"{name}{measure}"] = statistic(people, column)
            redrawn = partial(_of_rows, statistic, people, column)
            intervals[f"{name}{measure}"] = grouped_interval(_groups(judged), redrawn)
    return Report(figures, intervals)


def _of_rows(statistic: Statistic, one: Floats, other: Floats, rows: NDArray[np.intp]) -> float:
    return statistic(one[rows], other[rows])


def auroc(people: Floats, scores: Floats) -> float:
    """How often a faithful answer scores above an unfaithful one; nan without either."""
    faithful = people >= FAITHFUL
    return float("nan") if faithful.all() or not faithful.any() else float(roc_auc_score(faithful, scores))


def spearman(people: Floats, scores: Floats) -> float:
    """Rank correlation with the mean rating; nan where all are alike."""
    constant = np.ptp(people) == 0 or np.ptp(scores) == 0
    return float("nan") if constant else float(spearmanr(people, scores).statistic)


def _noticed(sentences: Sequence[Scored]) -> Report:
    shares = caught(sentences)
    figures = {f"perturbed/{kind}": share for kind, share in shares.items()}
    groups = [each.conversation for each in sentences]
    true = np.array([each.score for each in sentences])
    intervals = {
        f"perturbed/{kind}": grouped_interval(groups, partial(_of_rows, share_caught, true, scores))
        for kind, scores in false_scores(sentences).items()
    }
    made = {kind: sum(kind in each.changed for each in sentences) for kind in shares}
    return Report(figures, intervals, {"true_sentences": len(sentences), "changed": made})


def _signals(judged: Sequence[Judged]) -> list[Signals]:
    return [each.signals for each in judged]


def _shares(judged: Sequence[Judged]) -> list[float]:
    """The ratings as shares of the best one, 0..1."""
    return [(each.rated.faithfulness - WORST) / (BEST - WORST) for each in judged]


def _groups(judged: Sequence[Judged]) -> list[str]:
    return [each.rated.conversation for each in judged]


def _told(fitted: Fit) -> dict[str, float]:
    """What core/grounding.py holds as FITTED, when this file is what it is fitted to."""
    named = {"intercept": fitted.intercept, **fitted.coefficients._asdict()}
    return {name: round(value, 2) for name, value in named.items() if value}
