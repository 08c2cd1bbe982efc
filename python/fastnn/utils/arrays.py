"""Preparation of arrays for a model: one-hot labels, normalization."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn.engine.arrays import numeric


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Returns one-hot rows for integer labels.

    Args:
        x: Labels from 0, integers of any shape; a last axis of size 1 is dropped.
        num_classes: Number of classes; None: the largest label plus one.

    Returns:
        Array of shape `(..., num_classes)`, float64.

    Raises:
        ValueError: A label is negative, not an integer, or not below `num_classes`; or `x` is empty and `num_classes`
            is None.

    Example:
        >>> fastnn.utils.to_categorical([0, 1, 2])
        array([[1., 0., 0.],
               [0., 1., 0.],
               [0., 0., 1.]])
    """
    given = numeric(x, "to_categorical: x")
    if given.size == 0 and num_classes is None:
        raise ValueError("to_categorical: x is empty; give num_classes")
    labels = given.astype(np.int64)
    if np.any(labels != given):
        raise ValueError(f"to_categorical expects integers, got {given[labels != given].flat[0]}")
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    flat = labels.reshape(-1)
    classes = int(flat.max()) + 1 if num_classes is None else int(num_classes)
    wrong = flat[(flat < 0) | (flat >= classes)]
    if wrong.size:
        raise ValueError(f"to_categorical expects labels from 0 to {classes - 1}, got {wrong[0]}")
    rows = np.zeros((flat.size, classes))
    rows[np.arange(flat.size), flat] = 1
    return rows.reshape(*shape, classes)


def normalize(x: ArrayLike, axis: int = -1, order: int = 2) -> NDArray[Any]:
    """Returns an array divided by its norm along an axis; where the norm is 0, it is unchanged.

    Args:
        x: Array.
        axis: Axis along which the norm is computed.
        order: Order of the norm; 2 is the Euclidean norm.

    Returns:
        Array of the shape of `x`.

    Example:
        >>> fastnn.utils.normalize([[3.0, 4.0]])
        array([[0.6, 0.8]])
    """
    array = np.atleast_1d(numeric(x, "normalize: x"))
    norm = np.atleast_1d(np.linalg.norm(array, order, axis))
    norm[norm == 0] = 1
    result: NDArray[Any] = array / np.expand_dims(norm, axis)
    return result
