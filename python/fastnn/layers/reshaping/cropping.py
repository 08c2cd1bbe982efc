"""Layers that remove positions at the border."""

from __future__ import annotations

from typing import Any

from fastnn.engine.layer import channels_last
from fastnn.layers.reshaping.border_layer import Amounts, BorderLayer


class Cropping1D(BorderLayer):
    """A sequence without its first and last steps.

    Shapes: (batch, steps, channels) -> (batch, new steps, channels).

    Args:
        cropping: How many steps before and after: one number for both, or a pair.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `cropping` is none of these; where it is built: nothing would remain.

    Example:
        >>> Cropping1D(1)
    """

    kind = "Cropping1D"
    rank = 1
    word = "cropping"

    def __init__(self, cropping: Amounts = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settle()


class Cropping2D(BorderLayer):
    """Images without their borders.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels).

    Args:
        cropping: How many pixels: one number for all sides, (vertical, horizontal), or
            ((top, bottom), (left, right)).
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `cropping` is none of these; where it is built: nothing would remain.

    Example:
        >>> Cropping2D(((1, 0), (2, 2)))
    """

    kind = "Cropping2D"
    rank = 2
    word = "cropping"

    def __init__(self, cropping: Amounts = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()


class Cropping3D(BorderLayer):
    """Volumes without their borders.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, channels).

    Args:
        cropping: How many pixels: one number for all sides, one for each axis, or
            ((front, back), (top, bottom), (left, right)).
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `cropping` is none of these; where it is built: nothing would remain.

    Example:
        >>> Cropping3D(1)
    """

    kind = "Cropping3D"
    rank = 3
    word = "cropping"

    def __init__(
        self, cropping: Amounts = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()
