"""Rank, shape and size of tensors, and shapes whose first dimension is the size of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import multiply
from fastnn.ops.node import node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced

OF_THE_BATCH = "the size of the batch is not x.shape[0], which is None, but ops.shape(x)[0]"
"""The advice for a size that is None."""


def shape(x: Any) -> tuple[Any, ...]:
    """Returns the shape as a tuple.

    The size of a batch is a symbolic tensor of one integer. Functions that take a shape accept such a tuple:
    `ops.zeros`, `random.normal`, `ops.reshape`.

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
    return tuple(rows(made) if i == 0 and size is None else size for i, size in enumerate(made.shape))


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
    if not is_batched(made):
        raise ValueError(f"ops.shape: the tensor {made.name!r} of shape {made.shape} has no batch")
    return node("Rows", {}, [made], "rows")


def ndim(x: Any) -> int:
    """Returns the number of axes.

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
    """Returns True where the first axis is the batch.

    Args:
        x: Symbolic tensor.

    Returns:
        True or False.
    """
    return bool(x.shape) and x.shape[0] is None


def sizes_and_batch(sizes: Any, who: str) -> tuple[list[int], KerasTensor | None]:
    """Returns a shape as integers, without the size of a batch but with a tensor that has it.

    Args:
        sizes: Integers, the first of which may be the size of a batch.
        who: Name of the function, for errors.

    Returns:
        (sizes, tensor with the batch or None).

    Raises:
        ValueError: A size is neither an integer nor, in first place, the size of a batch.
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
                f"ops.{who} expects a shape of integers, of which the first may be ops.shape(x)[0], the size of "
                f"the batch; got {one!r} as size {i}"
            )
    return found, like
