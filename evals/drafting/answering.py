"""Which sentences of a page can stand as an answer by themselves. Knows no questions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.sentences import Sentence

_SHORTEST, _LONGEST = 4, 45  # words
_ABOUT_THE_PAGE = re.compile(
    r"\b(?:this|the|these) (?:following|section|topic|page|chapter|guide|tutorial|example|procedure|table|list|steps?"
    r"|diagram|image|figure|code|command|sample)\b|\bas follows\b|\bfollow(?:ing|s)? (?:the|these)\b|\bsteps?\b.*:$"
    r"|\bthe following\b|\binstructions\b|\blearn how\b|\bin different ways\b"
    r"|\bfollowing \w+:|\b(?:see|refer to|learn more|read more)\b"
    r"|\b(?:described|shown|listed|explained) (?:in|here)\b"
    r"|\bbelow\b|\babove\b|\bhere (?:is|are)\b|\bfor more information\b|\bhttps?:|\bit[.!]$",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"(?:this|that|these|those|it|they|he|she|its|their|both|such|also|however|therefore|then|instead|otherwise"
    r"|for example|in this case|in that case|if so|but|and|or|so|because|note that|note|similarly|in addition"
    r"|additionally|finally|next|after that|first|second|important|tip|warning|caution)\b",
    re.IGNORECASE,
)
# A label or a title that the page sets apart, and that runs into the text here.
_BOX = re.compile(r"(?:Note|Important|Tip|Warning|Caution) [A-Z]")
_RUN_TOGETHER = re.compile(
    r"\. ?\.$|[\w)] (?:Use|Choose|Open|Run|Click|Select) (?:the|a)\b|\) To "
)  # title and sentence
_TERSE = 3  # words; `Yes, please do.` says too little alone


def stands_alone(text: str) -> bool:
    """Whole, not too long, about its subject and not about the page."""
    return (
        _SHORTEST <= len(text.split()) <= _LONGEST
        and text[-1:] in ".!"
        and not _RUN_TOGETHER.search(text)
        and text[:1] != "`"
        and not _BOX.match(text)
        and not _ABOUT_THE_PAGE.search(text)
    )


def leans(text: str) -> bool:
    """Whether it starts with a word that points at what stands before it."""
    return bool(_LEANS.match(text))


def opening(sentences: Sequence[Sentence]) -> str | None:
    """What a section says first: its first sentence, with the next one where that is only a yes or no."""
    first = next(iter(sentences), None)
    if first is None or first.item or _ABOUT_THE_PAGE.search(first.text) or first.text[-1:] not in ".!":
        return None
    if len(first.text.split()) > _TERSE:
        return first.text if len(first.text.split()) <= _LONGEST else None
    if len(sentences) > 1 and not sentences[1].item and sentences[1].section == first.section:
        both = f"{first.text} {sentences[1].text}"
        return None if _ABOUT_THE_PAGE.search(both) else both
    return first.text
