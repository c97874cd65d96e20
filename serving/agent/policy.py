"""What a site's policy says in a form that a guard without a model understands: two kinds of lines, and one list that
speaks for a question with words of it; the rest is prose.

    Only about: Amazon EC2, AWS Lambda, S3
    Not about: Azure, Google Cloud, Kubernetes

    It helps with:
    - orders: shipping, returns, payment

The same text, whole, goes to a model that writes. Knows no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import lru_cache

from core.words import content, words

_LINE = re.compile(r"^[\s*_>-]*(only|not) about[\s*_]*:[\s*_]*(.+?)[\s.*_]*$", re.IGNORECASE | re.MULTILINE)
_HELPS = re.compile(
    r"^(?!.*(?:\bnot\b|n['’]t\b|\bnever\b)).*\bhelps? with\b.*:\s*\n((?:\s*[-*] .+\n?)+)", re.MULTILINE | re.IGNORECASE
)
_THE_SITE = "what the pages of this site say"


@dataclass(frozen=True, slots=True)
class Policy:
    """The names that are the site's own, and those that are not, as the policy writes them."""

    own: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    helps: frozenset[str] = frozenset()  # stems of what it says that the site helps with

    @property
    def about(self) -> str:
        """What a visitor may be told that the site helps with."""
        if not self.own:
            return _THE_SITE
        *first, last = self.own[:_TOLD]
        return f"{', '.join(first)} and {last}" if first else last

    def helps_with(self, asked: Set[str]) -> bool:
        """Whether it lists one of these stems."""
        return not self.helps.isdisjoint(asked)

    def foreign_in(self, question: str) -> str | None:
        """The first foreign name in the question; None where it names something of the site's own as well."""
        asked = words(question)
        if any(_holds(asked, name) for name in self.own):
            return None
        return next((name for name in self.foreign if _holds(asked, name)), None)


_TOLD = 6  # of the site's own names in one sentence


@lru_cache(maxsize=256)
def read_policy(text: str) -> Policy:
    """The lines of a policy that begin with `Only about:` or `Not about:`; there may be several of either."""
    lines = [(found[1].lower(), found[2]) for found in _LINE.finditer(text)]
    return Policy(
        tuple(_names(listed for kind, listed in lines if kind == "only")),
        tuple(_names(listed for kind, listed in lines if kind == "not")),
        frozenset(content(" ".join(_HELPS.findall(text)))),
    )


def _names(lists: Iterable[str]) -> Iterator[str]:
    return (name.strip() for listed in lists for name in listed.split(",") if words(name))


def _holds(asked: list[str], name: str) -> bool:
    """Whether the name's words stand in the question side by side; a plural `s` more or less does not matter."""
    named = [word.removesuffix("s") for word in words(name)]
    plain = [word.removesuffix("s") for word in asked]
    return any(plain[start : start + len(named)] == named for start in range(len(plain) - len(named) + 1))
