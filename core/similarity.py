"""How alike two texts are, on one scale for all embedding models. Asks no model itself.

Some models call any two texts 0.7 alike. So each is asked once how alike it finds strangers, and that is its 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.embedder import Vectors

STRANGERS = (
    "The ferry to the island leaves at noon.",
    "Whisk the eggs until they are pale.",
    "Reset the password from the account page.",
    "Her grandfather collected stamps from Peru.",
    "The enzyme is inactive at low pH.",
    "Quarterly profits fell short of the forecast.",
)


def zero_of(strangers: Vectors) -> float:
    """The cosine that a model gives texts with nothing in common, from its vectors of STRANGERS."""
    pairs = (strangers @ strangers.T)[np.triu_indices(len(strangers), 1)]
    return float(np.clip(pairs.mean(), 0.0, 0.95))


def scaled(cosines: Sequence[float], zero: float) -> list[float]:
    """Cosines on the common scale: 0 for strangers, 1 for the same."""
    return [(cosine - zero) / (1 - zero) for cosine in cosines]
