"""Grading: what it does not cost an indexing that asks no answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_a_light_grading_imports_no_client_of_a_judge() -> None:
    script = "import sys, evals.grade; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0
