"""One-hot and multi-hot encoding of class indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import dimensions, reduction, shaping
from fastnn.ops.conversion import cast
from fastnn.ops.node import array as as_array
from fastnn.ops.node import node
from fastnn.symbolic.tensors import is_traced


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """For each whole number k a row of 0 with a 1 at k; all 0 where k is none of the classes.

    Args:
        x: Whole numbers.
        num_classes: How many there are.
        axis: Where the new axis stands.
        dtype: The element type; None: "float32".
        sparse: No effect.
    """
    if is_traced(x):
        hot = node("OneHot", {"num_classes": int(num_classes)}, [cast(x, "int32")], "one_hot")
    else:
        hot = (as_array(x)[..., np.newaxis] == np.arange(num_classes)).astype(np.float32)
    hot = hot if dtype is None else cast(hot, dtype)
    return hot if axis in (-1, len(hot.shape) - 1) else shaping.moveaxis(hot, -1, axis)


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False, **kwargs: Any
) -> Any:
    """A row of 0 with a 1 at each of several whole numbers.

    Args:
        inputs: Whole numbers, of shape (..., several).
        num_classes: How many classes there are.
        axis: Where the classes stand.
        dtype: The element type; None: "float32".
        sparse: No effect.
        **kwargs: `num_tokens`, the older name of `num_classes`.
    """
    num_classes = kwargs.pop("num_tokens", num_classes)
    if kwargs or num_classes is None:
        raise TypeError(f"ops.multi_hot expects num_classes and no argument besides its own, got {sorted(kwargs)}")
    from_axis = 1 if dimensions.ndim(inputs) > 1 else 0
    hot = one_hot(inputs, num_classes, -1 if axis == -1 else axis + 1 if axis >= 0 else axis)
    found = reduction.max(hot, from_axis)
    return found if dtype is None else cast(found, dtype)
