"""A site as an operator sets it up: its row, its first source, and the files of its own folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.database import Database
from core.errors import InvalidInputError, NotFoundError
from core.records import Site
from core.settings import Settings
from pipelines.sources import WHAT_TO_NAME, is_web, list_files, redacted
from pipelines.web import web_source

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_POLICY = """\
# What the assistant on this site is for

The assistant helps visitors with what this site's own pages are about: its products, services and how to use them.

It does not give medical, legal or financial advice, does not compare with other providers, and does not take on
tasks that have nothing to do with this site.

It answers only from the site's pages. Where they say nothing, it says so. It promises nothing that is not on a page.
"""


@contextmanager
def registering(database: Database, site: str, source: str, base_url: str | None) -> Iterator[Site]:
    """The site with this source, both created where they are new; InvalidInputError where either cannot be.

    A new source is taken back when the block raises: one that never gave a build must not stand in the way of others.
    """
    if not _NAME.fullmatch(site):
        raise InvalidInputError(f"{site!r} is no name for a site: use a-z, 0-9, - and _.", param="site")
    place = _absolute(source)
    if not is_web(place):  # a website is asked when it is indexed
        list_files(place)  # before anything is registered
    registered = database.sites.ensure(site)
    known = {each.id for each in database.sources.of(site)}
    its = database.sources.ensure(site, place, base_url)
    try:
        yield registered
    except BaseException:
        if its.id not in known:
            database.sources.remove(its.id)
        raise


def forget(database: Database, site: str, source: str) -> None:
    """Removes a source from a site; NotFoundError names those that it has."""
    registered = {each.uri: each.id for each in database.sources.of(database.sites.get(site).id)}
    named = registered.get(source) or registered.get(_absolute(source))
    if named is None:
        has = ", ".join(map(redacted, registered)) or "none"
        raise NotFoundError(f"Site {site} has no source {redacted(source)}: it has {has}.")
    database.sources.remove(named)


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """The texts of a site's own folder; None leaves what is there."""

    policy: str | None
    golden: str | None


def read_files(policy: Path | None, golden: Path | None) -> SiteFiles:
    """The files that are given, read before anything is changed."""
    return SiteFiles(_text(policy) if policy else None, _text(golden) if golden else None)


def furnish(settings: Settings, site: str, files: SiteFiles) -> None:
    """The site's folder, with the files that are given, and a policy to start from where there is none yet."""
    folder = settings.site_folder(site)
    folder.mkdir(parents=True, exist_ok=True)
    if files.policy is not None or not (folder / "policy.md").exists():
        write_whole(folder / "policy.md", files.policy or _POLICY)
    if files.golden is not None:
        write_whole(folder / "golden.jsonl", files.golden)


def _absolute(source: str) -> str:
    """The same place for a later run from another folder."""
    if not source.strip():
        raise InvalidInputError(f"SOURCE is empty: name {WHAT_TO_NAME}.", param="source")
    if is_web(source):
        return web_source(source)
    return source.rstrip("/") if "://" in source else os.path.abspath(Path(source).expanduser())  # noqa: PTH100


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} cannot be read as text: {error}") from error


def write_whole(path: Path, text: str) -> None:
    """The file's text, whole or not at all, as others read it while we write."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
