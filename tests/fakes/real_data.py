"""The folder of public data to measure with; a test that wants a part of it is skipped where it is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).resolve().parents[2]


def real_data(name: str) -> Path:
    """A folder such as `scifact` below FRONTDESK_DATA (default `../shared/data` beside the checkout)."""
    data = Path(os.environ.get("FRONTDESK_DATA", _CHECKOUT.parent / "shared" / "data"))
    folder = data / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing: set FRONTDESK_DATA to the folder of public data")
    return folder
