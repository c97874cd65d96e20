"""Mistyped questions are the same ones each time, and differ from the typed ones by slips in longer words."""

from __future__ import annotations

from random import Random

from rapidfuzz.distance import OSA

from evals.readers import Question, Task
from evals.typos import mistyped, slip

TASK = Task("t", (Question("a", "Which grinder fits the Merlin?"), Question("b", "Is it on?")), {"a": {"p": 1}})


def test_the_same_question_is_mistyped_the_same_way() -> None:
    assert mistyped(TASK) == mistyped(TASK)
    assert mistyped(TASK).questions[0].text != TASK.questions[0].text
    assert mistyped(TASK).relevant == TASK.relevant


def test_short_words_stay() -> None:
    assert mistyped(TASK).questions[1] == TASK.questions[1]
    assert [word for word in mistyped(TASK).questions[0].text.split() if len(word) < 5] == ["fits", "the"]


def test_a_slip_is_one_step_away_and_spares_the_first_letter() -> None:
    draw = Random(1)
    for _ in range(200):
        wrong = slip("grinder", draw)
        assert OSA.distance(wrong, "grinder") == 1
        assert wrong[0] == "g"
