"""True sentences made false by one word: a number or a name swapped, a verb negated. Seeded by the sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from core.particulars import Particular, names, numbers

_AUXILIARY = re.compile(r"\b(is|are|was|were|can|could|will|would|should|must|has|have|had|may|might|does|do|did)\b")
_DENIAL = re.compile(r"\s+not\b|n['’]t\b")

Like = Callable[[Particular, Particular], bool]


def swap_number(sentence: str, pool: Sequence[Particular]) -> str | None:
    """One number replaced by another one of the same form out of the pool; None where that cannot be done."""
    return _swap(sentence, numbers(sentence), pool, _same_form)


def swap_name(sentence: str, pool: Sequence[Particular]) -> str | None:
    """One name replaced by another out of the pool; None where that cannot be done."""
    return _swap(sentence, names(sentence), pool, _any)


def negate(sentence: str) -> str | None:
    """`not` put in after the first auxiliary verb, or taken out; None without an auxiliary."""
    if _DENIAL.search(sentence):
        return _DENIAL.sub("", sentence, count=1)
    negated, found = _AUXILIARY.subn(r"\1 not", sentence, count=1)
    return negated if found else None


def _swap(sentence: str, own: Sequence[Particular], pool: Sequence[Particular], like: Like) -> str | None:
    if not own:
        return None
    draw = Random(sentence)  # noqa: S311 - nothing to guess
    old = draw.choice(own)
    stated = {part for each in own for part in each.parts}
    choice = [each for each in pool if like(old, each) and stated.isdisjoint(each.parts)]
    return sentence[: old.start] + draw.choice(choice).text + sentence[old.end :] if choice else None


def _same_form(old: Particular, new: Particular) -> bool:
    return len(old.parts[0]) == len(new.parts[0]) and old.text.isalpha() == new.text.isalpha()


def _any(_old: Particular, _new: Particular) -> bool:
    return True
