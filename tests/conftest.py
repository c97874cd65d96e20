"""Fixtures that every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import Settings

pytest_plugins = [
    "tests.fakes.bucket",
    "tests.fakes.databases",
    "tests.fakes.stores",
    "tests.fakes.redis",
    "tests.fakes.website",
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is the test's own folder, whatever `.env` says."""
    return Settings(_env_file=None, home=tmp_path)
