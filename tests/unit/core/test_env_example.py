"""The settings as people read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.env_example import dotenv, table, with_table
from core.errors import ConfigurationError
from core.settings import Settings

ROOT = Path(__file__).parents[3]


def test_env_example_is_not_stale() -> None:
    assert (ROOT / ".env.example").read_text() == dotenv(), "run `python -m core env-example --write`"


def test_the_table_in_readme_is_not_stale() -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme == with_table(readme), "run `python -m core env-example --write`"


def test_every_setting_is_shown_with_its_key_default_and_meaning() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description in dotenv()
    assert "| `FRONTDESK_PORT` | `8000` | Port the server listens on. |" in table()
    assert "# FRONTDESK_ALLOW_ANONYMOUS=false\n" in dotenv()
    assert "# OPENAI_API_KEY=\n" in dotenv()


def test_the_example_whole_or_uncommented_changes_no_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in Settings(_env_file=None).model_fields_set:
        monkeypatch.delenv(str(Settings.model_fields[key].validation_alias or f"FRONTDESK_{key.upper()}"), False)
    copy = tmp_path / ".env"
    for text in (dotenv(), re.sub(r"^# (?=[A-Z_]+=)", "", dotenv(), flags=re.MULTILINE)):
        copy.write_text(text)
        assert Settings(_env_file=copy) == Settings(_env_file=None)
    assert "\nFRONTDESK_DEMO_PAGES=\n" in copy.read_text()


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("FRONTDESK_DEMO_PAGES", "FRONTDESK_KNOWLEDGE_URL", "FRONTDESK_PORT", "OPENAI_API_KEY"):
        monkeypatch.setenv(key, "")
    found = Settings(_env_file=None)
    assert (found.demo_pages, found.knowledge_url, found.port, found.openai_api_key) == (None, None, 8000, None)


def test_only_what_is_between_the_markers_changes() -> None:
    readme = "# Top\n<!-- settings -->\nold\n<!-- /settings -->\nbottom\n"
    renewed = with_table(readme)
    assert renewed == f"# Top\n<!-- settings -->\n{table()}<!-- /settings -->\nbottom\n"
    assert with_table(renewed) == renewed


@pytest.mark.parametrize("readme", ["", "<!-- settings -->", "<!-- /settings --> <!-- settings -->"])
def test_a_readme_without_a_place_for_the_table_is_refused(readme: str) -> None:
    with pytest.raises(ConfigurationError, match=r"README\.md has no place"):
        with_table(readme)
