"""The rules of the gate as the operator wrote them: `evals/gate.toml`, and a site's own file over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigurationError
from core.settings import Settings
from evals.measures import MEASURES
from evals.ragas_metrics import JUDGED
from evals.retrieval import MODES

DEFAULT = Path(__file__).with_name("gate.toml")

_RETRIEVAL = frozenset(f"{mode}/{measure}" for mode in MODES for measure in MEASURES)
_ANSWERS = frozenset(
    {
        *("contains_gold", "declined/precision", "declined/recall", "groundedness", "semantic_similarity"),
        *("rouge_score", "rouge_recall", "non_llm_string_similarity", *JUDGED),
    }
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _of(known: frozenset[str]) -> AfterValidator:
    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"there is no such figure; there are {', '.join(sorted(known))}")
        return name

    return AfterValidator(check)


Share = Annotated[float, Field(ge=0, le=1)]
Policy = Literal["promote", "keep"]
RetrievalFigure = Annotated[str, _of(_RETRIEVAL)]
AnswerFigure = Annotated[str, _of(_ANSWERS)]
JudgedFigure = Annotated[str, _of(frozenset(JUDGED))]


class BaselineRules(_Strict):
    """What becomes of a build that cannot be compared."""

    missing: Policy
    incomparable: Policy


class RetrievalRules(_Strict):
    """By figure: the most that it may fall, as a share of the live build's, and the least that it may be."""

    fall: Mapping[RetrievalFigure, Share]
    least: Mapping[RetrievalFigure, Share]


class AnswerRules(_Strict):
    """The same of answers, and how many of them may fail."""

    fall: Mapping[AnswerFigure, Share]
    least: Mapping[AnswerFigure, Share]
    failed: Annotated[int, Field(ge=0)]


class JudgeRules(_Strict):
    """How far a judge's figures may fall, given how much the judge wavers, and how often it may fail."""

    figures: list[JudgedFigure]
    deviations: Annotated[float, Field(ge=0)]
    tolerance: Share
    failed: Share


class Rules(_Strict):
    """The whole file."""

    baseline: BaselineRules
    retrieval: RetrievalRules
    answers: AnswerRules
    judge: JudgeRules


def rules_of(site: str, settings: Settings) -> Rules:
    """The site's rules; ConfigurationError names the file and the key that cannot be used."""
    own = settings.site_folder(site) / "gate.toml"
    if not own.exists():
        return Rules.model_validate(_read(DEFAULT))
    try:
        return Rules.model_validate(_merged(_read(DEFAULT), _read(own)))
    except ValidationError as error:
        faults = "; ".join(f"{_key(fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise ConfigurationError(f"The rules of {own} cannot be used. {faults}.") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read as TOML: {error}.") from error


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """What `over` says, table by table; elsewhere what `under` says."""
    merged = dict(under)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part != "[key]")
