"""Reads answers that people rated for faithfulness, with what other judges said (MTRAG's `human_eval.jsonl`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from core.errors import InvalidInputError
from evals.readers import json_lines

BEST, WORST = 4.0, 1.0  # the scale of the ratings
JUDGES = {  # their names in the file and ours
    "rl_f": "ragas",
    "rb_llm": "rad_bench",
    "rb_agg": "reference_based",
    "Bert-KPrec": "bert_k_precision",
}


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """One system's answer to one turn of a conversation; turns of the same one share passages."""

    conversation: str
    question: str  # all that the visitor said so far
    passages: tuple[str, ...]
    answer: str
    ratings: tuple[float, ...]  # faithfulness, WORST to BEST, one a person
    judges: Mapping[str, float]

    @property
    def faithfulness(self) -> float:
        """The mean rating."""
        return fmean(self.ratings)

    @property
    def true(self) -> bool:
        """Whether everybody gave it the best mark."""
        return min(self.ratings) == BEST


def read_rated(file: Path) -> list[RatedAnswer]:
    """The rated answers of a file; ones without a rating are left out."""
    if not file.is_file():
        raise InvalidInputError(f"{file} does not exist. Name a file of rated answers, such as human_eval.jsonl.")
    rows = json_lines(file, "task_id", "conversation", "contexts", "response", "human", "auto")
    return [_answer(row) for row in rows if row["human"].get("faithfulness")]


def _answer(row: Mapping[str, Any]) -> RatedAnswer:
    said = [turn["text"] for turn in row["conversation"] if turn["speaker"] == "user"]
    return RatedAnswer(
        conversation=row["task_id"].partition("<::>")[0],
        question=" ".join(said),
        passages=tuple(passage["text"] for passage in row["contexts"]),
        answer=row["response"],
        ratings=tuple(map(float, row["human"]["faithfulness"])),
        judges={ours: float(row["auto"][theirs]) for theirs, ours in JUDGES.items() if theirs in row["auto"]},
    )
