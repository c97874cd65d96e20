"""Real questions on two builds, in a notebook: what would a site's visitors notice?"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import polars as pl

from core.settings import Settings
from evals.lab.shown import page
from evals.lab.waiting import waited
from evals.replay import replay
from evals.replayed import Replayed

_SHOWN = 20


@dataclass(frozen=True)
class Replay:
    """What came out otherwise, the most different question first."""

    replayed: Replayed

    @property
    def frame(self) -> pl.DataFrame:
        """A row a question, with both answers and what changed."""
        rows = [
            {**asdict(each), "outcomes": list(each.outcomes), "what": each.what, "flipped": each.flipped}
            for each in self.replayed.changes
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    @property
    def flipped(self) -> pl.DataFrame:
        """The questions that only one of the two answered."""
        return self.frame.filter("flipped")

    def _repr_html_(self) -> str:
        otherwise = [each for each in self.replayed.changes if each.flipped or not each.same]
        return page("replay", replayed=self.replayed, changes=otherwise[:_SHOWN], otherwise=len(otherwise))


def replayed(site: str, settings: Settings, *, build: str, against: str, last: int) -> Replay:
    """The last questions of visitors on both builds."""
    return Replay(waited(lambda: replay(site, settings, build=build, against=against, last=last)))
