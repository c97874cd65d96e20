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

_LONGEST = 40  # words of a message
_GAP = 4  # words between a verb and its thing
_APART = re.compile(r"['’`]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Intent:
    """What is wanted, and the language it was said in."""

    tool: str
    language: str = "en"

    def reply(self) -> str:
        """What the visitor is told where a form is offered."""
        return _reply(self.tool, self.language)

    def times(self, times: str) -> str:
        """Some that are free."""
        return _reply("times", self.language).format(times=times)

    def summary(self, title: str) -> str:
        """What the visitor is told where only a yes is missing."""
        return _reply("confirm", self.language).format(title=title)


def intent_of(message: str, tools: Sequence[str]) -> Intent | None:
    """What is wanted of these tools, if something is."""
    said = _words(message)
    if len(said.split()) > _LONGEST:
        return None
    return next((found for tool in tools if (found := _wants(tool, said))), None)


def _wants(tool: str, said: str) -> Intent | None:
    about = any(said.startswith(opening) for opening in _phrases(tool, "about"))
    if about or any(word in said for word in _phrases(tool, "unless")):
        return None
    for language in _book()[tool]["phrases"]:
        if any(phrase in said for phrase in _phrases(tool, "phrases", language)):
            return Intent(tool, language)
    return Intent(tool) if _together(tool).search(said) else None


@cache
def _together(tool: str) -> re.Pattern[str]:
    verbs, things = ("|".join(map(str.strip, _phrases(tool, kind))) for kind in ("verbs", "things"))
    return re.compile(rf" (?:{verbs}) (?:\w+ ){{0,{_GAP}}}(?:{things}) ")


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
