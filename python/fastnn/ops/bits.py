"""Bitwise functions of integers, computed by arithmetic."""

from __future__ import annotations

from typing import Any

from fastnn.ops.arithmetic import floor_divide, multiply, power, subtract
from fastnn.ops.conversion import cast, dtype
from fastnn.ops.logic import logical_not


def _whole(x: Any, who: str) -> Any:
    if dtype(x) == "float32":
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
