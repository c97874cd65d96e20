"""The workshop: every question about a site's answers as one call, on any of its builds and in this process.

A `Lab` is bound to the settings of one home and to one site; `from evals import lab` gives its methods as functions
for the project's own. Each returns a frame or something that shows itself, and none prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path

import polars as pl

from core.database import open_database
from core.knowledge import WEIGHTS
from core.records import Build, Document, Message
from core.settings import Settings
from evals.builds import site_build
from evals.lab import asking, contents, preview, searching
from evals.lab.asking import Answer
from evals.lab.experimented import Experiment
from evals.lab.grid import Grid
from evals.lab.place import notebook_settings
from evals.lab.preview import ChunkPreview
from evals.lab.sample import SITE
from evals.lab.sample import sample as indexed_sample
from evals.lab.searching import Found, Weights
from evals.readers import Task, read_task

Questions = Path | Task | None


class Lab:
    """What a data scientist asks of one site. `build` is `live`, `staged`, `previous`, an id or an end of one."""

    def __init__(self, settings: Settings | None = None, site: str | None = None) -> None:
        self._given = settings
        self._site = site

    @cached_property
    def settings(self) -> Settings:
        """Those that were given, else the project's own."""
        return self._given or notebook_settings()

    @property
    def site(self) -> str:
        """The site that is meant where none is named."""
        return self._site or self.settings.site

    def sample(self) -> Lab:
        """A lab of the sample site, which is indexed in a home of its own if it is not yet."""
        return Lab(indexed_sample(self.settings), SITE)

    def builds(self, site: str | None = None) -> pl.DataFrame:
        """The site's builds, newest first, with what they were made with."""
        with closing(open_database(self.settings.database_location)) as database:
            return contents.builds(database, site or self.site)

    def search(
        self,
        question: str,
        *,
        site: str | None = None,
        build: str = "live",
        weights: Weights = WEIGHTS,
        passages: int | None = None,
        history: Sequence[Message] = (),
    ) -> Found:
        """The passages for a question with their dense, full-text and fused scores; `weights` are (dense, text)."""
        chosen = self._build(site, build)
        return searching.search(
            question, chosen, self.settings, weights=weights, passages=passages, history=history
        )

    def ask(
        self,
        question: str,
        *,
        site: str | None = None,
        build: str = "live",
        model: str | None = None,
        passages: int | None = None,
        history: Sequence[Message] = (),
    ) -> Answer:
        """The agent's answer; `model` as in FRONTDESK_MODEL, else the site's own. It leaves no trace in the database."""
        chosen = self._build(site, build)
        return asking.ask(question, chosen, self.settings, model=model, passages=passages, history=history)

    def chunk_preview(
        self, what: str | Path | Document, *, tokens: int | None = None, overlap: int | None = None
    ) -> ChunkPreview:
        """How a document, file, folder or glob would be cut into chunks, as a map and as a frame."""
        return preview.chunk_preview(what, self.settings, tokens=tokens, overlap=overlap)

    def files(self, *, site: str | None = None, build: str = "live") -> pl.DataFrame:
        """Every file that a build met, with what became of it."""
        return contents.files(self._build(site, build), self.settings)

    def chunks(self, *, site: str | None = None, build: str = "live") -> pl.DataFrame:
        """Every chunk of a build."""
        return contents.chunks(self._build(site, build), self.settings)

    def duplicates(self, *, site: str | None = None, build: str = "live", alike: float = 0.95) -> pl.DataFrame:
        """Pairs of chunks on different pages that say much the same, by the cosine of their vectors."""
        return contents.duplicates(self._build(site, build), self.settings, alike=alike)

    def experiment(self, grid: Grid, questions: Questions = None, *, site: str | None = None) -> Experiment:
        """Every combination of `chunk_tokens`, `chunk_overlap`, `weights` and `embedding_model`, the first as baseline.

        A cell that was computed before is not computed again. `questions` are the site's golden ones where none are
        given, else a file or folder of them, or a Task.
        """
        from evals.lab.experiment import experiment

        named = site or self.site
        return experiment(grid, self._task(questions, named), named, self.settings)

    def _task(self, questions: Questions, site: str) -> Task:
        if isinstance(questions, Task):
            return questions
        return read_task(questions or self.settings.site_folder(site) / "golden.jsonl")

    def _build(self, site: str | None, build: str) -> Build:
        return site_build(site or self.site, self.settings, build)
