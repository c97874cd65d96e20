"""Export: each ended turn in Parquet exactly once, whatever dies in between."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from time import sleep

import pytest

from core.conversations import Conversations
from core.database import Database, open_database
from core.records import TurnStatus, now
from pipelines.export import export_once
from tests.fakes.fuse import STEPS, export
from tests.fakes.race import PROCESSES, race
from tests.fakes.records import answered, question


@pytest.fixture(autouse=True)
def demo(database: Database) -> None:
    database.sites.ensure("demo")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "conversations"


def end_turns(database: Database, count: int) -> list[str]:
    turns = [database.turns.open(question(str(number))) for number in range(count)]
    assert all(database.turns.close(answered(turn)) for turn in turns)
    return [turn.id for turn in turns]


def readable(folder: Path) -> list[str]:
    """The turns that a reader finds now, as often as they are there."""
    return sorted(row[0] for row in Conversations(str(folder)).relation().select("turn_id").fetchall())


def die_after(steps: int, location: str, folder: Path, limit: int = 1000) -> bool:
    """Runs an exporter that dies at that step; False when it had done all its work before."""
    child = PROCESSES.Process(target=export, args=(location, folder, steps, limit))
    child.start()
    child.join(timeout=60)
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


def test_every_ended_turn_is_exported_once(database: Database, folder: Path) -> None:
    conversations = Conversations(str(folder))
    ids = end_turns(database, 5)
    database.turns.open(question("open"))
    assert export_once(database, conversations, limit=2) == 5
    assert export_once(database, conversations) == 0
    assert readable(folder) == sorted(ids)
    assert len(list(folder.glob("date=*/*.parquet"))) == 3


def test_aborted_and_failed_turns_are_exported_too(database: Database, folder: Path) -> None:
    for status in (TurnStatus.FAILED, TurnStatus.ABORTED):
        database.turns.close(answered(database.turns.open(question()), status=status))
    database.turns.open(question())
    database.turns.abort_stale(now())
    export_once(database, Conversations(str(folder)))
    statuses = Conversations(str(folder)).relation().select("status").fetchall()
    assert sorted(statuses) == [("aborted",), ("aborted",), ("failed",)]


def test_strange_text_does_not_stop_the_export(database: Database, folder: Path) -> None:
    asked = database.turns.open(question("\ud83d\0"))
    database.turns.close(answered(asked, answer="\udfff", timings={"\0": float("nan")}))
    assert export_once(database, Conversations(str(folder))) == 1
    assert readable(folder) == [asked.id]


def test_killed_at_any_step_it_converges_to_each_turn_once(database: Database, location: str, folder: Path) -> None:
    ids: list[str] = []
    for steps, name in enumerate(STEPS):
        before, ids = ids, ids + end_turns(database, 3)
        assert die_after(steps, location, folder), name
        assert readable(folder) in (sorted(before), sorted(ids)), name
        export_once(database, Conversations(str(folder)))
        assert readable(folder) == sorted(ids), name
    assert not list(folder.rglob("*.tmp"))


def test_exporters_at_once_write_each_turn_once(database: Database, location: str, folder: Path) -> None:
    ids = end_turns(database, 60)
    race(export, [(location, folder, None, 10)] * 3)
    assert readable(folder) == sorted(ids)
    assert database.outbox.claim(1) is None


def test_no_acknowledged_turn_is_lost_or_doubled_by_kill_9(database: Database, location: str, folder: Path) -> None:
    """A writer and an exporter are killed while they work."""
    acknowledged = _kill_while_working(location, folder, seconds=0.4)
    _settle(database, folder)
    found = readable(folder)
    assert len(acknowledged) > 5
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_many_random_deaths_lose_and_double_nothing(database: Database, location: str, folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: list[str] = []
    for _ in range(12):
        if chance.random() < 0.5:
            acknowledged += _kill_while_working(location, folder, seconds=chance.uniform(0.05, 1))
        acknowledged += end_turns(database, chance.randint(0, 40))
        die_after(chance.randint(0, 30), location, folder, limit=chance.randint(1, 20))
        found = readable(folder)
        assert len(found) == len(set(found))
    _settle(database, folder)
    found = readable(folder)
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))


def _settle(database: Database, folder: Path) -> None:
    database.turns.abort_stale(now())
    export_once(database, Conversations(str(folder)))


def _kill_while_working(location: str, folder: Path, seconds: float) -> list[str]:
    """The turns whose close had returned when the writer was killed."""
    receiver, sender = PROCESSES.Pipe(duplex=False)
    writer = PROCESSES.Process(target=_converse, args=(location, sender))
    exporter = PROCESSES.Process(target=_export_for_ever, args=(location, folder))
    for child in (writer, exporter):
        child.start()
    sender.close()
    receiver.poll(60)  # until the first turn is done
    sleep(seconds)
    for child in (writer, exporter):
        child.kill()
        child.join()
    return list(_received(receiver))


def _received(receiver: Connection) -> Iterator[str]:
    with receiver:
        while receiver.poll(0):
            try:
                yield receiver.recv()
            except EOFError:
                return


def _converse(location: str, acknowledge: Connection) -> None:
    database = open_database(location)
    while True:
        turn = database.turns.open(question())
        database.turns.close(answered(turn))
        acknowledge.send(turn.id)


def _export_for_ever(location: str, folder: Path) -> None:
    database = open_database(location)
    while True:
        export_once(database, Conversations(str(folder)), limit=3)
