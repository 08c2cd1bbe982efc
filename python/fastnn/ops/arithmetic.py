"""Element-wise arithmetic: sums, products, powers, extremes of two, clipping."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.conversion import cast
from fastnn.ops.elementwise import binary, unary
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.logic import equal, greater_equal, isfinite, isnan, less, less_equal, logical_and, logical_or, where
from fastnn.ops.node import array, lowered, node, one_type, tensor
from fastnn.precision import array_type, floatx, is_float
from fastnn.symbolic.tensors import is_traced


@unary(np.negative, floats=False)
def negative(x: Any) -> Any:
    """Returns -x.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.negative([1, -2])
        array([-1,  2], dtype=int32)
    """


@unary(np.abs, op="abs", floats=False)
def absolute(x: Any) -> Any:
    """Returns the absolute value |x|. The gradient at 0 is 0.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.absolute([1, -2])
        array([1, 2], dtype=int32)
    """


abs = absolute


def fabs(x: Any) -> Any:
    """Returns the absolute value |x| as float32.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.fabs([1, -2])
        array([1., 2.], dtype=float32)
    """
    return absolute(cast(x, floatx()))


@unary(np.sign, floats=False)
def sign(x: Any) -> Any:
    """Returns the sign: -1, 0 or 1. NaN stays NaN; there is no gradient.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.sign([-3, 0, 2])
        array([-1,  0,  1], dtype=int32)
    """


@unary(np.square, floats=False)
def square(x: Any) -> Any:
    """Returns x**2. Integers stay integers, and may overflow.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.square([2, -3])
        array([4, 9], dtype=int32)
    """


@unary(np.sqrt)
def sqrt(x: Any) -> Any:
    """Returns the square root of x. It is NaN for negative x, and its gradient at 0 is infinite.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.sqrt([4.0, 9.0])
        array([2., 3.], dtype=float32)
    """


@as_in_keras(module="math")
@unary(lambda x: 1 / np.sqrt(x))
def rsqrt(x: Any) -> Any:
    """Returns 1 / sqrt(x). It is inf at 0 and NaN for negative x.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.rsqrt([4.0, 16.0])
        array([0.5 , 0.25], dtype=float32)
    """


def cbrt(x: Any) -> Any:
    """Returns the cube root of x. Negative x have a negative root.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.round(ops.cbrt([-8.0, 27.0]), 3)
        array([-2.,  3.], dtype=float32)
    """
    if not is_traced(x):
        return np.cbrt(array(x).astype(floatx()))
    return multiply(sign(cast(x, floatx())), power(fabs(x), 1.0 / 3.0))


@unary(np.reciprocal)
def reciprocal(x: Any) -> Any:
    """Returns 1 / x. It is inf or -inf at 0.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.reciprocal([2.0, 4.0])
        array([0.5 , 0.25], dtype=float32)
    """


@binary(np.add, least="int32", of_bools="logical_or")
def add(x1: Any, x2: Any) -> Any:
    """Returns x1 + x2. The result has the wider of the two types.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.add([1, 2], [10, 20])
        array([11, 22], dtype=int32)
    """


@binary(np.subtract, least="int32")
def subtract(x1: Any, x2: Any) -> Any:
    """Returns x1 - x2.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.subtract([10, 20], [1, 2])
        array([ 9, 18], dtype=int32)
    """


@binary(np.multiply, least="int32", of_bools="logical_and")
def multiply(x1: Any, x2: Any) -> Any:
    """Returns x1 * x2, element-wise.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.multiply([1, 2], [10, 20])
        array([10, 40], dtype=int32)
    """


@binary(np.divide, least="float32")
def divide(x1: Any, x2: Any) -> Any:
    """Returns x1 / x2, as float32. Division by 0 gives inf, -inf or NaN.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.divide([1, 3], 2)
        array([0.5, 1.5], dtype=float32)
    """


true_divide = divide


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """Returns x1 / x2, and 0 where x2 is 0. The gradient there is 0, too.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.divide_no_nan([1.0, 3.0], [2.0, 0.0])
        array([0.5, 0. ], dtype=float32)
    """
    empty = equal(x2, 0)
    return where(empty, 0.0, divide(x1, where(empty, 1.0, x2)))


@binary(np.floor_divide, least="int32")
def floor_divide(x1: Any, x2: Any) -> Any:
    """Returns the largest integer not above x1 / x2. There is no gradient.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.floor_divide([7, -7], 2)
        array([ 3, -4], dtype=int32)
    """


@binary(np.mod, least="int32")
def mod(x1: Any, x2: Any) -> Any:
    """Returns the remainder of x1 / x2, with the sign of x2.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.mod([7, -7], 3)
        array([1, 2], dtype=int32)
    """


def fmod(x1: Any, x2: Any) -> Any:
    """Returns the remainder of x1 / x2, with the sign of x1.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.fmod([7, -7], 3)
        array([ 1, -1], dtype=int32)
    """
    return multiply(sign(x1), mod(absolute(x1), absolute(x2)))


@binary(np.power, least="int32")
def power(x1: Any, x2: Any) -> Any:
    """Returns x1**x2.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.power([2, 3], 2)
        array([4, 9], dtype=int32)
    """


@binary(np.maximum, least="int32", of_bools="logical_or")
def maximum(x1: Any, x2: Any) -> Any:
    """Returns the larger of x1 and x2; where they are equal, each gets half of the gradient.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.maximum([1, 5], [3, 2])
        array([3, 5], dtype=int32)
    """


@binary(np.minimum, least="int32", of_bools="logical_and")
def minimum(x1: Any, x2: Any) -> Any:
    """Returns the smaller of x1 and x2; where they are equal, each gets half of the gradient.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.minimum([1, 5], [3, 2])
        array([1, 2], dtype=int32)
    """


def fmax(x1: Any, x2: Any) -> Any:
    """Returns the larger of x1 and x2, or the one that is not NaN.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.fmax([1.0, np.nan], [0.0, 2.0])
        array([1., 2.], dtype=float32)
    """
    return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))


def fmin(x1: Any, x2: Any) -> Any:
    """Returns the smaller of x1 and x2, or the one that is not NaN.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.

    Returns:
        Tensor or array of the common shape.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.fmin([1.0, np.nan], [0.0, 2.0])
        array([0., 2.], dtype=float32)
    """
    return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Returns x, limited to the range [x_min, x_max].

    Args:
        x: Tensor or array.
        x_min: Lower bound, a number or a tensor that is broadcast.
        x_max: Upper bound, a number or a tensor that is broadcast.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.clip([-1.0, 0.5, 2.0], 0.0, 1.0)
        array([0. , 0.5, 1. ], dtype=float32)
    """
    if is_traced(x) and isinstance(x_min, (int, float)) and isinstance(x_max, (int, float)):
        made, *_ = one_type(x, x_min, x_max, least="int32")
        return node("Clip", {"low": float(x_min), "high": float(x_max)}, [made], "clip")
    return minimum(maximum(x, x_min), x_max)


@as_in_keras(module="core")
def saturate_cast(x: Any, dtype: Any) -> Any:
    """Returns x with another element type; values outside its range become the closest value inside.

    Args:
        x: Tensor or array.
        dtype: Element type, such as "uint8", "int32" or "bool".

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.saturate_cast([-1.0, 100.0, 300.0], "uint8")
        array([  0, 100, 255], dtype=int32)
    """
    wanted = array_type(dtype)
    if wanted.kind == "b":
        return cast(clip(x, 0, 1), "bool")
    if wanted.kind not in "iu":
        return cast(x, dtype)
    limits = np.iinfo(wanted)
    low, high = float(max(limits.min, -(2**31))), float(min(limits.max, 2**31 - 1))
    if high < 2**24:
        return cast(clip(x, low, high), dtype)
    # 2**31 - 1 is not a float32: values beyond the last one below it are replaced by an integer.
    inside = cast(clip(x, low, 2147483520.0), "int32")
    return where(greater_equal(x, 2147483648.0), 2**31 - 1, inside)


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Returns x with finite numbers in place of NaN and infinities.

    Args:
        x: Tensor or array.
        nan: Number in place of NaN.
        posinf: Number in place of infinity; None: the largest float32.
        neginf: Number in place of negative infinity; None: the smallest float32.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.nan_to_num([np.nan, 1.0, np.inf], posinf=9.0)
        array([0., 1., 9.], dtype=float32)
    """
    if not is_traced(x):
        return lowered(np.nan_to_num(array(x), nan=nan, posinf=posinf, neginf=neginf))
    made = tensor(x)
    if not is_float(made.dtype):
        return made
    limits = np.finfo(floatx())
    made = where(isnan(made), nan, made)
    made = where(equal(made, np.inf), float(limits.max) if posinf is None else posinf, made)
    return where(equal(made, -np.inf), float(limits.min) if neginf is None else neginf, made)


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Returns True where |x1 - x2| <= atol + rtol * |x2|.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.
        rtol: Relative tolerance.
        atol: Absolute tolerance.
        equal_nan: Treats NaN as close to NaN.

    Returns:
        Tensor or array of type bool.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.isclose([1.0, 2.0], [1.000001, 2.1])
        array([ True, False])
    """
    close = less_equal(absolute(subtract(x1, x2)), add(multiply(absolute(x2), rtol), atol))
    close = logical_or(logical_and(close, isfinite(x2)), equal(x1, x2))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


@as_in_keras(arrays="x1 x2")
def heaviside(x1: Any, x2: Any) -> Any:
    """Returns the Heaviside step function: 0 where x1 < 0, 1 where x1 > 0, and x2 where x1 is 0.

    Args:
        x1: Tensor, array or number.
        x2: Value at 0, a number or a tensor that is broadcast.

    Returns:
        Tensor or array of the common shape.

    Example:
        >>> ops.heaviside([-1.0, 0.0, 2.0], 0.5)
        array([0. , 0.5, 1. ], dtype=float32)
    """
    x1 = cast(x1, floatx())
    return where(
        isnan(x1),
        x1,
        where(less(x1, 0.0), 0.0, where(equal(x1, 0.0), cast(x2, floatx()), 1.0)),
    )


def signbit(x: Any) -> Any:
    """Returns True where the sign bit is set: for negative numbers and -0.0.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of type bool.

    Example:
        >>> ops.signbit([-1.0, -0.0, 0.0])
        array([ True,  True, False])
    """
    x = cast(x, floatx())
    return logical_or(less(x, 0.0), logical_and(equal(x, 0.0), less(reciprocal(x), 0.0)))
