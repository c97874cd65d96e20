"""A site as an operator sets it up: its row, its first source, and the files of its own folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.database import Database
from core.errors import InvalidInputError
from core.records import Site
from core.settings import Settings
from pipelines.sources import list_files

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_POLICY = """\
# What the assistant on this site is for

The assistant helps visitors with what this site's own pages are about: its products, services and how to use them.

It does not give medical, legal or financial advice, does not compare with other providers, and does not take on
tasks that have nothing to do with this site.

It answers only from the site's pages. Where they say nothing, it says so. It promises nothing that is not on a page.
"""


def register(database: Database, site: str, source: str, base_url: str | None) -> Site:
    """The site with this source, both created where they are new; InvalidInputError where either cannot be."""
    if not _NAME.fullmatch(site):
        raise InvalidInputError(f"{site!r} is no name for a site: use a-z, 0-9, - and _.", param="site")
    place = _absolute(source)
    list_files(place)  # before anything is registered
    registered = database.sites.ensure(site)
    database.sources.ensure(site, place, base_url)
    return registered


def furnish(settings: Settings, site: str, policy: Path | None, golden: Path | None) -> None:
    """The site's folder, with the files that are given, and a policy to start from where there is none yet."""
    folder = settings.site_folder(site)
    folder.mkdir(parents=True, exist_ok=True)
    if policy or not (folder / "policy.md").exists():
        _write(folder / "policy.md", _text(policy) if policy else _POLICY)
    if golden:
        _write(folder / "golden.jsonl", _text(golden))


def _absolute(source: str) -> str:
    """The same place for a later run from another folder."""
    return source.rstrip("/") if "://" in source else os.path.abspath(Path(source).expanduser())  # noqa: PTH100


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} cannot be read as text: {error}") from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all: the server reads it while we write."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
