"""Answers as a rehearsal gives them, without an agent."""

from __future__ import annotations

from core.records import Chunk, Passage, Session, Turn, TurnStatus, Usage
from evals.readers import Question
from evals.rehearsal import Answered


def answered(
    name: str,
    answer: str,
    *,
    question: str = "Do you?",
    gold: tuple[str, ...] = (),
    answerable: bool = True,
    declined: bool = False,
    failed: bool = False,
    passages: tuple[str, ...] = (),
    seconds: float = 0.1,
    tokens: tuple[int, int] = (0, 0),
) -> Answered:
    """A question called `name` and the turn that it became."""
    turn = Turn(
        name,
        Session("demo", name, name),
        question,
        TurnStatus.FAILED if failed else TurnStatus.DONE,
        answer,
        declined=declined,
        passages=tuple(Passage(_chunk(text), 1.0) for text in passages),
        usage=Usage(*tokens),
        error="internal_error: it broke" if failed else None,
    )
    return Answered(Question(name, question, answers=gold, answerable=answerable), turn, seconds)


def _chunk(text: str) -> Chunk:
    return Chunk(text, "hours.md", "hours.md", "Hours", "/hours", "", 0, text, len(text.split()), text)
