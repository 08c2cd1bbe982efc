"""Separable convolutions: depthwise, then pointwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.shapes import channels_last
from fastnn.layers.windowed import Windowed
from fastnn.symbolic.variable import Variable


class _Separable(Windowed):
    """Says under which arguments the words for its two kernels stand."""

    keras_ignored_arguments = {"groups": 1, "kernel_initializer": ...}
    depthwise_kernel: Variable
    pointwise_kernel: Variable
    bias: Variable | None = None

    @property
    def depthwise_kernel_initializer(self) -> Any:
        return self.depthwise_initializer

    @property
    def depthwise_kernel_regularizer(self) -> Any:
        return self.depthwise_regularizer

    @property
    def depthwise_kernel_constraint(self) -> Any:
        return self.depthwise_constraint

    @property
    def pointwise_kernel_initializer(self) -> Any:
        return self.pointwise_initializer

    @property
    def pointwise_kernel_regularizer(self) -> Any:
        return self.pointwise_regularizer

    @property
    def pointwise_kernel_constraint(self) -> Any:
        return self.pointwise_constraint


class SeparableConv1D(_Separable):
    """A convolution in two steps: of each channel by itself, then of all channels in each step.

    Shapes: (batch, steps, channels) -> (batch, new steps, filters); `depthwise_kernel` is
    (kernel size, channels, depth_multiplier), `pointwise_kernel`
    (1, channels * depth_multiplier, filters). New sizes are those of `Conv1D`.

    Args:
        filters: How many output channels.
        kernel_size: How many steps it spans.
        strides: How far the window moves.
        padding: "valid" (none) or "same" (zeros; an odd one goes to the end).
        data_format: None or "channels_last".
        dilation_rate: Distance between the steps under the kernel; 1: they touch.
        depth_multiplier: How many outputs the first step has for each channel.
        activation: A name or a function of `fastnn.activations`; None: linear.
        use_bias: Whether the second step has a bias.
        depthwise_initializer: First values of the first step's kernel.
        pointwise_initializer: First values of the second step's kernel.
        bias_initializer: The bias' first values.
        depthwise_regularizer: A penalty on the first step's kernel.
        pointwise_regularizer: A penalty on the second step's kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: What is imposed on the first step's kernel after each update.
        pointwise_constraint: What is imposed on the second step's kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range; where it is built: the output would be empty.

    Example:
        >>> SeparableConv1D(32, 5, padding="same", input_shape=(100, 8))
    """

    kind = "SeparableConv1D"
    rank = 1

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


class SeparableConv2D(_Separable):
    """A convolution in two steps: of each channel by itself, then of all channels in each pixel.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, filters); `depthwise_kernel` is
    (kernel height, kernel width, channels, depth_multiplier), `pointwise_kernel`
    (1, 1, channels * depth_multiplier, filters). New sizes are those of `Conv2D`.

    Args:
        filters: How many output channels.
        kernel_size: Height and width, or one number for both.
        strides: Steps down and right, or one number for both.
        padding: "valid" (none) or "same" (zeros; an odd one goes to the bottom and the right).
        data_format: None or "channels_last".
        dilation_rate: Distance between the kernel's rows and columns; 1: they touch.
        depth_multiplier: How many outputs the first step has for each channel.
        activation: A name or a function of `fastnn.activations`; None: linear.
        use_bias: Whether the second step has a bias.
        depthwise_initializer: First values of the first step's kernel.
        pointwise_initializer: First values of the second step's kernel.
        bias_initializer: The bias' first values.
        depthwise_regularizer: A penalty on the first step's kernel.
        pointwise_regularizer: A penalty on the second step's kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: What is imposed on the first step's kernel after each update.
        pointwise_constraint: What is imposed on the second step's kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range; where it is built: the output would be empty.

    Example:
        >>> SeparableConv2D(32, 3, padding="same", activation="relu", input_shape=(28, 28, 16))
    """

    kind = "SeparableConv2D"
    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


SeparableConvolution1D = SeparableConv1D


SeparableConvolution2D = SeparableConv2D
