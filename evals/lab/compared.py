"""One evaluation against another of the same questions: what became better, by paired intervals, and what flipped."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl

from evals.comparison import Comparison, Difference
from evals.lab.shown import page

if TYPE_CHECKING:
    from evals.lab.plots import Chart

_FRAME: dict[str, type[pl.DataType]] = {
    "measure": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "wins": pl.Int64,
    "ties": pl.Int64,
    "losses": pl.Int64,
    "told": pl.String,
}


@dataclass(frozen=True)
class Compared:
    """A is before, B after; a win is a question on which B is better."""

    comparison: Comparison

    @property
    def frame(self) -> pl.DataFrame:
        """A row a measure: the difference with its paired interval, `told` as better, worse or unclear."""
        return pl.DataFrame([_row(each) for each in self.comparison.differences], schema=_FRAME, orient="row")

    @property
    def flips(self) -> pl.DataFrame:
        """The questions that came out otherwise, with what was given before and after."""
        return pl.DataFrame([asdict(each) for each in self.comparison.flips], infer_schema_length=None)

    def plot(self, *measures: str) -> Chart:
        """The differences of these measures, or of those that begin so."""
        from evals.lab.plots import paired  # with Altair, which takes a second

        named = pl.any_horizontal(pl.col("measure").str.starts_with(each) for each in measures or ("",))
        title = f"{self.comparison.b} against {self.comparison.a}"
        return paired(self.frame.filter(named).rename({"measure": "cell"}), title)

    def _repr_html_(self) -> str:
        return page("compared", it=self.comparison, rows=self.frame.to_dicts())


def _row(each: Difference) -> tuple[str | float | int, ...]:
    return (
        each.measure,
        each.a,
        each.b,
        each.difference,
        *each.interval,
        each.wins,
        each.ties,
        each.losses,
        _told(each),
    )


def _told(each: Difference) -> str:
    if not each.clear:
        return "unclear"
    return "better" if (each.difference > 0) != each.less_is_better else "worse"
