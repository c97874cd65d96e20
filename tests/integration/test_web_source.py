"""A website as a source, from the command line to the answer: what changes there is what changes here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.database import open_database
from core.embedder import load_encoder
from core.knowledge import Knowledge, Query
from core.settings import Settings
from tests.fakes.commands import run
from tests.fakes.pdf_pages import Words, pdf
from tests.fakes.site import share_models
from tests.fakes.website import Website

HOURS = "The shop is open from nine to six on weekdays."


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    share_models(tmp_path / "home")
    monkeypatch.setenv("FRONTDESK_CRAWL_PRIVATE", "true")
    return tmp_path / "home"


@pytest.fixture
def shop(website: Website) -> Website:
    website.page("/", "Welcome to the workshop.", links=("/hours?utm_source=home", "/returns", "/manual", "/missing"))
    website.page("/hours", HOURS)
    website.page("/returns", "An unopened bag can be returned within thirty days of delivery.")
    website.answer(
        "/manual", pdf([[Words(50, 700, "Fill the tank with soft water before the first use.")]]), "application/pdf"
    )
    return website


def index(home: Path, website: Website) -> dict[str, Any]:
    done = run(home, "pipelines", "index", f"{website.url}/", "--site", "shop", "--json")
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def found(home: Path, question: str) -> dict[str, str]:
    """The texts that the live build finds, by the address they are cited with."""
    settings = Settings(_env_file=None, home=home)
    database = open_database(settings.database_location)
    live = database.sites.get("shop").live_build
    assert live is not None
    build = database.builds.get(live)
    database.close()
    [vector] = load_encoder(build.embedding_model, settings).encode([question], "query")
    passages = Knowledge(settings.knowledge_location).open(build.table).search(Query(question, vector, k=10))
    return {passage.chunk.url: passage.chunk.text for passage in passages}


def test_what_changes_on_a_website_changes_in_the_answers_and_nothing_else(home: Path, shop: Website) -> None:
    first = index(home, shop)
    assert first["figures"]["documents/added"] == 4
    assert {remark["reason"] for remark in first["meta"]["remarks"]} == {"answered 404"}
    texts = found(home, "When is the shop open?")
    assert texts[f"{shop.url}/hours"] == HOURS
    assert "soft water" in texts[f"{shop.url}/manual"]

    again = index(home, shop)
    assert not again["meta"]["is_new"]

    shop.page("/hours", "The shop is open from ten to four on weekdays.")
    shop.answer("/returns", "", status=503)  # a bad day is no deletion
    edited = index(home, shop)
    counts = {name: edited["figures"][f"documents/{name}"] for name in ("changed", "deleted", "failed", "unchanged")}
    assert counts == {"changed": 1, "deleted": 0, "failed": 0, "unchanged": 3}
    assert edited["figures"]["chunks/embedded"] == 1
    assert "ten to four" in found(home, "When is the shop open?")[f"{shop.url}/hours"]

    del shop.replies["/returns"]
    gone = index(home, shop)
    assert gone["figures"]["documents/deleted"] == 1
    assert gone["figures"]["chunks/embedded"] == 0
    assert f"{shop.url}/returns" not in found(home, "Can I return an unopened bag?")


def test_a_new_website_that_cannot_be_had_registers_nothing(home: Path, shop: Website) -> None:
    shop.answer("/", "", status=403)
    refused = run(home, "pipelines", "index", f"{shop.url}/", "--site", "shop")
    assert refused.returncode == 2
    assert f"{shop.url}/ cannot be indexed: it answered 403. Nothing was changed." in refused.stderr
    assert run(home, "pipelines", "sources", "--site", "shop").stdout == ""
    shop.page("/", "Welcome to the workshop.")
    index(home, shop)
    assert run(home, "pipelines", "sources", "--site", "shop").stdout == f"{shop.url}/\n"
