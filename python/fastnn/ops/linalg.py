"""Functions of matrices and vectors that Keras keeps in `keras.ops.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import arithmetic, conversion, logic, reduction, shaping
from fastnn.ops.control import jvp
from fastnn.ops.factorizations import cholesky, eig, eigh, lstsq, lu_factor, matrix_rank, pinv, qr, svd
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.linear_systems import cholesky_inverse, det, inv, solve, solve_triangular
from fastnn.precision import floatx

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eig",
    "eigh",
    "inv",
    "jvp",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "solve",
    "solve_triangular",
    "svd",
]


@as_in_keras(module="linalg")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the norm of vectors or matrices.

    Args:
        x: Tensor or array.
        ord: Order. For vectors None or 2 (Euclidean), 0 (number of elements that are not 0), inf, -inf, or the power p
            of a p-norm. For matrices None or "fro" (Frobenius), 1 and -1 (column sums), inf and -inf (row sums); for
            arrays also 2 and -2 (the largest and the smallest singular value) and "nuc" (the sum of singular values).
        axis: One axis for vectors, two for matrices; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes, float32.

    Raises:
        ValueError: `ord` is unknown, or needs singular values.

    Example:
        >>> ops.norm([3.0, 4.0])
        array(5., dtype=float32)
    """
    x = conversion.cast(x, floatx())
    rank = len(x.shape)
    if axis is None and ord is None:
        return arithmetic.sqrt(reduction.sum(arithmetic.square(x), None, keepdims))
    axes: list[int] = (
        list(range(rank)) if axis is None else [int(axis)] if isinstance(axis, (int, np.integer)) else list(axis)
    )
    if any(not -rank <= one < rank for one in axes):
        raise ValueError(f"ops.norm expects axes of an array of rank {rank}, got {axes}")
    if len(axes) == 2 and ord in ("nuc", 2, -2) and isinstance(x, np.ndarray):
        return np.asarray(np.linalg.norm(x, ord, (int(axes[0]), int(axes[1])), keepdims), dtype=floatx())
    if len(axes) == 2 and (isinstance(ord, str) or ord in (None, 1, -1, np.inf, -np.inf)):
        if ord in (None, "fro"):
            return arithmetic.sqrt(reduction.sum(arithmetic.square(x), axes, keepdims))
        if not isinstance(ord, str):
            rows, columns = (one % rank for one in axes)
            summed, left = (rows, columns) if ord in (1, -1) else (columns, rows)
            found = (reduction.max if ord > 0 else reduction.min)(
                reduction.sum(arithmetic.absolute(x), summed, True), left, True
            )
            return found if keepdims else shaping.squeeze(found, [rows, columns])
    if len(axes) == 1 and not isinstance(ord, str):
        if ord in (None, 2):
            return arithmetic.sqrt(reduction.sum(arithmetic.square(x), axes, keepdims))
        if ord in (np.inf, -np.inf):
            return (reduction.max if ord > 0 else reduction.min)(arithmetic.absolute(x), axes, keepdims)
        if ord == 0:
            return reduction.sum(conversion.cast(logic.not_equal(x, 0.0), floatx()), axes, keepdims)
        if ord == 1:
            return reduction.sum(arithmetic.absolute(x), axes, keepdims)
        return arithmetic.power(
            reduction.sum(arithmetic.power(arithmetic.absolute(x), float(ord)), axes, keepdims), 1.0 / float(ord)
        )
    raise ValueError(
        f"ops.norm expects, along {len(axes)} axes, "
        + ("ord None, 'fro', 1, -1, inf or -inf" if len(axes) == 2 else "ord None, a number or inf")
        + f", got {ord!r}"
    )


def __dir__() -> list[str]:
    return __all__
