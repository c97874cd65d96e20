"""What the parent tells the child process of the local model, and what both know of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

LOCAL = "local"  # what settings call it
CONTEXT = 8192  # tokens of a prompt and its answer: all that the model was trained for
SLOTS = 2  # answers written at the same time; the next ones wait
AT_ONCE = 2 * SLOTS  # answers under way for one process: the last to wait still begins within a model's time limit
READY = b"ready\n"  # what the child says once it answers


@dataclass(frozen=True, slots=True)
class Order:
    """Where to listen, who may ask, and whose weights."""

    port: int
    key: str
    weights: str

    def line(self) -> bytes:
        """As it travels."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """As it arrives."""
        return cls(**json.loads(line))
