"""A night as one message to people who read it on their telephone: the verdict, a few figures, what went wrong."""

from __future__ import annotations

from collections.abc import Iterator

from core.discord import Embed, escaped
from core.grades import Verdict
from pipelines.night import Night, Outcome

_GREEN, _GREY, _AMBER, _RED = 0x2E7D32, 0x78909C, 0xEF8F00, 0xC62828
_COLOURS = {
    Outcome.PROMOTED: _GREEN,
    Outcome.UNCHANGED: _GREY,
    Outcome.REFUSED: _RED,
    Outcome.UNSURE: _AMBER,
    Outcome.FAILED: _RED,
}
_NAMED = 5  # files, findings; the report has them all


def message_of(night: Night) -> Embed:
    """The night for Discord."""
    colour = _AMBER if night.warnings and _COLOURS[night.outcome] in (_GREEN, _GREY) else _COLOURS[night.outcome]
    told = escaped(night.headline) + (f"\n\n{escaped(night.failure)}" if night.failure else "")
    return Embed(f"{night.site}: {night.outcome}", told, colour, tuple(_fields(night)))


def _fields(night: Night) -> Iterator[tuple[str, str]]:
    if night.report and night.build:
        yield "Documents", _counted(night, "documents", ("added", "changed", "deleted", "unchanged", "failed"))
    if night.grade:
        yield "Scores", _lines([_score(each.name, each.value, each.difference) for each in night.grade.measured])
        unhappy = [each for each in night.grade.findings if each.verdict is not Verdict.PASSED]
        yield "Gate", _lines([f"{escaped(each.rule)}: {escaped(each.said)}" for each in unhappy])
    failed = [file for file in night.report.tally.refused if file.outcome == "failed"] if night.report else []
    yield "Could not be read", _lines([f"{escaped(file.path)}: {escaped(file.reason)}" for file in failed])
    yield "Warnings", _lines([escaped(each) for each in night.warnings])
    if night.build and night.live != night.build:
        yield "Publish it all the same", f"`python -m pipelines promote {night.build} --site {night.site}`"


def _counted(night: Night, of: str, names: tuple[str, ...]) -> str:
    counts = night.report.tally.counts if night.report else {}
    return ", ".join(f"{counts[f'{of}/{name}']:,} {name}" for name in names if counts[f"{of}/{name}"])


def _score(name: str, value: float, difference: float | None) -> str:
    return f"{escaped(name)} {value:.3f}" + (f" ({difference:+.3f})" if difference is not None else "")


def _lines(lines: list[str]) -> str:
    more = [f"… and {len(lines) - _NAMED:,} more"] if len(lines) > _NAMED else []
    return "\n".join([*lines[:_NAMED], *more])
