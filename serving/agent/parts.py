"""A message that asks several things, taken apart: `When do you open, and do you ship to Norway?` is two questions.

Each is searched for and quoted for by itself, the later ones after the earlier: `… and how much is it?` leans on them.
What is told before a question goes with it. Knows no search and no writer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from core.records import Message, Passage
from core.sentences import sentence_texts
from core.words import content, words
from serving.agent.smalltalk import small_talk
from serving.agent.state import Retrieved, Retriever

_MOST = 3  # questions; what is asked beyond them goes with the last
_SHARE = 3  # passages that each is given at least
_ENOUGH = 3  # words of a question that has no others

_MARKS = ("?", "？", "؟")
_ENDS = "".join(_MARKS) + " .!"
_SUBJECT = "i|you|we|they|he|she|it|there|this|that|these|those|the|a|an|any|my|your|our|their|one|someone|people"
_OPENS = (
    r"(?:(?:who|whom|whose|what|when|where|which|why|how)\b"
    rf"|(?:do|does|did|can|could|will|would|should|shall|may|must|have|has|is|are|was|were|am)\s+(?:{_SUBJECT})\b)"
)
_ASKS = re.compile(rf"\W*(?:(?:and|also|so|but|then|or)\W+)*{_OPENS}", re.IGNORECASE)
_JOINT = re.compile(rf"[,;]?\s+(?:and|plus)\s+(?:also\s+)?(?={_OPENS})", re.IGNORECASE)
_WISHES = r"(?:i|we)(?:['’]d|\s+(?:would|want|need|wish))\b|please\b"
_APART = re.compile(rf"[,;]?\s+(?:and|but|plus)\s+(?:also\s+)?(?={_OPENS}|{_WISHES})", re.IGNORECASE)
_ONE_THING = re.compile(r"\b(?:differences?|differs?|compared?|comparison|between|versus|vs)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the questions, as it stands after `history`."""

    question: str
    history: tuple[Message, ...] = ()


def parts(message: str, history: Sequence[Message] = ()) -> list[Part]:
    """The questions of a message in their order, without greetings and thanks around them."""
    sentences, polite = _sentences(message)
    asked = _questions(sentences)
    if len(asked) < 2:
        return [Part(" ".join(sentences) if polite and sentences else message, tuple(history))]
    questions = [*asked[: _MOST - 1], " ".join(asked[_MOST - 1 :])] if len(asked) > _MOST else asked
    return [
        Part(question, (*history, *(Message("user", earlier) for earlier in questions[:number])))
        for number, question in enumerate(questions)
    ]


def asks(text: str) -> bool:
    """Whether it opens as a question does."""
    return bool(_ASKS.match(text))


def clauses(message: str) -> list[str]:
    """All that is asked, told and wished for, without greetings and thanks."""
    return [
        clause.rstrip(_ENDS) + ("?" if is_question(clause) else ".")
        for sentence in _sentences(message)[0]
        for clause in _APART.split(sentence)
    ]


def is_question(sentence: str) -> bool:
    """Whether it ends or opens as one."""
    return sentence.endswith(_MARKS) or asks(sentence)


async def retrieved(find: Retriever, site: str, message: str, history: Sequence[Message]) -> Retrieved:
    """The passages for all that a message asks, from one build."""
    asked = parts(message, history)
    found = await asyncio.gather(*(find(site, part.question, part.history) for part in asked))
    if len(found) == 1:
        return found[0]
    if len({(each.build, each.table_version) for each in found}) > 1:  # the pointer moved in between
        return await find(site, message, history)
    return _merged(found)


def _merged(found: Sequence[Retrieved]) -> Retrieved:
    """The passages of several searches of one build, in turns, each passage once; of each search its share."""
    share = max(_SHARE, max(len(each.passages) for each in found) // len(found))
    turns = zip_longest(*(each.passages[:share] for each in found))
    once: dict[str, Passage] = {}
    for passage in (passage for turn in turns for passage in turn if passage is not None):
        once.setdefault(passage.chunk.id, passage)
    near = [each.closeness for each in found if each.closeness is not None]
    search = " ".join(filter(None, (each.search for each in found)))
    first = found[0]
    closeness = max(near, default=None)
    return Retrieved(tuple(once.values()), first.build, first.table_version, closeness, first.needed, search)


def _questions(sentences: Sequence[str]) -> list[str]:
    questions: list[str] = []
    told: list[str] = []  # since the last question
    for sentence in sentences:
        if not is_question(sentence):
            told.append(sentence)
            continue
        first, *more = _clauses(sentence)
        questions += [" ".join([*told, first]), *more]
        told = []
    if told and questions:  # what is said at the end belongs to what was asked last
        questions[-1] = " ".join([questions[-1], *told])
    return questions


def _sentences(message: str) -> tuple[list[str], bool]:
    """Those that say something, as `Hi!` and `Thanks.` do not; and whether there were any of these."""
    lines = (line for line in message.splitlines() if line.strip())
    texts = [text.strip() for line in lines for text in sentence_texts(line)]
    told = [text for text in texts if not small_talk(text)]
    return [text for text in told if _says(text)], len(told) < len(texts)


def _clauses(sentence: str) -> list[str]:
    """The clauses that ask something each; a sentence that asks how two things differ is one."""
    if not _ASKS.match(sentence) or _ONE_THING.search(sentence):
        return [sentence]
    first, *more = _JOINT.split(sentence.rstrip(_ENDS))
    if not all(map(_says, [first, *more])):
        return [sentence]
    return [f"{clause.rstrip(_ENDS)}?" for clause in (first, *more)]


def _says(text: str) -> bool:
    """`How much is it?` says something, though none of its words is about anything."""
    return bool(content(text)) or len(words(text)) >= _ENOUGH
