"""A site over several builds: what is taken over, what is embedded, what is found, and where the pointer may go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from core.database import Database, named_build
from core.embedder import load_encoder
from core.errors import ConflictError, IntegrityError, InvalidInputError, NotFoundError
from core.grades import Grade, Measured, Verdict
from core.knowledge import BuildTable, Query
from core.records import Build, BuildStatus, Change, Document
from core.settings import Settings
from pipelines.build import new_build
from pipelines.change import Changes
from pipelines.cleanup import drop_old
from pipelines.index import building, index
from pipelines.ingest import document_id
from pipelines.lease import held
from pipelines.pointer import promote, publishing
from pipelines.report import IndexReport
from pipelines.site import registering
from pipelines.stage import Stores, changes_of, models_of
from pipelines.worker import healing_job, worker_log
from tests.fakes.site import share_models

PAGES = {
    "hours.md": "# Hours\n\nThe workshop is open from nine to six on weekdays.\n",
    "returns.md": "# Returns\n\nUnopened items can be returned within 30 days.\n",
    "shipping.md": "# Shipping\n\nParcels leave the workshop within two working days.\n",
}
UPLOAD = Document("up1", "uploads", "menu.md", "Menu", "/menu", "# Menu\n\nThe lunch menu has a lentil soup.", "ab")

Index = Callable[..., IndexReport]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    share_models(tmp_path / "home")
    return Settings(_env_file=None, home=tmp_path / "home", grace_seconds=0)


@pytest.fixture
def database(stores: Stores) -> Database:
    return stores.database


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def build(settings: Settings, stores: Stores, pages: Path) -> Index:
    with registering(stores.database, "demo", str(pages), None):
        pass

    def build(*, force: bool = False, **changes: object) -> IndexReport:
        those = settings.model_copy(update=changes)
        return index("demo", those, stores, models_of(those), lambda *_: None, force=force).report

    return build


@pytest.fixture
def changes(settings: Settings, stores: Stores) -> Changes:
    return changes_of(settings, stores)


def found(settings: Settings, stores: Stores, question: str) -> list[str]:
    """The paths that the live build answers with."""
    live = stores.database.sites.get("demo").live_build
    assert live
    table = stores.knowledge.open(stores.database.builds.get(live).table)
    [vector] = load_encoder(settings.embedding_model, settings).encode([question], "query")
    return [passage.chunk.path for passage in table.search(Query(question, vector, k=50))]


def go_live(site: str, build: str, stores: Stores, changes: Changes) -> None:
    live = stores.database.sites.get(site).live_build
    promote(site, build, stores.database, stores.knowledge, changes.apply, expected=live, by="a test")


def counts(report: IndexReport) -> tuple[int, ...]:
    names = ("documents/added", "documents/changed", "documents/deleted", "documents/unchanged")
    return (*(report.tally.counts[name] for name in names), report.tally.counts["chunks/embedded"])


def test_nothing_changed_means_no_build_and_nothing_embedded(build: Index, database: Database) -> None:
    first = build()
    assert counts(first) == (3, 0, 0, 0, 3)
    again = build()
    assert not again.is_new
    assert again.build.id == first.build.id
    assert counts(again) == (0, 0, 0, 3, 0)
    assert len(database.builds.of("demo")) == 1


def test_only_new_chunks_are_embedded_and_a_deleted_page_is_in_no_answer(
    build: Index, pages: Path, settings: Settings, stores: Stores
) -> None:
    build()
    (pages / "hours.md").write_text(PAGES["hours.md"] + "\n## Holidays\n\nClosed on Easter Monday.\n")
    (pages / "returns.md").unlink()
    (pages / "new.md").write_text("# Jobs\n\nWe look for a roaster.\n")
    second = build()
    assert counts(second) == (1, 1, 1, 1, 2)  # the new page, and the section that was added to the old one
    assert second.tally.counts["chunks/reused"] == 2
    assert found(settings, stores, "Are you closed at Easter?")[0] == "hours.md"
    for question in ("Can I return an item?", "Unopened items can be returned within 30 days."):
        assert "returns.md" not in found(settings, stores, question)


def test_a_page_that_moved_brings_its_vectors_along(build: Index, pages: Path) -> None:
    build()
    (pages / "hours.md").rename(pages / "opening.md")
    assert counts(build()) == (1, 0, 1, 2, 0)


def test_force_reads_all_anew_and_embeds_nothing_that_is_known(build: Index) -> None:
    first = build()
    again = build(force=True)
    assert again.is_new and again.build.id != first.build.id
    assert counts(again) == (0, 3, 0, 0, 0)


def test_other_chunking_or_another_address_is_just_another_build(
    build: Index, stores: Stores, pages: Path, settings: Settings
) -> None:
    build()
    assert build(chunk_tokens=64).is_new
    stores.database.sources.ensure("demo", str(pages), "https://shop.example")
    moved = build(chunk_tokens=64)
    assert moved.is_new and moved.tally.counts["chunks/embedded"] == 0
    table = stores.knowledge.open(moved.build.table)
    assert table.search(Query("Unopened items", mode="text", k=1))[0].chunk.url == "https://shop.example/returns.md"


def test_vectors_of_other_weights_under_the_same_name_are_not_reused(
    build: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    monkeypatch.setattr("pipelines.plan.vectors_version", lambda _: "other weights")
    assert counts(build())[-1] == 3


def test_a_source_that_lost_every_document_is_an_error_and_what_is_live_stays(
    build: Index, pages: Path, settings: Settings, stores: Stores
) -> None:
    build()
    for page in pages.iterdir():
        page.unlink()
    with pytest.raises(InvalidInputError, match="what it held would be lost"):
        build()
    assert "hours.md" in found(settings, stores, "When is the workshop open?")


def test_a_rollback_needs_no_embedding_and_the_old_build_answers(
    build: Index, pages: Path, settings: Settings, stores: Stores, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    (pages / "returns.md").unlink()
    build()
    monkeypatch.setattr(Changes, "_rows", lambda *_: pytest.fail("something was embedded"))
    target = named_build(stores.database, "demo", "previous").id
    go_live("demo", target, stores, changes)
    assert "returns.md" in found(settings, stores, "Can I return an item?")
    with pytest.raises(NotFoundError, match="no build to roll back to"):
        named_build(stores.database, "demo", "previous")


def test_what_was_put_or_erased_in_between_follows_a_rollback_and_a_new_build(
    build: Index, pages: Path, settings: Settings, stores: Stores, changes: Changes
) -> None:
    build()
    (pages / "new.md").write_text("# Jobs\n\nWe look for a roaster.\n")
    build()
    [source] = stores.database.sources.of("demo")
    returns = document_id(source.id, "returns.md")
    changes.make("demo", Change(UPLOAD.id, UPLOAD))
    changes.make("demo", Change(returns, None))

    def check() -> None:
        assert found(settings, stores, "What soup is on the lunch menu?")[0] == "menu.md"
        assert "returns.md" not in found(settings, stores, "Unopened items can be returned within 30 days.")

    check()
    target = named_build(stores.database, "demo", "previous").id
    go_live("demo", target, stores, changes)
    check()
    (pages / "new.md").write_text("# Jobs\n\nWe look for two roasters.\n")
    assert build().is_new
    check()
    assert build(force=True).is_new
    check()
    assert build(chunk_tokens=64).is_new
    check()
    assert not build(chunk_tokens=64).is_new


def test_a_change_whose_maker_died_after_logging_it_is_made_by_the_worker(
    build: Index, stores: Stores, changes: Changes, settings: Settings
) -> None:
    build()
    [source] = stores.database.sources.of("demo")
    returns = document_id(source.id, "returns.md")
    stores.database.changes.append("demo", Change(UPLOAD.id, UPLOAD))
    stores.database.changes.append("demo", Change(returns, None))
    stores.database.sites.ensure("empty")
    assert "returns.md" in found(settings, stores, "Can I return an item?")
    heal = healing_job(stores.database, changes, worker_log("CRITICAL"))
    heal(Event())
    assert found(settings, stores, "What soup is on the lunch menu?")[0] == "menu.md"
    assert "returns.md" not in found(settings, stores, "Can I return an item?")
    with held(stores.database, publishing("demo")):
        heal(Event())  # where nothing is missing it needs no lease


def test_a_change_made_while_a_build_is_staged_is_in_it_when_it_goes_live(
    build: Index, pages: Path, settings: Settings, stores: Stores, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    (pages / "new.md").write_text("# Jobs\n\nWe look for a roaster.\n")
    indices = BuildTable.build_indices

    def meanwhile(table: BuildTable) -> None:
        monkeypatch.setattr(BuildTable, "build_indices", indices)
        changes.make("demo", Change(UPLOAD.id, UPLOAD))
        table.build_indices()

    monkeypatch.setattr(BuildTable, "build_indices", meanwhile)
    build()
    assert found(settings, stores, "What soup is on the lunch menu?")[0] == "menu.md"
    assert "new.md" in found(settings, stores, "Do you look for a roaster?")


def test_two_at_once_one_refuses_politely(build: Index, database: Database) -> None:
    with held(database, building("demo")), pytest.raises(ConflictError, match="Indexing of site demo is under way"):
        build()
    assert build().is_new


def test_a_pointer_that_moved_meanwhile_is_not_overrun(
    build: Index, database: Database, stores: Stores, changes: Changes
) -> None:
    first, second = build().build.id, build(force=True).build.id
    with pytest.raises(ConflictError, match="was not promoted"):
        promote("demo", first, database, stores.knowledge, changes.apply, by="a test", expected=first)
    assert database.sites.get("demo").live_build == second


def test_only_a_whole_build_of_the_site_goes_live(
    build: Index, database: Database, stores: Stores, changes: Changes
) -> None:
    made = build().build
    database.sites.ensure("other")
    with pytest.raises(NotFoundError, match="Site 'other' has no build"):
        go_live("other", made.id, stores, changes)
    unfinished = new_build("demo", made.embedding_model, made.settings)
    database.builds.create(unfinished)
    with pytest.raises(ConflictError, match="is building: only a staged build can go live"):
        go_live("demo", unfinished.id, stores, changes)


def test_what_a_killed_run_left_is_dropped_by_the_next(build: Index, stores: Stores) -> None:
    made = build().build
    left = new_build("demo", made.embedding_model, made.settings)
    stores.database.builds.create(left)
    stores.knowledge.create(left.table, 384)
    build()
    assert stores.database.builds.get(left.id).status is BuildStatus.DROPPED
    assert stores.knowledge.tables() == [made.table]


@pytest.mark.parametrize("expected", [None, "another"])
def test_a_first_build_goes_live_only_where_none_is(
    build: Index, stores: Stores, changes: Changes, expected: str | None
) -> None:
    made = build().build.id
    with pytest.raises(ConflictError, match="was not promoted"):
        promote("demo", made, stores.database, stores.knowledge, changes.apply, expected=expected, by="a test")


def test_a_build_whose_table_lost_rows_does_not_go_live(build: Index, stores: Stores, changes: Changes) -> None:
    first, second = build().build, build(force=True).build
    stores.knowledge.open(first.table).lance.delete("position = 0")
    with pytest.raises(IntegrityError, match="rows went in"):
        go_live("demo", first.id, stores, changes)
    assert stores.database.sites.get("demo").live_build == second.id


def test_a_build_that_took_changes_while_it_was_live_can_go_live_again(
    build: Index, stores: Stores, changes: Changes, settings: Settings
) -> None:
    first, second = build().build.id, build(force=True).build.id
    changes.make("demo", Change(UPLOAD.id, UPLOAD))
    go_live("demo", first, stores, changes)
    go_live("demo", second, stores, changes)
    assert found(settings, stores, "What soup is on the lunch menu?")[0] == "menu.md"


def test_a_build_with_an_index_of_its_vectors_follows_the_changes_when_it_goes_live_again(
    build: Index, stores: Stores, changes: Changes, settings: Settings, pages: Path
) -> None:
    first = build(ann_rows=2)
    assert first.figures()["ann/recall@10"] == 1
    (pages / "new.md").write_text("# Jobs\n\nWe look for a roaster.\n")
    second = build(ann_rows=2).build.id
    assert stores.database.builds.get(second).counts["ann/rows"] == 4
    changes.make("demo", Change(UPLOAD.id, UPLOAD))
    assert found(settings, stores, "What soup is on the lunch menu?")[0] == "menu.md"
    stores.knowledge.open(first.build.table).lance.drop_index("vector_idx")  # it is made again, and measured
    go_live("demo", first.build.id, stores, changes)
    assert found(settings, stores, "What soup is on the lunch menu?")[0] == "menu.md"
    table = stores.knowledge.open(first.build.table)
    assert sorted(index.index_type for index in table.lance.list_indices()) == ["FTS", "FTS", "FTS", "IvfHnswSq"]
    assert [index.num_unindexed_rows for index in table.lance.list_indices()] == [0, 0, 0, 0]


def test_an_index_that_finds_too_little_leaves_what_is_live(build: Index, database: Database, stores: Stores) -> None:
    first = build().build.id
    with pytest.raises(IntegrityError, match="FRONTDESK_ANN_RECALL"):
        build(force=True, ann_rows=1, ann_recall=1.01)
    assert database.sites.get("demo").live_build == first
    assert len(stores.knowledge.tables()) == 1


def test_a_table_that_a_crash_left_behind_its_dropped_build_goes_with_the_next(build: Index, stores: Stores) -> None:
    first, _ = build().build, build(force=True)
    stores.database.builds.drop(first.id)  # and here the process died
    assert drop_old("demo", stores.database, stores.knowledge, keep=3, grace=timedelta(days=1)) == [first.id]
    assert first.table not in stores.knowledge.tables()


def test_old_builds_are_dropped_and_the_last_ones_stay(build: Index, stores: Stores) -> None:
    made = [build(force=True).build.id for _ in range(4)]
    assert drop_old("demo", stores.database, stores.knowledge, keep=2, grace=timedelta(0)) == [made[1]]
    kept = [record for record in stores.database.builds.of("demo") if record.status is BuildStatus.PROMOTED]
    assert [record.id for record in kept] == [made[3], made[2]]
    assert sorted(stores.knowledge.tables()) == sorted(record.table for record in kept)


def test_a_failed_gate_leaves_live_untouched_and_the_build_staged(
    build: Index, pages: Path, settings: Settings, stores: Stores
) -> None:
    first = build().build.id
    (pages / "new.md").write_text("# Jobs\n\nWe look for a roaster.\n")

    def refuse(staged: Build, live: Build | None, _run: str | None) -> Grade:
        assert live and live.id == first
        return Grade(staged.id, Verdict.FAILED, measured=(Measured("fused/hit@5", 0.5),))

    renewal = index("demo", settings, stores, models_of(settings), lambda *_: None, grade=refuse)
    refused = stores.database.builds.get(renewal.report.build.id)
    assert not renewal.is_live
    assert (refused.status, refused.verdict, refused.scores) == (BuildStatus.STAGED, "failed", {"fused/hit@5": 0.5})
    assert stores.database.sites.get("demo").live_build == first


def test_a_build_can_be_left_staged_and_promoted_by_hand(
    build: Index, settings: Settings, stores: Stores, changes: Changes
) -> None:
    first = build().build.id
    renewal = index("demo", settings, stores, models_of(settings), lambda *_: None, force=True, go_live=False)
    assert stores.database.sites.get("demo").live_build == first
    go_live("demo", renewal.report.build.id, stores, changes)
    assert stores.database.sites.get("demo").live_build == renewal.report.build.id


def test_a_build_is_graded_with_what_was_put_since_it_began(
    build: Index, changes: Changes, settings: Settings, stores: Stores
) -> None:
    build()
    changes.make("demo", Change(UPLOAD.id, UPLOAD))
    seen: list[set[str]] = []

    def look(staged: Build, live: Build | None, _parent: str | None) -> Grade:
        seen.extend(stores.knowledge.open(each.table).documents() for each in (staged, live) if each)
        return Grade(staged.id, Verdict.FAILED)

    index("demo", settings, stores, models_of(settings), lambda *_: None, grade=look, force=True)
    assert UPLOAD.id in seen[0]
    assert seen[0] == seen[1]
