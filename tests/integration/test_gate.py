"""Every fault that the gate promises to stop, put into a real build of a real site on its way to go live."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import pytest

from core.database import migrate, open_database
from core.grades import Finding, Grade, Verdict
from core.knowledge import BuildTable, Knowledge
from core.records import Build
from core.settings import Settings
from core.tracking import Tracking
from evals import retrieval
from evals.grade import light
from evals.measures import per_question
from evals.subject import Subject
from pipelines.index import Grading, index
from pipelines.pointer import promote
from pipelines.report import Renewal
from pipelines.site import registering
from pipelines.stage import Stores, changes_of, models_of
from tests.fakes.site import share_models

THINGS = """kettle toaster anvil bicycle umbrella saxophone telescope hammock lantern compass typewriter canoe violin
wheelbarrow microscope trampoline accordion chandelier snowboard hourglass periscope harmonica parachute thermometer
backpack sundial tambourine binoculars cauldron scarecrow gramophone weathervane surfboard metronome abacus corkscrew
stethoscope pendulum harpoon xylophone""".split()  # noqa: SIM905  a list of forty words is easier to read like this
GOLDEN: list[dict[str, Any]] = [
    {"_id": thing, "question": f"Who repairs a broken {thing}?", "evidence": [f"p{n:02}.md"], "answers": ["workshop"]}
    for n, thing in enumerate(THINGS)
]

Fault = Callable[[BuildTable], None]


@dataclass
class Shop:
    """A site of forty pages, of which each answers one golden question."""

    settings: Settings
    stores: Stores
    pages: Path

    @property
    def folder(self) -> Path:
        return self.settings.site_folder("demo")

    @property
    def live(self) -> str | None:
        return self.stores.database.sites.get("demo").live_build

    def write(self) -> None:
        """The pages and the questions as they are meant to be."""
        for n, thing in enumerate(THINGS):
            (self.pages / f"p{n:02}.md").write_text(f"# The {thing}\n\nA broken {thing} is repaired in the workshop.\n")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ask(GOLDEN)
        (self.folder / "gate.toml").unlink(missing_ok=True)

    def ask(self, golden: list[dict[str, Any]]) -> None:
        """These golden questions from now on."""
        (self.folder / "golden.jsonl").write_text("\n".join(map(json.dumps, golden)))

    def damage(self, count: int) -> None:
        """So many pages say nothing any more."""
        for n in range(count):
            (self.pages / f"p{n:02}.md").write_text("# Moved\n\nThis page has moved.\n")

    def index(self, fault: Fault | None = None, *, go_live: bool = True) -> Renewal:
        """A new build of all pages; the fault comes upon its table after it was staged."""
        grade = light("demo", self.settings, self.stores)
        grading = self.harmed(grade, fault) if fault else grade
        models = models_of(self.settings)
        return index(
            "demo", self.settings, self.stores, models, lambda *_: None, grade=grading, force=True, go_live=go_live
        )

    def harmed(self, grade: Grading, fault: Fault) -> Grading:
        """The grading, of a build to which the fault has happened."""

        def grading(build: Build, live: Build | None, parent: str | None) -> Grade:
            fault(self.stores.knowledge.open(build.table))
            return grade(build, live, parent)

        return grading


@pytest.fixture(scope="module")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("shop")
    share_models(root / "home")
    settings = Settings(_env_file=None, home=root / "home")
    migrate(settings.database_location)
    database = open_database(settings.database_location)
    knowledge, tracking = Knowledge(settings.knowledge_location), Tracking(settings.tracking_location)
    shop = Shop(settings, Stores(database, knowledge, tracking), root / "pages")
    shop.pages.mkdir()
    shop.write()
    with registering(database, "demo", str(shop.pages), None):
        assert shop.index().is_live
    yield shop
    database.close()


@pytest.fixture
def shop(_shop: Shop) -> Shop:
    """The site with a good build live; what a test does to its pages, questions and rules is undone."""
    _shop.write()
    return _shop


def failed(renewal: Renewal) -> dict[str, str]:
    """The rules that failed, and what they said."""
    return said(renewal, Verdict.FAILED)


def said(renewal: Renewal, verdict: Verdict) -> dict[str, str]:
    findings: tuple[Finding, ...] = renewal.grade.findings if renewal.grade else ()
    return {finding.rule: finding.said for finding in findings if finding.verdict is verdict}


def lose_rows(table: BuildTable) -> None:
    table.lance.delete("path = 'p03.md'")


def drop_index(table: BuildTable) -> None:
    index = next(each.name for each in table.lance.list_indices() if each.columns == ["searched"])
    table.lance.drop_index(index)


def leave_unindexed(table: BuildTable) -> None:
    rows = table.lance.search().where("path = 'p03.md'").to_arrow()
    table.lance.delete("path = 'p03.md'")
    table.lance.add(rows)


def double_ids(table: BuildTable) -> None:
    rows = table.lance.search().where("path = 'p04.md'").to_arrow()
    table.lance.delete("path = 'p03.md'")
    table.lance.add(rows)
    table.build_indices()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lose_rows, "40 rows went in and 39 came out"),
        (drop_index, "the full-text index of searched is missing"),
        (leave_unindexed, "1 rows are not in index"),
        (double_ids, "1 ids stand twice"),
    ],
)
def test_a_build_that_is_not_whole_does_not_go_live(shop: Shop, fault: Fault, reason: str) -> None:
    live = shop.live
    renewal = shop.index(fault)
    assert not renewal.is_live and shop.live == live
    assert reason in failed(renewal)["integrity"]
    assert shop.stores.database.builds.get(renewal.report.build.id).verdict == "failed"


def test_five_percent_worse_retrieval_does_not_go_live(shop: Shop) -> None:
    live = shop.live
    shop.damage(2)
    renewal = shop.index()
    assert not renewal.is_live and shop.live == live
    blocked = failed(renewal)
    assert set(blocked) == {f"retrieval.fall.fused/{figure}" for figure in ("nDCG@10", "recall@5", "hit@5")}
    assert blocked["retrieval.fall.fused/hit@5"] == (
        "0.950 instead of 1.000, 5.0% lower, 2 of 40 questions worse and 0 better. At most 3% lower is allowed."
    )
    assert renewal.grade and {flip.id for flip in renewal.grade.flips} == {"kettle", "toaster"}


def test_one_question_of_forty_does_not_block(shop: Shop) -> None:
    shop.damage(1)
    renewal = shop.index(go_live=False)
    assert renewal.grade and renewal.grade.verdict is Verdict.PASSED
    assert "1 of 40 questions worse" in said(renewal, Verdict.PASSED)["retrieval.fall.fused/hit@5"]


def test_a_score_that_is_no_number_does_not_go_live(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    live, measure = shop.live, per_question

    def broken(*given: Any) -> dict[str, dict[str, float]]:
        scores = measure(*given)
        scores["nDCG@10"]["anvil"] = nan
        return scores

    monkeypatch.setattr(retrieval, "per_question", broken)
    renewal = shop.index()
    assert not renewal.is_live and shop.live == live
    assert failed(renewal) == {"retrieval.numbers": "1 score is no number, such as fused/nDCG@10 of anvil."}


def test_an_identical_build_passes_and_goes_live(shop: Shop) -> None:
    live = shop.live
    renewal = shop.index()
    assert renewal.is_live and shop.live == renewal.report.build.id != live
    assert renewal.grade and renewal.grade.baseline == live
    assert not failed(renewal) and not said(renewal, Verdict.UNKNOWN)
    differences = [each.difference for each in renewal.grade.measured]
    assert differences and not any(differences)
    stored = shop.stores.database.builds.get(renewal.report.build.id)
    assert (stored.verdict, stored.scores["fused/hit@5"]) == ("passed", 1)


def test_what_is_known_of_the_live_build_is_not_measured_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []
    evaluate = retrieval.evaluate_build

    def counted(task: object, subject: Subject, *rest: object, **more: object) -> object:
        measured.append(subject.build.id)
        return evaluate(task, subject, *rest, **more)  # type: ignore[arg-type]

    shop.index()
    monkeypatch.setattr(retrieval, "evaluate_build", counted)
    live = shop.live
    new = shop.index(go_live=False).report.build.id
    assert measured == [new]
    shop.ask([*GOLDEN, {"_id": "new", "question": "Where is a violin repaired?", "evidence": ["p12.md"]}])
    renewal = shop.index(go_live=False)  # other questions: the live build is asked them as well
    assert measured[1:] == [renewal.report.build.id, live]
    assert renewal.grade and renewal.grade.verdict is Verdict.PASSED and renewal.grade.baseline == live


def test_another_corpus_is_refused_as_incomparable_and_not_failed(shop: Shop, tmp_path: Path) -> None:
    live = shop.live
    (tmp_path / "blog.md").write_text("# Blog\n\nWe moved into a larger workshop.\n")
    with registering(shop.stores.database, "demo", str(tmp_path), None):
        renewal = shop.index()
        assert not renewal.is_live and shop.live == live
        assert renewal.grade and renewal.grade.verdict is Verdict.UNKNOWN and renewal.grade.baseline is None
        assert not failed(renewal)
        assert "is of other sources than the live build" in said(renewal, Verdict.UNKNOWN)["retrieval.fall"]
        (shop.folder / "gate.toml").write_text('[baseline]\nincomparable = "promote"\n')
        allowed = shop.index(go_live=False).grade
    shop.stores.database.sources.remove(shop.stores.database.sources.of("demo")[-1].id)
    assert allowed and allowed.verdict is Verdict.PASSED


def test_a_person_may_promote_what_the_gate_kept(shop: Shop) -> None:
    live = shop.live
    shop.damage(2)
    build = shop.index().report.build.id
    assert shop.live == live
    stores, apply = shop.stores, changes_of(shop.settings, shop.stores).apply
    promote("demo", build, stores.database, stores.knowledge, apply, expected=live, by="a person")
    assert shop.live == build
    shop.write()
    assert shop.index().is_live  # better than live: passes


def test_a_first_night_without_golden_questions_says_what_it_cannot_say(shop: Shop) -> None:
    (shop.folder / "golden.jsonl").unlink()
    renewal = shop.index(go_live=False)
    assert renewal.grade and renewal.grade.verdict is Verdict.PASSED
    assert [finding.rule for finding in renewal.grade.findings] == ["integrity"]
    [note] = renewal.grade.notes
    assert "cannot be said" in note and "python -m evals questions --site demo" in note
    (shop.folder / "gate.toml").write_text('[baseline]\nmissing = "keep"\n')
    kept = shop.index()
    assert not kept.is_live and kept.grade and kept.grade.verdict is Verdict.UNKNOWN
    assert set(failed(shop.index(lose_rows))) == {"integrity"}


def test_questions_that_cannot_be_read_fail_and_name_the_file(shop: Shop) -> None:
    (shop.folder / "golden.jsonl").write_text("no JSON")
    assert "golden.jsonl, line 1 is not JSON" in failed(shop.index())["golden"]


def test_a_floor_holds_without_any_live_build(shop: Shop) -> None:
    (shop.folder / "gate.toml").write_text('[retrieval.least]\n"fused/hit@1" = 0.99\n')
    shop.damage(1)
    renewal = shop.index(go_live=False)
    assert failed(renewal) == {"retrieval.least.fused/hit@1": "0.975, and must be at least 0.990."}
