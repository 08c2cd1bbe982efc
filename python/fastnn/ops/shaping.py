"""Functions that give tensors other shapes, cut, join and turn them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.ops import elementwise as el
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import array, axes_of, lowered, node, one_type, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced

_cut = slice
_WHOLE = 1 << 62
"""The end of a slice that takes a whole axis."""


# Sizes.


def shape(x: Any) -> tuple[Any, ...]:
    """The sizes of a tensor; that of a batch is itself a tensor, of one whole number.

    Args:
        x: A tensor or an array.

    Returns:
        A tuple, which functions that take a shape accept: `ops.zeros`, `random.normal`, `ops.reshape`.
    """
    if not is_traced(x):
        return np.shape(x)
    made = tensor(x)
    return tuple(rows(made) if i == 0 and size is None else size for i, size in enumerate(made.shape))


def rows(x: Any) -> Any:
    """How many samples the batch has: a tensor of one whole number."""
    made = tensor(x)
    if not is_batched(made):
        raise ValueError(f"ops.shape: the tensor {made.name!r} of shape {made.shape} has no batch")
    return node("Rows", {}, [made], "rows")


def ndim(x: Any) -> int:
    """How many axes."""
    return len(x.shape) if hasattr(x, "shape") else np.ndim(x)


def size(x: Any) -> Any:
    """How many numbers."""
    total: Any = 1
    for one in shape(x):
        total = el.multiply(total, one) if is_traced([total, one]) else total * one
    return total


def is_batched(x: KerasTensor) -> bool:
    """Whether the first axis is the batch."""
    return bool(x.shape) and x.shape[0] is None


def sizes_and_batch(sizes: Any, who: str) -> tuple[list[int], KerasTensor | None]:
    """A shape as whole numbers; where the first is the size of a batch, without it but with a tensor that has it.

    Raises:
        ValueError: A size is neither, or that of a batch stands elsewhere.
    """
    many = [sizes] if isinstance(sizes, (int, np.integer, KerasTensor)) else list(sizes)
    like = None
    found = []
    for i, one in enumerate(many):
        if isinstance(one, (int, np.integer)) and not isinstance(one, bool):
            found.append(int(one))
        elif i == 0 and isinstance(one, KerasTensor) and getattr(one.call.layer, "node_kind", "") == "Rows":
            like = one.call.inputs[0]
        else:
            raise ValueError(
                f"ops.{who} expects a shape of whole numbers, of which the first may be ops.shape(x)[0], the size of "
                f"the batch; got {one!r} as size {i}"
            )
    return found, like


# The same numbers in another shape.


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
    if not is_batched(made):
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
    if is_batched(made) and 0 in places:
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
    if is_batched(x):
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
    order = list(range(ndim(x)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned by k quarters in the plane of two axes, from the first towards the second."""
    first, second = (axis % ndim(array) for axis in axes)
    if first == second:
        raise ValueError(f"ops.rot90 expects two axes, got {axes}")
    if k % 4 == 0:
        return el.convert_to_tensor(array)
    if k % 4 == 2:
        return flip(flip(array, first), second)
    if k % 4 == 1:
        return swapaxes(flip(array, second), first, second)
    return flip(swapaxes(array, first, second), second)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """With axes moved to other places."""
    rank = ndim(x)
    sources = [one % rank for one in np.atleast_1d(source)]
    places = [one % rank for one in np.atleast_1d(destination)]
    order = [axis for axis in range(rank) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(x, [int(axis) for axis in order])


def broadcast_to(x: Any, shape: Any) -> Any:
    """Repeated along axes of size 1 until it has the shape."""
    many = list(shape) if isinstance(shape, (list, tuple)) else [shape]
    if not is_traced(x) and not is_traced(many):
        return np.broadcast_to(array(x), shape).copy()
    made = tensor(x)
    if is_batched(made):
        target = [-1 if one is None or isinstance(one, KerasTensor) else int(one) for one in many]
        return node("BroadcastTo", {"shape": target}, [made], "broadcast_to")
    sizes, like = sizes_and_batch(many, "broadcast_to")
    if like is None:
        return node("BroadcastTo", {"shape": sizes}, [made], "broadcast_to")
    return node("BroadcastLike", {"shape": sizes}, [made, like], "broadcast_to")


# Cutting.


def get_item(x: Any, key: Any) -> Any:
    """x[key]: slices, whole numbers, None, ... and one tensor of whole numbers."""
    index = key
    if not is_traced(x) and not is_traced(list(index) if isinstance(index, tuple) else index):
        return lowered(np.asarray(x)[index])
    made = tensor(x)
    many = list(index) if isinstance(index, tuple) else [index]
    taken = sum(1 for one in many if one is not None and one is not Ellipsis)
    if any(one is Ellipsis for one in many):
        place = next(i for i, one in enumerate(many) if one is Ellipsis)
        many[place : place + 1] = [_cut(None)] * (made.ndim - taken)
    else:
        many += [_cut(None)] * (made.ndim - taken)
    if sum(1 for one in many if one is not None) != made.ndim:
        raise IndexError(f"{taken} indices for a tensor of shape {made.shape}")
    begin, end, steps, turned, picks = [], [], [], [], []
    sizes: list[int | None] = []
    free: list[tuple[int, int]] = []  # cut axes of unknown size: which they are among the sizes, and before
    axis = 0
    for one in many:
        if one is None:
            sizes.append(1)
            continue
        length: Any = made.shape[axis]
        whole = isinstance(one, _cut) and one == _cut(None)
        if not whole and length is None and (axis == 0 or not isinstance(one, (_cut, int, np.integer))):
            what = "the batch" if axis == 0 else "an axis whose size is not known yet"
            raise ValueError(
                f"{what} of the tensor {made.name!r} of shape {made.shape} cannot be cut by {one!r}; "
                "compute with all of it" + ("" if axis == 0 else ", or cut within the call() of a layer")
            )
        if whole:
            start, stop, step = 0, _WHOLE if length is None else length, 1
            sizes.append(length)
        elif length is None and isinstance(one, _cut):
            # The node counts from the end itself, and says what is left.
            step = 1 if one.step is None else one.step
            start = (0 if step > 0 else _WHOLE) if one.start is None else one.start
            stop = _WHOLE if one.stop is None else one.stop
            free.append((len(sizes), axis))
            sizes.append(None)
        elif length is None:
            start, stop, step = int(one), _WHOLE if one == -1 else int(one) + 1, 1
        elif isinstance(one, _cut):
            start, stop, step = one.indices(length)
            count = len(range(start, stop, step))
            if step < 0:
                turned.append(axis)
                start, step = start + step * (count - 1), -step
            stop = start + step * (count - 1) + 1 if count else start
            sizes.append(count)
        elif isinstance(one, (int, np.integer)):
            if not -length <= one < length:
                raise IndexError(f"index {one} is outside axis {axis} of a tensor of shape {made.shape}")
            start = int(one) % length
            stop, step = start + 1, 1
        else:
            picks.append((axis, one))
            start, stop, step = 0, length, 1
            sizes.append(length)
        begin.append(start)
        end.append(stop)
        steps.append(step)
        axis += 1
    if picks:
        if len(picks) > 1 or len(sizes) != made.ndim:
            raise IndexError("one index at a time may be a tensor or a list, beside slices; use ops.take for more")
        made = take(made, picks[0][1], axis=picks[0][0])
        if all((isinstance(one, _cut) and one == _cut(None)) or one is picks[0][1] for one in many):
            return made
        raise IndexError("an index that is a tensor stands beside whole slices only; cut first, then take")
    trivial = all(
        b == 0 and s == 1 and e in (_WHOLE, n) for b, e, s, n in zip(begin, end, steps, made.shape, strict=True)
    )
    if not trivial:
        made = node("Slice", {"begin": begin, "end": end, "strides": steps}, [made], "get_item")
        for after, before in free:
            sizes[after] = made.shape[before]
    if turned:
        made = node("Flip", {"axes": turned}, [made], "flip")
    return made if list(made.shape) == sizes else _with_sizes(made, sizes, "get_item")


@as_in_keras(module="core")
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """A block of a tensor.

    Args:
        inputs: A tensor or an array.
        start_indices: Where it begins along each axis.
        shape: How many numbers it has along each axis; -1, None or `ops.shape(x)[0]`: all that follow.
    """
    cuts = []
    for begin, count in zip(start_indices, shape, strict=True):
        rest = count is None or isinstance(count, KerasTensor) or count == -1
        cuts.append(_cut(begin or None, None) if rest else _cut(begin, begin + count))
    return get_item(inputs, tuple(cuts))


@as_in_keras(module="core")
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """A tensor with other numbers in a block of it.

    Args:
        inputs: A tensor or an array.
        start_indices: Where the block begins along each axis: plain numbers, 0 for the batch.
        updates: The numbers of the block, of as many axes.

    Raises:
        TypeError: Where it begins is not known beforehand.
    """
    starts = [start if is_traced(start) else int(start) for start in start_indices]
    if is_traced(starts):
        raise TypeError("ops.slice_update expects start_indices that are plain numbers, got a symbolic tensor")
    if not is_traced([inputs, updates]):
        found, part = el.together(inputs, updates)
        found = found.copy()
        found[tuple(_cut(a, a + n) for a, n in zip(starts, part.shape, strict=True))] = part
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
            raise ValueError(f"ops.slice_update: {part.shape} from {tuple(starts)} on does not lie in {made.shape}")
        widths.append((start, size - start - count))
        places = np.zeros([size if i == axis else 1 for i in range(made.ndim)], bool)
        np.moveaxis(places, axis, 0)[start : start + count] = True
        inside = inside & places
    return el.where(inside, pad(part, widths), made)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut along an axis: into so many equal parts, or at these places."""
    if not is_traced(x):
        found = array(x)
        sections = indices_or_sections
        if isinstance(sections, (int, np.integer)) and found.shape[axis] % sections:
            raise ValueError(f"ops.split: {found.shape[axis]} numbers cannot be cut into {sections} equal parts")
        return list(np.split(found, sections, axis))
    made = tensor(x)
    (place,) = axes_of(axis, made.ndim, "split")
    length = made.shape[place]
    if length is None:
        raise ValueError(f"ops.split: axis {axis} of {made.shape} has no size that is known")
    if isinstance(indices_or_sections, (int, np.integer)):
        if length % indices_or_sections:
            raise ValueError(f"ops.split: {length} numbers cannot be cut into {indices_or_sections} equal parts")
        part = length // int(indices_or_sections)
        cuts = list(range(part, length, part))
    else:
        cuts = [int(one) for one in indices_or_sections]
    before: tuple[Any, ...] = (_cut(None),) * place
    return [get_item(made, (*before, _cut(a, b))) for a, b in zip([0, *cuts], [*cuts, length], strict=True)]


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut along an axis: at these places, or into so many parts, the first of which may be longer by one."""
    length = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)) and length is not None:
        count = int(indices_or_sections)
        sizes = [length // count + (i < length % count) for i in range(count)]
        indices_or_sections = np.cumsum(sizes)[:-1].tolist()
    return split(x, indices_or_sections, axis)


def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along the second axis (the first, where there is one only)."""
    return split(x, indices_or_sections, 1 if ndim(x) > 1 else 0)


def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along the first axis."""
    return split(x, indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along the third axis."""
    return split(x, indices_or_sections, 2)


@as_in_keras(module="core")
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The parts along an axis, without it."""
    (place,) = axes_of(axis, ndim(x), "unstack")
    length = x.shape[place] if num is None else num
    if length is None:
        raise ValueError(f"ops.unstack: axis {axis} of {tuple(x.shape)} has no size that is known")
    before: tuple[Any, ...] = (_cut(None),) * place
    return [get_item(x, (*before, i)) for i in range(length)]


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """What stands at these places along an axis (None: of all numbers in one axis).

    Args:
        x: A tensor or an array.
        indices: Whole numbers; negative ones count from the end.
        axis: Along which.
    """
    if not is_traced([x, indices]):
        return lowered(np.take(array(x), np.asarray(indices), axis))
    made = tensor(x)
    if axis is None:
        made, axis = reshape(made, -1), 0
    (place,) = axes_of(axis, made.ndim, "take")
    return node("Take", {"axis": place}, [made, el.cast(tensor(indices), "int32")], "take")


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """For each place of `indices` what stands there along an axis."""
    if not is_traced([x, indices]):
        return lowered(np.take_along_axis(array(x), np.asarray(indices), axis))
    made, places = tensor(x), el.cast(tensor(indices), "int32")
    if axis is None:
        made, places, axis = reshape(made, -1), reshape(places, -1), 0
    return node(
        "TakeAlong", {"axis": axes_of(axis, made.ndim, "take_along_axis")[0]}, [made, places], "take_along_axis"
    )


# Joining and repeating.


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """One after the other along an axis, in the type that holds them all."""
    if not is_traced(list(xs)):
        return np.concatenate(el.together(*xs), axis)
    made = one_type(*xs)
    (place,) = axes_of(axis, made[0].ndim, "concatenate")
    return node("Join", {"axis": place}, made, "concatenate")


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Along a new axis."""
    if not is_traced(list(x)):
        return np.stack(el.together(*x), axis)
    made = one_type(*x)
    (place,) = axes_of(axis, made[0].ndim + 1, "stack")
    if place == 0 and any(is_batched(one) for one in made):
        raise ValueError(
            f"ops.stack: an axis before the batch of {made[0].shape} cannot be; stack along axis 1 or later, or add "
            "the tensors one by one"
        )
    return concatenate([expand_dims(one, place) for one in made], place)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x2 after x1; without an axis both in one axis."""
    if axis is None:
        return concatenate([reshape(x1, -1), reshape(x2, -1)], 0)
    return concatenate([x1, x2], axis)


def hstack(xs: Sequence[Any]) -> Any:
    """One after the other along the second axis (the first, where there is one only)."""
    return concatenate(xs, 0 if ndim(xs[0]) == 1 else 1)


def dstack(xs: Sequence[Any]) -> Any:
    """One after the other along the third axis."""

    def deep(x: Any) -> Any:
        x = el.convert_to_tensor(x)
        x = x if ndim(x) else reshape(x, (1,))
        x = x if ndim(x) > 1 else expand_dims(x, 0)
        return x if ndim(x) > 2 else expand_dims(x, 2)

    return concatenate([deep(x) for x in xs], 2)


def vstack(xs: Sequence[Any]) -> Any:
    """One after the other along the first axis."""
    return concatenate([x if ndim(x) > 1 else expand_dims(x, 0) for x in xs], 0)


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
        made, axis = reshape(made, -1), 0
    place = axes_of(axis, made.ndim, "repeat")[0]
    many = np.asarray(repeats)
    if many.size > 1:
        return take(made, np.repeat(np.arange(many.size), many), place)
    return node("Repeat", {"repeats": int(many.reshape(-1)[0]), "axis": place}, [made], "repeat")


def tile(x: Any, repeats: Any) -> Any:
    """The whole so many times along each axis."""
    if not is_traced(x):
        return lowered(np.tile(array(x), repeats))
    made = tensor(x)
    many = [int(one) for one in np.atleast_1d(repeats)]
    if len(many) > made.ndim:
        made = reshape(made, [1] * (len(many) - made.ndim) + list(made.shape))
    many = [1] * (made.ndim - len(many)) + many
    return node("Tile", {"repeats": many}, [made], "tile")


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


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Shifted along an axis, or along several; what leaves it on one side comes in on the other."""
    if not is_traced(x):
        return np.roll(array(x), shift, axis)
    made = tensor(x)
    if axis is None:
        return reshape(roll(reshape(made, -1), shift, 0), list(made.shape))
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
    first, last = split(x, [length - by], axis)
    return concatenate([last, first], axis)


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """With numbers put before and after along each axis.

    Args:
        x: A tensor or an array.
        pad_width: For each axis (before, after), or one pair or number for all.
        mode: "constant", "reflect", "symmetric" or "edge".
        constant_values: What is put there by "constant"; None: 0.
    """
    pairs = np.broadcast_to(np.asarray(pad_width), (ndim(x), 2)).tolist()
    if constant_values is not None and mode != "constant":
        raise ValueError(f"ops.pad: constant_values goes with mode 'constant', got mode {mode!r}")
    value = 0 if constant_values is None else constant_values
    if not is_traced([x, value]):
        extra = {"constant_values": value} if mode == "constant" else {}
        return np.pad(array(x), pairs, mode, **extra)  # type: ignore[call-overload]
    low, high = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    arguments = {"low": low, "high": high, "mode": mode, "value": float(value)}
    return node("Pad", arguments, [tensor(x)], "pad")


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Each number less the one before it along an axis, n times over."""
    made = el.convert_to_tensor(a)
    (place,) = axes_of(axis, ndim(made), "diff")
    before: tuple[Any, ...] = (_cut(None),) * place
    for _ in range(n):
        made = el.subtract(get_item(made, (*before, _cut(1, None))), get_item(made, (*before, _cut(None, -1))))
    return made


def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[Any, ...]:
    """Places among all numbers of an array of this shape as places along its axes."""
    rest = el.cast(indices, "int32")
    made = []
    for count in reversed([int(one) for one in shape]):
        made.append(el.mod(rest, count))
        rest = el.floor_divide(rest, count)
    return tuple(reversed(made))


@as_in_keras(module="core")
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """0, with values added at places.

    Args:
        indices: The places, of shape (count, axes of the place): plain whole numbers.
        values: The numbers, of shape (count, ...), without a batch.
        shape: That of the result.

    Raises:
        TypeError: The places are not known beforehand.
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
    if is_batched(tensor(values)):
        raise ValueError("ops.scatter expects values without a batch; use ops.segment_sum to add up rows of the batch")
    hot = (rows[np.newaxis] == np.arange(count)[:, np.newaxis]).astype(np.float32)
    flat = reshape(el.cast(values, "float32"), [len(rows), math.prod(inner)])
    made = reshape(node("Matmul", {}, [hot, flat], "scatter"), sizes)
    return el.cast(made, tensor(values).dtype)


@as_in_keras(module="core")
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """A tensor with other numbers at places; where one comes twice, the last counts.

    Args:
        inputs: A tensor without a batch, or an array.
        indices: The places, of shape (count, axes of the place): plain whole numbers.
        updates: The numbers, of shape (count, ...).
        reduction: None: they take the place of those before; "add": they are added.

    Raises:
        TypeError: The places are not known beforehand.
        ValueError: Another reduction.
    """
    if reduction not in (None, "add"):
        raise ValueError(f"ops.scatter_update expects reduction None or 'add', got {reduction!r}")
    places = _places(indices, "scatter_update")
    sizes = [int(one) for one in inputs.shape] if not is_traced(inputs) or None not in inputs.shape else None
    if sizes is None:
        raise ValueError(f"ops.scatter_update expects inputs without a batch, got {inputs.shape}; use ops.where")
    if reduction == "add":
        return el.add(inputs, scatter(places, updates, sizes))
    last = sorted({tuple(place): i for i, place in enumerate(places.tolist())}.values())
    places, updates = places[last], take(updates, np.asarray(last, np.int32), 0)
    inside = np.zeros(sizes, bool)
    inside[tuple(places.T)] = True
    return el.where(inside, scatter(places, updates, sizes), inputs)


def _places(indices: Any, who: str) -> Any:
    if is_traced(indices):
        raise TypeError(f"ops.{who} expects indices that are plain numbers, got a symbolic tensor; use ops.one_hot")
    places = np.asarray(indices)
    if places.ndim != 2 or places.dtype.kind not in "iu":
        raise ValueError(f"ops.{who} expects whole numbers of shape (count, axes), got {places.dtype} {places.shape}")
    return places


@as_in_keras(module="einops")
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
    if not arrow or sorted(names) != sorted(wanted) or len(set(names)) < len(names) or len(before) != ndim(tensor):
        raise ValueError(
            f"ops.rearrange: {pattern!r} does not go with a tensor of {ndim(tensor)} axes; each axis has one name, and "
            "each name stands once on either side"
        )
    made = el.convert_to_tensor(tensor)
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
