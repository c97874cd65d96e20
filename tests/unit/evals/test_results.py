"""Results come back as they were saved, by name or by file, and nothing else is taken for results."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from core.errors import InvalidInputError, NotFoundError
from core.settings import Settings
from evals.readers import Question, Task
from evals.results import Result, Results, fingerprint, latest, load, numbers_only, save

RESULTS = Results(
    "answers",
    ("contains_gold", "declined/recall"),
    (
        Result("1", "When?", "At ten.", {"contains_gold": 1.0}, {"gold": ["ten"], "declined": False, "error": None}),
        Result("2", "Who?", "", {"declined/recall": 0.0}, {"gold": [], "declined": True, "error": None}),
    ),
    {"site": "demo", "task": "qa", "question_fingerprint": "f"},
)


def test_results_come_back_by_their_name(settings: Settings) -> None:
    name = save(RESULTS, settings)
    assert name.startswith("answers-demo-")
    assert load(name, settings) == RESULTS


def test_results_come_back_from_a_file_anywhere(settings: Settings, tmp_path: Path) -> None:
    name = save(RESULTS, settings)
    moved = (settings.home / "evals" / "results" / f"{name}.parquet").rename(tmp_path / "mine.parquet")
    assert load(str(moved), settings) == RESULTS


def test_a_data_scientist_reads_one_column_a_measure(settings: Settings) -> None:
    frame = pl.read_parquet(settings.home / "evals" / "results" / f"{save(RESULTS, settings)}.parquet")
    assert frame["contains_gold"].to_list() == [1.0, None]
    assert frame["question"].to_list() == ["When?", "Who?"]


def test_two_runs_at_the_same_moment_have_two_names(settings: Settings) -> None:
    assert save(RESULTS, settings) != save(RESULTS, settings)


def test_a_name_that_nobody_saved_is_not_found(settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="yesterday"):
        load("yesterday", settings)


def test_other_files_are_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no Parquet")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    for name in ("text.parquet", "other.parquet"):
        with pytest.raises(InvalidInputError, match=name):
            load(str(tmp_path / name), settings)


def test_a_score_that_is_no_number_is_not_saved(settings: Settings) -> None:
    broken = Results("answers", ("m",), (Result("1", "q", "a", {"m": float("nan")}),), {"site": "demo"})
    with pytest.raises(ValueError, match="no number"):
        save(broken, settings)


def test_a_fingerprint_follows_questions_and_gold_and_not_their_order() -> None:
    one, two = Question("1", "a", answers=("x",)), Question("2", "b")
    relevant = {"1": {"p": 1}}
    mark = fingerprint(Task("t", (one, two), relevant))
    assert mark == fingerprint(Task("elsewhere", (two, one), relevant))
    assert mark != fingerprint(Task("t", (Question("1", "a", answers=("y",)), two), relevant))
    assert mark != fingerprint(Task("t", (one, two), {"1": {"q": 1}}))


def test_the_latest_results_of_the_same_conditions_are_found_again(settings: Settings) -> None:
    name = save(RESULTS, settings)
    conditions = {"site": "demo", "question_fingerprint": "f"}
    assert latest("answers", conditions, settings) == name
    assert latest("retrieval", conditions, settings) is None
    for other in ({"site": "shop"}, {"question_fingerprint": "g"}, {"judge": "one"}):
        assert latest("answers", conditions | other, settings) is None


def test_what_is_no_number_is_named_and_in_no_mean() -> None:
    kept, flaws = numbers_only({"m": {"1": 1.0, "2": float("nan")}, "n": {"1": float("inf")}, "o": {}})
    assert kept == {"m": {"1": 1.0}, "o": {}}
    assert flaws == ["m of 2", "n of 1"]
