"""Functions of the order of numbers, and of the groups that they belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import elementwise as el
from fastnn.ops import reduction, shaping
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


def sort(x: Any, axis: int = -1) -> Any:
    """From the smallest to the largest along an axis."""
    if not is_traced(x):
        return np.sort(array(x), axis)
    made = _ordered(x)
    return (
        el.cast(sort(made, axis), "bool")
        if tensor(x).dtype == "bool"
        else node("Sort", {"axis": axes_of(axis, made.ndim, "sort")[0], "descending": False}, [made], "sort")
    )


def _ordered(x: Any) -> KerasTensor:
    made = tensor(x)
    return el.cast(made, "int32") if made.dtype == "bool" else made


def argsort(x: Any, axis: int = -1) -> Any:
    """The places of the numbers, from the smallest to the largest: int32."""
    if not is_traced(x):
        return lowered(np.argsort(array(x), axis, kind="stable"))
    made = _ordered(x)
    return node("ArgSort", {"axis": axes_of(axis, made.ndim, "argsort")[0], "descending": False}, [made], "argsort")


@as_in_keras(module="math")
def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """(The k largest along the last axis, their places), the largest first."""
    if not is_traced(x):
        found = array(x)
        places = np.argsort(-found, axis=-1, kind="stable")[..., :k]
        return np.take_along_axis(found, places, -1), lowered(places)
    values, places = node("TopK", {"k": int(k)}, [tensor(x)], "top_k")
    return values, places


@as_in_keras(module="math")
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the number at the place `targets` is among the k largest of each row."""
    own = shaping.take_along_axis(predictions, shaping.expand_dims(el.cast(targets, "int32"), -1), -1)
    return el.less(reduction.sum(el.cast(el.greater(predictions, own), "int32"), -1), k)


@as_in_keras(class_name="SearchSorted")
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Before which place of a sorted row each value belongs."""
    if not is_traced([sorted_sequence, values]):
        return lowered(np.searchsorted(np.asarray(sorted_sequence), np.asarray(values), side))  # type: ignore[call-overload]
    compare = el.less if side == "left" else el.less_equal
    return reduction.sum(el.cast(compare(sorted_sequence, shaping.expand_dims(values, -1)), "int32"), -1)


def argpartition(x: Any, kth: int, axis: int = -1) -> Any:
    """Places along an axis such that the `kth` is where it belongs in order, and none before it is larger."""
    return argsort(x, axis)


@as_in_keras(arrays="bins")
def digitize(x: Any, bins: Any) -> Any:
    """How many of the rising `bins` are not above each number: int32."""
    return searchsorted(bins, x, "right")


@as_in_keras(class_name="IsIn")
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each number of x1 is among those of x2 (`invert`: is not); x2 has no batch."""
    x1, others = el.convert_to_tensor(x1), shaping.reshape(el.convert_to_tensor(x2), (-1,))
    found = reduction.any(el.equal(shaping.expand_dims(x1, -1), others), -1)
    return el.logical_not(found) if invert else found


@as_in_keras(in_config="bins")
def histogram(x: Any, bins: int = 10, range: Any = None) -> tuple[Any, Any]:
    """(How many numbers of a vector lie in each of `bins` equal parts of a range, the ends of the parts).

    Args:
        x: A vector.
        bins: How many parts.
        range: (lowest, highest); None: those of x.
    """
    x = el.cast(x, "float32")
    if len(x.shape) != 1:
        raise ValueError(f"ops.histogram expects one axis, got {tuple(x.shape)}")
    low, high = (reduction.min(x), reduction.max(x)) if range is None else (float(range[0]), float(range[1]))
    parts = np.linspace(0.0, 1.0, int(bins) + 1, dtype=np.float32)
    edges = el.add(el.multiply(low, 1 - parts), el.multiply(high, parts))
    column = shaping.expand_dims(x, -1)
    inside = el.logical_and(el.greater_equal(column, edges[:-1]), el.less(column, edges[1:]))
    top = np.arange(int(bins)) == int(bins) - 1
    inside = el.logical_or(inside, el.logical_and(top, el.equal(column, edges[-1:])))
    return reduction.sum(el.cast(inside, "int32"), 0), edges


# By order.


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The number that a share q of all lies below.

    Args:
        x: A tensor or an array.
        q: A share from 0 to 1, or several, which become a first axis (none of a batch).
        axis: Along which, one or several; None: all. Not the batch.
        method: Where q falls between two numbers: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: Whether these axes stay.

    Raises:
        ValueError: The axis is the batch, the method is unknown, or there are several q for a batch.
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
    flat = shaping.reshape(turned, [-1 if one is None else one for one in sizes] + [_count(made, axes)])
    ordered = node("Sort", {"axis": len(kept), "descending": False}, [flat], "sort")
    found = [_between(ordered, float(one), method) for one in shares.reshape(-1)]
    if keepdims:
        whole = [1 if i in axes else -1 if one is None else one for i, one in enumerate(made.shape)]
        found = [shaping.reshape(one, whole) for one in found]
    return shaping.stack(found, 0) if shares.ndim else found[0]


def _count(x: KerasTensor, axes: list[int]) -> int:
    total = 1
    for axis in axes:
        size = x.shape[axis]
        if size is None:
            raise ValueError(f"ops.quantile: axis {axis} of {x.shape} has no size that is known")
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
    return el.add(el.multiply(ordered[..., low], 1.0 - part), el.multiply(ordered[..., high], part))


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """As `quantile`, with q from 0 to 100."""
    return quantile(x, np.asarray(q, np.float64) / 100.0, axis, method, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The number in the middle, or the mean of the two there."""
    return quantile(x, 0.5, axis, "linear", keepdims)


# By group.


def _members(segment_ids: Any, num_segments: int | None, who: str) -> tuple[Any, int]:
    if num_segments is None:
        if is_traced(segment_ids):
            raise ValueError(f"ops.{who} expects num_segments: how many there are is not known beforehand")
        num_segments = int(np.max(np.asarray(segment_ids), initial=-1)) + 1
    if len(segment_ids.shape if hasattr(segment_ids, "shape") else np.shape(segment_ids)) != 1:
        raise ValueError(f"ops.{who} expects segment_ids of one axis")
    ids = shaping.expand_dims(el.cast(segment_ids, "int32"), 1)
    return el.equal(ids, np.arange(num_segments, dtype=np.int32)), num_segments


def _by_segment(op: Callable[..., Any], otherwise: Any, data: Any, ids: Any, count: int | None, who: str) -> Any:
    members, count = _members(ids, count, who)
    data = data if is_traced(data) else array(data)
    rank = len(data.shape)
    for _ in range(rank - 1):
        members = shaping.expand_dims(members, -1)
    if el.dtype(data) != "float32":
        otherwise = {np.inf: 2**31 - 1, -np.inf: -(2**31)}.get(otherwise, otherwise)
    return op(el.where(members, shaping.expand_dims(data, 1), otherwise), 0)


@as_in_keras(module="math")
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The sum of the rows of each group.

    Args:
        data: Of shape (rows, ...).
        segment_ids: To which group each row belongs: whole numbers; one that is no group leaves the row out.
        num_segments: How many groups; None: as `segment_ids` say, where they are no symbolic tensor.
        sorted: No effect.

    Returns:
        Of shape (num_segments, ...), which has no batch.
    """
    return _by_segment(reduction.sum, 0, data, segment_ids, num_segments, "segment_sum")


@as_in_keras(module="math")
def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The product of the rows of each group; as `segment_sum`."""
    return _by_segment(reduction.prod, 1, data, segment_ids, num_segments, "segment_prod")


@as_in_keras(module="math")
def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The largest of the rows of each group, -inf for a group without rows; as `segment_sum`."""
    return _by_segment(reduction.max, -np.inf, data, segment_ids, num_segments, "segment_max")


@as_in_keras(module="math")
def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The smallest of the rows of each group, inf for a group without rows; as `segment_sum`."""
    return _by_segment(reduction.min, np.inf, data, segment_ids, num_segments, "segment_min")
