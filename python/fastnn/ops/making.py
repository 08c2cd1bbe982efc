"""Functions that make tensors: filled with a number, numbers in a row, matrices of a pattern, windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import elementwise as el
from fastnn.ops import reduction
from fastnn.ops.node import array as as_array
from fastnn.ops.node import lowered, node, tensor
from fastnn.ops.shaping import broadcast_to, expand_dims, is_batched, moveaxis, ndim, reshape
from fastnn.symbolic.tensors import is_traced


def _filled(value: Any, sizes: Any, dtype: Any) -> Any:
    value = el.cast(value, "float32" if dtype is None else dtype)
    if not is_traced([value, *(sizes if isinstance(sizes, (list, tuple)) else [sizes])]):
        return np.full(sizes, value)
    return broadcast_to(value, sizes)


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


def empty_like(x: Any, dtype: Any = None) -> Any:
    """As `zeros_like`."""
    return zeros_like(x, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """All `fill_value`, in the shape of x and of its element type, or of another."""
    wanted = el.dtype(x) if dtype is None else dtype
    if not is_traced([x, fill_value]):
        return el.cast(np.full(np.shape(x), fill_value), wanted)
    made, filling = tensor(x), tensor(el.cast(fill_value, wanted))
    if not is_batched(made):
        return broadcast_to(filling, made.shape)
    if None in made.shape[1:]:
        # Nothing is less than itself, whatever its sizes come to be.
        number = el.cast(made, "int32") if made.dtype == "bool" else made
        return el.where(el.less(number, number), el.cast(0, filling.dtype), filling)
    return node("BroadcastLike", {"shape": list(made.shape[1:])}, [filling, made], "full_like")


def _typed(found: Any, dtype: Any) -> Any:
    return lowered(found) if dtype is None else el.cast(found, dtype)


def array(x: Any, dtype: Any = None) -> Any:
    """As `convert_to_tensor`."""
    return el.convert_to_tensor(x, dtype)


def _numbers(who: str, *values: Any) -> None:
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
    _numbers("arange", start, stop, step)
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
    _numbers("linspace", start, stop)
    made, step = np.linspace(
        np.asarray(start, np.float64), np.asarray(stop, np.float64), num, endpoint, retstep=True, dtype=None, axis=axis
    )
    made = _typed(np.asarray(made, np.float32), dtype)
    return (made, lowered(step)) if retstep else made


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """`base` to the power of `linspace`."""
    _numbers("logspace", start, stop)
    return _typed(np.logspace(np.asarray(start), np.asarray(stop), num, endpoint, base, axis=axis), dtype)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`num` numbers, each the same number of times the one before, from start to stop."""
    _numbers("geomspace", start, stop)
    return _typed(np.geomspace(np.asarray(start), np.asarray(stop), num, endpoint, axis=axis), dtype)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """1 on a diagonal, 0 elsewhere.

    Args:
        N: How many rows.
        M: How many columns; None: as many.
        k: Which diagonal; above the main one where positive.
        dtype: The element type; None: "float32".
    """
    return el.cast(np.eye(N, M, k), dtype or "float32")


def identity(n: int, dtype: Any = None) -> Any:
    """1 on the diagonal, 0 elsewhere."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """1 on and below a diagonal, 0 above; arguments as of `eye`."""
    return el.cast(np.tri(N, M, k), dtype or "float32")


def tril(x: Any, k: int = 0) -> Any:
    """What lies on and below a diagonal of the last two axes, 0 elsewhere."""
    return _part(x, k, np.tril)


def triu(x: Any, k: int = 0) -> Any:
    """What lies on and above a diagonal of the last two axes, 0 elsewhere."""
    return _part(x, k, np.triu)


def _part(x: Any, k: int, function: Callable[..., Any]) -> Any:
    if not is_traced(x):
        return function(as_array(x), k)
    made = tensor(x)
    if made.ndim < 2 or None in made.shape[-2:]:
        raise ValueError(f"ops.{function.__name__} expects matrices in the last two axes, got {made.shape}")
    return el.where(function(np.ones(made.shape[-2:], bool), k), made, el.cast(0, made.dtype))


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """For each of several vectors its numbers at every place of the grid that they span.

    Args:
        *x: Vectors without a batch.
        indexing: "xy": the first vector runs along the second axis; "ij": each along its own.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"ops.meshgrid expects indexing 'xy' or 'ij', got {indexing!r}")
    many = [el.convert_to_tensor(one) for one in x]
    axes = list(range(len(many)))
    if indexing == "xy" and len(many) > 1:
        axes[:2] = [1, 0]
    sizes = [0] * len(many)
    for axis, one in zip(axes, many, strict=True):
        sizes[axis] = one.shape[0] if ndim(one) else 1
    made = []
    for axis, one in zip(axes, many, strict=True):
        wide = [1] * len(many)
        wide[axis] = sizes[axis]
        made.append(broadcast_to(reshape(one, wide), sizes))
    return made


def bartlett(x: Any) -> Any:
    """A window of so many numbers: a triangle."""
    return lowered(np.bartlett(int(x)))


def blackman(x: Any) -> Any:
    """A window of so many numbers: a sum of three cosines."""
    return lowered(np.blackman(int(x)))


def hamming(x: Any) -> Any:
    """A window of so many numbers: a raised cosine that does not end at 0."""
    return lowered(np.hamming(int(x)))


def hanning(x: Any) -> Any:
    """A window of so many numbers: a raised cosine."""
    return lowered(np.hanning(int(x)))


def kaiser(x: Any, beta: float) -> Any:
    """A window of so many numbers: a Bessel function of width `beta`."""
    return lowered(np.kaiser(int(x), beta))


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """For each whole number k a row of 0 with a 1 at k; all 0 where k is none of the classes.

    Args:
        x: Whole numbers.
        num_classes: How many there are.
        axis: Where the new axis stands.
        dtype: The element type; None: "float32".
        sparse: No effect.
    """
    if is_traced(x):
        hot = node("OneHot", {"num_classes": int(num_classes)}, [el.cast(x, "int32")], "one_hot")
    else:
        hot = (as_array(x)[..., np.newaxis] == np.arange(num_classes)).astype(np.float32)
    hot = hot if dtype is None else el.cast(hot, dtype)
    return hot if axis in (-1, len(hot.shape) - 1) else moveaxis(hot, -1, axis)


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False, **kwargs: Any
) -> Any:
    """A row of 0 with a 1 at each of several whole numbers.

    Args:
        inputs: Whole numbers, of shape (..., several).
        num_classes: How many classes there are.
        axis: Where the classes stand.
        dtype: The element type; None: "float32".
        sparse: No effect.
        **kwargs: `num_tokens`, the older name of `num_classes`.
    """
    num_classes = kwargs.pop("num_tokens", num_classes)
    if kwargs or num_classes is None:
        raise TypeError(f"ops.multi_hot expects num_classes and no argument besides its own, got {sorted(kwargs)}")
    from_axis = 1 if ndim(inputs) > 1 else 0
    hot = one_hot(inputs, num_classes, -1 if axis == -1 else axis + 1 if axis >= 0 else axis)
    found = reduction.max(hot, from_axis)
    return found if dtype is None else el.cast(found, dtype)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Powers of each number of a vector along a new last axis, the highest first; `increasing`: last."""
    count = x.shape[0] if N is None else int(N)
    powers = np.arange(count, dtype=np.int32)
    return el.power(expand_dims(el.convert_to_tensor(x), -1), powers if increasing else powers[::-1].copy())
