"""Normalization along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import config
from fastnn.ops import reduction, shaping
from fastnn.ops.arithmetic import absolute, add, divide, maximum, multiply, power, rsqrt, square, subtract
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.keras_functions import as_in_keras
from fastnn.precision import floatx


def normalize(x: Any, axis: Any = -1, order: Any = 2, epsilon: float | None = None) -> Any:
    """Returns a tensor divided by its norm along axes. A tensor whose norm is close to 0 is divided by `epsilon`.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to normalize.
        order: Order of the norm, an integer of at least 1; 2 is the Euclidean norm.
        epsilon: Lower bound of the norm; None: 1e-7.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Raises:
        ValueError: `order` is not an integer of at least 1.

    Example:
        >>> ops.normalize([3.0, 4.0])
        array([0.6, 0.8], dtype=float32)
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"ops.normalize expects order to be an integer of at least 1, got {order!r}")
    x = cast(x, floatx())
    least = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        return multiply(x, rsqrt(maximum(reduction.sum(square(x), axis, True), least**2)))
    powers = reduction.sum(power(absolute(x), float(order)), axis, True)
    return divide(x, maximum(power(powers, 1.0 / order), least))


@as_in_keras(class_name="LayerNorm")
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:
    """Returns (x - mean) / sqrt(variance + epsilon) along axes, times gamma plus beta (Ba et al., 2016).

    Args:
        x: Tensor or array.
        gamma: Scale, of the shape of `x` along the axes; None: 1.
        beta: Offset, of the shape of `x` along the axes; None: 0.
        axis: Axis or axes along which to normalize.
        epsilon: Added to the variance; None: 1e-7.
        **kwargs: No further argument is accepted.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Raises:
        TypeError: An argument is unknown.

    Example:
        >>> ops.layer_normalization([[1.0, 3.0]])
        array([[-1.,  1.]], dtype=float32)
    """
    if kwargs:
        raise TypeError(f"ops.layer_normalization has no argument {sorted(kwargs)[0]!r}")
    x = cast(x, floatx())
    mean, variance = reduction.moments(x, axis, True)
    made = multiply(
        subtract(x, mean),
        rsqrt(add(variance, config.epsilon() if epsilon is None else epsilon)),
    )
    made = made if gamma is None else multiply(made, _along(gamma, x, axis))
    return made if beta is None else add(made, _along(beta, x, axis))


def _along(value: Any, x: Any, axis: Any) -> Any:
    """Reshapes a value to the rank of x, with size 1 along the other axes."""
    rank = len(x.shape)
    axes = sorted(one % rank for one in ([axis] if isinstance(axis, (int, np.integer)) else axis))
    if len(value.shape) in (0, rank) or axes == list(range(rank - len(axes), rank)):
        return value
    return shaping.reshape(value, [x.shape[i] if i in axes else 1 for i in range(rank)])


@as_in_keras(class_name="RMSNorm")
def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Any:
    """Returns x / sqrt(mean(x**2) + epsilon) along axes, times a scale (Zhang and Sennrich, 2019).

    Args:
        x: Tensor or array.
        scale: Scale, of the shape of `x` along the axes; None: 1.
        axis: Axis or axes along which to normalize.
        epsilon: Added to the mean of the squares; None: 1e-7.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.rms_normalization([[3.0, 3.0]])
        array([[1., 1.]], dtype=float32)
    """
    x = cast(x, floatx())
    squares = reduction.mean(square(x), axis, True)
    made = multiply(x, rsqrt(add(squares, config.epsilon() if epsilon is None else epsilon)))
    return made if scale is None else multiply(made, _along(convert_to_tensor(scale), x, axis))


@as_in_keras(class_name="BatchNorm", required="epsilon")
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """Returns (x - mean) / sqrt(variance + epsilon), times a scale plus an offset (Ioffe and Szegedy, 2015).

    Args:
        x: Tensor or array.
        mean: Mean, of shape `(channels,)`.
        variance: Variance, of shape `(channels,)`.
        axis: Axis of the channels.
        offset: Offset, of shape `(channels,)`; None: 0.
        scale: Scale, of shape `(channels,)`; None: 1.
        epsilon: Added to the variance.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.batch_normalization([[3.0, 5.0]], [1.0, 1.0], [4.0, 4.0], axis=-1)
        array([[0.99987..., 1.99975... ]], dtype=float32)
    """
    x = cast(x, floatx())

    def along(value: Any) -> Any:
        return _along(convert_to_tensor(value), x, axis)

    made = multiply(subtract(x, along(mean)), rsqrt(add(along(variance), epsilon)))
    made = made if scale is None else multiply(made, along(scale))
    return made if offset is None else add(made, along(offset))
