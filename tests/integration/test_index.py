"""`python -m pipelines index` as it is typed: Ray, the sandbox, the model, the stores, the pointer."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from mlflow import MlflowClient

from core.database import Database, open_database
from core.embedder import load_encoder
from core.knowledge import Knowledge, Query
from core.records import BuildStatus
from core.settings import Settings
from tests.fakes.commands import run, start
from tests.fakes.site import share_models

KESTREL = Path("datasets/kestrel")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    share_models(home)
    return Settings(_env_file=None, home=home)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One page of each kind, a PDF that is none, a picture, and so many notes that it takes Ray to read them all."""
    folder = tmp_path_factory.mktemp("pages")
    for number in range(120):
        (folder / f"note{number}.txt").write_text(f"Note number {number} is about nothing that a visitor would ask.\n")
    (folder / "about.md").write_text("# About us\n\nThe workshop was founded in Whitby in 2011.\n")
    (folder / "hours.html").write_text(
        "<html><head><title>Hours</title></head><body><nav><a href=/>Home</a></nav><main><h1>Hours</h1>"
        "<p>Open from nine to six on weekdays.</p></main><footer>© 2026 Nobody</footer></body></html>"
    )
    (folder / "prices.csv").write_text("product,price\nMerlin,£349\nHobby,£129\n")
    (folder / "notes.txt").write_text("Parcels leave the workshop within two working days.\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else")
    (folder / "logo.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture(scope="module")
def told(settings: Settings, pages: Path) -> dict[str, Any]:
    """What the command said in JSON."""
    files: list[str | Path] = ["--policy", KESTREL / "policy.md", "--golden", KESTREL / "golden.jsonl"]
    done = run(settings.home, "pipelines", "index", pages, "--site", "shop", *files, "--base-url", "/x", "--json")
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture
def database(settings: Settings, told: dict[str, Any]) -> Iterator[Database]:
    database = open_database(settings.database_location)
    yield database
    database.close()


def test_it_says_what_it_did_with_every_file(told: dict[str, Any]) -> None:
    counts = {name: told["figures"][f"documents/{name}"] for name in ("added", "ignored", "failed")}
    assert counts == {"added": 124, "ignored": 1, "failed": 1}
    reasons = {refused["path"]: refused["reason"] for refused in told["meta"]["refused"]}
    assert reasons["broken.pdf"].startswith("is malformed")
    assert reasons["logo.png"].startswith("is not a document (.png); these are read: Markdown")
    assert told["figures"]["chunks/embedded"] >= 124


def test_the_build_is_live_and_finds_what_the_pages_say(
    settings: Settings, database: Database, told: dict[str, Any]
) -> None:
    assert database.sites.get("shop").live_build == told["meta"]["build"]
    build = database.builds.get(told["meta"]["build"])
    assert build.status is BuildStatus.PROMOTED
    table = Knowledge(settings.knowledge_location).open(build.table)
    table.verify(int(told["figures"]["chunks/embedded"]))
    question = "When is the shop open?"
    [vector] = load_encoder(build.embedding_model, settings).encode([question], "query")
    [best] = table.search(Query(question, vector, k=1))
    assert (best.chunk.path, best.chunk.title, best.chunk.url) == ("hours.html", "Hours", "/x/hours.html")
    assert best.chunk.text == "Open from nine to six on weekdays."  # neither navigation nor footer


def test_the_run_is_in_mlflow_with_its_refusals(settings: Settings, told: dict[str, Any]) -> None:
    client = MlflowClient(settings.tracking_location)
    experiment = client.get_experiment_by_name("shop")
    assert experiment is not None
    named = f"tags.build = '{told['meta']['build']}' and attributes.run_name = 'build'"
    [found] = client.search_runs([experiment.experiment_id], named)
    assert found.info.status == "FINISHED"
    assert found.data.tags["build"] == told["meta"]["build"]
    assert found.data.metrics["documents/added"] == 124
    assert found.data.params["chunk_tokens"] == str(settings.chunk_tokens)
    assert "refused.json" in [file.path for file in client.list_artifacts(found.info.run_id)]


def test_the_site_has_its_files(settings: Settings, told: dict[str, Any]) -> None:
    for name in ("policy.md", "golden.jsonl"):
        assert (settings.site_folder("shop") / name).read_text() == (KESTREL / name).read_text()


def test_status_shows_which_build_is_live(settings: Settings, told: dict[str, Any]) -> None:
    said = run(settings.home, "pipelines", "status", "--site", "shop").stdout
    assert [line for line in said.splitlines() if told["meta"]["build"] in line and "live" in line]


def test_what_did_not_change_is_not_read_again(settings: Settings, told: dict[str, Any], pages: Path) -> None:
    done = run(settings.home, "pipelines", "index", pages, "--site", "shop")
    assert f"Nothing changed: site shop answers from build {told['meta']['build']}" in done.stdout
    assert "broken.pdf: is malformed" in done.stdout


def test_a_rollback_and_a_difference_as_they_are_typed(settings: Settings, told: dict[str, Any], pages: Path) -> None:
    first = told["meta"]["build"]
    (pages / "jobs.md").write_text("# Jobs\n\nWe look for a roaster.\n")
    second = json.loads(run(settings.home, "pipelines", "index", pages, "--site", "shop", "--json").stdout)
    assert second["figures"]["chunks/embedded"] == 1
    shown = run(settings.home, "pipelines", "diff", first[-6:], "live", "--site", "shop").stdout
    assert [line for line in shown.splitlines() if "jobs.md" in line and "added" in line]
    back = run(settings.home, "pipelines", "rollback", "--site", "shop")
    assert back.stdout.strip() == f"Site shop answers from build {first}."
    again = run(settings.home, "pipelines", "rollback", "--site", "shop")
    assert again.returncode == 2 and "no build to roll back to" in again.stderr
    forward = run(settings.home, "pipelines", "promote", second["meta"]["build"], "--site", "shop")
    assert forward.returncode == 0, forward.stderr
    assert "promote by" in run(settings.home, "pipelines", "status", "--site", "shop").stdout


def test_a_run_without_one_readable_document_changes_nothing(
    settings: Settings, database: Database, told: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "only.pdf").write_bytes(b"%PDF-1.7\nnothing else")
    before = Knowledge(settings.knowledge_location).tables()
    done = run(settings.home, "pipelines", "index", tmp_path, "--site", "other")
    assert done.returncode == 2
    assert "No document of" in done.stderr and "only.pdf is malformed" in done.stderr
    assert "Traceback" not in done.stderr
    assert database.sites.get("other").live_build is None
    assert database.sources.of("other") == []  # or it would stand in the way of the next
    assert database.builds.of("other")[0].status is BuildStatus.FAILED
    assert Knowledge(settings.knowledge_location).tables() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_a_run_that_is_stopped_leaves_the_live_build_as_it_was(
    settings: Settings, database: Database, told: dict[str, Any], tmp_path: Path, number: signal.Signals
) -> None:
    for page in range(3000):
        (tmp_path / f"{page}.md").write_text(f"# Page {page}\n\n" + f"Sentence {page} of many. " * 200)
    live, builds = database.sites.get("shop").live_build, len(database.builds.of("shop"))
    process = start(settings.home, "pipelines", "index", tmp_path, "--site", "shop")
    _wait_for_table(settings, database, "shop", builds)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    if number is signal.SIGINT:
        assert process.returncode == 130
        assert f"Stopped. Site shop answers from build {live}." in errors
        assert database.builds.of("shop")[0].table not in Knowledge(settings.knowledge_location).tables()
        assert not psutil.wait_procs(family, timeout=30)[1], "it left processes behind"
    assert database.sites.get("shop").live_build == live


def _wait_for_table(settings: Settings, database: Database, site: str, builds: int) -> None:
    """Until the new build has rows: reading and embedding are under way."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        made = database.builds.of(site)
        if len(made) > builds and made[0].table in Knowledge(settings.knowledge_location).tables():
            return
        time.sleep(0.2)
    raise AssertionError("the build never grew")
