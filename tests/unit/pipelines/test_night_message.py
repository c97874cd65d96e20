"""A night as a message: its colour, what matters of it, and nothing that Discord would refuse."""

from __future__ import annotations

from typing import Any

import pytest

from core.grades import Verdict
from core.records import IndexedFile
from pipelines.night_message import message_of
from pipelines.rows import Note
from tests.fakes.discord import problems
from tests.fakes.nights import BUILD, NASTY, grade, night


def fields(**told: Any) -> dict[str, str]:
    return dict(message_of(night(**told)).fields)


def test_the_colour_is_the_verdict() -> None:
    colours = [
        message_of(each).color
        for each in (
            night(grade()),
            night(is_new=False),
            night(grade(Verdict.UNKNOWN), is_live=False),
            night(grade(Verdict.FAILED), is_live=False),
        )
    ]
    assert len(set(colours)) == 4
    assert message_of(night(grade(), warnings=("w",))).color == colours[2]
    assert message_of(night(renewal=None, failure="x")).color == colours[3]


def test_it_says_what_failed_and_how_to_publish_all_the_same() -> None:
    told = fields(grade=grade(Verdict.FAILED), is_live=False, warnings=("export failed",))
    assert "fused/hit@5 went from .940 to .930" in told["Gate"]
    assert "integrity" not in told["Gate"]  # it passed
    assert "fused/MRR 0.810 (+0.050)" in told["Scores"]
    assert told["Warnings"] == "export failed"
    assert f"promote {BUILD} --site demo" in told["Publish it all the same"]


def test_a_failure_is_told_with_its_reason() -> None:
    assert "is empty" in message_of(night(renewal=None, failure="s3://bucket/docs is empty.")).description


def test_text_of_documents_is_text() -> None:
    assert NASTY not in fields()["Could not be read"]
    assert r"\*x\*" in fields()["Could not be read"]


@pytest.mark.parametrize("long", ["x" * 3000, "🏠" * 3000])
def test_a_terrible_night_still_fits(long: str) -> None:
    terrible = night(grade(Verdict.FAILED), is_live=False, warnings=(long,) * 30)
    assert terrible.report
    terrible.report.tally.add(
        [Note("read", 0, 1, IndexedFile(f"{n}", "s", long, "h", "failed", long)) for n in range(99)]
    )
    assert problems(message_of(terrible).payload()) == []
