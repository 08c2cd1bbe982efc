"""Distances, correlations, histograms and integrals of samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import linear, reduction, shaping, slicing
from fastnn.ops.arithmetic import add, clip, divide, multiply, sqrt, square, subtract
from fastnn.ops.conversion import cast
from fastnn.ops.logic import equal, greater_equal, less, logical_and, logical_or
from fastnn.ops.node import lowered
from fastnn.symbolic.tensors import is_traced


def cdist(x: Any, y: Any) -> Any:
    """The distance of each row of x from each row of y.

    Args:
        x: Of shape (..., m, size).
        y: Of shape (..., n, size).

    Returns:
        Of shape (..., m, n).
    """
    x, y = cast(x, "float32"), cast(y, "float32")
    if len(x.shape) == 2 and x.shape[0] is None and len(y.shape) == 2:
        apart = subtract(shaping.expand_dims(x, 1), y)
    else:
        apart = subtract(shaping.expand_dims(x, -2), shaping.expand_dims(y, -3))
    return sqrt(reduction.sum(square(apart), -1))


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The area below a line through points.

    Args:
        y: The heights along an axis.
        x: Where they stand; None: at equal distances.
        dx: That distance.
        axis: Along which.
    """
    y = shaping.moveaxis(cast(y, "float32"), axis, -1)
    steps = dx if x is None else cast(slicing.diff(x), "float32")
    return multiply(0.5, reduction.sum(multiply(steps, add(y[..., 1:], y[..., :-1])), -1))


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """The products of one vector with each stretch of another, summed.

    Args:
        x1: A vector without a batch.
        x2: The same.
        mode: "valid", "same" or "full": which stretches.
    """
    x1, x2 = cast(x1, "float32"), cast(x2, "float32")
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
    """How alike the rows of a matrix without a batch are: covariances divided by the standard deviations."""
    x = cast(x, "float32")
    x = shaping.reshape(x, (1, -1)) if len(x.shape) == 1 else x
    if len(x.shape) != 2 or x.shape[0] is None:
        raise ValueError(f"ops.corrcoef expects a matrix without a batch, got {tuple(x.shape)}")
    apart = subtract(x, reduction.mean(x, 1, True))
    unit = divide(apart, sqrt(reduction.sum(square(apart), 1, True)))
    return clip(linear.matmul(unit, shaping.transpose(unit)), -1.0, 1.0)


def histogram(x: Any, bins: int = 10, range: Any = None) -> tuple[Any, Any]:
    """(How many numbers of a vector lie in each of `bins` equal parts of a range, the ends of the parts).

    Args:
        x: A vector.
        bins: How many parts.
        range: (lowest, highest); None: those of x.
    """
    x = cast(x, "float32")
    if len(x.shape) != 1:
        raise ValueError(f"ops.histogram expects one axis, got {tuple(x.shape)}")
    low, high = (reduction.min(x), reduction.max(x)) if range is None else (float(range[0]), float(range[1]))
    parts = np.linspace(0.0, 1.0, int(bins) + 1, dtype=np.float32)
    edges = add(multiply(low, 1 - parts), multiply(high, parts))
    column = shaping.expand_dims(x, -1)
    inside = logical_and(greater_equal(column, edges[:-1]), less(column, edges[1:]))
    top = np.arange(int(bins)) == int(bins) - 1
    inside = logical_or(inside, logical_and(top, equal(column, edges[-1:])))
    return reduction.sum(cast(inside, "int32"), 0), edges
