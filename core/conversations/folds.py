"""Which files count: many small ones may have been folded into fewer, and are there still for those who read them.

A fold is `fold-DIGEST-1of2.parquet`, `…-2of2.parquet` and, written before them, `fold-DIGEST.json`, the names that it
stands for. It counts from the moment its last part is there, and from then on those names do not, whether they are
removed yet or not. So at no moment are turns in neither or in both. Of two folds of which one stands for all that the
other stands for, which two compactors could make at once, the larger one counts.

What is in no folder of a date, and what has none of these names, is not ours: it neither counts nor goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from itertools import groupby
from operator import attrgetter

from core.durable import Stored

_DATE = "date="
_FOLDER = re.compile(r"(feedback/)?date=(?P<day>\d{4}-\d\d-\d\d)")
_PART = re.compile(r"(?P<stem>.*/fold-[0-9a-f]{16})-\d+of(?P<parts>\d+)\.parquet")
_MANIFEST = re.compile(r".*/fold-[0-9a-f]{16}\.json")

Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Fold:
    """The files that stand for others, in one folder."""

    stem: str
    parts: tuple[Stored, ...]

    def replaced(self, read: Read) -> frozenset[str]:
        """What it stands for, and all that its own sources had stood for."""
        return frozenset(json.loads(read(manifest_name(self.stem))))

    def is_older(self, than: datetime) -> bool:
        """Whether it has counted since before then."""
        return max(part.changed_at for part in self.parts) < than


@dataclass(frozen=True, slots=True)
class Dated:
    """One date's folder: all that is listed in it, the Parquet files that count, and the folds that are whole."""

    folder: str
    listed: tuple[Stored, ...]
    counting: tuple[Stored, ...]
    folds: tuple[Fold, ...]

    @property
    def day(self) -> date:
        """The date, in UTC."""
        return date.fromisoformat(self.folder.rpartition(_DATE)[2])

    def useless(self, read: Read, before: datetime) -> list[str]:
        """What has counted for nothing since then: what folds stand for, and what is left of folds."""
        parts = {part.name for fold in self.folds for part in fold.parts}
        aged = [fold for fold in self.folds if fold.is_older(before)]
        replaced = _replaced(aged, read) if _is_mixed(self.listed, self.folds) else frozenset()
        stems = {stem for file in self.listed if (stem := stem_of(file))}
        kept = parts | {manifest_name(stem) for stem in stems} | {file.name for file in self.listed if is_loose(file)}
        left = {file.name for file in self.listed if file.changed_at < before and _is_of_a_fold(file)} - kept
        return sorted(left | (replaced & {file.name for file in self.listed}))


def by_date(stored: Iterable[Stored], read: Read) -> list[Dated]:
    """The dates of a listing, in order; FileNotFoundError where a fold was removed since: list again.

    A manifest is read only where something else lies beside its fold.
    """
    files = sorted((file for file in stored if _is_date(file.folder)), key=attrgetter("folder", "name"))
    return [_dated(folder, tuple(group), read) for folder, group in groupby(files, key=attrgetter("folder"))]


def new_stem(folder: str, sources: Sequence[Stored]) -> str:
    """The name of the fold of these files: the same for the same ones, so that a second attempt replaces the first."""
    digest = sha256("\0".join(sorted(file.name for file in sources)).encode()).hexdigest()[:16]
    return f"{folder}/fold-{digest}"


def part_name(stem: str, number: int, parts: int) -> str:
    """The n-th of so many; by the names alone it is known whether a fold is whole."""
    return f"{stem}-{number}of{parts}.parquet"


def manifest_name(stem: str) -> str:
    """The file with the names of what a fold stands for."""
    return f"{stem}.json"


def stem_of(file: Stored) -> str | None:
    """The fold that the file is a part of; None for any other."""
    match = _PART.fullmatch(file.name)
    return match["stem"] if match else None


def is_loose(file: Stored) -> bool:
    """Whether it holds rows and is no part of a fold."""
    return file.name.endswith(".parquet") and stem_of(file) is None


def _is_date(folder: str) -> bool:
    match = _FOLDER.fullmatch(folder)
    with suppress(ValueError):
        return match is not None and bool(date.fromisoformat(match["day"]))
    return False


def _is_of_a_fold(file: Stored) -> bool:
    return stem_of(file) is not None or _MANIFEST.fullmatch(file.name) is not None


def _dated(folder: str, listed: tuple[Stored, ...], read: Read) -> Dated:
    folds = _whole(listed)
    parts = {part.name for fold in folds for part in fold.parts}
    replaced = _replaced(folds, read) if _is_mixed(listed, folds) else frozenset()
    counting = [file for file in listed if (is_loose(file) or file.name in parts) and file.name not in replaced]
    return Dated(folder, listed, tuple(counting), folds)


def _whole(files: Iterable[Stored]) -> tuple[Fold, ...]:
    matched = [(match, file) for file in files if (match := _PART.fullmatch(file.name))]
    stems = groupby(matched, key=lambda each: (each[0]["stem"], int(each[0]["parts"])))
    found = [(stem, parts, tuple(file for _, file in group)) for (stem, parts), group in stems]
    return tuple(Fold(stem, group) for stem, parts, group in found if len(group) == parts)


def _is_mixed(listed: Iterable[Stored], folds: Sequence[Fold]) -> bool:
    """Whether anything may be replaced: there are folds, and more than one of them alone."""
    return len(folds) > 1 or (len(folds) == 1 and any(is_loose(file) for file in listed))


def _replaced(folds: Iterable[Fold], read: Read) -> frozenset[str]:
    """What they stand for, and the parts of those for which a larger one stands."""
    told = [(fold.replaced(read), fold) for fold in folds]
    contained = [fold for names, fold in told if any(names < others for others, _ in told)]
    parts = frozenset(part.name for fold in contained for part in fold.parts)
    return parts.union(*(names for names, _ in told))
