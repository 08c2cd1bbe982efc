"""Systems of linear equations, inverses and determinants.

Arrays are solved by NumPy. Within a model a system is eliminated by Gauss and Jordan with partial pivoting, each step
of which is a few nodes: meant for small matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import arithmetic, conversion, encoding, exponential, joining, linear, logic, reduction, shaping
from fastnn.ops.factorizations import matrices, transposed, unit
from fastnn.ops.keras_functions import as_in_keras
from fastnn.precision import floatx
from fastnn.symbolic.tensors import is_traced


def _eliminated(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Returns a^-1 b, the pivots of all steps along the last axis, and the sign of the exchanges of rows."""
    size = a.shape[-1]
    pivots, sign = [], None
    for k in range(size):
        first = unit(size, k)
        column = logic.where(np.arange(size) < k, -1.0, arithmetic.absolute(a[..., k]))
        chosen = encoding.one_hot(reduction.argmax(column, -1), size)
        is_chosen, is_first = (shaping.expand_dims(logic.equal(one, 1.0), -1) for one in (chosen, chosen * 0.0 + first))
        a, b = (_exchanged(one, k, chosen, is_chosen, is_first) for one in (a, b))
        turned = logic.where(logic.equal(chosen[..., k], 1.0), 1.0, -1.0)
        sign = turned if sign is None else sign * turned
        pivots.append(a[..., k, k])
        pivot = a[..., k : k + 1, k : k + 1]
        factors = a[..., k : k + 1] * (1.0 - first)[:, np.newaxis]
        row_a, row_b = a[..., k : k + 1, :] / pivot, b[..., k : k + 1, :] / pivot
        a = logic.where(is_first, row_a, a - factors * row_a)
        b = logic.where(is_first, row_b, b - factors * row_b)
    return b, joining.stack(pivots, -1), sign


def _exchanged(x: Any, k: int, chosen: Any, is_chosen: Any, is_first: Any) -> Any:
    """Returns matrices in which row k and the chosen row have changed places."""
    found = linear.matmul(shaping.expand_dims(chosen, -2), x)
    return logic.where(is_first, found, logic.where(is_chosen, x[..., k : k + 1, :], x))


def _identity_like(a: Any) -> Any:
    """Returns the unit matrix for each matrix of a tensor."""
    return a * 0.0 + np.eye(a.shape[-1], dtype=floatx())


def _right_side(a: Any, b: Any, who: str) -> tuple[Any, bool]:
    """Returns the right side as matrices, and True where it was a vector."""
    b = conversion.cast(b, floatx())
    is_vector = len(b.shape) == len(a.shape) - 1
    b = shaping.expand_dims(b, -1) if is_vector else b
    if len(b.shape) != len(a.shape) or b.shape[-2] != a.shape[-1]:
        raise ValueError(
            f"ops.{who} expects a right side of shape (..., {a.shape[-1]}) or (..., {a.shape[-1]}, k), got "
            f"{tuple(b.shape)} for matrices {tuple(a.shape)}"
        )
    return b, is_vector


@as_in_keras(module="linalg")
def solve(a: Any, b: Any) -> Any:
    """Returns the solution x of a x = b. It is faster and more exact than a product with the inverse.

    Args:
        a: Tensor or array of shape `(..., n, n)`.
        b: Tensor or array of shape `(..., n)` or `(..., n, k)`.

    Returns:
        Tensor or array of the shape of `b`.

    Raises:
        ValueError: The shapes do not fit, or an array is singular.

    Example:
        >>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 8.0])
        array([1., 2.], dtype=float32)
    """
    a = matrices(a, "solve")
    right, is_vector = _right_side(a, b, "solve")
    if is_traced([a, right]):
        found = _eliminated(conversion.convert_to_tensor(a), right)[0]
    else:
        found = _of_numpy(np.linalg.solve, "solve", a, right)
    return found[..., 0] if is_vector else found


def _of_numpy(function: Any, who: str, *arrays: Any) -> Any:
    try:
        return function(*arrays)
    except np.linalg.LinAlgError:
        raise ValueError(f"ops.{who} expects matrices that have an inverse, got a singular one") from None


@as_in_keras(module="linalg")
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """Returns the solution x of a x = b for triangular matrices.

    Args:
        a: Tensor or array of shape `(..., n, n)`; the elements of the other triangle are not read.
        b: Tensor or array of shape `(..., n)` or `(..., n, k)`.
        lower: The matrices are lower triangular.

    Returns:
        Tensor or array of the shape of `b`.

    Raises:
        ValueError: The shapes do not fit, or an array is singular.

    Example:
        >>> ops.solve_triangular([[2.0, 0.0], [1.0, 4.0]], [2.0, 9.0], lower=True)
        array([1., 2.], dtype=float32)
    """
    a = matrices(a, "solve_triangular")
    right, is_vector = _right_side(a, b, "solve_triangular")
    size = a.shape[-1]
    if is_traced([a, right]):
        rows: dict[int, Any] = {}
        for k in range(size) if lower else reversed(range(size)):
            left = right[..., k : k + 1, :]
            for done, row in rows.items():
                left = left - a[..., k : k + 1, done : done + 1] * row
            rows[k] = left / a[..., k : k + 1, k : k + 1]
        found = joining.concatenate([rows[k] for k in range(size)], -2)
    else:
        found = _of_numpy(np.linalg.solve, "solve_triangular", np.tril(a) if lower else np.triu(a), right)
    return found[..., 0] if is_vector else found


@as_in_keras(module="linalg")
def inv(x: Any) -> Any:
    """Returns the inverse of matrices. To solve equations use `solve`.

    Args:
        x: Tensor or array of shape `(..., n, n)`.

    Returns:
        Tensor or array of the shape of `x`.

    Raises:
        ValueError: The matrices are not square, or an array is singular.

    Example:
        >>> ops.inv([[2.0, 0.0], [0.0, 4.0]])
        array([[0.5 , 0.  ],
               [0.  , 0.25]], dtype=float32)
    """
    x = matrices(x, "inv")
    return _eliminated(x, _identity_like(x))[0] if is_traced(x) else _of_numpy(np.linalg.inv, "inv", x)


@as_in_keras(module="linalg")
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """Returns the inverse of matrices whose Cholesky factors are given.

    Args:
        x: Tensor or array of shape `(..., n, n)`: the factor L of L L^T.
        upper: The factors are L^T.

    Returns:
        Tensor or array of the shape of `x`.

    Raises:
        ValueError: The matrices are not square, or an array is singular.

    Example:
        >>> ops.cholesky_inverse([[2.0, 0.0], [0.0, 1.0]])
        array([[0.25, 0.  ],
               [0.  , 1.  ]], dtype=float32)
    """
    x = matrices(x, "cholesky_inverse")
    factor = solve_triangular(x, _identity_like(x), lower=not upper)
    return linear.matmul(factor, transposed(factor)) if upper else linear.matmul(transposed(factor), factor)


@as_in_keras(module="linalg")
def det(x: Any) -> Any:
    """Returns the determinant of matrices.

    Args:
        x: Tensor or array of shape `(..., n, n)`.

    Returns:
        Tensor or array of shape `(...)`.

    Raises:
        ValueError: The matrices are not square.

    Example:
        >>> float(ops.det([[2.0, 0.0], [0.0, 4.0]]))
        8.0
    """
    x = matrices(x, "det")
    if not is_traced(x):
        return np.asarray(np.linalg.det(x), dtype=floatx())
    _, pivots, sign = _eliminated(x, x)
    return sign * reduction.prod(pivots, -1)


def slogdet(x: Any) -> tuple[Any, Any]:
    """Returns the sign of the determinant of matrices and the logarithm of its absolute value.

    The determinant itself may overflow.

    Args:
        x: Tensor or array of shape `(..., n, n)`.

    Returns:
        Pair (sign, logarithm) of tensors or arrays of shape `(...)`.

    Raises:
        ValueError: The matrices are not square.

    Example:
        >>> sign, logarithm = ops.slogdet([[2.0, 0.0], [0.0, -4.0]])
        >>> float(sign), round(float(np.exp(logarithm)), 4)
        (-1.0, 8.0)
    """
    x = matrices(x, "slogdet")
    if not is_traced(x):
        sign, logarithm = np.linalg.slogdet(x)
        return np.asarray(sign, dtype=floatx()), np.asarray(logarithm, dtype=floatx())
    _, pivots, sign = _eliminated(x, x)
    sizes = reduction.sum(exponential.log(arithmetic.absolute(pivots)), -1)
    return sign * reduction.prod(arithmetic.sign(pivots), -1), sizes


@as_in_keras(module="math")
def logdet(x: Any) -> Any:
    """Returns the logarithm of the absolute value of the determinant of matrices.

    Args:
        x: Tensor or array of shape `(..., n, n)`.

    Returns:
        Tensor or array of shape `(...)`.

    Raises:
        ValueError: The matrices are not square.

    Example:
        >>> round(float(np.exp(ops.logdet([[2.0, 0.0], [0.0, 4.0]]))), 4)
        8.0
    """
    return slogdet(x)[1]
