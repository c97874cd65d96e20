"""What visitors thought of their answers: some three in a hundred say so, and of a declined one mostly nothing good."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from core.conversations.schema import FEEDBACK
from evals.simulation.answered import DONE, Answered
from evals.simulation.asked import Asked, Chance

_COMMENTS = {
    "up": ("", "", "", "", "Thanks!", "Exactly what I needed.", "Quick."),
    "down": ("", "", "", "That was not my question.", "It is on your shipping page.", "Out of date.", "Wrong price."),
}
_DAY = 86_400_000_000


def rate(asked: Asked, answered: Answered, sites: pa.Array, chance: Chance) -> pa.Table:
    """The ratings of these turns, in order of time."""
    share = np.where(answered.declined, 0.05, 0.027)
    rated = np.flatnonzero((answered.status == DONE) & (chance.random(len(asked)) < share))
    down = chance.random(len(rated)) < np.where(answered.declined[rated], 0.78, 0.2)
    ended = asked.created_at[rated] + answered.microseconds[rated]
    moment = ended + (chance.exponential(25, len(rated)) * 1_000_000).astype(np.int64)
    midnight = asked.created_at[rated] // _DAY * _DAY
    moment = np.minimum(moment, midnight + _DAY - 1)  # a day's file holds that day
    order = np.argsort(moment, kind="stable")
    columns = [
        asked.turn_id.take(pa.array(rated[order])),
        sites.take(pa.array(asked.site[rated[order]])),
        pa.array(["up", "down"]).take(pa.array(down[order].astype(np.int8))),
        _comments(down[order], chance),
        pa.array(moment[order], pa.timestamp("us", tz="UTC")),
    ]
    return pa.Table.from_arrays(columns, schema=FEEDBACK)


def _comments(down: np.ndarray[tuple[int], np.dtype[np.bool_]], chance: Chance) -> pa.Array:
    up_said, down_said = _COMMENTS["up"], _COMMENTS["down"]
    place = chance.integers(0, len(up_said), len(down)) + np.where(down, len(up_said), 0)
    return pa.array([*up_said, *down_said]).take(pa.array(place))
