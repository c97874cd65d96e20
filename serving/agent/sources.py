"""A passage as a client sees it in the `sources` event, whether it streams or is told again. Knows no event."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from typing import Any

from core.records import Passage
from core.sentences import split

_SNIPPET = 240  # characters of a passage shown beside the answer


def source_fields(passage: Passage) -> dict[str, Any]:
    """Where it is from, and how it begins."""
    chunk = passage.chunk
    return {
        "id": chunk.id,
        "title": chunk.title,
        "url": chunk.url,
        "heading": chunk.heading,
        "snippet": _snippet(chunk.text),
        "score": round(passage.score, 4),
    }


@lru_cache(maxsize=2048)  # popular passages come again and again
def _snippet(text: str) -> str:
    told = " ".join(sentence.text for sentence in split(text)) or text
    return textwrap.shorten(told, _SNIPPET, placeholder=" …")
