"""How each turn ended: by which model, declined or not, aborted or failed, how fast, with how many tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.simulation.asked import Asked, Chance, Numbers
from evals.simulation.plan import Plan, Weights
from serving.agent.catalogue import Price

DONE, ABORTED, FAILED = 0, 1, 2
STATUSES = ("done", "aborted", "failed")
MODELS = ("extractive", "openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5")

_MEDIAN_MS = np.array([38.0, 1900.0, 3400.0])  # of the answer itself, by model
_SPREAD = np.array([0.5, 0.42, 0.5])
_FALLS_BACK = 0.02  # a model that writes failed, and quotes answered
_INCIDENTS = 0.012  # days on which a site's model is ill
_TIMEOUT_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class Answered:
    """By turn: places in MODELS and STATUSES, tokens, US dollars, and milliseconds by stage."""

    model: Numbers
    status: Numbers
    declined: NDArray[np.bool_]
    input_tokens: Numbers
    output_tokens: Numbers
    cost: Weights
    timings: Mapping[str, Weights]

    @property
    def microseconds(self) -> Numbers:
        """From the question to the end."""
        return np.asarray(self.timings["total"] * 1000).astype(np.int64)


def answer(
    plan: Plan, day: int, asked: Asked, answerable: NDArray[np.bool_], prices: Sequence[Price], chance: Chance
) -> Answered:
    """The ends of these turns."""
    own = np.array([MODELS.index(site.model) for site in plan.websites])[asked.site]
    model = np.where(chance.random(len(asked)) < _FALLS_BACK, 0, own)
    status = _statuses(plan, day, asked, chance)
    declined = (status == DONE) & (chance.random(len(asked)) < _decline(plan, day, asked, answerable))
    timings = _timings(model, status, chance)
    input_tokens, output_tokens = _tokens(model, status, chance)
    price_in, price_out = (np.array([getattr(price, side) for price in prices])[model] for side in ("input", "output"))
    cost = (input_tokens * price_in + output_tokens * price_out) / 1_000_000
    return Answered(model, status, declined, input_tokens, output_tokens, cost, timings)


def _statuses(plan: Plan, day: int, asked: Asked, chance: Chance) -> Numbers:
    ill = np.random.default_rng([plan.seed, 5, day]).random(plan.sites) < _INCIDENTS
    fails = np.where(ill, 0.15, 0.008)[asked.site]
    luck = chance.random(len(asked))
    return np.where(luck < fails, FAILED, np.where(luck < fails + 0.017, ABORTED, DONE))


def _decline(plan: Plan, day: int, asked: Asked, answerable: NDArray[np.bool_]) -> Weights:
    """Each site's pages have gaps of their own, which are mended with time; some nights' builds are worse."""
    gaps = np.random.default_rng([plan.seed, 6]).uniform(0.5, 1.8, plan.sites)
    night = np.where(np.random.default_rng([plan.seed, 7, day]).random(plan.sites) < 0.02, 2.5, 1.0)
    mended = 1.3 - 0.6 * day / plan.days
    chances = np.where(answerable[asked.topic], 0.04, 0.5) * (gaps * night * mended)[asked.site]
    return np.minimum(chances, 0.95)


def _timings(model: Numbers, status: Numbers, chance: Chance) -> dict[str, Weights]:
    size = len(model)
    guard = chance.lognormal(0.7, 0.4, size)
    retrieve = chance.lognormal(2.9, 0.45, size)
    answer = _MEDIAN_MS[model] * chance.lognormal(0, 1, size) ** _SPREAD[model]
    answer = np.where((status == FAILED) & (chance.random(size) < 0.5), _TIMEOUT_MS, answer)
    answer = np.where(status == ABORTED, answer * chance.random(size), answer)
    first = guard + retrieve + answer * chance.uniform(0.15, 0.4, size)
    check = chance.lognormal(1.1, 0.4, size)
    stages = {"guard": guard, "retrieve": retrieve, "answer": answer, "check": check, "first_token": first}
    stages["total"] = guard + retrieve + answer + check
    return {name: np.round(spent, 3) for name, spent in stages.items()}


def _tokens(model: Numbers, status: Numbers, chance: Chance) -> tuple[Numbers, Numbers]:
    writes = model > 0
    read = np.where(writes, chance.normal(980, 140, len(model)).clip(300), 0)
    written = np.where(writes & (status != FAILED), chance.lognormal(4.7, 0.5, len(model)), 0)
    return read.astype(np.int64), written.astype(np.int64)
