"""A site's golden questions: those of its file, and those whose answers its owner has pinned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.records import Pin
from evals.readers import Question, Task


def with_pins(task: Task, pins: Sequence[Pin]) -> Task:
    """The task with the pinned questions that it lacks: their answers are golden, since the owner gave them."""
    known = {question.text for question in task.questions}
    pinned = (Question(f"pin-{pin.id}", pin.question, answers=(pin.answer,)) for pin in pins)
    return replace(task, questions=(*task.questions, *(each for each in pinned if each.text not in known)))
