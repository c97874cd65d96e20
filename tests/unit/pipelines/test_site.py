"""Registering a site with a source, and the files of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.database import Database
from core.errors import InvalidInputError, NotFoundError
from core.settings import Settings
from pipelines.site import SiteFiles, forget, furnish, read_files, registering


def register(database: Database, site: str, source: str, base_url: str | None) -> None:
    with registering(database, site, source, base_url):
        pass


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "a.md").write_text("Open.")
    return folder


def test_a_source_is_registered_once_whatever_folder_it_is_named_from(
    database: Database, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(database, "demo", str(pages), None)
    monkeypatch.chdir(pages.parent)
    register(database, "demo", "pages/", "https://x/")
    [source] = database.sources.of("demo")
    assert (source.uri, source.base_url) == (str(pages), "https://x/")


def test_a_website_is_registered_once_however_its_address_is_written(database: Database) -> None:
    register(database, "demo", "HTTPS://Example.com:443#top", None)
    register(database, "demo", "https://example.com/?utm_source=x", None)
    assert [source.uri for source in database.sources.of("demo")] == ["https://example.com/"]
    forget(database, "demo", "https://example.com")
    assert database.sources.of("demo") == []


def test_a_website_with_a_password_in_its_address_is_not_stored(database: Database) -> None:
    with pytest.raises(InvalidInputError, match=r"https://example\.com/ is no address that can be used") as raised:
        register(database, "demo", "https://me:SECRET@example.com/", None)
    assert "SECRET" not in raised.value.message


@pytest.mark.parametrize("name", ["", "Demo", "a/b", "../x", "-a", "x" * 64])
def test_a_name_that_is_none_is_refused(database: Database, pages: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="is no name for a site"):
        register(database, name, str(pages), None)


def test_a_source_that_is_not_there_registers_nothing(database: Database, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        register(database, "demo", str(tmp_path / "gone"), None)
    with pytest.raises(NotFoundError):
        database.sites.get("demo")


def test_a_new_source_whose_first_run_fails_is_taken_back_and_an_old_one_stays(
    database: Database, pages: Path, tmp_path: Path
) -> None:
    register(database, "demo", str(pages), None)
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.md").write_text("Closed.")
    for place in (pages, other):
        with pytest.raises(KeyboardInterrupt), registering(database, "demo", str(place), None):
            raise KeyboardInterrupt
    assert [source.uri for source in database.sources.of("demo")] == [str(pages)]


def test_an_empty_source_is_not_the_working_directory(database: Database) -> None:
    with pytest.raises(InvalidInputError, match="SOURCE is empty"):
        register(database, "demo", "", None)


def test_a_source_can_be_forgotten(database: Database, pages: Path) -> None:
    register(database, "demo", str(pages), None)
    with pytest.raises(NotFoundError, match=f"it has {pages}"):
        forget(database, "demo", "/elsewhere")
    forget(database, "demo", str(pages))
    assert database.sources.of("demo") == []


def test_a_site_gets_a_policy_to_start_from_and_keeps_the_one_it_has(settings: Settings, tmp_path: Path) -> None:
    furnish(settings, "demo", SiteFiles(None, None))
    policy = settings.site_folder("demo") / "policy.md"
    assert policy.read_text().startswith("# What the assistant on this site is for")
    policy.write_text("Ours.")
    furnish(settings, "demo", SiteFiles(None, None))
    assert policy.read_text() == "Ours."


def test_given_files_replace_what_was_there(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "new.md").write_text("New.")
    (tmp_path / "golden.jsonl").write_text("{}")
    furnish(settings, "demo", SiteFiles(None, None))
    furnish(settings, "demo", read_files(tmp_path / "new.md", tmp_path / "golden.jsonl"))
    assert (settings.site_folder("demo") / "policy.md").read_text() == "New."
    assert (settings.site_folder("demo") / "golden.jsonl").read_text() == "{}"


def test_a_policy_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "policy.md").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInputError, match=r"policy\.md cannot be read as text"):
        read_files(tmp_path / "policy.md", None)
