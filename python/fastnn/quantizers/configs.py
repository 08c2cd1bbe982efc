"""Descriptions of how a model is quantized: the mode, and the quantizers of weights and activations."""

from __future__ import annotations

from typing import Any

from fastnn.configurable import Configurable
from fastnn.quantizers.quantizer import AbsMaxQuantizer


class QuantizationConfig(Configurable):
    """Base of the descriptions of how a model is quantized.

    Args:
        weight_quantizer: Quantizer of weights, or None for that of the mode.
        activation_quantizer: Quantizer of activations, or None: they stay as they are.

    Example:
        >>> fastnn.quantizers.Int8QuantizationConfig().mode
        'int8'
    """

    __fastnn_keras_module__ = "keras.quantizers"
    weight_quantizer: Any
    activation_quantizer: Any

    def __init__(self, weight_quantizer: Any = None, activation_quantizer: Any = None) -> None:
        pass

    @property
    def mode(self) -> str:
        """The mode of quantization: "int8", "int4" or "float8".

        Raises:
            NotImplementedError: The class is the base.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no mode; use Int8QuantizationConfig, Int4QuantizationConfig or "
            "Float8QuantizationConfig"
        )

    def _refuse(self, name: str, wanted: Any) -> None:
        """Raises a ValueError where the quantizer of weights has another value of an attribute."""
        quantizer = self.weight_quantizer
        if quantizer is not None and getattr(quantizer, name) != wanted:
            raise ValueError(
                f"{type(self).__name__} expects a weight_quantizer with {name}={wanted!r}, got "
                f"{getattr(quantizer, name)!r}"
            )


class Int8QuantizationConfig(QuantizationConfig):
    """Description of quantization to 8 bits.

    Args:
        weight_quantizer: Quantizer of weights, or None for that of the mode.
        activation_quantizer: Quantizer of activations; "default": `AbsMaxQuantizer()`. None: they stay as they are.

    Raises:
        ValueError: The quantizer of weights makes another type.

    Example:
        >>> fastnn.quantizers.Int8QuantizationConfig().activation_quantizer
        AbsMaxQuantizer()
    """

    def __init__(self, weight_quantizer: Any = None, activation_quantizer: Any = "default") -> None:
        super().__init__(weight_quantizer, activation_quantizer)
        if activation_quantizer == "default":
            self.activation_quantizer = AbsMaxQuantizer()
        self._refuse("output_dtype", "int8")

    @property
    def mode(self) -> str:
        """The mode of quantization: "int8"."""
        return "int8"


class Int4QuantizationConfig(QuantizationConfig):
    """Description of quantization of weights to 4 bits.

    Args:
        weight_quantizer: Quantizer of weights, or None for that of the mode.
        activation_quantizer: Quantizer of activations; "default" and None: they stay as they are.
        block_size: Positive integer, number of rows of a kernel that share a scale; None or -1: all.

    Raises:
        ValueError: `block_size` is out of its range or given together with a quantizer, or the quantizer of weights
            makes another type or range.

    Example:
        >>> fastnn.quantizers.Int4QuantizationConfig().block_size
        128
    """

    block_size: int | None

    def __init__(
        self, weight_quantizer: Any = None, activation_quantizer: Any = "default", block_size: int | None = 128
    ) -> None:
        super().__init__(weight_quantizer, activation_quantizer)
        if activation_quantizer == "default":
            self.activation_quantizer = None
        if block_size is not None and block_size != -1 and block_size <= 0:
            raise ValueError(f"Int4QuantizationConfig expects block_size to be positive, -1 or None, got {block_size}")
        given = self.weight_quantizer is not None or self.activation_quantizer is not None
        if given and block_size is not None and block_size > 0:
            raise ValueError(
                f"Int4QuantizationConfig: blocks have a quantizer of their own; leave out the quantizers, or pass "
                f"block_size=None, got {block_size}"
            )
        self._refuse("value_range", (-8, 7))
        self._refuse("output_dtype", "int8")

    @property
    def mode(self) -> str:
        """The mode of quantization: "int4"."""
        return "int4"


class Float8QuantizationConfig(QuantizationConfig):
    """Description of training with products of 8 bits; it has no arguments.

    Example:
        >>> fastnn.quantizers.Float8QuantizationConfig().get_config()
        {}
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight_quantizer = self.activation_quantizer = None

    @property
    def mode(self) -> str:
        """The mode of quantization: "float8"."""
        return "float8"
