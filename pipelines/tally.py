"""What an indexing has done so far: counts, seconds per stage, and the files that gave no document.

Knows no display.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter, time

from pipelines.rows import Note


class Tally:
    """Adds up notes and stages. Reading and embedding run side by side, so their seconds are work, not waiting."""

    def __init__(self) -> None:
        self.counts = Counter(
            {"documents/added": 0, "documents/ignored": 0, "documents/failed": 0, "chunks/embedded": 0}
        )
        self.counts["chunks/reused"] = 0
        self.seconds: dict[str, float] = {"start": 0.0, "read": 0.0, "embed": 0.0}
        self.refused: list[Note] = []
        self.added_from: Counter[str] = Counter()  # documents by source
        self.chunks_read = 0
        self._began = time()
        self._started = perf_counter()

    @property
    def total_seconds(self) -> float:
        """Since it began to count."""
        return perf_counter() - self._started

    @property
    def documents(self) -> int:
        """Files that are done with, however it went."""
        return self.counts["documents/added"] + len(self.refused)

    def add(self, notes: Iterable[Note]) -> None:
        """Counts what a stage says it did."""
        for note in notes:
            self.seconds[note.stage] += note.seconds
            if note.stage == "embed":
                self._add_batch(note)
            else:
                self._add_file(note)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the seconds that the block takes to a stage."""
        started = perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + perf_counter() - started

    def _add_batch(self, batch: Note) -> None:
        """The first batch ends the start: until then Ray and the model were on their way."""
        self.counts["chunks/embedded"] += batch.chunks
        start = max(0.0, batch.began - self._began)
        self.seconds["start"] = min(self.seconds["start"] or start, start)

    def _add_file(self, file: Note) -> None:
        self.counts[f"documents/{file.outcome}"] += 1
        if file.outcome == "added":
            self.added_from[file.source] += 1
            self.chunks_read += file.chunks
        else:
            self.refused.append(file)
