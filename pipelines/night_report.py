"""A night as a page that people like to read: one HTML file that asks nobody for anything, and the same as Markdown.

What came from documents, questions and paths is text in both, whatever it looks like. Decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from core.grades import Measured, Verdict
from pipelines.night import Night, Outcome

_SHOWN = 30  # documents and files by name; MLflow and `diff` have them all
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&]|^[-+#=])")
_TONES = {
    Outcome.PROMOTED: "good",
    Outcome.UNCHANGED: "plain",
    Outcome.REFUSED: "bad",
    Outcome.UNSURE: "unsure",
    Outcome.FAILED: "bad",
}
_VERDICTS = {Verdict.PASSED: ("good", "✓"), Verdict.FAILED: ("bad", "✗"), Verdict.UNKNOWN: ("unsure", "?")}


@dataclass(frozen=True, slots=True)
class Bar:
    """A stage of the night and its share of the longest one, in percent."""

    name: str
    seconds: float
    percent: float


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of the new build beside the live one's; `low`, `at` and `high` are percent of the chart's width."""

    figure: Measured
    low: float | None = None
    at: float | None = None
    high: float | None = None

    @property
    def is_told_apart(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.figure.interval is not None and not self.figure.interval[0] <= 0 <= self.figure.interval[1]


def html_of(night: Night) -> str:
    """The page, whole."""
    return _environment().get_template("night.html").render(_told(night))


def markdown_of(night: Night) -> str:
    """The same for a terminal, a mail or an issue."""
    text = _environment().get_template("night.md").render(_told(night))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _told(night: Night) -> dict[str, object]:
    reach = _reach(night.grade.measured if night.grade else ())
    return {
        "night": night,
        "tone": _TONES[night.outcome],
        "verdicts": _VERDICTS,
        "shown": _SHOWN,
        "failed": [file for file in night.report.tally.refused if file.outcome == "failed"] if night.report else [],
        "ignored": sum(file.outcome == "ignored" for file in night.report.tally.refused) if night.report else 0,
        "remarks": night.report.remarks if night.report else (),
        "lines": [_line(each, reach) for each in night.grade.measured] if night.grade else [],
        "reach": reach,
        "bars": list(_bars(night)),
        "commands": list(_commands(night)),
    }


def _reach(measured: Sequence[Measured]) -> float:
    """How far the chart goes to either side of zero: as far as any share's interval."""
    intervals = [each.interval for each in measured if each.interval and _is_share(each)]
    return max([0.01, *(abs(end) for interval in intervals for end in interval)])


def _line(figure: Measured, reach: float) -> Line:
    if not _is_share(figure) or figure.interval is None or figure.difference is None:
        return Line(figure)
    low, at, high = (50 + 48 * end / reach for end in (figure.interval[0], figure.difference, figure.interval[1]))
    return Line(figure, low, at, high)


def _is_share(figure: Measured) -> bool:
    """Whether it can be drawn beside the others: between 0 and 1, and its difference with an interval."""
    values = (figure.value, figure.live if figure.live is not None else figure.value)
    return figure.interval is not None and figure.difference is not None and all(-1 <= each <= 1 for each in values)


def _bars(night: Night) -> Iterator[Bar]:
    seconds = {name: spent for name, spent in night.all_seconds().items() if spent >= 0.05}
    longest = max(seconds.values(), default=1.0)
    for name, spent in seconds.items():
        yield Bar(name, spent, 100 * spent / longest)


def _commands(night: Night) -> Iterator[tuple[str, str]]:
    """What to do next, and the exact command."""
    if night.build and night.live != night.build:
        yield "Ask the new build", f'python -m serving ask "…" --site {night.site} --build {night.build}'
        yield "Publish it all the same", f"python -m pipelines promote {night.build} --site {night.site}"
    if night.rollback_to:
        yield f"Roll back to build {night.rollback_to}", f"python -m pipelines rollback --site {night.site}"
    if night.difference:
        before, after = night.difference.before, night.difference.after
        yield "See every difference", f"python -m pipelines diff {before} {after} --site {night.site}"


def _in_markdown(text: object) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def _signed(difference: float) -> str:
    told = f"{difference:+.3f}".replace("-", "−")
    return "0.000" if told[1:] == "0.000" else told


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipelines", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"md": _in_markdown, "signed": _signed}
    return environment
