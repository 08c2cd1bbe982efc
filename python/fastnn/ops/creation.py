"""Functions that create tensors: constant values, ranges, grids."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import conversion, dimensions, shaping
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.logic import less, where
from fastnn.ops.node import lowered, node, tensor
from fastnn.symbolic.tensors import is_traced


def _filled(value: Any, sizes: Any, dtype: Any) -> Any:
    value = cast(value, "float32" if dtype is None else dtype)
    if not is_traced([value, *(sizes if isinstance(sizes, (list, tuple)) else [sizes])]):
        return np.full(sizes, value)
    return shaping.broadcast_to(value, sizes)


def zeros(shape: Any, dtype: Any = None) -> Any:
    """All 0.

    Args:
        shape: Whole numbers, the first of which may be `ops.shape(x)[0]`, the size of the batch.
        dtype: The element type; None: "float32".
    """
    return _filled(0.0, shape, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    """All 1; arguments as of `zeros`."""
    return _filled(1.0, shape, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """All `fill_value`; arguments as of `zeros`."""
    return _filled(fill_value, shape, dtype)


def empty(shape: Any, dtype: Any = None) -> Any:
    """As `zeros`."""
    return zeros(shape, dtype)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """All 0, in the shape of x and of its element type, or of another."""
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """All 1, in the shape of x and of its element type, or of another."""
    return full_like(x, 1, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """All `fill_value`, in the shape of x and of its element type, or of another."""
    wanted = conversion.dtype(x) if dtype is None else dtype
    if not is_traced([x, fill_value]):
        return cast(np.full(np.shape(x), fill_value), wanted)
    made, filling = tensor(x), tensor(cast(fill_value, wanted))
    if not dimensions.is_batched(made):
        return shaping.broadcast_to(filling, made.shape)
    if None in made.shape[1:]:
        # Nothing is less than itself, whatever its sizes come to be.
        number = cast(made, "int32") if made.dtype == "bool" else made
        return where(less(number, number), cast(0, filling.dtype), filling)
    return node("BroadcastLike", {"shape": list(made.shape[1:])}, [filling, made], "full_like")


def empty_like(x: Any, dtype: Any = None) -> Any:
    """As `zeros_like`."""
    return zeros_like(x, dtype)


def array(x: Any, dtype: Any = None) -> Any:
    """As `convert_to_tensor`."""
    return convert_to_tensor(x, dtype)


def _typed(found: Any, dtype: Any) -> Any:
    return lowered(found) if dtype is None else cast(found, dtype)


def _plain_numbers(who: str, *values: Any) -> None:
    if is_traced(list(values)):
        raise TypeError(
            f"ops.{who} expects plain numbers, got a symbolic tensor: the result's size must be known beforehand"
        )


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Numbers from start up to, but without, stop; int32 where all are whole.

    Args:
        start: The first; where it stands alone the end, and the first is 0.
        stop: The end.
        step: The distance; None: 1.
        dtype: The element type.

    Raises:
        TypeError: One of them is a symbolic tensor.
    """
    _plain_numbers("arange", start, stop, step)
    first, last = (0, start) if stop is None else (start, stop)
    return _typed(np.arange(first, last, 1 if step is None else step), dtype)


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` numbers at equal distances from start to stop.

    Args:
        start: The first, a number or an array.
        stop: The last, or the one after it without `endpoint`.
        num: How many.
        endpoint: Whether `stop` is one of them.
        retstep: Whether their distance is returned too.
        dtype: The element type.
        axis: Where the new axis stands.
    """
    _plain_numbers("linspace", start, stop)
    made, step = np.linspace(
        np.asarray(start, np.float64), np.asarray(stop, np.float64), num, endpoint, retstep=True, dtype=None, axis=axis
    )
    made = _typed(np.asarray(made, np.float32), dtype)
    return (made, lowered(step)) if retstep else made


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """`base` to the power of `linspace`."""
    _plain_numbers("logspace", start, stop)
    return _typed(np.logspace(np.asarray(start), np.asarray(stop), num, endpoint, base, axis=axis), dtype)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`num` numbers, each the same number of times the one before, from start to stop."""
    _plain_numbers("geomspace", start, stop)
    return _typed(np.geomspace(np.asarray(start), np.asarray(stop), num, endpoint, axis=axis), dtype)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """For each of several vectors its numbers at every place of the grid that they span.

    Args:
        *x: Vectors without a batch.
        indexing: "xy": the first vector runs along the second axis; "ij": each along its own.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"ops.meshgrid expects indexing 'xy' or 'ij', got {indexing!r}")
    many = [convert_to_tensor(one) for one in x]
    axes = list(range(len(many)))
    if indexing == "xy" and len(many) > 1:
        axes[:2] = [1, 0]
    sizes = [0] * len(many)
    for axis, one in zip(axes, many, strict=True):
        sizes[axis] = one.shape[0] if dimensions.ndim(one) else 1
    made = []
    for axis, one in zip(axes, many, strict=True):
        wide = [1] * len(many)
        wide[axis] = sizes[axis]
        made.append(shaping.broadcast_to(shaping.reshape(one, wide), sizes))
    return made
