"""How texts of many callers are encoded together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelError
from serving.embedding import EmbeddingThread, Encoders, RecentVectors


class LengthEncoder:
    """A text's length as its vector; remembers what it was given at once."""

    dimensions = 1
    max_tokens = 100

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls: list[tuple[list[str], str]] = []

    def encode(self, texts: Sequence[str], kind: Literal["document", "query"] = "document") -> NDArray[np.float32]:
        self.calls.append((list(texts), kind))
        assert all(text.isascii() for text in texts), "cannot be encoded"
        return np.array([[len(text)] for text in texts], np.float32).reshape(-1, 1)


class Shelf:
    """Encoders that were loaded, by name."""

    def __init__(self) -> None:
        self.loaded: dict[str, LengthEncoder] = {}

    def load(self, name: str) -> LengthEncoder:
        assert name not in self.loaded
        return self.loaded.setdefault(name, LengthEncoder(name))


def test_each_caller_gets_its_own_vectors_back() -> None:
    vectors = Encoders(Shelf().load).encode([("m", ["a", "bb"]), ("m", ["ccc"]), ("m", []), ("m", ["dddd"])])
    assert [found.ravel().tolist() for found in vectors] == [[1, 2], [3], [], [4]]


def test_texts_of_one_model_are_encoded_in_one_go_as_queries() -> None:
    shelf = Shelf()
    encoders = Encoders(shelf.load)
    encoders.encode([("m", ["a"]), ("n", ["b"]), ("m", ["c"])])
    assert shelf.loaded["m"].calls == [(["a", "c"], "query")]
    assert shelf.loaded["n"].calls == [(["b"], "query")]


def test_a_model_is_loaded_once_and_only_when_asked_for() -> None:
    shelf = Shelf()
    encoders = Encoders(shelf.load)
    assert not shelf.loaded
    encoders.warm("m")
    encoders.encode([("m", ["a"])])
    assert list(shelf.loaded) == ["m"]


def test_what_cannot_be_encoded_fails_its_own_ask_alone() -> None:
    good, bad, other = Encoders(Shelf().load).encode_apart([("m", ["a"]), ("m", ["\ud800"]), ("n", ["ccc"])])
    assert isinstance(bad, AssertionError)
    assert isinstance(good, np.ndarray)
    assert isinstance(other, np.ndarray)
    assert (good.tolist(), other.tolist()) == ([[1]], [[3]])


def test_a_model_that_is_away_is_not_asked_again_for_each() -> None:
    loads = []

    def load(name: str) -> LengthEncoder:
        loads.append(name)
        raise ModelError("It cannot be reached.")

    with pytest.raises(ModelError):
        Encoders(load).encode_apart([("m", ["a"]), ("m", ["b"])])
    assert len(loads) == 1


async def test_a_thread_embeds_beside_the_event_loop() -> None:
    embed = EmbeddingThread(Encoders(Shelf().load))
    assert (await embed("m", ["abc"])).tolist() == [[3]]
    embed.close()


class Asked:
    """A text's length as its vector; notes what it was asked."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, list[str]]] = []

    async def __call__(self, model: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts.append((model, list(texts)))
        return np.array([[len(text)] for text in texts], np.float32)


async def test_of_a_conversation_only_what_is_new_is_encoded() -> None:
    recent = RecentVectors(asked := Asked())
    await recent("m", ["a", "bb"])
    assert (await recent("m", ["ccc", "bb", "a", "ccc"])).ravel().tolist() == [3, 2, 1, 3]
    assert (await recent("m", ["a"])).ravel().tolist() == [1]
    assert asked.texts == [("m", ["a", "bb"]), ("m", ["ccc"])]


async def test_another_models_vectors_are_not_taken() -> None:
    recent = RecentVectors(asked := Asked())
    await recent("m", ["a"])
    await recent("n", ["a"])
    assert asked.texts == [("m", ["a"]), ("n", ["a"])]


async def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    recent = RecentVectors(asked := Asked(), size=2)
    for text in ("a", "bb", "a", "ccc", "a", "bb"):
        await recent("m", [text])
    assert [texts for _, texts in asked.texts] == [["a"], ["bb"], ["ccc"], ["bb"]]
