"""The sample site as `make run` has it: without a setting, so that all lies in ./var of the folder one stands in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.fakes.commands import ROOT
from tests.fakes.site import share_models

SAMPLE = ROOT / "datasets" / "kestrel"


def typed(folder: Path, *arguments: str | Path) -> str:
    """What `python -m …` prints in that folder, without any setting of ours."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_")}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=folder,
        env={**bare, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_indexed_asked_exported_and_measured_in_the_folder_one_stands_in(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    share_models(tmp_path / "var")
    options = ("--site", "demo", "--base-url", "/pages/", "--policy", SAMPLE / "policy.md")
    typed(tmp_path, "pipelines", "index", SAMPLE / "pages", *options, "--golden", SAMPLE / "golden.jsonl")
    assert "9:00 to 17:00" in typed(tmp_path, "serving", "ask", "When are you open on Saturdays?")
    typed(tmp_path, "pipelines", "export")
    assert list((tmp_path / "var" / "conversations").rglob("*.parquet"))
    assert list((tmp_path / "var" / "evals" / "results").rglob("*.parquet"))
