"""A site for benches in a home of its own: the sample's Markdown pages, indexed without the pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.database import migrate, open_database
from core.embedder import load_encoder, load_tokenizer
from core.knowledge import Knowledge, to_batch
from core.records import Build, BuildStatus, Document, new_id
from core.settings import Settings
from pipelines.chunk import chunk, embedded_text

SITE = "bench"


def furnished(home: Path, settings: Settings, pages: Path) -> dict[str, Any]:
    """What to set for servers that answer from `pages` and touch nothing but `home`."""
    models = settings.home.absolute() / "models"  # converted once, for benches too
    models.mkdir(parents=True, exist_ok=True)
    (home / "models").symlink_to(models)
    overrides: dict[str, Any] = {
        "home": home,
        "site": SITE,
        "database_url": f"sqlite:///{home / 'bench.db'}",
        "knowledge_url": str(home / "knowledge"),
        "embedding_model": settings.embedding_model,
    }
    own = Settings(**overrides)
    migrate(own.database_location)
    database = open_database(own.database_location)
    database.sites.ensure(SITE)
    build = Build(new_id(), SITE, "pages", BuildStatus.BUILDING, settings.embedding_model)
    database.builds.create(build)
    _index(own, pages, build.table)
    database.builds.finish(build.id, BuildStatus.STAGED, {}, {})
    database.sites.promote(SITE, build.id, expected=None, by="bench")
    database.close()
    return overrides


def _index(settings: Settings, pages: Path, table: str) -> None:
    tokenizer = load_tokenizer(settings.embedding_model, settings)
    documents = [
        Document(page.stem, SITE, page.name, page.stem, f"/{page.name}", page.read_text(encoding="utf-8"), "")
        for page in sorted(pages.rglob("*.md"))
    ]
    size = {"tokens": settings.chunk_tokens, "overlap": settings.chunk_overlap}
    chunks = [piece for document in documents for piece in chunk(document, tokenizer, **size)]
    texts = [embedded_text(piece.title, piece.heading, piece.text) for piece in chunks]
    vectors = load_encoder(settings.embedding_model, settings).encode(texts)
    created = Knowledge(settings.knowledge_location).create(table, vectors.shape[1])
    created.add(to_batch(chunks, vectors))
    created.build_indices()
