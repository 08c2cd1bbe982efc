"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import conversion, dimensions, joining, reduction, shaping
from fastnn.ops.arithmetic import multiply, negative, subtract
from fastnn.ops.conversion import cast, convert_to_tensor, together
from fastnn.ops.node import lowered, node, tensor
from fastnn.symbolic.tensors import is_traced
from fastnn.symbolic.variable import Variable


def matmul(x1: Any, x2: Any) -> Any:
    """The product of matrices in the last two axes.

    Args:
        x1: Of shape (..., m, k), or (k,).
        x2: Of shape (..., k, n), or (k,); a variable of shape (k, n) is multiplied as `Dense` does.

    Returns:
        Of shape (..., m, n).

    Raises:
        ValueError: The shapes do not go together.
    """
    if not is_traced([x1, x2]):
        first, second = together(x1, x2)
        return _of_type(np.matmul(_floats(first), _floats(second)), first.dtype)
    whole = "float32" not in (conversion.dtype(x1), conversion.dtype(x2))
    first = tensor(x1, "float32")
    if isinstance(x2, Variable) and len(x2.shape) == 2 and first.ndim > 1 and first.shape[0] is None and not whole:
        if first.shape[-1] not in (None, x2.shape[0]):
            raise ValueError(
                f"ops.matmul expects the last axis of {first.shape} to be as long as the first of {x2.shape}; "
                f"got {first.shape[-1]} and {x2.shape[0]}"
            )
        arguments = {"units": x2.shape[1], "use_bias": False}
        return node("Dense", arguments, [first], "matmul", [x2])
    made = node("Matmul", {}, [first, tensor(x2, "float32")], "matmul")
    return cast(made, "int32") if whole else made


def _floats(x: Any) -> Any:
    # Whole numbers in double, which holds them.
    return x if x.dtype == np.float32 else x.astype(np.float64)


def _of_type(found: Any, dtype: Any) -> Any:
    return lowered(found) if dtype == np.float32 else lowered(np.rint(found).astype(np.int64))


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all elements."""
    return reduction.sum(multiply(x1, x2))


def outer(x1: Any, x2: Any) -> Any:
    """Every product of an element of one with an element of the other."""
    return multiply(shaping.reshape(x1, (-1, 1)), shaping.reshape(x2, (1, -1)))


def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of two or three numbers.

    Args:
        x1: Vectors along `axisa`.
        x2: Vectors along `axisb`.
        axisa: The axis of the vectors in x1.
        axisb: That in x2.
        axisc: That in the result.
        axis: In place of all three.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    a, b = shaping.moveaxis(x1, axisa, -1), shaping.moveaxis(x2, axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(f"ops.cross expects vectors of 2 or 3 numbers, got {tuple(x1.shape)} and {tuple(x2.shape)}")

    def product(i: int, j: int) -> Any:
        if i >= a.shape[-1] or j >= b.shape[-1]:
            return None
        return multiply(a[..., i], b[..., j])

    def difference(one: Any, other: Any) -> Any:
        if other is None:
            return one
        return negative(other) if one is None else subtract(one, other)

    last = difference(product(0, 1), product(1, 0))
    if a.shape[-1] == 2 and b.shape[-1] == 2:
        return last
    parts = [difference(product(1, 2), product(2, 1)), difference(product(2, 0), product(0, 2)), last]
    return shaping.moveaxis(joining.stack(parts, -1), -1, axisc)


def kron(x1: Any, x2: Any) -> Any:
    """Every number of x1 times the whole of x2, laid out as one array."""
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    rank = max(dimensions.ndim(x1), dimensions.ndim(x2))
    sizes1 = [1] * (rank - dimensions.ndim(x1)) + list(x1.shape)
    sizes2 = [1] * (rank - dimensions.ndim(x2)) + list(x2.shape)
    if None in sizes2 or None in sizes1[1:] or (sizes1[:1] == [None] and sizes2[0] != 1):
        raise ValueError(f"ops.kron expects known sizes, got {tuple(x1.shape)} and {tuple(x2.shape)}")
    wide1 = [size for one in sizes1 for size in (one, 1)]
    wide2 = [size for one in sizes2 for size in (1, one)]
    if sizes1[:1] == [None]:
        wide1, wide2 = [-1, *wide1[2:]], wide2[1:]
    product = multiply(shaping.reshape(x1, wide1), shaping.reshape(x2, wide2))
    return shaping.reshape(product, [-1 if a is None else a * b for a, b in zip(sizes1, sizes2, strict=True)])
