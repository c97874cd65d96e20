"""Is a question what the site is about: by its policy, by the work it asks for, by how near the site's pages come.

Needs no model. How near is near enough the retriever knows, for it depends on the build (`Retrieved.closeness`); the
best sentence counts for a question where it says more than is usual on such a site, and against it where it says less;
words and names that the best passages do not know count against it, a name in their titles for it. Who asks the owners
what they do (`Do you …`, `Can I …`), or about what the policy says they help with, may name whatever they like. Weights
are in evals/LOG.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from core.particulars import names
from core.records import Passage, Ruling
from core.words import content
from serving.agent.evidence import respelled
from serving.agent.policy import Policy
from serving.agent.reading import read

_UNKNOWN_NAME = 0.15  # what a name in no passage costs, on the scale of likeness
_UNKNOWN_WORDS = 0.1  # what it costs if the passages know none of the words
_OWN_NAME = 0.1  # what a name is worth that is in the title of a passage: `Does the Merlin have an app?`
_TO_US = 0.15  # what it is worth to ask those whose site it is what they do: `Do you take American Express?`

_EVIDENCE = 0.4  # of what the best sentence scores beyond the usual
_USUAL, _STEEPER = 0.3, 2.5  # the usual, and by how much it rises with the likeness that a build asks for

_ASKS_US = re.compile(
    r"^\W*(?:(?:hi|hello|hey|and|so|also|ok)\W+)*(?:do|does|did|can|could|may|will|would|are|have|is|am)\s+(?:you|i|we)\b"
    r"|\byour\b",
    re.IGNORECASE,
)

# An order opens the message, but for what leads up to it; what is ordered follows within a few words, and is none that
# exists already: `Tell me a story`, not `Tell me the story of your shop`.
_LEAD = (
    r"^\W*(?:(?:please|pls|hey|hi|hello|ok|now|just|kindly|then)\b\W*|(?:can|could|would|will) you\s+"
    r"|i (?:need|want|would like|'d like) (?:you )?(?:to )?|help me(?: to)?\s+|let's\s+)*"
)
_ANEW = r"\b(?:\W+(?!the\b)[\w'-]+){0,5}?\W+"
_CREATIVE = (
    "poem|poetry|haiku|sonnet|limerick|verse|rhyme|lyrics|song|rap|story|stories|tale|novel|joke|riddle|essay|speech"
    "|toast|letter|e-?mail|blog post|post|tweet|article|cv|resume|slogan|screenplay|dialogue"
)
_PROGRAM = (
    "script|program|code|regex|regular expression|app|game|website|web ?page|html|algorithm|crawler|scraper|bot"
    "|function|class|quicksort|sort"
)
_WORK = re.compile(
    rf"{_LEAD}(?:write|compose|draft|generate|create|make|invent|tell|give|sing|produce){_ANEW}(?:{_CREATIVE})s?\b"
    rf"|{_LEAD}(?:write|code|program|implement|generate|build|develop){_ANEW}(?:{_PROGRAM})s?\b"
    rf"|{_LEAD}(?:debug|fix|refactor|review|convert|port)\s+(?:this|my|the following)\b.*\b(?:{_PROGRAM})\b"
    rf"|{_LEAD}(?:translate|solve|prove)\s|\b(?:do|with) my (?:\w+ )?(?:homework|assignment)\b|\bmy homework\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near the passages come: the first two as in `Retrieved`, and the best sentence's score."""

    closeness: float
    needed: float | None = None
    strength: float | None = None

    @property
    def score(self) -> float:
        """Below 0 it is not near enough."""
        if self.needed is None or self.strength is None:
            return self.closeness
        return self.closeness + _EVIDENCE * (self.strength - _USUAL - _STEEPER * self.needed)


def scope(question: str, passages: Sequence[Passage], near: Nearness | None, policy: Policy) -> Ruling:
    """Whether the question is inside; `near` is None where nobody can tell."""
    if name := policy.foreign_in(question):
        return _outside(f"The policy says that the site is not about {name}.")
    if asks_for_work(question):
        return _outside("It asks for a piece of work, not for what the pages say.")
    if near is None:
        return Ruling("scope", allowed=True, reason="Nothing speaks against it.")
    score = round(near.score - _strangeness(question, passages, policy), 3)
    if score < 0:
        return _outside("No page comes near it.", score)
    return Ruling("scope", allowed=True, reason="The site's pages are about it.", score=score)


def asks_for_work(question: str) -> bool:
    """Whether it wants something written, solved or translated: `Write me a poem`, not `How do I write a review?`"""
    return bool(_WORK.search(question))


def _outside(reason: str, score: float | None = None) -> Ruling:
    return Ruling("scope", allowed=False, reason=reason, score=score)


def _strangeness(question: str, passages: Sequence[Passage], policy: Policy) -> float:
    """What speaks against it in its words, less what speaks for it."""
    known = {term for passage in passages for term in read(passage.chunk).terms}
    titles = {term for passage in passages for term in content(passage.chunk.title)}
    asked = set(content(respelled(question, passages)))
    named = [{term for part in name.parts for term in content(part)} for name in names(question)]
    own = _OWN_NAME * any(name and name <= titles for name in named)
    to_us = bool(_ASKS_US.search(question))
    if to_us or policy.helps_with(asked):
        return _UNKNOWN_WORDS * _unknown(asked.difference(*named), known) - own - _TO_US * to_us
    foreign = any(not name <= known for name in named)
    return _UNKNOWN_WORDS * _unknown(asked, known) + _UNKNOWN_NAME * foreign - own


def _unknown(asked: Set[str], known: Set[str]) -> float:
    """The share of words that nobody knows."""
    return len(asked - known) / len(asked) if asked else 0.0
