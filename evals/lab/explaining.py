"""Why a turn was answered as it was: everything that is kept of it, and what can be found out again.

The turn is never asked again: passages, verdicts, timings and cost are those of the day. Found out now are the
passages that were not kept, what the passages say to each sentence, and the prompt, by the functions the agent uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from core.database import database_exists, open_database
from core.embedder import load_encoder
from core.errors import NotFoundError
from core.records import Build, Turn
from core.settings import Settings
from core.traces import TraceLink
from evals.grounded import sentences_of, supported
from evals.judged import Embedded
from evals.lab.explained import Explanation, Line, Sentence
from evals.lab.searching import Found, search
from evals.lab.turns import Kept
from evals.readers import Question
from evals.rehearsal import Answered
from serving.agent.attacks import disarmed
from serving.agent.prompts import messages

_RANKED = 20  # pages that are ranked again, to see what was left out


def explain(kept: Kept, settings: Settings, trace: TraceLink | None = None) -> Explanation:
    """The explanation of a turn; `trace` is where MLflow has it."""
    again, why_not = _again(kept, settings)
    return Explanation(
        turn=kept.turn,
        history=kept.history,
        place=kept.place,
        again=again,
        why_not_again=why_not,
        prompt=_prompt(kept, settings),
        sentences=_sentences(kept.turn, settings),
        trace=trace,
    )


def _again(kept: Kept, settings: Settings) -> tuple[Found | None, str]:
    """The same search now, or why there is none."""
    turn = kept.turn
    if turn.build is None:
        return None, "Nothing was searched for: it was answered before any search, or failed."
    try:
        build = _build(turn.build, settings)
        return search(turn.question, build, settings, passages=_RANKED, history=kept.history), ""
    except NotFoundError as error:
        return None, f"What was not kept cannot be told any more: {error.message}"


def _build(name: str, settings: Settings) -> Build:
    if not database_exists(settings.database_location):
        raise NotFoundError(f"build {name} is in no database here.")
    with closing(open_database(settings.database_location)) as database:
        return database.builds.get(name)


def _prompt(kept: Kept, settings: Settings) -> tuple[Line, ...]:
    """What a model is told for this question, with the site's policy as it stands now; nothing without passages."""
    if not kept.turn.passages:
        return ()
    file = settings.site_folder(kept.turn.session.site) / "policy.md"
    policy = file.read_text(encoding="utf-8") if file.exists() else ""
    safe, _ = disarmed(kept.turn.passages)
    return tuple(
        Line(each.type, str(each.content)) for each in messages(kept.turn.question, safe, kept.history, policy)
    )


def _sentences(turn: Turn, settings: Settings) -> tuple[Sentence, ...]:
    """The sentences of the answer with what supports them; none where it claims nothing."""
    answered = Answered(Question(turn.id, turn.question), turn, 0.0)
    found = supported([answered], Embedded(load_encoder(settings.embedding_model, settings))).get(turn.id, ())
    told = [sentences_of(passage.chunk) for passage in turn.passages]
    return tuple(
        Sentence(each.sentence, each.score, *_evidence(each.evidence, told), each.problem or "") for each in found
    )


def _evidence(place: tuple[int, int] | None, told: Sequence[Sequence[str]]) -> tuple[int | None, str]:
    """The passage's number, from 1, and its sentence."""
    return (None, "") if place is None else (place[0] + 1, told[place[0]][place[1]])
