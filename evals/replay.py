"""A site's last real questions on two of its builds, side by side: what would its visitors notice?

There is no gold, so nothing here says which answer is right: it says where to look. What is asked is no conversation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

from core.conversations import Conversations
from core.database import open_database
from core.embedder import Encoder, load_encoder
from core.errors import InvalidInputError
from core.records import Build
from core.settings import Settings
from evals import results
from evals.answer_measures import cost
from evals.answers import AT_ONCE, results_of, scored
from evals.builds import site_build
from evals.comparison import compare
from evals.grounded import groundedness
from evals.progress import Watch, silent
from evals.readers import Question, Task
from evals.rehearsal import Answered, rehearse
from evals.replayed import Change, Replayed, outcome
from evals.results import Results
from evals.subject import shape_of
from evals.visitors import last_questions
from serving.agent import Writer


@dataclass(frozen=True)
class _Side:
    """What one build made of the questions, and the name under which that is kept."""

    answers: Sequence[Answered]
    results: Results
    name: str


async def replay(
    site: str,
    settings: Settings,
    *,
    build: str = "staged",
    against: str = "live",
    last: int = 100,
    at_once: int = AT_ONCE,
    writer: Writer | None = None,
    watch: Watch = silent,
) -> Replayed:
    """The last questions of visitors on the build called `against`, then on `build`; both kept for `compare`."""
    a, b = (site_build(site, settings, name) for name in (against, build))
    if a.id == b.id:
        raise InvalidInputError(f"{against} and {build} are one build of site {site}, {a.id}: name two.")
    questions = _questions(site, last, settings)
    encoder = load_encoder(settings.embedding_model, settings)
    sides = []
    for chosen in (a, b):
        answers = await rehearse(questions, chosen, settings, at_once=at_once, writer=writer, watch=watch)
        sides.append(await _kept(questions, chosen, answers, encoder, settings))
    comparison = compare(sides[0].results, sides[1].results, (f"{a.id} ({against})", f"{b.id} ({build})"))
    changes = _changes(sides[0].answers, sides[1].answers, encoder)
    return Replayed(site, comparison, tuple(sorted(changes, key=Change.rank)), (sides[0].name, sides[1].name))


def _questions(site: str, last: int, settings: Settings) -> list[Question]:
    conversations = Conversations(settings.conversations_location)
    with closing(open_database(settings.database_location)) as database:
        return last_questions(site, last, database, conversations, settings.history_messages)


async def _kept(
    questions: Sequence[Question], build: Build, answers: Sequence[Answered], encoder: Encoder, settings: Settings
) -> _Side:
    scores, seconds = await scored(answers, [groundedness(encoder), cost])
    task = Task("visitors", tuple(questions), {})
    meta = {
        "task": task.name,
        "questions": len(questions),
        "question_fingerprint": results.fingerprint(task),
        "site": build.site,
        "build": build.id,
        **shape_of(build),
        "measuring_seconds": seconds,
    }
    kept = results_of(answers, scores, meta)
    return _Side(answers, kept, results.save(kept, settings))


def _changes(a: Sequence[Answered], b: Sequence[Answered], encoder: Encoder) -> Iterable[Change]:
    texts = [encoder.encode([each.text for each in side]) for side in (a, b)]
    cosines = (texts[0] * texts[1]).sum(axis=1)
    for one, other, cosine in zip(a, b, cosines, strict=True):
        outcomes = (outcome(one), outcome(other))
        alike = 1.0 if one.text == other.text else float(cosine)
        yield Change(
            id=one.question.id,
            question=one.question.text,
            outcomes=outcomes,
            answers=alike if outcomes == ("answered", "answered") else None,
            pages=_overlap(one.pages, other.pages),
            same=one.text == other.text,
            a=_shown(one),
            b=_shown(other),
        )


def _overlap(a: Sequence[str], b: Sequence[str]) -> float:
    """Share of the pages of either that both have; nothing twice is the same."""
    either = {*a, *b}
    return len({*a} & {*b}) / len(either) if either else 1.0


def _shown(answered: Answered) -> str:
    return answered.turn.answer if answered.done else f"✗ {answered.turn.error}"
