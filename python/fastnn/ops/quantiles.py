"""Quantiles, percentiles and medians."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from fastnn.ops import dimensions, joining, rounding, shaping, slicing
from fastnn.ops.arithmetic import add, multiply
from fastnn.ops.conversion import cast
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Returns quantiles along axes: the values below which a fraction q of the elements lies.

    Args:
        x: Tensor or array.
        q: Fraction from 0 to 1, or several, which become a new first axis.
        axis: Axis or axes along which to compute; None: all.
        method: "linear", "lower", "higher", "midpoint" or "nearest": value of a quantile between two elements.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `method` is unknown.

    Example:
        >>> ops.quantile([1.0, 2.0, 3.0, 4.0, 5.0], 0.75)
        array(4., dtype=float32)
    """
    shares = np.asarray(q, np.float64)
    if not is_traced(x):
        axes = tuple(axis) if isinstance(axis, list) else axis
        return lowered(np.quantile(array(x).astype(np.float32), shares, axes, method=method, keepdims=keepdims))  # type: ignore[call-overload]
    made = tensor(x, "float32")
    axes = axes_of(axis, made.ndim, "quantile")
    kept = [i for i in range(made.ndim) if i not in axes]
    sizes = dimensions.shape(made)
    turned = shaping.transpose(made, [*kept, *axes])
    count = functools.reduce(operator.mul, [sizes[i] for i in axes], 1)
    flat = turned if len(axes) == 1 else shaping.reshape(turned, [*(sizes[i] for i in kept), count])
    ordered = node("Sort", {"axis": len(kept), "descending": False}, [flat], "sort")
    found = [_between(ordered, float(one), method) for one in shares.reshape(-1)]
    if keepdims:
        found = [shaping.expand_dims(one, axes) for one in found]
    return joining.stack(found, 0) if shares.ndim else found[0]


def _between(ordered: KerasTensor, share: float, method: str) -> Any:
    if method not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueError(
            f"ops.quantile expects method 'linear', 'lower', 'higher', 'midpoint' or 'nearest', got {method!r}"
        )
    count = ordered.shape[-1]
    if count is None:
        # The place follows from the size, and is known when that is.
        place: Any = (cast(dimensions.axis_size(ordered, ordered.ndim - 1), "float32") - 1.0) * share
        rounded = {"lower": rounding.floor, "higher": rounding.ceil, "nearest": rounding.round}
        if method in rounded:
            return slicing.take(ordered, cast(rounded[method](place), "int32"), -1)
        low, high = rounding.floor(place), rounding.ceil(place)
        part = 0.5 * (high - low) if method == "midpoint" else place - low
        below, above = (slicing.take(ordered, cast(one, "int32"), -1) for one in (low, high))
        return below * (1.0 - part) + above * part
    place = share * ((count or 1) - 1)
    low, high = int(np.floor(place)), int(np.ceil(place))
    part = place - low
    if method == "lower" or low == high:
        return ordered[..., low]
    if method == "higher":
        return ordered[..., high]
    if method == "nearest":
        return ordered[..., int(np.round(place))]
    part = 0.5 if method == "midpoint" else part
    return add(multiply(ordered[..., low], 1.0 - part), multiply(ordered[..., high], part))


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Returns percentiles along axes: `quantile` with q from 0 to 100.

    Args:
        x: Tensor or array.
        q: Percentage from 0 to 100, or several, which become a new first axis.
        axis: Axis or axes along which to compute; None: all.
        method: "linear", "lower", "higher", "midpoint" or "nearest": value of a quantile between two elements.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `method` is unknown.

    Example:
        >>> ops.percentile([1.0, 2.0, 3.0, 4.0, 5.0], 75)
        array(4., dtype=float32)
    """
    return quantile(x, np.asarray(q, np.float64) / 100.0, axis, method, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the median along axes; the mean of the two middle elements of an even number.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to compute; None: all.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Example:
        >>> ops.median([4.0, 1.0, 2.0, 3.0])
        array(2.5, dtype=float32)
    """
    return quantile(x, 0.5, axis, "linear", keepdims)
