"""Layer that repeats a vector along a new axis of steps."""

from __future__ import annotations

from typing import Any

from fastnn.engine.layer import Layer


class RepeatVector(Layer):
    """A vector, n times.

    Shapes: (batch, features) -> (batch, n, features).

    Args:
        n: How often.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        TypeError: `n` is no integer.
        ValueError: `n` is less than 1.

    Example:
        >>> RepeatVector(3, input_shape=(32,))
    """

    kind = "RepeatVector"

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
