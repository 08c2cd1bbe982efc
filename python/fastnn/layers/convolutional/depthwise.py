"""Depthwise convolution layers, which convolve each channel by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.node_layer import unmade
from fastnn.layers.convolutional.convolution_layer import DepthwiseKernel
from fastnn.symbolic.variable import Variable


class _Depthwise(DepthwiseKernel):
    """Base of the depthwise convolutions: maps the arguments `depthwise_*` to the weight `kernel`."""

    kernel: Variable = unmade()

    @property
    def kernel_initializer(self) -> Any:
        """Initializer of `kernel`."""
        return self.depthwise_initializer

    @property
    def kernel_regularizer(self) -> Any:
        """Regularizer of `kernel`, or None."""
        return self.depthwise_regularizer

    @property
    def kernel_constraint(self) -> Any:
        """Constraint of `kernel`, or None."""
        return self.depthwise_constraint


class DepthwiseConv1D(_Depthwise):
    """Depthwise convolution layer over sequences: each channel is convolved by itself.

    Output channel c * depth_multiplier + m is the cross-correlation of input channel c with `kernel[..., c, m]`, plus
    the bias, passed to the activation. The new sizes are those of `Conv1D`.

    Shapes: input (batch, steps, channels), output (batch, new_steps, channels * depth_multiplier). Weights: `kernel`
    (kernel_size, channels, depth_multiplier); `bias` (channels * depth_multiplier,) if `use_bias`.

    Args:
        kernel_size: Positive integer, length of the kernel in steps.
        strides: Positive integer, distance between windows in steps.
        padding: "valid": no padding. "same": zero padding so that a stride of 1 keeps the size; an odd zero goes to the
            end.
        depth_multiplier: Positive integer, number of output channels for each input channel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integer, distance between the steps under the kernel; 1 means adjacent steps.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        depthwise_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        depthwise_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        depthwise_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    Example:
        >>> layer = layers.DepthwiseConv1D(3, depth_multiplier=2)
        >>> layer(np.ones((2, 10, 4))).shape
        (2, 8, 8)
        >>> layer.kernel.shape
        (3, 4, 2)
    """

    __fastnn_kind__ = "DepthwiseConv1D"
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


class DepthwiseConv2D(_Depthwise):
    """Depthwise convolution layer over images: each channel is convolved by itself.

    Output channel c * depth_multiplier + m is the cross-correlation of input channel c with `kernel[..., c, m]`, plus
    the bias, passed to the activation. The new sizes are those of `Conv2D`.

    Shapes: input (batch, height, width, channels), output (batch, new_height, new_width, channels * depth_multiplier).
    Weights: `kernel` (kernel_height, kernel_width, channels, depth_multiplier); `bias` (channels * depth_multiplier,)
    if `use_bias`.

    Args:
        kernel_size: Positive integers, size of the kernel for height and width; one integer stands for both.
        strides: Positive integers, distance between windows, for height and width; one integer stands for both.
        padding: "valid": no padding. "same": zero padding so that a stride of 1 keeps the size; an odd zero goes to the
            bottom and the right.
        depth_multiplier: Positive integer, number of output channels for each input channel.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integers, distance between the elements under the kernel (1: adjacent), for height and
            width; one integer stands for both.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        depthwise_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        depthwise_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        depthwise_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    References:
        - Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam, "MobileNets: Efficient Convolutional Neural
          Networks for Mobile Vision Applications", 2017.

    Example:
        >>> layer = layers.DepthwiseConv2D(3, depth_multiplier=2)
        >>> layer(np.ones((2, 28, 28, 4))).shape
        (2, 26, 26, 8)
        >>> layer.kernel.shape
        (3, 3, 4, 2)
    """

    __fastnn_kind__ = "DepthwiseConv2D"
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
