"""Which files count: many small ones may have been folded into fewer, and are there still for those who read them.

A fold is `fold-DIGEST-1of2.parquet`, `…-2of2.parquet` and, written before them, `fold-DIGEST.json`, the names that it
stands for. It counts from the moment its last part is there, and from then on those names do not, whether they are
removed yet or not. So at no moment are turns in neither or in both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import attrgetter

from core.durable import Stored

_PART = re.compile(r"(?P<stem>.*/fold-[0-9a-f]{16})-(?P<number>\d+)of(?P<parts>\d+)\.parquet")

Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Fold:
    """The files that stand for others, in one folder."""

    stem: str
    parts: tuple[Stored, ...]

    @property
    def manifest(self) -> str:
        """The file with the names of what it stands for."""
        return f"{self.stem}.json"

    def replaced(self, read: Read) -> frozenset[str]:
        """What it stands for, and all that its own sources had stood for."""
        return frozenset(json.loads(read(self.manifest)))


@dataclass(frozen=True, slots=True)
class Dated:
    """The Parquet files of one date: those that count, and the whole folds among those that were listed."""

    folder: str
    counting: tuple[Stored, ...]
    folds: tuple[Fold, ...]


def by_date(stored: Iterable[Stored], read: Read) -> list[Dated]:
    """The dates of a listing, in order; FileNotFoundError where a fold was removed since: list again.

    A manifest is read only where something else lies beside its fold.
    """
    files = sorted((file for file in stored if file.name.endswith(".parquet")), key=attrgetter("name"))
    return [_dated(folder, tuple(group), read) for folder, group in groupby(files, key=attrgetter("folder"))]


def new_stem(folder: str, sources: Sequence[Stored]) -> str:
    """The name of the fold of these files: the same for the same ones, so that a second attempt replaces the first."""
    digest = sha256("\0".join(sorted(file.name for file in sources)).encode()).hexdigest()[:16]
    return f"{folder}/fold-{digest}"


def part_name(stem: str, number: int, parts: int) -> str:
    """The n-th of so many; by the names alone it is known whether a fold is whole."""
    return f"{stem}-{number}of{parts}.parquet"


def is_loose(file: Stored) -> bool:
    """Whether it is no part of a fold."""
    return _PART.fullmatch(file.name) is None


def _dated(folder: str, files: tuple[Stored, ...], read: Read) -> Dated:
    folds = _whole(files)
    parts = {part.name for fold in folds for part in fold.parts}
    candidates = tuple(file for file in files if is_loose(file) or file.name in parts)
    if not folds or (len(folds) == 1 and len(candidates) == len(parts)):
        return Dated(folder, candidates, folds)
    replaced = frozenset().union(*(fold.replaced(read) for fold in folds))
    return Dated(folder, tuple(file for file in candidates if file.name not in replaced), folds)


def _whole(files: Iterable[Stored]) -> tuple[Fold, ...]:
    matched = [(match, file) for file in files if (match := _PART.fullmatch(file.name))]
    stems = groupby(matched, key=lambda each: (each[0]["stem"], int(each[0]["parts"])))
    found = [(stem, parts, tuple(file for _, file in group)) for (stem, parts), group in stems]
    return tuple(Fold(stem, files) for stem, parts, files in found if len(files) == parts)
