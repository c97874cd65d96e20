"""Do the passages answer the question: ruled for each turn before a writer is asked, whether it quotes or writes.

A small model answers whatever it is asked, so what saves its visitors is not to ask it. The ruling goes by the score of
the best sentence (evidence.py). How the limit was chosen, and what did not improve it: evals/LOG.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from core.records import Message, Passage, Ruling
from serving.agent import prompts
from serving.agent.evidence import Candidate, weigh
from serving.agent.followup import carried
from serving.agent.parts import parts
from serving.agent.similarity import Embed, Similarity

ENOUGH = 0.88  # below it the best sentence is no answer
GUARD = "answerable"  # what its rulings are called

_RELATED = 0.55  # from this score of a sentence on, a page that does not answer is still worth naming
_NAMED = 3

Weighed = Sequence[Sequence[Candidate]]  # for each question of a message the sentences that bear on it, best first
# Of a message after a history; None where nobody weighs.
Weigh = Callable[[str, Sequence[Passage], Sequence[Message]], Awaitable[Weighed | None]]


def weighing(embed: Embed) -> Weigh:
    """Weighs by the embedding model behind `embed`."""
    return partial(_weighed, Similarity(embed))


async def unweighed(_question: str, _passages: Sequence[Passage], _history: Sequence[Message]) -> Weighed | None:
    """For an agent that leaves the decision to its writers."""
    return None


def strength(weighed: Weighed) -> float:
    """The best sentence's score; 0 where there is none."""
    return max((each[0].score for each in weighed if each), default=0.0)


def answers(candidates: Sequence[Candidate]) -> bool:
    """Whether the best of them answers."""
    return strength([candidates]) >= ENOUGH


def answerable(weighed: Weighed) -> Ruling:
    """Whether some sentence answers, one of the questions at least."""
    score = strength(weighed)
    if score < ENOUGH:
        return Ruling(GUARD, allowed=False, reason="No sentence of the passages answers it.", score=round(score, 3))
    return Ruling(GUARD, allowed=True, reason="The passages hold an answer.", score=round(score, 3))


def unanswered(weighed: Weighed, passages: Sequence[Passage]) -> str:
    """That the pages do not say, and which of them come nearest."""
    near = sorted((each for part in weighed for each in part if each.score >= _RELATED), key=lambda each: -each.score)
    titles = dict.fromkeys(passages[each.n - 1].chunk.title for each in near)
    nearest = [title for title in titles if title][:_NAMED]
    return f"{prompts.NO_ANSWER} {prompts.nearest_pages(nearest)}".strip()


async def _weighed(
    similarity: Similarity, question: str, passages: Sequence[Passage], history: Sequence[Message]
) -> Weighed:
    asked = parts(question, history)
    return [await weigh(each.question, passages, similarity, carried(each.question, each.history)) for each in asked]
