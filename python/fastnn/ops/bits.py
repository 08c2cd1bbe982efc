"""Functions of the bits of integers, and of their divisors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import reduction, shaping
from fastnn.ops.arithmetic import absolute, add, floor_divide, mod, multiply, power, subtract
from fastnn.ops.conversion import cast, dtype, together
from fastnn.ops.logic import equal, less, logical_and, logical_not, logical_or, logical_xor, not_equal, where
from fastnn.ops.node import array, lowered
from fastnn.precision import is_float
from fastnn.symbolic.tensors import is_traced


def _whole(x: Any, who: str) -> Any:
    if is_float(dtype(x)):
        raise TypeError(f"ops.{who} expects integers, got float32; cast them first: ops.cast(x, 'int32')")
    return cast(x, "int32")


def bitwise_not(x: Any) -> Any:
    """Returns the bitwise complement of integers, -1 - x, or the logical complement of booleans.

    Args:
        x: Integers or booleans, a tensor or an array.

    Returns:
        Tensor or array of the shape of `x`.

    Raises:
        TypeError: `x` is float32.

    Example:
        >>> ops.bitwise_not([0, 5])
        array([-1, -6], dtype=int32)
    """
    if dtype(x) == "bool":
        return logical_not(x)
    return subtract(-1, _whole(x, "bitwise_not"))


bitwise_invert = bitwise_not


def left_shift(x: Any, y: Any) -> Any:
    """Returns x with its bits shifted to the left by y places: x * 2**y.

    Args:
        x: Integers, a tensor or an array.
        y: Numbers of places, a tensor or an array of integers, or a number.

    Returns:
        Tensor or array of the common shape, int32.

    Raises:
        TypeError: An argument is float32.

    Example:
        >>> ops.left_shift([1, 3], 2)
        array([ 4, 12], dtype=int32)
    """
    return multiply(_whole(x, "left_shift"), power(2, _whole(y, "left_shift")))


bitwise_left_shift = left_shift


def right_shift(x: Any, y: Any) -> Any:
    """Returns x with its bits shifted to the right by y places: x / 2**y, rounded down.

    Args:
        x: Integers, a tensor or an array.
        y: Numbers of places, a tensor or an array of integers, or a number.

    Returns:
        Tensor or array of the common shape, int32.

    Raises:
        TypeError: An argument is float32.

    Example:
        >>> ops.right_shift([8, 13], 2)
        array([2, 3], dtype=int32)
    """
    return floor_divide(_whole(x, "right_shift"), power(2, _whole(y, "right_shift")))


bitwise_right_shift = right_shift


_PLACES = np.int32(1) << np.arange(31, dtype=np.int32)
_MOST_STEPS = 46
"""Divisions that Euclid's algorithm needs for two int32 numbers, of which neighboring Fibonacci numbers take most."""


def _bits_of(x: Any) -> tuple[Any, Any]:
    """Returns the 31 lower bits of integers along a new last axis, and True where the highest is set."""
    x = _whole(x, "bitwise")
    return equal(mod(floor_divide(shaping.expand_dims(x, -1), _PLACES), 2), 1), less(x, 0)


def _bitwise(x: Any, y: Any, of_arrays: Callable[..., Any], of_bools: Callable[[Any, Any], Any], who: str) -> Any:
    if is_float(dtype(x)) or is_float(dtype(y)):
        raise TypeError(f"ops.{who} expects integers, got float32; cast them first: ops.cast(x, 'int32')")
    if not is_traced([x, y]):
        return lowered(of_arrays(*together(x, y)))
    if dtype(x) == dtype(y) == "bool":
        return of_bools(x, y)
    (first, first_sign), (second, second_sign) = _bits_of(x), _bits_of(y)
    lower = reduction.sum(multiply(cast(of_bools(first, second), "int32"), _PLACES), -1)
    # The highest bit counts -2**31, which is -2**30 twice: the sum of an int32 must not overflow on its way.
    highest = multiply(cast(of_bools(first_sign, second_sign), "int32"), -(1 << 30))
    return add(add(lower, highest), highest)


def bitwise_and(x: Any, y: Any) -> Any:
    """Returns the bits that are set in both of two integers.

    Args:
        x: Integers or booleans, a tensor or an array.
        y: Integers or booleans, a tensor or an array.

    Returns:
        Tensor or array of the common shape.

    Raises:
        TypeError: An argument is float32.

    Example:
        >>> ops.bitwise_and([6, -1], [3, 5])
        array([2, 5], dtype=int32)
    """
    return _bitwise(x, y, np.bitwise_and, logical_and, "bitwise_and")


def bitwise_or(x: Any, y: Any) -> Any:
    """Returns the bits that are set in at least one of two integers.

    Args:
        x: Integers or booleans, a tensor or an array.
        y: Integers or booleans, a tensor or an array.

    Returns:
        Tensor or array of the common shape.

    Raises:
        TypeError: An argument is float32.

    Example:
        >>> ops.bitwise_or([6, 8], [3, 1])
        array([7, 9], dtype=int32)
    """
    return _bitwise(x, y, np.bitwise_or, logical_or, "bitwise_or")


def bitwise_xor(x: Any, y: Any) -> Any:
    """Returns the bits that are set in one of two integers alone.

    Args:
        x: Integers or booleans, a tensor or an array.
        y: Integers or booleans, a tensor or an array.

    Returns:
        Tensor or array of the common shape.

    Raises:
        TypeError: An argument is float32.

    Example:
        >>> ops.bitwise_xor([6, 8], [3, 8])
        array([5, 0], dtype=int32)
    """
    return _bitwise(x, y, np.bitwise_xor, logical_xor, "bitwise_xor")


def gcd(x1: Any, x2: Any) -> Any:
    """Returns the greatest common divisor of integers.

    Args:
        x1: Integers, a tensor or an array.
        x2: Integers, a tensor or an array.

    Returns:
        Tensor or array of the common shape, int32.

    Raises:
        TypeError: An argument is float32.

    Example:
        >>> ops.gcd([12, 7], [18, 0])
        array([6, 7], dtype=int32)
    """
    first, second = absolute(_whole(x1, "gcd")), absolute(_whole(x2, "gcd"))
    if not is_traced([first, second]):
        return lowered(np.gcd(array(first), array(second)))
    for _ in range(_MOST_STEPS):
        done = equal(second, 0)
        rest = mod(first, where(done, 1, second))
        first, second = where(done, first, second), where(done, 0, rest)
    return first


def lcm(x1: Any, x2: Any) -> Any:
    """Returns the least common multiple of integers.

    Args:
        x1: Integers, a tensor or an array.
        x2: Integers, a tensor or an array.

    Returns:
        Tensor or array of the common shape, int32.

    Raises:
        TypeError: An argument is float32.

    Example:
        >>> ops.lcm([4, 7], [6, 0])
        array([12,  0], dtype=int32)
    """
    divisor = gcd(x1, x2)
    of_one = floor_divide(absolute(cast(x1, "int32")), where(not_equal(divisor, 0), divisor, 1))
    return multiply(of_one, absolute(cast(x2, "int32")))
