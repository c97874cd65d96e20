"""The worker's loop: again and again, through failures, until it is told to stop."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from core.conversations import Conversations
from core.database import Database
from core.records import TurnStatus
from pipelines.worker import export_job, repeat, repeat_all, worker_log
from tests.fakes.records import answered, question


def test_it_goes_on_after_a_failure_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    stopping = Event()
    rounds: list[int] = []

    def job(stopping: Event) -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise OSError("disk full")
        if len(rounds) == 3:
            stopping.set()

    repeat(job, 0.01, stopping, worker_log("INFO"))
    assert len(rounds) == 3
    assert '"error": "disk full"' in capfd.readouterr().err


def test_it_stops_at_once_though_a_failure_made_it_wait() -> None:
    stopping = Event()
    failed = Event()

    def job(_: Event) -> None:
        failed.set()
        raise OSError("disk full")

    thread = Thread(target=repeat, args=(job, 60, stopping, worker_log("CRITICAL")))
    thread.start()
    assert failed.wait(5)
    stopping.set()
    thread.join(5)
    assert not thread.is_alive()


def test_a_round_closes_abandoned_turns_and_exports_all_that_ended(database: Database, tmp_path: Path) -> None:
    database.sites.ensure("demo")
    done, lost = database.turns.open(question("one?")), database.turns.open(question("two?"))
    database.turns.close(answered(done))
    time.sleep(0.05)
    conversations = Conversations(str(tmp_path / "conversations"))
    export_job(database, conversations, timedelta(milliseconds=20), worker_log("CRITICAL"))(Event())
    assert database.turns.get(lost.id).status is TurnStatus.ABORTED
    stored = conversations.relation().project("turn_id, status").fetchall()
    assert sorted(stored) == sorted([(done.id, "done"), (lost.id, "aborted")])


def test_a_job_that_fails_holds_up_no_other() -> None:
    stopping = Event()
    rounds: list[int] = []

    def failing(_: Event) -> None:
        raise OSError("disk full")

    def well(stopping: Event) -> None:
        rounds.append(1)
        if len(rounds) == 3:
            stopping.set()

    repeat_all([failing, well], 0.01, stopping, worker_log("CRITICAL"))
    assert len(rounds) == 3
