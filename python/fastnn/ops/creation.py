"""Functions that create tensors: constant values, ranges, grids."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import conversion, dimensions, shaping
from fastnn.ops.arithmetic import floor_divide, maximum, subtract
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.cumulative import cumsum
from fastnn.ops.logic import less, where
from fastnn.ops.node import lowered, node, tensor
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


def _filled(value: Any, sizes: Any, dtype: Any) -> Any:
    if sizes is None or (isinstance(sizes, (list, tuple)) and any(size is None for size in sizes)):
        raise TypeError(f"a shape of integers is expected, got {sizes}; {dimensions.OF_THE_BATCH}")
    value = cast(value, floatx() if dtype is None else dtype)
    if not is_traced([value, *(sizes if isinstance(sizes, (list, tuple)) else [sizes])]):
        return np.full(sizes, value)
    return shaping.broadcast_to(value, sizes)


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Returns a tensor of zeros.

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        dtype: Element type; None: `floatx()`.

    Returns:
        Tensor or array.

    Raises:
        ValueError: A size is negative.

    Example:
        >>> ops.zeros((2, 2))
        array([[0., 0.],
               [0., 0.]], dtype=float32)
    """
    return _filled(0.0, shape, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    """Returns a tensor of ones.

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        dtype: Element type; None: `floatx()`.

    Returns:
        Tensor or array.

    Raises:
        ValueError: A size is negative.

    Example:
        >>> ops.ones((2, 2))
        array([[1., 1.],
               [1., 1.]], dtype=float32)
    """
    return _filled(1.0, shape, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Returns a tensor filled with one value.

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        fill_value: Value, a number or a tensor that is broadcast.
        dtype: Element type; None: `floatx()`.

    Returns:
        Tensor or array.

    Raises:
        ValueError: A size is negative, or `fill_value` does not fit the shape.

    Example:
        >>> ops.full((2,), 7.0)
        array([7., 7.], dtype=float32)
    """
    return _filled(fill_value, shape, dtype)


def empty(shape: Any, dtype: Any = None) -> Any:
    """Returns a tensor of zeros, as `zeros`. Unlike NumPy, nothing is left uninitialized.

    Args:
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of the batch.
        dtype: Element type; None: `floatx()`.

    Returns:
        Tensor or array.

    Raises:
        ValueError: A size is negative.

    Example:
        >>> ops.empty((2,))
        array([0., 0.], dtype=float32)
    """
    return zeros(shape, dtype)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Returns a tensor of zeros with the shape and type of another.

    Args:
        x: Tensor or array.
        dtype: Element type; None: that of `x`.

    Returns:
        Tensor or array.

    Example:
        >>> ops.zeros_like([1, 2])
        array([0, 0], dtype=int32)
    """
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Returns a tensor of ones with the shape and type of another.

    Args:
        x: Tensor or array.
        dtype: Element type; None: that of `x`.

    Returns:
        Tensor or array.

    Example:
        >>> ops.ones_like([1, 2])
        array([1, 1], dtype=int32)
    """
    return full_like(x, 1, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Returns a tensor filled with one value, with the shape and type of another.

    Args:
        x: Tensor or array.
        fill_value: Value, a number or a tensor that is broadcast.
        dtype: Element type; None: that of `x`.

    Returns:
        Tensor or array.

    Example:
        >>> ops.full_like([1, 2], 7)
        array([7, 7], dtype=int32)
    """
    wanted = conversion.dtype(x) if dtype is None else dtype
    if not is_traced([x, fill_value]):
        return cast(np.full(np.shape(x), fill_value), wanted)
    made, filling = tensor(x), tensor(cast(fill_value, wanted))
    if not dimensions.is_batched(made):
        return shaping.broadcast_to(filling, dimensions.shape(made))
    if None in made.shape[1:]:
        # No element is less than itself, whatever the sizes are: the condition is false everywhere.
        number = cast(made, "int32") if made.dtype == "bool" else made
        return where(less(number, number), cast(0, filling.dtype), filling)
    return node("BroadcastLike", {"shape": list(made.shape[1:])}, [filling, made], "full_like")


def empty_like(x: Any, dtype: Any = None) -> Any:
    """Returns a tensor of zeros with the shape and type of another, as `zeros_like`.

    Args:
        x: Tensor or array.
        dtype: Element type; None: that of `x`.

    Returns:
        Tensor or array.

    Example:
        >>> ops.empty_like([1, 2])
        array([0, 0], dtype=int32)
    """
    return zeros_like(x, dtype)


def array(x: Any, dtype: Any = None) -> Any:
    """Returns an array or a tensor, as `convert_to_tensor`.

    Args:
        x: Tensor, variable, array, list or number.
        dtype: Element type; None: its own.

    Returns:
        Tensor or array.

    Example:
        >>> ops.array([1, 2])
        array([1, 2], dtype=int32)
    """
    return convert_to_tensor(x, dtype)


def _typed(found: Any, dtype: Any) -> Any:
    return lowered(found) if dtype is None else cast(found, dtype)


def _plain_numbers(who: str, *values: Any) -> None:
    if is_traced(list(values)):
        raise TypeError(f"ops.{who} expects numbers, got a symbolic tensor: the size of the result must be known")


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Returns evenly spaced numbers from the range [start, stop).

    Args:
        start: First number; the end of the range where `stop` is None, which then begins at 0.
        stop: End of the range, excluded. Both may be sizes computed from `ops.shape(x)`.
        step: Distance between numbers; None: 1.
        dtype: Element type; None: int32 where all arguments are integers, else float32.

    Returns:
        Array.

    Raises:
        TypeError: An argument is a symbolic tensor, and not an integer.

    Example:
        >>> ops.arange(2, 8, 2)
        array([2, 4, 6], dtype=int32)
    """
    first, last = (0, start) if stop is None else (start, stop)
    if last is None:
        raise TypeError(f"arange expects integers, got None; {dimensions.OF_THE_BATCH}")
    if is_traced([first, last, step]):
        return _counted(first, last, 1 if step is None else step, dtype)
    return _typed(np.arange(first, last, 1 if step is None else step), dtype)


def _counted(first: Any, last: Any, step: Any, dtype: Any) -> Any:
    """Returns a range of integers whose length follows from symbolic sizes."""
    for one in (first, last, step):
        if conversion.dtype(one) != "int32" or dimensions.ndim(one):
            raise TypeError(f"ops.arange expects integers, such as ops.shape(x)[0], got {one!r}")
    is_plain = not is_traced([first, step]) and (first, step) == (0, 1)
    count = last if is_plain else maximum(floor_divide(last - first + step - 1, step), 0)
    made = subtract(cumsum(shaping.broadcast_to(1, (count,)), 0), 1)
    made = made if is_plain else made * step + first
    return made if dtype is None else cast(made, dtype)


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Returns evenly spaced numbers from `start` to `stop`.

    Args:
        start: First number or array.
        stop: Last number or array.
        num: Number of values.
        endpoint: Includes `stop`.
        retstep: Returns the distance between numbers too.
        dtype: Element type; None: `floatx()`.
        axis: Position of the new axis.

    Returns:
        Array, or (array, distance).

    Raises:
        TypeError: An argument is a symbolic tensor.

    Example:
        >>> ops.linspace(0.0, 1.0, 5)
        array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    _plain_numbers("linspace", start, stop)
    made, step = np.linspace(
        np.asarray(start, np.float64), np.asarray(stop, np.float64), num, endpoint, retstep=True, dtype=None, axis=axis
    )
    made = _typed(np.asarray(made, dtype=floatx()), dtype)
    return (made, lowered(step)) if retstep else made


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """Returns numbers evenly spaced on a logarithmic scale, from base**start to base**stop.

    Args:
        start: First exponent.
        stop: Last exponent.
        num: Number of values.
        endpoint: Includes `stop`.
        base: Base of the powers.
        dtype: Element type; None: `floatx()`.
        axis: Position of the new axis.

    Returns:
        Array.

    Raises:
        TypeError: An argument is a symbolic tensor.

    Example:
        >>> ops.logspace(0.0, 2.0, 3)
        array([  1.,  10., 100.], dtype=float32)
    """
    _plain_numbers("logspace", start, stop)
    return _typed(np.logspace(np.asarray(start), np.asarray(stop), num, endpoint, base, axis=axis), dtype)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Returns numbers with a constant ratio, from `start` to `stop`.

    Args:
        start: First number.
        stop: Last number.
        num: Number of values.
        endpoint: Includes `stop`.
        dtype: Element type; None: `floatx()`.
        axis: Position of the new axis.

    Returns:
        Array.

    Raises:
        TypeError: An argument is a symbolic tensor.

    Example:
        >>> ops.geomspace(1.0, 8.0, 4)
        array([1., 2., 4., 8.], dtype=float32)
    """
    _plain_numbers("geomspace", start, stop)
    return _typed(np.geomspace(np.asarray(start), np.asarray(stop), num, endpoint, axis=axis), dtype)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Returns the coordinates of a grid, one tensor for each of several vectors.

    Args:
        *x: Vectors without a batch.
        indexing: "xy": the first vector runs along the second axis; "ij": each along its own.

    Returns:
        List of tensors or arrays, one for each vector.

    Raises:
        ValueError: `indexing` is unknown.

    Example:
        >>> ops.meshgrid([1, 2], [3, 4])
        [array([[1, 2],
               [1, 2]], dtype=int32), array([[3, 3],
               [4, 4]], dtype=int32)]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"ops.meshgrid expects indexing 'xy' or 'ij', got {indexing!r}")
    many = [shaping.ravel(one) for one in x]
    axes = list(range(len(many)))
    if indexing == "xy" and len(many) > 1:
        axes[:2] = [1, 0]
    sizes: list[Any] = [0] * len(many)
    for axis, one in zip(axes, many, strict=True):
        sizes[axis] = dimensions.shape(one)[0] if dimensions.ndim(one) else 1
    made = []
    for axis, one in zip(axes, many, strict=True):
        wide = [1] * len(many)
        wide[axis] = sizes[axis]
        made.append(shaping.broadcast_to(shaping.reshape(one, wide), sizes))
    return made
