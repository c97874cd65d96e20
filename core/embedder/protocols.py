"""What the rest of Frontdesk asks of an embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Kind = Literal["document", "query"]  # models that were trained with prompts tell the two apart
Vectors = NDArray[np.float32]  # (texts, dimensions), each row of unit length


class Encoder(Protocol):
    """An embedding model, ready to run; safe to call from several threads."""

    @property
    def name(self) -> str:
        """As the settings name it."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Tokens, special ones included, after which the model stops reading."""

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """The texts' vectors in their order; (0, dimensions) for none."""


class Tokenizer(Protocol):
    """The model's own tokenizer, for measuring text; loads without the model."""

    @property
    def max_tokens(self) -> int:
        """Tokens that fit beside the special ones."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The character span of each token of the whole text, special tokens left out."""
