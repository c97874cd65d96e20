"""Simulated turns for the lab: made once, the same ones the next time, and none of a real site's."""

from __future__ import annotations

from pathlib import Path

from core.settings import Settings
from evals.lab import Lab


def test_simulated_turns_are_made_once_and_are_apart_from_the_sites_own(settings: Settings) -> None:
    first = Lab(settings).simulated(turns=500, days=7, sites=2)
    made = {file: file.stat().st_mtime_ns for file in _files(first)}
    again = Lab(settings).simulated(turns=500, days=7, sites=2)
    assert len(again.conversations()) == 500
    assert {file: file.stat().st_mtime_ns for file in _files(again)} == made
    assert len(Lab(settings).conversations()) == 0
    assert len(Lab(settings).simulated(turns=200, days=7, sites=2).conversations()) == 200


def _files(lab: Lab) -> list[Path]:
    return sorted((lab.settings.home / "conversations").rglob("*.parquet"))
