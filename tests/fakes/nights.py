"""Nights that were never spent: as they are told to people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.grades import Finding, Flip, Grade, Measured, Verdict
from core.records import IndexedFile, Usage
from pipelines.difference import Difference, DocumentChange
from pipelines.night import Night
from pipelines.report import IndexReport, Renewal
from pipelines.rows import Note
from pipelines.tally import Tally
from pipelines.web import Remark
from tests.fakes.records import build

BUILD = "20261121-020004-5f3a9c"
LIVE = "20261120-020003-b1c2d3"
NASTY = "a|b <script>alert(1)</script> *x* [y](z).md"


def grade(verdict: Verdict = Verdict.PASSED, **fields: Any) -> Grade:
    """A grade with one of everything."""
    found = (
        Finding("integrity", Verdict.PASSED, "1,204 chunks, all indexed, no id twice"),
        Finding("retrieval", verdict, "fused/hit@5 went from .940 to .930: −.010 [−.040, +.020]"),
    )
    measured = (
        Measured("fused/hit@5", 0.93, 0.94, -0.01, (-0.04, 0.02)),
        Measured("fused/MRR", 0.81, 0.76, 0.05, (0.01, 0.09)),
        Measured("faithfulness", 0.9, 0.88, 0.02, (-0.01, 0.05), 0.01),
        Measured("seconds/answer", 2.1, 1.9),
    )
    flips = (Flip("q7", f"Is {NASTY} open?", "declined", "We open at nine.", "I do not know."),)
    whole = Grade(BUILD, verdict, found, measured, flips, ("No judge is set.",), LIVE, Usage(12_345, 678))
    return replace(whole, **fields)


def night(grade: Grade | None = None, *, is_new: bool = True, is_live: bool = True, **fields: Any) -> Night:
    """A night whose build is `BUILD`, live instead of `LIVE` unless it is said otherwise."""
    tally = Tally()
    tally.add(
        [Note("read", 0, 4, IndexedFile("d1", "s1", "new.md", "h", "added", "", 7)), Note("embed", 0, 9, embedded=7)]
    )
    tally.add([Note("read", 0, 1, IndexedFile(NASTY, "s1", NASTY, "h", "failed", "is <encrypted>"))])
    remarks = [Remark(f"https://x/{NASTY}", "answered 503, and stays as it was")]
    report = IndexReport(replace(build(), id=BUILD if is_new else LIVE), tally, 14.2, remarks, is_new)
    changed = [DocumentChange(NASTY, "changed", 3, 1), DocumentChange("new.md", "added", 7, 0)]
    told: dict[str, Any] = {
        "live": BUILD if is_new and is_live else LIVE,
        "sources": ("s3://bucket/docs",),
        "renewal": Renewal(report, grade, is_live),
        "difference": Difference(LIVE, BUILD, changed) if is_new else None,
        "kept": (BUILD, LIVE),
        "dropped": ("20261101-020000-aaaaaa",),
        "exported": 52,
        "rollback_to": LIVE if is_new and is_live else None,
        "seconds": {"grade": 31.0, "export": 0.2},
        "total_seconds": 61.0,
        "run": "0123456789abcdef",
        "tracking": "sqlite:////srv/frontdesk/mlflow.db",
    }
    return Night("demo", datetime(2026, 11, 21, 2, 0, 4, tzinfo=UTC), **told | fields)
