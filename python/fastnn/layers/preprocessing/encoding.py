"""One-hot, multi-hot and count vectors of integer tokens, and the base of the layers that return them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.tensors import Shape, is_symbolic, operators

ENCODINGS = ("one_hot", "multi_hot", "count")


def encode_tokens(places: NDArray[np.int64], mode: str, depth: int, dtype: Any = np.float32) -> NDArray[Any]:
    """Returns the vectors of integer tokens.

    Args:
        places: Tokens of shape (batch, n); negative ones are ignored.
        mode: "one_hot", "multi_hot" or "count".
        depth: Dimension of the vectors.
        dtype: Type of their elements.

    Returns:
        An array (batch, n, depth) with "one_hot", otherwise (batch, depth); where there are more axes, axis 1 is that
        of the tokens.
    """
    if mode == "one_hot":
        if places.ndim > 1 and places.shape[-1] == 1:
            places = places[..., 0]
        samples = places.reshape(-1, 1)
        shape = (*places.shape, depth)
    else:
        places = np.moveaxis(places, 1, -1) if places.ndim > 2 else places
        samples = places.reshape(-1, places.shape[-1] if places.ndim else 1)
        shape = (*places.shape[:-1], depth)
    rows, columns = np.nonzero(samples >= 0)
    vectors = np.zeros((len(samples), depth), dtype)
    if mode == "count":
        np.add.at(vectors, (rows, samples[rows, columns]), 1)
    else:
        vectors[rows, samples[rows, columns]] = 1
    return vectors.reshape(shape)


def encoded_shape(shape: tuple[int | None, ...], mode: str, depth: int) -> tuple[int | None, ...]:
    """Returns the shape of the vectors of tokens of this shape; with "int" the shape itself."""
    if mode == "int":
        return shape
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (*tokens_last(shape)[:-1], depth)


def tokens_last(shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Returns a shape with axis 1, that of the tokens of a sample, as the last."""
    return shape if len(shape) < 3 else (shape[0], *shape[2:], shape[1])


class WeightedTokens(tuple[Any, Any]):
    """Tokens and their weights, passed together as the inputs of one call."""


class Encoding(NodeLayer):
    """Base of the layers that may return vectors of tokens. For a single sample (one axis) they return one vector."""

    __fastnn_keras_ignored_arguments__ = {"sparse": False}
    output_mode: str

    def _mode(self, mode: str, *more: str) -> str:
        mode = "multi_hot" if mode == "binary" else mode
        if mode not in (*more, *ENCODINGS):
            raise ValueError(f"{title(self)} expects output_mode to be one of {(*more, *ENCODINGS)}, got {mode!r}")
        return mode

    def _dense_only(self, sparse: bool) -> None:
        if sparse:
            raise ValueError(f"{title(self)} returns dense arrays only; leave sparse=False")

    def _moved(self, emission: Emission, edges: list[int]) -> list[int]:
        """Returns the edges with the axis of tokens as the last, where they are counted."""
        rank = len(emission.graph.spec(edges[0])[0])
        if self.output_mode not in ("multi_hot", "count") or rank < 3:
            return edges
        order = (0, *range(2, rank), 1)
        return [emission.run(lambda x: operators["transpose"](x, order), [e], title(self))[1][0] for e in edges]

    def _moved_shape(self, shape: Shape) -> Shape:
        return tokens_last(shape) if self.output_mode in ("multi_hot", "count") else shape

    def _on_array(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        alone = not isinstance(inputs, WeightedTokens) and self.output_mode in ("multi_hot", "count")
        if alone:
            tokens = numeric(inputs, f"{title(self)}: the input")
            if tokens.ndim == 1:
                return super().__call__(tokens[None], *args, **kwargs)[0]
        return super().__call__(inputs, *args, **kwargs)
