"""Rank, shape and size of tensors, and shapes whose first dimension is the size of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.engine.sizes import ROWS
from fastnn.ops.arithmetic import multiply
from fastnn.ops.node import node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced

OF_THE_BATCH = "the size of the batch is not x.shape[0], which is None, but ops.shape(x)[0]"
"""The advice for a size that is None."""


def shape(x: Any) -> tuple[Any, ...]:
    """Returns the shape as a tuple.

    A size that is unknown, such as that of a batch, is a symbolic tensor of one integer. It can be computed with
    (`ops.shape(x)[0] // 2`), and functions that take sizes accept it: `ops.reshape`, `ops.zeros`, `ops.eye`,
    `ops.arange`, `random.normal`, slices.

    Args:
        x: Tensor or array.

    Returns:
        Tuple of sizes.

    Example:
        >>> ops.shape(np.ones((2, 3)))
        (2, 3)
    """
    if not is_traced(x):
        return np.shape(x)
    made = tensor(x)
    return tuple(axis_size(made, i) for i in range(made.ndim))


def axis_size(x: KerasTensor, axis: int) -> Any:
    """Returns the size of an axis.

    Args:
        x: Symbolic tensor.
        axis: The axis, from 0.

    Returns:
        An integer, or a symbolic tensor of one where the size is unknown.
    """
    size = x.free_shape[axis]
    return node("Rows", {"axis": axis}, [x], "shape") if size is None else size


def rows(x: Any) -> Any:
    """Returns the size of the batch, a symbolic tensor of one integer.

    Args:
        x: Symbolic tensor with a batch.

    Returns:
        Symbolic tensor.

    Raises:
        ValueError: `x` has no batch.
    """
    made = tensor(x)
    if not made.shape or made.free_shape[0] is not None:
        raise ValueError(f"ops.shape: the tensor {made.name!r} of shape {made.shape} has no batch")
    return axis_size(made, 0)


def ndim(x: Any) -> int:
    """Returns the number of axes. A scalar has none.

    Args:
        x: Tensor or array.

    Returns:
        An integer.

    Example:
        >>> ops.ndim(np.ones((2, 3)))
        2
    """
    return len(x.shape) if hasattr(x, "shape") else np.ndim(x)


def size(x: Any) -> Any:
    """Returns the number of elements.

    Args:
        x: Tensor or array.

    Returns:
        An integer; a symbolic tensor where the batch is counted.

    Example:
        >>> ops.size(np.ones((2, 3)))
        6
    """
    total: Any = 1
    for one in shape(x):
        total = multiply(total, one) if is_traced([total, one]) else total * one
    return total


def is_batched(x: KerasTensor) -> bool:
    """Returns True where the first axis is the batch, and no other depends on it.

    Args:
        x: Symbolic tensor.

    Returns:
        True or False.
    """
    return bool(x.shape) and x.free_shape[0] is None and x.trials is None


def is_batch_size(size: Any) -> bool:
    """Returns True for the size of the batch, a symbolic tensor.

    Args:
        size: Integer or symbolic tensor.

    Returns:
        True or False.
    """
    trials = size.trials if isinstance(size, KerasTensor) else None
    return trials is not None and all(trial[2] == ROWS[i % 2] for i, trial in enumerate(trials))


def sizes_and_batch(sizes: Any, who: str) -> tuple[list[Any], KerasTensor | None]:
    """Returns a shape, and where it begins with the size of a batch a tensor that has it and the sizes after it.

    Args:
        sizes: Integers and symbolic tensors of one.
        who: Name of the function, for errors.

    Returns:
        (sizes, tensor with the batch or None).

    Raises:
        ValueError: A size is neither an integer nor a symbolic tensor of one.
    """
    many = [sizes] if isinstance(sizes, (int, np.integer, KerasTensor)) else list(sizes)
    for i, one in enumerate(many):
        is_integer = isinstance(one, (int, np.integer)) and not isinstance(one, bool)
        if not is_integer and not (isinstance(one, KerasTensor) and one.shape == ()):
            raise ValueError(
                f"ops.{who} expects a shape of integers, among which may be ops.shape(x)[0], the size of the batch; "
                f"got {one!r} as size {i}"
            )
    found = [one if isinstance(one, KerasTensor) else int(one) for one in many]
    first = found[0] if found else None
    if not isinstance(first, KerasTensor) or not is_batch_size(first):
        return found, None
    if any(isinstance(one, KerasTensor) for one in found[1:]):
        return found, None
    made_by = first.made_by
    if made_by is None or getattr(made_by.layer, "node_kind", "") != "Rows" or not is_batched(made_by.inputs[0]):
        return found, None
    return found[1:], made_by.inputs[0]
