"""The groundedness figures: what is fitted, on whom it is measured, and which false sentences count as caught."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.grounding import FITTED
from core.settings import Settings
from core.signals import Signals
from evals import groundedness
from evals.calibration import FITTED_SIGNALS, fit, fits_of_others
from evals.perturbed import Scored, caught
from evals.rated import read_rated
from tests.fakes.encoders import FakeEncoder
from tests.fakes.real_data import real_data


def _signals(meaning: float) -> Signals:
    return Signals(*[meaning, *[0.0] * (len(Signals._fields) - 1)])


def _row(conversation: str, answer: str, rating: float, **more: Any) -> dict[str, Any]:
    return {
        "task_id": f"{conversation}<::>1",
        "conversation": [{"speaker": "user", "text": "What of the kettle?"}],
        "contexts": [{"text": "The kettle is made of steel in Bergen. It holds 1.8 litres of water."}],
        "response": answer,
        "human": {"faithfulness": [rating, rating]},
        "auto": {"rl_f": rating / 4},
        **more,
    }


@pytest.fixture
def rated_file(tmp_path: Path) -> Path:
    file = tmp_path / "rated.jsonl"
    rows = [
        _row(conversation, answer, rating)
        for conversation in "abc"
        for answer, rating in [
            ("The kettle is made of steel in Bergen.", 4.0),
            ("It holds 1.8 litres of water.", 4.0),
            ("Dragons breathe fire on villages.", 1.0),
        ]
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def test_a_fit_follows_the_ratings_and_leaves_vetoes_alone() -> None:
    learned = fit([_signals(each / 10) for each in range(10)], [each / 10 for each in range(10)])
    assert learned.answer(_signals(0.9)) > 0.6 > 0.4 > learned.answer(_signals(0.1))
    others = [name for name in Signals._fields if name not in FITTED_SIGNALS]
    assert [getattr(learned.coefficients, name) for name in others] == [0.0] * len(others)


def test_no_conversation_is_scored_by_a_fit_that_saw_it() -> None:
    draw = random.Random(0)
    signals = [_signals(draw.random()) for _ in range(12)]
    shares = [draw.random() for _ in range(12)]
    groups = [str(n // 3) for n in range(12)]
    before = fits_of_others(signals, shares, groups)
    after = fits_of_others(signals, [0.0, 1.0, 0.0, *shares[3:]], groups)
    assert after[:3] == before[:3]
    assert after[3:] != before[3:]


def test_caught_is_what_scores_below_95_in_100_true_sentences() -> None:
    true = [Scored("a", n / 100, {}) for n in range(100)]
    false = [Scored("a", 0.9, {"number": score}) for score in (0.01, 0.03, 0.5, 0.9)]
    assert caught([*true, *false]) == {"number": 0.5}


def test_auroc_is_about_faithful_from_three_and_spearman_about_ranks() -> None:
    people, scores = np.array([1, 2.9, 3, 4.0]), np.array([0.1, 0.2, 0.4, 0.3])
    assert groundedness.auroc(people, scores) == 1.0
    assert groundedness.spearman(people, scores) == pytest.approx(0.8)
    assert np.isnan(groundedness.auroc(people[:2], scores[:2]))


def test_figures_stand_beside_other_judges(
    rated_file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groundedness, "load_encoder", lambda *_: FakeEncoder())
    report = groundedness.evaluate(rated_file, settings)
    assert report.figures["auroc"] == report.figures["ragas/auroc"] == report.figures["overlap/auroc"] == 1.0
    assert report.figures["spearman"] > 0.6
    assert report.intervals["auroc"] == (1.0, 1.0)
    assert "rad_bench/auroc" not in report.figures
    assert report.meta["changed"] == {"negation": 3}


def test_an_answer_without_a_sentence_is_left_out_and_counted(
    rated_file: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groundedness, "load_encoder", lambda *_: FakeEncoder())
    with rated_file.open("a") as lines:
        lines.write("\n" + json.dumps(_row("d", "", 4.0)))
    report = groundedness.evaluate(rated_file, settings)
    assert (report.meta["answers"], report.meta["left_out"]) == (9, 1)


def test_one_sided_ratings_are_refused(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groundedness, "load_encoder", lambda *_: FakeEncoder())
    file = tmp_path / "rated.jsonl"
    file.write_text("\n".join(json.dumps(_row(each, "It holds water.", 4.0)) for each in "ab"))
    with pytest.raises(InvalidInputError, match="faithful and unfaithful"):
        groundedness.evaluate(file, settings)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"none\.jsonl"):
        read_rated(tmp_path / "none.jsonl")


def test_people_agree_with_the_score_and_swaps_are_caught() -> None:
    file = real_data("mtrag") / "human_eval.jsonl"
    report = groundedness.evaluate(file, Settings(_env_file=None))
    assert report.figures["auroc"] >= 0.93
    assert report.figures["auroc"] > report.figures["ragas/auroc"]
    assert report.figures["spearman"] >= 0.68
    assert report.figures["perturbed/number"] >= 0.8
    assert report.figures["perturbed/name"] >= 0.8
    shipped = {"intercept": FITTED.intercept, **FITTED.coefficients._asdict()}
    assert report.meta["fit"] == {name: value for name, value in shipped.items() if value}
