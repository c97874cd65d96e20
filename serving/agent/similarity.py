"""How alike two texts are, on one scale for all embedding models. Knows no passages.

Some models call any two texts 0.7 alike. So each is asked once how alike it finds strangers, and that is its 0.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32]]]  # unit vectors, one row each

_STRANGERS = (
    "The ferry to the island leaves at noon.",
    "Whisk the eggs until they are pale.",
    "Reset the password from the account page.",
    "Her grandfather collected stamps from Peru.",
    "The enzyme is inactive at low pH.",
    "Quarterly profits fell short of the forecast.",
)


class Similarity:
    """Asks one embedding model, through `embed`."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._zero: float | None = None

    async def to(self, text: str, others: Sequence[str]) -> list[float]:
        """How alike each of the others is to `text`: 0 for strangers, 1 for the same."""
        vectors = await self._embed([text, *others])
        return await self.scaled((vectors[1:] @ vectors[0]).tolist())

    async def scaled(self, cosines: Sequence[float]) -> list[float]:
        """Cosines of this model on the common scale."""
        zero = await self._strangers()
        return [(cosine - zero) / (1 - zero) for cosine in cosines]

    async def _strangers(self) -> float:
        if self._zero is None:
            vectors = await self._embed(_STRANGERS)
            pairs = (vectors @ vectors.T)[np.triu_indices(len(_STRANGERS), 1)]
            self._zero = float(np.clip(pairs.mean(), 0.0, 0.95))
        return self._zero
