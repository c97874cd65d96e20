"""The sample site in a home that several checkouts share, or that outlives one: its pages are there once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from shutil import rmtree

import pytest

from core.database import open_database
from core.settings import Settings
from evals.lab import Lab
from evals.lab.sample_site import SITE, sample
from pipelines.site import registering
from tests.fakes.site import PAGES, share_models


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    share_models(tmp_path / "home")
    return Settings(_env_file=None, home=tmp_path / "home")


def checkout(folder: Path) -> Path:
    """Pages where a checkout in that folder has those of the sample site."""
    pages = folder / "datasets" / "kestrel" / "pages"
    pages.mkdir(parents=True)
    for name, (title, text) in PAGES.items():
        (pages / name).write_text(f"# {title}\n\n{text}\n")
    return pages


def paths(settings: Settings) -> list[str]:
    return sorted(Lab(settings, SITE).files()["path"])


def test_a_second_checkout_does_not_index_every_page_twice(settings: Settings, tmp_path: Path) -> None:
    here, there = (checkout(tmp_path / name) for name in ("here", "there"))
    assert paths(sample(settings, here)) == sorted(PAGES)
    assert paths(sample(settings, there)) == sorted(PAGES)
    rmtree(here)
    assert paths(sample(settings, there)) == sorted(PAGES)


def test_a_checkout_that_was_moved_is_indexed_where_it_is(settings: Settings, tmp_path: Path) -> None:
    before = checkout(tmp_path / "before")
    sample(settings, before)
    (tmp_path / "before").rename(tmp_path / "after")
    assert paths(sample(settings, tmp_path / "after" / "datasets" / "kestrel" / "pages")) == sorted(PAGES)


def test_a_source_that_was_added_to_it_stays(settings: Settings, tmp_path: Path) -> None:
    here, there = (checkout(tmp_path / name) for name in ("here", "there"))
    more = tmp_path / "pages"
    more.mkdir()
    (more / "tea.md").write_text("# Tea\n\nWe sell no tea.\n")
    found = sample(settings, here)
    with closing(open_database(found.database_location)) as database, registering(database, SITE, str(more), None):
        pass
    assert paths(sample(settings, there)) == sorted([*PAGES, "tea.md"])
