"""Shapes as users give them and as messages show them. The first dimension is the batch, which is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from typing import Any

import numpy as np

from fastnn.symbolic.structure import Structure, sequence_like
from fastnn.symbolic.tensors import Shape


class Leaf:
    """A shape that stands as one leaf of a structure, not as a list of dimensions."""

    def __init__(self, shape: Sequence[int | None]) -> None:
        self.shape = tuple(shape)


def as_leaves(shape: Any) -> Any:
    """Returns nested shapes with each shape as one leaf."""
    if isinstance(shape, Mapping):
        return {key: as_leaves(value) for key, value in shape.items()}
    if is_shape(shape):
        return Leaf(shape)
    if isinstance(shape, (str, int, np.integer)) or shape is None:
        raise TypeError(f"a shape that begins with the batch is expected, such as (None, 8), got {shape!r}")
    return [as_leaves(one) for one in shape]


def batched(who: str, shape: Any) -> Shape:
    """Returns the shape with None as its first dimension, the batch.

    Raises:
        TypeError: It is no sequence of sizes.
        ValueError: It has no dimension.
    """
    if not is_shape(shape):
        size = shape if isinstance(shape, (int, np.integer)) else 8
        raise TypeError(f"{who} expects a shape that begins with the batch, such as (None, {size}), got {shape!r}")
    if len(shape) < 1:
        raise ValueError(f"{who} expects a shape that begins with the batch, got {tuple(shape)}")
    return (None, *shape[1:])


def with_batch_of(input_shape: Any, made: Any) -> Any:
    """Returns the shapes that come out with the size of the batch that went in, where it is known.

    Args:
        input_shape: A shape, or several in lists or dicts.
        made: The same.
    """
    leaves = as_leaves(input_shape)
    sizes = [leaf.shape[0] for leaf in Structure(leaves).flat(leaves) if leaf.shape]
    size = next((size for size in sizes if size is not None), None)
    return made if size is None else _with_batch(made, int(size))


def _with_batch(shape: Any, size: int) -> Any:
    if isinstance(shape, Mapping):
        return {key: _with_batch(one, size) for key, one in shape.items()}
    if isinstance(as_leaves(shape), Leaf):
        return (size, *shape[1:]) if shape and shape[0] is None else shape
    return sequence_like(shape, (_with_batch(one, size) for one in shape))


def is_shape(shape: Any) -> bool:
    """Returns whether a value is the shape of one tensor."""
    return isinstance(shape, (Sequence, np.ndarray)) and all(
        size is None or isinstance(size, (int, np.integer)) for size in shape
    )


def shown(shape: Sequence[int | None]) -> str:
    """Returns a shape as messages show it: (batch, 5)."""
    sizes = ["batch" if i == 0 else str(size) for i, size in enumerate(shape)]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def input_shape_of(who: str, keywords: dict[str, Any]) -> Shape | None:
    """Returns the batch's shape from `input_shape`, `input_dim`, `batch_input_shape` or `batch_shape`.

    Args:
        who: The layer's name in messages.
        keywords: Arguments of its constructor, from which these are removed.

    Raises:
        TypeError: A dimension is no integer.
        ValueError: A dimension is below 1, or no tuple is given.
    """
    shape = None
    for name in ("batch_shape", "batch_input_shape", "input_shape", "input_dim"):
        given = keywords.pop(name, None)
        if given is None:
            continue
        if name == "input_dim":
            given = (given,)
        if isinstance(given, (int, np.integer)):
            raise ValueError(f"{who} expects {name} to be a tuple such as ({given},), got {given}")
        try:
            sizes = tuple(None if size is None else index(size) for size in given)
        except TypeError:
            raise TypeError(f"{who} expects {name} of integers and None, got {tuple(given)}") from None
        shape = (None, *sizes[1:]) if name in ("batch_shape", "batch_input_shape") else (None, *sizes)
        if any(size is not None and size <= 0 for size in sizes):
            raise ValueError(f"{who} expects {name} with sizes of at least 1, got {tuple(given)}")
    return shape
