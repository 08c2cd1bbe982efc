"""Functions that map numbers to few levels and back: by a scale, by a scale and a zero point, by types of 8 bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import ops

Array = NDArray[Any]


def abs_max_quantize(
    inputs: Any,
    axis: int | Sequence[int],
    value_range: Sequence[float] = (-127, 127),
    dtype: str = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Array, Array]:
    """Returns numbers as integers of a range, and the scale: integer = round(number * scale).

    Args:
        inputs: Array of numbers.
        axis: Axes over which the largest absolute value is taken; the others have scales of their own.
        value_range: Smallest and largest integer.
        dtype: Type of the integers.
        epsilon: Added to the largest absolute value, so that zeros have a scale.
        to_numpy: Accepted for Keras compatibility; ignored.

    Returns:
        The integers, of the shape of `inputs`, and the scale, with size 1 along `axis`.

    Example:
        >>> fastnn.quantizers.abs_max_quantize(np.array([[0.5, -1.0]]), axis=-1)[0]
        array([[  63, -127]], dtype=int8)
    """
    x = _floats(inputs)
    axes: Any = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    largest = np.max(np.abs(x), axis=axes, keepdims=True) + x.dtype.type(epsilon)
    scale = (x.dtype.type(value_range[1]) / largest).astype(x.dtype)
    return np.clip(np.round(x * scale), value_range[0], value_range[1]).astype(dtype), scale


def abs_max_quantize_grouped_with_zero_point(
    inputs: Any,
    block_size: int,
    value_range: Sequence[int] = (-8, 7),
    dtype: str = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Array, Array, Array]:
    """Returns a matrix as integers, with a scale and a zero point for each block of rows and each column.

    integer = round(number / scale) + zero point, within the range.

    Args:
        inputs: Array of shape (rows, columns).
        block_size: Positive integer, number of rows that share a scale; the last block may have fewer.
        value_range: Smallest and largest integer.
        dtype: Type of the integers.
        epsilon: Added to the difference of largest and smallest value, so that constants have a scale.
        to_numpy: As in Keras, whether constants that are not zero are left to `epsilon`, and a single block that is
            not full counts as filled up with zeros.

    Returns:
        The integers, of the shape of `inputs`; scales and zero points of shape (blocks, columns), the latter int8.

    Raises:
        ValueError: `inputs` is no matrix, or `block_size` is not a positive integer.

    Example:
        >>> x = np.array([[0.0, 1.0], [3.0, 1.0], [6.0, -1.0]])
        >>> integers, scale, zero = fastnn.quantizers.abs_max_quantize_grouped_with_zero_point(x, block_size=2)
        >>> integers.tolist(), zero.tolist()
        ([[-8, -1], [7, -1], [7, -8]], [[-8, -8], [-8, 7]])
    """
    x = _floats(inputs)
    if x.ndim != 2 or isinstance(block_size, bool) or not isinstance(block_size, (int, np.integer)) or block_size < 1:
        raise ValueError(
            f"abs_max_quantize_grouped_with_zero_point expects a matrix and block_size of at least 1, got shape "
            f"{x.shape} and {block_size!r}"
        )
    low, high = value_range
    number, kind = x.dtype.type, x.dtype
    blocks = math.ceil(x.shape[0] / block_size)
    filled = np.pad(x, ((0, blocks * block_size - x.shape[0]), (0, 0))).reshape(blocks, block_size, x.shape[1])
    measured = x[np.newaxis] if blocks == 1 and not to_numpy else filled
    smallest, largest = measured.min(axis=1, keepdims=True), measured.max(axis=1, keepdims=True)
    levels = high - low
    if not to_numpy:
        constant = smallest == largest
        smallest, largest = np.where(constant, smallest - 1, smallest), np.where(constant, largest + 1, largest)
        levels = 2 ** int(math.log2(levels + 1)) - 1
    scale = ((largest - smallest + number(epsilon)) / number(levels)).astype(kind)
    zero = np.clip(np.round(-smallest / scale) + low, low, high)
    integers = np.clip(np.round(filled / scale) + zero, low, high).astype(dtype)
    return integers.reshape(-1, x.shape[1])[: x.shape[0]], scale[:, 0], zero[:, 0].astype("int8")


def fake_quant_with_min_max_vars(
    inputs: Any, min_vals: Any, max_vals: Any, num_bits: int = 8, narrow_range: bool = False, axis: int | None = None
) -> Any:
    """Returns numbers rounded to the levels of a type of few bits, as training with quantization in view has them.

    The range is moved a little so that 0 is a level. Gradients pass where a number is within the range; those of the
    others go to the limit beyond which they are.

    Args:
        inputs: Array or tensor.
        min_vals: Lower limit: a number, or one for each index along `axis`.
        max_vals: Upper limit, likewise.
        num_bits: Number of bits: there are 2 ** num_bits levels.
        narrow_range: Whether the lowest level is left out.
        axis: Axis along which the limits differ; None: one for all.

    Returns:
        Array or tensor of the shape of `inputs`.

    Example:
        >>> fastnn.quantizers.fake_quant_with_min_max_vars(np.array([-2.0, 0.1, 0.4, 9.0]), 0.0, 3.0, num_bits=2)
        array([0., 0., 0., 3.], dtype=float32)
    """
    x = ops.convert_to_tensor(inputs)
    low, high = (ops.cast(ops.convert_to_tensor(one), "float32") for one in (min_vals, max_vals))
    if axis is not None:
        shape = [1] * len(x.shape)
        shape[axis] = -1
        low, high = (ops.reshape(one, shape) if len(one.shape) == 1 else one for one in (low, high))
    top, bottom = (1 << int(num_bits)) - 1, int(narrow_range)
    width = high - low
    scale, per_level = width / (top - bottom), (top - bottom) / width
    zero = ops.round(ops.clip(bottom - low / scale, bottom, top))
    lowest, highest = (bottom - zero) * scale, (top - zero) * scale
    of_zero = ops.floor(-lowest * per_level + 0.5)
    shifted = ops.minimum(ops.maximum(x, lowest), highest) - lowest
    levels = ops.floor(shifted * per_level - of_zero + 0.5) * scale
    passed = (
        ops.where(ops.logical_and(x >= lowest, x <= highest), x, 0.0)
        + ops.where(x <= lowest, low, 0.0)
        + ops.where(x >= highest, high, 0.0)
    )
    return passed + ops.stop_gradient(levels - passed)


def compute_float8_scale(amax: Any, scale: Any, dtype_max: float, margin: int = 0) -> Array:
    """Returns the scale that brings the largest absolute value to the limit of a type of 8 bits.

    Args:
        amax: Largest absolute value; where it is 0 or not finite the scale stays.
        scale: The scale so far.
        dtype_max: Largest value of the type: 448 for float8_e4m3fn, 57344 for float8_e5m2.
        margin: Number of further halvings of the scaled values.

    Example:
        >>> float(fastnn.quantizers.compute_float8_scale(896.0, 1.0, 448.0))
        2.0
    """
    amax, before = np.asarray(amax, np.float32), np.float32(1) / np.asarray(scale, np.float32)
    with np.errstate(divide="ignore", over="ignore"):
        factor = np.float32(dtype_max) / amax / np.float32(2**margin)
    factor = np.where(amax > 0, factor, before)
    return np.asarray(np.float32(1) / np.where(np.isfinite(amax), factor, before))


def compute_float8_amax_history(x: Any, amax_history: Any) -> Array:
    """Returns a history of largest absolute values, moved on by one, with that of `x` in front.

    Args:
        x: Array of numbers.
        amax_history: Array of earlier values.

    Example:
        >>> fastnn.quantizers.compute_float8_amax_history(np.array([-3.0, 2.0]), np.array([1.0, 5.0, 6.0]))
        array([3., 6., 1.])
    """
    made = np.roll(np.asarray(amax_history), -1)
    made[0] = np.max(np.abs(np.asarray(x)))
    return made


_FORMATS = {
    "float8_e4m3fn": (3, -6, 448.0),
    "float8_e5m2": (2, -14, 57344.0),
    "float16": (10, -14, 65504.0),
    "bfloat16": (7, -126, 3.3895313892515355e38),
}
"""Bits of the fraction, exponent of the smallest normal number and largest number of each type."""


def quantize_and_dequantize(inputs: Any, scale: Any, quantized_dtype: str, compute_dtype: str) -> Array:
    """Returns numbers divided by a scale, rounded to a type of few bits, and multiplied by the scale again.

    Args:
        inputs: Array of numbers.
        scale: The scale.
        quantized_dtype: "float8_e4m3fn", "float8_e5m2", "float16" or "bfloat16".
        compute_dtype: Type of the result: "float32".

    Raises:
        ValueError: The type is another.

    Example:
        >>> fastnn.quantizers.quantize_and_dequantize(np.array([0.3, 900.0]), 1.0, "float8_e4m3fn", "float32")
        array([3.125e-01, 4.480e+02], dtype=float32)
    """
    name = str(getattr(quantized_dtype, "__name__", quantized_dtype))
    if name not in _FORMATS:
        raise ValueError(f"quantize_and_dequantize expects a type of {', '.join(_FORMATS)}, got {quantized_dtype!r}")
    bits, least, limit = _FORMATS[name]
    factor = np.asarray(scale, compute_dtype)
    x = np.clip(np.asarray(inputs, compute_dtype) / factor, -limit, limit)
    # Levels are 2 ** -bits apart between powers of two; below the smallest normal number they stay as far apart.
    exponent = np.maximum(np.frexp(x)[1] - 1, least) - bits
    return np.asarray(np.ldexp(np.round(np.ldexp(x, -exponent)), exponent) * factor, compute_dtype)


def _floats(inputs: Any) -> Array:
    x = np.asarray(inputs)
    return x if x.dtype.kind == "f" and x.dtype != np.float64 else x.astype(np.float32)
