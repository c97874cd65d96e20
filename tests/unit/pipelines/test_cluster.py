"""How a machine or a cluster is divided between reading and embedding, and what Ray's errors become."""

from __future__ import annotations

import pytest
from ray.exceptions import ActorDiedError, RayTaskError

from core.errors import FrontdeskError, InvalidInputError
from pipelines.cluster import Shares, _in_words, shares


@pytest.mark.parametrize("cpus", [1, 2, 3, 4, 8, 16, 64])
def test_no_more_is_asked_for_than_there_is(cpus: int) -> None:
    shared = shares(cpus, 0)
    asked = shared.readers * shared.reader_cpus + shared.embedders * shared.embedder_cpus
    assert asked <= cpus
    assert shared.embedders * shared.threads <= cpus


def test_two_cores_embed_on_both_and_read_beside() -> None:
    assert shares(2, 0) == Shares(1, 0.5, 1, 1.5, 0, threads=2)


def test_each_gpu_gets_an_encoder() -> None:
    shared = shares(16, 2)
    assert (shared.embedders, shared.embedder_gpus) == (2, 1)
    assert shared.readers > 2


def test_an_error_of_ours_keeps_its_kind_across_ray() -> None:
    cause = InvalidInputError("Name another model.", param="embedding_model")
    words = _in_words(RayTaskError("embed", "Traceback", cause))  # type: ignore[no-untyped-call]
    assert isinstance(words, InvalidInputError)
    assert words.param == "embedding_model"


def test_another_error_is_named_in_a_sentence() -> None:
    error = ZeroDivisionError("division by zero")
    words = _in_words(RayTaskError("embed", "Traceback", error))  # type: ignore[no-untyped-call]
    assert words.message == "ZeroDivisionError: division by zero"


def test_a_process_that_was_killed_is_said_to_be() -> None:
    words = _in_words(ActorDiedError())
    assert type(words) is FrontdeskError
    assert "killed" in words.message
