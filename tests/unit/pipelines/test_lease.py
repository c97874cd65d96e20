"""A lease that is held while a block runs."""

from __future__ import annotations

import time

import pytest

from core.database import Database
from core.errors import ConflictError
from pipelines import lease
from pipelines.lease import held


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
    take, asked = database.leases.take, []

    def sometimes(name: str, holder: str, seconds: float) -> None:
        asked.append(holder)
        if len(asked) == 2:
            raise OSError("away")
        take(name, holder, seconds)

    monkeypatch.setattr(database.leases, "take", sometimes)
    with held(database, "work"):
        time.sleep(1.5)
        with pytest.raises(ConflictError):
            take("work", "another", 60)


def test_who_waits_gets_it_when_it_is_free(database: Database) -> None:
    database.leases.take("work", "another", 0.3)
    with held(database, "work", wait=5):
        pass
