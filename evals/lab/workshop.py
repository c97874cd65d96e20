"""The workshop: every question about a site's answers as one call, on any of its builds and in this process.

A `Lab` is bound to the settings of one home and to one site; `from evals import lab` gives its methods as functions
for the project's own. Each returns a frame or something that shows itself, and none prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from duckdb import DuckDBPyRelation

from core.conversations import conversations
from core.database import open_database
from core.embedder import load_encoder
from core.knowledge import WEIGHTS, Knowledge
from core.records import Build, Document, Message, Rating
from core.settings import Settings
from core.traces import trace_of
from evals.builds import site_build
from evals.lab import asking, contents, preview, searching
from evals.lab.arguments import Weights, place
from evals.lab.asking import Answer
from evals.lab.experimented import Experiment
from evals.lab.grid import Grid
from evals.lab.place import data, notebook_settings
from evals.lab.preview import ChunkPreview
from evals.lab.sample_site import SITE, fresh_sample
from evals.lab.sample_site import sample as indexed_sample
from evals.lab.searching import Found
from evals.readers import Task, read_task

if TYPE_CHECKING:
    from evals.lab.explained import Explanation
    from evals.lab.gathering import Gaps
    from evals.lab.golden import Label
    from evals.lab.measured import Measured
    from evals.lab.replaying import Replay

Questions = str | Path | Task | None
ALIKE = 0.55  # mean cosine, of the packaged model, from which two groups of questions are one gap


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

    def sample(self, *, copy: str | None = None) -> Lab:
        """A lab of the sample site, indexed in a home of its own if it is not yet; a `copy` is made anew each time.

        A copy has pages of its own, in the folder `pages` of its home.
        """
        return Lab(fresh_sample(self.settings, copy) if copy else indexed_sample(self.settings), SITE)

    def simulated(self, *, turns: int = 40_000, days: int = 84, sites: int = 4) -> Lab:
        """A lab with simulated conversations and no site: `site-01` has most of them."""
        from evals.lab.simulating import simulated
        from evals.simulation.plan import Plan

        return Lab(simulated(Plan(turns, days, sites), self.settings), "site-01")

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
        return searching.search(question, chosen, self.settings, weights=weights, passages=passages, history=history)

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
        """The agent's answer; `model` as in FRONTDESK_MODEL, else the site's own. Nothing of it is stored."""
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

    def explain(self, turn: str | Answer) -> Explanation:
        """Why a turn was answered as it was: one of `ask`, or by its id from the database, else from Parquet."""
        from evals.lab.explaining import explain
        from evals.lab.turns import Kept, kept_turn

        if isinstance(turn, Answer):
            return explain(Kept(turn.turn, turn.before, "this notebook"), self.settings)
        return explain(kept_turn(turn, self.settings), self.settings, trace_of(turn, self.settings))

    def retrieval(self, questions: Questions = None, *, site: str | None = None, build: str = "live") -> Measured:
        """How well a build finds the evidence of questions; or, of a folder with a `corpus.jsonl`, that corpus."""
        from evals.lab.measuring import measured_corpus, measured_retrieval

        if isinstance(questions, str | Path) and (Path(questions) / "corpus.jsonl").exists():
            return measured_corpus(Path(questions), self.settings)
        named = site or self.site
        return measured_retrieval(self._task(questions, named), named, build, self.settings)

    def answers(
        self,
        questions: Questions = None,
        *,
        site: str | None = None,
        build: str = "live",
        judge: str | None = None,
        judgements: int = 3,
        most: int | None = None,
    ) -> Measured:
        """How well the agent answers questions, or at most so many of them; `judge` as in FRONTDESK_JUDGE_MODEL."""
        from evals.lab.measuring import measured_answers, some

        named = site or self.site
        task = some(self._task(questions, named), most)
        return measured_answers(task, named, build, self.settings, judge=judge, judgements=judgements)

    def groundedness(self, rated: Path) -> Measured:
        """How well our score of groundedness agrees with people, with intervals; takes a minute."""
        from evals.lab.measuring import measured_groundedness

        return measured_groundedness(rated, self.settings)

    def rated(self, rated: Path, *, most: int | None = None) -> pl.DataFrame:
        """At most so many answers that people rated, each with our score and what other judges said."""
        from evals.lab.measuring import rated_answers

        return rated_answers(rated, most, self.settings)

    def data(self, name: str) -> Path | None:
        """A folder of public data, such as `scifact`; None where it is not at hand."""
        return data(name, self.settings)

    def pocket(self, folder: str | Path, *, documents: int = 400, questions: int = 100) -> Path:
        """A small part of a corpus and of its questions that is indexed while you wait; its figures flatter."""
        from evals.lab.pockets import pocket

        return pocket(place(folder, "folder"), documents, questions, self.settings)

    def conversations(self) -> DuckDBPyRelation:
        """Every ended turn of all sites as of now, exported or not; `core.conversations.views` asks it."""
        return conversations(self.settings)

    def gaps(self, *, site: str | None = None, last: int | None = None, alike: float = ALIKE) -> Gaps:
        """What visitors asked in vain, of all turns or the last ones: declined or disliked, gathered by meaning."""
        from evals.lab.gathering import gathered, turns_in_vain

        named = site or self.site
        encoder = load_encoder(self.settings.embedding_model, self.settings)
        return gathered(named, turns_in_vain(self.conversations(), named, last), encoder, alike)

    def visit(
        self, *questions: str, rating: Rating | None = None, comment: str = "", site: str | None = None
    ) -> pl.DataFrame:
        """Asks as visitors would, each question by somebody else: kept, and rated by all of them alike, if at all."""
        from evals.lab.visiting import opinion_of, visit

        return visit(questions, site or self.site, self.settings, opinion_of(rating, comment))

    def stage(self, site: str | None = None) -> pl.DataFrame:
        """A new build of what changed in the site's sources, graded and not yet live; the builds with it."""
        from evals.lab.releasing import stage

        stage(site or self.site, self.settings)
        return self.builds(site)

    def promote(self, build: str = "staged", *, site: str | None = None) -> pl.DataFrame:
        """Lets a build answer from now on; the builds with it."""
        from evals.lab.releasing import promote

        promote(self._build(site, build), self.settings)
        return self.builds(site)

    def label(
        self,
        question: str,
        *,
        answers: Sequence[str] = (),
        evidence: Sequence[str] = (),
        site: str | None = None,
        build: str = "live",
    ) -> Label:
        """A question with its gold, checked against a build; without answers and evidence it cannot be answered."""
        from evals.lab.golden import label

        table = Knowledge(self.settings.knowledge_location).open(self._build(site, build).table)
        return label(question, answers, evidence, table)

    def add_golden(self, *labels: Label, site: str | None = None) -> pl.DataFrame:
        """Appends labels to the site's golden questions, all or none; what it has already is refused."""
        from evals.lab.golden import add_golden

        with closing(open_database(self.settings.database_location)) as database:
            named = database.sites.get(site or self.site)  # a name that is mistyped is no new site
        return add_golden(self._golden(named.id), labels)

    def replay(
        self, *, site: str | None = None, build: str = "staged", against: str = "live", last: int = 100
    ) -> Replay:
        """The last questions of visitors on two builds: what flips?"""
        from evals.lab.replaying import replayed

        return replayed(site or self.site, self.settings, build=build, against=against, last=last)

    def experiment(self, grid: Grid, questions: Questions = None, *, site: str | None = None) -> Experiment:
        """Every combination of `chunk_tokens`, `chunk_overlap`, `weights` and `embedding_model`, the first as baseline.

        A cell that was computed before is not computed again. `questions` are the site's golden ones where none are
        given, else a file or folder of them, or a Task.
        """
        from evals.lab.experimenting import experiment

        named = site or self.site
        return experiment(grid, self._task(questions, named), named, self.settings)

    def _task(self, questions: Questions, site: str) -> Task:
        if isinstance(questions, Task):
            return questions
        return read_task(self._golden(site) if questions is None else place(questions, "questions"))

    def _golden(self, site: str) -> Path:
        return self.settings.site_folder(site) / "golden.jsonl"

    def _build(self, site: str | None, build: str) -> Build:
        return site_build(site or self.site, self.settings, build)
