"""Settings that cannot be used are refused with the key that was set; a changed one moves what depends on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import Settings, load_settings


@pytest.mark.parametrize("overlap", [64, 65])
def test_an_overlap_as_long_as_a_chunk_is_refused(overlap: int) -> None:
    with pytest.raises(ConfigurationError, match="FRONTDESK_CHUNK_OVERLAP: must be less than FRONTDESK_CHUNK_TOKENS"):
        load_settings(_env_file=None, chunk_tokens=64, chunk_overlap=overlap)
    assert load_settings(_env_file=None, chunk_tokens=64, chunk_overlap=63).chunk_overlap == 63


def test_a_changed_copy_moves_what_depends_on_the_change(settings: Settings, tmp_path: Path) -> None:
    before = (settings.database_location, settings.knowledge_location)
    moved = settings.model_copy(update={"database_url": "sqlite:///elsewhere.db", "home": tmp_path / "other"})
    assert moved.database_location == "sqlite:///elsewhere.db"
    assert moved.knowledge_location == str(tmp_path / "other" / "knowledge")
    assert (settings.database_location, settings.knowledge_location) == before
