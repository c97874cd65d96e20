"""Words that carry meaning, folded so that a question meets its answer. Knows no passages and no models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

# A run of letters and digits, numbers with their decimals kept whole; Chinese and Japanese go by character.
_WORD = re.compile(r"[぀-ヿ㐀-鿿]|[^\W_]+(?:[.,](?=\d)[^\W_]+)*")

STOP_WORDS = frozenset(files(__package__).joinpath("stopwords.txt").read_text(encoding="utf-8").split())


def words(text: str) -> list[str]:
    """The words of a text in order, case folded; `1,300` is `1300`."""
    return [word.replace(",", "") for word in _WORD.findall(text.casefold())]


def content(text: str) -> list[str]:
    """The stems of the words that are about something, in order, repeats kept."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]


def overlap(left: Sequence[str], right: Sequence[str]) -> float:
    """How much of the shorter list's vocabulary the other one holds, 0..1."""
    one, other = set(left), set(right)
    shorter = min(len(one), len(other))
    return len(one & other) / shorter if shorter else 0.0


@lru_cache(maxsize=32_768)
def stem(word: str) -> str:
    """A light English stem: endings of number, tense and a few nouns go; other words stay as they are."""
    if len(word) <= 3 or not word.isascii() or any(letter.isdigit() for letter in word):
        return word
    return _ending(_without_suffix(_singular(word)))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(?:s|x|z|ch|sh)es$", word):
        return word[:-2]
    if word.endswith("s") and word[-2] not in "siu":
        return word[:-1]
    return word


def _without_suffix(word: str) -> str:
    for suffix in ("ation", "ment", "ing", "ed", "ly"):
        root = word.removesuffix(suffix)
        if root != word and len(root) >= 3 and re.search("[aeiouy]", root):
            return _undoubled(root)
    return word


def _undoubled(root: str) -> str:
    doubled = len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeiosz"
    return root[:-1] if doubled else root


def _ending(word: str) -> str:
    """`price`, `prices`, `priced` and `pricing` meet without the last e; `try` and `tried` in an i."""
    if word.endswith("e") and len(word) > 3:
        return word[:-1]
    if word.endswith("y") and len(word) > 3:
        return word[:-1] + "i"
    return word
