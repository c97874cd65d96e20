"""Questions as they come from a hurried hand: one or two of their longer words mistyped. Seeded by the question.

A slip is two letters swapped, one dropped, one doubled, or the key beside the right one; first letters hold, as they
mostly do.
"""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from evals.readers import Question, Task

_LONG_WORD = re.compile(r"\b[^\W\d_]{5,}\b")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    key: "".join(row[index + step] for step in (-1, 1) if 0 <= index + step < len(row))
    for row in _ROWS
    for index, key in enumerate(row)
}


def mistyped(task: Task) -> Task:
    """The same questions, mistyped; one without a longer word stays as it is."""
    questions = tuple(_mistyped(question) for question in task.questions)
    return replace(task, name=f"{task.name}, mistyped", questions=questions)


def _mistyped(question: Question) -> Question:
    draw = Random(question.text)  # noqa: S311 - nothing to guess
    found = list(_LONG_WORD.finditer(question.text))
    text = question.text
    for word in sorted(draw.sample(found, min(len(found), draw.choice((1, 2)))), key=re.Match.start, reverse=True):
        text = text[: word.start()] + slip(word[0], draw) + text[word.end() :]
    return replace(question, text=text)


def slip(word: str, draw: Random) -> str:
    """The word with one slip behind its first letter."""
    at = draw.randrange(1, len(word) - 1)
    before, letter, after = word[:at], word[at], word[at + 1 :]
    kind = draw.choice(("swap", "drop", "double", "beside"))
    if kind == "swap" and letter != after[0]:
        return before + after[0] + letter + after[1:]
    if kind == "beside" and letter in _BESIDE:
        return before + draw.choice(_BESIDE[letter]) + after
    return before + after if kind == "drop" else before + letter + letter + after
