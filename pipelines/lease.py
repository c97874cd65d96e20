"""Holds a lease while a block runs: prolonged from a thread, given back at the end.

A holder that died loses it when it expires, and at once where its process is known to be gone. So does one that was
suspended for long, and is not told: before a step that cannot be taken back it asks whether it still has the lease.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from core.database import Database
from core.errors import ConflictError
from pipelines.holder import is_gone, new_holder

_log = logging.getLogger(__name__)
_SECONDS = 60.0  # a holder that died is waited for that long
_PROLONG = 15.0

Still = Callable[[], None]  # ConflictError where the lease was lost


@contextmanager
def held(database: Database, name: str, *, wait: float = 0) -> Iterator[Still]:
    """Runs the block as the only holder of the lease; ConflictError says who has it, after `wait` seconds.

    What it yields looks whether the lease is still held.
    """
    holder = new_holder()
    _patiently(wait)(_take, database, name, holder)
    ended = Event()
    thread = Thread(target=_prolong, args=(database, name, holder, ended), name="lease", daemon=True)
    thread.start()
    try:
        yield partial(database.leases.check, name, holder)
    finally:
        ended.set()
        thread.join()
        database.leases.release(name, holder)


def _take(database: Database, name: str, holder: str) -> None:
    other = database.leases.holder(name)
    if other is not None and is_gone(other):
        _log.warning("%s is taken over from %s, which is gone", name, other)
        database.leases.release(name, other)
    database.leases.take(name, holder, _SECONDS)


def _prolong(database: Database, name: str, holder: str, ended: Event) -> None:
    while not ended.wait(_PROLONG):
        try:
            database.leases.prolong(name, holder, _SECONDS)
        except ConflictError as error:
            _log.error("%s", error)
            return
        except Exception:  # noqa: BLE001 - a database that was away for a moment must not cost the lease
            _log.exception("%s could not be prolonged", name)


def _patiently(seconds: float) -> Retrying:
    refused = retry_if_exception_type(ConflictError)
    return Retrying(retry=refused, wait=wait_fixed(0.1), stop=stop_after_delay(seconds), reraise=True)
