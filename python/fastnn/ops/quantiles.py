"""Quantiles, percentiles and medians, of all elements or of those that are not NaN."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import dimensions, joining, reduction, rounding, shaping, slicing
from fastnn.ops.arithmetic import add, maximum, multiply
from fastnn.ops.conversion import cast
from fastnn.ops.logic import equal, isnan, logical_not, where
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.precision import floatx
from fastnn.symbolic.tensors import KerasTensor, is_traced


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Returns quantiles along axes: the values below which a fraction q of the elements lies.

    Between two elements it is interpolated, as `method` says.

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

    References:
        - Hyndman, Fan, "Sample Quantiles in Statistical Packages", 1996.

    Example:
        >>> ops.quantile([1.0, 2.0, 3.0, 4.0, 5.0], 0.75)
        array(4., dtype=float32)
    """
    shares = np.asarray(q, np.float64)
    if not is_traced(x):
        axes = tuple(axis) if isinstance(axis, list) else axis
        return lowered(np.quantile(array(x).astype(floatx()), shares, axes, method=method, keepdims=keepdims))  # type: ignore[call-overload]
    ordered, axes = _ordered(tensor(x, floatx()), axis, "quantile")
    return _each(shares, lambda share: _between(ordered, share, method), axes, keepdims)


def _ordered(x: KerasTensor, axis: Any, who: str) -> tuple[KerasTensor, list[int]]:
    """Returns the elements along axes in ascending order along the last axis, and these axes."""
    axes = axes_of(axis, x.ndim, who)
    kept = [i for i in range(x.ndim) if i not in axes]
    sizes = dimensions.shape(x)
    turned = shaping.transpose(x, [*kept, *axes])
    count = functools.reduce(operator.mul, [sizes[i] for i in axes], 1)
    flat = turned if len(axes) == 1 else shaping.reshape(turned, [*(sizes[i] for i in kept), count])
    return node("Sort", {"axis": len(kept), "descending": False}, [flat], "sort"), axes


def _each(shares: Any, found: Callable[[float], Any], axes: list[int], keepdims: bool) -> Any:
    """Returns the values for all shares, with the axes that are kept."""
    made = [found(float(one)) for one in shares.reshape(-1)]
    if keepdims:
        made = [shaping.expand_dims(one, axes) for one in made]
    return joining.stack(made, 0) if shares.ndim else made[0]


def _between(ordered: KerasTensor, share: float, method: str) -> Any:
    _check(method, "quantile")
    count = ordered.shape[-1]
    if count is None:
        # The place follows from the size, and is known when that is.
        place: Any = (cast(dimensions.axis_size(ordered, ordered.ndim - 1), floatx()) - 1.0) * share
        rounded = {"lower": rounding.floor, "higher": rounding.ceil, "nearest": rounding.round}
        if method in rounded:
            return slicing.take(ordered, cast(rounded[method](place), "int32"), -1)
        low, high = rounding.floor(place), rounding.ceil(place)
        part = 0.5 * (high - low) if method == "midpoint" else place - low
        below, above = (slicing.take(ordered, cast(one, "int32"), -1) for one in (low, high))
        return where(equal(low, high), below, below * (1.0 - part) + above * part)
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


def _check(method: str, who: str) -> None:
    if method not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueError(
            f"ops.{who} expects method 'linear', 'lower', 'higher', 'midpoint' or 'nearest', got {method!r}"
        )


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

    Gradients flow to the middle elements.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to compute; None: all.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.median([4.0, 1.0, 2.0, 3.0])
        array(2.5, dtype=float32)
    """
    return quantile(x, 0.5, axis, "linear", keepdims)


def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Returns quantiles along axes of the elements that are not NaN.

    Args:
        x: Tensor or array.
        q: Fraction from 0 to 1, or several, which become a new first axis.
        axis: Axis or axes along which to compute; None: all.
        method: "linear", "lower", "higher", "midpoint" or "nearest": value of a quantile between two elements.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32; NaN where all elements are.

    Raises:
        ValueError: `method` is unknown.

    Example:
        >>> ops.nanquantile([1.0, np.nan, 3.0], 0.5)
        array(2., dtype=float32)
    """
    _check(method, "nanquantile")
    shares = np.asarray(q, np.float64)
    ordered: Any
    if is_traced(x):
        made = tensor(x, floatx())
        ordered, axes = _ordered(where(isnan(made), np.inf, made), axis, "nanquantile")
        valid = reduction.sum(cast(logical_not(isnan(made)), floatx()), axes)
    else:
        found = array(x).astype(floatx())
        axes = axes_of(axis, found.ndim, "nanquantile")
        kept = [i for i in range(found.ndim) if i not in axes]
        ordered = np.sort(found.transpose([*kept, *axes]).reshape([*(found.shape[i] for i in kept), -1]), -1)
        valid = np.asarray((~np.isnan(ordered)).sum(-1), dtype=floatx())
    return _each(shares, lambda share: _between_valid(ordered, valid, share, method), axes, keepdims)


def _between_valid(ordered: Any, valid: Any, share: float, method: str) -> Any:
    place = multiply(maximum(valid - 1.0, 0.0), share)
    low, high = rounding.floor(place), rounding.ceil(place)
    low, high, part = {
        "linear": (low, high, place - low), "lower": (low, low, 0.0), "higher": (high, high, 0.0),
        "midpoint": (low, high, 0.5), "nearest": (rounding.round(place), rounding.round(place), 0.0),
    }[method]  # fmt: skip
    below, above = (
        slicing.take_along_axis(ordered, shaping.expand_dims(cast(one, "int32"), -1), -1)[..., 0] for one in (low, high)
    )
    mixed = where(equal(low, high), below, add(multiply(below, 1.0 - part), multiply(above, part)))  # 0 * inf is NaN
    return where(equal(valid, 0.0), np.nan, mixed)


def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """Returns percentiles along axes of the elements that are not NaN: `nanquantile` with q from 0 to 100.

    Args:
        x: Tensor or array.
        q: Percentage from 0 to 100, or several, which become a new first axis.
        axis: Axis or axes along which to compute; None: all.
        method: "linear", "lower", "higher", "midpoint" or "nearest": value of a quantile between two elements.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32; NaN where all elements are.

    Raises:
        ValueError: `method` is unknown.

    Example:
        >>> ops.nanpercentile([1.0, np.nan, 3.0], 50)
        array(2., dtype=float32)
    """
    return nanquantile(x, np.asarray(q, np.float64) / 100.0, axis, method, keepdims)


def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the median along axes of the elements that are not NaN.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to compute; None: all.
        keepdims: Keeps these axes, with size 1.

    Returns:
        Tensor or array without these axes, float32; NaN where all elements are.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.nanmedian([4.0, np.nan, 2.0, 3.0])
        array(3., dtype=float32)
    """
    return nanquantile(x, 0.5, axis, "linear", keepdims)
