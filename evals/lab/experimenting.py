"""An experiment as one sentence: a grid's cells, computed where nobody has, tracked, and told against the first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from core.database import open_database
from core.embedder import vectors_version
from core.records import Build
from core.settings import Settings
from core.tracking import Tracking
from evals import results
from evals.lab.cells import Compute, Work, compute, key_of, recorded
from evals.lab.corpus import Corpus, experiments_folder, site_corpus
from evals.lab.experimented import Experiment, Tried
from evals.lab.grid import Cell, Grid, Shape, cells_of
from evals.readers import Task
from evals.subject import digest
from evals.tracked import log_results


def experiment(grid: Grid, task: Task, site: str, settings: Settings, *, computing: Compute = compute) -> Experiment:
    """Every combination of the grid on the site's documents, measured by the questions; the first is the baseline."""
    cells, corpus = cells_of(grid, settings), site_corpus(site, settings)
    keys = {cell: key_of(cell, corpus, task) for cell in cells}
    missing = [cell for cell in cells if recorded(keys[cell], settings) is None]
    computing(_work(missing, corpus, task, settings))
    tried = _tried(cells, {cell: str(recorded(key, settings)) for cell, key in keys.items()}, set(missing), settings)
    run = _tracked(digest(*keys.values()), site, tried, settings)
    return Experiment(site, task.name, tuple(tried), settings.tracking_location, run)


def _work(missing: Sequence[Cell], corpus: Corpus, task: Task, settings: Settings) -> list[Work]:
    shapes = dict.fromkeys(cell.shape for cell in missing)
    return [
        Work(
            corpus,
            shape,
            tuple(cell for cell in missing if cell.shape == shape),
            task,
            settings,
            _reusable(shape, corpus, settings),
        )
        for shape in shapes
    ]


def _reusable(shape: Shape, corpus: Corpus, settings: Settings) -> tuple[tuple[str, str], ...]:
    """The live build's table, where the same model made its vectors: a chunk that it holds is not embedded again."""
    with closing(open_database(settings.database_location)) as database:
        live = database.sites.get(corpus.site).live_build
        build = database.builds.get(live) if live else None
    return ((settings.knowledge_location, build.table),) if build and _is_by(build, shape.embedding_model) else ()


def _is_by(build: Build, model: str) -> bool:
    return build.embedding_model == model and build.settings.get("vectors") == vectors_version(model)


def _tried(cells: Sequence[Cell], names: Mapping[Cell, str], new: set[Cell], settings: Settings) -> list[Tried]:
    """Each cell with its results."""
    return [Tried(cell, names[cell], results.load(names[cell], settings), cell in new) for cell in cells]


def _tracked(key: str, site: str, tried: Sequence[Tried], settings: Settings) -> str | None:
    """The MLflow run with a nested run a cell; the one that this very experiment has already, where it has one."""
    file = experiments_folder(settings) / "runs" / f"{key}.json"
    if file.exists():
        return str(json.loads(file.read_text())["run"])
    tracking = Tracking(settings.tracking_location)
    with tracking.run(site, f"experiment {key[:6]}") as run:
        run.set_tag("kind", "experiment")
        run.log_params({"cells": len(tried), "baseline": tried[0].label})
        for each in tried:
            with tracking.run(site, each.label, run.id) as nested:
                log_results(nested, replace(each.results, meta={**each.results.meta, "results": each.name}))
    if run.is_tracked and run.id:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"run": run.id}))
    return run.id
