"""Layers that add zeros at the border."""

from __future__ import annotations

from typing import Any

from fastnn.engine.layer import channels_last
from fastnn.layers.reshaping.border_layer import Amounts, BorderLayer


class ZeroPadding1D(BorderLayer):
    """Zeros before and after a sequence.

    Shapes: (batch, steps, channels) -> (batch, new steps, channels).

    Args:
        padding: How many steps before and after: one number for both, or a pair.
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `padding` is none of these.

    Example:
        >>> ZeroPadding1D(1)
    """

    kind = "ZeroPadding1D"
    rank = 1
    word = "padding"

    def __init__(self, padding: Amounts = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()


class ZeroPadding2D(BorderLayer):
    """Zeros around images.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels).

    Args:
        padding: How many pixels: one number for all sides, (vertical, horizontal), or
            ((top, bottom), (left, right)).
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `padding` is none of these.

    Example:
        >>> ZeroPadding2D(((1, 0), (2, 2)))
    """

    kind = "ZeroPadding2D"
    rank = 2
    word = "padding"

    def __init__(self, padding: Amounts = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()


class ZeroPadding3D(BorderLayer):
    """Zeros around volumes.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, channels).

    Args:
        padding: How many pixels: one number for all sides, one for each axis, or
            ((front, back), (top, bottom), (left, right)).
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `padding` is none of these.

    Example:
        >>> ZeroPadding3D(1)
    """

    kind = "ZeroPadding3D"
    rank = 3
    word = "padding"

    def __init__(
        self, padding: Amounts = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()
