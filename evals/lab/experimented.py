"""What an experiment found: a row a cell, each told against the first one with paired intervals, and its plots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from core.errors import InvalidInputError
from core.tracking import Tracking
from evals.comparison import difference_of
from evals.intervals import mean_interval
from evals.lab.grid import AXES, Cell
from evals.lab.shown import page
from evals.results import Results

if TYPE_CHECKING:
    from evals.lab.plots import Chart

MEASURE = "nDCG@10"
_MODE = "fused/"


@dataclass(frozen=True)
class Tried:
    """One cell, with its results and their name."""

    cell: Cell
    name: str
    results: Results
    is_new: bool  # computed just now

    @property
    def label(self) -> str:
        """The cell in a few words."""
        shape, (dense, text) = self.cell.shape, self.cell.weights
        return f"{shape.chunk_tokens} tokens, {shape.chunk_overlap} shared, {dense:g}/{text:g}, {shape.embedding_model}"


@dataclass(frozen=True)
class Experiment:
    """All cells in the order of the grid; the first is the baseline. `run` is MLflow's, where it could be had."""

    site: str
    task: str
    tried: tuple[Tried, ...]
    tracking: str
    run: str | None

    @property
    def frame(self) -> pl.DataFrame:
        """A row a cell, by `nDCG@10`; `table(measure)` has the others."""
        return self.table()

    def table(self, measure: str = MEASURE) -> pl.DataFrame:
        """A row a cell: the measure with its interval, and the paired difference from the baseline with its own."""
        return pl.DataFrame([self._row(each, measure) for each in self.tried], infer_schema_length=None)

    def measures(self) -> list[str]:
        """What `table` and `plot` take."""
        return [name.removeprefix(_MODE) for name in self.tried[0].results.measures]

    def questions(self, measure: str = MEASURE) -> pl.DataFrame:
        """A row a question, a column a cell: where did the difference come from?"""
        rows = self.tried[0].results.rows
        columns: dict[str, Any] = {"id": [row.id for row in rows], "question": [row.question for row in rows]}
        for each in self.tried:
            values = self._values(each, measure)
            columns[self.short(each)] = [values.get(row.id) for row in rows]
        return pl.DataFrame(columns)

    def runs(self) -> pl.DataFrame:
        """The same as MLflow has it: a row a nested run, with its parameters and metrics."""
        return pl.DataFrame(Tracking(self.tracking).runs(self.site, self.run), infer_schema_length=None)

    def plot(self, measure: str = MEASURE) -> Chart:
        """The difference of each cell from the baseline, with its paired interval."""
        from evals.lab.plots import differences  # with Altair, which takes a second

        return differences(self.table(measure), measure, self.tried[0].label)

    def short(self, tried: Tried) -> str:
        """A cell by the axes that the grid varies."""
        varied = [axis for axis in AXES if len({each.cell.axes()[axis] for each in self.tried}) > 1]
        return " · ".join(_told(axis, tried.cell.axes()[axis]) for axis in varied) or "as it is"

    def _values(self, each: Tried, measure: str) -> dict[str, float]:
        if values := each.results.values(_MODE + measure):
            return values
        raise InvalidInputError(f"Nothing was measured by that name: there are {', '.join(self.measures())}.")

    def _row(self, each: Tried, measure: str) -> dict[str, Any]:
        values = self._values(each, measure)
        low, high = mean_interval(values)
        first = self.tried[0]
        found = difference_of(measure, self._values(first, measure), values) if each is not first else None
        dense, text = each.cell.weights
        return {
            "cell": self.short(each),
            "chunk_tokens": each.cell.shape.chunk_tokens,
            "chunk_overlap": each.cell.shape.chunk_overlap,
            "dense_weight": dense,
            "text_weight": text,
            "embedding_model": each.cell.shape.embedding_model,
            "chunks": each.results.meta["chunks"],
            measure: sum(values.values()) / len(values),
            "low": low,
            "high": high,
            "difference": found.difference if found else 0.0,
            "difference_low": found.interval[0] if found else 0.0,
            "difference_high": found.interval[1] if found else 0.0,
            "wins": found.wins if found else 0,
            "losses": found.losses if found else 0,
            "clear": found.clear if found else False,
            "computed": each.is_new,
            "results": each.name,
        }

    def _repr_html_(self) -> str:
        rows = [row | {"value": row[MEASURE]} for row in self.frame.to_dicts()]
        best = max(row["value"] for row in rows)
        return page("experiment", experiment=self, rows=rows, measure=MEASURE, best=best)


def _told(axis: str, value: Any) -> str:
    match axis:
        case "chunk_tokens":
            return f"{value} tokens"
        case "chunk_overlap":
            return f"{value} shared"
        case "weights":
            return "dense {:g} / text {:g}".format(*value)
        case _:
            return str(value)
