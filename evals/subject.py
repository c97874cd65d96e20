"""What is evaluated: a build, the corpus that it holds, and all else that shapes what comes out.

Two evaluations with the same conditions would find the same, so that one of them can be spared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.database import Database, open_database
from core.errors import NotFoundError
from core.knowledge import WEIGHTS
from core.records import Build
from core.settings import Settings

_CODE = ("core", "evals", "pipelines", "serving")


@dataclass(frozen=True, slots=True)
class Subject:
    """A build, and the fingerprint of its corpus: what two builds must share to be compared."""

    build: Build
    corpus: str
    model: str | None = None  # of the site, where it has one of its own

    def meta(self) -> dict[str, Any]:
        """What results say of the build that they are about."""
        shape = {name: self.build.settings.get(name) for name in ("chunk_tokens", "chunk_overlap")}
        return {
            "site": self.build.site,
            "build": self.build.id,
            "changes_applied": self.build.changes_applied,
            "corpus_fingerprint": self.corpus,
            **{name: value for name, value in shape.items() if value is not None},
            "embedding_model": self.build.embedding_model,
            "fusion": "dense {:g}, text {:g}".format(*WEIGHTS),
            "code": _code(),
        }


def subject_of(build: Build, database: Database) -> Subject:
    """A site's build. Its corpus is the sources it was made of: the same one however their pages change.

    What the change log put there counts as page, not as source.
    """
    put = database.changes.standing(build.site).put
    sources = sorted({file.source for file in database.builds.files(build.id) if file.id not in put})
    return Subject(build, digest(build.site, *sources), database.sites.get(build.site).model)


def chosen(site: str, build: str | None, settings: Settings) -> Subject:
    """The build of that id if it is the site's, else the live one."""
    database = open_database(settings.database_location)
    try:
        return subject_of(_chosen(site, build, database), database)
    finally:
        database.close()


def live_build(site: str, settings: Settings) -> Build:
    """The build that answers on a site; a site without one is an error that names the command."""
    return chosen(site, None, settings).build


def corpus_of(folder: Path) -> str:
    """The fingerprint of a `corpus.jsonl`: its content."""
    return sha256((folder / "corpus.jsonl").read_bytes()).hexdigest()[:16]


def digest(*parts: str) -> str:
    """16 hex digits that are the same for the same texts."""
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


def _chosen(site: str, build: str | None, database: Database) -> Build:
    live = database.sites.get(site).live_build
    if build is None and live is None:
        raise NotFoundError(f"Site {site} has no live build. Make one: python -m pipelines index SOURCE --site {site}")
    found = database.builds.get(build or live or "")
    if found.site != site:
        raise NotFoundError(f"Build {found.id} belongs to site {found.site}, not to {site}.")
    return found


@cache
def _code() -> str:
    """A digest of the code that searches, answers and measures: a newer Frontdesk measures again."""
    root = Path(__file__).parents[1]
    files = sorted(file for package in _CODE for file in (root / package).rglob("*.py"))
    return digest(*(sha256(file.read_bytes()).hexdigest() for file in files))[:8]
