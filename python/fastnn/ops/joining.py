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
    """One after the other along an axis, in the type that holds them all."""
    if not is_traced(list(xs)):
        return np.concatenate(together(*xs), axis)
    made = one_type(*xs)
    (place,) = axes_of(axis, made[0].ndim, "concatenate")
    return node("Join", {"axis": place}, made, "concatenate")


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Along a new axis."""
    if not is_traced(list(x)):
        return np.stack(together(*x), axis)
    made = one_type(*x)
    (place,) = axes_of(axis, made[0].ndim + 1, "stack")
    if place == 0 and any(dimensions.is_batched(one) for one in made):
        raise ValueError(
            f"ops.stack: an axis before the batch of {made[0].shape} cannot be; stack along axis 1 or later, or add "
            "the tensors one by one"
        )
    return concatenate([shaping.expand_dims(one, place) for one in made], place)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x2 after x1; without an axis both in one axis."""
    if axis is None:
        return concatenate([shaping.reshape(x1, -1), shaping.reshape(x2, -1)], 0)
    return concatenate([x1, x2], axis)


def hstack(xs: Sequence[Any]) -> Any:
    """One after the other along the second axis (the first, where there is one only)."""
    return concatenate(xs, 0 if dimensions.ndim(xs[0]) == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """One after the other along the first axis."""
    return concatenate([x if dimensions.ndim(x) > 1 else shaping.expand_dims(x, 0) for x in xs], 0)


def dstack(xs: Sequence[Any]) -> Any:
    """One after the other along the third axis."""

    def deep(x: Any) -> Any:
        x = convert_to_tensor(x)
        x = x if dimensions.ndim(x) else shaping.reshape(x, (1,))
        x = x if dimensions.ndim(x) > 1 else shaping.expand_dims(x, 0)
        return x if dimensions.ndim(x) > 2 else shaping.expand_dims(x, 2)

    return concatenate([deep(x) for x in xs], 2)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each part along an axis so many times in a row.

    Args:
        x: A tensor or an array.
        repeats: How often, one number for all parts or one for each.
        axis: Along which; None: all numbers in one axis.
    """
    if not is_traced(x):
        return np.repeat(array(x), repeats, axis)
    made = tensor(x)
    if axis is None:
        made, axis = shaping.reshape(made, -1), 0
    place = axes_of(axis, made.ndim, "repeat")[0]
    many = np.asarray(repeats)
    if many.size > 1:
        return slicing.take(made, np.repeat(np.arange(many.size), many), place)
    return node("Repeat", {"repeats": int(many.reshape(-1)[0]), "axis": place}, [made], "repeat")


def tile(x: Any, repeats: Any) -> Any:
    """The whole so many times along each axis."""
    if not is_traced(x):
        return lowered(np.tile(array(x), repeats))
    made = tensor(x)
    many = [int(one) for one in np.atleast_1d(repeats)]
    if len(many) > made.ndim:
        made = shaping.reshape(made, [1] * (len(many) - made.ndim) + list(made.shape))
    many = [1] * (made.ndim - len(many)) + many
    return node("Tile", {"repeats": many}, [made], "tile")


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Shifted along an axis, or along several; what leaves it on one side comes in on the other."""
    if not is_traced(x):
        return np.roll(array(x), shift, axis)
    made = tensor(x)
    if axis is None:
        return shaping.reshape(roll(shaping.reshape(made, -1), shift, 0), list(made.shape))
    places = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    for by, place in zip(np.broadcast_to(shift, (len(places),)).tolist(), places, strict=True):
        made = _rolled(made, by, axes_of(place, made.ndim, "roll")[0])
    return made


def _rolled(x: KerasTensor, shift: int, axis: int) -> Any:
    length = x.shape[axis]
    if length is None:
        raise ValueError(f"ops.roll: axis {axis} of {x.shape} has no size that is known")
    by = shift % length if length else 0
    if by == 0:
        return x
    first, last = slicing.split(x, [length - by], axis)
    return concatenate([last, first], axis)
