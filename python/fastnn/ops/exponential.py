"""Element-wise exponentials, logarithms and error functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import absolute, add, divide, maximum, minimum, multiply, negative, sqrt, square, subtract
from fastnn.ops.elementwise import unary
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.logic import isinf, less, where
from fastnn.ops.node import array, lowered
from fastnn.symbolic.tensors import is_traced


@unary(np.exp)
def exp(x: Any) -> Any:
    """Returns e**x. It is inf where x is above 88.7, the range of float32.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.exp([0.0, 1.0])
        array([1.      , 2.718282], dtype=float32)
    """


@unary(np.exp2)
def exp2(x: Any) -> Any:
    """Returns 2**x. It is inf where x is 128 or more, the range of float32.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.exp2([0.0, 3.0])
        array([1., 8.], dtype=float32)
    """


@unary(np.expm1)
def expm1(x: Any) -> Any:
    """Returns exp(x) - 1, accurate for small x.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.expm1([0.0, 1.0])
        array([0.       , 1.71828...], dtype=float32)
    """


@unary(np.log)
def log(x: Any) -> Any:
    """Returns the natural logarithm of x. It is -inf at 0 and NaN below.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.log([1.0, 2.0])
        array([0.       , 0.69314...], dtype=float32)
    """


@unary(np.log1p)
def log1p(x: Any) -> Any:
    """Returns log(1 + x), accurate for small x. It is -inf at -1 and NaN below.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.log1p([0.0, 1.0])
        array([0.       , 0.69314...], dtype=float32)
    """


@unary(np.log2)
def log2(x: Any) -> Any:
    """Returns the logarithm of x to base 2. It is -inf at 0 and NaN below.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.log2([1.0, 8.0])
        array([0., 3.], dtype=float32)
    """


@unary(np.log10)
def log10(x: Any) -> Any:
    """Returns the logarithm of x to base 10. It is -inf at 0 and NaN below.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.log10([1.0, 100.0]).round(3)
        array([0., 2.], dtype=float32)
    """


def logaddexp(x1: Any, x2: Any) -> Any:
    """Returns log(exp(x1) + exp(x2)), without overflow.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape, float32.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.logaddexp([0.0, 100.0], [0.0, 0.0])
        array([  0.69314..., 100.       ], dtype=float32)
    """
    top = maximum(x1, x2)
    apart = where(isinf(top), 0.0, negative(absolute(subtract(x1, x2))))
    return where(isinf(top), top, add(top, log1p(exp(apart))))


def logaddexp2(x1: Any, x2: Any) -> Any:
    """Returns log2(2**x1 + 2**x2), without overflow.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape, float32.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.logaddexp2([1.0, 200.0], [1.0, 0.0])
        array([  2., 200.], dtype=float32)
    """
    scale = float(np.log(2.0))
    return divide(logaddexp(multiply(x1, scale), multiply(x2, scale)), scale)


def ldexp(x1: Any, x2: Any) -> Any:
    """Returns x1 * 2**x2.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape, float32.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.ldexp([1.0, 3.0], [2, 3])
        array([ 4., 24.], dtype=float32)
    """
    return multiply(x1, exp2(x2))


@as_in_keras(module="math")
@unary()
def erf(x: Any) -> Any:
    """Returns the error function: 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.erf([0.0, 1.0])
        array([0.       , 0.84270...], dtype=float32)
    """


_ERFC = (
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
)  # fmt: skip


@as_in_keras(module="math")
def erfc(x: Any) -> Any:
    """Returns the complementary error function 1 - erf(x).

    Where x is large it is computed by the approximation of Press et al., 1992, "Numerical recipes in C", section 6.2,
    so that small values keep their digits.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.erfc([0.0, 1.0])
        array([1.        , 0.15729...], dtype=float32)
    """
    t = divide(1.0, add(1.0, multiply(0.5, absolute(x))))
    far = multiply(t, exp(subtract(_polynomial(_ERFC, t), square(x))))
    return where(less(x, 0.5), subtract(1.0, erf(x)), far)


@as_in_keras(module="math")
@unary()
def erfinv(x: Any) -> Any:
    """Returns the inverse of the error function. It is inf at 1, -inf at -1 and NaN beyond.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.erfinv([0.0, 0.5])
        array([0.        , 0.47693...], dtype=float32)
    """


_NEAR_ZERO = (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813)
_FAR = (
    0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537, -0.01647633, 0.00392377,
)  # fmt: skip


def i0(x: Any) -> Any:
    """Returns the modified Bessel function of the first kind and order 0.

    Within a model it is computed by the polynomials 9.8.1 and 9.8.2 of Abramowitz and Stegun, 1964, "Handbook of
    Mathematical Functions", to 2e-7 of its value.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.i0([0.0, 1.0])
        array([1.      , 1.26606...], dtype=float32)
    """
    if not is_traced(x):
        return lowered(np.i0(array(x).astype(np.float64)))
    size = absolute(x)
    near, far = divide(minimum(size, 3.75), 3.75), divide(3.75, maximum(size, 3.75))
    scale = divide(exp(size), sqrt(maximum(size, 3.75)))
    return where(less(size, 3.75), _polynomial(_NEAR_ZERO, square(near)), multiply(scale, _polynomial(_FAR, far)))


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    found: Any = coefficients[-1]
    for one in reversed(coefficients[:-1]):
        found = add(multiply(found, x), one)
    return found
