"""Rank, shape and size of tensors, and shapes whose first dimension is the size of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import multiply
from fastnn.ops.node import node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced


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
        total = multiply(total, one) if is_traced([total, one]) else total * one
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
