"""A lease that is held while a block runs."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from core.database import Database, migrate, open_database
from core.errors import ConflictError
from pipelines import holder, lease
from pipelines.holder import is_gone, new_holder
from pipelines.lease import held
from tests.fakes.race import PROCESSES


def test_it_is_free_again_after_the_block_and_after_a_block_that_raised(database: Database) -> None:
    with pytest.raises(KeyboardInterrupt), held(database, "work"):
        with pytest.raises(ConflictError), held(database, "work"):
            pass
        raise KeyboardInterrupt
    with held(database, "work"):
        pass


def test_it_is_prolonged_while_the_block_runs(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_SECONDS", 0.5)
    monkeypatch.setattr(lease, "_PROLONG", 0.1)
    with held(database, "work"):
        time.sleep(1)
        with pytest.raises(ConflictError), held(database, "work"):
            pass


def test_a_moment_without_the_database_does_not_cost_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_SECONDS", 1.0)
    monkeypatch.setattr(lease, "_PROLONG", 0.1)
    prolong, asked = database.leases.prolong, []

    def sometimes(name: str, holder: str, seconds: float) -> None:
        asked.append(holder)
        if len(asked) == 1:
            raise OSError("away")
        prolong(name, holder, seconds)

    monkeypatch.setattr(database.leases, "prolong", sometimes)
    with held(database, "work"):
        time.sleep(1.5)
        with pytest.raises(ConflictError):
            database.leases.take("work", "another", 60)


def test_who_lost_it_is_told_and_never_gets_it_back_by_prolonging(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_SECONDS", -1.0)  # expired at once, as if the process had been suspended
    monkeypatch.setattr(lease, "_PROLONG", 0.3)
    with held(database, "work") as still:
        still()
        database.leases.take("work", "another", 60)
        with pytest.raises(ConflictError, match="taken over"):
            still()
        database.leases.release("work", "another")
        [prolonging] = [thread for thread in threading.enumerate() if thread.name == "lease"]
        prolonging.join(3)
        with pytest.raises(ConflictError, match="taken over"):
            still()
        assert database.leases.holder("work") is None


def test_who_waits_gets_it_when_it_is_free(database: Database) -> None:
    database.leases.take("work", "another", 0.3)
    with held(database, "work", wait=5):
        pass


def hold_until_killed(location: str, name: str) -> None:
    """Takes a lease in a process of its own, and never gives it back."""
    with held(open_database(location), name):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_holder_whose_process_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    location = f"sqlite:///{tmp_path}/leases.db"
    migrate(location)
    process = PROCESSES.Process(target=hold_until_killed, args=(location, "work"))
    process.start()
    process.join()
    database = open_database(location)
    held_by = database.leases.holder("work")
    assert process.exitcode == -signal.SIGKILL and held_by is not None
    with held(database, "work"):
        assert database.leases.holder("work") != held_by
    database.close()


class TestHolder:
    """Whether the process behind a name is gone."""

    def test_it_names_the_process_for_people(self) -> None:
        assert new_holder().startswith(f"process {os.getpid()} on ")
        assert new_holder() != new_holder()

    def test_it_is_there_while_it_runs(self) -> None:
        assert not is_gone(new_holder())

    def test_a_later_process_of_the_same_id_is_another_one(self) -> None:
        assert is_gone(re.sub(r"-\d+-", "-1-", new_holder()))

    def test_a_process_that_does_not_exist_is_gone(self) -> None:
        nobody = 2**22 + 1  # above the largest id that Linux gives
        assert is_gone(new_holder().replace(f"process {os.getpid()} ", f"process {nobody} "))

    @pytest.mark.parametrize("other", ["0123456789ab-", "unknown-"])
    def test_of_another_machine_nothing_is_known(self, other: str) -> None:
        gone = re.sub(r"-\d+-", "-1-", new_holder())
        assert not is_gone(re.sub(r"\([0-9a-f]+-", f"({other}", gone))

    def test_a_process_that_may_not_be_looked_at_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        theirs = new_holder()
        monkeypatch.setattr(holder, "_started", lambda _: None)
        assert not is_gone(theirs)

    def test_a_holder_of_an_older_version_is_waited_for(self) -> None:
        assert not is_gone("process 4194305 on web1 (ab12cd)")
