"""Sorting, ranking and search."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import reduction, shaping, slicing
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.logic import equal, greater, less, less_equal, logical_not
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


def sort(x: Any, axis: int = -1) -> Any:
    """From the smallest to the largest along an axis."""
    if not is_traced(x):
        return np.sort(array(x), axis)
    made = _ordered(x)
    return (
        cast(sort(made, axis), "bool")
        if tensor(x).dtype == "bool"
        else node("Sort", {"axis": axes_of(axis, made.ndim, "sort")[0], "descending": False}, [made], "sort")
    )


def _ordered(x: Any) -> KerasTensor:
    made = tensor(x)
    return cast(made, "int32") if made.dtype == "bool" else made


def argsort(x: Any, axis: int = -1) -> Any:
    """The places of the numbers, from the smallest to the largest: int32."""
    if not is_traced(x):
        return lowered(np.argsort(array(x), axis, kind="stable"))
    made = _ordered(x)
    return node("ArgSort", {"axis": axes_of(axis, made.ndim, "argsort")[0], "descending": False}, [made], "argsort")


def argpartition(x: Any, kth: int, axis: int = -1) -> Any:
    """Places along an axis such that the `kth` is where it belongs in order, and none before it is larger."""
    return argsort(x, axis)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """(The k largest along the last axis, their places), the largest first."""
    if not is_traced(x):
        found = array(x)
        places = np.argsort(-found, axis=-1, kind="stable")[..., :k]
        return np.take_along_axis(found, places, -1), lowered(places)
    values, places = node("TopK", {"k": int(k)}, [tensor(x)], "top_k")
    return values, places


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the number at the place `targets` is among the k largest of each row."""
    own = slicing.take_along_axis(predictions, shaping.expand_dims(cast(targets, "int32"), -1), -1)
    return less(reduction.sum(cast(greater(predictions, own), "int32"), -1), k)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Before which place of a sorted row each value belongs."""
    if not is_traced([sorted_sequence, values]):
        return lowered(np.searchsorted(np.asarray(sorted_sequence), np.asarray(values), side))  # type: ignore[call-overload]
    compare = less if side == "left" else less_equal
    return reduction.sum(cast(compare(sorted_sequence, shaping.expand_dims(values, -1)), "int32"), -1)


def digitize(x: Any, bins: Any) -> Any:
    """How many of the rising `bins` are not above each number: int32."""
    return searchsorted(bins, x, "right")


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each number of x1 is among those of x2 (`invert`: is not); x2 has no batch."""
    x1, others = convert_to_tensor(x1), shaping.reshape(convert_to_tensor(x2), (-1,))
    found = reduction.any(equal(shaping.expand_dims(x1, -1), others), -1)
    return logical_not(found) if invert else found
