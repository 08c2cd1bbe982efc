"""Layer that hashes the combination of several features into buckets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.engine.contract import title
from fastnn.engine.node_layer import NodeLayer
from fastnn.layers.preprocessing.encoding import encode_tokens
from fastnn.layers.preprocessing.tokens import as_strings
from fastnn.precision import is_float
from fastnn.symbolic.tensors import is_symbolic

_START = np.uint64(0xDECAFCAFFE)
_FACTOR = np.uint64(0xC6A4A7935BD1E995)


def _shifted(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    made: NDArray[np.uint64] = x ^ (x >> np.uint64(47))
    return made


def _joined(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Returns the hash of two hashes, a step of MurmurHash."""
    made: NDArray[np.uint64] = (first ^ _FACTOR ^ (_shifted(second * _FACTOR) * _FACTOR)) * _FACTOR
    joined: NDArray[np.uint64] = _shifted(_shifted(made) * _FACTOR)
    return joined


class HashedCrossing(NodeLayer):
    """Layer that maps combinations of features to buckets by their hash.

    Call it on a list of features of the same shape. Strings are hashed by FarmHash, integers stand for themselves, and
    the hashes of a sample are joined, as in Keras.

    Shapes: inputs of shape (), (batch,) or (batch, 1), strings or integers; output int64 of the same shape with "int",
    and with "one_hot" (num_bins,) or (batch, num_bins).

    Args:
        num_bins: Positive integer, number of buckets.
        output_mode: "int": bucket indices. "one_hot": one vector for each sample.
        sparse: Accepted for Keras compatibility; must be False, arrays are dense.
        name: Name of the layer, unique within a model; None derives one from the class name.
        dtype: Type of the output with "one_hot"; None means float32.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.HashedCrossing(num_bins=5)
        >>> layer((np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])))
        array([1, 4, 1, 1, 3])
    """

    __fastnn_reads_texts__ = True
    __fastnn_reads_integers__ = True
    __fastnn_keras_ignored_arguments__ = {"sparse": False}
    num_bins: int
    output_mode: str
    sparse: bool

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if isinstance(num_bins, bool) or not isinstance(num_bins, (int, np.integer)) or num_bins < 1:
            raise ValueError(f"{title(self)} expects num_bins to be a positive integer, got {num_bins!r}")
        if output_mode not in ("int", "one_hot"):
            raise ValueError(f"{title(self)} expects output_mode to be 'int' or 'one_hot', got {output_mode!r}")
        if sparse:
            raise ValueError(f"{title(self)} returns dense arrays only; leave sparse=False")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output for the shapes of the features."""
        first = tuple(input_shape[0])
        return first if self.output_mode == "int" else (*first[:1], self.num_bins)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the buckets of combinations.

        Args:
            inputs: List of at least two arrays of strings or integers.
            *args: Further arguments of `Layer.__call__`.
            **kwargs: Further arguments of `Layer.__call__`.

        Returns:
            An int64 array with output_mode="int", otherwise float32 vectors.

        Raises:
            ValueError: There are fewer than two inputs, or they differ in shape.
            TypeError: An input is symbolic, or holds fractions.
        """
        if is_symbolic(inputs):
            for i, one in enumerate(inputs):
                # Integers that a layer computes are float32 until the graph is made.
                if is_float(one.dtype) and type(one.history.layer).__fastnn_is_entry__:
                    raise _of_fractions(f"{title(self)}: input {i}")
            return super().__call__(inputs, *args, **kwargs)
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError(f"{title(self)} expects a list of at least two arrays, got {inputs!r}")
        made = [_hashes(one, f"{title(self)}: input {i}") for i, one in enumerate(inputs)]
        shape = made[0].shape
        if any(one.shape != shape for one in made) or len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
            raise ValueError(
                f"{title(self)} expects inputs of one shape, (), (batch,) or (batch, 1), got {[x.shape for x in made]}"
            )
        joined = np.full(shape, _START)
        with np.errstate(over="ignore"):
            for one in made:
                joined = _joined(joined, one)
        bins = (joined % np.uint64(self.num_bins)).astype(np.int64)
        return bins if self.output_mode == "int" else encode_tokens(bins, "one_hot", self.num_bins)


def _of_fractions(who: str) -> TypeError:
    """Returns the error for an input of floating-point numbers."""
    return TypeError(f"{who} holds fractions, which have no bucket; round them, or use Discretization first")


def _hashes(values: Any, who: str) -> NDArray[np.uint64]:
    """Returns the hashes of strings, and integers as they are."""
    found = np.asarray(values)
    if found.dtype.kind in "iub":
        return np.asarray(found, np.int64).astype(np.uint64)
    if found.dtype.kind == "f":
        raise _of_fractions(who)
    texts = as_strings(values, who)
    return np.asarray(_core.hash_texts(texts.ravel().tolist(), None), np.uint64).reshape(found.shape)
