"""Activation functions that set small inputs to 0 or move inputs towards 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.activations.evaluation import apply


def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> NDArray[np.float32]:
    """Returns x where |x| > threshold, else 0. Values up to the threshold have no gradient.

    Args:
        x: Array of any shape, or symbolic tensor.
        threshold: Values up to this absolute value become 0.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.hard_shrink([-1.0, 0.25, 1.0])
        array([-1.,  0.,  1.], dtype=float32)
    """
    return apply(x, "Activation", activation="hard_shrink", threshold=threshold)


def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> NDArray[np.float32]:
    """Returns x - threshold above the threshold, x + threshold below -threshold, else 0.

    It is the proximal operator of threshold * |x|, a step of many sparse methods.

    Args:
        x: Array of any shape, or symbolic tensor.
        threshold: Amount by which values move towards 0.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.soft_shrink([-1.0, 0.25, 1.0])
        array([-0.5,  0. ,  0.5], dtype=float32)
    """
    return apply(x, "Activation", activation="soft_shrink", threshold=threshold)


def tanh_shrink(x: ArrayLike) -> NDArray[np.float32]:
    """Returns x - tanh(x). Close to 0 it is x**3 / 3, so small values nearly vanish.

    Args:
        x: Array of any shape, or symbolic tensor.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.tanh_shrink([0.0, 1.0])
        array([0.        , 0.23840...], dtype=float32)
    """
    return apply(x, "Activation", activation="tanh_shrink")


def threshold(x: ArrayLike, threshold: float, default_value: float) -> NDArray[np.float32]:
    """Returns x where x > threshold, else `default_value`. Values that are replaced have no gradient.

    Args:
        x: Array of any shape, or symbolic tensor.
        threshold: Values up to this one are replaced.
        default_value: Value in their place.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.threshold([0.5, 2.0], threshold=1.0, default_value=0.0)
        array([0., 2.], dtype=float32)
    """
    return apply(x, "Activation", activation="threshold", threshold=threshold, default_value=default_value)
