"""Transposed convolutions, which make sequences, images and volumes larger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.shapes import channels_last
from fastnn.layers.windowed import Windowed
from fastnn.symbolic.variable import Variable


class Conv1DTranspose(Windowed):
    """A one-dimensional convolution run backwards: each value lays a kernel down, and where they overlap they add up.

    Shapes: (batch, steps, channels) -> (batch, new steps, filters); `kernel` is
    (kernel size, filters, channels). A new size is size * stride with padding "same" and
    (size - 1) * stride + max(span, stride) with "valid", where span = (kernel size - 1) * dilation + 1.

    Args:
        filters: How many output channels.
        kernel_size: How many steps it spans.
        strides: How far apart kernels are laid down.
        padding: "valid" (everything is kept) or "same" (cut at the borders).
        output_padding: Less than the stride: the new size is then (size - 1) * stride + span + output_padding with
            padding "valid", (size - 1) * stride + span % 2 + output_padding with "same"; None: as said above.
        data_format: None or "channels_last".
        dilation_rate: Distance between the steps under the kernel; 1: they touch.
        activation: A name or a function of `fastnn.activations`; None: linear.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        bias_initializer: The bias' first values.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: What is imposed on the kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range; where it is built: the output would be empty.

    Example:
        >>> Conv1DTranspose(16, 4, strides=2, padding="same", input_shape=(50, 8))
    """

    keras_newer_arguments = {"output_padding": None}
    keras_ignored_arguments = {"groups": 1}
    kind = "Conv1DTranspose"
    rank = 1
    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


class Conv2DTranspose(Windowed):
    """A two-dimensional convolution run backwards: each value lays a kernel down, and where they overlap they add up.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, filters); `kernel` is
    (kernel height, kernel width, filters, channels). A new size is size * stride with padding "same" and
    (size - 1) * stride + max(span, stride) with "valid", where span = (kernel size - 1) * dilation + 1.

    Args:
        filters: How many output channels.
        kernel_size: Height and width, or one number for both.
        strides: How far apart kernels are laid down, or one number for both.
        padding: "valid" (everything is kept) or "same" (cut at the borders).
        output_padding: Less than the stride: the new size is then (size - 1) * stride + span + output_padding with
            padding "valid", (size - 1) * stride + span % 2 + output_padding with "same"; None: as said above.
        data_format: None or "channels_last".
        dilation_rate: Distance between the kernel's rows and columns; 1: they touch.
        activation: A name or a function of `fastnn.activations`; None: linear.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        bias_initializer: The bias' first values.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: What is imposed on the kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range; where it is built: the output would be empty.

    Example:
        >>> Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu", input_shape=(7, 7, 32))
    """

    keras_newer_arguments = {"output_padding": None}
    keras_ignored_arguments = {"groups": 1}
    kind = "Conv2DTranspose"
    rank = 2
    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


class Conv3DTranspose(Windowed):
    """A three-dimensional convolution run backwards: each value lays a kernel down, and where they overlap they add up.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, filters); `kernel` is
    (kernel depth, kernel height, kernel width,
    filters, channels). A new size is size * stride with padding "same" and
    (size - 1) * stride + max(span, stride) with "valid", where span = (kernel size - 1) * dilation + 1.

    Args:
        filters: How many output channels.
        kernel_size: Depth, height and width, or one number for all.
        strides: How far apart kernels are laid down, or one number for all.
        padding: "valid" (everything is kept) or "same" (cut at the borders).
        data_format: None or "channels_last".
        output_padding: Less than the stride: the new size is then (size - 1) * stride + span + output_padding with
            padding "valid", (size - 1) * stride + span % 2 + output_padding with "same"; None: as said above.
        dilation_rate: Distance between the kernel's planes, rows and columns; 1: they touch.
        activation: A name or a function of `fastnn.activations`; None: linear.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        bias_initializer: The bias' first values.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: What is imposed on the kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range; where it is built: the output would be empty.

    Example:
        >>> Conv3DTranspose(4, 2, strides=2, input_shape=(4, 4, 4, 8))
    """

    keras_newer_arguments = {"output_padding": None}
    keras_ignored_arguments = {"groups": 1}
    kind = "Conv3DTranspose"
    rank = 3
    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: int | Sequence[int] | None = None,
        dilation_rate: int | Sequence[int] = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
