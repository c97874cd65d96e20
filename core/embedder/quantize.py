"""Makes the large multiplications of a converted graph 8-bit, where the vectors stay what they were.

Knows OpenVINO graphs, and neither models nor files. Weights become bytes, each group of 128 with a scale of its
own; inputs are rounded in the same groups while the graph runs, if it is compiled with `DYNAMIC_GROUP`. A few
channels after a normalization are ten times the others and would spoil their group: part of what sets them apart
is moved into the weights, by peaks seen on nonsense texts, so that no data are needed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as ops
from tokenizers import Tokenizer

GROUP = 128  # finer is more exact, coarser is faster
DYNAMIC_GROUP = {"DYNAMIC_QUANTIZATION_GROUP_SIZE": GROUP}

_MOVED = 0.6  # share of the inputs' range that the weights take over
_ALIKE = 0.9985  # least mean cosine to the exact graph on nonsense, which is harder than text: there it is .9995
_NORMALIZED = {"Add", "Multiply"}  # what a normalization ends in
_MIDDLE = 128  # the byte that stands for zero
_NONSENSE = 16
_log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


def quantized(exact: openvino.Model, tokenizer: Tokenizer) -> openvino.Model | None:
    """A copy with 8-bit multiplications; None where it would not be `_ALIKE`, or where none are large."""
    rows = _nonsense(tokenizer)
    peaks = _peaks(exact, rows[::2])
    if not peaks:
        return None
    quick = exact.clone()
    for source, linears in _by_source(quick).items():
        _replace(linears, peaks[source])
    quick.validate_nodes_and_infer_types()
    cosine = _mean_cosine(exact, quick, rows[1::2])
    if cosine < _ALIKE:
        _log.info("8-bit multiplications would change this model's vectors (cosine %.4f): it runs without", cosine)
        return None
    return quick


def _nonsense(tokenizer: Tokenizer) -> list[Ids]:
    """Texts of random words of the model's own vocabulary, as it reads them."""
    draw = np.random.default_rng(0).integers(tokenizer.get_vocab_size(), size=(_NONSENSE, 96))
    texts = [tokenizer.decode(ids.tolist()) for ids in draw]
    return [np.array([found.ids], np.int64) for found in tokenizer.encode_batch_fast(texts)]


def _linears(graph: openvino.Model) -> Iterator[openvino.Node]:
    """The multiplications by fixed weights whose inputs fill whole groups."""
    for node in graph.get_ordered_ops():
        if node.get_type_name() == "MatMul" and node.input_value(1).get_node().get_type_name() == "Constant":
            weights = _weights(node)
            if weights.ndim == 2 and weights.shape[1] % GROUP == 0:
                yield node


def _weights(linear: openvino.Node) -> Floats:
    """(outputs, inputs)"""
    weights: Floats = linear.input_value(1).get_node().data
    return weights if linear.get_attributes()["transpose_b"] else weights.T


def _by_source(graph: openvino.Model) -> dict[str, list[openvino.Node]]:
    """The multiplications by the name of what they multiply: queries, keys and values have one source."""
    found: dict[str, list[openvino.Node]] = {}
    for linear in _linears(graph):
        found.setdefault(linear.input_value(0).get_node().get_friendly_name(), []).append(linear)
    return found


def _peaks(exact: openvino.Model, rows: Sequence[Ids]) -> dict[str, Floats]:
    """By source: the largest value of each of its channels."""
    watched = exact.clone()
    sources = {name: linears[0].input_value(0) for name, linears in _by_source(watched).items()}
    watched.add_outputs(list(sources.values()))
    run = _runner(watched)
    peaks: dict[str, Floats] = {}
    for row in rows:
        for name, values in zip(sources, run(row)[1:], strict=True):
            peak = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            peaks[name] = np.maximum(peaks.get(name, peak), peak)
    return peaks


def _replace(linears: Sequence[openvino.Node], peaks: Floats) -> None:
    source, weights = linears[0].input_value(0), [_weights(linear) for linear in linears]
    if source.get_node().get_type_name() in _NORMALIZED:
        scale = _moved(peaks, np.abs(np.concatenate(weights)).max(axis=0))
        weights = [some * scale for some in weights]
        source = ops.multiply(source, ops.constant(1 / scale)).output(0)
    for linear, some in zip(linears, weights, strict=True):
        quick = ops.matmul(source, _in_bytes(some), transpose_a=False, transpose_b=True)
        for target in linear.output(0).get_target_inputs():
            target.replace_source_output(quick.output(0))


def _moved(peaks: Floats, weights: Floats) -> Floats:
    """By how much each channel is divided, and its weights multiplied."""
    scale = np.maximum(peaks, 1e-3) ** _MOVED / np.maximum(weights, 1e-5) ** (1 - _MOVED)
    even: Floats = (scale / np.exp(np.log(scale).mean())).astype(np.float32)
    return even


def _in_bytes(weights: Floats) -> openvino.Node:
    """The weights as the graph restores them, and as the CPU's 8-bit multiplication takes them."""
    outputs, inputs = weights.shape
    groups = weights.reshape(outputs, inputs // GROUP, GROUP)
    scale = np.maximum(np.abs(groups).max(axis=-1, keepdims=True) / (_MIDDLE - 1), 1e-12).astype(np.float32)
    stored = ops.constant((np.rint(groups / scale) + _MIDDLE).astype(np.uint8))
    middle = ops.constant(np.full_like(scale, _MIDDLE, np.uint8))
    centred = ops.subtract(ops.convert(stored, "f32"), ops.convert(middle, "f32"))
    return ops.reshape(ops.multiply(centred, ops.constant(scale)), ops.constant([outputs, inputs]), special_zero=False)


def _mean_cosine(exact: openvino.Model, quick: openvino.Model, rows: Sequence[Ids]) -> float:
    was, became = _runner(exact), _runner(quick, DYNAMIC_GROUP)
    return float(np.mean([np.sum(was(row)[0] * became(row)[0]) for row in rows]))


def _runner(graph: openvino.Model, options: dict[str, int] | None = None) -> Callable[[Ids], list[Floats]]:
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32", **(options or {})})
    return lambda row: list(compiled({"input_ids": row, "attention_mask": np.ones_like(row)}).values())
