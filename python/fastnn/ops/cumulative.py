"""Cumulative sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import reduction, shaping
from fastnn.ops.conversion import cast
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic.tensors import is_traced


def _cumulative(op: str, function: reduction.Reduction, x: Any, axis: int | None) -> Any:
    if not is_traced(x):
        return lowered(function(array(x), axis=axis))
    made = tensor(x)
    made = cast(made, "int32") if made.dtype == "bool" else made
    if axis is None:
        made, axis = shaping.reshape(made, -1), 0
    return node("Cumulative", {"op": op, "axis": axes_of(axis, made.ndim, op)[0]}, [made], f"cum{op}")


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Returns the cumulative sum along an axis. Element i is the sum of the elements 0 to i.

    Args:
        x: Tensor or array.
        axis: Axis along which to sum; None: the flattened array.
        dtype: Element type in which it is computed; None: its own.

    Returns:
        Tensor or array of the shape of `x`, or flat.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.cumsum([1, 2, 3])
        array([1, 3, 6], dtype=int32)
    """
    return _cumulative("sum", np.cumsum, x if dtype is None else cast(x, dtype), axis)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Returns the cumulative product along an axis. Element i is the product of the elements 0 to i.

    Args:
        x: Tensor or array.
        axis: Axis along which to multiply; None: the flattened array.
        dtype: Element type in which it is computed; None: its own.

    Returns:
        Tensor or array of the shape of `x`, or flat.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.cumprod([2, 3, 4])
        array([ 2,  6, 24], dtype=int32)
    """
    return _cumulative("prod", np.cumprod, x if dtype is None else cast(x, dtype), axis)
