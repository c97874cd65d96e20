"""Questions to vectors for many callers at once: their texts are encoded together, grouped by model.

Knows no Ray: the Embedder replicas and a server without Ray both host it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import islice
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from core.embedder import Encoder
from core.errors import FrontdeskError

_RECENT = 2048  # vectors, 3 MiB of 384 dimensions

logger = logging.getLogger(__name__)

Vectors = NDArray[np.float32]  # (texts, dimensions), unit length
Embed = Callable[[str, Sequence[str]], Awaitable[Vectors]]
Ask = tuple[str, Sequence[str]]  # a model's name and texts


class Encoders:
    """Encoders by name, each loaded when it is first asked for: two live builds may use two models."""

    def __init__(self, load: Callable[[str], Encoder]) -> None:
        self._load = load
        self._loaded: dict[str, Encoder] = {}
        self._loading = Lock()

    def warm(self, model: str) -> None:
        """Load a model before the first question needs it, and run it once."""
        self.encode([(model, ["warm"])])

    def encode(self, asks: Sequence[Ask]) -> list[Vectors]:
        """The vectors of each ask, in order; the texts of one model are encoded in one go."""
        vectors: dict[int, Vectors] = {}
        for model, members in _by_model(asks).items():
            sizes = [len(asks[member][1]) for member in members]
            texts = [text for member in members for text in asks[member][1]]
            encoded = self._encoder(model).encode(texts, "query")
            parts = np.split(encoded, np.cumsum(sizes)[:-1])
            vectors.update(zip(members, parts, strict=True))
        return [vectors[number] for number in range(len(asks))]

    def encode_apart(self, asks: Sequence[Ask]) -> list[Vectors | Exception]:
        """As `encode`, but an ask that cannot be encoded gets its own exception and fails no other."""
        try:
            return [*self.encode(asks)]
        except FrontdeskError:  # the model itself is away, and asking it for each would not bring it back
            raise
        except Exception:  # one of them, whichever: told apart below
            logger.exception("encoding %d asks together failed", len(asks))
            return [self._encoded_or_why_not(ask) for ask in asks]

    def _encoded_or_why_not(self, ask: Ask) -> Vectors | Exception:
        try:
            return self.encode([ask])[0]
        except Exception as error:  # noqa: BLE001 - handed to the one who asked, who raises it
            return error

    def _encoder(self, model: str) -> Encoder:
        with self._loading:
            if model not in self._loaded:
                self._loaded[model] = self._load(model)
            return self._loaded[model]


class EmbeddingThread:
    """Embeds in a thread of this process, one ask at a time: an encoder takes all cores anyway."""

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embed")

    async def __call__(self, model: str, texts: Sequence[str]) -> Vectors:
        """The vectors of `texts`."""
        loop = asyncio.get_running_loop()
        return (await loop.run_in_executor(self._thread, self._encoders.encode, [(model, texts)]))[0]

    def close(self) -> None:
        """Wait for what is being encoded."""
        self._thread.shutdown()


class RecentVectors:
    """Embeds a text once while it is among the last asked for: a conversation's earlier messages are, turn by turn."""

    def __init__(self, embed: Embed, size: int = _RECENT) -> None:
        self._embed = embed
        self._size = size
        self._vectors: dict[bytes, NDArray[np.float32]] = {}  # the latest asked for comes last

    async def __call__(self, model: str, texts: Sequence[str]) -> Vectors:
        """The vectors of `texts`."""
        keys = [_key(model, text) for text in texts]
        known = {key: self._vectors[key] for key in keys if key in self._vectors}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            known |= zip(new, await self._embed(model, list(new.values())), strict=True)
        self._keep(known)
        return np.stack([known[key] for key in keys])

    def _keep(self, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        for key, vector in vectors.items():
            self._vectors.pop(key, None)
            self._vectors[key] = vector
        for key in [*islice(self._vectors, max(0, len(self._vectors) - self._size))]:
            del self._vectors[key]


def _key(model: str, text: str) -> bytes:
    """No text of a visitor's stays in memory for this."""
    return sha256(f"{model}\n{text}".encode()).digest()


def _by_model(asks: Sequence[Ask]) -> dict[str, list[int]]:
    members: dict[str, list[int]] = defaultdict(list)
    for number, (model, _) in enumerate(asks):
        members[model].append(number)
    return members
