"""Transposed convolution layers, which enlarge sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.layers.convolutional.convolution_layer import FullKernel


class _Transposed(FullKernel):
    """Base of the transposed convolutions."""

    __fastnn_keras_newer_arguments__ = {"output_padding": None}
    __fastnn_keras_ignored_arguments__ = {"groups": 1}
    output_padding: tuple[int, ...] | None


class Conv1DTranspose(_Transposed):
    """Transposed convolution layer, which enlarges sequences.

    Computes the gradient of a convolution with respect to its input: each input element adds `kernel`, scaled by its
    value, to the output, at a distance of `strides`. The new size of an axis is size * stride with padding "same" and
    (size - 1) * stride + max(span, stride) with "valid", where span = (kernel_size - 1) * dilation_rate + 1.

    Shapes: input (batch, steps, channels), output (batch, new_steps, filters). Weights: `kernel` (kernel_size, filters,
    channels); `bias` (filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integer, length of the kernel in steps.
        strides: Positive integer, factor by which the number of steps grows.
        padding: "valid": the whole output is kept. "same": it is cropped at the borders to size * stride.
        output_padding: Non-negative integers less than the strides. The new size is then (size - 1) * stride + span +
            output_padding with padding "valid" and (size - 1) * stride + span % 2 + output_padding with "same". None:
            the sizes given above.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integer, distance between the steps under the kernel; 1 means adjacent steps.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    References:
        - Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional Networks", 2010.

    Example:
        >>> layer = layers.Conv1DTranspose(8, 3, strides=2, padding="same")
        >>> layer(np.ones((2, 10, 4))).shape
        (2, 20, 8)
        >>> layer.kernel.shape
        (3, 8, 4)
    """

    __fastnn_kind__ = "Conv1DTranspose"
    rank = 1

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


class Conv2DTranspose(_Transposed):
    """Transposed convolution layer, which enlarges images.

    Computes the gradient of a convolution with respect to its input: each input element adds `kernel`, scaled by its
    value, to the output, at a distance of `strides`. The new size of an axis is size * stride with padding "same" and
    (size - 1) * stride + max(span, stride) with "valid", where span = (kernel_size - 1) * dilation_rate + 1.

    Shapes: input (batch, height, width, channels), output (batch, new_height, new_width, filters). Weights: `kernel`
    (kernel_height, kernel_width, filters, channels); `bias` (filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integers, size of the kernel for height and width; one integer stands for both.
        strides: Positive integers, factors by which the sizes grow, for height and width; one integer stands for both.
        padding: "valid": the whole output is kept. "same": it is cropped at the borders to size * stride.
        output_padding: Non-negative integers less than the strides. The new size is then (size - 1) * stride + span +
            output_padding with padding "valid" and (size - 1) * stride + span % 2 + output_padding with "same". None:
            the sizes given above.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integers, distance between the elements under the kernel (1: adjacent), for height and
            width; one integer stands for both.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    References:
        - Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional Networks", 2010.

    Example:
        >>> layer = layers.Conv2DTranspose(8, 3, strides=2, padding="same")
        >>> layer(np.ones((2, 7, 7, 4))).shape
        (2, 14, 14, 8)
        >>> layer.kernel.shape
        (3, 3, 8, 4)
    """

    __fastnn_kind__ = "Conv2DTranspose"
    rank = 2

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


class Conv3DTranspose(_Transposed):
    """Transposed convolution layer, which enlarges volumes.

    Computes the gradient of a convolution with respect to its input: each input element adds `kernel`, scaled by its
    value, to the output, at a distance of `strides`. The new size of an axis is size * stride with padding "same" and
    (size - 1) * stride + max(span, stride) with "valid", where span = (kernel_size - 1) * dilation_rate + 1.

    Shapes: input (batch, depth, height, width, channels), output (batch, new_depth, new_height, new_width, filters).
    Weights: `kernel` (kernel_depth, kernel_height, kernel_width, filters, channels); `bias` (filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integers, size of the kernel for depth, height and width; one integer stands for all.
        strides: Positive integers, factors by which the sizes grow, for depth, height and width; one integer stands for
            all.
        padding: "valid": the whole output is kept. "same": it is cropped at the borders to size * stride.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        output_padding: Non-negative integers less than the strides. The new size is then (size - 1) * stride + span +
            output_padding with padding "valid" and (size - 1) * stride + span % 2 + output_padding with "same". None:
            the sizes given above.
        dilation_rate: Positive integers, distance between the elements under the kernel (1: adjacent), for depth,
            height and width; one integer stands for all.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    References:
        - Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional Networks", 2010.

    Example:
        >>> layer = layers.Conv3DTranspose(8, 3, strides=2, padding="same")
        >>> layer(np.ones((2, 8, 8, 8, 4))).shape
        (2, 16, 16, 16, 8)
        >>> layer.kernel.shape
        (3, 3, 3, 8, 4)
    """

    __fastnn_kind__ = "Conv3DTranspose"
    rank = 3

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


Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
