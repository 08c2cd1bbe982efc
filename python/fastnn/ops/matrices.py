"""Identity and triangular matrices, diagonals, Vandermonde matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import contraction, dimensions, reduction, shaping, slicing
from fastnn.ops.arithmetic import power
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.logic import where
from fastnn.ops.node import array, tensor
from fastnn.ops.node import array as as_array
from fastnn.symbolic.tensors import is_traced


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """1 on a diagonal, 0 elsewhere.

    Args:
        N: How many rows.
        M: How many columns; None: as many.
        k: Which diagonal; above the main one where positive.
        dtype: The element type; None: "float32".
    """
    return cast(np.eye(N, M, k), dtype or "float32")


def identity(n: int, dtype: Any = None) -> Any:
    """1 on the diagonal, 0 elsewhere."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """1 on and below a diagonal, 0 above; arguments as of `eye`."""
    return cast(np.tri(N, M, k), dtype or "float32")


def tril(x: Any, k: int = 0) -> Any:
    """What lies on and below a diagonal of the last two axes, 0 elsewhere."""
    return _part(x, k, np.tril)


def triu(x: Any, k: int = 0) -> Any:
    """What lies on and above a diagonal of the last two axes, 0 elsewhere."""
    return _part(x, k, np.triu)


def _part(x: Any, k: int, function: Callable[..., Any]) -> Any:
    if not is_traced(x):
        return function(as_array(x), k)
    made = tensor(x)
    if made.ndim < 2 or None in made.shape[-2:]:
        raise ValueError(f"ops.{function.__name__} expects matrices in the last two axes, got {made.shape}")
    return where(function(np.ones(made.shape[-2:], bool), k), made, cast(0, made.dtype))


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Powers of each number of a vector along a new last axis, the highest first; `increasing`: last."""
    count = x.shape[0] if N is None else int(N)
    powers = np.arange(count, dtype=np.int32)
    return power(shaping.expand_dims(convert_to_tensor(x), -1), powers if increasing else powers[::-1].copy())


def diag(x: Any, k: int = 0) -> Any:
    """A diagonal of a matrix; of a vector the matrix that has it as a diagonal."""
    if not is_traced(x):
        return np.diag(array(x), k).copy()
    if dimensions.ndim(x) not in (1, 2):
        raise ValueError(f"ops.diag expects a vector or a matrix, got {tuple(x.shape)}; use ops.diagonal")
    if dimensions.ndim(x) == 2:
        return diagonal(x, k)
    size = x.shape[0] + abs(k)
    places = np.zeros((x.shape[0], size, size), np.float32)
    index = np.arange(x.shape[0])
    places[index, index + max(0, -k), index + max(0, k)] = 1
    return contraction.tensordot(x, places, 1)


def diagflat(x: Any, k: int = 0) -> Any:
    """The matrix that has all numbers of x on a diagonal."""
    return diag(shaping.ravel(convert_to_tensor(x)), k)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A diagonal of two axes, as a last axis."""
    if not is_traced(x):
        return np.diagonal(array(x), offset, axis1, axis2).copy()
    made = shaping.moveaxis(x, [axis1, axis2], [-2, -1])
    height, width = made.shape[-2:]
    rows = np.arange(max(0, -offset), min(height, width - offset))
    flat = shaping.reshape(made, [-1 if one is None else one for one in made.shape[:-2]] + [height * width])
    return slicing.take(flat, rows * width + rows + offset, -1)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum along a diagonal."""
    return reduction.sum(diagonal(x, offset, axis1, axis2), -1)
