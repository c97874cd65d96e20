"""Whole nights on a small real site: what is promoted, what is kept and why, and what people are told."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.conversations import Conversations
from core.errors import ConflictError
from core.grades import Finding, Grade, Measured, Verdict
from core.records import Build, BuildStatus, Change, Document
from core.settings import Settings
from core.tracking import Tracking
from pipelines.index import Grading, building, ungraded
from pipelines.lease import held
from pipelines.night import Night
from pipelines.nightly import nightly, report_files
from pipelines.site import registering
from pipelines.stage import Stores, models_of
from tests.fakes.commands import run, start
from tests.fakes.discord import FakeDiscord
from tests.fakes.records import answered, question
from tests.fakes.site import share_models

PAGES = {
    "hours.md": "# Hours\n\nThe workshop is open from nine to six on weekdays.\n",
    "returns.md": "# Returns\n\nUnopened items can be returned within 30 days.\n",
}
Spend = Callable[..., Night]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    share_models(tmp_path / "home")
    return Settings(_env_file=None, home=tmp_path / "home")


@pytest.fixture
def pages(tmp_path: Path, stores: Stores) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text)
    with registering(stores.database, "demo", str(folder), None):
        return folder


@pytest.fixture
def spend(settings: Settings, stores: Stores, pages: Path) -> Spend:
    """A night, with everything but grading real."""

    def spend(grade: Grading = ungraded, **changes: object) -> Night:
        those = settings.model_copy(update=changes)
        return nightly("demo", those, stores, models_of(those), lambda *_: None, grade=grade)

    return spend


def verdict(verdict: Verdict) -> Grading:
    """A gate that always says the same."""

    def grade(build: Build, live: Build | None, _: str | None) -> Grade:
        found = Finding("retrieval", verdict, "fused/hit@5 fell from .90 to .80")
        return Grade(build.id, verdict, (found,), (Measured("fused/hit@5", 0.8),), baseline=live.id if live else None)

    return grade


def edit(pages: Path) -> None:
    (pages / "hours.md").write_text(PAGES["hours.md"] + "\nClosed on Easter Monday.\n")
    (pages / "new.md").write_text("# Jobs\n\nWe look for a roaster.\n")
    (pages / "returns.md").unlink()


def report(night: Night, settings: Settings) -> str:
    return report_files(night, settings)["md"].read_text()


def test_the_first_night_is_promoted_and_told(spend: Spend, settings: Settings, stores: Stores) -> None:
    night = spend()
    assert (night.outcome, night.live) == ("promoted", stores.database.sites.get("demo").live_build)
    assert report(night, settings).startswith(f"# Promoted: site demo answers from build {night.build}.")
    assert "rollback" not in report(night, settings)  # there is nothing to go back to
    assert night.headline in report_files(night, settings)["html"].read_text()


def test_changed_pages_are_promoted_and_named_with_the_way_back(
    spend: Spend, settings: Settings, stores: Stores, pages: Path
) -> None:
    first = spend().build
    edit(pages)
    night = spend()
    assert stores.database.sites.get("demo").live_build == night.build != first
    told = report(night, settings)
    for line in ("- changed: hours.md", "- added: new.md", "- removed: returns.md", f"Roll back to build {first}:"):
        assert line in told
    assert stores.database.builds.get(night.build or "").promoted_by == "nightly"


def test_a_night_without_news_makes_no_build_and_says_so(spend: Spend, settings: Settings, stores: Stores) -> None:
    live = spend().build
    night = spend()
    assert (night.outcome, night.build, night.live) == ("unchanged", None, live)
    assert len(stores.database.builds.of("demo")) == 1
    assert report(night, settings).startswith(f"# Nothing changed: site demo answers from build {live} as before.")


@pytest.mark.parametrize(("said", "outcome"), [(Verdict.FAILED, "refused"), (Verdict.UNKNOWN, "unsure")])
def test_what_the_gate_does_not_let_through_is_kept_with_the_reason_and_the_command(
    spend: Spend, settings: Settings, stores: Stores, pages: Path, said: Verdict, outcome: str
) -> None:
    live = spend().build
    edit(pages)
    night = spend(verdict(said))
    assert (night.outcome, night.live) == (outcome, live)
    assert stores.database.sites.get("demo").live_build == live
    assert stores.database.builds.get(night.build or "").status is BuildStatus.STAGED
    told = report(night, settings)
    assert "fused/hit@5 fell from .90 to .80" in told
    assert f"    python -m pipelines promote {night.build} --site demo\n" in told


def test_a_gate_that_breaks_fails_the_night_and_live_stays(spend: Spend, stores: Stores, pages: Path) -> None:
    live = spend().build
    edit(pages)

    def broken(*_: object) -> Grade:
        raise ZeroDivisionError("secret")

    night = spend(broken)
    assert (night.outcome, night.live) == ("failed", live)
    assert night.failure and "ZeroDivisionError" in night.failure and "secret" not in night.failure


def test_a_source_that_is_gone_fails_the_night_with_the_reason_and_live_stays(
    spend: Spend, settings: Settings, pages: Path
) -> None:
    live = spend().build
    pages.rename(pages.with_name("elsewhere"))
    night = spend()
    assert (night.outcome, night.live) == ("failed", live)
    assert "does not exist" in report(night, settings)
    assert night.exported == 0  # the rest of the night was done


def test_no_secret_of_a_source_is_told(spend: Spend, settings: Settings, stores: Stores) -> None:
    stores.database.sources.ensure("demo", "ftp://me:s3cr3t@host/docs", None)
    night = spend()
    assert night.outcome == "failed"
    told = report(night, settings) + report_files(night, settings)["html"].read_text() + night.to_json({})
    assert "ftp://host/docs" in told and "s3cr3t" not in told


def test_a_live_build_that_was_never_graded_is_graded_on_a_night_without_news(
    spend: Spend, stores: Stores, settings: Settings
) -> None:
    live = spend().build or ""
    with sqlite3.connect(settings.database_location.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE builds SET verdict = NULL")
    night = spend(verdict(Verdict.FAILED))
    assert (night.outcome, night.live) == ("unchanged", live)
    assert stores.database.builds.get(live).verdict == "failed"
    assert "had never been graded" in report(night, settings)
    assert spend(verdict(Verdict.PASSED)).grade is None  # once is enough


def test_other_golden_questions_than_the_live_build_was_graded_by_are_noted(spend: Spend, settings: Settings) -> None:
    spend()
    golden = settings.site_folder("demo") / "golden.jsonl"
    golden.parent.mkdir(parents=True, exist_ok=True)
    golden.write_text("{}\n")
    assert "other golden questions" in report(spend(), settings)


def test_a_change_that_was_logged_and_never_made_is_made(spend: Spend, stores: Stores) -> None:
    live = spend().build or ""
    menu = Document("up1", "uploads", "menu.md", "Menu", "/menu", "# Menu\n\nLentil soup.", "ab")
    stores.database.changes.append("demo", Change(menu.id, menu))  # and here the process died
    spend()
    assert "up1" in stores.knowledge.open(stores.database.builds.get(live).table).documents()


def test_conversations_are_exported(spend: Spend, stores: Stores, settings: Settings) -> None:
    spend()
    turn = stores.database.turns.open(question("one?"))
    stores.database.turns.close(answered(turn))
    assert spend().exported == 1
    assert Conversations(settings.conversations_location).relation().project("turn_id").fetchall() == [(turn.id,)]


def test_an_export_that_fails_is_told_and_undoes_nothing(
    spend: Spend, stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    spend()
    stores.database.turns.close(answered(stores.database.turns.open(question("one?"))))
    (tmp_path / "full").write_text("a file where a folder would have to be")
    night = spend(conversations_url=str(tmp_path / "full" / "turns"))
    assert (night.outcome, night.exported) == ("unchanged", None)
    assert "export" in night.warnings[0] and "Not a directory" in night.warnings[0]
    assert "export" in report(night, settings)


def test_discord_is_told(spend: Spend) -> None:
    with FakeDiscord() as discord:
        night = spend(discord_webhook=SecretStr(discord.url))
    [message] = discord.messages
    assert night.headline in message["embeds"][0]["description"].replace("\\", "")
    assert night.warnings == ()


def test_discord_away_is_a_warning_in_the_report(spend: Spend, settings: Settings) -> None:
    with FakeDiscord([404]) as discord:
        night = spend(discord_webhook=SecretStr(discord.url))
    assert night.outcome == "promoted"
    assert "Discord was not told: Discord answered 404" in report(night, settings)
    assert discord.token not in report(night, settings)


def test_a_report_that_cannot_be_written_undoes_nothing(
    spend: Spend, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    (settings.home / "reports").write_text("a file where a folder would have to be")
    night = spend()
    assert night.outcome == "promoted"
    assert "report" in night.warnings[0]


def test_mlflow_holds_the_night_with_the_build_beneath(
    spend: Spend, stores: Stores, settings: Settings, pages: Path
) -> None:
    from mlflow import MlflowClient

    night = spend()
    (pages / "hours.md").unlink()
    (pages / "returns.md").unlink()
    failed = spend()
    client = MlflowClient(stores.tracking.uri)
    assert night.run and failed.run
    told = client.get_run(night.run)
    assert (told.data.tags["outcome"], told.data.tags["build"]) == ("promoted", night.build)
    assert told.data.metrics["documents/added"] == 2
    assert {"report.html", "report.md"} <= {file.path for file in client.list_artifacts(night.run)}
    experiment = client.get_experiment_by_name("demo")
    assert experiment
    beneath = client.search_runs([experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{night.run}'")
    assert [run.info.run_name for run in beneath] == ["build"]
    assert client.get_run(failed.run).info.status == "FAILED"


def test_mlflow_away_is_a_warning_in_the_report(
    settings: Settings, stores: Stores, pages: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = replace(stores, tracking=Tracking("http://127.0.0.1:9"))
    night = nightly("demo", settings, away, models_of(settings), lambda *_: None, grade=ungraded)
    assert (night.outcome, night.run) == ("promoted", None)
    assert "MLflow failed" in report(night, settings)
    assert all("\n" not in record.message for record in caplog.records if record.name == "core.tracking")


def test_while_another_indexes_nothing_is_done(spend: Spend, stores: Stores) -> None:
    with held(stores.database, building("demo")), pytest.raises(ConflictError, match=r"process .* since"):
        spend()
    assert stores.database.builds.of("demo") == []


class TestCommand:
    """As a scheduler runs it."""

    def test_of_two_at_once_one_refuses_politely(self, settings: Settings, stores: Stores, pages: Path) -> None:
        with held(stores.database, building("demo")):
            refused = run(settings.home, "pipelines", "nightly", "--site", "demo")
        assert refused.returncode == 75
        assert refused.stderr.startswith("Indexing of site demo is under way already: process ")
        assert len(refused.stderr.splitlines()) == 1
        two = [start(settings.home, "pipelines", "nightly", "--site", "demo", "--json") for _ in range(2)]
        outputs = [process.communicate(timeout=240) for process in two]
        codes = sorted(process.returncode for process in two)
        assert codes in ([0, 75], [0, 0]), outputs  # the second may have come when the first was done
        made = [json.loads(output)["meta"] for output, _ in outputs if output]
        assert [each["outcome"] for each in made].count("promoted") == 1

    def test_a_site_that_does_not_exist_is_a_usage_error(self, settings: Settings, stores: Stores) -> None:
        assert run(settings.home, "pipelines", "nightly", "--site", "nobody").returncode == 2

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
    def test_it_can_be_stopped(
        self, spend: Spend, settings: Settings, stores: Stores, pages: Path, number: int, code: int
    ) -> None:
        live = spend().build
        edit(pages)
        process = start(settings.home, "pipelines", "nightly", "--site", "demo")
        _until_growing(stores, process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == code, errors
        assert f"Stopped. Site demo answers from build {live}." in errors
        assert {build.status for build in stores.database.builds.of("demo")} == {
            BuildStatus.PROMOTED,
            BuildStatus.FAILED,
        }
        assert stores.knowledge.tables() == [stores.database.builds.get(live or "").table]
        with held(stores.database, building("demo")):  # at once
            pass


def _until_growing(stores: Stores, process: subprocess.Popen[str]) -> None:
    tick = threading.Event()
    while len(stores.knowledge.tables()) < 2:
        assert process.poll() is None, process.communicate()
        tick.wait(0.01)
