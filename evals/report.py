"""What every evaluation ends with: flat figures, intervals, and what they were measured on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rich.table import Table


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
        """For a person: the figures with their intervals, `meta` beneath."""
        caption = " · ".join(f"{name} {value}" for name, value in self.meta.items())
        table = Table("figure", "value", "95% interval", caption=caption or None, caption_justify="left")
        for name, value in self.figures.items():
            interval = self.intervals.get(name)
            table.add_row(name, f"{value:.4g}", "" if interval is None else f"{interval[0]:.3f} … {interval[1]:.3f}")
        return table
