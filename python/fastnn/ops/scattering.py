"""Functions that write values at given indices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.ops import dimensions, shaping, slicing
from fastnn.ops.arithmetic import add, floor_divide, mod
from fastnn.ops.conversion import cast, together
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.logic import where
from fastnn.ops.node import array, lowered, node, one_type, tensor
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


@as_in_keras(module="core")
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """Returns a tensor with a block of it replaced.

    Args:
        inputs: Tensor or array.
        start_indices: First index of the block along each axis, integers; 0 for the batch.
        updates: Values of the block, of the same rank.

    Returns:
        Tensor or array of the shape of `inputs`.

    Raises:
        TypeError: An index is a symbolic tensor.
        ValueError: The block does not lie in the tensor, or covers the batch in part.

    Example:
        >>> ops.slice_update([1, 2, 3], [1], [20])
        array([ 1, 20,  3], dtype=int32)
    """
    starts = [start if is_traced(start) else int(start) for start in start_indices]
    if is_traced(starts):
        raise TypeError("ops.slice_update expects start_indices that are integers, got a symbolic tensor")
    if not is_traced([inputs, updates]):
        found, part = together(inputs, updates)
        found = found.copy()
        found[tuple(slice(a, a + n) for a, n in zip(starts, part.shape, strict=True))] = part
        return found
    made, part = one_type(inputs, updates)
    widths, inside = [], np.ones([1] * made.ndim, bool)
    for axis, (start, size, count) in enumerate(zip(starts, made.shape, part.shape, strict=True)):
        if size is None or count is None:
            if start or size != count:
                raise ValueError(f"ops.slice_update: axis {axis} of {made.shape} can only be replaced as a whole")
            widths.append((0, 0))
            continue
        if start < 0 or start + count > size:
            raise ValueError(
                f"ops.slice_update: a block {part.shape} at {tuple(starts)} does not fit into {made.shape}"
            )
        widths.append((start, size - start - count))
        places = np.zeros([size if i == axis else 1 for i in range(made.ndim)], bool)
        np.moveaxis(places, axis, 0)[start : start + count] = True
        inside = inside & places
    return where(inside, shaping.pad(part, widths), made)


@as_in_keras(module="core")
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Returns a tensor of zeros to which values are added at indices.

    Args:
        indices: Indices, integers of shape `(count, axes)`.
        values: Values, of shape `(count, ...)`, without a batch.
        shape: Shape of the result.

    Returns:
        Tensor or array of that shape.

    Raises:
        TypeError: The indices are a symbolic tensor.
        ValueError: The values have a batch, or the indices another form.

    Example:
        >>> ops.scatter([[0], [2], [2]], np.array([1.0, 2.0, 3.0]), (4,))
        array([1., 0., 5., 0.], dtype=float32)
    """
    places = _places(indices, "scatter")
    sizes = [int(one) for one in shape]
    inner = sizes[places.shape[1] :]
    rows = np.ravel_multi_index(tuple(places.T), tuple(sizes[: places.shape[1]]))
    count = math.prod(sizes[: places.shape[1]])
    if not is_traced(values):
        made = np.zeros([count, *inner], array(values).dtype)
        np.add.at(made, rows, array(values))
        return made.reshape(sizes)
    if dimensions.is_batched(tensor(values)):
        raise ValueError("ops.scatter expects values without a batch; use ops.segment_sum to add up rows of the batch")
    hot = (rows[np.newaxis] == np.arange(count)[:, np.newaxis]).astype(floatx())
    flat = shaping.reshape(cast(values, floatx()), [len(rows), math.prod(inner)])
    made = shaping.reshape(node("Matmul", {}, [hot, flat], "scatter"), sizes)
    return cast(made, tensor(values).dtype)


_REDUCTIONS: dict[str, np.ufunc] = {
    "add": np.add,
    "max": np.maximum,
    "min": np.minimum,
    "mul": np.multiply,
}
"""What `scatter_update` does with an element that is there already."""


@as_in_keras(module="core")
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """Returns a tensor with values replaced at indices; of equal indices the last counts.

    Args:
        inputs: Tensor without a batch, or array.
        indices: Indices, integers of shape `(count, axes)`.
        updates: Values, of shape `(count, ...)`.
        reduction: None: the values replace those before; "add": they are added to them; of arrays also "max", "min" and
            "mul".

    Returns:
        Tensor or array of the shape of `inputs`.

    Raises:
        TypeError: The indices are a symbolic tensor.
        ValueError: `reduction` is unknown, `inputs` has a batch, or the indices have another form.

    Example:
        >>> ops.scatter_update(np.array([1, 2, 3]), [[1]], np.array([20]))
        array([ 1, 20,  3], dtype=int32)
    """
    if reduction is not None and reduction not in _REDUCTIONS:
        raise ValueError(f"ops.scatter_update expects reduction None or one of {[*_REDUCTIONS]}, got {reduction!r}")
    places = _places(indices, "scatter_update")
    sizes = [int(one) for one in inputs.shape] if not is_traced(inputs) or None not in inputs.shape else None
    if sizes is None:
        raise ValueError(f"ops.scatter_update expects inputs without a batch, got {inputs.shape}; use ops.where")
    if reduction == "add":
        return add(inputs, scatter(places, updates, sizes))
    if reduction is not None:
        if is_traced([inputs, updates]):
            raise ValueError(f"ops.scatter_update has no reduction {reduction!r} of tensors; use 'add', or ops.where")
        made = np.array(inputs)
        _REDUCTIONS[reduction].at(made, tuple(places.T), np.asarray(updates, made.dtype))
        return lowered(made)
    last = sorted({tuple(place): i for i, place in enumerate(places.tolist())}.values())
    places, updates = places[last], slicing.take(updates, np.asarray(last, np.int32), 0)
    inside = np.zeros(sizes, bool)
    inside[tuple(places.T)] = True
    return where(inside, scatter(places, updates, sizes), inputs)


def _places(indices: Any, who: str) -> Any:
    if is_traced(indices):
        raise TypeError(f"ops.{who} expects indices that are integers, got a symbolic tensor; use ops.one_hot")
    places = np.asarray(indices)
    if places.ndim != 2 or places.dtype.kind not in "iu":
        raise ValueError(f"ops.{who} expects integers of shape (count, axes), got {places.dtype} {places.shape}")
    return places


def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[Any, ...]:
    """Returns for indices into the flattened array of a shape the indices along each axis.

    Args:
        indices: Indices, a tensor or an array of integers.
        shape: Shape of the array.

    Returns:
        Tuple of tensors or arrays, one for each axis.

    Example:
        >>> ops.unravel_index([1, 5], (2, 3))
        (array([0, 1], dtype=int32), array([1, 2], dtype=int32))
    """
    rest = cast(indices, "int32")
    made = []
    for count in reversed([int(one) for one in shape]):
        made.append(mod(rest, count))
        rest = floor_divide(rest, count)
    return tuple(reversed(made))
