"""Functions that take parts of a tensor: indexing, slices, splits, gathers, differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import dimensions, shaping
from fastnn.ops.arithmetic import subtract
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced

_cut = slice


_WHOLE = 1 << 31
"""The end of a slice that takes a whole axis."""


def _bound(value: Any) -> Any:
    """Returns a bound of a slice; one beyond every axis is the same as the largest or smallest."""
    return value if isinstance(value, KerasTensor) else min(max(int(value), 1 - _WHOLE), _WHOLE - 1)


def _positions(index: Any, length: int | None) -> Any:
    """Returns an index as integers: a mask that is known as the positions of its True values.

    Raises:
        IndexError: It is a mask that is known in a step alone, or that does not fit the axis.
    """
    if isinstance(index, KerasTensor):
        if index.dtype == "bool":
            raise IndexError(
                "x[mask] has as many rows as a mask has True values, which a symbolic mask does not tell; write "
                "ops.where(mask, x, 0), and for a mean ops.sum(ops.where(mask, x, 0)) / ops.sum(mask)"
            )
        return index
    known = np.asarray(index)
    if known.dtype != bool:
        return index
    if known.ndim != 1 or len(known) != length:
        raise IndexError(f"a mask for an axis of {length} has this many values, got one of shape {known.shape}")
    return np.flatnonzero(known)


def get_item(x: Any, key: Any) -> Any:
    """Returns x[key].

    Args:
        x: Tensor or array.
        key: Integer, slice, None, ..., a tensor or list of integers beside whole slices, or a tuple of these.

    Returns:
        Tensor or array.

    Raises:
        IndexError: An index is out of range, or the key is not supported.

    Example:
        >>> ops.get_item(np.array([1, 2, 3]), slice(1, None))
        array([2, 3], dtype=int32)
    """
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
    axes: list[int | None] = []  # of the result: an axis of the tensor, or None for a new one
    axis = 0
    for one in many:
        if one is None:
            axes.append(None)
            continue
        length: Any = made.shape[axis]
        start: Any = 0
        stop: Any = _WHOLE if length is None else length
        step: Any = 1
        if isinstance(one, _cut):
            axes.append(axis)
            if one != _cut(None) and (length is None or is_traced([one.start, one.stop, one.step])):
                # The node itself counts from the end and infers the size that is left.
                step = 1 if one.step is None else one.step
                forward = isinstance(step, KerasTensor) or step > 0
                start = (0 if forward else _WHOLE) if one.start is None else _bound(one.start)
                stop = _WHOLE if one.stop is None else _bound(one.stop)
            elif one != _cut(None):
                start, stop, step = one.indices(length)
                count = len(range(start, stop, step))
                if step < 0:
                    turned.append(axis)
                    start, step = start + step * (count - 1), -step
                stop = start + step * (count - 1) + 1 if count else start
        elif not isinstance(one, (int, np.integer)):
            axes.append(axis)
            picks.append((axis, _positions(one, length), one))
        elif length is None:
            start, stop = int(one), _WHOLE if one == -1 else int(one) + 1
        else:
            if not -length <= one < length:
                raise IndexError(f"index {one} is outside axis {axis} of a tensor of shape {made.shape}")
            start = int(one) % length
            stop = start + 1
        begin.append(start)
        end.append(stop)
        steps.append(step)
        axis += 1
    if picks:
        if len(picks) > 1 or len(axes) != made.ndim:
            raise IndexError("only one index can be a tensor or a list, beside slices; use ops.take for more")
        made = take(made, picks[0][1], axis=picks[0][0])
        if all((isinstance(one, _cut) and one == _cut(None)) or one is picks[0][2] for one in many):
            return made
        raise IndexError("an index that is a tensor can only stand beside whole slices; slice first, then take")
    trivial = all(
        not is_traced([b, e, s]) and b == 0 and s == 1 and e in (_WHOLE, n)
        for b, e, s, n in zip(begin, end, steps, made.shape, strict=True)
    )
    if not trivial:
        made = node("Slice", {"begin": begin, "end": end, "strides": steps}, [made], "get_item")
    if turned:
        made = node("Flip", {"axes": turned}, [made], "flip")
    return made if axes == list(range(made.ndim)) else shaping.with_axes(made, axes, "get_item")


@as_in_keras(module="core")
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """Returns a block of a tensor. Sizes and starts are given for each axis.

    Args:
        inputs: Tensor or array.
        start_indices: First index of the block along each axis.
        shape: Size of the block along each axis; -1, None or `ops.shape(x)[0]`: all that follows.

    Returns:
        Tensor or array.

    Example:
        >>> ops.slice(np.array([[1, 2], [3, 4]]), (0, 1), (2, 1))
        array([[2],
               [4]], dtype=int32)
    """
    cuts = []
    for axis, (begin, count) in enumerate(zip(start_indices, shape, strict=True)):
        whole = count is None or (not isinstance(count, KerasTensor) and count == -1)
        if whole or (dimensions.is_batch_size(count) and axis == 0 and dimensions.is_batched(tensor(inputs))):
            cuts.append(_cut(begin if is_traced(begin) else begin or None, None))
        else:
            cuts.append(_cut(begin, begin + count))
    return get_item(inputs, tuple(cuts))


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Returns the parts of a tensor along an axis.

    Args:
        x: Tensor or array.
        indices_or_sections: Number of equal parts, or indices at which parts begin.
        axis: Axis along which to split.

    Returns:
        List of tensors or arrays.

    Raises:
        ValueError: The parts would not be equal.

    Example:
        >>> ops.split([1, 2, 3, 4], 2)
        [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    if not is_traced(x):
        found = array(x)
        sections = indices_or_sections
        if isinstance(sections, (int, np.integer)) and found.shape[axis] % sections:
            raise ValueError(f"ops.split: {found.shape[axis]} elements cannot be split into {sections} equal parts")
        return list(np.split(found, sections, axis))
    made = tensor(x)
    (place,) = axes_of(axis, made.ndim, "split")
    length = made.shape[place]
    cuts: list[Any]
    if length is None and isinstance(indices_or_sections, (int, np.integer)):
        # A part is one index of a new axis; that the parts are equal is checked where the size is known.
        sizes = [dimensions.axis_size(made, i) if one is None else one for i, one in enumerate(made.shape)]
        sizes[place : place + 1] = [int(indices_or_sections), -1]
        parts = node("ReshapeTo", {"shape": sizes}, [made], "split")
        whole: tuple[Any, ...] = (_cut(None),) * place
        return [get_item(parts, (*whole, i)) for i in range(int(indices_or_sections))]
    if length is not None and isinstance(indices_or_sections, (int, np.integer)):
        if length % indices_or_sections:
            raise ValueError(f"ops.split: {length} elements cannot be split into {indices_or_sections} equal parts")
        part = length // int(indices_or_sections)
        cuts = list(range(part, length, part))
    else:
        cuts = [one if isinstance(one, KerasTensor) else int(one) for one in indices_or_sections]
    before: tuple[Any, ...] = (_cut(None),) * place
    return [get_item(made, (*before, _cut(a, b))) for a, b in zip([0, *cuts], [*cuts, length], strict=True)]


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Returns the parts of a tensor along an axis; the first ones may be longer by one. `split` asks for equal parts.

    Args:
        x: Tensor or array.
        indices_or_sections: Number of parts, or indices at which parts begin.
        axis: Axis along which to split.

    Returns:
        List of tensors or arrays.

    Example:
        >>> ops.array_split([1, 2, 3], 2)
        [array([1, 2], dtype=int32), array([3], dtype=int32)]
    """
    x = convert_to_tensor(x)
    length = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)) and length is not None:
        count = int(indices_or_sections)
        sizes = [length // count + (i < length % count) for i in range(count)]
        indices_or_sections = np.cumsum(sizes)[:-1].tolist()
    return split(x, indices_or_sections, axis)


def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Returns the parts of a tensor along the second axis, or the first where there is only one.

    Args:
        x: Tensor or array.
        indices_or_sections: Number of equal parts, or indices at which parts begin.

    Returns:
        List of tensors or arrays.

    Raises:
        ValueError: The parts would not be equal.

    Example:
        >>> ops.hsplit([[1, 2], [3, 4]], 2)
        [array([[1],
               [3]], dtype=int32), array([[2],
               [4]], dtype=int32)]
    """
    return split(x, indices_or_sections, 1 if dimensions.ndim(x) > 1 else 0)


def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Returns the parts of a tensor along the first axis.

    Args:
        x: Tensor or array.
        indices_or_sections: Number of equal parts, or indices at which parts begin.

    Returns:
        List of tensors or arrays.

    Raises:
        ValueError: The parts would not be equal.

    Example:
        >>> ops.vsplit([[1, 2], [3, 4]], 2)
        [array([[1, 2]], dtype=int32), array([[3, 4]], dtype=int32)]
    """
    return split(x, indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Returns the parts of a tensor along the third axis.

    Args:
        x: Tensor or array.
        indices_or_sections: Number of equal parts, or indices at which parts begin.

    Returns:
        List of tensors or arrays.

    Raises:
        ValueError: The parts would not be equal.

    Example:
        >>> [part.shape for part in ops.dsplit(np.zeros((1, 2, 4)), 2)]
        [(1, 2, 2), (1, 2, 2)]
    """
    return split(x, indices_or_sections, 2)


@as_in_keras(module="core")
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """Returns the slices of a tensor along an axis, without that axis.

    Args:
        x: Tensor or array.
        num: Number of slices; None: the size of the axis.
        axis: Axis along which to slice.

    Returns:
        List of tensors or arrays.

    Raises:
        ValueError: The size of the axis is unknown.

    Example:
        >>> ops.unstack(np.array([[1, 2], [3, 4]]))
        [array([1, 2], dtype=int32), array([3, 4], dtype=int32)]
    """
    (place,) = axes_of(axis, dimensions.ndim(x), "unstack")
    length = x.shape[place] if num is None else num
    if length is None:
        raise ValueError(f"ops.unstack: axis {axis} of {tuple(x.shape)} has no known size")
    before: tuple[Any, ...] = (_cut(None),) * place
    return [get_item(x, (*before, i)) for i in range(length)]


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Returns the elements at indices along an axis. Negative indices count from the end.

    Args:
        x: Tensor or array.
        indices: Integers; negative ones count from the end.
        axis: Axis along which to take; None: the flattened tensor.

    Returns:
        Tensor or array.

    Raises:
        IndexError: An index of arrays is beyond the axis.
        ValueError: `x` has no such axis.

    Example:
        >>> ops.take([10, 20, 30], [2, 0])
        array([30, 10], dtype=int32)
    """
    if not is_traced([x, indices]):
        return lowered(np.take(array(x), np.asarray(indices), axis))
    made = tensor(x)
    if axis is None:
        made, axis = shaping.reshape(made, -1), 0
    (place,) = axes_of(axis, made.ndim, "take")
    return node("Take", {"axis": place}, [made, cast(tensor(indices), "int32")], "take")


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Returns for each index the element there along an axis.

    Args:
        x: Tensor or array.
        indices: Integers, of the shape of the result.
        axis: Axis along which to take; None: the flattened tensor.

    Returns:
        Tensor or array.

    Raises:
        IndexError: An index of arrays is beyond the axis.

    Example:
        >>> ops.take_along_axis([[10, 20], [30, 40]], [[1], [0]], axis=1)
        array([[20],
               [30]], dtype=int32)
    """
    if not is_traced([x, indices]):
        return lowered(np.take_along_axis(array(x), np.asarray(indices), axis))
    made, places = tensor(x), cast(tensor(indices), "int32")
    if axis is None:
        made, places, axis = shaping.reshape(made, -1), shaping.reshape(places, -1), 0
    place = axes_of(axis, made.ndim, "take_along_axis")[0]
    if made.ndim == places.ndim and None not in (*made.shape, *places.shape):
        # As in NumPy, sizes of 1 along other axes are repeated.
        both = [max(one, other) for one, other in zip(made.shape, places.shape, strict=True)]
        wanted = [[size if i == place else both[i] for i, size in enumerate(x.shape)] for x in (made, places)]
        made, places = (
            x if list(x.shape) == sizes else shaping.broadcast_to(x, sizes)
            for x, sizes in zip((made, places), wanted, strict=True)
        )
    return node("TakeAlong", {"axis": place}, [made, places], "take_along_axis")


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Returns the differences between neighboring elements along an axis.

    Each repetition makes the axis shorter by one.

    Args:
        a: Tensor or array.
        n: Number of times that differences are taken.
        axis: Axis along which to subtract.

    Returns:
        Tensor or array.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.diff([1, 4, 9])
        array([3, 5], dtype=int32)
    """
    made = convert_to_tensor(a)
    (place,) = axes_of(axis, dimensions.ndim(made), "diff")
    before: tuple[Any, ...] = (_cut(None),) * place
    for _ in range(n):
        made = subtract(get_item(made, (*before, _cut(1, None))), get_item(made, (*before, _cut(None, -1))))
    return made
