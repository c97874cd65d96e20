"""Compaction: the many small files of an export become few, and those they stand for go once nobody reads them.

A date that is over becomes one fold; today's small files become one whenever they are many. Readers meet the old files
or the new ones, at no moment neither or both: core/conversations/folds.py says how. One process at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import perf_counter

from rich.table import Table

from core.conversations import Conversations
from core.conversations.folds import Dated, is_loose, stem_of
from core.conversations.schema import RATINGS, TURNS
from core.database import Database
from core.durable import Stored
from core.records import now
from pipelines.fold import Folded, fold
from pipelines.lease import Still, held

LEASE = "compaction of conversations"
_MANY = 100  # small files of a date that is not over: an export every ten seconds writes them in a quarter of an hour
_SHOWN = 20  # dates on the terminal

Watch = Callable[[int, int], None]  # how many dates are done, of how many


def _always() -> None:
    """For who needs no lease."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What one round did."""

    folded: Sequence[Folded]
    removed: int
    files: int  # that count now
    seconds: float

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.folded or self.removed)

    def figures(self) -> dict[str, float]:
        """Counts and seconds, by flat names."""
        done = [each for each in self.folded if not each.left]
        return {
            "dates/folded": len(done),
            "dates/left": len(self.folded) - len(done),
            "files/before": sum(each.files for each in done),
            "files/after": sum(each.parts for each in done),
            "files/removed": self.removed,
            "files/counting": self.files,
            "rows": sum(each.rows for each in done),
            "seconds/total": round(self.seconds, 3),
        }

    def to_json(self, location: str) -> str:
        """The one object that `--json` prints."""
        return json.dumps({"figures": self.figures(), "intervals": {}, "meta": {"conversations": location}})

    def table(self, location: str) -> Table:
        """The dates that were folded, and what there is now."""
        table = Table("date", "files", "rows", "became", caption=self._caption(location), caption_justify="left")
        for each in self.folded[:_SHOWN]:
            table.add_row(each.folder, f"{each.files:,}", f"{each.rows:,}", each.left or f"{each.parts:,}")
        if len(self.folded) > _SHOWN:
            table.add_row(f"and {len(self.folded) - _SHOWN} more", "", "", "")
        return table

    def _caption(self, location: str) -> str:
        removed = f"{self.removed:,} files that had been folded earlier were removed. " if self.removed else ""
        return f"{removed}Files that count in {location}: {self.files:,}. It took {self.seconds:.1f} s."


def compact(database: Database, conversations: Conversations, grace: timedelta, watch: Watch) -> Compaction:
    """Removes what has had its grace, then folds; ConflictError where another process is at it."""
    with held(database, LEASE) as still:
        began = perf_counter()
        removed = sweep(conversations, now() - grace, still)
        folded = fold_dates(conversations, now().date(), watch, still)
        files = sum(len(each.counting) for each in conversations.dates())
        return Compaction(folded, removed, files, perf_counter() - began)


def fold_dates(conversations: Conversations, today: date, watch: Watch, still: Still = _always) -> list[Folded]:
    """Folds each date that has more files than it needs; one with files that it cannot fold stays as it is."""
    chosen = [(each, sources) for each in conversations.dates() if (sources := _sources(each, today))]
    folded: list[Folded] = []
    for each, sources in chosen:
        kind = RATINGS if RATINGS.holds(each.folder) else TURNS
        folded.append(fold(conversations.store, each, sources, kind, still))
        watch(len(folded), len(chosen))
    return folded


def sweep(conversations: Conversations, before: datetime, still: Still = _always) -> int:
    """Removes the files that have counted for nothing since then; how many. What a crash leaves, the next one takes."""
    store = conversations.store
    useless = [name for each in conversations.dates() for name in each.useless(store.read, before)]
    for name in useless:
        still()
        store.remove(name)
    return len(useless)


def _sources(each: Dated, today: date) -> Sequence[Stored]:
    """What is to be folded of a date; nothing where there is one file, or one fold, already."""
    loose = [file for file in each.counting if is_loose(file)]
    if each.day >= today:
        return loose if len(loose) >= _MANY else ()
    folds = {stem_of(file) for file in each.counting} - {None}
    return each.counting if len(loose) + len(folds) > 1 else ()
