"""Separable convolution layers: depthwise, then pointwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastnn.constraints import Constraint
from fastnn.engine.node_layer import unmade
from fastnn.layers.convolutional.convolution_layer import DepthwiseKernel
from fastnn.regularizers import Regularizer
from fastnn.symbolic.variable import Variable


class _Separable(DepthwiseKernel):
    """Base of the separable convolutions: maps the arguments `depthwise_*` and `pointwise_*` to the two kernels."""

    depthwise_kernel: Variable = unmade()
    pointwise_kernel: Variable = unmade()
    filters: int
    pointwise_initializer: Callable[..., Any]
    pointwise_regularizer: Regularizer | None
    pointwise_constraint: Constraint | None

    @property
    def depthwise_kernel_initializer(self) -> Any:
        """Initializer of `depthwise_kernel`."""
        return self.depthwise_initializer

    @property
    def depthwise_kernel_regularizer(self) -> Any:
        """Regularizer of `depthwise_kernel`, or None."""
        return self.depthwise_regularizer

    @property
    def depthwise_kernel_constraint(self) -> Any:
        """Constraint of `depthwise_kernel`, or None."""
        return self.depthwise_constraint

    @property
    def pointwise_kernel_initializer(self) -> Any:
        """Initializer of `pointwise_kernel`."""
        return self.pointwise_initializer

    @property
    def pointwise_kernel_regularizer(self) -> Any:
        """Regularizer of `pointwise_kernel`, or None."""
        return self.pointwise_regularizer

    @property
    def pointwise_kernel_constraint(self) -> Any:
        """Constraint of `pointwise_kernel`, or None."""
        return self.pointwise_constraint


class SeparableConv1D(_Separable):
    """Separable convolution layer over sequences: a depthwise convolution, then a pointwise one.

    The depthwise convolution filters each channel by itself. The pointwise convolution, whose kernel has size 1, mixes
    the channels of each position; then come the bias and the activation. The new sizes are those of `Conv1D`.

    Shapes: input (batch, steps, channels), output (batch, new_steps, filters). Weights: `depthwise_kernel`
    (kernel_size, channels, depth_multiplier), `pointwise_kernel` (1, channels * depth_multiplier, filters); `bias`
    (filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integer, length of the kernel in steps.
        strides: Positive integer, distance between windows in steps.
        padding: "valid": no padding. "same": zero padding so that a stride of 1 keeps the size; an odd zero goes to the
            end.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integer, distance between the steps under the kernel; 1 means adjacent steps.
        depth_multiplier: Positive integer, number of intermediate channels for each input channel.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        depthwise_initializer: Initializer of `depthwise_kernel`.
        pointwise_initializer: Initializer of `pointwise_kernel`.
        bias_initializer: Initializer of `bias`.
        depthwise_regularizer: Regularizer of `depthwise_kernel`, or None.
        pointwise_regularizer: Regularizer of `pointwise_kernel`, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        depthwise_constraint: Constraint applied to `depthwise_kernel` after each update, or None.
        pointwise_constraint: Constraint applied to `pointwise_kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    Example:
        >>> layer = layers.SeparableConv1D(8, 3, padding="same")
        >>> layer(np.ones((2, 10, 4))).shape
        (2, 10, 8)
        >>> [weight.shape for weight in layer.weights]
        [(3, 4, 1), (1, 4, 8), (8,)]
    """

    __fastnn_kind__ = "SeparableConv1D"
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


class SeparableConv2D(_Separable):
    """Separable convolution layer over images: a depthwise convolution, then a pointwise one.

    The depthwise convolution filters each channel by itself. The pointwise convolution, whose kernel has size 1, mixes
    the channels of each position; then come the bias and the activation. The new sizes are those of `Conv2D`.

    Shapes: input (batch, height, width, channels), output (batch, new_height, new_width, filters). Weights:
    `depthwise_kernel` (kernel_height, kernel_width, channels, depth_multiplier), `pointwise_kernel` (1, 1, channels *
    depth_multiplier, filters); `bias` (filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integers, size of the kernel for height and width; one integer stands for both.
        strides: Positive integers, distance between windows, for height and width; one integer stands for both.
        padding: "valid": no padding. "same": zero padding so that a stride of 1 keeps the size; an odd zero goes to the
            bottom and the right.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integers, distance between the elements under the kernel (1: adjacent), for height and
            width; one integer stands for both.
        depth_multiplier: Positive integer, number of intermediate channels for each input channel.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        depthwise_initializer: Initializer of `depthwise_kernel`.
        pointwise_initializer: Initializer of `pointwise_kernel`.
        bias_initializer: Initializer of `bias`.
        depthwise_regularizer: Regularizer of `depthwise_kernel`, or None.
        pointwise_regularizer: Regularizer of `pointwise_kernel`, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        depthwise_constraint: Constraint applied to `depthwise_kernel` after each update, or None.
        pointwise_constraint: Constraint applied to `pointwise_kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    References:
        - Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.

    Example:
        >>> layer = layers.SeparableConv2D(8, 3, padding="same")
        >>> layer(np.ones((2, 28, 28, 4))).shape
        (2, 28, 28, 8)
        >>> [weight.shape for weight in layer.weights]
        [(3, 3, 4, 1), (1, 1, 4, 8), (8,)]
    """

    __fastnn_kind__ = "SeparableConv2D"
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


SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D
