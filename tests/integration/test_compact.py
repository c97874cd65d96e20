"""Compaction beside readers and exporters, through kill -9, and in a bucket."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
from tenacity import Retrying, retry_if_exception_type, wait_fixed

from core.conversations import Conversations, conversations
from core.database import Batch, Database, open_database
from core.durable import Bucket
from core.errors import ConflictError
from core.records import Feedback, now
from core.settings import Settings
from pipelines.compact import compact, fold_dates, sweep
from pipelines.export import export_once
from tests.fakes.fuse import compact_suspended, compact_without_grace
from tests.fakes.race import PROCESSES
from tests.fakes.records import answered, question

LONG_AGO = now().replace(hour=12) - timedelta(days=9)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "conversations"


def silent(_done: int, _dates: int) -> None:
    """Watches nothing."""


def write(conversations: Conversations, files: int, name: str = "b") -> list[str]:
    """So many small files of one date; the ids of their turns."""
    turns = [answered(question(str(n), created_at=LONG_AGO + timedelta(seconds=n))) for n in range(files)]
    for number, turn in enumerate(turns):
        conversations.write(Batch(f"{name}-{number}", (turn,)))
    return [turn.id for turn in turns]


def readable(folder: Path) -> list[str]:
    """The turns that a reader finds now, as often as they are there."""
    return sorted(row[0] for row in Conversations(str(folder)).relation().select("turn_id").fetchall())


def die_after(steps: int, location: str, folder: Path) -> bool:
    """Runs a compaction that dies at that step; False when it had done all its work before."""
    child = PROCESSES.Process(target=compact_without_grace, args=(location, folder, steps))
    child.start()
    child.join(timeout=60)
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


def test_killed_at_any_step_it_loses_and_doubles_nothing(database: Database, location: str, folder: Path) -> None:
    written = Conversations(str(folder))
    ids = write(written, 2)
    fold_dates(written, now().date(), silent)  # what is removed on the way is of an earlier fold, too
    ids += write(written, 2, "later")
    for steps in count():
        died = die_after(steps, location, folder)
        assert readable(folder) == sorted(ids), f"after {steps} steps"
        if not died:
            break
        ids += write(written, 1, f"step-{steps}")
    assert steps > 8
    for _ in range(3):
        compact(database, written, timedelta(0), silent)
    assert readable(folder) == sorted(ids)
    assert len(list(folder.rglob("date=*/*"))) == 2  # the fold and its manifest


def test_a_compactor_that_was_suspended_while_another_did_its_work_gives_up(
    database: Database, location: str, folder: Path
) -> None:
    written = Conversations(str(folder))
    ids = write(written, 2)
    suspended = multiprocessing.get_context("spawn").Process(target=compact_suspended, args=(location, folder))
    suspended.start()
    assert suspended.pid is not None
    assert os.WIFSTOPPED(os.waitpid(suspended.pid, os.WUNTRACED)[1])
    ids += write(written, 1, "later")
    for attempt in Retrying(retry=retry_if_exception_type(ConflictError), wait=wait_fixed(0.05), reraise=True):
        with attempt:
            assert compact(database, written, timedelta(minutes=10), silent).figures()["rows"] == 3
    os.kill(suspended.pid, signal.SIGCONT)
    suspended.join(60)
    assert suspended.exitcode == 3
    assert readable(folder) == sorted(ids)
    assert compact(database, written, timedelta(minutes=10), silent).is_idle


def _export_and_compact(location: str, folder: Path, turns: int) -> None:
    database = open_database(location)
    written = Conversations(str(folder))
    for number in range(turns):
        asked = database.turns.open(question(str(number), created_at=LONG_AGO + timedelta(seconds=number)))
        database.turns.close(answered(asked))
        export_once(database, written)
        if number % 3 == 2:
            compact(database, written, timedelta(seconds=5), silent)
    database.close()


def test_a_reader_beside_exporter_and_compactor_never_sees_fewer_turns_or_one_twice(
    database: Database, location: str, folder: Path
) -> None:
    database.sites.ensure("demo")
    settings = Settings(home=folder.parent, database_url=location, conversations_url=str(folder))
    worker = PROCESSES.Process(target=_export_and_compact, args=(location, folder, 40))
    worker.start()
    seen: set[str] = set()
    looks = 0
    while worker.is_alive():
        found = [row[0] for row in conversations(settings).select("turn_id").fetchall()]
        assert len(found) == len(set(found))
        assert seen <= set(found)
        seen, looks = set(found), looks + 1
    worker.join()
    assert worker.exitcode == 0
    assert looks > 3
    assert conversations(settings).count("*").fetchall() == [(40,)]


def test_a_reader_that_began_before_a_compaction_reads_to_its_end(database: Database, folder: Path) -> None:
    written = Conversations(str(folder))
    ids = write(written, 3)
    relation = written.relation().select("turn_id")
    for _ in range(2):
        compact(database, written, timedelta(minutes=10), silent)
    assert sorted(row[0] for row in relation.fetchall()) == sorted(ids)


class Slow(Conversations):
    """Exports everything just after the tail was read: in between the two looks of a reader."""

    database: Database

    def relation(self, *args: object, **options: object) -> object:  # type: ignore[override]
        export_once(self.database, Conversations(self.store.path("")))
        compact(self.database, self, timedelta(0), silent)
        return super().relation(*args, **options)  # type: ignore[arg-type]


def test_a_turn_that_is_exported_between_the_two_looks_counts_once(
    database: Database, location: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.sites.ensure("demo")
    for at in (LONG_AGO, LONG_AGO, now()):
        database.turns.close(answered(database.turns.open(question(created_at=at))))
    monkeypatch.setattr("core.conversations.opened.Conversations", Slow)
    monkeypatch.setattr(Slow, "database", database, raising=False)
    settings = Settings(home=folder.parent, database_url=location, conversations_url=str(folder))
    assert conversations(settings).count("*").fetchall() == [(3,)]


def test_what_has_ended_counts_before_any_export_and_what_is_open_does_not(
    database: Database, location: str, folder: Path
) -> None:
    database.sites.ensure("demo")
    settings = Settings(home=folder.parent, database_url=location, conversations_url=str(folder))
    asked = [database.turns.open(question()) for _ in range(3)]
    for turn in asked[:2]:
        database.turns.close(answered(turn))
    database.turns.rate(asked[0].id, Feedback("down", "No."), site="demo")
    expected = sorted((turn.id, turn.created_at.date()) for turn in asked[:2])
    assert conversations(settings).filter("rating = 'down'").select("turn_id").fetchall() == [(asked[0].id,)]
    assert sorted(conversations(settings).select("turn_id", "date").fetchall()) == expected
    export_once(database, Conversations(str(folder)))
    assert sorted(conversations(settings).select("turn_id", "date").fetchall()) == expected
    assert conversations(settings).filter("comment = 'No.'").select("turn_id").fetchall() == [(asked[0].id,)]


def test_without_a_database_the_files_are_read_all_the_same(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    write(Conversations(settings.conversations_location), 2)
    assert conversations(settings).count("*").fetchall() == [(2,)]


def test_a_bucket_is_folded_as_a_folder_is(bucket: str) -> None:
    location = bucket.replace("?", "/some/prefix?")
    written = Conversations(location)
    ids = write(written, 3)
    fold_dates(written, now().date(), silent)
    assert sorted(row[0] for row in written.relation().select("turn_id").fetchall()) == sorted(ids)
    assert sweep(written, now() + timedelta(minutes=1)) == 3
    assert len(Bucket(location).stored()) == 2
    assert sorted(row[0] for row in written.relation().select("turn_id").fetchall()) == sorted(ids)


def test_the_worker_keeps_the_files_few(database: Database, folder: Path) -> None:
    from pipelines.worker import compact_job, worker_log

    written = Conversations(str(folder))
    write(written, 3)
    stopping = Event()
    job = compact_job(database, written, timedelta(0), worker_log("CRITICAL"))
    thread = Thread(target=job, args=(stopping,))
    thread.start()
    while len([file for date in written.dates() for file in date.counting]) > 1:
        assert thread.is_alive()
    stopping.set()
    thread.join(20)
    assert not thread.is_alive()
