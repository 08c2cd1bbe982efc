"""Maximum pooling over windows of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.layers.pooling.pooling_layer import PoolingLayer


class MaxPooling1D(PoolingLayer):
    """Maximum pooling layer over sequences.

    Each output is the maximum of a window of one channel. The new size of an axis is ceil(size / stride) with padding
    "same" and floor((size - pool_size) / stride) + 1 with "valid".

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
        >>> layers.MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).ravel()
        array([3., 2.], dtype=float32)
    """

    __fastnn_kind__ = "MaxPooling1D"
    rank = 1

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)


class MaxPooling2D(PoolingLayer):
    """Maximum pooling layer over images.

    Each output is the maximum of a window of one channel. The new size of an axis is ceil(size / stride) with padding
    "same" and floor((size - pool_size) / stride) + 1 with "valid".

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
        - Riesenhuber, Poggio, "Hierarchical Models of Object Recognition in Cortex", 1999.

    Example:
        >>> layers.MaxPooling2D(2)(np.arange(16.0).reshape(1, 4, 4, 1)).ravel()
        array([ 5.,  7., 13., 15.], dtype=float32)
    """

    __fastnn_kind__ = "MaxPooling2D"
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


class MaxPooling3D(PoolingLayer):
    """Maximum pooling layer over volumes.

    Each output is the maximum of a window of one channel. The new size of an axis is ceil(size / stride) with padding
    "same" and floor((size - pool_size) / stride) + 1 with "valid".

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
        >>> layers.MaxPooling3D(2)(np.arange(64.0).reshape(1, 4, 4, 4, 1)).ravel()
        array([21., 23., 29., 31., 53., 55., 61., 63.], dtype=float32)
    """

    __fastnn_kind__ = "MaxPooling3D"
    rank = 3

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D
