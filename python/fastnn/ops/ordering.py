"""Sorting, ranking and search."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import reduction, shaping, slicing
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.logic import equal, greater, isnan, less, less_equal, logical_not, where
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


def sort(x: Any, axis: int | None = -1) -> Any:
    """Returns the elements in ascending order along an axis.

    NaN comes last. Gradients flow to where the elements came from.

    Args:
        x: Tensor or array.
        axis: Axis along which to sort; None: the flattened array.

    Returns:
        Tensor or array of the shape of `x`, or flat.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.sort([3, 1, 2])
        array([1, 2, 3], dtype=int32)
    """
    if not is_traced(x):
        return np.sort(array(x), axis)
    if axis is None:
        return sort(shaping.ravel(x))
    made = _ordered(x)
    return (
        cast(sort(made, axis), "bool")
        if tensor(x).dtype == "bool"
        else node("Sort", {"axis": axes_of(axis, made.ndim, "sort")[0], "descending": False}, [made], "sort")
    )


def _ordered(x: Any) -> KerasTensor:
    made = tensor(x)
    return cast(made, "int32") if made.dtype == "bool" else made


def argsort(x: Any, axis: int | None = -1) -> Any:
    """Returns the indices that sort the elements in ascending order along an axis. Equal elements keep their order.

    Args:
        x: Tensor or array.
        axis: Axis along which to sort; None: the flattened array.

    Returns:
        Tensor or array of the shape of `x`, or flat, int32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.argsort([3, 1, 2])
        array([1, 2, 0], dtype=int32)
    """
    if not is_traced(x):
        return lowered(np.argsort(array(x), axis, kind="stable"))
    if axis is None:
        return argsort(shaping.ravel(x))
    made = _ordered(x)
    return node("ArgSort", {"axis": axes_of(axis, made.ndim, "argsort")[0], "descending": False}, [made], "argsort")


def argpartition(x: Any, kth: int, axis: int = -1) -> Any:
    """Returns indices along an axis that place the `kth` element in its sorted position, smaller ones before it.

    Args:
        x: Tensor or array.
        kth: Position.
        axis: Axis along which to sort.

    Returns:
        Tensor or array of the shape of `x`, int32.

    Raises:
        ValueError: `kth` is no integer.

    Example:
        >>> ops.argpartition([3, 1, 2], 1)
        array([1, 2, 0], dtype=int32)
    """
    if not isinstance(kth, (int, np.integer)):
        raise ValueError(f"ops.argpartition expects kth to be an integer, got {kth!r}")
    return argsort(x, axis)


@as_in_keras(module="math")
def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """Returns the k largest elements along the last axis and their indices, in descending order.

    Of equal elements the first comes first.

    Args:
        x: Tensor or array.
        k: Number of elements.
        sorted: Accepted for Keras compatibility; the elements are always sorted.

    Returns:
        (values, indices), tensors or arrays of shape `(..., k)`.

    Raises:
        ValueError: `x` is a scalar.

    Example:
        >>> ops.top_k([1, 9, 5], 2)
        (array([9, 5], dtype=int32), array([1, 2], dtype=int32))
    """
    if not is_traced(x):
        found = array(x)
        places = np.argsort(-found, axis=-1, kind="stable")[..., :k]
        return np.take_along_axis(found, places, -1), lowered(places)
    values, places = node("TopK", {"k": int(k)}, [tensor(x)], "top_k")
    return values, places


@as_in_keras(module="math")
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Returns True where the target class is among the k largest predictions.

    A class whose prediction equals the k-th largest is among them.

    Args:
        targets: Class indices, of shape `(...)`.
        predictions: Scores, of shape `(..., classes)`.
        k: Number of largest predictions.

    Returns:
        Tensor or array of type bool, of the shape of `targets`.

    Raises:
        IndexError: An array of targets has a class that the predictions lack.

    Example:
        >>> ops.in_top_k(np.array([2, 1]), np.array([[0.1, 0.3, 0.6], [0.5, 0.1, 0.4]]), 2)
        array([ True, False])
    """
    own = slicing.take_along_axis(predictions, shaping.expand_dims(cast(targets, "int32"), -1), -1)
    # A NaN is the least of all predictions.
    own = where(isnan(own), -np.inf, own)
    return less(reduction.sum(cast(greater(predictions, own), "int32"), -1), k)


@as_in_keras(class_name="SearchSorted")
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Returns the indices at which values would be inserted into a sorted sequence.

    Found by bisection; the sequence is not checked.

    Args:
        sorted_sequence: Sequence in ascending order.
        values: Values.
        side: "left" or "right": index before or after equal elements.

    Returns:
        Tensor or array of the shape of `values`, int32.

    Example:
        >>> ops.searchsorted([1, 3, 5], [3, 4])
        array([1, 2], dtype=int32)
    """
    if not is_traced([sorted_sequence, values]):
        return lowered(np.searchsorted(np.asarray(sorted_sequence), np.asarray(values), side))  # type: ignore[call-overload]
    compare = less if side == "left" else less_equal
    return reduction.sum(cast(compare(sorted_sequence, shaping.expand_dims(values, -1)), "int32"), -1)


@as_in_keras(arrays="bins")
def digitize(x: Any, bins: Any) -> Any:
    """Returns the number of the bin of each element: the number of bin edges that are not above it.

    Args:
        x: Tensor or array.
        bins: Edges in ascending order.

    Returns:
        Tensor or array of the shape of `x`, int32.

    Raises:
        ValueError: `bins` has not one axis.

    Example:
        >>> ops.digitize([0.5, 1.0, 2.5], [1.0, 2.0])
        array([0, 1, 2], dtype=int32)
    """
    rank = len(bins.shape if is_traced(bins) else np.shape(bins))
    if rank != 1:
        raise ValueError(f"ops.digitize expects bins to have one axis, got {rank}")
    return searchsorted(bins, x, "right")


@as_in_keras(class_name="IsIn")
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Returns True for the elements of x1 that are among those of x2.

    Args:
        x1: Tensor or array.
        x2: Tensor without a batch, or array.
        assume_unique: Accepted for Keras compatibility; ignored.
        invert: Returns True for the elements that are not among them.

    Returns:
        Tensor or array of type bool, of the shape of `x1`.

    Example:
        >>> ops.isin([1, 2, 3], [2, 3])
        array([False,  True,  True])
    """
    x1, others = convert_to_tensor(x1), shaping.reshape(convert_to_tensor(x2), (-1,))
    found = reduction.any(equal(shaping.expand_dims(x1, -1), others), -1)
    return logical_not(found) if invert else found
