"""Marks in an answer, and what they cite: the sentence of the passage, and a link that opens at it.

A mark is `[n]`, n the place of the passage in the turn's sources, counted from 1. Knows no writer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from urllib.parse import quote

from core.records import Citation, Passage
from core.sentences import Sentence, sentence_texts
from core.words import content
from serving.agent.reading import Line, Terms, read

DECLINES = 0  # `[0]`, with which the rules in system.txt let a model say that the passages do not answer

_TOKEN = re.compile(
    r"(?P<code>`+)|(?P<paragraph>\n\s*\n)"
    r"|(?P<space>[ \t]*)\[\s*(?P<numbers>\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]"
)
_UNFINISHED = re.compile(r"(?:[ \t]*(?:\[[\d\s,;]*)?|`+|\n\s*)\Z")
_MARK = re.compile(r"\[(\d{1,3})\]")

_WHOLE = 8  # words that a text fragment spells out; of more it names the ends
_END = 4
_REACH = 600  # characters before a mark in which its statement is looked for


class Marks:
    """Reads an answer as it is written: good marks stay, marks of no passage go, in code nothing is a mark.

    Text that may turn out to be a mark is held back until it is clear.
    """

    def __init__(self, passages: int) -> None:
        self.used: list[int] = []  # in order of first use
        self.declined = False
        self._passages = passages
        self._held = ""
        self._code = 0  # backticks that opened the code we are in
        self._begun = False

    def feed(self, piece: str) -> str:
        """What can be shown now."""
        text = self._held + piece
        held = _UNFINISHED.search(text)
        cut = held.start() if held else len(text)
        self._held = text[cut:]
        return self._shown(text[:cut])

    def finish(self) -> str:
        """What was still held back."""
        text, self._held = self._held, ""
        return self._shown(text).rstrip()

    def _shown(self, text: str) -> str:
        shown = _TOKEN.sub(self._token, text)
        if not self._begun:
            shown = shown.lstrip()
            self._begun = bool(shown)
        return shown

    def _token(self, match: re.Match[str]) -> str:
        if match["code"]:
            return self._backticks(match["code"])
        if match["paragraph"]:
            self._code = self._code if self._code >= 3 else 0  # inline code ends with its paragraph
            return match[0]
        return match[0] if self._code else self._mark(match["space"], match["numbers"])

    def _backticks(self, run: str) -> str:
        if not self._code:
            self._code = len(run)
        elif self._code == len(run):
            self._code = 0
        return run

    def _mark(self, space: str, numbers: str) -> str:
        asked = [int(number) for number in re.findall(r"\d+", numbers)]
        good = [n for n in asked if 1 <= n <= self._passages]
        self.declined = self.declined or DECLINES in asked
        self.used += [n for n in dict.fromkeys(good) if n not in self.used]
        return space + "".join(f"[{n}]" for n in good) if good else ""


def cite(answer: str, used: Iterable[int], passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """One citation for each passage used, bound to the sentence that says most of what its mark stands on."""
    return tuple(_citation(n, passages[n - 1], _statements(answer, n)) for n in used)


def text_fragment(url: str, shown: Sequence[str]) -> str:
    """The URL, opening at a text; its own anchor stays for browsers that do not know text fragments."""
    if not url or not shown:
        return url
    page, _, anchor = url.partition("#")
    words = ",".join(_encoded(part) for part in _ends(shown))
    return f"{page}#{anchor.partition(':~:')[0]}:~:text={words}"


def _citation(n: int, passage: Passage, statements: Sequence[str]) -> Citation:
    chunk = passage.chunk
    sentence = _nearest(read(chunk).lines, frozenset(content(" ".join(statements))))
    url = text_fragment(chunk.url, sentence.shown if sentence else ())
    return Citation(n, chunk.id, chunk.title, url, chunk.heading, sentence.text if sentence else "")


def _nearest(lines: Sequence[Line], said: Terms) -> Sentence | None:
    def likeness(line: Line) -> float:
        return 2 * len(line.own & said) / (len(line.own) + len(said)) if line.own else 0.0

    nearest = max(lines, key=likeness, default=None)
    return nearest.sentence if nearest else None


def _statements(answer: str, n: int) -> list[str]:
    """The sentences that carry the mark [n]."""
    marks = (mark for mark in _MARK.finditer(answer) if int(mark[1]) == n)
    return [_last_sentence(answer[max(0, mark.start() - _REACH) : mark.start()]) for mark in marks]


def _last_sentence(text: str) -> str:
    line = _MARK.sub("", text).rstrip().rpartition("\n")[2]
    return next(reversed(sentence_texts(line)), "")


def _ends(shown: Sequence[str]) -> tuple[str, ...]:
    words = list(chain.from_iterable(text.split() for text in shown))
    if len(shown) == 1 and len(words) <= _WHOLE:
        return (" ".join(words),)
    first, last = shown[0].split()[:_END], shown[-1].split()[-_END:]
    return (" ".join(first), " ".join(last))


def _encoded(text: str) -> str:
    """Percent-encoded; a dash too, which in a text directive means a prefix or a suffix."""
    return quote(text, safe="").replace("-", "%2D")
