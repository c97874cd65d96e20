"""A nightly's grading of a real site: the agent asked, a judge at the other end of a socket, and the runs in MLflow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from core.database import migrate, open_database
from core.grades import Grade, Verdict
from core.knowledge import Knowledge
from core.settings import Settings
from core.tracking import Tracking
from evals.comparison import compare
from evals.grade import full
from evals.results import load
from pipelines.index import index
from pipelines.report import Renewal
from pipelines.site import registering
from pipelines.stage import Stores, models_of
from tests.fakes.judge_model import JudgeModel, by_schema, judge_model
from tests.fakes.site import PAGES, share_models

GOLDEN: list[dict[str, Any]] = [
    {"_id": "hours", "question": "When do you open on Saturdays?", "answers": ["at ten"], "evidence": ["hours.md"]},
    {"_id": "lime", "question": "What does the warranty not cover?", "answers": ["limescale"]},
    {"_id": "cup", "question": "Who won the cup in 1954?", "answers": [], "answerable": False},
]


@dataclass(frozen=True)
class Shop:
    """A small site that is graded as a nightly grades it."""

    settings: Settings
    stores: Stores
    pages: Path

    @property
    def live(self) -> str | None:
        return self.stores.database.sites.get("demo").live_build

    def write(self, **texts: str) -> None:
        """The pages, with other texts for some."""
        for name, (title, text) in PAGES.items():
            (self.pages / name).write_text(f"# {title}\n\n{texts.get(name.removesuffix('.md'), text)}\n")

    def index(self) -> Renewal:
        grade = full("demo", self.settings, self.stores)
        models = models_of(self.settings)
        return index("demo", self.settings, self.stores, models, lambda *_: None, grade=grade, force=True)

    def runs(self, renewal: Renewal) -> dict[str, Run]:
        """The runs of this build's night, by name."""
        client = MlflowClient(self.stores.tracking.uri)
        experiment = client.get_experiment_by_name("demo")
        assert experiment
        runs = client.search_runs([experiment.experiment_id])
        parent = next(run for run in runs if run.info.run_name == renewal.report.build.id)
        below = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
        return {str(run.info.run_name): run for run in below}


@pytest.fixture(scope="module")
def judge() -> Iterator[JudgeModel]:
    with judge_model() as judge:
        yield judge


@pytest.fixture(scope="module")
def _shop(tmp_path_factory: pytest.TempPathFactory, judge: JudgeModel) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("shop")
    share_models(root / "home")
    settings = judge.settings(Settings(_env_file=None, home=root / "home"))
    migrate(settings.database_location)
    database = open_database(settings.database_location)
    knowledge, tracking = Knowledge(settings.knowledge_location), Tracking(settings.tracking_location)
    shop = Shop(settings, Stores(database, knowledge, tracking), root / "pages")
    shop.pages.mkdir()
    shop.write()
    settings.site_folder("demo").mkdir(parents=True)
    (settings.site_folder("demo") / "golden.jsonl").write_text("\n".join(map(json.dumps, GOLDEN)))
    with registering(database, "demo", str(shop.pages), None):
        assert shop.index().is_live
    yield shop
    database.close()


@pytest.fixture
def shop(_shop: Shop, judge: JudgeModel) -> Shop:
    """The site with a good build live, and a judge that judges."""
    judge.script = by_schema
    _shop.write()
    return _shop


def graded(renewal: Renewal) -> Grade:
    assert renewal.grade
    return renewal.grade


def said(renewal: Renewal, verdict: Verdict) -> dict[str, str]:
    return {finding.rule: finding.said for finding in graded(renewal).findings if finding.verdict is verdict}


def test_an_identical_build_passes_and_its_runs_tell_the_night(shop: Shop) -> None:
    live = shop.live
    renewal = shop.index()
    assert renewal.is_live and graded(renewal).baseline == live
    assert not said(renewal, Verdict.FAILED) and not said(renewal, Verdict.UNKNOWN)
    assert {"judge.faithfulness", "answers.fall.groundedness"} <= said(renewal, Verdict.PASSED).keys()
    names = graded(renewal).results
    before, after = (load(names[kind], shop.settings) for kind in ("answers/live", "answers"))
    assert compare(before, after).flips == ()

    runs = shop.runs(renewal)
    assert set(runs) == {"build", "retrieval", "answers", "gate"}  # the live build was measured the night before
    assert {run.data.tags["build"] for run in runs.values()} == {renewal.report.build.id}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert runs["gate"].data.tags["verdict"] == "passed"
    assert [runs["gate"].data.metrics[f"fused/nDCG_at_10/{what}"] for what in ("difference", "low", "high")] == [0] * 3
    assert runs["gate"].data.tags["baseline"] == live
    artefacts = MlflowClient(shop.stores.tracking.uri).list_artifacts(runs["gate"].info.run_id)
    assert {"findings.json", "rules.json"} <= {each.path for each in artefacts}
    assert runs["answers"].data.params["judge"] == "openai:judge"
    assert runs["retrieval"].data.params["chunk_tokens"] == "128"
    read = runs["retrieval"].inputs
    digests = {each.dataset.name: each.dataset.digest for each in read.dataset_inputs} if read else {}
    assert digests["demo/golden.jsonl"] == runs["answers"].data.params["question_fingerprint"]
    table = MlflowClient(shop.stores.tracking.uri).download_artifacts(runs["answers"].info.run_id, "questions.json")
    assert "When do you open on Saturdays?" in Path(table).read_text()


def test_a_judge_that_times_out_keeps_the_build_from_going_live(shop: Shop, judge: JudgeModel) -> None:
    live = shop.live
    judge.script = lambda _, answer: 2.0 if "noncommittal" in answer else answer
    shop.write(hours="On Saturdays we open at ten. Our clock is right.")  # or the verdicts would be known
    hurried = replace(shop, settings=shop.settings.model_copy(update={"model_seconds": 0.5}))
    renewal = hurried.index()
    assert not renewal.is_live and shop.live == live
    blocked = said(renewal, Verdict.FAILED)
    assert set(blocked) == {"judge.failed"}
    assert "timed out or gave no number, such as hours, answer_relevancy" in blocked["judge.failed"]


def test_a_verdict_that_is_no_number_keeps_the_build_from_going_live(shop: Shop, judge: JudgeModel) -> None:
    live = shop.live
    judge.script = lambda _, answer: {"statements": []} if "statements" in answer and len(answer) == 1 else answer
    shop.write(warranty="The warranty does not cover limescale. Nor does it cover rust.")
    renewal = shop.index()
    assert not renewal.is_live and shop.live == live
    assert "the verdict is no number" in said(renewal, Verdict.FAILED)["judge.failed"]


def test_worse_answers_keep_the_build_from_going_live(shop: Shop) -> None:
    live = shop.live
    shop.write(warranty="The warranty does not cover what the water leaves behind.")
    renewal = shop.index()
    assert not renewal.is_live and shop.live == live
    assert said(renewal, Verdict.FAILED)["answers.fall.contains_gold"] == (
        "0.500 instead of 1.000, 50.0% lower, 1 of 2 questions worse and 0 better. At most 5% lower is allowed."
    )
    assert graded(renewal).usage.output_tokens > 0  # the judge's
    assert [(flip.id, flip.what) for flip in graded(renewal).flips] == [("lime", "contains_gold 1 → 0")]


def test_a_tracker_that_is_away_costs_the_record_and_not_the_grade(shop: Shop) -> None:
    away = replace(shop, stores=replace(shop.stores, tracking=Tracking("http://127.0.0.1:9")))
    assert away.index().is_live
