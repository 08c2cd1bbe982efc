"""Convolutions that keep channels apart, and those that bring them together afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.shapes import channels_last
from fastnn.layers.windowed import Windowed
from fastnn.symbolic.variable import Variable


class _Depthwise(Windowed):
    """Says under which arguments the words for `kernel` stand."""

    keras_ignored_arguments = {"groups": 1, "kernel_initializer": ...}
    kernel: Variable
    bias: Variable | None = None

    @property
    def kernel_initializer(self) -> Any:
        return self.depthwise_initializer

    @property
    def kernel_regularizer(self) -> Any:
        return self.depthwise_regularizer

    @property
    def kernel_constraint(self) -> Any:
        return self.depthwise_constraint


class DepthwiseConv1D(_Depthwise):
    """A one-dimensional convolution of each channel by itself, with `depth_multiplier` kernels for each.

    Shapes: (batch, steps, channels) -> (batch, new steps, channels * depth_multiplier), the outputs
    of one channel beside each other; `kernel` is (kernel size, channels, depth_multiplier). New sizes are
    those of `Conv1D`.

    Args:
        kernel_size: How many steps it spans.
        strides: How far the window moves.
        padding: "valid" (none) or "same" (zeros; an odd one goes to the end).
        depth_multiplier: How many outputs each channel has.
        data_format: None or "channels_last".
        dilation_rate: Distance between the steps under the kernel; 1: they touch.
        activation: A name or a function of `fastnn.activations`; None: linear.
        use_bias: Whether there is a bias.
        depthwise_initializer: The kernel's first values.
        bias_initializer: The bias' first values.
        depthwise_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: What is imposed on the kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range; where it is built: the output would be empty.

    Example:
        >>> DepthwiseConv1D(3, padding="same", input_shape=(100, 8))
    """

    kind = "DepthwiseConv1D"
    rank = 1

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


class DepthwiseConv2D(_Depthwise):
    """A two-dimensional convolution of each channel by itself, with `depth_multiplier` kernels for each.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels * depth_multiplier), the outputs
    of one channel beside each other; `kernel` is (kernel height, kernel width, channels, depth_multiplier). New sizes
    are those of `Conv2D`.

    Args:
        kernel_size: Height and width, or one number for both.
        strides: Steps down and right, or one number for both.
        padding: "valid" (none) or "same" (zeros; an odd one goes to the bottom and the right).
        depth_multiplier: How many outputs each channel has.
        data_format: None or "channels_last".
        dilation_rate: Distance between the kernel's rows and columns; 1: they touch.
        activation: A name or a function of `fastnn.activations`; None: linear.
        use_bias: Whether there is a bias.
        depthwise_initializer: The kernel's first values.
        bias_initializer: The bias' first values.
        depthwise_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: What is imposed on the kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range; where it is built: the output would be empty.

    Example:
        >>> DepthwiseConv2D(3, padding="same", activation="relu6", input_shape=(28, 28, 16))
    """

    kind = "DepthwiseConv2D"
    rank = 2

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
