"""Our commands as a person types them, in a home of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(home: Path, module: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """`python -m module arguments`, running."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "FRONTDESK_HOME": str(home), "COLUMNS": "160"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home: Path, module: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`python -m module arguments`, ended."""
    process = start(home, module, *arguments)
    output, errors = process.communicate(timeout=240)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)
