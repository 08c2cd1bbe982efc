"""Bitwise functions of integers, computed by arithmetic."""

from __future__ import annotations

from typing import Any

from fastnn.ops.arithmetic import floor_divide, multiply, power, subtract
from fastnn.ops.conversion import cast, dtype
from fastnn.ops.logic import logical_not


def _whole(x: Any, who: str) -> Any:
    if dtype(x) == "float32":
        raise TypeError(f"ops.{who} expects whole numbers, got float32; cast them first: ops.cast(x, 'int32')")
    return cast(x, "int32")


def bitwise_not(x: Any) -> Any:
    """With each bit of a whole number turned: -1 - x; of a bool, whether it is false."""
    if dtype(x) == "bool":
        return logical_not(x)
    return subtract(-1, _whole(x, "bitwise_not"))


bitwise_invert = bitwise_not


def left_shift(x: Any, y: Any) -> Any:
    """The bits of a whole number moved to the left by y places: x * 2**y."""
    return multiply(_whole(x, "left_shift"), power(2, _whole(y, "left_shift")))


bitwise_left_shift = left_shift


def right_shift(x: Any, y: Any) -> Any:
    """The bits of a whole number moved to the right by y places: x / 2**y, rounded down."""
    return floor_divide(_whole(x, "right_shift"), power(2, _whole(y, "right_shift")))


bitwise_right_shift = right_shift
