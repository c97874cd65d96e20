"""What an evaluation found, as frames: figures with their intervals, and every question with its scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from core.errors import InvalidInputError
from evals.comparison import compare
from evals.lab.shown import page
from evals.report import NOISE, Report
from evals.results import Results

if TYPE_CHECKING:
    from evals.lab.compared import Compared
    from evals.lab.plots import Chart

_FIGURES: dict[str, type[pl.DataType]] = {
    "figure": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "noise": pl.Float64,
}


@dataclass(frozen=True)
class Measured:
    """An evaluation; `results` are its questions, where they were kept under a name."""

    title: str
    report: Report
    results: Results | None = None

    @property
    def figures(self) -> pl.DataFrame:
        """A row a figure with its 95% interval, and the noise of the judge where there was one."""
        told = {name: value for name, value in self.report.figures.items() if not name.endswith(NOISE)}
        rows = [
            (name, value, *self.report.intervals.get(name, (None, None)), self.report.figures.get(name + NOISE))
            for name, value in told.items()
        ]
        return pl.DataFrame(rows, schema=_FIGURES, orient="row")

    @property
    def questions(self) -> pl.DataFrame:
        """A row a question: what was given, and a column a measure."""
        rows: list[dict[str, Any]] = [
            {
                "id": row.id,
                "question": row.question,
                "given": row.given,
                **{measure: row.scores.get(measure) for measure in self._kept.measures},
                **row.details,
            }
            for row in self._kept.rows
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def misses(self, measure: str = "fused/hit@5") -> pl.DataFrame:
        """The questions on which the measure is 0: what to look at first."""
        return self.questions.filter(pl.col(measure) == 0)

    def against(self, before: Measured) -> Compared:
        """What became better and what worse since an evaluation of the same questions, by paired intervals."""
        from evals.lab.compared import Compared

        return Compared(compare(before._kept, self._kept, (before.build, self.build)))

    @property
    def build(self) -> str:
        """The build that was measured, or what else it was."""
        return str(self.report.meta.get("build", self.title))

    @property
    def _kept(self) -> Results:
        if self.results is None:
            raise InvalidInputError("This evaluation is of answers that people rated: it keeps no questions.")
        return self.results

    def plot(self, *names: str) -> Chart:
        """The figures that begin with one of these names, or end with it behind a slash, with their intervals.

        Of retrieval, a colour is a search; `fused-dense` is by how much fused beats dense, paired.
        """
        from evals.lab.plots import figures  # with Altair, which takes a second

        named = pl.any_horizontal(
            expression
            for name in names or ("",)
            for expression in (pl.col("figure").str.starts_with(name), pl.col("figure").str.ends_with(f"/{name}"))
        )
        frame = self.figures.drop_nulls("low").filter(named)
        return figures(_by_search(frame) if self._is_retrieval else frame, self.title)

    @property
    def _is_retrieval(self) -> bool:
        return self.results is not None and self.results.kind == "retrieval"

    def _repr_html_(self) -> str:
        meta = {name: value for name, value in self.report.meta.items() if isinstance(value, str | int | float)}
        return page("measured", title=self.title, rows=self.figures.to_dicts(), meta=meta)


def _by_search(figures: pl.DataFrame) -> pl.DataFrame:
    """`dense/nDCG@10` is the figure nDCG@10 of the group dense."""
    parts = pl.col("figure").str.splitn("/", 2)
    return figures.with_columns(group=parts.struct.field("field_0"), figure=parts.struct.field("field_1"))
