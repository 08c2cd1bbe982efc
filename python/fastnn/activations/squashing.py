"""Activation functions with a bounded range, their logarithms, and the exponential and linear functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.activations.evaluation import apply
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced, operators


def sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """Returns the sigmoid 1 / (1 + exp(-x)), a value between 0 and 1.

    Its derivative is y * (1 - y) for the value y, at most 0.25.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.sigmoid([0.0, 2.0])
        array([0.5     , 0.880797], dtype=float32)
    """
    return apply(x, "Activation", activation="sigmoid")


def hard_sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """Returns relu6(x + 3) / 6, a piecewise linear approximation of the sigmoid. It is 0 below -3 and 1 above 3.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.hard_sigmoid([-3.0, 0.0, 1.5])
        array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return apply(x, "Activation", activation="hard_sigmoid")


def sparse_sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """Returns 0 for x <= -1, 1 for x >= 1, and (x + 1) / 2 between. It is the derivative of `sparse_plus`.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.sparse_sigmoid([-2.0, 0.0, 2.0])
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return apply(x, "Activation", activation="sparse_sigmoid")


def log_sigmoid(x: ArrayLike) -> NDArray[np.float32]:
    """Returns the logarithm of the sigmoid, computed without loss of precision.

    For very negative x it is x itself, where the sigmoid is 0.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.log_sigmoid([0.0, 2.0])
        array([-0.69314..., -0.126928 ], dtype=float32)
    """
    return apply(x, "Activation", activation="log_sigmoid")


def tanh(x: ArrayLike) -> NDArray[np.float32]:
    """Returns the hyperbolic tangent of x. Values are in [-1, 1]; the derivative is 1 - y**2 for the value y.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.tanh([0.0, 1.0])
        array([0.       , 0.76159...], dtype=float32)
    """
    return apply(x, "Activation", activation="tanh")


def hard_tanh(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x, limited to the range from -1 to 1. The gradient is 0 beyond that range.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.hard_tanh([-2.0, 0.5, 2.0])
        array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return apply(x, "Activation", activation="hard_tanh")


def softsign(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x / (1 + |x|).

    Values are in (-1, 1), which they approach more slowly than those of tanh (Turian et al., 2009).

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.softsign([-1.0, 3.0])
        array([-0.5 ,  0.75], dtype=float32)
    """
    return apply(x, "Activation", activation="softsign")


def exponential(x: ArrayLike) -> NDArray[np.float32]:
    """Returns exp(x). It is inf where x is above 88.7, the range of float32.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.exponential([0.0, 1.0])
        array([1.       , 2.71828...], dtype=float32)
    """
    return apply(x, "Activation", activation="exponential")


def linear(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x unchanged. A layer without an activation function has this one.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.linear([-1.0, 2.0])
        array([-1.,  2.], dtype=float32)
    """
    return operators["tensor"](x) if is_traced(x) else np.array(x, dtype=floatx())
