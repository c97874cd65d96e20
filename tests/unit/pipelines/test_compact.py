"""Compaction: few files, the same turns, in order of time."""

from __future__ import annotations

import io
import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from core.conversations import SCHEMA, Conversations
from core.conversations.schema import FEEDBACK
from core.database import Batch, Database
from core.errors import ConflictError
from core.records import Turn, now
from pipelines import compact as compaction
from pipelines import fold as folding
from pipelines.compact import LEASE, Compaction, compact, fold_dates, sweep
from pipelines.lease import held
from tests.fakes.records import answered, question

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = date(2026, 3, 5)


def silent(_done: int, _dates: int) -> None:
    """Watches nothing."""


def written(conversations: Conversations, files: int, at: datetime = DAY) -> list[Turn]:
    """So many files of two turns each, the later turn first."""
    turns = []
    for number in range(files):
        pair = [answered(question(str(number), created_at=at - timedelta(seconds=2 * number + n))) for n in range(2)]
        conversations.write(Batch(f"{at:%H}-{number}", tuple(pair)))
        turns += pair
    return turns


def rows(conversations: Conversations) -> list[tuple[object, ...]]:
    return conversations.relation().order("turn_id").fetchall()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.parquet"))


def with_column(table: pa.Table, at: str) -> pa.Table:
    """The table with one more field of text, which may lie in structs and lists of them."""
    name, _, rest = at.partition(".")
    if not rest:
        return table.append_column(name, pa.nulls(len(table), pa.string()))
    number = table.schema.get_field_index(name)
    kind = deeper(table.schema.field(number).type, rest)
    return table.set_column(number, name, pa.nulls(len(table), kind))


def deeper(kind: pa.DataType, at: str) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(deeper(kind.value_type, at))
    name, _, rest = at.partition(".")
    fields = {field.name: field.type for field in kind}
    return pa.struct(list((fields | {name: deeper(fields[name], rest) if rest else pa.string()}).items()))


def printed(done: Compaction) -> str:
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(done.table("here"))
    return console.export_text()


@pytest.fixture
def conversations(tmp_path: Path) -> Conversations:
    return Conversations(str(tmp_path / "conversations"))


def test_a_date_that_is_over_becomes_one_file_with_the_same_rows_in_order(
    conversations: Conversations, tmp_path: Path
) -> None:
    turns = written(conversations, 4)
    before = rows(conversations)
    [done] = fold_dates(conversations, TODAY, silent)
    assert (done.files, done.parts, done.rows) == (4, 1, 8)
    assert rows(conversations) == before
    [fold] = tmp_path.rglob("fold-*.parquet")
    table = pq.read_table(fold, partitioning=None)
    assert table.schema.equals(SCHEMA)
    ordered = sorted(turns, key=lambda turn: turn.created_at)
    assert table.column("turn_id").to_pylist() == [turn.id for turn in ordered]


def test_old_files_stay_for_their_grace_and_go_after_it(conversations: Conversations, tmp_path: Path) -> None:
    written(conversations, 3)
    reading = conversations.relation()
    fold_dates(conversations, TODAY, silent)
    assert sweep(conversations, now() - timedelta(minutes=10)) == 0
    assert len(files(tmp_path)) == 4
    assert len(reading.fetchall()) == 6
    assert sweep(conversations, now() + timedelta(seconds=1)) == 3
    assert len(files(tmp_path)) == 1
    assert len(rows(conversations)) == 6


def test_what_is_compact_already_is_left_alone(conversations: Conversations, tmp_path: Path) -> None:
    written(conversations, 1)
    written(conversations, 3, DAY + timedelta(days=1))
    assert [done.folder for done in fold_dates(conversations, TODAY, silent)] == ["date=2026-03-02"]
    before = files(tmp_path)
    assert fold_dates(conversations, TODAY, silent) == []
    assert files(tmp_path) == before


def test_a_late_turn_joins_the_fold_of_its_date(conversations: Conversations, tmp_path: Path) -> None:
    written(conversations, 3)
    fold_dates(conversations, TODAY, silent)
    written(conversations, 1, DAY - timedelta(hours=2))
    before = rows(conversations)
    [done] = fold_dates(conversations, TODAY, silent)
    assert (done.files, done.rows) == (2, 8)
    for _ in range(2):  # first the files, then the manifest that told of them
        sweep(conversations, now() + timedelta(seconds=1))
    assert rows(conversations) == before
    assert len([path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"]) == 2


def test_a_batch_that_is_written_again_after_it_was_folded_counts_once(conversations: Conversations) -> None:
    batch = Batch("b", (answered(question(created_at=DAY)),))
    conversations.write(batch)
    written(conversations, 2)
    fold_dates(conversations, TODAY, silent)
    sweep(conversations, now() + timedelta(seconds=1))
    conversations.write(batch)
    assert len(rows(conversations)) == 5
    assert sweep(conversations, now() + timedelta(seconds=1)) == 1


def test_a_batch_that_comes_again_after_its_fold_was_folded_counts_once_too(conversations: Conversations) -> None:
    batch = Batch("b", (answered(question(created_at=DAY)),))
    conversations.write(batch)
    for hours in (1, 2):
        written(conversations, 2, DAY - timedelta(hours=hours))
        fold_dates(conversations, TODAY, silent)
        sweep(conversations, now() + timedelta(seconds=1))
    conversations.write(batch)
    assert len(rows(conversations)) == 9


def test_today_is_folded_only_once_its_files_are_many(
    conversations: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "_MANY", 4)
    written(conversations, 3)
    assert fold_dates(conversations, DAY.date(), silent) == []
    written(conversations, 1, DAY + timedelta(hours=1))
    [done] = fold_dates(conversations, DAY.date(), silent)
    assert done.files == 4
    written(conversations, 3, DAY + timedelta(hours=2))
    assert fold_dates(conversations, DAY.date(), silent) == []
    [over] = fold_dates(conversations, TODAY, silent)
    assert (over.files, over.rows) == (4, 14)
    assert len(rows(conversations)) == 14


def test_a_large_date_becomes_several_parts_of_one_size(
    conversations: Conversations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(conversations, 5)
    total = sum(path.stat().st_size for path in tmp_path.rglob("*.parquet"))
    monkeypatch.setattr(folding, "_PART_BYTES", total // 3)
    before = rows(conversations)
    [done] = fold_dates(conversations, TODAY, silent)
    assert done.parts == len(list(tmp_path.rglob("fold-*of*.parquet"))) > 2
    sizes = [pq.read_metadata(path).num_rows for path in sorted(tmp_path.rglob("fold-*.parquet"))]
    assert (sum(sizes), max(sizes)) == (10, sizes[0])
    assert rows(conversations) == before
    assert fold_dates(conversations, TODAY, silent) == []


def test_files_from_before_a_column_was_added_are_folded_with_it(conversations: Conversations, tmp_path: Path) -> None:
    written(conversations, 2)
    old = next(tmp_path.rglob("*.parquet"))
    pq.write_table(pq.read_table(old, partitioning=None).drop_columns(["rulings"]), old)
    fold_dates(conversations, TODAY, silent)
    [fold] = tmp_path.rglob("fold-*.parquet")
    assert pq.read_schema(fold).equals(SCHEMA)
    assert pq.read_table(fold, partitioning=None).column("rulings").null_count == 2


@pytest.mark.parametrize("at", ["mood", "usage.cached_tokens", "passages.chunk.language"])
def test_a_date_with_columns_of_a_newer_version_is_left_as_it_is(
    conversations: Conversations, tmp_path: Path, database: Database, at: str
) -> None:
    written(conversations, 3)
    newer = min(tmp_path.rglob("*.parquet"))
    pq.write_table(with_column(pq.read_table(newer, partitioning=None), at), newer)
    before = files(tmp_path)
    done = compact(database, conversations, timedelta(0), silent)
    assert files(tmp_path) == before
    assert (done.figures()["dates/folded"], done.figures()["dates/left"]) == (0, 1)
    assert f"{newer.name} has {at}, which a newer version" in printed(done)


def test_a_date_with_a_file_that_cannot_be_read_is_left_as_it_is_and_the_others_are_folded(
    conversations: Conversations, tmp_path: Path
) -> None:
    written(conversations, 2)
    (tmp_path / "conversations" / "date=2026-03-01" / "torn.parquet").write_bytes(b"")
    written(conversations, 2, DAY + timedelta(days=1))
    torn, whole = fold_dates(conversations, TODAY, silent)
    assert "torn.parquet cannot be read as Parquet" in torn.left
    assert (whole.folder, whole.left, whole.parts) == ("date=2026-03-02", "", 1)


def test_what_others_keep_beside_the_conversations_stays_and_is_not_folded(
    conversations: Conversations, tmp_path: Path
) -> None:
    written(conversations, 3)
    root = tmp_path / "conversations"
    day = root / "date=2026-03-01"
    for name in ("backup/date=2026-03-01", "date=latest"):
        shutil.copytree(day, root / name)
    for name in ("notes.csv", "labels.json"):
        (day / name).write_text("{}")
    theirs = [path for path in root.rglob("*") if path.is_file() and (path.parent != day or path.suffix != ".parquet")]
    assert [done.folder for done in fold_dates(conversations, TODAY, silent)] == ["date=2026-03-01"]
    assert sweep(conversations, now() + timedelta(seconds=1)) == 3
    assert len(theirs) == 9 and all(path.exists() for path in theirs)


def test_a_fold_whose_files_another_process_folded_meanwhile_never_counts(conversations: Conversations) -> None:
    written(conversations, 2)
    others = iter([1])

    def suspended() -> None:
        for _ in others:
            written(conversations, 1, DAY - timedelta(hours=1))
            fold_dates(conversations, TODAY, silent)

    with pytest.raises(ConflictError, match="compacted by another process"):
        fold_dates(conversations, TODAY, silent, suspended)
    assert len(rows(conversations)) == 6


def test_a_fold_is_not_finished_without_its_lease(conversations: Conversations, tmp_path: Path) -> None:
    def lost() -> None:
        raise ConflictError("lost")

    written(conversations, 2)
    with pytest.raises(ConflictError, match="lost"):
        fold_dates(conversations, TODAY, silent, lost)
    assert not list(tmp_path.rglob("fold-*.parquet"))
    fold_dates(conversations, TODAY, silent)
    with pytest.raises(ConflictError, match="lost"):
        sweep(conversations, now() + timedelta(seconds=1), lost)
    assert len(files(tmp_path)) == 3


def test_a_turn_that_is_there_twice_is_folded_once(
    conversations: Conversations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = written(conversations, 3)
    before = rows(conversations)
    conversations.write(Batch("again", tuple(turns[:4])))
    total = sum(path.stat().st_size for path in tmp_path.rglob("*.parquet"))
    monkeypatch.setattr(folding, "_PART_BYTES", total // 2)
    [done] = fold_dates(conversations, TODAY, silent)
    assert (done.files, done.rows) == (4, 6)
    assert rows(conversations) == before


def test_ratings_are_folded_too(conversations: Conversations, tmp_path: Path) -> None:
    folder = tmp_path / "conversations" / "feedback" / "date=2026-03-01"
    folder.mkdir(parents=True)
    for number in range(3):
        said = {"turn_id": str(number), "site": "demo", "rating": "up", "comment": "", "rated_at": DAY}
        table = FEEDBACK.empty_table().from_pylist([said], FEEDBACK)
        pq.write_table(table, folder / f"{number}.parquet")
    [done] = fold_dates(conversations, TODAY, silent)
    assert (done.folder, done.files, done.rows) == ("feedback/date=2026-03-01", 3, 3)
    sweep(conversations, now() + timedelta(seconds=1))
    assert len(files(tmp_path)) == 1


def test_one_at_a_time(database: Database, conversations: Conversations) -> None:
    with held(database, LEASE), pytest.raises(ConflictError, match=LEASE):
        compact(database, conversations, timedelta(0), silent)


def test_what_was_done_is_told_to_people_and_programs(database: Database, conversations: Conversations) -> None:
    written(conversations, 3)
    done = compact(database, conversations, timedelta(minutes=10), silent)
    told = json.loads(done.to_json("here"))["figures"]
    assert (told["dates/folded"], told["files/before"], told["files/after"], told["rows"]) == (1, 3, 1, 6)
    assert "Files that count in here: 1." in str(done.table("here").caption)
    assert compact(database, conversations, timedelta(minutes=10), silent).is_idle
