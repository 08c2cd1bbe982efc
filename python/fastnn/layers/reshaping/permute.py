"""Layer that permutes the axes of its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.layer import Layer


class Permute(Layer):
    """The same numbers with their axes in another order.

    Shapes: (batch, d1, d2, ...) -> (batch, d[dims[0]], d[dims[1]], ...).

    Args:
        dims: For each axis that comes out the number of the axis that goes in; the first after the batch is 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `dims` are not the numbers 1 to n, each once.

    Example:
        >>> Permute((2, 1), input_shape=(10, 64))
    """

    kind = "Permute"

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
