"""Functions that change a tensor's shape or the order of its axes and elements, and padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.ops import dimensions
from fastnn.ops.conversion import convert_to_tensor
from fastnn.ops.node import array, axes_of, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


def reshape(x: Any, newshape: Any) -> Any:
    """The same numbers in another shape.

    Args:
        x: A tensor or an array.
        newshape: Sizes, one of which may be -1. That of a batch must stay first and whole: -1, None or
            ops.shape(x)[0].

    Raises:
        ValueError: The sizes do not go with the numbers, or the batch would be cut or joined with another axis.
    """
    if not is_traced(x):
        return np.reshape(array(x), newshape)
    made = tensor(x)
    sizes = [newshape] if isinstance(newshape, (int, np.integer)) else list(newshape)
    if not dimensions.is_batched(made):
        fixed = [int(one) for one in sizes]
        if -1 in fixed:
            rest = -math.prod(fixed)
            fixed[fixed.index(-1)] = (made.size or 0) // max(rest, 1)
        return node("ReshapeTo", {"shape": fixed}, [made], "reshape")
    row: int = 1
    for one in made.shape[1:]:
        row = -1 if one is None or row < 0 else row * one
    first: Any
    first, others = (sizes[0], sizes[1:]) if sizes else (1, [])
    kept = first is None or isinstance(first, KerasTensor)
    if not kept and first == -1 and all(isinstance(one, (int, np.integer)) and one >= 0 for one in others):
        kept = row < 0 or math.prod(others) == row
    if not kept:
        raise ValueError(
            f"ops.reshape: {tuple(sizes)} does not leave the batch of {made.shape} as it is; let the first size be -1 "
            f"(or ops.shape(x)[0]) and the others come to {row if row >= 0 else 'what a sample holds'}"
        )
    return node("Reshape", {"target_shape": [-1 if one is None else int(one) for one in others]}, [made], "reshape")


def ravel(x: Any) -> Any:
    """All numbers in one axis."""
    return reshape(x, -1)


def expand_dims(x: Any, axis: Any) -> Any:
    """With an axis of size 1 put in."""
    if not is_traced(x):
        return np.expand_dims(array(x), tuple(axis) if isinstance(axis, list) else axis)
    made = tensor(x)
    many = [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    places = axes_of(many, made.ndim + len(many), "expand_dims")
    sizes = list(made.shape)
    for place in places:
        sizes.insert(place, 1)
    if dimensions.is_batched(made) and 0 in places:
        raise ValueError("ops.expand_dims: an axis before the batch cannot be; put it at axis 1 or later")
    return _with_sizes(made, sizes, "expand_dims")


def squeeze(x: Any, axis: Any = None) -> Any:
    """Without axes of size 1: all of them, or those named."""
    if not is_traced(x):
        return np.squeeze(array(x), tuple(axis) if isinstance(axis, list) else axis)
    made = tensor(x)
    ones = [i for i, one in enumerate(made.shape) if one == 1]
    places = ones if axis is None else axes_of(axis, made.ndim, "squeeze")
    if any(made.shape[place] != 1 for place in places):
        raise ValueError(f"ops.squeeze: axis {axis} of {made.shape} is not of size 1")
    return _with_sizes(made, [one for i, one in enumerate(made.shape) if i not in places], "squeeze")


def _with_sizes(x: KerasTensor, sizes: Sequence[int | None], title: str) -> Any:
    fixed = [-1 if one is None else one for one in sizes]
    if dimensions.is_batched(x):
        return node("Reshape", {"target_shape": fixed[1:]}, [x], title)
    return node("ReshapeTo", {"shape": fixed}, [x], title)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """With its axes in another order; None: the other way round.

    Raises:
        ValueError: The batch would not stay first.
    """
    if not is_traced(x):
        return np.transpose(array(x), axes)
    made = tensor(x)
    order = list(range(made.ndim))[::-1] if axes is None else [int(axis) % made.ndim for axis in axes]
    return node("Transpose", {"permutation": order}, [made], "transpose")


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """With two axes changed for one another."""
    order = list(range(dimensions.ndim(x)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """With axes moved to other places."""
    rank = dimensions.ndim(x)
    sources = [one % rank for one in np.atleast_1d(source)]
    places = [one % rank for one in np.atleast_1d(destination)]
    order = [axis for axis in range(rank) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(x, [int(axis) for axis in order])


def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned by k quarters in the plane of two axes, from the first towards the second."""
    first, second = (axis % dimensions.ndim(array) for axis in axes)
    if first == second:
        raise ValueError(f"ops.rot90 expects two axes, got {axes}")
    if k % 4 == 0:
        return convert_to_tensor(array)
    if k % 4 == 2:
        return flip(flip(array, first), second)
    if k % 4 == 1:
        return swapaxes(flip(array, second), first, second)
    return flip(swapaxes(array, first, second), second)


def flip(x: Any, axis: Any = None) -> Any:
    """The other way round along axes; None: all of them."""
    if not is_traced(x):
        return np.flip(array(x), tuple(axis) if isinstance(axis, list) else axis).copy()
    made = tensor(x)
    return node("Flip", {"axes": axes_of(axis, made.ndim, "flip")}, [made], "flip")


def fliplr(x: Any) -> Any:
    """The other way round along the second axis."""
    return flip(x, 1)


def flipud(x: Any) -> Any:
    """The other way round along the first axis."""
    return flip(x, 0)


def broadcast_to(x: Any, shape: Any) -> Any:
    """Repeated along axes of size 1 until it has the shape."""
    many = list(shape) if isinstance(shape, (list, tuple)) else [shape]
    if not is_traced(x) and not is_traced(many):
        return np.broadcast_to(array(x), shape).copy()
    made = tensor(x)
    if dimensions.is_batched(made):
        target = [-1 if one is None or isinstance(one, KerasTensor) else int(one) for one in many]
        return node("BroadcastTo", {"shape": target}, [made], "broadcast_to")
    sizes, like = dimensions.sizes_and_batch(many, "broadcast_to")
    if like is None:
        return node("BroadcastTo", {"shape": sizes}, [made], "broadcast_to")
    return node("BroadcastLike", {"shape": sizes}, [made, like], "broadcast_to")


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """With numbers put before and after along each axis.

    Args:
        x: A tensor or an array.
        pad_width: For each axis (before, after), or one pair or number for all.
        mode: "constant", "reflect", "symmetric" or "edge".
        constant_values: What is put there by "constant"; None: 0.
    """
    pairs = np.broadcast_to(np.asarray(pad_width), (dimensions.ndim(x), 2)).tolist()
    if constant_values is not None and mode != "constant":
        raise ValueError(f"ops.pad: constant_values goes with mode 'constant', got mode {mode!r}")
    value = 0 if constant_values is None else constant_values
    if not is_traced([x, value]):
        extra = {"constant_values": value} if mode == "constant" else {}
        return np.pad(array(x), pairs, mode, **extra)  # type: ignore[call-overload]
    low, high = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    arguments = {"low": low, "high": high, "mode": mode, "value": float(value)}
    return node("Pad", arguments, [tensor(x)], "pad")


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Axes split, put in another order and joined, as a pattern says: "b (h p) c -> b h (p c)".

    Args:
        tensor: A tensor or an array.
        pattern: Names of axes before and after an arrow; those within brackets are one axis together.
        **axes_lengths: Sizes of axes that brackets before the arrow hold, all but one of each.

    Raises:
        ValueError: The pattern does not go with the tensor, or names differ on its two sides.
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
    for one, length in zip(before, made.shape, strict=True):
        open_names = [name for name in one if name not in sizes]
        known = math.prod(sizes[name] for name in one if name in sizes)
        if len(open_names) > 1 or (length is not None and (length % known or (not open_names and length != known))):
            raise ValueError(f"ops.rearrange: the sizes of {one} in {pattern!r} do not come to {length}; got {sizes}")
        for name in open_names:
            sizes[name] = None if length is None else length // known

    def shaped(x: Any, groups: list[list[str]]) -> Any:
        whole = []
        for one in groups:
            many = [sizes[name] for name in one]
            whole.append(-1 if None in many else math.prod(many))
        return reshape(x, whole)

    made = shaped(made, [[name] for name in names])
    made = transpose(made, [names.index(name) for name in wanted])
    return shaped(made, after)


def _groups(side: str) -> list[list[str]]:
    """ "b (h p) c" as [["b"], ["h", "p"], ["c"]]."""
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
