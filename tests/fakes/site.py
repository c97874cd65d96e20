"""A small site with a live build, made without the pipelines: a few chunks, really embedded, really stored."""

from __future__ import annotations

from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir

from core.database import migrate, open_database
from core.embedder import load_encoder
from core.knowledge import Knowledge, to_batch
from core.records import Build, BuildStatus, Chunk, new_id
from core.settings import Settings

PAGES = {
    "hours.md": (
        "Opening hours",
        "The shop is open from nine to six on weekdays. On Saturdays we open at ten and close at four.",
    ),
    "returns.md": (
        "Returns",
        "You can return an unopened item within 30 days of delivery. Opened bags of coffee cannot be returned.",
    ),
    "warranty.md": (
        "Warranty",
        "Every espresso machine has a warranty of three years. The warranty does not cover limescale.",
    ),
    "shipping.md": (
        "Shipping",
        "Parcels leave our workshop within two working days. Shipping is free for orders over 45 euros.",
    ),
}


def furnish(home: Path, site: str = "demo") -> Settings:
    """Settings of a fresh home in which `site` answers from `PAGES`."""
    settings = Settings(_env_file=None, home=home)
    share_models(home)
    migrate(settings.database_location)
    promote(settings, PAGES, site)
    return settings


def promote(settings: Settings, pages: dict[str, tuple[str, str]], site: str = "demo") -> Build:
    """A new build of `pages`, live when this returns."""
    build = stage(settings, pages, site)
    with closing(open_database(settings.database_location)) as database:
        database.sites.promote(site, build.id, expected=database.sites.get(site).live_build, by="a test")
    return build


def stage(settings: Settings, pages: dict[str, tuple[str, str]], site: str = "demo") -> Build:
    """A new build of `pages` that has yet to be promoted."""
    build = Build(new_id(), site, f"{site}_{new_id()}", BuildStatus.BUILDING, settings.embedding_model)
    chunks = [_chunk(path, title, text) for path, (title, text) in pages.items()]
    vectors = load_encoder(settings.embedding_model, settings).encode([chunk.text for chunk in chunks])
    table = Knowledge(settings.knowledge_location).create(build.table, vectors.shape[1])
    table.add(to_batch(chunks, vectors))
    table.build_indices()
    with closing(open_database(settings.database_location)) as database:
        database.sites.ensure(site)
        database.builds.create(build)
        database.builds.finish(build.id, BuildStatus.STAGED, {}, {})
    return build


def share_models(home: Path) -> None:
    """Converting the embedding model takes seconds: all homes of a machine's tests share the result."""
    shared = Path(gettempdir()) / "frontdesk-test-models"
    shared.mkdir(exist_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    (home / "models").symlink_to(shared)


def _chunk(path: str, title: str, text: str) -> Chunk:
    digest = sha256(f"{path}{text}".encode()).hexdigest()
    return Chunk(digest, path, path, title, f"/pages/{path}", "", 0, text, len(text.split()), digest)
