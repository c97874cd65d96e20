"""A corpus as a site, for as long as an evaluation takes: its table as the build, in a database that is thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.database import migrate, open_database
from core.embedder import load_encoder
from core.records import Build, BuildStatus
from core.settings import Settings
from evals.corpora import corpora_location, index_corpus


@contextmanager
def corpus_site(questions: Path, settings: Settings) -> Iterator[tuple[Build, Settings]]:
    """The build of the `corpus.jsonl` beside the questions, and the settings with which a desk finds it."""
    folder = questions if questions.is_dir() else questions.parent
    table = index_corpus(folder, settings, load_encoder(settings.embedding_model, settings)).name
    with TemporaryDirectory(prefix="corpus-site-") as home:
        here = settings.model_copy(
            update={"database_url": f"sqlite:///{home}/site.db", "knowledge_url": corpora_location(settings)}
        )
        migrate(here.database_location)
        build = Build(table, folder.resolve().name, table, BuildStatus.BUILDING, settings.embedding_model)
        database = open_database(here.database_location)
        try:
            database.sites.ensure(build.site)
            database.builds.create(build)
            yield build, here
        finally:
            database.close()
