"""What an indexing says of itself, to people and to programs."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from core import cli
from core.grades import Finding, Grade, Measured, Verdict
from core.records import BuildStatus, IndexedFile, Outcome, Site, now
from pipelines.report import IndexReport, Renewal, builds_json, builds_table
from pipelines.rows import Note
from pipelines.tally import Tally
from pipelines.web import Remark
from tests.fakes.records import build


def read(path: str, outcome: Outcome = "added", reason: str = "") -> Note:
    chunks = 5 if outcome == "added" else 0
    return Note("read", 0, 1, IndexedFile(path, "s1", path, "", outcome, reason, chunks))


@pytest.fixture
def report() -> IndexReport:
    tally = Tally()
    tally.add([read("a.md"), Note("embed", 0, 2, embedded=5)])
    tally.add([read(f"{n}.png", "ignored", "is not a document (.png)") for n in range(25)])
    tally.add([read("[b].pdf", "failed", "is encrypted")])
    return IndexReport(build(), tally, 4.0)


def shown(what: RenderableType) -> str:
    console = Console(file=StringIO(), width=120)
    console.print(what)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_programs_get_flat_figures_and_every_refusal(report: IndexReport) -> None:
    told = json.loads(Renewal(report).to_json())
    assert told["figures"]["documents/added"] == 1
    assert told["figures"]["documents/failed"] == 1
    assert told["figures"]["chunks/embedded"] == 5
    assert told["figures"]["chunks/per_second"] == 1.25
    assert told["intervals"] == {}
    assert len(told["meta"]["refused"]) == 26
    assert told["meta"]["build"] == report.build.id


def test_what_the_index_of_the_vectors_finds_is_told_to_people_and_programs(report: IndexReport) -> None:
    assert "ann/" not in shown(report.table())
    report.tally.measured |= {"ann/rows": 50_001, "ann/recall@10": 0.98765}
    told = [line.replace("│", "").split() for line in shown(report.table()).splitlines() if "ann/" in line]
    assert told == [["ann/rows", "50,001"], ["ann/recall@10", "0.988"]]
    assert report.figures()["ann/recall@10"] == 0.98765


def test_people_see_what_failed_before_what_was_ignored(report: IndexReport) -> None:
    lines = shown(report.table()).splitlines()
    refusals = [line for line in lines if line.startswith(("✗", "·"))]
    assert refusals == [
        "✗ [b].pdf: is encrypted",
        "· 25 ignored (0.png, 1.png, 2.png, …): is not a document (.png)",
    ]


def test_of_many_failures_the_first_are_shown_and_the_rest_is_said_to_be_in_mlflow() -> None:
    tally = Tally()
    tally.add([read(f"{n}.pdf", "failed", "is encrypted") for n in range(25)])
    text = shown(IndexReport(build(), tally, 1.0).table())
    assert text.count("✗") == 20
    assert "… and 5 more, all of them in `refused.json` of the MLflow run." in text


def test_people_are_told_what_to_do_next(report: IndexReport) -> None:
    assert 'python -m serving ask "…" --site demo\n' in shown(Renewal(report).table())


def test_of_a_build_that_was_refused_people_see_why_and_how_to_publish_it_all_the_same(report: IndexReport) -> None:
    finding = Finding("retrieval", Verdict.FAILED, "fused/hit@5 fell from .90 to .80")
    text = shown(Renewal(report, Grade(report.build.id, Verdict.FAILED, (finding,)), is_live=False).table())
    assert "✗ retrieval: fused/hit@5 fell from .90 to .80" in text
    assert f"python -m pipelines promote {report.build.id} --site demo" in text
    assert f"--build {report.build.id}" in text


@pytest.mark.parametrize("is_live", [True, False])
def test_a_command_is_copied_whole_from_a_narrow_terminal(
    report: IndexReport, is_live: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    cli.show(Renewal(report, is_live=is_live).table())
    commands = [line for line in capsys.readouterr().out.splitlines() if "python -m" in line]
    assert len(commands) == 2 and all("--site demo" in line for line in commands)


def test_programs_get_the_verdict_and_the_scores(report: IndexReport) -> None:
    grade = Grade(report.build.id, Verdict.PASSED, measured=(Measured("fused/hit@5", 0.9),))
    told = json.loads(Renewal(report, grade).to_json())
    assert told["figures"]["fused/hit@5"] == 0.9
    assert told["meta"]["verdict"] == "passed" and told["meta"]["is_live"] is True


def test_where_nothing_changed_one_sentence_says_so(report: IndexReport) -> None:
    text = shown(replace(report, is_new=False).table())
    assert "Nothing changed: site demo answers from build" in text
    assert "documents/added" not in text
    assert "[b].pdf: is encrypted" in text  # it still fails


def test_the_builds_of_a_site_say_which_is_live() -> None:
    live, failed = build(), build()
    site = replace(Site("demo"), live_build=live.id)
    text = shown(builds_table(site, [failed, live]))
    assert [line for line in text.splitlines() if live.id in line and "live" in line]
    told = json.loads(builds_json([(site, [failed, live])]))
    assert told["demo"]["live_build"] == live.id
    assert [each["id"] for each in told["demo"]["builds"]] == [failed.id, live.id]


def test_what_is_to_be_said_of_single_pages_is_one_line_a_reason(report: IndexReport) -> None:
    remarks = [Remark(f"https://x/{n}", "answered 404") for n in range(5)] + [Remark("https://x/[a]", "answered 503")]
    said = replace(report, remarks=remarks)
    assert [line for line in shown(said.table()).splitlines() if line.startswith("!")] == [
        "! 5 pages (https://x/0, https://x/1, https://x/2, …): answered 404",
        "! https://x/[a]: answered 503",
    ]
    assert said.told()["meta"]["remarks"][-1] == {"url": "https://x/[a]", "reason": "answered 503"}


def test_eighty_columns_hold_a_build_with_verdict_scores_and_who_promoted_it() -> None:
    full = replace(
        build(),
        id="20261121-020004-5f3a9c",
        status=BuildStatus.PROMOTED,
        settings={"chunk_tokens": 1024, "chunk_overlap": 128},
        counts={"documents/unchanged": 123_456, "documents/failed": 1_234, "chunks/reused": 987_654},
        verdict="unknown",
        scores={"fused/hit@5": 0.944, "fused/MRR": 0.81, "contains_gold": 1.0, "dense/MRR": 0.5},
        promoted_at=now(),
        promoted_by="promote by operator on web1",
    )
    console = Console(file=StringIO(), width=80)
    console.print(builds_table(Site("demo"), [full]))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for told in (full.id, "? unknown", "hit@5 0.94", "MRR   0.81", "gold  1.00", "1,234 failed", "operator"):
        assert told in text
    told = json.loads(builds_json([(Site("demo"), [full])]))["demo"]["builds"][0]
    assert (told["verdict"], told["scores"]["dense/MRR"]) == ("unknown", 0.5)
