"""Who writes: the address in a message, and the name that its writer gives. Told by pattern, without a model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from serving.agent.tools.details import MAIL
from serving.agent.tools.intents import says_nothing
from serving.agent.tools.moments import words_of_time

_WORD = r"[^\W\d_][\w’'-]*\.?"
_NAMED = re.compile(
    r"\b(?i:my name is|my name's|ich heiße|mein name ist|me llamo|mi nombre es|je m['’]appelle|mon nom est)\s+"
    rf"(?P<name>(?=[^a-z]){_WORD}(?: (?=[^a-z]){_WORD})?)"
)
_LABELLED = re.compile(r"\b(?i:(?:(?:full|your|my) )?name|nombre|nom)\s*[:=]\s*(?P<name>[^\n,;:<>，；：、]{1,100})")
_PIECES = re.compile(r"[,;:!?()<>\n，；：、。（）“”„«»]+|\.(?=\s|$)|\s[-–—]\s")
_MOST_WORDS = 4  # of a name
_PARTICLES = frozenset(
    ["da", "de", "del", "della", "den", "der", "di", "dos", "du", "la", "le", "van", "von", "y", "zu"]
)
_ALSO_NAMES = frozenset({"don", "may", "will"})  # though they say nothing elsewhere
_LONG = 3  # letters from which a word of an address tells that another one is its owner's name


@dataclass(frozen=True, slots=True)
class Introduction:
    """What is known of who writes, by the name of its field, and what is left of the message."""

    details: Mapping[str, str]
    rest: str


def introduced(message: str) -> Introduction:
    """The first address, and the name that is given or stands before it.

    An address is left in the message where its sentence is about something else: `Send the invoice to …`
    """
    mail = MAIL.search(message)
    details = {"email": mail[0]} if mail else {}
    before, after = (message[: mail.start()], message[mail.end() :]) if mail else (message, "")
    given = _NAMED.search(message) or _LABELLED.search(message)
    if name := _bare(given["name"]).rstrip(".") if given else _before(before, mail[0]) if mail else "":
        details["name"] = name
        before, after = before.replace(name, "\n", 1), after if name in before else after.replace(name, "\n", 1)
    around = _PIECES.split(before)[-1] + _PIECES.split(after)[0]
    between = mail[0] if mail and not says_nothing(around) else "\n"
    return Introduction(details, f"{before}{between}{after}".strip())


def _before(text: str, mail: str) -> str:
    """The name that stands last in the text, and before the address."""
    pieces = [_bare(piece) for piece in _PIECES.split(text)]
    name = next((piece for piece in reversed(pieces) if not _is_moment(piece)), "")
    words = name.split()
    if not 0 < len(words) <= _MOST_WORDS or not all(re.fullmatch(_WORD, word) for word in words):
        return ""
    owns = any(len(word) >= _LONG and word.casefold() in mail.casefold() for word in words)
    written_so = all(not word[0].islower() or word in _PARTICLES for word in words)
    apart = not pieces[-1]  # `Anna, anna@…`, but not `Write to anna@…`
    return name if owns or (written_so and (apart or len(words) > 1)) else ""


def _bare(piece: str) -> str:
    """Without the words around it that say nothing."""
    words = piece.split()
    while words and _is_beside(words[0]):
        words.pop(0)
    while words and _is_beside(words[-1]):
        words.pop()
    return " ".join(words)


def _is_beside(word: str) -> bool:
    return says_nothing(word) and word.strip(".").casefold() not in _ALSO_NAMES | _PARTICLES


def _is_moment(piece: str) -> bool:
    words = re.findall(r"\w+", piece.casefold())
    return all(word in words_of_time() or says_nothing(word) or word.isdigit() for word in words)
