"""A question written anew by the site's model so that it stands alone, in the language of the site's pages.

The model sees what the visitor and the assistant said, and no page. What it writes is only ever searched for, and only
if it is still the question: a rewriting that lost it, answers it, or brings in something new is none.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template

from langchain_core.messages import BaseMessage, HumanMessage

from core.errors import FrontdeskError
from core.particulars import numbers
from core.records import Message, Passage
from core.words import content
from serving.agent.language import Spoken, foreign
from serving.agent.state import Closing, Writer
from serving.agent.tab import spending

logger = logging.getLogger(__name__)

SECONDS = 5.0  # that a visitor waits for it at most
MOST_TOKENS = 120

_TEMPLATE = Template(files(__package__).joinpath("rewrite.txt").read_text(encoding="utf-8"))
_FENCE = re.compile(r"<(?=\s*/?\s*(?:said|message))", re.IGNORECASE)
_MESSAGES = 6  # of what was said last
_LONGEST = 300  # characters of one of them
_QUOTES = "\"'“”‘’«»` \t"
_LABEL = re.compile(r"^(?:rewritten (?:message|question)|message|question)\s*:\s*", re.IGNORECASE)
_MORE = 200  # characters that a rewriting may be longer than the question
_KEPT = 0.5  # share of the question's own words that it keeps
_NEW = 0.34  # share of its words that nobody said
_ASKING = ("?", "？", "؟")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The question as it stands alone, "" where there is none; what the attempt cost, whatever came of it."""

    question: str = ""
    bill: Closing = field(default_factory=Closing)


async def rewritten(
    rewriter: Writer, question: str, history: Sequence[Message], spoken: Spoken, *, translated: bool
) -> Rewritten:
    """What the model makes of the question; nothing, not an error, where it fails or makes something else of it."""
    written, bill = [], Closing()
    said = _said(history)
    spent = spending()
    pieces: AsyncGenerator[str | Closing, None] = rewriter.write(question, (), said, "")
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if isinstance(piece, Closing):
                    bill = piece
                else:
                    written.append(piece)
    except FrontdeskError as error:
        logger.warning("the question is searched for as it was asked: %s", error.code)
        return Rewritten(bill=spent())
    text = _line("".join(written))
    fits = _is_the_question(text, question, said) and (
        foreign(text, Spoken(served=frozenset({spoken.own}))) is None
        if translated
        else _says_the_same(text, question, said)
    )
    return Rewritten(text if fits else "", bill)


def prompt(
    question: str, _passages: Sequence[Passage], history: Sequence[Message], _policy: str, *, language: str
) -> list[BaseMessage]:
    """What a model is asked; `language` is the one to write in."""
    lines = [f"{'Visitor' if each.role == 'user' else 'Assistant'}: {_inert(each.content)}" for each in history]
    said = "\n".join(lines) or "(nothing)"
    return [HumanMessage(_TEMPLATE.substitute(language=language, said=said, message=_inert(question)))]


def _said(history: Sequence[Message]) -> list[Message]:
    """The last messages word for word, but not long; notes of older ones are left out."""
    last = [each for each in history if each.role != "note"][-_MESSAGES:]
    return [Message(each.role, " ".join(each.content.split())[:_LONGEST]) for each in last]


def _line(text: str) -> str:
    """The text if it is one line, without what models put around it."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return _LABEL.sub("", lines[0].strip(_QUOTES)).strip(_QUOTES) if len(lines) == 1 else ""


def _is_the_question(text: str, question: str, said: Sequence[Message]) -> bool:
    """Whether it can be: neither empty nor endless, asking where the question asks, without numbers of its own."""
    asks = text.rstrip().endswith(_ASKING) or not question.rstrip().endswith(_ASKING)
    told = {number.parts for each in (question, *(message.content for message in said)) for number in numbers(each)}
    invented = any(number.parts not in told for number in numbers(text))
    return bool(text) and len(text) <= len(question) + _MORE and asks and not invented and "://" not in text


def _says_the_same(text: str, question: str, said: Sequence[Message]) -> bool:
    """Whether its words are the question's and those of the conversation."""
    own, asked = set(content(text)), set(content(question))
    told = asked.union(*(content(message.content) for message in said))
    kept = len(own & asked) / len(asked) if asked else 1.0
    return bool(own) and kept >= _KEPT and len(own - told) <= _NEW * len(own)


def _inert(text: str) -> str:
    """A message cannot close the fence around it."""
    return _FENCE.sub("&lt;", text)
