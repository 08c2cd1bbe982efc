"""Functions that join tensors or repeat their elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.ops import dimensions, shaping, slicing
from fastnn.ops.conversion import convert_to_tensor, together
from fastnn.ops.node import array, axes_of, lowered, node, one_type, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Returns tensors joined along an axis, in the widest of their types. All other axes must have the same sizes.

    Args:
        xs: Tensors or arrays.
        axis: Axis along which to join.

    Returns:
        Tensor or array.

    Raises:
        ValueError: Sizes along other axes differ, or there is no such axis.

    Example:
        >>> ops.concatenate([[1, 2], [3]])
        array([1, 2, 3], dtype=int32)
    """
    if not is_traced(list(xs)):
        return np.concatenate(together(*xs), axis)
    made = one_type(*xs)
    (place,) = axes_of(axis, made[0].ndim, "concatenate")
    return node("Join", {"axis": place}, made, "concatenate")


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Returns tensors joined along a new axis. Tensors of shape `(2, 3)` become one of shape `(n, 2, 3)` with axis 0.

    Args:
        x: Tensors or arrays of the same shape.
        axis: Position of the new axis.

    Returns:
        Tensor or array.

    Raises:
        ValueError: The shapes differ, or there is no such axis.

    Example:
        >>> ops.stack([[1, 2], [3, 4]], axis=1)
        array([[1, 3],
               [2, 4]], dtype=int32)
    """
    if not is_traced(list(x)):
        return np.stack(together(*x), axis)
    made = one_type(*x)
    (place,) = axes_of(axis, made[0].ndim + 1, "stack")
    return concatenate([shaping.expand_dims(one, place) for one in made], place)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """Returns x2 joined to the end of x1.

    Args:
        x1: Tensor or array.
        x2: Tensor or array.
        axis: Axis along which to join; None: both are flattened.

    Returns:
        Tensor or array.

    Raises:
        ValueError: Sizes along other axes differ, or there is no such axis.

    Example:
        >>> ops.append([1, 2], [3])
        array([1, 2, 3], dtype=int32)
    """
    if axis is None:
        return concatenate([shaping.reshape(x1, -1), shaping.reshape(x2, -1)], 0)
    return concatenate([x1, x2], axis)


def hstack(xs: Sequence[Any]) -> Any:
    """Returns tensors joined along the second axis, or the first where there is only one.

    Args:
        xs: Tensors or arrays.

    Returns:
        Tensor or array.

    Raises:
        ValueError: Sizes along other axes differ.

    Example:
        >>> ops.hstack([[1, 2], [3]])
        array([1, 2, 3], dtype=int32)
    """
    return concatenate(xs, 0 if dimensions.ndim(xs[0]) == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """Returns tensors joined along the first axis, as rows. Vectors count as rows.

    Args:
        xs: Tensors or arrays; vectors count as rows.

    Returns:
        Tensor or array.

    Raises:
        ValueError: Sizes along other axes differ.

    Example:
        >>> ops.vstack([np.array([1, 2]), np.array([3, 4])])
        array([[1, 2],
               [3, 4]], dtype=int32)
    """
    return concatenate([x if dimensions.ndim(x) > 1 else shaping.expand_dims(x, 0) for x in xs], 0)


def dstack(xs: Sequence[Any]) -> Any:
    """Returns tensors joined along the third axis. Matrices count as slices of depth 1.

    Args:
        xs: Tensors or arrays.

    Returns:
        Tensor or array.

    Raises:
        ValueError: Sizes along other axes differ.

    Example:
        >>> ops.dstack([np.array([1, 2]), np.array([3, 4])])
        array([[[1, 3],
                [2, 4]]], dtype=int32)
    """

    def deep(x: Any) -> Any:
        x = convert_to_tensor(x)
        x = x if dimensions.ndim(x) else shaping.reshape(x, (1,))
        x = x if dimensions.ndim(x) > 1 else shaping.expand_dims(x, 0)
        return x if dimensions.ndim(x) > 2 else shaping.expand_dims(x, 2)

    return concatenate([deep(x) for x in xs], 2)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Returns a tensor with each element along an axis repeated.

    Args:
        x: Tensor or array.
        repeats: Number of repetitions, one for all (also a size computed from `ops.shape(x)`) or one for each element.
        axis: Axis along which to repeat; None: the flattened tensor.

    Returns:
        Tensor or array.

    Raises:
        ValueError: There are not as many numbers as elements.

    Example:
        >>> ops.repeat([1, 2], 2)
        array([1, 1, 2, 2], dtype=int32)
    """
    if not is_traced([x, repeats]):
        return np.repeat(array(x), repeats, axis)
    made = tensor(x)
    if axis is None:
        made, axis = shaping.reshape(made, -1), 0
    place = axes_of(axis, made.ndim, "repeat")[0]
    if is_traced(repeats):
        sizes = list(dimensions.shape(made))
        made = shaping.broadcast_to(
            shaping.expand_dims(made, place + 1), [*sizes[: place + 1], repeats, *sizes[place + 1 :]]
        )
        return shaping.reshape(made, [*sizes[:place], sizes[place] * repeats, *sizes[place + 1 :]])
    many = np.asarray(repeats)
    if many.size > 1:
        if made.shape[place] != many.size:
            raise ValueError(
                f"ops.repeat expects one number of repetitions, or one for each of {made.shape[place]} elements, got "
                f"{many.size}"
            )
        return slicing.take(made, np.repeat(np.arange(many.size), many), place)
    return node("Repeat", {"repeats": int(many.reshape(-1)[0]), "axis": place}, [made], "repeat")


def tile(x: Any, repeats: Any) -> Any:
    """Returns a tensor repeated as a whole along each axis. To repeat each element by itself, use `repeat`.

    Args:
        x: Tensor or array.
        repeats: Number of repetitions along each axis, integers and sizes computed from `ops.shape(x)`.

    Returns:
        Tensor or array.

    Raises:
        ValueError: A number is negative.

    Example:
        >>> ops.tile([1, 2], 2)
        array([1, 2, 1, 2], dtype=int32)
    """
    given = list(repeats) if isinstance(repeats, (list, tuple)) else [repeats]
    if is_traced(given):
        return _tiled_by_sizes(tensor(x), given)
    if not is_traced(x):
        try:
            return lowered(np.tile(array(x), repeats))
        except OverflowError as error:
            raise ValueError(f"tile expects numbers of repetitions below 2**63, got {repeats}") from error
    made = tensor(x)
    many = [int(one) for one in np.atleast_1d(repeats)]
    if len(many) > made.ndim:
        made = shaping.expand_dims(made, list(range(len(many) - made.ndim)))
    many = [1] * (made.ndim - len(many)) + many
    return node("Tile", {"repeats": many}, [made], "tile")


def _tiled_by_sizes(made: KerasTensor, repeats: list[Any]) -> Any:
    """Returns a tensor repeated along each axis, where a number of repetitions is a symbolic tensor."""
    ndim = max(made.ndim, len(repeats))
    made = shaping.reshape(made, [1] * (ndim - made.ndim) + list(dimensions.shape(made)))
    repeats = [1] * (ndim - len(repeats)) + repeats
    by_sizes = [is_traced(times) for times in repeats]
    if all(made.shape[i] == 1 for i in range(ndim) if by_sizes[i]):
        made = tile(made, [1 if is_size else times for is_size, times in zip(by_sizes, repeats, strict=True)])
        sizes = list(dimensions.shape(made))
        return shaping.broadcast_to(made, [repeats[i] if by_sizes[i] else sizes[i] for i in range(ndim)])
    # (s,) as (1, s), broadcast to (times, s).
    sizes = list(dimensions.shape(made))
    made = shaping.reshape(made, [size for one in sizes for size in (1, one)])
    made = shaping.broadcast_to(made, [size for pair in zip(repeats, sizes, strict=True) for size in pair])
    return shaping.reshape(made, [one * times for one, times in zip(sizes, repeats, strict=True)])


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Returns a tensor shifted along axes; elements that leave one end enter at the other.

    Without an axis the flattened elements are shifted.

    Args:
        x: Tensor or array.
        shift: Number of positions, one for all axes or one for each.
        axis: Axis or axes; None: the flattened tensor.

    Returns:
        Tensor or array of the shape of `x`.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.roll([1, 2, 3], 1)
        array([3, 1, 2], dtype=int32)
    """
    if not is_traced(x):
        return np.roll(array(x), shift, axis)
    made = tensor(x)
    if axis is None:
        return shaping.reshape(roll(shaping.reshape(made, -1), shift, 0), list(dimensions.shape(made)))
    places = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    for by, place in zip(np.broadcast_to(shift, (len(places),)).tolist(), places, strict=True):
        made = _rolled(made, by, axes_of(place, made.ndim, "roll")[0])
    return made


def _rolled(x: KerasTensor, shift: int, axis: int) -> Any:
    length = x.shape[axis]
    by = shift if length is None else shift % length if length else 0
    if by == 0:
        return x
    before: tuple[Any, ...] = (slice(None),) * axis
    first, last = (slicing.get_item(x, (*before, part)) for part in (slice(None, -by), slice(-by, None)))
    return concatenate([last, first], axis)
