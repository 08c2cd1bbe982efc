"""Average pooling over windows of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.layers.pooling.pooling_layer import PoolingLayer


class AveragePooling1D(PoolingLayer):
    """Average pooling layer over sequences.

    Each output is the mean of a window of one channel. Padded positions do not count in the mean. The new size of an
    axis is ceil(size / stride) with padding "same" and floor((size - pool_size) / stride) + 1 with "valid".

    Shapes: input (batch, steps, channels), output (batch, new_steps, channels).

    Args:
        pool_size: Positive integer, length of the window in steps.
        strides: Positive integer, distance between windows in steps; None means `pool_size`.
        padding: "valid": no padding, a remainder that does not fill a window is dropped. "same": the last windows may
            reach beyond the border.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        name: Name of the layer, unique within a model; None derives one from the class name.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    Example:
        >>> layers.AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).ravel()
        array([2., 1.], dtype=float32)
    """

    __fastnn_kind__ = "AveragePooling1D"
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


class AveragePooling2D(PoolingLayer):
    """Average pooling layer over images.

    Each output is the mean of a window of one channel. Padded positions do not count in the mean. The new size of an
    axis is ceil(size / stride) with padding "same" and floor((size - pool_size) / stride) + 1 with "valid".

    Shapes: input (batch, height, width, channels), output (batch, new_height, new_width, channels).

    Args:
        pool_size: Positive integers, size of the window for height and width; one integer stands for both.
        strides: Positive integers, distance between windows, for height and width; one integer stands for both; None
            means `pool_size`.
        padding: "valid": no padding, a remainder that does not fill a window is dropped. "same": the last windows may
            reach beyond the border.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        name: Name of the layer, unique within a model; None derives one from the class name.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    References:
        - LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998.

    Example:
        >>> layers.AveragePooling2D(2)(np.arange(16.0).reshape(1, 4, 4, 1)).ravel()
        array([ 2.5,  4.5, 10.5, 12.5], dtype=float32)
    """

    __fastnn_kind__ = "AveragePooling2D"
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


class AveragePooling3D(PoolingLayer):
    """Average pooling layer over volumes.

    Each output is the mean of a window of one channel. Padded positions do not count in the mean. The new size of an
    axis is ceil(size / stride) with padding "same" and floor((size - pool_size) / stride) + 1 with "valid".

    Shapes: input (batch, depth, height, width, channels), output (batch, new_depth, new_height, new_width, channels).

    Args:
        pool_size: Positive integers, size of the window for depth, height and width; one integer stands for all.
        strides: Positive integers, distance between windows, for depth, height and width; one integer stands for all;
            None means `pool_size`.
        padding: "valid": no padding, a remainder that does not fill a window is dropped. "same": the last windows may
            reach beyond the border.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        name: Name of the layer, unique within a model; None derives one from the class name.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    Example:
        >>> layers.AveragePooling3D(2)(np.arange(64.0).reshape(1, 4, 4, 4, 1)).ravel()
        array([10.5, 12.5, 18.5, 20.5, 42.5, 44.5, 50.5, 52.5], dtype=float32)
    """

    __fastnn_kind__ = "AveragePooling3D"
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


AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
