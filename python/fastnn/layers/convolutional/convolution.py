"""Convolution layers over sequences, images and volumes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastnn.engine.contract import title
from fastnn.layers.convolutional.convolution_layer import FullKernel
from fastnn.layers.low_rank import Adapted
from fastnn.layers.quantization import QuantizableNode


class _Convolution(QuantizableNode, FullKernel):
    """Base of the convolutions.

    Each window is quantized as a row of a product is, by its own largest element.
    """

    __fastnn_keras_newer_arguments__ = {"lora_rank": None, "lora_alpha": None, "quantization_config": None}
    __fastnn_keras_quantizes__ = False
    __fastnn_width__ = "filters"
    kernel: Any = Adapted()
    groups: int

    def __fastnn_summed_axes__(self) -> tuple[int, ...]:
        """Returns the axes of the weight whose elements have one scale together."""
        return tuple(range(type(self).rank + 1))

    def __fastnn_quantized_node__(self) -> tuple[str, dict[str, Any]]:
        """Returns the kind and the config of the node of integers."""
        node = self.__fastnn_core_node__()
        assert node is not None
        kind, config = node
        terms = math.prod(self.__fastnn_adapted__().shape[:-1])
        return f"Quantized{kind}", {**config, **self.__fastnn_product__(terms)}

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal layer without weights, as plain values.

        `quantization_config`, which Keras' convolutions do not know, is among them where there is one.
        """
        config = super().get_config()
        if config.get("quantization_config") is None:
            config.pop("quantization_config", None)
        return config

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Makes integers of 8 bits of the kernel, in place, which Keras' convolutions cannot.

        As in `Dense.quantize`, where a window of the input takes the place of a row.

        Args:
            mode: As in `Dense.quantize`.
            type_check: As in `Dense.quantize`.
            config: As in `Dense.quantize`.

        Raises:
            ValueError: The layer is not built or is quantized already, or the arguments contradict each other.
            NotImplementedError: The convolution has several groups, or the class is derived from a layer of the
                package.
        """
        if self.groups > 1:
            raise NotImplementedError(
                f"{title(self)} has no quantize({mode!r}): its weights stay float32, because groups={self.groups}; "
                "convolutions of one group can be quantized"
            )
        super().quantize(mode, type_check, config)


class Conv1D(_Convolution):
    """Convolution layer over sequences.

    Computes activation(x * kernel + bias), where `*` is the cross-correlation, as is usual in neural networks. The new
    size of an axis is ceil(size / stride) with padding "same" or "causal" and ceil((size - span + 1) / stride) with
    "valid", where span = (kernel_size - 1) * dilation_rate + 1.

    Shapes: input (batch, steps, channels), output (batch, new_steps, filters). Weights: `kernel` (kernel_size, channels
    / groups, filters); `bias` (filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integer, length of the kernel in steps.
        strides: Positive integer, distance between windows in steps.
        padding: "valid": no padding. "same": zero padding so that a stride of 1 keeps the size; an odd zero goes to the
            end. "causal": zeros before the first step only, so that no output depends on a later step.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integer, distance between the steps under the kernel; 1 means adjacent steps.
        groups: Positive integer; channels and filters are divided into this many groups, each convolved by itself. It
            must divide both.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        lora_rank: Rank of an adaptation of the kernel, which is then frozen (see `enable_lora`), or None.
        lora_alpha: The adaptation is multiplied by lora_alpha / lora_rank; None means `lora_rank`.
        quantization_config: An `Int8QuantizationConfig` for a layer with the policy "int8_from_float32", or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    References:
        - Waibel, Hanazawa, Hinton, Shikano, Lang, "Phoneme Recognition Using Time-Delay Neural Networks", 1989.

    Example:
        >>> layer = layers.Conv1D(8, 3, padding="same", activation="relu")
        >>> layer(np.ones((2, 10, 4))).shape
        (2, 10, 8)
        >>> layer.kernel.shape
        (3, 4, 8)
    """

    __fastnn_kind__ = "Conv1D"
    rank = 1

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
        *,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class Conv2D(_Convolution):
    """Convolution layer over images.

    Computes activation(x * kernel + bias), where `*` is the cross-correlation, as is usual in neural networks. The new
    size of an axis is ceil(size / stride) with padding "same" and ceil((size - span + 1) / stride) with "valid", where
    span = (kernel_size - 1) * dilation_rate + 1.

    Shapes: input (batch, height, width, channels), output (batch, new_height, new_width, filters). Weights: `kernel`
    (kernel_height, kernel_width, channels / groups, filters); `bias` (filters,) if `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integers, size of the kernel for height and width; one integer stands for both.
        strides: Positive integers, distance between windows, for height and width; one integer stands for both.
        padding: "valid": no padding. "same": zero padding so that a stride of 1 keeps the size; an odd zero goes to the
            bottom and the right.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integers, distance between the elements under the kernel (1: adjacent), for height and
            width; one integer stands for both.
        groups: Positive integer; channels and filters are divided into this many groups, each convolved by itself. It
            must divide both.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        lora_rank: Rank of an adaptation of the kernel, which is then frozen (see `enable_lora`), or None.
        lora_alpha: The adaptation is multiplied by lora_alpha / lora_rank; None means `lora_rank`.
        quantization_config: An `Int8QuantizationConfig` for a layer with the policy "int8_from_float32", or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    References:
        - LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998.

    Example:
        >>> layer = layers.Conv2D(8, 3, padding="same", activation="relu")
        >>> layer(np.ones((2, 28, 28, 4))).shape
        (2, 28, 28, 8)
        >>> layer.kernel.shape
        (3, 3, 4, 8)
    """

    __fastnn_kind__ = "Conv2D"
    rank = 2

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
        *,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class Conv3D(_Convolution):
    """Convolution layer over volumes.

    Computes activation(x * kernel + bias), where `*` is the cross-correlation, as is usual in neural networks. The new
    size of an axis is ceil(size / stride) with padding "same" and ceil((size - span + 1) / stride) with "valid", where
    span = (kernel_size - 1) * dilation_rate + 1.

    Shapes: input (batch, depth, height, width, channels), output (batch, new_depth, new_height, new_width, filters).
    Weights: `kernel` (kernel_depth, kernel_height, kernel_width, channels / groups, filters); `bias` (filters,) if
    `use_bias`.

    Args:
        filters: Positive integer, number of output channels.
        kernel_size: Positive integers, size of the kernel for depth, height and width; one integer stands for all.
        strides: Positive integers, distance between windows, for depth, height and width; one integer stands for all.
        padding: "valid": no padding. "same": zero padding so that a stride of 1 keeps the size; an odd zero goes to the
            back, the bottom and the right.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        dilation_rate: Positive integers, distance between the elements under the kernel (1: adjacent), for depth,
            height and width; one integer stands for all.
        groups: Positive integer; channels and filters are divided into this many groups, each convolved by itself. It
            must divide both.
        activation: Activation function: its name, a function of `fastnn.activations`, or None for the identity.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        lora_rank: Rank of an adaptation of the kernel, which is then frozen (see `enable_lora`), or None.
        lora_alpha: The adaptation is multiplied by lora_alpha / lora_rank; None means `lora_rank`.
        quantization_config: An `Int8QuantizationConfig` for a layer with the policy "int8_from_float32", or None.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the output would be empty.

    References:
        - Ji, Xu, Yang, Yu, "3D Convolutional Neural Networks for Human Action Recognition", 2013.

    Example:
        >>> layer = layers.Conv3D(8, 3, padding="same", activation="relu")
        >>> layer(np.ones((2, 8, 8, 8, 4))).shape
        (2, 8, 8, 8, 8)
        >>> layer.kernel.shape
        (3, 3, 3, 4, 8)
    """

    __fastnn_kind__ = "Conv3D"
    rank = 3

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
        *,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
