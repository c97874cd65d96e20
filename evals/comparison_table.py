"""A comparison as people read it: on the terminal, as Markdown for a pull request, as LaTeX for a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Column, Table

from evals.comparison import Comparison, Difference
from evals.intervals import RESAMPLES

_HEAD = ("measure", "A", "B", "B − A", "95% interval", "won/tied/lost", "n")
_WHOLE = range(1, 6)  # columns that are not broken; a long measure is, where the terminal is narrow
_GIVEN = 400  # characters of an answer beside the other one
_SIGNS = str.maketrans({"−": "$-$", "–": "--", "↓": r"$\downarrow$", "·": r"$\cdot$"})
_LATEX = re.compile(r"([&%$#_{}])")


def terminal(comparison: Comparison) -> RenderableType:
    """Both tables, with what is only in one of the two beneath."""
    figures = differences(comparison)
    flipped = Table("question", "flipped", "A", "B", title=_flipped(comparison), show_lines=True, expand=True)
    for flip in comparison.flips:
        flipped.add_row(*map(escape, (flip.question, flip.what, short(flip.a), short(flip.b))))
    return Group(figures, flipped) if comparison.flips else Group(figures, _flipped(comparison))


def differences(comparison: Comparison) -> Table:
    """The figures alone; a difference whose interval leaves out zero is bold."""
    columns = [Column(head, no_wrap=place in _WHOLE) for place, head in enumerate(_HEAD)]
    caption = f"{_files(comparison)}\n{_legend(comparison)}"
    figures = Table(
        *columns, caption=escape(caption), caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for each in _told(comparison):
        figures.add_row(*_cells(each), style="bold" if each.clear else None)
    return figures


def markdown(comparison: Comparison) -> str:
    """Both tables; a difference whose interval leaves out zero is bold."""
    rows = [_bold(_cells(each), "**") if each.clear else _cells(each) for each in _told(comparison)]
    flips = [(flip.question, flip.what, short(flip.a), short(flip.b)) for flip in comparison.flips]
    tables = [
        *_markdown(_HEAD, rows, "|---|--:|--:|--:|:-:|:-:|--:|"),
        "",
        _legend(comparison),
        "",
        _files(comparison),
        "",
        _flipped(comparison),
    ]
    if flips:
        tables += ["", *_markdown(("question", "flipped", "A", "B"), flips, "|---|---|---|---|")]
    return "\n".join(tables)


def latex(comparison: Comparison) -> str:
    """The figures as a booktabs table with its caption; what flipped is for the terminal."""
    rows = [" & ".join(_tex(_cells(each), bold=each.clear)) + r" \\" for each in _told(comparison)]
    [caption] = _tex([_legend(comparison)], bold=False)
    return "\n".join(
        [
            r"% Needs \usepackage{booktabs}.",
            f"% {_files(comparison)}",
            r"\begin{table}",
            r"\centering",
            f"\\caption{{{caption}}}",
            r"\begin{tabular}{lrrrccr}",
            r"\toprule",
            " & ".join(_tex(_HEAD, bold=False)) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _told(comparison: Comparison) -> list[Difference]:
    return [each for each in comparison.differences if not each.empty]


def _cells(each: Difference) -> tuple[str, ...]:
    low, high = each.interval
    paired = each.wins + each.ties + each.losses
    return (
        _name(each),
        _number(each.a),
        _number(each.b),
        _signed(each.difference),
        f"[{_signed(low)}, {_signed(high)}]",
        f"{each.wins} / {each.ties} / {each.losses}" if paired else "–",
        str(each.questions),
    )


def _name(each: Difference) -> str:
    """The measure with its unit, and an arrow where less is better."""
    unit = " (s)" if each.measure == "seconds" else ""
    return f"{each.measure}{unit}{' ↓' if each.less_is_better else ''}"


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def _signed(value: float) -> str:
    """With its sign, unless nothing is left of it when it is rounded."""
    told = f"{value:+.3f}" if abs(value) < 100 else f"{value:+,.0f}"
    return "0.000" if told[1:] == "0.000" else told.replace("-", "−")


def _bold(cells: Sequence[str], mark: str) -> tuple[str, ...]:
    return tuple(f"{mark}{cell}{mark}" if place == 3 else cell for place, cell in enumerate(cells))


def _legend(comparison: Comparison) -> str:
    only = f" Only in one of them: {', '.join(comparison.only_one)}." if comparison.only_one else ""
    return (
        f"{_sides(comparison)}n = {comparison.questions} questions. Means over the questions with "
        f"a value on both sides; 95% intervals of B − A by percentile bootstrap over questions, paired, {RESAMPLES:,} "
        "resamples, not corrected for the number of measures; bold: the interval leaves out zero; ↓: less is better; "
        f"won: questions on which B is better.{only}"
    )


def _sides(comparison: Comparison) -> str:
    """What sets the two apart, as far as their results say it."""
    told = [(side, _shape(made)) for side, made in zip("AB", comparison.made_with, strict=True)]
    return "".join(f"{side}: {shape} · " for side, shape in told if shape)


def _shape(made_with: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in made_with.items())


def _files(comparison: Comparison) -> str:
    return f"A: {comparison.a} · B: {comparison.b}"


def _flipped(comparison: Comparison) -> str:
    return f"{len(comparison.flips)} of {comparison.questions} questions flipped"


def short(text: str) -> str:
    """As much of an answer as has room beside the other one."""
    return text if len(text) <= _GIVEN else f"{text[:_GIVEN].rstrip()} …"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]], rule: str) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield rule
    for row in rows:
        yield f"| {' | '.join(_one_line(cell) for cell in row)} |"


def _one_line(cell: str) -> str:
    return "<br>".join(cell.replace("|", "\\|").split("\n"))


def _tex(cells: Sequence[str], *, bold: bool) -> list[str]:
    plain = [_LATEX.sub(r"\\\1", cell).translate(_SIGNS) for cell in cells]
    return [f"\\textbf{{{cell}}}" if bold and place == 3 else cell for place, cell in enumerate(plain)]
