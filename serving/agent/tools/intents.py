"""Does a message ask for something to be done, and by which tool: told by its wording, in `intents.toml`.

Careful rather than clever: whoever asks how something is done gets an answer, not a form. Needs no model.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from core.words import STOP_WORDS
from serving.agent.parts import clauses, is_question

_LONGEST = 40  # words of a message
_GAP = 4  # words between a verb and its thing
_APART = re.compile(r"['’`]")
_WORD = re.compile(r"\w+")
_CLAUSES = re.compile(r"[,;:.!?–—]+(?=\s|$)|\s(?=but\s)", re.IGNORECASE)
_NEGATIVE_QUESTION = re.compile(
    r" (?:\w+ t (?:i|you|we|there)|(?:can|could|kann|könnte) (?:i|we|ich|wir) (?:not|nicht)) "
)
_STANCE = r"(?:(?:think|believe|sure) (?:that )?(?:(?:i|we) )?)?"  # `I do not think I …`
_BETWEEN = rf"(?:(?!(?:i|we|know|understand|see|mind) )\w+ ){{0,{_GAP}}}"  # `I do not know how to …` still wants it


@dataclass(frozen=True, slots=True)
class Intent:
    """What is wanted, and the language it was said in."""

    tool: str
    language: str = "en"

    def reply(self) -> str:
        """What the visitor is told where a form is offered."""
        return _reply(self.tool, self.language)

    def entered(self) -> str:
        """What the visitor is told whose words went into a form that lacks something yet."""
        return _reply("entered", self.language)

    def times(self, times: str) -> str:
        """Some that are free."""
        return _reply("times", self.language).format(times=times)

    def summary(self, title: str) -> str:
        """What the visitor is told where only a yes is missing."""
        return _reply("confirm", self.language).format(title=title)


@dataclass(frozen=True, slots=True)
class Typed:
    """A yes or a no that was typed, and in which language."""

    yes: bool
    language: str

    def reply(self) -> str:
        """Where to press for a yes; what became of it for a no."""
        return _reply("press" if self.yes else "declined", self.language)


def typed_answer(message: str) -> Typed | None:
    """A bare yes or no; None for whatever says more."""
    said = _words(message)
    listed = ((kind, language) for kind in ("yes", "no") for language in _book()["typed"][kind])
    found = next((each for each in listed if said in _phrases("typed", *each)), None)
    return Typed(found[0] == "yes", found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Heard:
    """What is wanted, the words that say so, and the rest of the message where that asks something else."""

    intent: Intent
    wish: str
    rest: str = ""


def heard(message: str, tools: Sequence[str]) -> Heard | None:
    """What is wanted of these tools, if something is, apart from what is asked beside it."""
    if len(_words(message).split()) > _LONGEST:
        return None
    said = [(clause, intent_of(clause, tools)) for clause in clauses(message)]
    wanted = [(clause, intent) for clause, intent in said if intent]
    beside = [clause for clause, intent in said if not intent]
    if wanted and any(map(is_question, beside)):
        return Heard(wanted[0][1], " ".join(clause for clause, _ in wanted), " ".join(beside))
    whole = intent_of(message, tools) or next((intent for _, intent in wanted), None)
    return Heard(whole, message) if whole else None


def is_asking(clause: str) -> bool:
    """Whether some piece of it may ask something, in any of the languages; rather once too often."""
    pieces = [_unjoined(_words(piece)) for piece in _CLAUSES.split(clause)]
    opens = any(piece.startswith(_phrases("questions", "openings")) for piece in pieces)
    return (
        opens
        or is_question(clause)
        or any(request in " ".join(pieces) for request in _phrases("questions", "requests"))
    )


def _unjoined(piece: str) -> str:
    """`und wie viel …` asks as `wie viel …` does."""
    while joint := next((each for each in _phrases("questions", "joints") if piece.startswith(each)), ""):
        piece = piece[len(joint) - 1 :]
    return piece


def says_nothing(text: str) -> bool:
    """Whether all its words are such as stand beside a name, an address or a time."""
    return _beside().issuperset(_words(text).split())


def intent_of(message: str, tools: Sequence[str]) -> Intent | None:
    """What is wanted of these tools, if something is."""
    said = _words(message)
    if len(said.split()) > _LONGEST:
        return None
    return next((found for tool in tools if (found := _wants(tool, message, said))), None)


def _wants(tool: str, message: str, said: str) -> Intent | None:
    about = any(said.startswith(opening) for opening in _phrases(tool, "about"))
    if about or any(word in said for word in _phrases(tool, "unless")):
        return None
    meant = _words(" ".join(clause for clause in _CLAUSES.split(message) if not _refuses(tool, _words(clause))))
    for language in _book()[tool]["phrases"]:
        if any(phrase in meant for phrase in _phrases(tool, "phrases", language)):
            return Intent(tool, language)
    return Intent(tool) if re.search(_together(tool), meant) else None


def _refuses(tool: str, clause: str) -> bool:
    """`I do not want to …`, but not `Can't I …`."""
    return not _NEGATIVE_QUESTION.match(clause) and bool(_refusal(tool).search(clause))


@cache
def _refusal(tool: str) -> re.Pattern[str]:
    """A negation, and closely behind it what is not wanted."""
    phrases = [phrase for language in _book()[tool]["phrases"] for phrase in _phrases(tool, "phrases", language)]
    wished = rf"(?:{_either(phrases)} |{_together(tool).lstrip()})"
    return re.compile(rf" {_either(_phrases('negations', 'words'))} {_STANCE}{_BETWEEN}{wished}")


@cache
def _together(tool: str) -> str:
    """One of the tool's verbs, and closely behind it one of its things."""
    return rf" {_either(_phrases(tool, 'verbs'))} (?:\w+ ){{0,{_GAP}}}{_either(_phrases(tool, 'things'))} "


def _either(phrases: Sequence[str]) -> str:
    return f"(?:{'|'.join(map(str.strip, phrases))})"


@cache
def _beside() -> frozenset[str]:
    listed = (word for words in _book()["beside"].values() for word in _words(words).split())
    return STOP_WORDS.union(listed)


@cache
def _phrases(*path: str) -> tuple[str, ...]:
    """The phrases at that place of the book, each as `_words` has it."""
    place: Any = _book()
    for name in path:
        place = place[name]
    return tuple(phrase for each in re.split(r"[|\n]", place) if (phrase := _words(each)).strip())


def _reply(kind: str, language: str) -> str:
    replies = _book()["replies"][kind]
    return str(replies.get(language, replies["en"]))


@cache
def _book() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("intents.toml").read_text(encoding="utf-8"))


def _words(text: str) -> str:
    """The words, folded, each between spaces."""
    folded = _APART.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    return f" {' '.join(_WORD.findall(folded))} "
