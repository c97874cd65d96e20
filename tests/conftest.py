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

# May start a Ray of their own, as all of e2e does.
_ON_RAY = {
    f"test_{name}.py"
    for name in (
        "bench",
        "index",
        "lab_experiment",
        "langsmith",
        "local_model",
        "nightly_kill",
        "odd_docs",
        "s3_source",
        "serving_ray",
    )
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Workers take files as a whole; all that may start Ray goes to one of them, for two starting Rays take ports
    from each other.
    """
    for item in items:
        on_ray = item.path.parent.name == "e2e" or item.path.name in _ON_RAY
        item.add_marker(pytest.mark.xdist_group("ray" if on_ray else str(item.path)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is the test's own folder, whatever `.env` says."""
    return Settings(_env_file=None, home=tmp_path)
