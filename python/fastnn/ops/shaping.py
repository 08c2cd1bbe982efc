"""Functions that change a tensor's shape or the order of its axes and elements, and padding."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.ops import dimensions
from fastnn.ops.conversion import convert_to_tensor
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import array, axes_of, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


def reshape(x: Any, newshape: Any) -> Any:
    """Returns a tensor with another shape and the same elements in the same order.

    At most one size may be -1, which stands for what the others leave.

    Args:
        x: Tensor or array.
        newshape: Sizes, one of which may be -1, which follows from the others. Sizes may be computed from
            `ops.shape(x)`, such as that of the batch.

    Returns:
        Tensor or array of that shape.

    Raises:
        ValueError: The sizes do not fit the number of elements.

    Example:
        >>> ops.reshape([1, 2, 3, 4], (2, 2))
        array([[1, 2],
               [3, 4]], dtype=int32)
    """
    asked = newshape if isinstance(newshape, (list, tuple)) else [newshape]
    if any(isinstance(one, (int, np.integer)) and one < -1 for one in asked):
        raise ValueError(f"ops.reshape expects sizes of at least 0, or -1 once, got {newshape!r}")
    if not is_traced(x):
        return np.reshape(array(x), newshape)
    made = tensor(x)
    sizes = [newshape] if isinstance(newshape, (int, np.integer, KerasTensor)) else list(newshape)
    sizes = [-1 if one is None else one if isinstance(one, KerasTensor) else int(one) for one in sizes]
    row = made.shape[1:]
    plain = all(isinstance(one, int) for one in sizes[1:])
    if dimensions.is_batched(made) and sizes and plain:
        is_batch = dimensions.is_batch_size(sizes[0]) or (not isinstance(newshape, int) and newshape[0] is None)
        follows = isinstance(sizes[0], int) and sizes[0] == -1 and -1 not in sizes[1:] and None not in row
        if is_batch or (follows and math.prod(sizes[1:]) == math.prod(row)):  # type: ignore[arg-type]
            return node("Reshape", {"target_shape": sizes[1:]}, [made], "reshape")
    return node("ReshapeTo", {"shape": sizes}, [made], "reshape")


def ravel(x: Any) -> Any:
    """Returns the elements in one axis. The last axis varies fastest.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of rank 1.

    Example:
        >>> ops.ravel([[1, 2], [3, 4]])
        array([1, 2, 3, 4], dtype=int32)
    """
    return reshape(x, -1)


def expand_dims(x: Any, axis: Any) -> Any:
    """Returns a tensor with an additional axis of size 1. The opposite of `squeeze`.

    Args:
        x: Tensor or array.
        axis: Position of the new axis, or positions of several.

    Returns:
        Tensor or array with the same elements.

    Raises:
        ValueError: The axis is beyond the new number of axes.

    Example:
        >>> ops.expand_dims([1, 2], axis=1)
        array([[1],
               [2]], dtype=int32)
    """
    if not is_traced(x):
        return np.expand_dims(array(x), tuple(axis) if isinstance(axis, list) else axis)
    made = tensor(x)
    many = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    places = axes_of(many, made.ndim + len(many), "expand_dims")
    axes: list[int | None] = list(range(made.ndim))
    for place in places:
        axes.insert(place, None)
    return with_axes(made, axes, "expand_dims")


def squeeze(x: Any, axis: Any = None) -> Any:
    """Returns a tensor without axes of size 1.

    Args:
        x: Tensor or array.
        axis: Axis or axes to remove; None: all of size 1.

    Returns:
        Tensor or array with the same elements.

    Raises:
        ValueError: An axis does not have size 1.

    Example:
        >>> ops.squeeze([[1], [2]])
        array([1, 2], dtype=int32)
    """
    if not is_traced(x):
        return np.squeeze(array(x), tuple(axis) if isinstance(axis, list) else axis)
    made = tensor(x)
    ones = [i for i, one in enumerate(made.shape) if one == 1]
    places = ones if axis is None else axes_of(axis, made.ndim, "squeeze")
    if any(made.shape[place] != 1 for place in places):
        raise ValueError(f"ops.squeeze: axis {axis} of {made.shape} does not have size 1")
    return with_axes(made, [i for i in range(made.ndim) if i not in places], "squeeze")


def with_axes(x: KerasTensor, axes: Sequence[int | None], title: str) -> Any:
    """Returns a tensor without axes of size 1, and with new ones, by a node of the given title.

    Args:
        x: Symbolic tensor.
        axes: The axes that stay, in order; None: a new one.
        title: Name of the function.
    """
    sizes: list[Any] = [1 if axis is None else x.shape[axis] for axis in axes]
    if dimensions.is_batched(x) and axes[0] == 0:
        return node("Reshape", {"target_shape": [-1 if one is None else one for one in sizes[1:]]}, [x], title)
    # One size follows from the others.
    unknown = [i for i, one in enumerate(sizes) if one is None]
    for i in unknown[1:]:
        sizes[i] = dimensions.axis_size(x, axes[i])  # type: ignore[arg-type]
    return node("ReshapeTo", {"shape": [-1 if one is None else one for one in sizes]}, [x], title)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Returns a tensor with its axes in another order. Without `axes` the order is reversed.

    Args:
        x: Tensor or array.
        axes: New order of the axes; None: reversed.

    Returns:
        Tensor or array.

    Raises:
        ValueError: The axes are not each axis once.

    Example:
        >>> ops.transpose([[1, 2, 3], [4, 5, 6]])
        array([[1, 4],
               [2, 5],
               [3, 6]], dtype=int32)
    """
    if not is_traced(x):
        return np.transpose(array(x), axes)
    made = tensor(x)
    order = list(range(made.ndim))[::-1]
    if axes is not None:
        if axes_of(axes, made.ndim, "transpose") != order[::-1] or len(axes) != made.ndim:
            raise ValueError(f"ops.transpose expects each of {made.ndim} axes once, got {list(axes)}")
        order = [int(axis) % made.ndim for axis in axes]
    return node("Transpose", {"permutation": order}, [made], "transpose")


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Returns a tensor with two axes exchanged.

    Args:
        x: Tensor or array.
        axis1: First axis.
        axis2: Second axis.

    Returns:
        Tensor or array.

    Raises:
        ValueError: There is no such axis.

    Example:
        >>> ops.swapaxes([[1, 2, 3], [4, 5, 6]], 0, 1)
        array([[1, 4],
               [2, 5],
               [3, 6]], dtype=int32)
    """
    order = list(range(dimensions.ndim(x)))
    axes_of((axis1, axis2), len(order), "swapaxes")
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Returns a tensor with axes moved to other positions.

    Args:
        x: Tensor or array.
        source: Axis or axes to move.
        destination: Their new positions.

    Returns:
        Tensor or array.

    Raises:
        ValueError: There is no such axis.

    Example:
        >>> ops.moveaxis(np.zeros((2, 3, 4)), 2, 1).shape
        (2, 4, 3)
    """
    rank = dimensions.ndim(x)
    axes_of([*np.atleast_1d(source), *np.atleast_1d(destination)], rank, "moveaxis")
    sources = [one % rank for one in np.atleast_1d(source)]
    places = [one % rank for one in np.atleast_1d(destination)]
    order = [axis for axis in range(rank) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(x, [int(axis) for axis in order])


def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Returns a tensor rotated by multiples of 90 degrees in the plane of two axes, from the first towards the second.

    Args:
        array: Tensor or array.
        k: Number of rotations by 90 degrees.
        axes: The two axes.

    Returns:
        Tensor or array.

    Raises:
        ValueError: The axes are equal.

    Example:
        >>> ops.rot90([[1, 2], [3, 4]])
        array([[2, 4],
               [1, 3]], dtype=int32)
    """
    first, second = (axis % dimensions.ndim(array) for axis in axes)
    if first == second:
        raise ValueError(f"ops.rot90 expects two different axes, got {axes}")
    if k % 4 == 0:
        return convert_to_tensor(array)
    if k % 4 == 2:
        return flip(flip(array, first), second)
    if k % 4 == 1:
        return swapaxes(flip(array, second), first, second)
    return flip(swapaxes(array, first, second), second)


def flip(x: Any, axis: Any = None) -> Any:
    """Returns a tensor with its elements in reverse order along axes.

    Args:
        x: Tensor or array.
        axis: Axis or axes; None: all.

    Returns:
        Tensor or array with the same elements.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.flip([1, 2, 3])
        array([3, 2, 1], dtype=int32)
    """
    if not is_traced(x):
        return np.flip(array(x), tuple(axis) if isinstance(axis, list) else axis).copy()
    made = tensor(x)
    return node("Flip", {"axes": axes_of(axis, made.ndim, "flip")}, [made], "flip")


def fliplr(x: Any) -> Any:
    """Returns a tensor with its elements in reverse order along the second axis.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array with the same elements.

    Raises:
        ValueError: `x` has fewer than two axes.

    Example:
        >>> ops.fliplr([[1, 2], [3, 4]])
        array([[2, 1],
               [4, 3]], dtype=int32)
    """
    return flip(x, 1)


def flipud(x: Any) -> Any:
    """Returns a tensor with its elements in reverse order along the first axis.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array with the same elements.

    Raises:
        ValueError: `x` is a scalar.

    Example:
        >>> ops.flipud([[1, 2], [3, 4]])
        array([[3, 4],
               [1, 2]], dtype=int32)
    """
    return flip(x, 0)


def broadcast_to(x: Any, shape: Any) -> Any:
    """Returns a tensor broadcast to a shape: repeated along axes of size 1.

    Args:
        x: Tensor or array.
        shape: Integers, and sizes computed from `ops.shape(x)`, such as that of a batch.

    Returns:
        Tensor or array of that shape.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> ops.broadcast_to([1, 2], (2, 2))
        array([[1, 2],
               [1, 2]], dtype=int32)
    """
    many = list(shape) if isinstance(shape, (list, tuple)) else [shape]
    if not is_traced(x) and not is_traced(many):
        return np.broadcast_to(array(x), shape).copy()
    made = tensor(x)
    if dimensions.is_batched(made) and len(many) == made.ndim and _is_batch(many[0]):
        many = [-1, *many[1:]]
        if all(isinstance(one, (int, np.integer)) for one in many):
            return node("BroadcastTo", {"shape": [int(one) for one in many]}, [made], "broadcast_to")
        many[0] = dimensions.rows(made)
    sizes, like = dimensions.sizes_and_batch(many, "broadcast_to")
    if like is None:
        return node("BroadcastTo", {"shape": sizes}, [made], "broadcast_to")
    return node("BroadcastLike", {"shape": sizes}, [made, like], "broadcast_to")


def _is_batch(size: Any) -> bool:
    return dimensions.is_batch_size(size) if isinstance(size, KerasTensor) else size is None or size == -1


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """Returns a tensor with values added before and after the elements along each axis.

    Args:
        x: Tensor or array.
        pad_width: Numbers (before, after) for each axis, or one pair or number for all.
        mode: "constant", "reflect", "symmetric" or "edge".
        constant_values: Value of the padding in mode "constant"; None: 0.

    Returns:
        Tensor or array.

    Raises:
        ValueError: `constant_values` is given with another mode.

    Example:
        >>> ops.pad([1, 2], (1, 2))
        array([0, 1, 2, 0, 0], dtype=int32)
    """
    pairs = np.broadcast_to(np.asarray(pad_width), (dimensions.ndim(x), 2)).tolist()
    if constant_values is not None and mode != "constant":
        raise ValueError(f"ops.pad: constant_values needs mode 'constant', got mode {mode!r}")
    value = 0 if constant_values is None else constant_values
    if not is_traced([x, value]):
        extra = {"constant_values": value} if mode == "constant" else {}
        return np.pad(array(x), pairs, mode, **extra)  # type: ignore[call-overload]
    low, high = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    arguments = {"low": low, "high": high, "mode": mode, "value": float(value)}
    return node("Pad", arguments, [tensor(x)], "pad")


@as_in_keras(module="einops")
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Returns a tensor with axes split, reordered and joined by a pattern, such as "b (h p) c -> b h (p c)".

    Reference: Rogozhnikov, 2022, "Einops: clear and reliable tensor manipulations with Einstein-like notation".

    Args:
        tensor: Tensor or array.
        pattern: Names of the axes before and after an arrow; names in parentheses form one axis together.
        **axes_lengths: Sizes of axes in parentheses before the arrow; one of each pair of parentheses may be omitted.

    Returns:
        Tensor or array.

    Raises:
        ValueError: The pattern does not fit the tensor, or its sides do not have the same names.

    Example:
        >>> ops.rearrange(np.arange(4), "(a b) -> b a", a=2)
        array([[0, 2],
               [1, 3]], dtype=int32)
    """
    left, arrow, right = pattern.partition("->")
    before, after = _groups(left), _groups(right)
    names, wanted = [name for one in before for name in one], [name for one in after for name in one]
    if (
        not arrow
        or sorted(names) != sorted(wanted)
        or len(set(names)) < len(names)
        or len(before) != dimensions.ndim(tensor)
    ):
        raise ValueError(
            f"ops.rearrange: {pattern!r} does not fit a tensor of rank {dimensions.ndim(tensor)}; each axis has one "
            "name, and each name stands once on either side"
        )
    made = convert_to_tensor(tensor)
    sizes: dict[str, Any] = dict(axes_lengths)
    for i, (one, length) in enumerate(zip(before, made.shape, strict=True)):
        open_names = [name for name in one if name not in sizes]
        known = math.prod(sizes[name] for name in one if name in sizes)
        if len(open_names) > 1 or (length is not None and (length % known or (not open_names and length != known))):
            raise ValueError(
                f"ops.rearrange: the sizes of {one} in {pattern!r} do not multiply to {length}; got {sizes}"
            )
        for name in open_names:
            size = length if length is not None else dimensions.axis_size(made, i)
            sizes[name] = size if known == 1 else size // known

    def shaped(x: Any, groups: list[list[str]]) -> Any:
        return reshape(x, [functools.reduce(operator.mul, [sizes[name] for name in one], 1) for one in groups])

    made = made if all(len(one) == 1 for one in before) else shaped(made, [[name] for name in names])
    made = transpose(made, [names.index(name) for name in wanted])
    return made if all(len(one) == 1 for one in after) else shaped(made, after)


def _groups(side: str) -> list[list[str]]:
    """Splits one side of a pattern: "b (h p) c" becomes [["b"], ["h", "p"], ["c"]]."""
    groups: list[list[str]] = []
    inside = False
    for word in side.replace("(", " ( ").replace(")", " ) ").split():
        if word in "()":
            inside = word == "("
            if inside:
                groups.append([])
        elif inside:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups
