"""Element-wise trigonometric and hyperbolic functions; angles are in radians."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.arithmetic import add, divide, multiply, sqrt, square
from fastnn.ops.conversion import cast
from fastnn.ops.elementwise import binary, unary
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.logic import equal, where
from fastnn.precision import floatx


@unary(np.sin)
def sin(x: Any) -> Any:
    """Returns the sine of an angle in radians.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.sin([0.0, 1.0])
        array([0.      , 0.841471], dtype=float32)
    """


@unary(np.cos)
def cos(x: Any) -> Any:
    """Returns the cosine of an angle in radians.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.cos([0.0, 1.0])
        array([1.       , 0.54030...], dtype=float32)
    """


@unary(np.tan)
def tan(x: Any) -> Any:
    """Returns the tangent of an angle in radians.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.tan([0.0, 1.0])
        array([0.       , 1.55740...], dtype=float32)
    """


@unary(np.arcsin)
def arcsin(x: Any) -> Any:
    """Returns the angle, in radians, whose sine is x. It is in [-pi/2, pi/2], and NaN where |x| > 1.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.arcsin([0.0, 1.0])
        array([0.       , 1.57079...], dtype=float32)
    """


@unary(np.arccos)
def arccos(x: Any) -> Any:
    """Returns the angle, in radians, whose cosine is x. It is in [0, pi], and NaN where |x| > 1.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.arccos([1.0, 0.0])
        array([0.       , 1.57079...], dtype=float32)
    """


@unary(np.arctan)
def arctan(x: Any) -> Any:
    """Returns the angle, in radians, whose tangent is x. It is in (-pi/2, pi/2).

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.arctan([0.0, 1.0])
        array([0.       , 0.78539...], dtype=float32)
    """


@binary(np.arctan2, least="float32")
def arctan2(x1: Any, x2: Any) -> Any:
    """Returns the angle, in radians, of the point (x2, x1). It is in [-pi, pi], in the right quadrant for any signs.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape, float32.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.arctan2([0.0, 1.0], [1.0, 0.0])
        array([0.       , 1.57079...], dtype=float32)
    """


@unary(np.sinh)
def sinh(x: Any) -> Any:
    """Returns the hyperbolic sine of x. It is infinite where |x| is above 89.4, the range of float32.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.sinh([0.0, 1.0])
        array([0.       , 1.17520...], dtype=float32)
    """


@unary(np.cosh)
def cosh(x: Any) -> Any:
    """Returns the hyperbolic cosine of x. It is inf where |x| is above 89.4, the range of float32.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.cosh([0.0, 1.0])
        array([1.       , 1.54308...], dtype=float32)
    """


@unary(np.tanh)
def tanh(x: Any) -> Any:
    """Returns the hyperbolic tangent of x. Values are in [-1, 1].

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.tanh([0.0, 1.0])
        array([0.       , 0.76159...], dtype=float32)
    """


@unary(np.arcsinh)
def arcsinh(x: Any) -> Any:
    """Returns the inverse hyperbolic sine of x.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.arcsinh([0.0, 1.0])
        array([0.       , 0.88137...], dtype=float32)
    """


@unary(np.arccosh)
def arccosh(x: Any) -> Any:
    """Returns the inverse hyperbolic cosine of x. It is NaN for x below 1.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.arccosh([1.0, 2.0])
        array([0.      , 1.316958], dtype=float32)
    """


@unary(np.arctanh)
def arctanh(x: Any) -> Any:
    """Returns the inverse hyperbolic tangent of x. It is inf at 1, -inf at -1 and NaN beyond.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.arctanh([0.0, 0.5])
        array([0.        , 0.54930...], dtype=float32)
    """


def deg2rad(x: Any) -> Any:
    """Returns an angle in radians for one in degrees.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.deg2rad([0.0, 180.0])
        array([0.       , 3.14159...], dtype=float32)
    """
    return multiply(cast(x, floatx()), float(np.pi / 180.0))


def rad2deg(x: Any) -> Any:
    """Returns an angle in degrees for one in radians.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.rad2deg([0.0, 3.0])
        array([  0.     , 171.88734], dtype=float32)
    """
    return multiply(cast(x, floatx()), float(180.0 / np.pi))


def sinc(x: Any) -> Any:
    """Returns sin(pi * x) / (pi * x), and 1 at 0.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.sinc([0.0, 0.5])
        array([1.        , 0.63661...], dtype=float32)
    """
    angle = multiply(cast(x, floatx()), float(np.pi))
    empty = equal(angle, 0.0)
    return where(empty, 1.0, divide(sin(angle), where(empty, 1.0, angle)))


@as_in_keras(arrays="x1 x2")
def hypot(x1: Any, x2: Any) -> Any:
    """Returns sqrt(x1**2 + x2**2). The squares may overflow where x1 or x2 is above 1e19.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape, float32.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.hypot(3.0, 4.0)
        array(5., dtype=float32)
    """
    return sqrt(add(square(x1), square(x2)))
