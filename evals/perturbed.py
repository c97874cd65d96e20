"""True sentences and false ones made of them: how many of the false score lower than nearly all true ones.

True are the sentences, of five words or more, of answers that every rater gave the best mark; few of them are not
in the passages all the same, so the line of false alarms is lower than it should be. A swap takes its number or name
from faithful answers of other conversations, or, `nearby`, from the answer's own passages, where it is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.grounding import Fit, support
from core.particulars import Particular, names, numbers
from evals.judged import Embedded, Judged, texts_of
from evals.perturbations import negate, swap_name, swap_number

FALSE_ALARMS = 0.05
KINDS = ("number", "name", "negation", "number_nearby", "name_nearby")

_FEWEST_WORDS = 5  # less is seldom a statement

Pools = tuple[list[Particular], list[Particular]]  # numbers, names


@dataclass(frozen=True, slots=True)
class Scored:
    """A true sentence's score, and by kind of change the score of what was made of it."""

    conversation: str
    score: float
    changed: Mapping[str, float]


def scored_sentences(judged: Sequence[Judged], fits: Sequence[Fit], embedded: Embedded) -> list[Scored]:
    """Every true sentence with its false ones, scored by the fit that goes with its answer."""
    faithful = [(each, fitted) for each, fitted in zip(judged, fits, strict=True) if each.rated.true]
    elsewhere = _elsewhere([each for each, _ in faithful])
    drafts = [
        (each, fitted, text, _changed(text, each, elsewhere[each.rated.conversation]))
        for each, fitted in faithful
        for text in _statements(each)
    ]
    embedded.of([text for *_, changed in drafts for text in changed.values()])
    return [_scored(*draft, embedded) for draft in drafts]


def caught(sentences: Sequence[Scored]) -> dict[str, float]:
    """By kind of change: the share of false sentences that score below 95% of the true ones."""
    true = np.array([each.score for each in sentences])
    return {kind: share_caught(true, false) for kind, false in false_scores(sentences).items()}


def false_scores(sentences: Sequence[Scored]) -> dict[str, NDArray[np.float64]]:
    """By kind of change that was made at all: a score for each true sentence, nan where it could not be made."""
    made = {kind: np.array([each.changed.get(kind, np.nan) for each in sentences]) for kind in KINDS}
    return {kind: scores for kind, scores in made.items() if not np.isnan(scores).all()}


def share_caught(true: NDArray[np.float64], false: NDArray[np.float64]) -> float:
    """Of the false scores that there are, the share below the line of false alarms; nan for none."""
    made = false[~np.isnan(false)]
    return float(np.mean(made < np.quantile(true, FALSE_ALARMS))) if made.size else float("nan")


def _statements(judged: Judged) -> list[str]:
    return [each.sentence for each in judged.found if len(each.sentence.split()) >= _FEWEST_WORDS]


def _particulars(texts: Sequence[str]) -> Pools:
    return [each for text in texts for each in numbers(text)], [each for text in texts for each in names(text)]


def _elsewhere(faithful: Sequence[Judged]) -> dict[str, Pools]:
    """By conversation: what the statements of the other ones hold."""
    told = {(each.rated.conversation, text) for each in faithful for text in _statements(each)}
    conversations = {each.rated.conversation for each in faithful}
    return {own: _particulars(sorted(text for other, text in told if other != own)) for own in conversations}


def _changed(sentence: str, judged: Judged, elsewhere: Pools) -> dict[str, str]:
    nearby = _particulars([text for passage in judged.rated.passages for text in texts_of(passage)])
    made = {
        "number": swap_number(sentence, elsewhere[0]),
        "name": swap_name(sentence, elsewhere[1]),
        "negation": negate(sentence),
        "number_nearby": swap_number(sentence, nearby[0]),
        "name_nearby": swap_name(sentence, nearby[1]),
    }
    return {kind: text for kind, text in made.items() if text is not None}


def _scored(judged: Judged, fitted: Fit, sentence: str, changed: Mapping[str, str], embedded: Embedded) -> Scored:
    def score(text: str) -> float:
        return fitted.sentence(support(text, embedded.of([text])[0], judged.evidence).signals)

    return Scored(judged.rated.conversation, score(sentence), {kind: score(text) for kind, text in changed.items()})
