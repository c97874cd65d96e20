"""What a replay found: which questions came out otherwise on the other build, the most different first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from evals.comparison import Comparison
from evals.comparison_table import differences, short
from evals.intervals import mean_interval
from evals.rehearsal import Answered

Outcome = Literal["answered", "declined", "failed"]

_SHOWN = 20  # questions on the terminal; `--json` has them all


def outcome(answered: Answered) -> Outcome:
    """How a question ended."""
    if not answered.done:
        return "failed"
    return "declined" if answered.turn.declined else "answered"


@dataclass(frozen=True, slots=True)
class Change:
    """One question on both builds."""

    id: str
    question: str
    outcomes: tuple[Outcome, Outcome]
    answers: float | None  # cosine of the two answers, where there are two
    pages: float  # share of the retrieved pages of either that both have
    same: bool  # word for word
    a: str
    b: str

    @property
    def flipped(self) -> bool:
        """Whether only one of the two answered, or only one failed."""
        return self.outcomes[0] != self.outcomes[1]

    @property
    def what(self) -> str:
        """What happened, in a word or two."""
        if self.flipped:
            return f"{self.outcomes[0]} → {self.outcomes[1]}"
        if self.outcomes[0] != "answered":
            return f"{self.outcomes[0]} by both"
        return "same answer" if self.same else f"answers {self.answers:.2f} alike"

    def rank(self) -> tuple[bool, bool, float, float]:
        """Sorts the most different first."""
        return (not self.flipped, self.same, 1.0 if self.answers is None else self.answers, self.pages)


@dataclass(frozen=True)
class Replayed:
    """Two builds on the same questions; `changes` are all questions, the most different first."""

    site: str
    comparison: Comparison
    changes: tuple[Change, ...]
    results: tuple[str, str]

    def figures(self) -> dict[str, float]:
        """Counts of questions, and means over them."""
        counts: Counter[str] = Counter()
        for change in self.changes:
            for side, ended in zip("ab", change.outcomes, strict=True):
                counts[f"{ended}/{side}"] += 1
        pages, alike = self._pages(), self._alike()
        return {
            "questions": len(self.changes),
            **{f"{ended}/{side}": counts[f"{ended}/{side}"] for ended in ("declined", "failed") for side in "ab"},
            "flipped/declined": sum(change.outcomes == ("answered", "declined") for change in self.changes),
            "flipped/answered": sum(change.outcomes == ("declined", "answered") for change in self.changes),
            "answers/same": sum(change.same for change in self.changes) / len(self.changes),
            **({"answers/similarity": sum(alike.values()) / len(alike)} if alike else {}),
            "pages/overlap": sum(pages.values()) / len(pages),
        }

    def to_json(self) -> str:
        """The object that `--json` prints, `evals compare`'s figures in it."""
        told = json.loads(self.comparison.to_json())
        intervals = {"pages/overlap": mean_interval(self._pages())}
        if alike := self._alike():
            intervals["answers/similarity"] = mean_interval(alike)
        told["figures"] = {name: round(value, 4) for name, value in self.figures().items()} | told["figures"]
        told["intervals"] |= {name: [round(bound, 4) for bound in interval] for name, interval in intervals.items()}
        told["meta"] |= {"site": self.site, "results": self.results, "changes": [asdict(each) for each in self.changes]}
        return json.dumps(told, ensure_ascii=False)

    def table(self) -> RenderableType:
        """For a person: what came out otherwise, the most different first, and the figures beneath."""
        return Group(
            self._changes(), differences(self.comparison), f"Kept: python -m evals compare {' '.join(self.results)}"
        )

    def _changes(self) -> Table:
        otherwise = [change for change in self.changes if not change.same or change.flipped]
        more = f", the first {_SHOWN} here" if len(otherwise) > _SHOWN else ""
        table = Table(
            "question",
            "what changed",
            "pages shared",
            "A",
            "B",
            title=f"{len(otherwise)} of the last {len(self.changes)} questions come out otherwise{more}",
            caption=_sentence(self.figures()),
            caption_justify="left",
            show_lines=True,
            expand=True,
        )
        for each in otherwise[:_SHOWN]:
            cells = (each.question, each.what, f"{each.pages:.0%}", short(each.a), short(each.b))
            table.add_row(*map(escape, cells))
        return table

    def _pages(self) -> dict[str, float]:
        return {change.id: change.pages for change in self.changes}

    def _alike(self) -> dict[str, float]:
        return {change.id: change.answers for change in self.changes if change.answers is not None}


def _sentence(figures: Mapping[str, float]) -> str:
    alike = f" answers {figures['answers/similarity']:.2f} alike," if "answers/similarity" in figures else ""
    return (
        f"{figures['flipped/declined']:.0f} are declined now, {figures['flipped/answered']:.0f} answered now; declined "
        f"{figures['declined/a']:.0f} → {figures['declined/b']:.0f}, failed {figures['failed/a']:.0f} → "
        f"{figures['failed/b']:.0f}; {figures['answers/same']:.0%} word for word the same,{alike} "
        f"{figures['pages/overlap']:.0%} of the pages shared."
    )
