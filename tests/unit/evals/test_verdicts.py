"""Verdicts survive the process by their content, and a torn line costs one of them."""

from __future__ import annotations

from pathlib import Path

from evals.verdicts import Verdicts, key_of


def test_a_verdict_is_found_by_the_next_process(tmp_path: Path) -> None:
    file = tmp_path / "evals" / "verdicts.jsonl"
    Verdicts(file).keep("k", 0.25, metric="faithfulness")
    assert Verdicts(file).get("k") == 0.25
    assert Verdicts(file).get("other") is None


def test_a_line_that_a_crash_tore_costs_only_its_own_verdict(tmp_path: Path) -> None:
    file = tmp_path / "verdicts.jsonl"
    verdicts = Verdicts(file)
    verdicts.keep("whole", 1.0)
    with file.open("a") as lines:
        lines.write('{"key": "torn", "val\n{"key": "odd", "value": null}\n')
    verdicts.keep("later", 0.5)
    again = Verdicts(file)
    assert (again.get("whole"), again.get("torn"), again.get("odd"), again.get("later")) == (1.0, None, None, 0.5)


def test_a_key_is_its_content() -> None:
    assert key_of(question="q", repeat=1) == key_of(repeat=1, question="q")
    assert key_of(question="q", repeat=1) != key_of(question="q", repeat=2)
