"""Who asked what, and when, in a part of a day: sessions of several turns, people who come back, a long tail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from evals.simulation.plan import Counts, Plan

Numbers = NDArray[np.int64]
Chance = np.random.Generator

_ENDS = 0.38  # a turn is the session's last so often
_GAP = (3.8, 0.9)  # log of the seconds between two turns of a session: mean, deviation
_RETURNS = 0.3  # sessions of a person who is known
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Asked:
    """Turns in order of time: instants in microseconds, and the places of what was drawn in its pools."""

    created_at: Numbers
    site: Numbers
    topic: Numbers
    manner: Numbers
    turn_id: pa.Array
    session_id: pa.Array
    person: pa.Array

    def __len__(self) -> int:
        return len(self.created_at)


def ask(plan: Plan, day: int, counts: Counts, topics: int, manners: int, chance: Chance) -> Asked:
    """So many turns by site and hour."""
    site = np.repeat(np.arange(plan.sites), counts.sum(axis=1))
    hour = np.concatenate([np.repeat(np.arange(24), each) for each in counts])
    begins = chance.random(len(site)) < _ENDS
    begins[np.flatnonzero(np.diff(site, prepend=-1))] = True
    session = np.cumsum(begins) - 1
    moment = _moments(hour, begins, session, chance)
    order = np.argsort(moment, kind="stable")
    ids, people = _people(plan, site[begins], chance)
    midnight = int(datetime.combine(plan.date(day), datetime.min.time(), UTC).timestamp()) * 1_000_000
    return Asked(
        created_at=midnight + moment[order],
        site=site[order],
        topic=_topics(plan, site, topics, chance)[order],
        manner=np.minimum(chance.geometric(0.45, len(site)) - 1, manners - 1)[order],
        turn_id=hex_ids(len(site), chance),
        session_id=ids.take(pa.array(session[order])),
        person=people.take(pa.array(session[order])),
    )


def hex_ids(number: int, chance: Chance) -> pa.Array:
    """Random identifiers as `new_id` makes them."""
    offsets = pa.array(np.arange(number + 1, dtype=np.int32) * 32)
    letters = pa.py_buffer(chance.bytes(16 * number).hex().encode())
    return pa.StringArray.from_buffers(number, offsets.buffers()[1], letters)


def _moments(hour: Numbers, begins: NDArray[np.bool_], session: Numbers, chance: Chance) -> Numbers:
    """Microseconds since midnight: a session begins in the hour of its first turn and goes on from there."""
    gaps = np.where(begins, 0, chance.lognormal(*_GAP, len(hour)))
    waited = np.cumsum(gaps)
    waited -= waited[begins][session]
    began = (hour[begins] + chance.random(begins.sum())) * 3600
    moment: Numbers = ((began[session] + waited) * 1_000_000).astype(np.int64)
    late = moment >= _DAY  # a day's file holds that day
    moment[late] = _DAY - 1 - chance.integers(0, 60_000_000, late.sum())
    return moment


def _people(plan: Plan, site: Numbers, chance: Chance) -> tuple[pa.Array, pa.Array]:
    """The ids of sessions, and of the persons who have them: the session itself, but for those who are known."""
    ids = hex_ids(len(site), chance)
    known = hex_ids(2000, np.random.default_rng([plan.seed, 3]))
    returns = chance.random(len(site)) < _RETURNS
    rank = np.minimum(chance.zipf(1.3, len(site)), 2000 // plan.sites) - 1
    place = np.where(returns, len(site) + site * (2000 // plan.sites) + rank, np.arange(len(site)))
    return ids, pa.concat_arrays([ids, known]).take(pa.array(place))


def _topics(plan: Plan, site: Numbers, topics: int, chance: Chance) -> Numbers:
    """What each site is asked most is another thing; everywhere a few questions are half of all."""
    weights = 1 / np.arange(1, topics + 1) ** 0.9
    rank = np.searchsorted(np.cumsum(weights / weights.sum()), chance.random(len(site)))
    orders = np.stack(
        [np.random.default_rng([plan.seed, 4, number]).permutation(topics) for number in range(plan.sites)]
    )
    return np.asarray(orders[site, np.minimum(rank, topics - 1)])
