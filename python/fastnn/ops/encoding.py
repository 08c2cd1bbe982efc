"""One-hot and multi-hot encoding of class indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import creation, dimensions, reduction, shaping
from fastnn.ops.conversion import cast
from fastnn.ops.logic import equal
from fastnn.ops.node import array as as_array
from fastnn.ops.node import node
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


def one_hot(x: Any, num_classes: Any, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """Returns one-hot vectors for class indices; an index outside the classes gives zeros.

    Args:
        x: Class indices, a tensor or an array of integers.
        num_classes: Number of classes; it may be computed from `ops.shape`.
        axis: Position of the new axis.
        dtype: Element type; None: "float32".
        sparse: Accepted for Keras compatibility; ignored.

    Returns:
        Tensor or array of shape `(..., num_classes)`, with the new axis at `axis`.

    Raises:
        ValueError: The result has no such axis.

    Example:
        >>> ops.one_hot([0, 2], 3)
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    if is_traced(num_classes):
        hot = cast(equal(shaping.expand_dims(cast(x, "int32"), -1), creation.arange(num_classes)), floatx())
    elif is_traced(x):
        hot = node("OneHot", {"num_classes": int(num_classes)}, [cast(x, "int32")], "one_hot")
    else:
        hot = (as_array(x)[..., np.newaxis] == np.arange(num_classes)).astype(floatx())
    hot = hot if dtype is None else cast(hot, dtype)
    return hot if axis in (-1, len(hot.shape) - 1) else shaping.moveaxis(hot, -1, axis)


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False, **kwargs: Any
) -> Any:
    """Returns vectors with ones at several class indices and zeros elsewhere.

    Args:
        inputs: Class indices, a tensor or an array of integers, of shape `(..., indices)`.
        num_classes: Number of classes.
        axis: Position of the axis of the classes before the maximum over the second axis (the first of a vector) is
            taken, as in Keras.
        dtype: Element type; None: "float32".
        sparse: Accepted for Keras compatibility; ignored.
        **kwargs: `num_tokens`, the older name of `num_classes`.

    Returns:
        Tensor or array of shape `(..., num_classes)`.

    Raises:
        TypeError: `num_classes` is missing, or an argument is unknown.

    Example:
        >>> ops.multi_hot([[0, 2], [1, 1]], 3)
        array([[1., 0., 1.],
               [0., 1., 0.]], dtype=float32)
    """
    num_classes = kwargs.pop("num_tokens", num_classes)
    if kwargs or num_classes is None:
        raise TypeError(f"ops.multi_hot expects num_classes and no unknown arguments, got {sorted(kwargs)}")
    from_axis = 1 if dimensions.ndim(inputs) > 1 else 0
    hot = one_hot(inputs, num_classes, axis)
    found = reduction.max(hot, from_axis)
    return found if dtype is None else cast(found, dtype)
