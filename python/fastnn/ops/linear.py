"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import conversion, dimensions, joining, reduction, shaping
from fastnn.ops.arithmetic import multiply, negative, subtract
from fastnn.ops.conversion import cast, convert_to_tensor, together
from fastnn.ops.node import lowered, node, tensor
from fastnn.precision import floatx, is_float
from fastnn.symbolic.tensors import is_traced
from fastnn.symbolic.variable import Variable


def matmul(x1: Any, x2: Any) -> Any:
    """Returns the product of the matrices in the last two axes.

    Axes before the last two are a batch and are broadcast; a vector counts as a row on the left and as a column on the
    right.

    Args:
        x1: Tensor or array of shape `(..., m, k)` or `(k,)`.
        x2: Tensor or array of shape `(..., k, n)` or `(k,)`.

    Returns:
        Tensor or array of shape `(..., m, n)`.

    Raises:
        ValueError: The shapes do not fit.

    Example:
        >>> ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
        array([[11.]], dtype=float32)
    """
    if not is_traced([x1, x2]):
        first, second = together(x1, x2)
        return narrowed(np.matmul(exact(first), exact(second)), first.dtype)
    whole = not (is_float(conversion.dtype(x1)) or is_float(conversion.dtype(x2)))
    first = tensor(x1, floatx())
    of_floats = isinstance(x2, Variable) and is_float(x2.handle.dtype)
    if of_floats and len(x2.shape) == 2 and first.ndim > 1 and first.shape[0] is None and not whole:
        if first.shape[-1] not in (None, x2.shape[0]):
            raise ValueError(
                f"ops.matmul expects the last axis of {first.shape} to have the size of the first of {x2.shape}; "
                f"got {first.shape[-1]} and {x2.shape[0]}"
            )
        arguments = {"units": x2.shape[1], "use_bias": False}
        return node("Dense", arguments, [first], "matmul", [x2])
    made = node("Matmul", {}, [first, tensor(x2, floatx())], "matmul")
    return cast(made, "int32") if whole else made


def exact(x: Any) -> Any:
    """Returns integers as float64, which holds their products, and float32 unchanged."""
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def narrowed(found: Any, dtype: Any) -> Any:
    """Returns a result of NumPy in the types of the core, as integers where the operands were."""
    return lowered(found) if np.dtype(dtype).kind == "f" else lowered(np.rint(found).astype(np.int64))


def vdot(x1: Any, x2: Any) -> Any:
    """Returns the sum of the products of all elements of two tensors. Both are flattened first.

    Args:
        x1: Tensor or array.
        x2: Tensor or array of the same shape.

    Returns:
        Tensor or array.

    Raises:
        ValueError: The numbers of elements differ.

    Example:
        >>> ops.vdot([1, 2], [3, 4])
        array(11, dtype=int32)
    """
    return reduction.sum(multiply(x1, x2))


def outer(x1: Any, x2: Any) -> Any:
    """Returns the outer product: the products of all pairs of elements. Both are flattened first.

    Args:
        x1: Tensor or array, which is flattened.
        x2: Tensor or array, which is flattened.

    Returns:
        Tensor or array of rank 2.

    Example:
        >>> ops.outer([1, 2], [3, 4])
        array([[3, 4],
               [6, 8]], dtype=int32)
    """
    return multiply(shaping.reshape(x1, (-1, 1)), shaping.reshape(x2, (1, -1)))


def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Returns the cross product of vectors of two or three elements.

    Args:
        x1: Vectors along `axisa`.
        x2: Vectors along `axisb`.
        axisa: Axis of the vectors in `x1`.
        axisb: Axis of the vectors in `x2`.
        axisc: Axis of the vectors in the result.
        axis: Axis of the vectors in all three, in place of the others.

    Returns:
        Tensor or array.

    Raises:
        ValueError: The vectors do not have two or three elements.

    Example:
        >>> ops.cross([1, 0, 0], [0, 1, 0])
        array([0, 0, 1], dtype=int32)
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    a, b = shaping.moveaxis(x1, axisa, -1), shaping.moveaxis(x2, axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(f"ops.cross expects vectors of 2 or 3 elements, got {tuple(x1.shape)} and {tuple(x2.shape)}")

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
    """Returns the Kronecker product: the blocks a * x2 for each element a of x1.

    Args:
        x1: Tensor or array.
        x2: Tensor or array.

    Returns:
        Tensor or array.

    Raises:
        ValueError: A size is unknown.

    Example:
        >>> ops.kron([1, 2], [1, 10])
        array([ 1, 10,  2, 20], dtype=int32)
    """
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
