"""What an experiment tries: cells, each a way to cut, embed and search. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from core.errors import InvalidInputError
from core.knowledge import WEIGHTS
from core.settings import Settings
from evals.lab.arguments import Weights, shares, sizes, text

AXES = ("chunk_tokens", "chunk_overlap", "weights", "embedding_model")

Grid = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides a table's rows and vectors; weights do not."""

    chunk_tokens: int
    chunk_overlap: int
    embedding_model: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of the grid."""

    shape: Shape
    weights: Weights

    def axes(self) -> dict[str, Any]:
        """Its value on every axis."""
        return {
            "chunk_tokens": self.shape.chunk_tokens,
            "chunk_overlap": self.shape.chunk_overlap,
            "weights": self.weights,
            "embedding_model": self.shape.embedding_model,
        }


def cells_of(grid: Grid, settings: Settings) -> list[Cell]:
    """Every combination, each once, the first value of each axis first; an axis not named is as the settings are."""
    if not isinstance(grid, Mapping):
        raise InvalidInputError('A grid names its axes: write {"chunk_tokens": [64, 128]}.', param="grid")
    if unknown := [name for name in grid if name not in AXES]:
        raise InvalidInputError(
            f"{unknown[0]!r} is no axis of an experiment: there are {', '.join(AXES)}.", param="grid"
        )
    standing: dict[str, Sequence[Any]] = {
        "chunk_tokens": [settings.chunk_tokens],
        "chunk_overlap": [settings.chunk_overlap],
        "weights": [WEIGHTS],
        "embedding_model": [settings.embedding_model],
    }
    axes = standing | {name: _values(name, values) for name, values in grid.items()}
    return list(dict.fromkeys(_cell(*values) for values in product(*(axes[name] for name in AXES))))


def _cell(tokens: int, overlap: int, weights: Weights, model: str) -> Cell:
    return Cell(Shape(*sizes(tokens, overlap), text(model, "embedding_model")), shares(weights))


def _values(name: str, values: Sequence[Any]) -> Sequence[Any]:
    """A lone value is refused: the letters of a model's name, or a pair of weights, would pass for values."""
    listed = isinstance(values, Sequence) and not isinstance(values, str) and len(values) > 0
    if not listed or (name == "weights" and not all(isinstance(each, Sequence) for each in values)):
        raise InvalidInputError(
            f"The axis {name} is no list of values: write {{{name!r}: [{values!r}]}}.", param="grid"
        )
    return values
