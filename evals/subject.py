"""What is evaluated: a build, the corpus that it holds, and all else that shapes what comes out.

Two evaluations with the same conditions would find the same, so that one of them can be spared.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.database import Database, named_build, open_database
from core.knowledge import WEIGHTS
from core.records import Build, Site
from core.settings import Settings

_CODE = ("core", "evals", "pipelines", "serving")


@dataclass(frozen=True, slots=True)
class Subject:
    """A build, and the fingerprint of its corpus: what two builds must share to be compared."""

    build: Build
    corpus: str
    site: Site

    def meta(self) -> dict[str, Any]:
        """What results say of the build that they are about."""
        return {
            "site": self.build.site,
            "build": self.build.id,
            "changes_applied": self.build.changes_applied,
            "corpus_fingerprint": self.corpus,
            **shape_of(self.build),
            "fusion": fusion_of(WEIGHTS),
            "code": code_version(),
        }


def shape_of(build: Build) -> dict[str, Any]:
    """The settings that a person tells builds apart by."""
    shape = {name: build.settings.get(name) for name in ("chunk_tokens", "chunk_overlap")}
    return {name: value for name, value in shape.items() if value is not None} | {
        "embedding_model": build.embedding_model
    }


def subject_of(build: Build, database: Database) -> Subject:
    """A site's build. Its corpus is the sources it was made of: the same one however their pages change.

    What the change log put there counts as page, not as source.
    """
    put = database.changes.standing(build.site).put
    sources = sorted({file.source for file in database.builds.files(build.id) if file.id not in put})
    return Subject(build, digest(build.site, *sources), database.sites.get(build.site))


def fusion_of(weights: tuple[float, float]) -> str:
    """Those of the two searches, as results say it."""
    return "dense {:g}, text {:g}".format(*weights)


def chosen(site: str, build: str, settings: Settings) -> Subject:
    """The site's build called `live`, `staged`, `previous`, or by its id."""
    with closing(open_database(settings.database_location)) as database:
        return subject_of(named_build(database, site, build), database)


def corpus_of(folder: Path) -> str:
    """The fingerprint of a `corpus.jsonl`: its content."""
    return sha256((folder / "corpus.jsonl").read_bytes()).hexdigest()[:16]


def digest(*parts: str) -> str:
    """16 hex digits that are the same for the same texts."""
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


@cache
def code_version() -> str:
    """A digest of the code that searches, answers and measures: a newer Frontdesk measures again."""
    root = Path(__file__).parents[1]
    files = sorted(file for package in _CODE for file in (root / package).rglob("*.py"))
    return digest(*(sha256(file.read_bytes()).hexdigest() for file in files))[:8]
