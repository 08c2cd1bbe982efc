"""Pooling over images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.layer import Layer, channels_last


class _Pooling2D(Layer):
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


class MaxPooling2D(_Pooling2D):
    """The largest value of each window.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels). With padding "valid" a rest
    that does not fill a window is dropped.

    Args:
        pool_size: The window's height and width, or one number for both.
        strides: Steps down and right; None: the window's size.
        padding: "valid" or "same".
        data_format: None or "channels_last".
        name: A name, or None.
        **kwargs: `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> MaxPooling2D(pool_size=(2, 2), strides=2)
    """

    kind = "MaxPooling2D"


class AveragePooling2D(_Pooling2D):
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


class _GlobalPooling2D(Layer):
    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The largest value of each channel.

    Shapes: (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with `keepdims`.

    Args:
        data_format: None or "channels_last".
        keepdims: Whether height and width stay, as 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GlobalMaxPooling2D()
    """

    kind = "GlobalMaxPooling2D"


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean of each channel.

    Shapes: (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with `keepdims`.

    Args:
        data_format: None or "channels_last".
        keepdims: Whether height and width stay, as 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GlobalAveragePooling2D()
    """

    kind = "GlobalAveragePooling2D"


MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
