"""What is said of a question before anything is searched: that it asks nothing, too much, or for what is not given."""

from __future__ import annotations

from dataclasses import replace

from core.records import Ruling, Turn
from serving.agent import prompts
from serving.agent.attacks import attack_in
from serving.agent.smalltalk import small_talk

_TRIES = {"extraction": "It asks for the assistant's own rules.", "injection": "It gives the assistant other rules."}


def ruled_before(turn: Turn, *, longest: int, about: str, answering: bool) -> Turn:
    """The turn, answered where a sentence does; `answering` when something was said before it."""
    question = turn.question
    if not question.strip():
        return replace(turn, answer=prompts.EMPTY_QUESTION, declined=True)
    if len(question) > longest:
        return replace(turn, answer=prompts.TOO_LONG.format(longest=longest), declined=True)
    if talk := small_talk(question, answering=answering):
        ruling = Ruling("small_talk", allowed=True, reason=f"It asks nothing of the pages: {talk.kind}.")
        return replace(turn, answer=talk.reply(about), rulings=(*turn.rulings, ruling))
    if attack := attack_in(question):
        ruling = Ruling("attack", allowed=False, reason=_TRIES[attack])
        refusal = prompts.unmoved(about, asks_for_rules=attack == "extraction")
        return replace(turn, answer=refusal, declined=True, rulings=(*turn.rulings, ruling))
    return turn
