"""Turns as the table that an export would write. Draws nothing."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import numpy as np
import pyarrow as pa

from core.conversations.schema import RULING, SCHEMA, USAGE
from evals.simulation.answered import DONE, FAILED, MODELS, STATUSES, Answered
from evals.simulation.asked import Asked, Numbers
from evals.simulation.plan import Plan
from evals.simulation.texts import Texts

_INSTANT = pa.timestamp("us", tz="UTC")
_ERROR = "The model did not answer in time."
_RULINGS = pa.array(
    [
        [{"guard": "scope", "allowed": True, "reason": "near the site's own pages", "score": 0.71}],
        [{"guard": "grounded", "allowed": False, "reason": "no passage says so", "score": 0.31}],
    ],
    pa.list_(RULING),
)


def table(plan: Plan, day: int, asked: Asked, answered: Answered, texts: Texts) -> pa.Table:
    """The turns as rows of SCHEMA, in their order."""
    done, declined = answered.status == DONE, answered.declined
    sites = pa.array([site.name for site in plan.websites])
    builds = pa.array([_build(plan.date(day), site.name) for site in plan.websites])
    ended = asked.created_at + answered.microseconds
    columns = {
        "turn_id": asked.turn_id,
        "site": sites.take(pa.array(asked.site)),
        "person": asked.person,
        "session_id": asked.session_id,
        "question": texts.questions.take(pa.array(asked.topic * texts.manners + asked.manner)),
        "status": pa.array(STATUSES).take(pa.array(answered.status)),
        "answer": _take(texts.answers, np.where(declined, len(texts), asked.topic), done, ""),
        "declined": pa.array(declined),
        "citations": _take(texts.citations, asked.topic, done & ~declined, []),
        "passages": _take(texts.passages, asked.topic, answered.status != FAILED, []),
        "model": pa.array(MODELS).take(pa.array(answered.model)),
        "usage": pa.StructArray.from_arrays(
            [pa.array(answered.input_tokens), pa.array(answered.output_tokens)], fields=list(USAGE)
        ),
        "cost": pa.array(answered.cost),
        "search": texts.searches.take(pa.array(asked.topic)),
        "rulings": _RULINGS.take(pa.array(declined.astype(np.int8))),
        "timings": _timings(answered),
        "build": builds.take(pa.array(asked.site)),
        "table_version": pa.array(np.full(len(asked), 3)),
        "error": pa.array([_ERROR, None]).take(pa.array((answered.status != FAILED).astype(np.int8))),
        "created_at": pa.array(asked.created_at, _INSTANT),
        "ended_at": pa.array(ended, _INSTANT),
    }
    return pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _take(
    pool: pa.Array, places: Numbers, where: np.ndarray[tuple[int], np.dtype[np.bool_]], other: object
) -> pa.Array:
    """From the pool where there is something, `other` elsewhere."""
    whole = pa.concat_arrays([pool, pa.array([other], pool.type)])
    return whole.take(pa.array(np.where(where, places, len(pool))))


def _timings(answered: Answered) -> pa.Array:
    names, size = list(answered.timings), len(answered.status)
    offsets = pa.array(np.arange(size + 1, dtype=np.int32) * len(names))
    keys = pa.array(names).take(pa.array(np.tile(np.arange(len(names)), size)))
    values = np.stack(list(answered.timings.values()), axis=1).ravel()
    return pa.MapArray.from_arrays(offsets, keys, pa.array(values))


def _build(day: date, site: str) -> str:
    """A new one each night, named as builds are."""
    digest = sha256(f"{site} {day}".encode()).hexdigest()
    return f"{day:%Y%m%d}-02{int(digest[:2], 16) % 60:02}{int(digest[2:4], 16) % 60:02}-{digest[:6]}"
