"""Which language a question is in, if it is surely none of those that a site serves. Asks no model.

A wrong "I only speak English" is worse than a search in vain, so the evidence must be strong: a script that no served
language has, or n-grams (eld) that fit another language clearly better, in a message with a small word of it or some
letters that English has not, and that neither English stop words nor the words of the site explain: `Merlin PID 230V`
is of no language. Names, words and sentences are in `languages.toml`; figures: evals/LOG.md.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from core.words import STOP_WORDS, words

ENGLISH = "en"

_CLEARLY, _VERY_CLEARLY = 0.1, 0.15  # by how much eld's score must be better; of a message of few words
_FEWEST, _FEW = 3, 4  # words of a message that can be told by them; fewer than the second are few
_UNLIKE = 0.15  # share of words with letters that English has not
_ENGLISH_ENOUGH = 0.34  # share of English stop words from which it is English
_KNOWN_ENOUGH = 0.67  # share of the longer words that the site knows from which it is the site's language
_LONGER = 4  # letters: shorter words stand in any site's texts
_DENSE = 3  # letters of an alphabet that one Chinese, Japanese or Korean sign is worth

_LATIN = "LATIN"
_SCRIPTS = {  # of languages that are not written in Latin letters
    "zh": "CJK", "ja": "CJK", "ko": "HANGUL", "ru": "CYRILLIC", "uk": "CYRILLIC", "bg": "CYRILLIC", "sr": "CYRILLIC",
    "be": "CYRILLIC", "ar": "ARABIC", "fa": "ARABIC", "ur": "ARABIC", "ku": "ARABIC", "he": "HEBREW", "el": "GREEK",
    "hi": "DEVANAGARI", "mr": "DEVANAGARI", "th": "THAI", "bn": "BENGALI", "ta": "TAMIL", "te": "TELUGU",
    "ka": "GEORGIAN", "hy": "ARMENIAN", "am": "ETHIOPIC",
}  # fmt: skip
_KANA = ("HIRAGANA", "KATAKANA")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a site can serve: the language of its pages, those whose questions find something, and words it knows."""

    own: str = ENGLISH
    served: frozenset[str] | None = None  # None: any
    knows: Callable[[str], bool] = lambda _word: False


def foreign(message: str, spoken: Spoken) -> str | None:
    """The code of the language that the message is surely in and that is not served; `und` for one without a name."""
    if spoken.served is None:
        return None
    script = _script(message)
    if script is None:
        return None
    if script not in map(_script_of, spoken.served):
        return _of_script(message, script)
    found = _by_letters(message, spoken.served)
    return None if found is None or _explained(message, spoken) else found


def language_of(text: str) -> str | None:
    """The most likely language of a longer text."""
    script = _script(text)
    return None if script is None else _of_script(text, script)


def sorry(language: str, served: Collection[str]) -> str:
    """In that language, if there is a sentence in it: that only the served ones are."""
    book = _book()
    names = ", ".join(book[code]["own"] if code in book else code for code in sorted(served))
    return book.get(language, book[ENGLISH])["sorry"].format(languages=names)


def name_of(language: str) -> str:
    """The English name of a language."""
    return _book().get(language, {"name": f"the language “{language}”"})["name"]


def _by_letters(message: str, served: Collection[str]) -> str | None:
    """By what a language's words are made of."""
    said = _without_codes(message)
    length = len(words(said))
    if length < _FEWEST:
        return None
    scores = _scores(said)
    best = max(scores, key=scores.__getitem__, default=None)
    if best is None or best in served or best not in _book() or not _betrays(said, best):
        return None
    ahead = scores[best] - max(scores.get(code, 0.0) for code in served)
    return best if ahead >= (_VERY_CLEARLY if length < _FEW else _CLEARLY) else None


def _without_codes(message: str) -> str:
    """Without what has digits and, unless all is shouted, what is in capitals: sizes, brands and part numbers."""
    shouted = message.isupper()
    return " ".join(
        token
        for token in message.split()
        if not any(map(str.isdigit, token)) and (shouted or len(token) == 1 or not token.isupper())
    )


def _betrays(message: str, language: str) -> bool:
    """Whether it has one of the language's small words, or not just a name in letters that English has not."""
    said = words(unicodedata.normalize("NFC", message))
    unlike = sum(not word.isascii() for word in said)
    return unlike >= _UNLIKE * len(said) or not _small_words(language).isdisjoint(said)


def _explained(message: str, spoken: Spoken) -> bool:
    """Whether English or the site's own words account for it: names are of no language."""
    said = words(message)
    english = sum(word in STOP_WORDS for word in said) / len(said)
    longer = [word for word in said if len(word) >= _LONGER]
    known = sum(map(spoken.knows, longer)) / len(longer) if longer else 0.0
    return known >= _KNOWN_ENOUGH or (ENGLISH in (spoken.served or ()) and english >= _ENGLISH_ENOUGH)


def _script(text: str) -> str | None:
    """The script of most of its letters; None where it has none."""
    found: Counter[str] = Counter()
    for letter in text:
        if letter.isalpha():
            script = unicodedata.name(letter, "UNKNOWN").split()[0]
            script = "CJK" if script in _KANA else script
            found[script] += _DENSE if script in {"CJK", "HANGUL"} else 1
    return found.most_common(1)[0][0] if found else None


def _script_of(language: str) -> str:
    return _SCRIPTS.get(language, _LATIN)


def _of_script(text: str, script: str) -> str:
    if script == "CJK":
        return "ja" if any(unicodedata.name(letter, "").startswith(_KANA) for letter in text) else "zh"
    scores = {code: score for code, score in _scores(text).items() if _script_of(code) == script}
    written = [code for code, other in _SCRIPTS.items() if other == script]
    return max(scores, key=scores.__getitem__, default=written[0] if written else "und")


def _scores(text: str) -> Mapping[str, float]:
    scores: Mapping[str, float] = _detector().detect(text).scores()
    return scores


@cache
def _detector() -> Any:
    from eld import LanguageDetector  # reads its n-grams: 80 ms, 50 MB

    return LanguageDetector()


@cache
def _small_words(language: str) -> frozenset[str]:
    return frozenset(_book()[language].get("words", "").split()) - STOP_WORDS


@cache
def _book() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(files(__package__).joinpath("languages.toml").read_text(encoding="utf-8"))
