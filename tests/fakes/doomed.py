"""A nightly run that dies of kill -9 at a step that is named: `python -m tests.fakes.doomed SITE STEP`.

The product knows nothing of it: what the night works with is wrapped here before it begins.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from core.conversations import Conversations
from core.database import Database, open_database
from core.database.builds import Builds
from core.database.leases import Leases
from core.database.sites import Sites
from core.grades import Grade
from core.knowledge import BuildTable, Knowledge
from core.records import Build
from core.settings import load_settings
from core.tracking import Tracking
from pipelines.index import Grading, ungraded
from pipelines.nightly import nightly
from pipelines.stage import Stores, models_of

STEPS: dict[str, tuple[type, str]] = {
    "the lease is taken": (Leases, "take"),
    "the build is on record": (Builds, "create"),
    "rows are copied": (BuildTable, "copy_from"),
    "chunks are written": (BuildTable, "add"),
    "the table is indexed": (BuildTable, "build_indices"),
    "the build is staged": (Builds, "finish"),
    "the build is graded": (Builds, "grade"),
    "a change is replayed": (BuildTable, "put"),
    "the pointer has moved": (Sites, "promote"),
    "an old build is dropped on record": (Builds, "drop"),
    "its table is gone": (Knowledge, "drop"),
    "conversations are written": (Conversations, "write"),
}


def main(site: str, step: str) -> None:
    """The night up to the step."""
    settings = load_settings()
    database = open_database(settings.database_location)
    stores = Stores(database, Knowledge(settings.knowledge_location), Tracking(settings.tracking_location))
    models = models_of(settings)
    owner, name = STEPS[step]
    setattr(owner, name, _deadly(getattr(owner, name)))
    nightly(site, settings, stores, models, lambda *_: None, grade=_once_a_change_came(database))


def _deadly(step: Callable[..., Any]) -> Callable[..., Any]:
    """Does it, and lets the process do nothing more."""

    @wraps(step)
    def done(*args: Any, **kwargs: Any) -> None:
        step(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return done


def _once_a_change_came(database: Database) -> Grading:
    """So that there is something to be replayed."""

    def grade(build: Build, live: Build | None, run: str | None) -> Grade:
        deadline = time.monotonic() + 30
        while not database.changes.after(build.site, build.changes_applied):
            assert time.monotonic() < deadline, "nobody writes to the change log"
            time.sleep(0.02)
        return ungraded(build, live, run)

    return grade


if __name__ == "__main__":
    main(*sys.argv[1:])
