"""Quantiles, percentiles and medians."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import joining, shaping
from fastnn.ops.arithmetic import add, multiply
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Returns quantiles along axes: the values below which a fraction q of the elements lies.

    Args:
        x: Tensor or array.
        q: Fraction from 0 to 1, or several, which become a new first axis (not for tensors with a batch).
        axis: Axis or axes along which to compute; None: all. Not the batch.
        method: "linear", "lower", "higher", "midpoint" or "nearest": value of a quantile between two elements.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `axis` is the batch, `method` is unknown, or there are several `q` for a tensor with a batch.

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
    if made.shape and made.shape[0] is None and (0 in axes or shares.ndim):
        raise ValueError(
            "ops.quantile: the batch stays the first axis; choose another axis, and for several q stack the results "
            "along axis 1"
        )
    kept = [i for i in range(made.ndim) if i not in axes]
    sizes = [made.shape[i] for i in kept]
    turned = shaping.transpose(made, [*kept, *axes])
    flat = shaping.reshape(turned, [-1 if one is None else one for one in sizes] + [_axes_count(made, axes)])
    ordered = node("Sort", {"axis": len(kept), "descending": False}, [flat], "sort")
    found = [_between(ordered, float(one), method) for one in shares.reshape(-1)]
    if keepdims:
        whole = [1 if i in axes else -1 if one is None else one for i, one in enumerate(made.shape)]
        found = [shaping.reshape(one, whole) for one in found]
    return joining.stack(found, 0) if shares.ndim else found[0]


def _axes_count(x: KerasTensor, axes: list[int]) -> int:
    total = 1
    for axis in axes:
        size = x.shape[axis]
        if size is None:
            raise ValueError(f"ops.quantile: axis {axis} of {x.shape} has no known size")
        total *= size
    return total


def _between(ordered: KerasTensor, share: float, method: str) -> Any:
    count = ordered.shape[-1] or 1
    place = share * (count - 1)
    low = int(np.floor(place))
    high = int(np.ceil(place))
    part = place - low
    if method not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueError(
            f"ops.quantile expects method 'linear', 'lower', 'higher', 'midpoint' or 'nearest', got {method!r}"
        )
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
        q: Percentage from 0 to 100, or several, which become a new first axis (not for tensors with a batch).
        axis: Axis or axes along which to compute; None: all. Not the batch.
        method: "linear", "lower", "higher", "midpoint" or "nearest": value of a quantile between two elements.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `axis` is the batch, `method` is unknown, or there are several `q` for a tensor with a batch.

    Example:
        >>> ops.percentile([1.0, 2.0, 3.0, 4.0, 5.0], 75)
        array(4., dtype=float32)
    """
    return quantile(x, np.asarray(q, np.float64) / 100.0, axis, method, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the median along axes; the mean of the two middle elements of an even number.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to compute; None: all. Not the batch.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `axis` is the batch.

    Example:
        >>> ops.median([4.0, 1.0, 2.0, 3.0])
        array(2.5, dtype=float32)
    """
    return quantile(x, 0.5, axis, "linear", keepdims)
