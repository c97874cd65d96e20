"""What every evaluation ends with: flat figures, intervals, and what they were measured on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rich.markup import escape
from rich.table import Table

NOISE = "/noise"  # beside a judged figure: the standard deviation of one judgement over its repeats

_LISTED = 10  # items of a list that the table shows; JSON has them all


@dataclass(frozen=True)
class Report:
    """Figures by flat, stable names; a 95% interval for some; `meta` says on what, with what."""

    figures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)

    def with_meta(self, **extra: Any) -> Report:
        """The same, saying more of where it comes from."""
        return replace(self, meta={**self.meta, **extra})

    def to_json(self) -> str:
        """The one object that `--json` prints."""
        figures = {name: round(value, 4) for name, value in self.figures.items()}
        intervals = {name: [round(low, 4), round(high, 4)] for name, (low, high) in self.intervals.items()}
        return json.dumps({"figures": figures, "intervals": intervals, "meta": dict(self.meta)}, ensure_ascii=False)

    def table(self) -> Table:
        """For a person: the figures with their intervals and a judge's noise, `meta` beneath."""
        table = Table(
            "figure", "value", "95% interval", caption=escape(self._caption()) or None, caption_justify="left"
        )
        noises = {name for name in self.figures if name.endswith(NOISE)}
        if noises:
            table.add_column("± of the judge")
        for name, value in self.figures.items():
            if name not in noises:
                noise = self.figures.get(name + NOISE)
                cells = (
                    name,
                    f"{value:.4g}",
                    _interval(self.intervals.get(name)),
                    "" if noise is None else f"{noise:.3f}",
                )
                table.add_row(*cells[: len(table.columns)])
        return table

    def _caption(self) -> str:
        """Plain values in one line, then a line for each item of a list."""
        lists = {name: value for name, value in self.meta.items() if isinstance(value, list)}
        line = " · ".join(f"{name} {_plain(value)}" for name, value in self.meta.items() if name not in lists)
        return "\n".join([line, *(f"{name}: {item}" for name, items in lists.items() for item in items[:_LISTED])])


def _plain(value: Any) -> str:
    """A value in words: what is told by name stands in parentheses."""
    if isinstance(value, Mapping):
        return f"({', '.join(f'{name} {each}' for name, each in value.items())})"
    return str(value)


def _interval(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.3f} … {interval[1]:.3f}"
