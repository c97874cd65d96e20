"""What an indexing has done so far: counts, seconds per stage, and the files that it met.

Knows no display.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter, time

from core.records import IndexedFile
from pipelines.rows import Note

_COUNTS = ("added", "changed", "deleted", "unchanged", "ignored", "failed")


class Tally:
    """Adds up notes and stages. Reading and embedding run side by side, so their seconds are work, not waiting."""

    def __init__(self) -> None:
        self.counts = Counter({f"documents/{name}": 0 for name in _COUNTS} | {"chunks/embedded": 0, "chunks/reused": 0})
        self.measured: dict[str, float] = {}  # of the build's table, by flat names
        self.seconds: dict[str, float] = {"fetch": 0.0, "start": 0.0, "read": 0.0, "embed": 0.0}
        self.indexed: list[IndexedFile] = []
        self.read = 0  # files
        self.fetched = 0  # pages asked for
        self._changed: Collection[str] = ()
        self._began = time()
        self._started = perf_counter()

    @property
    def outcome(self) -> dict[str, float]:
        """Counts and measures, for the build's record."""
        return {**self.counts, **self.measured}

    @property
    def total_seconds(self) -> float:
        """Since it began to count."""
        return perf_counter() - self._started

    @property
    def refused(self) -> list[IndexedFile]:
        """The files that gave no document."""
        return [file for file in self.indexed if file.outcome != "added"]

    @property
    def chunks(self) -> int:
        """How many the build's table is to hold."""
        return sum(file.chunks for file in self.indexed)

    def keep(self, files: Iterable[IndexedFile]) -> None:
        """Counts files that are as an earlier build has them."""
        for file in files:
            self.indexed.append(file)
            self.counts[f"documents/{'unchanged' if file.outcome == 'added' else file.outcome}"] += 1
            self.counts["chunks/reused"] += file.chunks

    def expect(self, changed: Collection[str]) -> None:
        """Tells the ids of documents that an earlier build holds in another form."""
        self._changed = changed

    def delete(self, files: Collection[IndexedFile]) -> None:
        """Counts documents that an earlier build has and this one has not."""
        self.counts["documents/deleted"] += len(files)

    def add(self, notes: Iterable[Note]) -> None:
        """Counts what a stage says it did."""
        for note in notes:
            self.seconds[note.stage] += note.seconds
            if note.file is None:
                self._add_batch(note)
            else:
                self._add_file(note.file)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the seconds that the block takes to a stage."""
        started = perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + perf_counter() - started

    def _add_batch(self, batch: Note) -> None:
        """The first batch ends the start: until then Ray and the model were on their way."""
        self.counts["chunks/embedded"] += batch.embedded
        self.counts["chunks/reused"] += batch.reused
        start = max(0.0, batch.began - self._began - self.seconds["fetch"])
        self.seconds["start"] = min(self.seconds["start"] or start, start)

    def _add_file(self, file: IndexedFile) -> None:
        self.read += 1
        self.indexed.append(file)
        is_changed = file.outcome == "added" and file.id in self._changed
        self.counts[f"documents/{'changed' if is_changed else file.outcome}"] += 1
