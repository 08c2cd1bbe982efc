"""Layer that repeats a vector along a new axis of steps."""

from __future__ import annotations

from typing import Any

from fastnn.engine.input_spec import InputSpec
from fastnn.engine.node_layer import NodeLayer


class RepeatVector(NodeLayer):
    """Layer that repeats a vector along a new axis of steps.

    Shapes: input (batch, features), output (batch, n, features).

    Args:
        n: Positive integer, number of repetitions.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        TypeError: `n` is not an integer.
        ValueError: `n` is less than 1.

    Example:
        >>> layers.RepeatVector(2)(np.array([[1.0, 2.0]])).tolist()
        [[[1.0, 2.0], [1.0, 2.0]]]
    """

    __fastnn_kind__ = "RepeatVector"
    n: int

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=2)
