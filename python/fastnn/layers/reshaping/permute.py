"""Layer that permutes the axes of its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.input_spec import InputSpec
from fastnn.engine.node_layer import NodeLayer


class Permute(NodeLayer):
    """Layer that permutes the axes of its input.

    Output axis i is input axis dims[i - 1]; the batch is axis 0 and stays.

    Shapes: input (batch, d1, d2, ...), output (batch, d[dims[0]], d[dims[1]], ...).

    Args:
        dims: Integers from 1 to the number of axes after the batch, each once: the input axis of each output axis.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `dims` is not a permutation of the integers from 1 to n.

    Example:
        >>> layers.Permute((2, 1))(np.ones((2, 10, 64))).shape
        (2, 64, 10)
    """

    __fastnn_kind__ = "Permute"
    dims: Sequence[int]

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=len(self.dims) + 1)
