"""Tracking against a real MLflow store, and against none."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.tracking import Tracking

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    return Tracking(f"sqlite:///{tmp_path_factory.mktemp('tracking')}/new/mlflow.db")


def test_a_run_keeps_what_it_was_made_with_and_how_it_came_out(
    tracking: Tracking, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    monkeypatch.chdir(tmp_path)
    with tracking.run("demo/builds", "b1") as run, tracking.run("demo/builds", "b1 grade", run.id) as child:
        run.log_params({"chunk_tokens": 200})
        run.log_metrics({"fused/nDCG@10": 0.7})
        run.log_text("three added", "report.md")
        run.log_table({"path": ["a", "b"], "reason": ["x", "y"]}, "failures.json")
        run.set_tag("site", "demo")
    assert run.id is not None
    assert child.id is not None
    client = MlflowClient(tracking.uri)
    stored = client.get_run(run.id)
    assert (stored.info.run_name, stored.info.status) == ("b1", "FINISHED")
    assert stored.data.params == {"chunk_tokens": "200"}
    assert stored.data.metrics == {"fused/nDCG_at_10": 0.7}
    assert stored.data.tags["site"] == "demo"
    assert sorted(file.path for file in client.list_artifacts(run.id)) == ["failures.json", "report.md"]
    assert client.get_run(child.id).data.tags["mlflow.parentRunId"] == run.id
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())  # artefacts lie beside the SQLite file, not wherever one stands


def test_a_run_whose_work_fails_is_marked_and_the_error_goes_on(tracking: Tracking) -> None:
    from mlflow import MlflowClient

    with pytest.raises(ZeroDivisionError), tracking.run("demo/builds", "b2") as run:
        _ = 1 / 0
    assert run.id is not None
    assert MlflowClient(tracking.uri).get_run(run.id).info.status == "FAILED"


def test_a_call_that_the_tracker_refuses_warns_once_and_the_work_goes_on(
    tracking: Tracking, caplog: pytest.LogCaptureFixture
) -> None:
    with tracking.run("demo/builds", "b3") as run:
        run.log_metrics({"no such name!": 1.0})
        run.log_params({"after": 1})
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "not tracked any further" in record.message


def test_a_server_that_is_away_costs_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    done = False
    with Tracking("http://127.0.0.1:9").run("demo/builds", "b4") as run:
        run.log_params({"a": 1})
        done = True
    assert done
    assert run.id is None
    assert [record.levelname for record in caplog.records if record.name == "core.tracking"] == ["WARNING"]


@pytest.mark.parametrize("uri", ["", "mlruns", "ftp://host", "postgresql://me:secret@host/x"])
def test_a_url_that_no_tracker_has_is_refused(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="FRONTDESK_TRACKING_URL") as caught:
        Tracking(uri)
    assert "secret" not in caught.value.message


def test_mlflow_is_imported_only_by_a_run() -> None:
    script = "import sys, core.tracking; core.tracking.Tracking('http://x'); sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0
