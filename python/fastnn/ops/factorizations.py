"""Factorizations of matrices.

Arrays are factorized by NumPy. Within a model the factorizations that take a fixed number of steps are unrolled into
the nodes of these steps; those that iterate until they converge compute on arrays alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import arithmetic, conversion, joining, linear, logic, reduction, shaping
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.on_arrays import on_arrays
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced

ITERATES = "it iterates until it converges"


def matrices(x: Any, who: str, square: bool = True) -> Any:
    """Returns an argument as float32 matrices.

    Raises:
        ValueError: It has fewer than two axes, is not square, or its size is open.
    """
    x = conversion.cast(x, floatx())
    shape = tuple(x.shape)
    if len(shape) < 2 or (square and shape[-1] != shape[-2]):
        raise ValueError(f"ops.{who} expects {'square ' * square}matrices of shape (..., m, n), got {shape}")
    if None in shape[-2:]:
        raise ValueError(f"ops.{who} expects matrices of a known size, got {shape}")
    return x


def transposed(x: Any) -> Any:
    """Returns matrices with their last two axes exchanged."""
    return shaping.swapaxes(x, -1, -2)


def unit(size: int, place: int) -> Any:
    """Returns the vector of zeros that has a one at a place."""
    return np.eye(size, dtype=floatx())[place]


@as_in_keras(module="linalg")
def cholesky(x: Any, upper: bool = False) -> Any:
    """Returns the Cholesky factor L of symmetric positive definite matrices x = L L^T.

    Args:
        x: Tensor or array of shape `(..., n, n)`.
        upper: Returns L^T in place of L.

    Returns:
        Tensor or array of the shape of `x`, lower triangular, or upper triangular.

    Raises:
        ValueError: The matrices are not square, or an array is not positive definite.

    Example:
        >>> ops.cholesky([[4.0, 2.0], [2.0, 2.0]])
        array([[2., 0.],
               [1., 1.]], dtype=float32)
    """
    x = matrices(x, "cholesky")
    if is_traced(x):
        found = _cholesky_columns((x + transposed(x)) * 0.5)
    else:
        try:
            found = np.linalg.cholesky((x + transposed(x)) * 0.5)
        except np.linalg.LinAlgError:
            raise ValueError(
                "ops.cholesky expects positive definite matrices, got one that is not; add a small multiple of ops.eye"
            ) from None
    return transposed(found) if upper else found


def _cholesky_columns(x: Any) -> Any:
    """Returns the lower factor, one column in each step."""
    size = x.shape[-1]
    columns: list[Any] = []
    for k in range(size):
        column = x[..., k]
        for done in columns:
            column = column - done * done[..., k : k + 1]
        below = (np.arange(size) >= k).astype(floatx())
        columns.append(column * below * arithmetic.rsqrt(column[..., k : k + 1]))
    return joining.stack(columns, -1)


@as_in_keras(module="linalg")
def qr(x: Any, mode: str = "reduced") -> tuple[Any, Any]:
    """Returns the factors of matrices x = Q R, with orthonormal columns of Q and an upper triangular R.

    Args:
        x: Tensor or array of shape `(..., m, n)`.
        mode: "reduced", where Q has min(m, n) columns, or "complete", where it has m.

    Returns:
        Pair (Q, R).

    Raises:
        ValueError: `mode` is unknown.

    References:
        - Householder, "Unitary Triangularization of a Nonsymmetric Matrix", 1958.

    Example:
        >>> q, r = ops.qr([[3.0, 0.0], [4.0, 5.0]])
        >>> np.abs(r).round(4)
        array([[5., 4.],
               [0., 3.]], dtype=float32)
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"ops.qr expects mode 'reduced' or 'complete', got {mode!r}")
    x = matrices(x, "qr", square=False)
    if not is_traced(x):
        made = np.linalg.qr(x, "complete" if mode == "complete" else "reduced")
        return made[0], made[1]
    # Householder, 1958: each step mirrors one column onto a multiple of a unit vector.
    rows, columns = x.shape[-2:]
    q: Any = x[..., :1] * 0.0 + np.eye(rows, dtype=floatx())
    for k in range(min(rows - 1, columns)):
        first = unit(rows, k)
        column = x[..., k] * (np.arange(rows) >= k).astype(floatx())
        length = arithmetic.sqrt(reduction.sum(arithmetic.square(column), -1, True))
        target = arithmetic.multiply(logic.where(logic.less(column[..., k : k + 1], 0.0), length, -length), first)
        mirror = column - target
        scaled = mirror * (2.0 / reduction.sum(arithmetic.square(mirror), -1, True))
        tall, wide = shaping.expand_dims(mirror, -1), shaping.expand_dims(mirror, -2)
        x = x - shaping.expand_dims(scaled, -1) * linear.matmul(wide, x)
        q = q - linear.matmul(q, tall) * shaping.expand_dims(scaled, -2)
    if mode == "reduced":
        least = min(rows, columns)
        q, x = q[..., :least], x[..., :least, :]
    upper = np.triu(np.ones((x.shape[-2], columns), dtype=floatx()))
    return q, x * upper


@as_in_keras(module="linalg")
@on_arrays("its pivots are chosen by values", "use ops.solve or ops.inv, which a model can compute")
def lu_factor(x: Any) -> tuple[Any, Any]:
    """Returns the factors of matrices P x = L U, chosen by partial pivoting.

    Args:
        x: Array of shape `(..., m, n)`.

    Returns:
        Pair: L without its diagonal of ones below U, of the shape of `x`; and for each step k the row that row k was
        exchanged with, int32 of shape `(..., min(m, n))`.

    Raises:
        TypeError: `x` is a symbolic tensor.
        ValueError: `x` has fewer than two axes.

    Example:
        >>> ops.lu_factor([[1.0, 2.0], [4.0, 8.0]])
        (array([[4.  , 8.  ],
               [0.25, 0.  ]], dtype=float32), array([1, 1], dtype=int32))
    """
    made = matrices(x, "lu_factor", square=False).copy()
    flat, steps = made.reshape(-1, *made.shape[-2:]), min(made.shape[-2:])
    pivots = np.zeros((len(flat), steps), np.int32)
    for one, exchanged in zip(flat, pivots, strict=True):
        for k in range(steps):
            found = k + int(np.abs(one[k:, k]).argmax())
            exchanged[k] = found
            one[[k, found]] = one[[found, k]]
            if one[k, k] != 0:
                one[k + 1 :, k] /= one[k, k]
            one[k + 1 :, k + 1 :] -= np.outer(one[k + 1 :, k], one[k, k + 1 :])
    return made, pivots.reshape(*made.shape[:-2], steps)


@as_in_keras(module="linalg", class_name="SVD")
@on_arrays(ITERATES)
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Returns the singular value decomposition of matrices x = U diag(s) V. Singular values come in descending order.

    Args:
        x: Array of shape `(..., m, n)`.
        full_matrices: Returns square matrices U and V; False: their first min(m, n) columns, or rows.
        compute_uv: Returns U and V; False: s alone.

    Returns:
        Triple (U, s, V), or s.

    Raises:
        TypeError: `x` is a symbolic tensor.

    Example:
        >>> ops.svd([[3.0, 0.0], [0.0, 4.0]], compute_uv=False)
        array([4., 3.], dtype=float32)
    """
    x = matrices(x, "svd", square=False)
    return tuple(np.linalg.svd(x, full_matrices)) if compute_uv else np.linalg.svd(x, compute_uv=False)


@as_in_keras(module="linalg")
@on_arrays(ITERATES)
def eigh(x: Any) -> tuple[Any, Any]:
    """Returns eigenvalues and eigenvectors of symmetric matrices. Eigenvalues come in ascending order.

    Args:
        x: Array of shape `(..., n, n)`.

    Returns:
        Pair: eigenvalues in ascending order, of shape `(..., n)`, and eigenvectors as columns, of the shape of `x`.

    Raises:
        TypeError: `x` is a symbolic tensor.
        ValueError: The matrices are not square.

    Example:
        >>> ops.eigh([[2.0, 1.0], [1.0, 2.0]])[0].round(4)
        array([1., 3.], dtype=float32)
    """
    x = matrices(x, "eigh")
    values, vectors = np.linalg.eigh((x + transposed(x)) * 0.5)
    return values, vectors


@as_in_keras(module="linalg")
@on_arrays("its results are complex")
def eig(x: Any) -> tuple[Any, Any]:
    """Returns eigenvalues and eigenvectors of square matrices, complex.

    Args:
        x: Array of shape `(..., n, n)`.

    Returns:
        Pair: eigenvalues of shape `(..., n)`, and eigenvectors as columns, of the shape of `x`.

    Raises:
        TypeError: `x` is a symbolic tensor.
        ValueError: The matrices are not square.

    Example:
        >>> ops.eig([[0.0, 1.0], [-1.0, 0.0]])[0].round(4)
        array([0.+1.j, 0.-1.j], dtype=complex64)
    """
    values, vectors = np.linalg.eig(matrices(x, "eig"))
    return values.astype(np.complex64), vectors.astype(np.complex64)


@as_in_keras(module="linalg")
@on_arrays(ITERATES)
def matrix_rank(x: Any, tol: float | None = None) -> Any:
    """Returns the rank of matrices: the number of singular values above a tolerance.

    Args:
        x: Array of shape `(..., m, n)`.
        tol: Tolerance; None: max(m, n) times the precision of float32, as a fraction of the largest singular value.

    Returns:
        Array of shape `(...)`, int32.

    Raises:
        TypeError: `x` is a symbolic tensor.
        ValueError: `x` has fewer than two axes.

    Example:
        >>> int(ops.matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
        1
    """
    x = matrices(x, "matrix_rank", square=False)
    values = np.linalg.svd(x, compute_uv=False)
    share = max(x.shape[-2:]) * float(np.finfo(floatx()).eps)
    least = share * values.max(-1, keepdims=True) if tol is None else tol
    return (values > least).sum(-1).astype(np.int32)


@as_in_keras(module="linalg")
@on_arrays(ITERATES, "use ops.solve with the normal equations, which a model can compute")
def pinv(x: Any, rcond: float | None = None) -> Any:
    """Returns the Moore-Penrose pseudoinverse of matrices.

    Args:
        x: Array of shape `(..., m, n)`.
        rcond: Singular values below this fraction of the largest count as 0; None: 10 * max(m, n) times the precision
            of float32.

    Returns:
        Array of shape `(..., n, m)`.

    Raises:
        TypeError: `x` is a symbolic tensor.
        ValueError: `x` has fewer than two axes.

    References:
        - Penrose, "A Generalized Inverse for Matrices", 1955.

    Example:
        >>> ops.pinv([[2.0, 0.0], [0.0, 0.0]])
        array([[0.5, 0. ],
               [0. , 0. ]], dtype=float32)
    """
    x = matrices(x, "pinv", square=False)
    share = 10 * max(x.shape[-2:]) * float(np.finfo(floatx()).eps) if rcond is None else rcond
    return np.linalg.pinv(x, share)


@as_in_keras(module="linalg")
@on_arrays(ITERATES, "use ops.solve with the normal equations, which a model can compute")
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """Returns the least squares solution x of a x = b.

    Args:
        a: Array of shape `(m, n)`.
        b: Array of shape `(m,)` or `(m, k)`.
        rcond: Singular values of `a` below this fraction of the largest count as 0; None: max(m, n) times the precision
            of float32.

    Returns:
        Array of shape `(n,)` or `(n, k)`.

    Raises:
        TypeError: An argument is a symbolic tensor.
        ValueError: The shapes do not fit.

    Example:
        >>> ops.lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0]).round(4)
        array([1., 2.], dtype=float32)
    """
    a, b = (np.asarray(one, dtype=floatx()) for one in (a, b))
    if a.ndim != 2 or b.ndim not in (1, 2) or len(a) != len(b):
        raise ValueError(f"ops.lstsq expects shapes (m, n) and (m,) or (m, k), got {a.shape} and {b.shape}")
    share = max(a.shape) * float(np.finfo(floatx()).eps) if rcond is None else rcond
    return np.linalg.lstsq(a, b, share)[0]
