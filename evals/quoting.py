"""What a model without a mind can say and be believed: sentences of its prompt's passages, each cited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, cycle, islice

from core.sentences import split

_PASSAGE = re.compile(r'<passage n="(\d+)">\n.*\n([\s\S]*?)\n</passage>')  # its first line says where it stands
_TOKEN = re.compile(r"\s*\S+")


def quoted(prompt: str, tokens: int) -> list[str]:
    """So many words of quotes; none where the prompt has no sentences to quote. Where there are too few they come over
    again as a list, whose items may say what was said.
    """
    told = list(_cited(prompt))
    again = "".join(f"\n- {sentence}" for sentence in told)
    return [*islice(chain(_TOKEN.findall(" ".join(told)), cycle(_TOKEN.findall(again))), tokens)] if told else []


def _cited(prompt: str) -> Iterator[str]:
    for number, text in _PASSAGE.findall(prompt):
        for sentence in split(text):
            if not sentence.item and sentence.text.endswith((".", "!", "?")):
                yield f"{sentence.text} [{number}]"
