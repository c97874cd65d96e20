"""Which files of a listing count, whatever a compaction has come to."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from core.conversations.folds import Dated, by_date, manifest_name, new_stem, part_name
from core.durable import Stored

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = "date=2026-11-20"


def file(name: str, at: datetime = NOON) -> Stored:
    return Stored(f"{DAY}/{name}", 10, at)


A, B, C = (file(f"{name}.parquet") for name in "abc")
STEM = new_stem(DAY, [A, B])
MANIFEST = Stored(manifest_name(STEM), 10, NOON)
ONE, TWO = (Stored(part_name(STEM, number, 2), 10, NOON) for number in (1, 2))
NEXT = new_stem(DAY, [ONE, TWO, C])
NEXT_MANIFEST = Stored(manifest_name(NEXT), 10, NOON)
ALL = Stored(part_name(NEXT, 1, 1), 10, NOON)
MANIFESTS = {
    MANIFEST.name: [A.name, B.name],
    NEXT_MANIFEST.name: [A.name, B.name, ONE.name, TWO.name, C.name],
}


def read(name: str) -> bytes:
    return json.dumps(MANIFESTS[name]).encode()


def unreadable(name: str) -> bytes:
    raise AssertionError(f"{name} is read without need")


def dated(*files: Stored) -> Dated:
    [found] = by_date(files, read)
    return found


def names(*files: Stored) -> list[str]:
    return sorted(each.name for each in files)


@pytest.mark.parametrize(
    ("listed", "counting"),
    [
        ([A, B, C], [A, B, C]),
        ([A, B, C, MANIFEST], [A, B, C]),
        ([A, B, C, MANIFEST, ONE], [A, B, C]),
        ([A, B, C, MANIFEST, ONE, TWO], [ONE, TWO, C]),
        ([B, C, MANIFEST, ONE, TWO], [ONE, TWO, C]),
        ([MANIFEST, ONE, TWO], [ONE, TWO]),
        ([A, MANIFEST, ONE, TWO], [ONE, TWO]),
        ([A, B, C, MANIFEST, ONE, TWO, NEXT_MANIFEST, ALL], [ALL]),
        ([A, MANIFEST, TWO, NEXT_MANIFEST, ALL], [ALL]),
        ([A, C, NEXT_MANIFEST, ALL], [ALL]),
    ],
)
def test_what_a_whole_fold_stands_for_does_not_count_and_an_unfinished_fold_neither(
    listed: list[Stored], counting: list[Stored]
) -> None:
    assert names(*dated(*listed).counting) == names(*counting)


def test_no_manifest_is_read_where_nothing_lies_beside_a_fold() -> None:
    [found] = by_date([MANIFEST, ONE, TWO], unreadable)
    assert found.useless(unreadable, NOON + timedelta(hours=1)) == []


def test_what_was_replaced_is_useless_only_after_its_grace() -> None:
    found = dated(A, B, C, MANIFEST, ONE, TWO)
    assert found.useless(read, NOON) == []
    assert found.useless(read, NOON + timedelta(seconds=1)) == names(A, B)


def test_the_leavings_of_a_fold_that_died_or_was_folded_are_useless() -> None:
    later = NOON + timedelta(seconds=1)
    assert dated(A, B, MANIFEST, ONE).useless(read, later) == names(ONE)
    assert dated(A, B, MANIFEST).useless(read, later) == names(MANIFEST)
    assert dated(A, B, MANIFEST).useless(read, NOON) == []
    assert dated(MANIFEST, TWO, NEXT_MANIFEST, ALL).useless(read, later) == names(TWO)
    assert dated(MANIFEST, NEXT_MANIFEST, ALL).useless(read, later) == names(MANIFEST)


def test_an_export_that_comes_again_after_its_file_was_removed_doubles_nothing() -> None:
    found = dated(A, NEXT_MANIFEST, ALL)
    assert names(*found.counting) == names(ALL)


def test_the_same_files_make_the_same_fold_and_others_another() -> None:
    assert new_stem(DAY, [B, A]) == STEM
    assert len({new_stem(DAY, files) for files in ([A], [A, B], [A, B, C])}) == 3


def test_dates_are_apart_and_what_has_none_is_no_conversation() -> None:
    other = Stored("feedback/date=2026-01-02/f.parquet", 1, NOON)
    found = by_date([other, A, Stored("simulated.json", 1, NOON)], unreadable)
    assert [(each.folder, each.day) for each in found] == [
        (DAY, date(2026, 11, 20)),
        ("feedback/date=2026-01-02", date(2026, 1, 2)),
    ]


def test_a_folder_that_is_no_date_of_ours_is_left_out() -> None:
    folders = ["date=latest", "date=2026-02-30", "backup/date=2026-01-02", "date=2026-01-02/old", "date=2026-01-02x"]
    assert by_date([Stored(f"{folder}/a.parquet", 1, NOON) for folder in folders], unreadable) == []


def test_a_file_with_a_name_that_is_not_ours_is_never_useless() -> None:
    foreign = [file(name) for name in ("notes.csv", "labels.json", "fold-notes.json", "fold-1of1.txt")]
    found = dated(*foreign, A, B, C, MANIFEST, ONE, TWO)
    assert found.useless(read, NOON + timedelta(seconds=1)) == names(A, B)


def test_of_two_folds_at_once_the_one_that_stands_for_all_of_the_other_counts() -> None:
    """A compactor that was suspended and one that had taken over from it may finish at the same moment."""
    larger = new_stem(DAY, [A, B, C])
    both = [Stored(manifest_name(larger), 10, NOON), Stored(part_name(larger, 1, 1), 10, NOON), MANIFEST, ONE, TWO]
    manifests = MANIFESTS | {manifest_name(larger): [A.name, B.name, C.name]}
    [found] = by_date([A, B, C, *both], lambda name: json.dumps(manifests[name]).encode())
    assert names(*found.counting) == [part_name(larger, 1, 1)]
