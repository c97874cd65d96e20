"""What is typed into a cell, checked: whatever cannot be meant is refused with what to write instead. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.errors import InvalidInputError
from core.records import Message

LEAST_TOKENS = 32  # of a chunk, as FRONTDESK_CHUNK_TOKENS has it

Weights = tuple[float, float]  # of the dense and the full-text search; they sum to 1


def shares(weights: object) -> Weights:
    """The weights, which must be two shares of one whole."""
    match weights:
        case [int() | float() as dense, int() | float() as text] if (
            min(dense, text) >= 0 and abs(dense + text - 1) < 1e-9  # of a NaN neither is true
        ):
            return dense, text
    raise InvalidInputError(
        f"The weights {weights} are no two shares of 1: write (0.45, 0.55) for dense and full text.", param="weights"
    )


def most(passages: object) -> int:
    """How many passages are wanted."""
    if isinstance(passages, int) and passages > 0:
        return passages
    raise InvalidInputError(f"passages={passages!r} is no number of passages: write 1 or more.", param="passages")


def sizes(tokens: object, overlap: object) -> tuple[int, int]:
    """How long a chunk may be, and how much of it the next one repeats."""
    if isinstance(tokens, int) and isinstance(overlap, int) and tokens >= LEAST_TOKENS and 0 <= overlap < tokens:
        return tokens, overlap
    raise InvalidInputError(
        f"Chunks of {tokens!r} tokens that share {overlap!r} cannot be made: "
        f"write whole numbers, at least {LEAST_TOKENS} tokens and fewer shared.",
        param="tokens",
    )


def said(history: object) -> tuple[Message, ...]:
    """What was said before a question."""
    if isinstance(history, Sequence) and all(isinstance(each, Message) for each in history):
        return tuple(history)
    raise InvalidInputError(
        "A history is a list of messages: write history=answer.history, of an answer that `ask` gave.", param="history"
    )


def text(value: object, name: str) -> str:
    """A text with something in it."""
    if isinstance(value, str) and value.strip():
        return value
    raise InvalidInputError(f"{name}={value!r} is no text: write it out.", param=name)


def place(value: object, name: str) -> Path:
    """A file or folder."""
    if isinstance(value, Path) or (isinstance(value, str) and value.strip()):
        return Path(value)
    raise InvalidInputError(f"{name}={value!r} is no place: write the path of a file or folder.", param=name)
