"""Convolutions over sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import config
from fastnn.engine.shapes import channels_last
from fastnn.layers.windowed import Windowed
from fastnn.symbolic.variable import Variable


class Conv1D(Windowed):
    """A one-dimensional convolution: as in all such libraries a cross-correlation, the kernel is not turned round.

    Shapes: (batch, steps, channels) -> (batch, new steps, filters); `kernel` is
    (kernel size, channels / groups, filters). The new number of steps is ceil(steps / stride) with padding
    "same" or "causal" and ceil((steps - span + 1) / stride) with "valid", where span is
    (kernel size - 1) * dilation + 1.

    Args:
        filters: How many output channels.
        kernel_size: How many steps it spans.
        strides: How far the window moves.
        padding: "valid" (none), "same" (zeros; an odd one goes to the end) or "causal" (zeros before the first step, so
            that no output sees a later step).
        data_format: None or "channels_last".
        dilation_rate: Distance between the steps under the kernel; 1: they touch.
        groups: Into how many groups channels and filters are divided.
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
        >>> Conv1D(32, 5, padding="causal", input_shape=(100, 8))
    """

    kind = "Conv1D"
    rank = 1
    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
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


class Conv2D(Windowed):
    """A two-dimensional convolution: as in all such libraries a cross-correlation, the kernel is not turned round.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, filters); `kernel` is
    (kernel height, kernel width, channels / groups, filters). The new height is ceil(height / stride) with padding
    "same" and ceil((height - span + 1) / stride) with "valid", where span = (kernel height - 1) * dilation + 1.

    Args:
        filters: How many output channels.
        kernel_size: Height and width, or one number for both.
        strides: Steps down and right, or one number for both.
        padding: "valid" (none) or "same" (zeros; an odd one goes to the bottom and the right).
        data_format: None or "channels_last".
        dilation_rate: Distance between the kernel's rows and columns; 1: they touch.
        groups: Into how many groups channels and filters are divided.
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
        >>> Conv2D(32, kernel_size=(3, 3), activation="relu", padding="same", input_shape=(28, 28, 1))
    """

    kind = "Conv2D"
    rank = 2
    kernel: Variable
    bias: Variable | None = None

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        groups: int = 1,
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

    def core_node(self) -> tuple[str, dict[str, Any]] | None:
        node = super().core_node()
        return node and (node[0], {**node[1], "winograd": config.winograd()})


class Conv3D(Windowed):
    """A three-dimensional convolution: as in all such libraries a cross-correlation, the kernel is not turned round.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, filters); `kernel` is
    (kernel depth, kernel height, kernel width, channels / groups, filters). A new size is ceil(size / stride) with
    padding "same" and ceil((size - span + 1) / stride) with "valid", where span = (kernel size - 1) * dilation + 1.

    Args:
        filters: How many output channels.
        kernel_size: Depth, height and width, or one number for all.
        strides: Steps in depth, down and right, or one number for all.
        padding: "valid" (none) or "same" (zeros; an odd one goes to the back, the bottom and the right).
        data_format: None or "channels_last".
        dilation_rate: Distance between the kernel's planes, rows and columns; 1: they touch.
        groups: Into how many groups channels and filters are divided.
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
        >>> Conv3D(8, 3, activation="relu", input_shape=(16, 16, 16, 1))
    """

    kind = "Conv3D"
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
        dilation_rate: int | Sequence[int] = (1, 1, 1),
        groups: int = 1,
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


Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
