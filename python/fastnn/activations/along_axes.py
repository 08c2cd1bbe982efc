"""Activation functions that normalize or gate along axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.activations.evaluation import along


def softmax(x: ArrayLike, axis: int | tuple[int, ...] = -1) -> NDArray[np.float32]:
    """Returns exp(x) / sum(exp(x)) along an axis: positive values whose sum is 1.

    The largest x is subtracted first, so that nothing overflows.

    Args:
        x: Array with at least one axis, or symbolic tensor.
        axis: Axis or axes along which the sum is 1.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> fastnn.activations.softmax([[1.0, 1.0, 1.0, 1.0]])
        array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """
    return along(x, "Softmax", axis)


def log_softmax(x: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """Returns the logarithm of the softmax, computed without loss of precision. Losses of logits are computed with it.

    Args:
        x: Array with at least one axis, or symbolic tensor.
        axis: Axis along which the softmax sums to 1.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> fastnn.activations.log_softmax([[0.0, 0.0]])
        array([[-0.69314..., -0.69314...]], dtype=float32)
    """
    return along(x, "LogSoftmax", axis)


def sparsemax(x: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """Returns the projection of x onto the probability simplex along an axis; small values become exactly 0.

    Reference: Martins and Astudillo, 2016, "From softmax to sparsemax".

    Args:
        x: Array with at least one axis, or symbolic tensor.
        axis: Axis along which the result sums to 1.

    Returns:
        Array or tensor of the shape of `x`, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> fastnn.activations.sparsemax([0.5, 0.25, -1.0])
        array([0.625, 0.375, 0.   ], dtype=float32)
    """
    return along(x, "Sparsemax", axis)


def glu(x: ArrayLike, axis: int = -1) -> NDArray[np.float32]:
    """Returns the gated linear unit: the first half of x along an axis times the sigmoid of the second half.

    Reference: Dauphin et al., 2016, "Language modeling with gated convolutional networks".

    Args:
        x: Array or symbolic tensor whose size along `axis` is even.
        axis: Axis along which x is split in two.

    Returns:
        Array or tensor of the shape of `x` with half the size along `axis`, float32.

    Raises:
        ValueError: `x` has no such axis, or its size there is odd.

    Example:
        >>> fastnn.activations.glu([1.0, 2.0, 0.0, 0.0])
        array([0.5, 1. ], dtype=float32)
    """
    return along(x, "GLU", axis)
