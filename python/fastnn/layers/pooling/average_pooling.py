"""Average pooling over windows of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.layer import channels_last
from fastnn.layers.windowed import Windowed


class AveragePooling1D(Windowed):
    """The mean of each window; padding is not counted.

    Shapes: (batch, steps, channels) -> (batch, new steps, channels).

    Args:
        pool_size: How many steps a window spans.
        strides: How far the window moves; None: its size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> AveragePooling1D(2)
    """

    kind = "AveragePooling1D"
    rank = 1

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        channels_last(self, data_format)


class AveragePooling2D(Windowed):
    """The mean of each window; padding is not counted.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels).

    Args:
        pool_size: The window's height and width, or one number for both.
        strides: Steps down and right; None: the window's size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> AveragePooling2D(2)
    """

    kind = "AveragePooling2D"
    rank = 2

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        channels_last(self, data_format)


class AveragePooling3D(Windowed):
    """The mean of each window; padding is not counted.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, channels).

    Args:
        pool_size: The window's depth, height and width, or one number for all.
        strides: Steps in depth, down and right; None: the window's size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> AveragePooling3D(2)
    """

    kind = "AveragePooling3D"
    rank = 3

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        channels_last(self, data_format)


AvgPool1D = AveragePooling1D


AvgPool2D = AveragePooling2D


AvgPool3D = AveragePooling3D
