"""What the guards let through and what they refuse: questions through the agent in this process, with no model asked.

Far questions have nothing to do with the site, near ones sound as if they had; small talk and the site's own golden
questions must pass. Thresholds are not fitted here: evals/LOG.md says how they were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from core.errors import InvalidInputError
from core.records import Message, Passage, Turn
from core.settings import Settings
from evals.builds import site_build
from evals.intervals import mean_interval
from evals.progress import Watch, silent
from evals.readers import Question, json_lines, read_task
from evals.rehearsal import Answered, rehearse
from evals.report import Report
from serving.agent import Closing
from serving.agent.answerable import GUARD

AT_ONCE = 4

_MUST_PASS = {"own": "false_refusals", "smalltalk": "smalltalk/refused"}
_LISTED = 12  # questions of each kind of mistake


@dataclass(frozen=True, slots=True)
class QuestionSets:
    """The files to ask from; of `own`, what the pages answer."""

    own: Path
    far: Path | None
    near: Path | None
    smalltalk: Path | None

    def read(self) -> dict[str, tuple[Question, ...]]:
        """The questions of each file that is named."""
        files = {"own": self.own, "far": self.far, "near": self.near, "smalltalk": self.smalltalk}
        sets = {name: read_task(file).questions for name, file in files.items() if file is not None}
        sets["own"] = tuple(question for question in sets["own"] if question.answerable)
        if not sets["own"]:
            raise InvalidInputError(f"{self.own} holds no question that the site answers: nothing to compare with.")
        return sets


class Mute:
    """A writer that says nothing: what is measured comes before it."""

    name = "mute"

    async def write(
        self, _question: str, _passages: Sequence[Passage], _history: Sequence[Message], _policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        """Nothing, and not as a refusal."""
        yield "."
        yield Closing()


async def evaluate(
    sets: QuestionSets, site: str, settings: Settings, *, at_once: int = AT_ONCE, watch: Watch = silent
) -> Report:
    """The share that is refused of each set, with 95% intervals, and by kind where a set names kinds."""
    build, asked = site_build(site, settings), sets.read()
    refused: dict[str, dict[str, bool]] = {}
    mistakes: dict[str, list[str]] = {}
    for name, questions in asked.items():
        answers = await rehearse(questions, build, settings, at_once=at_once, writer=Mute(), watch=watch)
        refused[name] = {each.question.id: is_refused(each.turn) for each in answers}
        mistakes[f"{name} {'refused' if name in _MUST_PASS else 'let through'}"] = _mistakes(answers, name)
    figures, intervals = _figures(refused)
    meta = {"site": site, "build": build.id, **{f"{name}_questions": len(each) for name, each in asked.items()}}
    kinds = _by_kind(refused["near"], sets.near) if sets.near else {}
    return Report({**figures, **kinds}, intervals, {**meta, **{name: each for name, each in mistakes.items() if each}})


def is_refused(turn: Turn) -> bool:
    """Whether a guard kept the question out; one that the pages do not answer was let in, and told so."""
    return any(not ruling.allowed for ruling in turn.rulings if ruling.guard != GUARD)


def _mistakes(answers: Sequence[Answered], name: str) -> list[str]:
    wrong = [each for each in answers if is_refused(each.turn) == (name in _MUST_PASS)]
    return [each.question.text for each in wrong][:_LISTED]


def _figures(
    refused: Mapping[str, Mapping[str, bool]],
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    named = {_MUST_PASS.get(name, f"{name}/refused"): values for name, values in refused.items()}
    shares = {name: {key: float(value) for key, value in values.items()} for name, values in named.items()}
    return (
        {name: fmean(values.values()) for name, values in shares.items()},
        {name: mean_interval(values) for name, values in shares.items()},
    )


def _by_kind(refused: Mapping[str, bool], file: Path) -> dict[str, float]:
    kinds: dict[str, list[bool]] = defaultdict(list)
    for row in json_lines(file, "_id", "question"):
        if "kind" in row:
            kinds[row["kind"]].append(refused[row["_id"]])
    return {f"near/{kind}/refused": fmean(values) for kind, values in kinds.items()}
