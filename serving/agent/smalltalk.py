"""What asks nothing: hello, thanks, goodbye, and who is there. Answered in a sentence, in the visitor's language.

The phrases and replies are in `smalltalk.toml`. A message counts only if nothing is left beside them: `Thanks! And
on Sundays?` is a question.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_KINDS = ("about", "thanks", "bye", "hello", "aside", "answer")  # what is said when a message is several
_BESIDE = "_"
_LONGEST = 12  # words of a phrase; and of a message, three of these
_APART = re.compile(r"['’`]")
_UNSPACED = re.compile(r"[぀-ヿ㐀-鿿]")
_SHORT = {
    "im": "i am",
    "youre": "you are",
    "youve": "you have",
    "thats": "that is",
    "thatll": "that will",
    "ive": "i have",
}


@dataclass(frozen=True, slots=True)
class SmallTalk:
    """What was said, and in which language."""

    kind: str
    language: str

    def reply(self, about: str) -> str:
        """The sentence for it; `about` is what the site helps with."""
        replies = _book()["aside" if self.kind == "answer" else self.kind]
        return str(replies.get(self.language, replies["en"])).format(about=about)


def small_talk(message: str, *, answering: bool = False) -> SmallTalk | None:
    """What is said where nothing is asked; None for a question. `answering`: a bare yes may be meant for somebody."""
    said = _words(message)
    if not said:
        return SmallTalk("aside", "en") if message.strip() else None
    if len(said) > 3 * _LONGEST:
        return None
    found = _phrases_in(said)
    talk = [each for each in found or () if each.kind != _BESIDE]
    first = min(talk, key=lambda each: _KINDS.index(each.kind), default=None)
    return None if first is None or (answering and first.kind == "answer") else first


def _phrases_in(said: list[str]) -> list[SmallTalk] | None:
    """The message as phrases, the longest first; None where something is left over."""
    found, start, phrases = [], 0, _phrases()
    while start < len(said):
        ends = range(min(len(said), start + _LONGEST), start, -1)
        end = next((end for end in ends if tuple(said[start:end]) in phrases), None)
        if end is None:
            return None
        found.append(phrases[tuple(said[start:end])])
        start = end
    return found


@cache
def _phrases() -> Mapping[tuple[str, ...], SmallTalk]:
    """Every phrase, by its words; one that is several kinds is the first of them."""
    listed = [
        (tuple(_words(phrase)), SmallTalk(kind, language))
        for kind in (_BESIDE, *reversed(_KINDS))
        for language, phrases in reversed(_book()["phrases"][kind].items())
        for phrase in re.split(r"[|\n]", phrases)
    ]
    return {phrase: talk for phrase, talk in listed if phrase}


@cache
def _book() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(files(__package__).joinpath("smalltalk.toml").read_text(encoding="utf-8"))


def _words(text: str) -> list[str]:
    """Letters only, folded; contractions as two words, Chinese and Japanese by character."""
    folded = _APART.sub("", unicodedata.normalize("NFKC", text).casefold())
    spaced = _UNSPACED.sub(lambda found: f" {found[0]} ", folded)
    runs = "".join(letter if _is_letter(letter) else " " for letter in spaced).split()
    return [word for run in runs for word in _SHORT.get(run, run).split()]


def _is_letter(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LMN"
