"""Layers that give the same numbers another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.layer import Layer, channels_last


class Flatten(Layer):
    """All axes but the batch become one.

    Shapes: (batch, a, b, ...) -> (batch, a * b * ...).

    Args:
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Flatten(input_shape=(28, 28))
    """

    kind = "Flatten"

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


class Reshape(Layer):
    """The same numbers in another shape.

    Shapes: (batch, ...) -> (batch, *target_shape).

    Args:
        target_shape: Without the batch; one size may be -1 and is found from the others.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Reshape((28, 28, 1))
    """

    kind = "Reshape"

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Identity(Layer):
    """Passes its input on.

    Shapes: the input's.

    Args:
        **kwargs: `name`, `input_shape`, as in `Layer`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
