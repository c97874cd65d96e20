"""Settings say where things are kept, also after one of them was changed."""

from __future__ import annotations

from pathlib import Path

from core.settings import Settings


def test_a_changed_copy_moves_what_depends_on_the_change(settings: Settings, tmp_path: Path) -> None:
    before = (settings.database_location, settings.knowledge_location)
    moved = settings.model_copy(update={"database_url": "sqlite:///elsewhere.db", "home": tmp_path / "other"})
    assert moved.database_location == "sqlite:///elsewhere.db"
    assert moved.knowledge_location == str(tmp_path / "other" / "knowledge")
    assert (settings.database_location, settings.knowledge_location) == before
