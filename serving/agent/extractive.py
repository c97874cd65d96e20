"""The writer that needs no key: it quotes the best sentences of the passages, or says that there are none.

It composes, it does not invent: every line is on a page, marked with where.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from core.records import Message, Passage
from core.sentences import Sentence, split
from core.words import content, overlap
from serving.agent import prompts
from serving.agent.answerable import ENOUGH, Weighed, answerable, answers, unanswered, weighing
from serving.agent.evidence import Candidate
from serving.agent.followup import in_context
from serving.agent.kinds import Kind, kind_of
from serving.agent.parts import Part, parts
from serving.agent.quotes import Quotes
from serving.agent.similarity import Embed
from serving.agent.state import Closing

_MOST, _MOST_EACH = 4, 3  # sentences chosen for themselves, for a question alone and for one of several
_WORTH = ENOUGH - 0.1  # what each must score however good its company
_SAME = 0.75  # word overlap from which two sentences say the same
_BEHIND = 0.4  # how far below the best sentence the first one may score that states the kind of thing asked for
_BESIDE = 0.1  # how far above that one another must score to be quoted without stating it
_LONGEST_LIST = 6
_SHORT_LIST = 8  # items; of such a list all are quoted where two would be
_LEANING = ("it ", "they ", "this ", "these ", "that ", "those ", "he ", "she ", "but ", "and ", "however")


class _Reach(NamedTuple):
    """How far below the first one another sentence may score."""

    here: float  # in a quoted passage
    elsewhere: float
    item: float  # a row or an item of a quoted passage: of two the whole list may come along


_ANYTHING = _Reach(0.4, 0.2, 0.3)
_KIND = _Reach(0.3, 0.15, 0.2)  # where the first one states the kind of thing asked for, such as a price


class Extractive:
    """Quotes. `embed` turns texts into unit vectors, wherever the encoder lives."""

    name = "extractive"

    def __init__(self, embed: Embed) -> None:
        self._weigh = weighing(embed)

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], _policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        """One to four quoted sentences with what they need to be understood, a paragraph per passage."""
        weighed: Weighed = await self._weigh(question, passages, history) or ()
        if not answerable(weighed).allowed:
            yield unanswered(weighed, passages)
            yield Closing(declined=True)
            return
        for index, each in enumerate(quoted(weighed, question, passages, history)):
            paragraph = each if isinstance(each, str) else each.paragraph
            yield f"\n\n{paragraph}" if index else paragraph
        yield Closing()


def quoted(
    weighed: Weighed, question: str, passages: Sequence[Passage], history: Sequence[Message]
) -> Iterator[Quotes | str]:
    """What to quote for each question of a message, nothing twice; where there is nothing, a sentence that says so."""
    asked = parts(question, history)
    most = _MOST if len(asked) == 1 else _MOST_EACH
    said: set[Quotes] = set()
    for part, candidates in zip(asked, weighed, strict=True):
        found = _quotes(candidates, passages, most, _kind(part)) if answers(candidates) else []
        yield from (each for each in found if each not in said)
        said.update(found)
        if not found:
            yield prompts.no_answer_to(part.question)


def _kind(part: Part) -> Kind | None:
    """What kind of answer is asked for, if only before: `And for the Harrier?` wants a price after a price."""
    return kind_of(part.question) or kind_of(in_context(part.question, part.history))


def compose(
    weighed: Sequence[Candidate], passages: Sequence[Passage], most: int = _MOST, kind: Kind | None = None
) -> list[str]:
    """A paragraph for each passage that is quoted, the best one first."""
    return [each.paragraph for each in _quotes(weighed, passages, most, kind)]


def _quotes(weighed: Sequence[Candidate], passages: Sequence[Passage], most: int, kind: Kind | None) -> list[Quotes]:
    chosen = _choose(weighed, kind)[:most]
    found = []
    for n in dict.fromkeys(candidate.n for candidate in chosen):
        passage = passages[n - 1]
        positions = {candidate.line.position for candidate in chosen if candidate.n == n}
        found.append(Quotes(n, passage, tuple(_understandable(positions, split(passage.chunk.text)))))
    return found


def _choose(weighed: Sequence[Candidate], kind: Kind | None) -> list[Candidate]:
    pointed = _to_the_point(weighed, kind)
    reach = _KIND if pointed and kind and kind.narrows else _ANYTHING
    chosen: list[Candidate] = []
    for candidate in pointed or weighed:
        if not chosen or _joins(candidate, chosen, reach):
            chosen.append(candidate)
    return chosen[:_MOST]


def _to_the_point(weighed: Sequence[Candidate], kind: Kind | None) -> list[Candidate] | None:
    """Those that state what is asked for, the best of them first, and what is much nearer, or all that is said beside
    a kind that does not narrow; None where none states it.
    """
    stating = [each for each in weighed if kind and kind.stated(each.line.sentence.text)]
    if kind is None or not stating or stating[0].score < max(_WORTH, weighed[0].score - _BEHIND):
        return None
    limit = stating[0].score + _BESIDE
    beside = [each for each in weighed if each in stating or each.score >= limit] if kind.narrows else weighed
    return [stating[0], *(each for each in beside if each is not stating[0])]


def _joins(candidate: Candidate, chosen: Sequence[Candidate], reach: _Reach) -> bool:
    quoted = any(candidate.n == other.n for other in chosen)
    behind = (reach.item if candidate.line.sentence.item else reach.here) if quoted else reach.elsewhere
    near = candidate.score >= max(_WORTH, chosen[0].score - behind)
    return near and not any(_same(candidate, other) for other in chosen)


def _same(one: Candidate, other: Candidate) -> bool:
    return overlap(content(one.line.sentence.text), content(other.line.sentence.text)) >= _SAME


def _understandable(positions: set[int], sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences with those they lean on: the one before `It …`, the list after `…:`, and `…:` before an item."""
    wanted = set(positions)
    for position in positions:
        wanted.update(_introducing(position, sentences))
        if position and _leans_on(sentences[position - 1], sentences[position]):
            wanted.add(position - 1)
        if sentences[position].text.endswith(":"):
            wanted.update(_list_after(position, sentences))
    for items in _lists(sentences):
        if len(items) <= _SHORT_LIST and len(positions.intersection(items)) > 1:
            wanted.update(items)  # some rows of a table without the others read as if there were no others
    return [sentences[position] for position in sorted(wanted)]


def _lists(sentences: Sequence[Sentence]) -> Iterator[list[int]]:
    """The positions of items that stand below each other, list by list."""
    runs = groupby(range(len(sentences)), key=lambda index: (sentences[index].item, sentences[index].section))
    return (list(indices) for (item, _), indices in runs if item)


def _introducing(position: int, sentences: Sequence[Sentence]) -> Iterator[int]:
    """The items that an item stands under, and the sentence that introduces them all, if it says that it does."""
    depth = sentences[position].depth
    for index in range(position - 1, -1, -1):
        above = sentences[index]
        if not depth or above.section != sentences[position].section:
            return
        if above.depth < depth:
            if above.depth or above.text.endswith(":"):
                yield index
            depth = above.depth


def _leans_on(before: Sentence, sentence: Sentence) -> bool:
    together = before.section == sentence.section and not before.item and not sentence.item
    return together and sentence.text.casefold().startswith(_LEANING)


def _list_after(position: int, sentences: Sequence[Sentence]) -> list[int]:
    found = []
    for index in range(position + 1, min(len(sentences), position + 1 + _LONGEST_LIST)):
        if not sentences[index].item or sentences[index].section != sentences[position].section:
            break
        found.append(index)
    return found
