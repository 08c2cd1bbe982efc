"""Layer that joins all axes but the batch."""

from __future__ import annotations

from typing import Any

from fastnn.engine.layer import Layer, channels_last


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
