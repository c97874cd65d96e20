"""The lines of a PDF's pages with their places and fonts, page headers, footers and numbers left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from typing import Any

from pypdf import PageObject
from pypdf.generic import DictionaryObject
from pypdf.generic._font import Font

_CELL_GAP = 0.6  # em of white between the cells of a row
_FONT_GAP = 1.5  # the same where the font changes, as it may within a justified line
_WORD_GAP = 0.15  # em of white between words
_BULLETS = frozenset("•◦▪●○■‣∙·–—*\uf0b7\uf0a7")
_LINE_DRIFT = 0.45  # em that sub- and superscripts may stand off their line
_EDGE_LINES = 2  # at the top and the bottom of a page, where running lines are looked for
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of text on a line with no wide gap in it, from `x` to `end` in points."""

    x: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line: its cells, its height on the page in points from below, and its font."""

    page: int
    y: float
    size: float
    bold: bool
    cells: tuple[Cell, ...]

    @property
    def x(self) -> float:
        """Its left end in points."""
        return self.cells[0].x

    @property
    def text(self) -> str:
        """Its words, whatever the white between them."""
        return " ".join(cell.text for cell in self.cells)


class _Typeface:
    """The width and the weight of a font; pypdf knows the widths but has no public way to them."""

    def __init__(self, resource: DictionaryObject) -> None:
        font = Font.from_font_resource(resource)
        self._widths = font.character_widths
        self._codes = {character: code for code, character in font.character_map.items()}
        name = str(resource.get("/BaseFont", ""))
        self.bold = re.search(r"bold|black|heavy|CMBX", name, re.IGNORECASE) is not None

    def width(self, text: str) -> float:
        """In em."""
        codes = (self._codes.get(character, character) for character in text)
        return sum(self._widths.get(code, self._widths["default"]) for code in codes) / 1000


@dataclass(frozen=True, slots=True)
class _Run:
    """What a page draws at once, in one font."""

    x: float
    y: float
    size: float
    face: _Typeface | None
    end: float
    text: str


class LineReader:
    """Reads the lines of pages; keeps the typefaces of a document, as most pages share them."""

    def __init__(self) -> None:
        self._typefaces: dict[int, _Typeface] = {}

    def lines(self, page: PageObject, number: int) -> list[Line]:
        """The lines of one page in the order in which the page draws them."""
        runs: list[_Run] = []

        def collect(text: str, outer: Sequence[float], inner: Sequence[float], font: Any, size: float) -> None:
            if text.strip():
                runs.extend(_runs(text, _place(outer, inner), size, self._typeface(font) if font else None))

        page.extract_text(visitor_text=collect)
        return [_line(group, number) for group in _grouped(runs)]

    def _typeface(self, resource: DictionaryObject) -> _Typeface:
        if id(resource) not in self._typefaces:
            self._typefaces[id(resource)] = _Typeface(resource)
        return self._typefaces[id(resource)]


def _runs(text: str, place: tuple[float, float, float], size: float, face: _Typeface | None) -> Iterator[_Run]:
    """The text as one run, or as one below the other where pypdf joined lines."""
    x, y, scale = place
    height = size * scale
    for position, part in enumerate(text.strip("\n").split("\n")):
        words = part.strip()
        end = x + height * (face.width(words) if face else 0.5 * len(words))
        yield _Run(x, y - position * height * 1.2, height, face, end, part.translate(_LIGATURES))


def _place(outer: Sequence[float], inner: Sequence[float]) -> tuple[float, float, float]:
    """Where text begins on the page, and by how much its font is enlarged: the product of two matrices."""
    a, b, c, d, e, f = outer
    x = inner[4] * a + inner[5] * c + e
    y = inner[4] * b + inner[5] * d + f
    scale = hypot(inner[2] * a + inner[3] * c, inner[2] * b + inner[3] * d)
    return x, y, scale


def _grouped(runs: Sequence[_Run]) -> Iterator[list[_Run]]:
    group: list[_Run] = []
    for run in runs:
        if group and abs(run.y - group[-1].y) > _LINE_DRIFT * max(run.size, group[-1].size):
            yield group
            group = []
        group.append(run)
    if group:
        yield group


def _line(group: Sequence[_Run], number: int) -> Line:
    longest = max(group, key=lambda run: len(run.text))
    bold = all(run.face is not None and run.face.bold for run in group)
    return Line(number, longest.y, round(longest.size, 1), bold, tuple(_cells(group)))


def _cells(group: Sequence[_Run]) -> Iterator[Cell]:
    start, text = group[0].x, group[0].text
    for before, run in pairwise(group):
        gap = run.x - before.end
        enough = _CELL_GAP if run.face == before.face else _FONT_GAP
        if (gap > enough * run.size and text.strip() not in _BULLETS) or run.x < start:
            yield Cell(start, before.end, " ".join(text.split()))
            start, text = run.x, run.text
        else:
            text += f" {run.text}" if gap > _WORD_GAP * run.size else run.text
    yield Cell(start, group[-1].end, " ".join(text.split()))


def without_running_lines(pages: Sequence[Sequence[Line]]) -> list[Line]:
    """The lines of all pages but those that run along the edges: on every second page, or numbered on three."""
    edges = [_edges(lines) for lines in pages]
    seen = Counter(key for edge in edges for key in {_running_key(line) for line in edge})
    often = max(2, len(pages) / 2)
    running = {key for key, count in seen.items() if count >= often or (count >= 3 and "#" in key[0])}
    return [
        line
        for lines, edge in zip(pages, edges, strict=True)
        for line in lines
        if not (line in edge and _running_key(line) in running)
    ]


def _edges(lines: Sequence[Line]) -> list[Line]:
    by_height = sorted(lines, key=lambda line: line.y)
    return by_height[:_EDGE_LINES] + by_height[_EDGE_LINES:][-_EDGE_LINES:]


def _running_key(line: Line) -> tuple[str, float]:
    """Equal for the same words with other numbers; a title that runs on every page is larger on the first."""
    return re.sub(r"\d+", "#", line.text), line.size
