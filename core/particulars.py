"""What a sentence can get wrong by one word: its numbers, its names, its yes or no. Knows no passages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.words import STOP_WORDS, words

_DIGITS = re.compile(r"(?<!\w)(?<![^\W\d_][-.])(?<!\d[.,])\d+(?:[.,]\d+)*")  # but `S3` and `Zone-4` are names
_ENUMERATOR = re.compile(r"(?:^|(?<=\D:))\s*\d{1,2}[.)]$")  # what an inline list leaves where sentences are cut
_SMALL = """three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen"""  # one and two are seldom meant as numbers, or count what is listed below
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SPELLED = {word: str(n) for n, word in enumerate(_SMALL.split(), 3)}
_SPELLED |= {word: str(10 * n) for n, word in enumerate(_TENS.split(), 2)}
_WORD_NUMBER = re.compile(rf"\b(?:{'|'.join(_SPELLED)})\b", re.IGNORECASE)

_CAPITAL = r"(?:[A-Z]\.){2,}|[^\W\d_a-zß-ÿ][\w’'&-]*|[a-z]{1,2}[A-Z]\w+"  # and U.S., and iPhone
_RUN = re.compile(rf"(?<![\w’'/.`_-])(?:{_CAPITAL})(?: (?:{_CAPITAL}))*")
_OPENS = re.compile(r"(?:^|[.!?:;…])[\s\"'“‘«(\[*•-]*$")  # what precedes the first word of a sentence
_FINITE = re.compile(r"\s+(?:is|was|has|had|were|are|did|does|wrote|won|became)\b")
_POSSESSIVE = re.compile(r"['’]s?$")

# `Lower Upfront Costs: …` is a heading, not a name.
_LABEL = re.compile(r"(?:[^\s:]+\s+){1,6}?[^\s:]+:\s|[^\s:]+:\s")
_CONNECTIVES = frozenset({"also", "finally", "hence", "however", "moreover", "overall", "therefore", "thus"})
_NEGATIONS = frozenset(["not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot"])
_CONTRACTED = re.compile(r"\w+n['’]t\b|\w+ n['’]t\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Particular:
    """A number or a name as the sentence writes it, and where."""

    text: str
    start: int
    parts: tuple[str, ...]  # a number's value, or a name's words, folded so that two spellings meet

    @property
    def end(self) -> int:
        """One past its last character."""
        return self.start + len(self.text)


def numbers(text: str) -> list[Particular]:
    """The numbers in digits and, from three to ninety, in words: `1,300.50` and `1300.5` are one."""
    text = _ENUMERATOR.sub("", text)
    digits = [Particular(found[0], found.start(), (_value(found[0]),)) for found in _DIGITS.finditer(text)]
    spelled = [
        Particular(found[0], found.start(), (_SPELLED[found[0].lower()],)) for found in _WORD_NUMBER.finditer(text)
    ]
    return sorted(digits + spelled, key=lambda each: each.start)


def names(text: str) -> list[Particular]:
    """Runs of capitalised words; the first word of a sentence only where what follows says that it is a name."""
    found = []
    label = _LABEL.match(text)
    for run in _RUN.finditer(text, label.end() if label else 0):
        name = _name(run[0], run.start(), text)
        if name is not None:
            found.append(name)
    return found


def negated(text: str) -> bool:
    """Whether a sentence says that something is not so; two negations are an assertion."""
    plain = sum(word in _NEGATIONS for word in words(text))
    return (plain + len(_CONTRACTED.findall(text))) % 2 == 1


def _value(digits: str) -> str:
    whole, dot, rest = re.sub(r",(?=\d{3}(?!\d))", "", digits).partition(".")
    decimals = rest.rstrip("0") if "." not in rest else rest
    return f"{whole.lstrip('0') or '0'}{dot if decimals else ''}{decimals}"


def _name(run: str, start: int, text: str) -> Particular | None:
    """The run without the stop words around it; None where only grammar capitalised it."""
    opens = bool(_OPENS.search(text[:start]))
    while run and (first := run.split(" ", 1)[0]) and _POSSESSIVE.sub("", first).casefold() in STOP_WORDS:
        start += len(first) + 1
        run, opens = run[len(first) + 1 :], False
    if not run or (opens and " " not in run and not _surely(run, text[start + len(run) :])):
        return None
    kept = _POSSESSIVE.sub("", run)
    parts = tuple(word for word in words(kept) if word not in STOP_WORDS)
    return Particular(kept, start, parts) if parts else None


def _surely(word: str, rest: str) -> bool:
    """`NASA …`, `Morley was …`, `Tesla's …`"""
    if word.casefold() in _CONNECTIVES:
        return False
    shouted = len(word) > 1 and not word[1:].islower()
    return shouted or bool(_POSSESSIVE.search(word)) or bool(_FINITE.match(rest))
