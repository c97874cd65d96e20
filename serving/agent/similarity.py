"""Asks the embedding replicas how alike texts are, on core's common scale. Knows no passages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.similarity import STRANGERS, scaled, zero_of

Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32]]]  # unit vectors, one row each


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
        return scaled(cosines, await self.zero())

    async def zero(self) -> float:
        """What this model calls strangers; asked once."""
        if self._zero is None:
            self._zero = zero_of(await self._embed(STRANGERS))
        return self._zero
