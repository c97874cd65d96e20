"""An exporter and a compactor that kill their own process, as kill -9 would, after a given number of steps."""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from core.conversations import Conversations
from core.database import Batch, Database, open_database
from core.durable import Check, Disk, Folder
from core.errors import ConflictError
from pipelines import lease
from pipelines.compact import compact
from pipelines.export import export_once


class Fuse:
    """Burns down with every step; the last one is never taken."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def burn(self) -> None:
        if not self._steps:
            os.kill(os.getpid(), signal.SIGKILL)
        self._steps -= 1


class DeadlyDisk(Disk):
    """Also dies in the middle of a write."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    def write(self, path: Path, data: bytes) -> None:
        path.write_bytes(data[: len(data) // 2])
        self._fuse.burn()
        super().write(path, data)
        self._fuse.burn()

    def rename(self, path: Path, final: Path) -> None:
        super().rename(path, final)
        self._fuse.burn()

    def remove(self, path: Path) -> None:
        super().remove(path)
        self._fuse.burn()

    def sync(self, folder: Path) -> None:
        super().sync(folder)
        self._fuse.burn()


class DeadlyOutbox:
    """The database's outbox, before and after each of its commits."""

    def __init__(self, database: Database, fuse: Fuse) -> None:
        self._outbox = database.outbox
        self._fuse = fuse

    def claim(self, limit: int) -> Batch | None:
        batch = self._outbox.claim(limit)
        self._fuse.burn()
        return batch

    def mark_exported(self, batch: str) -> None:
        self._fuse.burn()
        self._outbox.mark_exported(batch)
        self._fuse.burn()


STEPS = ("claim", "half of the write", "write", "rename", "sync of the date", "sync of the root", "before mark", "mark")


def export(location: str, folder: Path, steps: int | None = None, limit: int = 1000) -> int:
    """A whole export, or one that dies after so many steps."""
    database = open_database(location)
    if steps is None:
        exported = export_once(database, Conversations(str(folder)), limit)
    else:
        fuse = Fuse(steps)
        database.outbox = DeadlyOutbox(database, fuse)  # type: ignore[assignment]  # all that an exporter asks of it
        exported = export_once(database, Conversations("", Folder(folder, DeadlyDisk(fuse))), limit)
    database.close()
    return exported


def compact_without_grace(location: str, folder: Path, steps: int) -> None:
    """A compaction that dies after so many steps of its disk."""
    database = open_database(location)
    compact(database, Conversations("", Folder(folder, DeadlyDisk(Fuse(steps)))), timedelta(0), lambda *_: None)
    database.close()


class SuspendedFolder(Folder):
    """Stops its own process before each Parquet file, as a laptop that is closed does; SIGCONT goes on."""

    def put(self, name: str, data: bytes, check: Check) -> None:
        if name.endswith(".parquet"):
            os.kill(os.getpid(), signal.SIGSTOP)
        super().put(name, data, check)


def compact_suspended(location: str, folder: Path) -> None:
    """A compaction that is suspended before its fold counts, under a lease that ends meanwhile; 3 where it gave up."""
    lease._SECONDS = 0.2
    database = open_database(location)
    try:
        compact(database, Conversations("", SuspendedFolder(folder)), timedelta(minutes=10), lambda *_: None)
    except ConflictError:
        sys.exit(3)
    finally:
        database.close()
