"""Functions of arrays whose results are as large as values say, or are made of bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops.conversion import together
from fastnn.ops.node import array, lowered
from fastnn.ops.on_arrays import VALUES, on_arrays
from fastnn.precision import floatx


@on_arrays(VALUES, "count within a model with ops.sum(ops.one_hot(x, classes), 0)")
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """Returns how often each of the integers 0, 1, ... occurs.

    Args:
        x: Integers of at least 0, of shape `(n,)`, or `(rows, n)`, of which each row is counted.
        weights: Weight of each element, of the shape of `x`; None: 1.
        minlength: Least length of the result.
        sparse: Accepted for Keras compatibility; results are dense.

    Returns:
        Array of shape `(largest + 1,)` or `(rows, largest + 1)`: int32, or float32 with weights.

    Raises:
        TypeError: `x` is a symbolic tensor.
        ValueError: `x` holds negative numbers, or has another rank.

    Example:
        >>> ops.bincount([0, 2, 2])
        array([1, 0, 2], dtype=int32)
    """
    found = np.asarray(x)
    if found.ndim not in (1, 2) or found.dtype.kind not in "iub" or (found.size and found.min() < 0):
        raise ValueError(
            f"ops.bincount expects integers of at least 0 and shape (n,) or (rows, n), got {found.dtype} {found.shape}"
        )
    many = found[np.newaxis] if found.ndim == 1 else found
    of_rows = [None] * len(many) if weights is None else np.asarray(weights, np.float64).reshape(many.shape)
    length = max(int(minlength), int(many.max(initial=-1)) + 1)
    made = np.stack([np.bincount(row, w, length) for row, w in zip(many, of_rows, strict=True)])
    return lowered(made[0] if found.ndim == 1 else made)


@on_arrays(VALUES)
def nonzero(x: Any) -> tuple[Any, ...]:
    """Returns the indices of the elements that are not 0.

    Args:
        x: Array.

    Returns:
        Tuple of int32 arrays, one for each axis.

    Raises:
        TypeError: `x` is a symbolic tensor.

    Example:
        >>> ops.nonzero([[0, 3], [4, 0]])
        (array([0, 1], dtype=int32), array([1, 0], dtype=int32))
    """
    return tuple(one.astype(np.int32) for one in np.nonzero(np.asarray(x)))


@on_arrays(VALUES)
def unique(
    x: Any, sorted: bool = True, return_index: bool = False, return_inverse: bool = False,
    return_counts: bool = False, axis: int | None = None, size: int | None = None, fill_value: Any = None,
) -> Any:  # fmt: skip
    """Returns the different elements of an array, in ascending order.

    Args:
        x: Array.
        sorted: Accepted for Keras compatibility; results are sorted.
        return_index: Returns the index of the first occurrence of each too.
        return_inverse: Returns for each element of `x` its index in the result too.
        return_counts: Returns the number of occurrences of each too.
        axis: Axis along which slices are compared; None: all elements.
        size: Number of results: further ones are cut, missing ones filled up. None: as many as there are.
        fill_value: Value with which to fill up; None: the least element.

    Returns:
        Array of elements; or a tuple of it and what is asked for, in the order of the arguments.

    Raises:
        TypeError: `x` is a symbolic tensor.

    Example:
        >>> ops.unique([3, 1, 3], return_counts=True)
        (array([1, 3], dtype=int32), array([1, 2], dtype=int32))
    """
    made = np.unique(array(x), True, True, True, axis)
    values, index, inverse, counts = made
    inverse = inverse.reshape(np.shape(x) if axis is None else (-1,))
    if size is not None:
        along = 0 if axis is None else axis
        found = values.shape[along]
        missing = max(size - found, 0)
        first = np.take(values, [0], along)
        filled = np.repeat(first if fill_value is None else np.full_like(first, fill_value), missing, along)
        values = np.concatenate([np.take(values, np.arange(min(size, found)), along), filled], along)
        index, counts = index[:size], counts[:size]
        index, counts = np.pad(index, (0, missing), constant_values=index[0]), np.pad(counts, (0, missing))
    asked = [
        one for one, wanted in ((index, return_index), (inverse, return_inverse), (counts, return_counts)) if wanted
    ]
    return lowered((values, *asked)) if asked else lowered(values)


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """Returns a function that applies one of numbers, or of small arrays, to each element of its arguments.

    Args:
        pyfunc: Function of numbers; with `signature` of arrays.
        excluded: Positions and names of arguments that are handed over whole.
        signature: Shapes of the arguments and results, as "(m,n),(n)->(m)"; None: numbers.

    Returns:
        Function of arrays, whose shapes are broadcast.

    Raises:
        TypeError: `pyfunc` is no function, or an argument of the result is a symbolic tensor.

    Example:
        >>> ops.vectorize(lambda a, b: a if a > b else b)([1, 5, 3], 2)
        array([2, 5, 3], dtype=int32)
    """
    if not callable(pyfunc):
        raise TypeError(f"ops.vectorize expects a function, got {pyfunc!r}")
    of_numpy = np.vectorize(pyfunc, excluded=set(excluded or ()), signature=signature)

    def vectorized(*args: Any, **kwargs: Any) -> Any:
        return lowered(of_numpy(*args, **kwargs))

    return on_arrays("the function reads values", "use ops.vectorized_map")(vectorized)


@on_arrays("the core has no types of other widths")
def view(x: Any, dtype: Any = None) -> Any:
    """Returns the bytes of an array read as another type.

    Args:
        x: Array.
        dtype: Type of the result; None: that of `x`.

    Returns:
        Array; its last axis is as long as the bytes make it.

    Raises:
        TypeError: `x` is a symbolic tensor.
        ValueError: The bytes of the last axis are no multiple of the type's.

    Example:
        >>> ops.view(np.array([1.0], "float32"), "int32")
        array([1065353216], dtype=int32)
    """
    found = np.ascontiguousarray(x)
    found = lowered(found) if found.dtype in (np.float64, np.int64) else found
    return found.view() if dtype is None else found.view(getattr(dtype, "name", dtype))


@on_arrays("it reads the bits of numbers")
def nextafter(x1: Any, x2: Any) -> Any:
    """Returns the float32 number next to x1 in the direction of x2.

    Args:
        x1: Array.
        x2: Array.

    Returns:
        Array of the common shape, float32.

    Raises:
        TypeError: An argument is a symbolic tensor.

    Example:
        >>> float(ops.nextafter(1.0, 2.0)) == 1.0 + 2.0**-23
        True
    """
    first, second = together(x1, x2)
    return np.nextafter(first.astype(floatx()), second.astype(floatx()))
