"""What a night says of itself to programs: one word, one exit status, one JSON object."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console

from core.grades import Verdict
from pipelines.night import EXIT_CODES, Night
from tests.fakes.nights import BUILD, LIVE, grade, night


@pytest.mark.parametrize(
    ("told", "outcome", "code"),
    [
        (night(grade()), "promoted", 0),
        (night(is_new=False), "unchanged", 0),
        (night(grade(Verdict.FAILED), is_new=False), "unchanged", 0),
        (night(renewal=None, failure="x"), "failed", 1),
        (night(grade(Verdict.FAILED), is_live=False), "refused", 3),
        (night(grade(Verdict.UNKNOWN), is_live=False), "unsure", 4),
    ],
)
def test_each_end_has_its_exit_status(told: Night, outcome: str, code: int) -> None:
    assert (told.outcome, EXIT_CODES[told.outcome]) == (outcome, code)


def test_its_files_are_called_by_the_build_or_by_the_night() -> None:
    assert night().name == BUILD
    assert night(is_new=False).name == "20261121-020004"


def test_programs_get_figures_intervals_of_differences_and_what_became_of_it() -> None:
    told = json.loads(night(grade(), warnings=("w",)).to_json({"html": "/x.html"}))
    expected = {"documents/added": 1, "fused/hit@5": 0.93, "difference/fused/hit@5": -0.01, "seconds/grade": 31.0}
    assert expected.items() <= told["figures"].items()
    assert {"turns/exported": 52, "builds/dropped": 1, "tokens/input": 12_345}.items() <= told["figures"].items()
    assert told["intervals"]["difference/fused/MRR"] == [0.01, 0.09]
    assert set(told["intervals"]) <= set(told["figures"])
    about = {"outcome": "promoted", "build": BUILD, "live": BUILD, "warnings": ["w"], "files": {"html": "/x.html"}}
    assert about.items() <= told["meta"].items()


def test_programs_get_the_reason_of_a_failure() -> None:
    told = json.loads(night(renewal=None, live=LIVE, failure="nothing there").to_json({}))
    assert {"outcome": "failed", "failure": "nothing there", "live": LIVE, "build": None}.items() <= told[
        "meta"
    ].items()


def test_a_report_that_could_not_be_written_is_not_pointed_to() -> None:
    assert "Report: /r/n.html" in shown(night(), {"html": "/r/n.html"})
    assert "Report" not in shown(night(), {})


def shown(night: Night, files: dict[str, str]) -> str:
    console = Console(file=StringIO(), width=60)
    console.print(night.table(files))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text
