"""What every parser returns: one document as Markdown, before it has an id, a source or a final URL."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

# Control characters, soft hyphens, zero widths, lone surrogates, and what only one font knows how to draw.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b\u2060\ufeff\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]")
_BLANK_LINES = re.compile(r"\n\s*\n(?:\s*\n)+")
_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Parsed:
    """`text` is Markdown with ATX headings; `title` is "" and `url` None where the file names none."""

    title: str
    text: str
    url: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def tidied(self) -> Parsed:
        """The same with composed characters, no invisible ones, and a title of one line."""
        title = " ".join(_clean(self.title).split())[:_LONGEST_TITLE]
        text = _BLANK_LINES.sub("\n\n", _clean(self.text)).strip()
        return Parsed(title, text, self.url, self.metadata)


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text).replace("\u00a0", " "))
