"""What a chat model is told, and the few sentences that the desk says itself. Knows no model.

A model's rules are in `system.txt`, the form of a question in `question.txt`, that of notes in `earlier.txt`; here
they are only filled in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from string import Template

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from core.records import Message, Passage

EMPTY_QUESTION = "Please type a question, and I will look for the answer in the pages of this site."
TOO_LONG = "That is more than I can read at once. Please ask in at most {longest:,} characters."
NO_ANSWER = "I could not find an answer to that in the pages of this site."

_NO_ANSWER_TO = "I could not find an answer to “{question}” in the pages of this site."
_OUTSIDE = "I am sorry, that is outside what I can help with here. Ask me about {about}, and I will gladly look it up."
_KEPT = "How I was set up stays with me. I am glad to help with {about}: what would you like to know?"
_UNMOVED = "I cannot follow that. I answer questions about {about}: what would you like to know?"

_FENCE = re.compile(r"<(?=\s*/?\s*(?:passage|earlier))", re.IGNORECASE)


def _template(name: str) -> Template:
    return Template(files(__package__).joinpath(name).read_text(encoding="utf-8"))


_SYSTEM = _template("system.txt")
_QUESTION = _template("question.txt")
_EARLIER = _template("earlier.txt")


def no_answer_to(question: str) -> str:
    """To one of several questions."""
    return _NO_ANSWER_TO.format(question=question)


def outside(about: str) -> str:
    """To a question that is not what the site is about."""
    return _OUTSIDE.format(about=about)


def unmoved(about: str, *, asks_for_rules: bool) -> str:
    """To an attempt to read or change the assistant's own rules."""
    return (_KEPT if asks_for_rules else _UNMOVED).format(about=about)


def nearest_pages(titles: Sequence[str]) -> str:
    """Where to look instead; "" where there is nowhere."""
    return f"The nearest pages are: {'; '.join(titles)}." if titles else ""


def messages(question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str) -> list[BaseMessage]:
    """The whole prompt: earlier messages verbatim, notes of older ones beside the question."""
    notes = [message.content for message in history if message.role == "note"]
    return [
        SystemMessage(_system(policy)),
        *(_said(message) for message in history if message.role != "note"),
        HumanMessage(_earlier(notes) + _asked(question, passages)),
    ]


def rules(policy: str) -> str:
    """All that a model is told before the question, which no answer may repeat."""
    return _system(policy)


def _system(policy: str) -> str:
    site_rules = f"\nThe site's own rules:\n{policy.strip()}" if policy.strip() else ""
    return _SYSTEM.substitute(policy=site_rules).strip()


def _said(message: Message) -> BaseMessage:
    return HumanMessage(message.content) if message.role == "user" else AIMessage(message.content)


def _earlier(notes: Sequence[str]) -> str:
    return _EARLIER.substitute(notes=_inert("\n".join(notes))) if notes else ""


def _asked(question: str, passages: Sequence[Passage]) -> str:
    numbered = "\n".join(_passage(n, passage) for n, passage in enumerate(passages, 1))
    return _QUESTION.substitute(passages=numbered or "(none were found)", question=question).strip()


def _passage(n: int, passage: Passage) -> str:
    chunk = passage.chunk
    place = " > ".join(filter(None, [chunk.title, chunk.heading]))
    return f'<passage n="{n}">\n{_inert(place)}\n{_inert(chunk.text)}\n</passage>'


def _inert(text: str) -> str:
    """A document cannot close the fence around it."""
    return _FENCE.sub("&lt;", text)
