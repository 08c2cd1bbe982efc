"""Normalization along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import config
from fastnn.ops import reduction, shaping
from fastnn.ops.arithmetic import absolute, add, divide, maximum, multiply, power, rsqrt, square, subtract
from fastnn.ops.conversion import cast, convert_to_tensor


def normalize(x: Any, axis: Any = -1, order: Any = 2, epsilon: float | None = None) -> Any:
    """x divided by its length along an axis.

    Args:
        x: A tensor or an array.
        axis: Along which, one or several.
        order: Which length: a whole number, of which 2 is the usual.
        epsilon: The length is at least this; None: 1e-7.
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"ops.normalize expects order to be a whole number of at least 1, got {order!r}")
    x = cast(x, "float32")
    least = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        return multiply(x, rsqrt(maximum(reduction.sum(square(x), axis, True), least**2)))
    powers = reduction.sum(power(absolute(x), float(order)), axis, True)
    return divide(x, maximum(power(powers, 1.0 / order), least))


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) along axes, scaled by gamma and shifted by beta.

    Args:
        x: A tensor or an array.
        gamma: The scale, of the shape of x along the axes; None: 1.
        beta: The shift; None: 0.
        axis: Along which, one or several.
        epsilon: Added to the variance; None: 1e-7.
        **kwargs: None are known.
    """
    if kwargs:
        raise TypeError(f"ops.layer_normalization has no argument {sorted(kwargs)[0]!r}")
    x = cast(x, "float32")
    mean, variance = reduction.moments(x, axis, True)
    made = multiply(
        subtract(x, mean),
        rsqrt(add(variance, config.epsilon() if epsilon is None else epsilon)),
    )
    made = made if gamma is None else multiply(made, _along(gamma, x, axis))
    return made if beta is None else add(made, _along(beta, x, axis))


def _along(value: Any, x: Any, axis: Any) -> Any:
    """With axes of size 1 where x has others."""
    rank = len(x.shape)
    axes = sorted(one % rank for one in ([axis] if isinstance(axis, (int, np.integer)) else axis))
    if len(value.shape) in (0, rank) or axes == list(range(rank - len(axes), rank)):
        return value
    return shaping.reshape(value, [x.shape[i] if i in axes else 1 for i in range(rank)])


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Any:
    """x / sqrt(mean of squares + epsilon) along axes, scaled (Zhang and Sennrich, 2019)."""
    x = cast(x, "float32")
    squares = reduction.mean(square(x), axis, True)
    made = multiply(x, rsqrt(add(squares, config.epsilon() if epsilon is None else epsilon)))
    return made if scale is None else multiply(made, _along(convert_to_tensor(scale), x, axis))


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon), scaled and shifted, along an axis."""
    x = cast(x, "float32")

    def along(value: Any) -> Any:
        return _along(convert_to_tensor(value), x, axis)

    made = multiply(subtract(x, along(mean)), rsqrt(add(along(variance), epsilon)))
    made = made if scale is None else multiply(made, along(scale))
    return made if offset is None else add(made, along(offset))
