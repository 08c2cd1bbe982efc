"""Reductions and cumulative sums that ignore NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import cumulative, reduction
from fastnn.ops.arithmetic import divide, sqrt, square, subtract
from fastnn.ops.conversion import cast
from fastnn.ops.logic import isnan, logical_not, where
from fastnn.precision import floatx


def _numbers(x: Any, otherwise: float) -> Any:
    return where(isnan(x), otherwise, cast(x, floatx()))


def _empty(x: Any, axis: Any, keepdims: bool) -> Any:
    """Returns True where all elements are NaN."""
    return reduction.all(isnan(x), axis, keepdims)


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the sum along axes of the elements that are not NaN. The sum of no elements is 0.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nansum([1.0, np.nan, 3.0])
        array(4., dtype=float32)
    """
    return reduction.sum(_numbers(x, 0.0), axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the product along axes of the elements that are not NaN. The product of no elements is 1.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nanprod([2.0, np.nan, 3.0])
        array(6., dtype=float32)
    """
    return reduction.prod(_numbers(x, 1.0), axis, keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the mean along axes of the elements that are not NaN. It is NaN where there is none.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nanmean([1.0, np.nan, 3.0])
        array(2., dtype=float32)
    """
    count = reduction.sum(cast(logical_not(isnan(x)), floatx()), axis, keepdims)
    return divide(nansum(x, axis, keepdims), count)


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the variance along axes of the elements that are not NaN. It is NaN where there is none.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nanvar([1.0, np.nan, 3.0])
        array(1., dtype=float32)
    """
    return nanmean(square(subtract(x, nanmean(x, axis, True))), axis, keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the standard deviation along axes of the elements that are not NaN. It is NaN where there is none.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nanstd([1.0, np.nan, 5.0])
        array(2., dtype=float32)
    """
    return sqrt(nanvar(x, axis, keepdims))


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the largest element along axes that is not NaN; NaN where there is none.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nanmax([1.0, np.nan, 3.0])
        array(3., dtype=float32)
    """
    return where(_empty(x, axis, keepdims), float("nan"), reduction.max(_numbers(x, -np.inf), axis, keepdims))


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the smallest element along axes that is not NaN; NaN where there is none.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nanmin([1.0, np.nan, 3.0])
        array(1., dtype=float32)
    """
    return where(_empty(x, axis, keepdims), float("nan"), reduction.min(_numbers(x, np.inf), axis, keepdims))


def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Returns the index of the largest element along an axis that is not NaN; -1 where there is none.

    Args:
        x: Tensor or array.
        axis: Axis along which to search; None: the flattened array.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array of type int32 without this axis.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nanargmax([1.0, np.nan, 3.0])
        array(2, dtype=int32)
    """
    return where(_empty(x, axis, keepdims), -1, reduction.argmax(_numbers(x, -np.inf), axis, keepdims))


def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Returns the index of the smallest element along an axis that is not NaN; -1 where there is none.

    Args:
        x: Tensor or array.
        axis: Axis along which to search; None: the flattened array.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array of type int32 without this axis.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nanargmin([1.0, np.nan, 3.0])
        array(0, dtype=int32)
    """
    return where(_empty(x, axis, keepdims), -1, reduction.argmin(_numbers(x, np.inf), axis, keepdims))


def nancumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Returns the cumulative sum along an axis, with NaN counted as 0.

    Args:
        x: Tensor or array.
        axis: Axis along which to sum; None: the flattened array; (): none.
        dtype: Element type of the result; None: its own.

    Returns:
        Tensor or array of the shape of `x`, or flat.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nancumsum([1.0, np.nan, 3.0])
        array([1., 1., 4.], dtype=float32)
    """
    axis = _one_axis(axis)
    return _numbers(x, 0.0) if axis == () else cumulative.cumsum(_numbers(x, 0.0), axis, dtype)


def nancumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Returns the cumulative product along an axis, with NaN counted as 1.

    Args:
        x: Tensor or array.
        axis: Axis along which to multiply; None: the flattened array; (): none.
        dtype: Element type of the result; None: its own.

    Returns:
        Tensor or array of the shape of `x`, or flat.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nancumprod([2.0, np.nan, 3.0])
        array([2., 2., 6.], dtype=float32)
    """
    axis = _one_axis(axis)
    return _numbers(x, 1.0) if axis == () else cumulative.cumprod(_numbers(x, 1.0), axis, dtype)


def _one_axis(axis: Any) -> Any:
    """Returns the axis of a tuple of one; those of others are as they are."""
    return axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
