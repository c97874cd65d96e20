"""Evaluations by hand in MLflow: found in the site's experiment, and told apart there."""

from __future__ import annotations

import json
from pathlib import Path

from core.settings import Settings
from evals.report import Report
from evals.results import Result, Results, save
from evals.tracked import record


def test_two_evaluations_are_told_apart_by_their_names_and_what_they_were_made_with(settings: Settings) -> None:
    from mlflow import MlflowClient

    for build, tokens in (("20260102-030405-aaaaaa", 128), ("20260102-030405-bbbbbb", 64)):
        meta = {"site": "demo", "build": build, "chunk_tokens": tokens, "task": "t", "question_fingerprint": "f"}
        rows = (Result("1", "When?", "a.md", {"fused/hit@5": 1.0}),)
        name = save(Results("retrieval", ("fused/hit@5",), rows, meta, {"fused/hit@5": 1.0}), settings)
        record(Report({}, {}).with_meta(**meta, results=name), settings)
    client = MlflowClient(settings.tracking_location)
    [experiment] = client.search_experiments(filter_string="name = 'demo'")
    runs = {run.info.run_name: run.data for run in client.search_runs([experiment.experiment_id])}
    assert {name: run.params["chunk_tokens"] for name, run in runs.items()} == {
        "retrieval aaaaaa": "128",
        "retrieval bbbbbb": "64",
    }
    assert runs["retrieval aaaaaa"].metrics == {"fused/hit_at_5": 1.0}


def test_the_table_of_answers_shows_what_was_hoped_for_beside_what_was_said(settings: Settings) -> None:
    from mlflow import MlflowClient

    meta = {"site": "demo", "build": "b", "task": "t", "question_fingerprint": "f"}
    said, unsaid = (
        Result(name, "When?", "At nine.", {}, {"gold": gold}) for name, gold in (("1", ["9", "nine"]), ("2", []))
    )
    name = save(Results("answers", (), (said, unsaid), meta), settings)
    record(Report({}, {}).with_meta(**meta, results=name), settings)
    client = MlflowClient(settings.tracking_location)
    [experiment] = client.search_experiments(filter_string="name = 'demo'")
    [run] = client.search_runs([experiment.experiment_id])
    table = json.loads(Path(client.download_artifacts(run.info.run_id, "questions.json")).read_text())
    assert table["columns"] == ["id", "question", "given", "gold"]
    assert [row[-1] for row in table["data"]] == ["9 / nine", ""]
