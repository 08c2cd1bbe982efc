"""Element-wise arithmetic: sums, products, powers, rounding, extremes of two, clipping."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.conversion import cast
from fastnn.ops.elementwise import binary, unary
from fastnn.ops.logic import equal, greater_equal, isfinite, isnan, less, less_equal, logical_and, logical_or, where
from fastnn.ops.node import array, lowered, node, one_type, tensor
from fastnn.symbolic.tensors import is_traced


@unary(np.negative, floats=False)
def negative(x: Any) -> Any:
    """DOC."""


@unary(np.abs, op="abs", floats=False)
def absolute(x: Any) -> Any:
    """DOC."""


abs = absolute


def fabs(x: Any) -> Any:
    """x without its sign, in floats."""
    return absolute(cast(x, "float32"))


@unary(np.sign, floats=False)
def sign(x: Any) -> Any:
    """DOC."""


@unary(np.square, floats=False)
def square(x: Any) -> Any:
    """DOC."""


@unary(np.sqrt)
def sqrt(x: Any) -> Any:
    """DOC."""


@unary(lambda x: 1 / np.sqrt(x))
def rsqrt(x: Any) -> Any:
    """DOC."""


def cbrt(x: Any) -> Any:
    """The cube root."""
    if not is_traced(x):
        return np.cbrt(array(x).astype(np.float32))
    return multiply(sign(cast(x, "float32")), power(fabs(x), 1.0 / 3.0))


@unary(np.reciprocal)
def reciprocal(x: Any) -> Any:
    """DOC."""


@unary(np.floor)
def floor(x: Any) -> Any:
    """DOC."""


@unary(np.ceil)
def ceil(x: Any) -> Any:
    """DOC."""


def round(x: Any, decimals: int = 0) -> Any:
    """To the nearest whole number (of the even one where two are as near), or with so many decimals."""
    if not is_traced(x):
        return lowered(np.round(array(x), decimals))
    made = tensor(x)
    if made.dtype != "float32":
        return made if decimals >= 0 else cast(round(cast(made, "float32"), decimals), made.dtype)
    if decimals == 0:
        return node("Unary", {"op": "round"}, [made], "round")
    if decimals < 0:
        return multiply(round(divide(made, 10.0**-decimals)), 10.0**-decimals)
    return divide(round(multiply(made, 10.0**decimals)), 10.0**decimals)


def trunc(x: Any) -> Any:
    """x without what follows the point."""
    if not is_traced(x):
        return lowered(np.trunc(array(x)))
    made = tensor(x)
    return node("Unary", {"op": "trunc"}, [made], "trunc") if made.dtype == "float32" else made


@binary(np.add, least="int32", of_bools="logical_or")
def add(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.subtract, least="int32")
def subtract(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.multiply, least="int32", of_bools="logical_and")
def multiply(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.divide, least="float32")
def divide(x1: Any, x2: Any) -> Any:
    """DOC."""


true_divide = divide


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0."""
    empty = equal(x2, 0)
    return where(empty, 0.0, divide(x1, where(empty, 1.0, x2)))


@binary(np.floor_divide, least="int32")
def floor_divide(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.mod, least="int32")
def mod(x1: Any, x2: Any) -> Any:
    """DOC."""


def fmod(x1: Any, x2: Any) -> Any:
    """What is left of |x1| when |x2| is taken off as often as it goes, with the sign of x1."""
    return multiply(sign(x1), mod(absolute(x1), absolute(x2)))


@binary(np.power, least="int32")
def power(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.maximum, least="int32", of_bools="logical_or")
def maximum(x1: Any, x2: Any) -> Any:
    """DOC."""


@binary(np.minimum, least="int32", of_bools="logical_and")
def minimum(x1: Any, x2: Any) -> Any:
    """DOC."""


def fmax(x1: Any, x2: Any) -> Any:
    """The larger of the two, or the one that is not NaN."""
    return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of the two, or the one that is not NaN."""
    return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """x, but not below x_min and not above x_max."""
    if is_traced(x) and isinstance(x_min, (int, float)) and isinstance(x_max, (int, float)):
        made, *_ = one_type(x, x_min, x_max, least="int32")
        return node("Clip", {"low": float(x_min), "high": float(x_max)}, [made], "clip")
    return minimum(maximum(x, x_min), x_max)


def saturate_cast(x: Any, dtype: Any) -> Any:
    """With another element type, numbers outside its range first moved to the nearest within."""
    wanted = np.dtype(getattr(dtype, "name", dtype))
    if wanted.kind == "b":
        return cast(clip(x, 0, 1), "bool")
    if wanted.kind not in "iu":
        return cast(x, dtype)
    limits = np.iinfo(wanted)
    low, high = float(max(limits.min, -(2**31))), float(min(limits.max, 2**31 - 1))
    if high < 2**24:
        return cast(clip(x, low, high), dtype)
    # No float32 is 2**31 - 1: beyond the last one below it the number itself is put.
    inside = cast(clip(x, low, 2147483520.0), "int32")
    return where(greater_equal(x, 2147483648.0), 2**31 - 1, inside)


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Numbers in place of NaN and of the infinite: 0, the largest and the smallest, where none are given."""
    if not is_traced(x):
        return lowered(np.nan_to_num(array(x), nan=nan, posinf=posinf, neginf=neginf))
    made = tensor(x)
    if made.dtype != "float32":
        return made
    limits = np.finfo(np.float32)
    made = where(isnan(made), nan, made)
    made = where(equal(made, np.inf), float(limits.max) if posinf is None else posinf, made)
    return where(equal(made, -np.inf), float(limits.min) if neginf is None else neginf, made)


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |x1 - x2| <= atol + rtol * |x2|."""
    close = less_equal(absolute(subtract(x1, x2)), add(multiply(absolute(x2), rtol), atol))
    close = logical_or(logical_and(close, isfinite(x2)), equal(x1, x2))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


def heaviside(x1: Any, x2: Any) -> Any:
    """0 below 0, 1 above, x2 at 0."""
    x1 = cast(x1, "float32")
    return where(
        isnan(x1),
        x1,
        where(less(x1, 0.0), 0.0, where(equal(x1, 0.0), cast(x2, "float32"), 1.0)),
    )


def signbit(x: Any) -> Any:
    """Whether its sign is that of a negative number, as that of -0.0 is."""
    x = cast(x, "float32")
    return logical_or(less(x, 0.0), logical_and(equal(x, 0.0), less(reciprocal(x), 0.0)))
