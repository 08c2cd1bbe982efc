"""Functions that make, cut, join and turn tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn.ops import elementwise as el
from fastnn.ops.node import array, axes_of, lowered, node, one_type, tensor
from fastnn.symbolic import KerasTensor, is_traced

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
        total = total * one
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


def _filled(value: Any, sizes: Any, dtype: Any, who: str) -> Any:
    if not is_traced([value, *(sizes if isinstance(sizes, (list, tuple)) else [sizes])]):
        return lowered(np.full(sizes, value, None if dtype is None else np.dtype(dtype)))
    return broadcast_to(value if dtype is None else el.cast(value, dtype), sizes)


def zeros(shape: Any, dtype: Any = "float32") -> Any:
    """All 0."""
    return _filled(0.0, shape, dtype or "float32", "zeros")


def ones(shape: Any, dtype: Any = "float32") -> Any:
    """All 1."""
    return _filled(1.0, shape, dtype or "float32", "ones")


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """All `fill_value`."""
    return _filled(fill_value, shape, dtype, "full")


empty = zeros


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """All 0, in the shape of x."""
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """All 1, in the shape of x."""
    return full_like(x, 1, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """All `fill_value`, in the shape of x."""
    if not is_traced([x, fill_value]):
        return lowered(np.full_like(array(x), fill_value, None if dtype is None else np.dtype(dtype)))
    made = tensor(x)
    filling = tensor(fill_value, made.dtype if dtype is None else str(np.dtype(dtype)))
    if not is_batched(made):
        return broadcast_to(filling, made.shape)
    return node("BroadcastLike", {"shape": [-1 if s is None else s for s in made.shape[1:]]}, [filling, made], "full_like")


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """Numbers from start up to, but without, stop."""
    return lowered(np.arange(*((start,) if stop is None else (start, stop, step)), dtype=dtype))


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` numbers at equal distances from start to stop."""
    return lowered(np.linspace(start, stop, num, endpoint, retstep, dtype, axis))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = "float32") -> Any:
    """1 on a diagonal, 0 elsewhere."""
    return lowered(np.eye(N, M, k, dtype=dtype))


def identity(n: int, dtype: Any = "float32") -> Any:
    """1 on the diagonal, 0 elsewhere."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = "float32") -> Any:
    """1 on and below a diagonal, 0 above."""
    return lowered(np.tri(N, M, k, dtype=dtype))


def tril(x: Any, k: int = 0) -> Any:
    """What lies on and below a diagonal of the last two axes, 0 elsewhere."""
    if not is_traced(x):
        return np.tril(array(x), k)
    made = tensor(x)
    return el.multiply(made, np.tril(np.ones(made.shape[-2:], np.float32), k))  # type: ignore[arg-type]


def triu(x: Any, k: int = 0) -> Any:
    """What lies on and above a diagonal of the last two axes, 0 elsewhere."""
    if not is_traced(x):
        return np.triu(array(x), k)
    made = tensor(x)
    return el.multiply(made, np.triu(np.ones(made.shape[-2:], np.float32), k))  # type: ignore[arg-type]


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """For each whole number k a row of 0 with a 1 at k; all 0 where k is none of the classes."""
    if not is_traced(x):
        found = array(x)
        made = (found[..., np.newaxis] == np.arange(num_classes)).astype(np.float32)
        return np.moveaxis(made, -1, axis)
    hot = node("OneHot", {"num_classes": int(num_classes)}, [el.cast(x, "int32")], "one_hot")
    hot = hot if dtype is None else el.cast(hot, dtype)
    return hot if axis in (-1, len(hot.shape) - 1) else moveaxis(hot, -1, axis)


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
    row = 1
    for one in made.shape[1:]:
        row = -1 if one is None or row < 0 else row * one
    first, rest = (sizes[0], sizes[1:]) if sizes else (1, [])
    kept = first is None or isinstance(first, KerasTensor)
    if not kept and first == -1 and all(isinstance(one, (int, np.integer)) and one >= 0 for one in rest):
        kept = row < 0 or math.prod(rest) == row
    if not kept:
        raise ValueError(
            f"ops.reshape: {tuple(sizes)} does not leave the batch of {made.shape} as it is; let the first size be -1 "
            f"(or ops.shape(x)[0]) and the others come to {row if row >= 0 else 'what a sample holds'}"
        )
    return node("Reshape", {"target_shape": [-1 if one is None else int(one) for one in rest]}, [made], "reshape")


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
        return np.broadcast_to(array(x), shape)
    made = tensor(x)
    if is_batched(made):
        target = [-1 if one is None or isinstance(one, KerasTensor) else int(one) for one in many]
        return node("BroadcastTo", {"shape": target}, [made], "broadcast_to")
    sizes, like = sizes_and_batch(many, "broadcast_to")
    if like is None:
        return node("BroadcastTo", {"shape": sizes}, [made], "broadcast_to")
    return node("BroadcastLike", {"shape": sizes}, [made, like], "broadcast_to")


# Cutting.


def getitem(x: Any, index: Any) -> Any:
    """x[index]: slices, whole numbers, None, ... and one tensor of whole numbers."""
    if not is_traced(x) and not is_traced(list(index) if isinstance(index, tuple) else index):
        return lowered(np.asarray(x)[index])
    made = tensor(x)
    many = list(index) if isinstance(index, tuple) else [index]
    taken = sum(1 for one in many if one is not None and one is not Ellipsis)
    if any(one is Ellipsis for one in many):
        place = next(i for i, one in enumerate(many) if one is Ellipsis)
        many[place : place + 1] = [slice(None)] * (made.ndim - taken)
    else:
        many += [slice(None)] * (made.ndim - taken)
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
        length = made.shape[axis]
        whole = isinstance(one, slice) and one == slice(None)
        if not whole and length is None and (axis == 0 or not isinstance(one, (slice, int, np.integer))):
            what = "the batch" if axis == 0 else "an axis whose size is not known yet"
            raise ValueError(
                f"{what} of the tensor {made.name!r} of shape {made.shape} cannot be cut by {one!r}; "
                "compute with all of it" + ("" if axis == 0 else ", or cut within the call() of a layer")
            )
        if whole:
            start, stop, step = 0, _WHOLE if length is None else length, 1
            sizes.append(length)
        elif length is None and isinstance(one, slice):
            # The node counts from the end itself, and says what is left.
            step = 1 if one.step is None else one.step
            start = (0 if step > 0 else _WHOLE) if one.start is None else one.start
            stop = _WHOLE if one.stop is None else one.stop
            free.append((len(sizes), axis))
            sizes.append(None)
        elif length is None:
            start, stop, step = int(one), _WHOLE if one == -1 else int(one) + 1, 1
        elif isinstance(one, slice):
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
        if all((isinstance(one, slice) and one == slice(None)) or one is picks[0][1] for one in many):
            return made
        raise IndexError("an index that is a tensor stands beside whole slices only; cut first, then take")
    trivial = all(b == 0 and s == 1 and (e == _WHOLE or e == n) for b, e, s, n in zip(begin, end, steps, made.shape, strict=True))
    if not trivial:
        made = node("Slice", {"begin": begin, "end": end, "strides": steps}, [made], "getitem")
        for after, before in free:
            sizes[after] = made.shape[before]
    if turned:
        made = node("Flip", {"axes": turned}, [made], "flip")
    return made if list(made.shape) == sizes else _with_sizes(made, sizes, "getitem")


def slice_(x: Any, start_indices: Sequence[int], shape: Sequence[int]) -> Any:
    """A block: from `start_indices` on, of so many numbers along each axis (-1: all that follow)."""
    return getitem(
        x,
        tuple(
            slice(None) if count in (-1, None) and not begin else slice(begin, None if count == -1 else begin + count)
            for begin, count in zip(start_indices, shape, strict=True)
        ),
    )


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut along an axis: into so many equal parts, or at these places."""
    if not is_traced(x):
        return [np.asarray(part) for part in np.split(array(x), indices_or_sections, axis)]
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
    ends = [0, *cuts, length]
    before: tuple[Any, ...] = (slice(None),) * place
    return [getitem(made, (*before, slice(a, b))) for a, b in zip(ends[:-1], ends[1:], strict=True)]


array_split = split


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The parts along an axis, without it."""
    (place,) = axes_of(axis, ndim(x), "unstack")
    length = x.shape[place] if num is None else num
    if length is None:
        raise ValueError(f"ops.unstack: axis {axis} of {tuple(x.shape)} has no size that is known")
    before: tuple[Any, ...] = (slice(None),) * place
    return [getitem(x, (*before, i)) for i in range(length)]


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
    return node("TakeAlong", {"axis": axes_of(axis, made.ndim, "take_along_axis")[0]}, [made, places], "take_along_axis")


# Joining and repeating.


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """One after the other along an axis."""
    if not is_traced(list(xs)):
        return lowered(np.concatenate([array(x) for x in xs], axis))
    made = one_type(*xs)
    (place,) = axes_of(axis, made[0].ndim, "concatenate")
    return node("Join", {"axis": place}, made, "concatenate")


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Along a new axis."""
    if not is_traced(list(x)):
        return lowered(np.stack([array(one) for one in x], axis))
    made = one_type(*x)
    (place,) = axes_of(axis, made[0].ndim + 1, "stack")
    return concatenate([expand_dims(one, place) for one in made], place)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x2 after x1; without an axis both in one axis."""
    if axis is None:
        return concatenate([reshape(x1, -1), reshape(x2, -1)], 0)
    return concatenate([x1, x2], axis)


def hstack(xs: Sequence[Any]) -> Any:
    """One after the other along the second axis (the first, where there is one only)."""
    return concatenate(xs, 0 if ndim(xs[0]) == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """One after the other along the first axis."""
    return concatenate([x if ndim(x) > 1 else expand_dims(x, 0) for x in xs], 0)


def repeat(x: Any, repeats: int, axis: int | None = None) -> Any:
    """Each part along an axis so many times in a row."""
    if not is_traced(x):
        return lowered(np.repeat(array(x), repeats, axis))
    made = tensor(x)
    if axis is None:
        made, axis = reshape(made, -1), 0
    place = axes_of(axis, made.ndim, "repeat")[0]
    return node("Repeat", {"repeats": int(repeats), "axis": place}, [made], "repeat")


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
        return np.flip(array(x), axis)
    made = tensor(x)
    return node("Flip", {"axes": axes_of(axis, made.ndim, "flip")}, [made], "flip")


def roll(x: Any, shift: int, axis: int | None = None) -> Any:
    """Shifted along an axis; what leaves it on one side comes in on the other."""
    if not is_traced(x):
        return np.roll(array(x), shift, axis)
    made = tensor(x)
    if axis is None:
        return reshape(roll(reshape(made, -1), shift, 0), list(made.shape))
    (place,) = axes_of(axis, made.ndim, "roll")
    length = made.shape[place] or 1
    by = shift % length
    if by == 0:
        return made
    first, last = split(made, [length - by], place)
    return concatenate([last, first], place)


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """With numbers put before and after along each axis.

    Args:
        x: A tensor or an array.
        pad_width: For each axis (before, after), or one pair or number for all.
        mode: "constant", "reflect", "symmetric" or "edge".
        constant_values: What is put there by "constant"; None: 0.
    """
    pairs = np.broadcast_to(np.asarray(pad_width), (ndim(x), 2)).tolist()
    value = 0.0 if constant_values is None else constant_values
    if not is_traced(x):
        extra = {"constant_values": value} if mode == "constant" else {}
        return lowered(np.pad(array(x), pairs, mode, **extra))  # type: ignore[call-overload]
    low, high = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    arguments = {"low": low, "high": high, "mode": mode, "value": float(value)}
    return node("Pad", arguments, [tensor(x)], "pad")


# Order.


def sort(x: Any, axis: int = -1) -> Any:
    """From the smallest to the largest along an axis."""
    if not is_traced(x):
        return np.sort(array(x), axis)
    made = tensor(x)
    return node("Sort", {"axis": axes_of(axis, made.ndim, "sort")[0], "descending": False}, [made], "sort")


def argsort(x: Any, axis: int = -1) -> Any:
    """The places of the numbers, from the smallest to the largest: int32."""
    if not is_traced(x):
        return lowered(np.argsort(array(x), axis, kind="stable"))
    made = tensor(x)
    return node("ArgSort", {"axis": axes_of(axis, made.ndim, "argsort")[0], "descending": False}, [made], "argsort")


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """(The k largest along the last axis, their places), the largest first."""
    if not is_traced(x):
        found = array(x)
        places = np.argsort(-found, axis=-1, kind="stable")[..., :k]
        return np.take_along_axis(found, places, -1), lowered(places)
    values, places = node("TopK", {"k": int(k)}, [tensor(x)], "top_k")
    return values, places


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the number at the place `targets` is among the k largest of each row."""
    own = take_along_axis(predictions, expand_dims(el.cast(targets, "int32"), -1), -1)
    from fastnn.ops import reduction

    return el.less(reduction.sum(el.cast(el.greater(predictions, own), "int32"), -1), k)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Before which place of a sorted row each value belongs."""
    if not is_traced([sorted_sequence, values]):
        return lowered(np.searchsorted(np.asarray(sorted_sequence), np.asarray(values), side))
    from fastnn.ops import reduction

    compare = el.less if side == "left" else el.less_equal
    return reduction.sum(el.cast(compare(sorted_sequence, expand_dims(values, -1)), "int32"), -1)


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """f of each part along the first axis, whose size must be known."""
    return stack([f(x) for x in unstack(xs, axis=0)], 0)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """carry, y = f(carry, x) for each part x along the first axis, whose size must be known.

    Returns:
        (The last carry, all y along a new first axis.)
    """
    parts = [None] * (length or 0) if xs is None else unstack(xs, axis=0)
    made = []
    for part in parts[::-1] if reverse else parts:
        init, y = f(init, part)
        made.append(y)
    return init, stack(made[::-1] if reverse else made, 0)


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """val = body_fun(i, val) for each i from lower up to, but without, upper."""
    for i in range(lower, upper):
        init_val = body_fun(i, init_val)
    return init_val
