"""Which drafts a reviewer gets: understood without their page, none twice, spread over pages and kinds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from core.embedder import Encoder
from core.particulars import names, numbers
from evals.drafting.drafts import Draft

_ALIKE = 0.93  # cosine from which two questions are one, unless they ask for different numbers or names

_PAGE = 3  # a second question of one page is as unwelcome as three more of one kind


def merged(drafts: Iterable[Draft]) -> list[Draft]:
    """The same question with the same answer is one, with all its pages; with different answers it is none."""
    by_question: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_question[draft.asked].append(draft)
    return [
        replace(same[0], pages=tuple(dict.fromkeys(page for each in same for page in each.pages)))
        for same in by_question.values()
        if len({each.answers for each in same}) == 1
    ]


def spread(drafts: Iterable[Draft], number: int, encoder: Encoder, known: Sequence[str] = ()) -> list[Draft]:
    """At most `number`, from the pages and of the kinds with fewest so far; none like one taken before or `known`."""
    waiting = list(drafts)
    seen = _Seen(encoder, known)
    taken: list[Draft] = []
    pages: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    while waiting and len(taken) < number:
        draft = min(waiting, key=lambda each: kinds[each.how] + _PAGE * pages[each.pages[0]])
        waiting.remove(draft)
        if seen.is_new(draft.question):
            taken.append(draft)
            kinds[draft.how] += 1
            pages[draft.pages[0]] += 1
    return taken


class _Seen:
    """The questions so far, by meaning."""

    def __init__(self, encoder: Encoder, known: Sequence[str]) -> None:
        self._encoder = encoder
        self._texts = list(known)
        self._vectors = encoder.encode(self._texts, "query")

    def is_new(self, question: str) -> bool:
        """Whether none was like it; from now on it is one of them."""
        vector = self._encoder.encode([question], "query")
        alike = np.flatnonzero(self._vectors @ vector[0] >= _ALIKE)
        if any(_particulars(self._texts[index]) == _particulars(question) for index in alike):
            return False
        self._texts.append(question)
        self._vectors = np.concatenate([self._vectors, vector])
        return True


def _particulars(question: str) -> set[tuple[str, ...]]:
    return {each.parts for each in [*names(question), *numbers(question)]}
