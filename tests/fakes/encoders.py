"""A tokenizer and an encoder without a model: words are tokens, and equal texts have equal vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from core.embedder import Kind, Vectors


class FakeTokenizer:
    """Each word is a token."""

    max_tokens = 256

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]


class FakeEncoder:
    """Vectors drawn by a text's hash."""

    name = "fake"
    dimensions = 8
    max_tokens = 256

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        rows = [np.frombuffer(sha256(f"{kind}\n{text}".encode()).digest()[:8], np.uint8) for text in texts]
        vectors = np.asarray(rows, np.float32).reshape(len(texts), self.dimensions) + 1
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


class Letters:
    """An encoder that counts letters."""

    name = "letters"
    dimensions = 26
    max_tokens = 100

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        counts = [[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        vectors = np.array(counts, np.float32).reshape(-1, 26)
        unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return unit
