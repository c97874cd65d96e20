"""Attempts to make the assistant something else: in a question, or in a document that is quoted to a model.

Wordings, not meanings: what slips through meets the checks of what is written (check.py), which trust nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from core.records import Passage, Ruling

Attack = Literal["extraction", "injection"]

_TELL = (
    "(?:repeat|print|show|reveal|output|display|tell|give|share|leak|dump|encode|decode|translate|quote|recite|write"
    "|list|summari[sz]e|paraphrase|return|send|expose|disclose|provide|state|describe)"
)
_WHOSE = (
    "(?:your|its|the|those|these|all|any|previous|prior|earlier|initial|original|above|following|system|hidden|secret"
    "|starting|own|full|entire|every(?:thing)?|of|in|my|other|and)"
)
_SETUP = "(?:system|initial(?:ization)?|hidden|secret|original|starting|developer)"
_RULES = (
    rf"(?:{_SETUP}[\s_-]*(?:prompt|message|instruction|configuration|string|text|directive|rule)s?"
    "|instructions?|guidelines|directives|prompts?|rules|restrictions|guardrails|safety (?:rules|filters))"
)


def _any_of(*wordings: str) -> re.Pattern[str]:
    return re.compile("|".join(wordings), re.IGNORECASE | re.DOTALL | re.MULTILINE)


def _words(most: int) -> str:
    """So many words in between at most."""
    return rf"(?:\W+\w+){{0,{most}}}?\W+"


_EXTRACTION = _any_of(
    rf"\b{_TELL}\b{_words(8)}(?:your|{_SETUP})[\s_-]+(?:{_WHOSE}\W+)*{_RULES}\b",
    rf"\b{_TELL}\b.*\bsystem (?:message|configuration)\b",
    r"\b(?:system|hidden|initialization)[\s_-]*(?:prompt|instructions|string)\b",
    rf"\b(?:what|which)\b{_words(3)}(?:your|those|the)\W+(?:{_WHOSE}\W+)*(?:instructions|guidelines|prompt|directives)"
    r"(?:\W*$|\W+(?:from|given|say|exactly)\b)",
    rf"\b{_TELL}\b{_words(4)}(?:text|everything|words|message|conversation|sentences?|content)"
    r"(?:\W+(?:that|which|was|is|were))*\W+(?:above|before this|back to me|you were (?:given|told))",
    rf"\b{_TELL}\b{_words(3)}above (?:text|message|prompt|instructions)\b",
    r"\b(?:instructions|text|prompt|rules)\W+you (?:were|have been|got|are) (?:given|told|provided|following)",
    r"\bwere you (?:told|given|instructed)\b|\bnot (?:supposed|allowed) to (?:tell|say|reveal)\b",
    r"\bmy instructions are\b|\bi was (?:instructed|told) to\b|\byour (?:system|initial) (?:prompt|instructions)\b",
)

_INJECTION = _any_of(
    rf"\b(?:ignore|disregard|forget|override|bypass|skip|neglect)\b(?:\W+(?:{_WHOSE}|about|that|everything))*\W+"
    rf"(?:{_RULES}|(?:you|we) (?:were|are|learned|have)\b|above\b"
    r"|(?:text|messages?|conversation|input|said) (?:above|before))",
    r"\b(?:forget|ignore) (?:everything|all|anything) (?:you|that|i|we|above|before)\b",
    rf"\bfrom now on\b{_words(4)}(?:you|act|answer|respond|reply|your)\b",
    r"\byou are (?:now |going to |about to )(?:\w+ ){0,4}?(?:act|play|pretend|immerse|dan|called|unrestricted|known)\b",
    rf"\b(?:pretend|act|role-?play|behave)\b{_words(3)}"
    r"(?:as if you|as though you|to be (?:an?|my|the|dan|free)|as an? (?:ai|evil|unrestricted|dan|different)|as dan)\b",
    r"\b(?:dan|developer|jailbreak|god|debug|maintenance|admin(?:istrator)?) (?:mode|override)\b|\bdo anything now\b",
    r"\b(?:without|no|free of) (?:any )?(?:restrictions?|filters?|censorship|guardrails) (?:and|or|what|at all)",
    r"\bjust (?:say|print|output|reply|write)\b\W*[\"“'‘«]|\bstop everything\b",
    r"\b(?:repeat|say|write) (?:this|the following|after me)\b.{0,20}[:\"“]",
    r"<\s*/?\s*(?:system|passages?|im_start|im_end|inst)\b|\[/?inst\]|<\|[\w ]+\|>|^\s*(?:system|assistant)\s*:",
    r"\bnew (?:instructions|rules|task|system prompt)\s*:",
)

# A page speaks to its readers; one that speaks about the reply that is being written speaks to a model.
_ORDERS = re.compile(
    r"^\W*(?:please |now |also |in (?:your|the) (?:reply|response|answer),? |use (?:\w+ ){0,6}in )?"
    r"(?:add|include|append|insert|integrate|modify|augment|enhance|introduce|replace|provide|render|scramble|rearrange"
    r"|remove|combine|group|misspell|substitute|convert|jumble|anagram|suggest|tease|end|begin|start|finish|conclude"
    r"|write|embed|mention|rewrite|encode|translate|use)\b",
    re.IGNORECASE,
)
_REPLY = re.compile(r"\byour (?:\w+ )?(?:reply|response|answer|message)s?\b", re.IGNORECASE)
_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_SENTENCES = re.compile(r"(?<=[.!?\n])(?=\s)|(?<=\n)")


def attack_in(question: str) -> Attack | None:
    """What a message tries, if it tries something."""
    plain = _plain(question)
    if _EXTRACTION.search(plain):
        return "extraction"
    return "injection" if _INJECTION.search(plain) else None


def disarmed(passages: Sequence[Passage]) -> tuple[list[Passage], list[Ruling]]:
    """The passages without the lines that speak to a model, for one to read; and a ruling for each that has some."""
    texts = [_without_orders(passage.chunk.text) for passage in passages]
    safe = [replace(each, chunk=replace(each.chunk, text=text)) for each, text in zip(passages, texts, strict=True)]
    rulings = [
        Ruling(
            "document", allowed=False, reason=f"A line of {passage.chunk.path} speaks to the model: it was left out."
        )
        for passage, text in zip(passages, texts, strict=True)
        if text != passage.chunk.text
    ]
    return safe, rulings


@lru_cache(maxsize=2048)  # popular passages come again and again
def _without_orders(text: str) -> str:
    return "".join(part for part in _SENTENCES.split(text) if not speaks_to_a_model(part))


def speaks_to_a_model(sentence: str) -> bool:
    """Whether a sentence of a document gives orders to whoever answers from it."""
    plain = _plain(sentence)
    return bool((_ORDERS.search(plain) and _REPLY.search(plain)) or _INJECTION.search(plain))


def _plain(text: str) -> str:
    return " ".join(_HIDDEN.sub("", unicodedata.normalize("NFKC", text)).split())
