"""Distances, correlations, histograms and integrals of samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import linear, reduction, shaping, slicing
from fastnn.ops.arithmetic import add, clip, divide, multiply, sqrt, square, subtract
from fastnn.ops.conversion import cast
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.logic import equal, greater_equal, less, logical_and, logical_or
from fastnn.ops.node import lowered
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


@as_in_keras(module="math", class_name="CDist")
def cdist(x: Any, y: Any) -> Any:
    """Returns the Euclidean distance of each row of x from each row of y.

    Args:
        x: Tensor or array of shape `(..., m, size)`.
        y: Tensor or array of shape `(..., n, size)`.

    Returns:
        Tensor or array of shape `(..., m, n)`, float32.

    Raises:
        ValueError: Rows of x and y differ in length.

    Example:
        >>> ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
        array([[5., 1.]], dtype=float32)
    """
    x, y = cast(x, floatx()), cast(y, floatx())
    if len(x.shape) == 2 and x.shape[0] is None and len(y.shape) == 2:
        apart = subtract(shaping.expand_dims(x, 1), y)
    else:
        apart = subtract(shaping.expand_dims(x, -2), shaping.expand_dims(y, -3))
    return sqrt(reduction.sum(square(apart), -1))


@as_in_keras(in_config="x")
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """Returns the integral along an axis by the trapezoidal rule. Neighboring points are joined by straight lines.

    Args:
        y: Values of the function.
        x: Points at which it was evaluated; None: evenly spaced.
        dx: Distance between the points where `x` is None.
        axis: Axis along which to integrate.

    Returns:
        Tensor or array without this axis, float32.

    Raises:
        ValueError: There is no such axis.

    Example:
        >>> ops.trapezoid([1.0, 2.0, 3.0])
        array(4., dtype=float32)
    """
    y = shaping.moveaxis(cast(y, floatx()), axis, -1)
    steps: Any = dx
    if x is not None:
        steps = cast(
            slicing.diff(x, axis=axis if len(np.shape(x) if not is_traced(x) else x.shape) > 1 else -1), floatx()
        )
        steps = shaping.moveaxis(steps, axis, -1) if len(steps.shape) > 1 else steps
    return multiply(0.5, reduction.sum(multiply(steps, add(y[..., 1:], y[..., :-1])), -1))


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """Returns the cross-correlation of two vectors.

    The first is moved along the second; neither is reversed, as it would be in a convolution.

    Args:
        x1: Vector without a batch.
        x2: Vector without a batch.
        mode: "valid" (complete overlaps only), "same" (length of the longer vector) or "full" (all overlaps).

    Returns:
        Tensor or array of rank 1, float32.

    Raises:
        ValueError: An argument is not a vector without a batch, or `mode` is unknown.

    Example:
        >>> ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0])
        array([2., 3.], dtype=float32)
    """
    x1, x2 = cast(x1, floatx()), cast(x2, floatx())
    if len(x1.shape) != 1 or len(x2.shape) != 1 or None in (*x1.shape, *x2.shape):
        raise ValueError(f"ops.correlate expects two vectors without a batch, got {tuple(x1.shape)}, {tuple(x2.shape)}")
    if not is_traced([x1, x2]):
        return lowered(np.correlate(x1, x2, mode))  # type: ignore[call-overload]
    m, n = x1.shape[0], x2.shape[0]
    full = shaping.pad(x1, [(n - 1, n - 1)])
    places = np.arange(m + n - 1)[:, np.newaxis] + np.arange(n)
    made = linear.matmul(slicing.take(full, places, 0), x2)
    count = {"full": m + n - 1, "same": max(m, n), "valid": max(m, n) - min(m, n) + 1}.get(mode)
    if count is None:
        raise ValueError(f"ops.correlate expects mode 'valid', 'same' or 'full', got {mode!r}")
    start = {"full": 0, "same": (min(m, n) - (0 if m < n else 1)) // 2, "valid": min(m, n) - 1}[mode]
    return made[start : start + count]


def corrcoef(x: Any) -> Any:
    """Returns the correlation coefficients of the rows of a matrix.

    Args:
        x: Matrix; a vector counts as one row.

    Returns:
        Tensor or array of shape `(rows, rows)`, float32.

    Raises:
        ValueError: `x` has another rank.

    Example:
        >>> ops.corrcoef([[1.0, -1.0], [-1.0, 1.0]]).round(3)
        array([[ 1., -1.],
               [-1.,  1.]], dtype=float32)
    """
    x = cast(x, floatx())
    x = shaping.reshape(x, (1, -1)) if len(x.shape) == 1 else x
    if len(x.shape) != 2:
        raise ValueError(f"ops.corrcoef expects a matrix, got {tuple(x.shape)}")
    apart = subtract(x, reduction.mean(x, 1, True))
    unit = divide(apart, sqrt(reduction.sum(square(apart), 1, True)))
    return clip(linear.matmul(unit, shaping.transpose(unit)), -1.0, 1.0)


@as_in_keras(in_config="bins")
def histogram(x: Any, bins: int = 10, range: Any = None) -> tuple[Any, Any]:
    """Returns the histogram of a vector.

    Args:
        x: Vector, a tensor or an array.
        bins: Number of bins of equal width.
        range: (lowest, highest) value; None: those of `x`.

    Returns:
        (counts of shape `(bins,)`, edges of shape `(bins + 1,)`).

    Raises:
        ValueError: `x` is not a vector, or `bins` or `range` are no such numbers.

    Example:
        >>> ops.histogram([0.0, 1.0, 1.0, 4.0], bins=2)
        (array([3, 1], dtype=int32), array([0., 2., 4.], dtype=float32))
    """
    x = cast(x, floatx())
    if len(x.shape) != 1:
        raise ValueError(f"ops.histogram expects one axis, got {tuple(x.shape)}")
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ValueError(f"ops.histogram expects bins to be a positive integer, got {bins!r}")
    if range is not None and (len(range) != 2 or range[1] < range[0]):
        raise ValueError(f"ops.histogram expects range to be (lowest, highest), got {range!r}")
    low, high = (reduction.min(x), reduction.max(x)) if range is None else (float(range[0]), float(range[1]))
    parts = np.linspace(0.0, 1.0, int(bins) + 1, dtype=floatx())
    edges = add(multiply(low, 1 - parts), multiply(high, parts))
    column = shaping.expand_dims(x, -1)
    inside = logical_and(greater_equal(column, edges[:-1]), less(column, edges[1:]))
    top = np.arange(int(bins)) == int(bins) - 1
    inside = logical_or(inside, logical_and(top, equal(column, edges[-1:])))
    return reduction.sum(cast(inside, "int32"), 0), edges
