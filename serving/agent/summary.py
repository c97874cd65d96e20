"""The rolling summary that needs no model: what the visitor told, and what was asked about, in the visitor's words.

One line each, told before asked, oldest first. Folding in new turns costs the same however many were folded before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from core.particulars import names, numbers
from core.records import Exchange
from core.sentences import sentence_texts
from core.words import content, overlap, words

MOST_WORDS = 110  # about 150 tokens
_FOR_TOLD = 75  # of these words at most, so that topics keep some room
_LONGEST = 24  # words of a line

_TOLD, _ASKED = "Told: ", "Asked: "
_INTRODUCES = re.compile(r"\b(?:my name is|call me|i am|i'm|i’m|we are|we're|we’re)\b", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i’m|i've|i’ve|my|mine|me|we|our|ours|us)\b", re.IGNORECASE)
_CHOOSES = re.compile(
    r"\b(?:prefer|want|need|choose|chose|decided|bought|ordered|have|own|use|take|live|order|number)\b", re.I
)
_WORTH = 2  # points from which a sentence tells something that is worth keeping
_SAME = 0.75  # share of the shorter line's words from which a new line says what an old one said
_AS_LONG = 0.6  # of the longer line, else the shorter one says only a part
_ASKS = ("?", "？")


def extractive(summary: str, said: Sequence[Exchange]) -> str:
    """`summary` with these turns folded in; at most MOST_WORDS."""
    kept = summary.splitlines()
    new = [line for exchange in said for line in _lines(exchange.question)]
    return _bounded(_latest_of_each(line for line in chain(kept, new) if line.strip()))


def bounded(text: str) -> str:
    """A summary from elsewhere, cut to the same length."""
    return "\n".join(_within(text.splitlines(), MOST_WORDS))


def _lines(message: str) -> list[str]:
    sentences = sentence_texts(message)
    told = [sentence for sentence in sentences if not sentence.endswith(_ASKS)]
    asked = [sentence for sentence in sentences if sentence.endswith(_ASKS) and content(sentence)]
    return [
        *(_TOLD + _short(sentence) for sentence in told if _salience(sentence) >= _WORTH),
        *(_ASKED + _short(sentence) for sentence in asked),
    ]


def _salience(sentence: str) -> int:
    """How much a sentence tells about the visitor: names, numbers, choices, in the first person above all."""
    return (
        3 * bool(_INTRODUCES.search(sentence))
        + bool(_FIRST_PERSON.search(sentence))
        + bool(_CHOOSES.search(sentence))
        + bool(numbers(sentence))
        + bool(names(sentence))
    )


def _latest_of_each(lines: Iterable[str]) -> list[str]:
    """Where two lines say the same, or the later one corrects a number, only the later one."""
    kept: list[str] = []
    for line in lines:
        kept = [other for other in kept if not _says_the_same(other, line)]
        kept.append(line)
    return kept


def _says_the_same(one: str, other: str) -> bool:
    if one.startswith(_TOLD) != other.startswith(_TOLD):
        return False
    left, right = _about(one), _about(other)
    longer, shorter = sorted((len(left), len(right)), reverse=True)
    return bool(shorter) and overlap(list(left), list(right)) >= _SAME and shorter / longer >= _AS_LONG


def _about(line: str) -> set[str]:
    """A number that was told may be corrected; a question about another number is another question."""
    if line.startswith(_ASKED):
        return set(content(line.removeprefix(_ASKED)))
    stems = set(content(line.removeprefix(_TOLD)))
    return {stem for stem in stems if not any(sign.isdigit() for sign in stem)} or stems


def _bounded(lines: Sequence[str]) -> str:
    """What tells most stays longest; of topics the latest. A line without a mark is a model's and counts as told."""
    asked = [line for line in lines if line.startswith(_ASKED)]
    told = [line for line in lines if not line.startswith(_ASKED)]
    by_salience = sorted(enumerate(told), key=lambda each: (_salience(each[1]), each[0]), reverse=True)
    best = _within([line for _, line in by_salience], _FOR_TOLD)
    room = MOST_WORDS - sum(map(_length, best))
    latest = _within(list(reversed(asked)), room)
    return "\n".join([*(line for line in told if line in best), *reversed(latest)])


def _within(lines: Sequence[str], most: int) -> list[str]:
    """The first lines, as many as fit."""
    kept: list[str] = []
    for line in lines:
        if sum(map(_length, [*kept, line])) > most:
            break
        kept.append(line)
    return kept


def _length(line: str) -> int:
    return len(words(line))


def _short(sentence: str) -> str:
    if _length(sentence) <= _LONGEST:
        return sentence
    kept = sentence.split()[:_LONGEST]
    return f"{' '.join(kept)[: 8 * _LONGEST]} …"
