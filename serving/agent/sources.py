"""A passage as a client sees it in the `sources` event, whether it streams or is told again. Knows no event."""

from __future__ import annotations

import textwrap
from typing import Any

from core.records import Passage
from core.sentences import split

_SNIPPET = 240  # characters of a passage shown beside the answer


def source_fields(passage: Passage) -> dict[str, Any]:
    """Where it is from, and how it begins."""
    chunk = passage.chunk
    told = " ".join(sentence.text for sentence in split(chunk.text)) or chunk.text
    return {
        "id": chunk.id,
        "title": chunk.title,
        "url": chunk.url,
        "heading": chunk.heading,
        "snippet": textwrap.shorten(told, _SNIPPET, placeholder=" …"),
        "score": round(passage.score, 4),
    }
