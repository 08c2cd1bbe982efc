"""Identity and triangular matrices, diagonals, Vandermonde matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import contraction, creation, dimensions, reduction, shaping, slicing
from fastnn.ops.arithmetic import minimum, power
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.logic import equal, less_equal, where
from fastnn.ops.node import array, tensor
from fastnn.ops.node import array as as_array
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    """Returns a matrix with ones on a diagonal and zeros elsewhere.

    Args:
        N: Number of rows; it may be `ops.shape(x)[0]`, the size of the batch.
        M: Number of columns; None: N.
        k: Diagonal; 0 is the main one, positive numbers lie above it.
        dtype: Element type; None: `floatx()`.

    Returns:
        Array of shape `(N, M)`.

    Raises:
        TypeError: A size is no integer.

    Example:
        >>> ops.eye(2, 3)
        array([[1., 0., 0.],
               [0., 1., 0.]], dtype=float32)
    """
    for size in (N, M):
        if isinstance(size, (float, np.floating)) or str(getattr(size, "dtype", "")).startswith(("float", "bfloat")):
            raise TypeError(f"ops.eye expects integers, got {size!r}")
    if is_traced([N, M]):
        return cast(equal(*_places(N, M, k)), dtype or floatx())
    return cast(np.eye(N, M, k), dtype or floatx())


def identity(n: Any, dtype: Any = None) -> Any:
    """Returns the identity matrix.

    Args:
        n: Number of rows and columns; it may be `ops.shape(x)[0]`, the size of the batch.
        dtype: Element type; None: `floatx()`.

    Returns:
        Array of shape `(n, n)`.

    Raises:
        ValueError: `n` is negative.

    Example:
        >>> ops.identity(2)
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """
    return eye(n, dtype=dtype)


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    """Returns a matrix with ones on and below a diagonal and zeros above.

    Args:
        N: Number of rows; it may be `ops.shape(x)[0]`, the size of the batch.
        M: Number of columns; None: N.
        k: Diagonal; 0 is the main one, positive numbers lie above it.
        dtype: Element type; None: `floatx()`.

    Returns:
        Array of shape `(N, M)`.

    Example:
        >>> ops.tri(3)
        array([[1., 0., 0.],
               [1., 1., 0.],
               [1., 1., 1.]], dtype=float32)
    """
    if is_traced([N, M]):
        return cast(less_equal(*_places(N, M, k)[::-1]), dtype or floatx())
    return cast(np.tri(N, M, k), dtype or floatx())


def _places(N: Any, M: Any, k: int) -> tuple[Any, Any]:
    """Returns for each row of a matrix the column of its element on a diagonal, and the columns, to broadcast."""
    columns = creation.arange(N if M is None else M)
    return shaping.expand_dims(creation.arange(N) + k, 1), shaping.expand_dims(columns, 0)


def tril(x: Any, k: int = 0) -> Any:
    """Returns the lower triangles of the matrices in the last two axes, with zeros elsewhere.

    Args:
        x: Tensor or array.
        k: Diagonal; 0 is the main one, positive numbers lie above it.

    Returns:
        Tensor or array of the shape of `x`.

    Raises:
        ValueError: It has fewer than two axes.

    Example:
        >>> ops.tril([[1, 2], [3, 4]])
        array([[1, 0],
               [3, 4]], dtype=int32)
    """
    return _part(x, k, np.tril)


def triu(x: Any, k: int = 0) -> Any:
    """Returns the upper triangles of the matrices in the last two axes, with zeros elsewhere.

    Args:
        x: Tensor or array.
        k: Diagonal; 0 is the main one, positive numbers lie above it.

    Returns:
        Tensor or array of the shape of `x`.

    Raises:
        ValueError: It has fewer than two axes.

    Example:
        >>> ops.triu([[1, 2], [3, 4]])
        array([[1, 2],
               [0, 4]], dtype=int32)
    """
    return _part(x, k, np.triu)


def _part(x: Any, k: int, function: Callable[..., Any]) -> Any:
    if not is_traced(x):
        return function(as_array(x), k)
    made = tensor(x)
    if made.ndim < 2:
        raise ValueError(f"ops.{function.__name__} expects matrices in the last two axes, got {made.shape}")
    if None in made.shape[-2:]:
        height, width = dimensions.shape(made)[-2:]
        rows, columns = _places(height, width, k)
        return where(less_equal(columns, rows) if function is np.tril else less_equal(rows, columns), made, 0)
    return where(function(np.ones(made.shape[-2:], bool), k), made, cast(0, made.dtype))


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Returns the Vandermonde matrix: the powers of each element of a vector along a new last axis.

    Args:
        x: Vector, a tensor or an array.
        N: Number of powers; None: the length of `x`.
        increasing: Orders the powers from low to high.

    Returns:
        Tensor or array of shape `(..., N)`.

    Example:
        >>> ops.vander([2, 3], 3)
        array([[4, 2, 1],
               [9, 3, 1]], dtype=int32)
    """
    x = convert_to_tensor(x)
    count = x.shape[0] if N is None else int(N)
    powers = np.arange(count, dtype=np.int32)
    return power(shaping.expand_dims(x, -1), powers if increasing else powers[::-1].copy())


def diag(x: Any, k: int = 0) -> Any:
    """Returns a diagonal of a matrix, or the matrix with a given diagonal.

    Args:
        x: Matrix or vector.
        k: Diagonal; 0 is the main one, positive numbers lie above it.

    Returns:
        Vector for a matrix, matrix for a vector.

    Raises:
        ValueError: A tensor has another rank.

    Example:
        >>> ops.diag([1, 2])
        array([[1, 0],
               [0, 2]], dtype=int32)
    """
    if not is_traced(x):
        return np.diag(array(x), k).copy()
    if dimensions.ndim(x) not in (1, 2):
        raise ValueError(f"ops.diag expects a vector or a matrix, got {tuple(x.shape)}; use ops.diagonal")
    if dimensions.ndim(x) == 2:
        return diagonal(x, k)
    if x.shape[0] is None:
        made = shaping.pad(x, [(max(0, -k), max(0, k))])
        return where(eye(dimensions.shape(made)[0], k=k, dtype="bool"), shaping.expand_dims(made, 1), 0)
    size = x.shape[0] + abs(k)
    places = np.zeros((x.shape[0], size, size), dtype=floatx())
    index = np.arange(x.shape[0])
    places[index, index + max(0, -k), index + max(0, k)] = 1
    return contraction.tensordot(x, places, 1)


def diagflat(x: Any, k: int = 0) -> Any:
    """Returns the matrix that has the flattened elements of x on a diagonal.

    Args:
        x: Tensor or array.
        k: Diagonal; 0 is the main one, positive numbers lie above it.

    Returns:
        Tensor or array of rank 2.

    Example:
        >>> ops.diagflat([[1, 2]])
        array([[1, 0],
               [0, 2]], dtype=int32)
    """
    return diag(shaping.ravel(convert_to_tensor(x)), k)


@as_in_keras(in_config="offset")
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Returns a diagonal of the matrices in two axes, as the last axis.

    Args:
        x: Tensor or array.
        offset: Diagonal; 0 is the main one, positive numbers lie above it.
        axis1: First axis of the matrices.
        axis2: Second axis of the matrices.

    Returns:
        Tensor or array of shape `(..., length)`.

    Raises:
        ValueError: `x` has fewer than two axes.

    Example:
        >>> ops.diagonal([[1, 2], [3, 4]])
        array([1, 4], dtype=int32)
    """
    if not is_traced(x):
        return np.diagonal(array(x), offset, axis1, axis2).copy()
    made = shaping.moveaxis(x, [axis1, axis2], [-2, -1])
    height, width = made.shape[-2:]
    if height is None or width is None:
        *leading, height, width = dimensions.shape(made)
        first = offset if offset >= 0 else -offset * width
        count = minimum(height - max(0, -offset), width - max(0, offset))
        flat = shaping.reshape(made, [*leading, height * width])
        return flat[..., slice(first, first + (count - 1) * (width + 1) + 1, width + 1)]
    rows = np.arange(max(0, -offset), min(height, width - offset))
    flat = shaping.reshape(made, [-1 if one is None else one for one in made.shape[:-2]] + [height * width])
    return slicing.take(flat, rows * width + rows + offset, -1)


@as_in_keras(in_config="offset")
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Returns the sum along a diagonal of the matrices in two axes.

    Args:
        x: Tensor or array.
        offset: Diagonal; 0 is the main one, positive numbers lie above it.
        axis1: First axis of the matrices.
        axis2: Second axis of the matrices.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has fewer than two axes.

    Example:
        >>> ops.trace([[1, 2], [3, 4]])
        array(5, dtype=int32)
    """
    return reduction.sum(diagonal(x, offset, axis1, axis2), -1)
