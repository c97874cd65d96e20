"""Embeddings of OpenAI, or of any server that speaks its protocol (`FRONTDESK_MODEL_BASE_URL`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import islice

import numpy as np
import openai

from core.embedder.protocols import Kind, Vectors
from core.errors import ModelError
from core.settings import Settings

_BATCH = 128  # texts a request: far below the service's limit on tokens, whatever their length
_MAX_TOKENS = 8191  # of all its embedding models
_NO_KEY = "local"  # a server of one's own asks for none, the client does


class OpenAIEncoder:
    """An embedding model behind HTTP; the client retries what is worth retrying."""

    max_tokens = _MAX_TOKENS

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
        self._client = openai.OpenAI(api_key=key or _NO_KEY, base_url=settings.model_base_url, max_retries=5)
        self._model = name.removeprefix("openai:")

    @cached_property
    def dimensions(self) -> int:
        """Found by asking: a server may hold any model."""
        return int(self._ask(["dimensions"]).shape[1])

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """The texts' vectors in their order; an empty text is sent as a space, which the service demands."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        whole = iter(text or " " for text in texts)
        return np.concatenate([self._ask(batch) for batch in iter(lambda: list(islice(whole, _BATCH)), [])])

    def _ask(self, texts: list[str]) -> Vectors:
        try:
            answer = self._client.embeddings.create(model=self._model, input=texts, encoding_format="float")
        except openai.OpenAIError as error:
            raise ModelError(f"The embedding model {self.name} could not be asked: {error}") from error
        vectors = np.array([row.embedding for row in sorted(answer.data, key=lambda row: row.index)], np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
        return vectors
