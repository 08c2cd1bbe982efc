"""Layer that encodes integer categories as vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.inference import Weight
from fastnn.engine.shapes import is_shape
from fastnn.layers.preprocessing.encoding import Encoding, WeightedTokens
from fastnn.symbolic.tensors import Spec, is_symbolic


class CategoryEncoding(Encoding):
    """Layer that encodes integers as one-hot, multi-hot or count vectors.

    Integers outside of 0 to num_tokens - 1 are ignored.

    With more axes than two, axis 1 is that of the tokens: (batch, n, m) becomes (batch, m, num_tokens).

    Shapes: input (batch, n) of integers, the n tokens of a sample; output (batch, n, num_tokens) with "one_hot", where
    an n of 1 is left out, or (batch, num_tokens) with "multi_hot" and "count".

    Args:
        num_tokens: Positive integer, number of tokens.
        output_mode: "one_hot": one vector for each token. "multi_hot": one vector for each sample, with 1 for each
            token that occurs in it. "count": the same with the number of occurrences.
        sparse: Accepted for Keras compatibility; must be False, arrays are dense.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `num_tokens` is missing, or an argument is out of its range.

    Example:
        >>> layers.CategoryEncoding(4, output_mode="count")(np.array([[0, 1, 1]]))
        array([[1., 2., 0., 0.]], dtype=float32)
    """

    __fastnn_keras_newer_arguments__ = {"sparse": False}
    __fastnn_kind__ = "CategoryEncoding"
    num_tokens: int | None
    output_mode: str
    sparse: bool

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        self._dense_only(self.sparse)
        if self.num_tokens is None:
            raise ValueError(f"{title(self)} expects num_tokens; if it is unknown, IntegerLookup finds it in the data")
        self.output_mode = self._mode(self.output_mode)
        return self.__fastnn_kind__, {"num_tokens": self.num_tokens, "output_mode": self.output_mode}

    def __fastnn_infer_node__(self, specs: Sequence[Spec]) -> tuple[list[Spec], list[Weight]]:
        """Returns the output specs and the weights of the node for these inputs."""
        return super().__fastnn_infer_node__([(self._moved_shape(shape), dtype) for shape, dtype in specs])

    def __fastnn_add_core_node__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        return super().__fastnn_add_core_node__(emission, self._moved(emission, edges))

    def __call__(self, inputs: Any, *args: Any, count_weights: Any = None, **kwargs: Any) -> Any:
        """Returns the vectors of the tokens.

        Args:
            inputs: Integers of shape (batch, n).
            *args: Further arguments of `Layer.__call__`.
            count_weights: With output_mode="count", weight of each token, of the shape of `inputs`; None means 1.
            **kwargs: Further arguments of `Layer.__call__`.

        Returns:
            A float32 array, or a symbolic tensor.

        Raises:
            ValueError: `count_weights` is given with another output_mode.

        Example:
            >>> layer = layers.CategoryEncoding(3, output_mode="count")
            >>> layer([[0, 2]], count_weights=[[0.5, 2.0]])
            array([[0.5, 0. , 2. ]], dtype=float32)
        """
        if np.ndim(inputs) == 0 and not is_symbolic(inputs):
            inputs = np.reshape(inputs, (1,))  # one token of one sample
        if count_weights is None:
            return self._on_array(inputs, *args, **kwargs)
        if self.output_mode != "count":
            raise ValueError(f"{title(self)}: count_weights require output_mode='count', got {self.output_mode!r}")
        return self._on_array(WeightedTokens((inputs, count_weights)), *args, **kwargs)

    def __fastnn_separate_inputs__(self, inputs: Any) -> list[Any]:
        """Returns the tensors, arrays or shapes of a call, one by one."""
        return list(inputs) if isinstance(inputs, WeightedTokens) else super().__fastnn_separate_inputs__(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the vectors; that of one sample, without a batch, has one axis.

        Args:
            input_shape: Such as (None, 3).

        Example:
            >>> layer = layers.CategoryEncoding(5)
            >>> layer.compute_output_shape((None, 3)), layer.compute_output_shape((3,))
            ((None, 5), (5,))
        """
        sample = is_shape(input_shape) and len(input_shape) < 2
        if sample and self.num_tokens is not None and (self.output_mode != "one_hot" or not input_shape):
            return (self.num_tokens,)
        return super().compute_output_shape(input_shape)
