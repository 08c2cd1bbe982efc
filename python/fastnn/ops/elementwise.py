"""Functions of each element by itself: arithmetic, comparison, logic, and the choice between two."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops.node import array, edge_type, lowered, node, one_type, tensor
from fastnn.symbolic import KerasTensor, is_traced

Unary = Callable[[Any], Any]
Binary = Callable[[Any, Any], Any]

_erf = np.vectorize(math.erf, otypes=[np.float32])


def _unary(name: str, function: Unary, summary: str, op: str = "", floats: bool = True) -> Unary:
    """A function of one tensor; one of `floats` turns whole numbers into floats first."""

    def apply(x: Any) -> Any:
        if is_traced(x):
            return node("Unary", {"op": op or name}, [tensor(x, "float32") if floats else x], name)
        found = array(x)
        return lowered(function(found.astype(np.float32) if floats else found))

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"""{summary}

    Args:
        x: A tensor or an array of any shape.

    Returns:
        The same of that shape.
    """
    return apply


def _binary(name: str, function: Binary, summary: str, op: str = "", least: str = "bool") -> Binary:
    """A function of two tensors, whose shapes are broadcast as NumPy does."""

    def apply(x1: Any, x2: Any) -> Any:
        if is_traced(x1) or is_traced(x2):
            return node("Binary", {"op": op or name}, one_type(x1, x2, least=least), name)
        first, second = _weak(x1, x2)
        if least != "bool" and first.dtype == bool and second.dtype == bool:
            first, second = first.astype(np.int32), second.astype(np.int32)
        if least == "float32":
            first, second = first.astype(np.float32), second.astype(np.float32)
        return lowered(function(first, second))

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"""{summary}

    Args:
        x1: A tensor, an array or a number.
        x2: The same, of a shape that goes with it: sizes are equal or 1, counted from the last axis.

    Returns:
        A tensor or an array.
    """
    return apply


def _weak(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two arrays; a plain number takes the type of the other."""
    first, second = array(x1), array(x2)
    if isinstance(x1, (int, float)) and not isinstance(x1, bool) and second.dtype == np.float32:
        first = first.astype(np.float32)
    if isinstance(x2, (int, float)) and not isinstance(x2, bool) and first.dtype == np.float32:
        second = second.astype(np.float32)
    return first, second


negative = _unary("negative", np.negative, "-x.", floats=False)
absolute = _unary("absolute", np.abs, "x without its sign.", "abs", floats=False)
abs = absolute
sign = _unary("sign", np.sign, "-1, 0 or 1.", floats=False)
square = _unary("square", np.square, "x * x.", floats=False)
exp = _unary("exp", np.exp, "e to the power of x.")
exp2 = _unary("exp2", np.exp2, "2 to the power of x.")
expm1 = _unary("expm1", np.expm1, "exp(x) - 1, exact near 0.")
log = _unary("log", np.log, "The natural logarithm.")
log1p = _unary("log1p", np.log1p, "log(1 + x), exact near 0.")
log2 = _unary("log2", np.log2, "The logarithm to base 2.")
log10 = _unary("log10", np.log10, "The logarithm to base 10.")
sqrt = _unary("sqrt", np.sqrt, "The square root.")
rsqrt = _unary("rsqrt", lambda x: 1 / np.sqrt(x), "1 / sqrt(x).")
reciprocal = _unary("reciprocal", np.reciprocal, "1 / x.")
sin = _unary("sin", np.sin, "The sine of an angle in radians.")
cos = _unary("cos", np.cos, "The cosine of an angle in radians.")
tan = _unary("tan", np.tan, "The tangent of an angle in radians.")
arcsin = _unary("arcsin", np.arcsin, "The angle whose sine is x.")
arccos = _unary("arccos", np.arccos, "The angle whose cosine is x.")
arctan = _unary("arctan", np.arctan, "The angle whose tangent is x.")
sinh = _unary("sinh", np.sinh, "The hyperbolic sine.")
cosh = _unary("cosh", np.cosh, "The hyperbolic cosine.")
tanh = _unary("tanh", np.tanh, "The hyperbolic tangent.")
arcsinh = _unary("arcsinh", np.arcsinh, "The inverse of sinh.")
arccosh = _unary("arccosh", np.arccosh, "The inverse of cosh.")
arctanh = _unary("arctanh", np.arctanh, "The inverse of tanh.")
erf = _unary("erf", _erf, "The error function.")
floor = _unary("floor", np.floor, "The largest whole number that is not above x.")
ceil = _unary("ceil", np.ceil, "The smallest whole number that is not below x.")
trunc = _unary("trunc", np.trunc, "x without what follows the point.")
isnan = _unary("isnan", np.isnan, "Whether it is NaN.")
isinf = _unary("isinf", np.isinf, "Whether it is infinite.")
isfinite = _unary("isfinite", np.isfinite, "Whether it is a number that is not infinite.")

add = _binary("add", np.add, "x1 + x2.", least="int32")
subtract = _binary("subtract", np.subtract, "x1 - x2.", least="int32")
multiply = _binary("multiply", np.multiply, "x1 * x2.", least="int32")
divide = _binary("divide", np.divide, "x1 / x2, in floats.", least="float32")
true_divide = divide
floor_divide = _binary("floor_divide", np.floor_divide, "The largest whole number not above x1 / x2.", least="int32")
mod = _binary("mod", np.mod, "What is left of x1 when x2 is taken off as often as it goes; has the sign of x2.",
              least="int32")  # fmt: skip
remainder = mod
power = _binary("power", np.power, "x1 to the power of x2.", least="int32")
maximum = _binary("maximum", np.maximum, "The larger of the two.")
minimum = _binary("minimum", np.minimum, "The smaller of the two.")
arctan2 = _binary("arctan2", np.arctan2, "The angle of the point (x2, x1).", least="float32")
equal = _binary("equal", np.equal, "Whether they are equal.")
not_equal = _binary("not_equal", np.not_equal, "Whether they differ.")
less = _binary("less", np.less, "Whether x1 < x2.")
less_equal = _binary("less_equal", np.less_equal, "Whether x1 <= x2.")
greater = _binary("greater", np.greater, "Whether x1 > x2.")
greater_equal = _binary("greater_equal", np.greater_equal, "Whether x1 >= x2.")


def _logical(name: str, function: Binary, summary: str) -> Binary:
    def apply(x1: Any, x2: Any) -> Any:
        if is_traced(x1) or is_traced(x2):
            return node("Binary", {"op": name}, [cast(x1, "bool"), cast(x2, "bool")], name)
        return function(x1, x2)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"""{summary}

    Args:
        x1: A tensor or an array; a number counts as true where it is not 0.
        x2: The same.

    Returns:
        A tensor or an array of type bool.
    """
    return apply


logical_and = _logical("logical_and", np.logical_and, "Whether both are true.")
logical_or = _logical("logical_or", np.logical_or, "Whether one is true.")
logical_xor = _logical("logical_xor", np.logical_xor, "Whether just one is true.")


def logical_not(x: Any) -> Any:
    """Whether it is false."""
    if is_traced(x):
        return node("Unary", {"op": "logical_not"}, [cast(x, "bool")], "logical_not")
    return np.logical_not(x)


def round(x: Any, decimals: int = 0) -> Any:
    """To the nearest whole number (of the even one where two are as near), or with so many decimals."""
    if not is_traced(x):
        return lowered(np.round(array(x), decimals))
    if decimals == 0:
        return node("Unary", {"op": "round"}, [tensor(x, "float32")], "round")
    scale = 10.0**decimals
    return round(multiply(x, scale)) / scale


def cast(x: Any, dtype: Any) -> Any:
    """With another element type.

    Args:
        x: A tensor or an array.
        dtype: "float32", "int32" or "bool", and what comes down to one of them ("float64", "int64", "uint8").
    """
    wanted = edge_type(np.dtype(getattr(dtype, "name", dtype)))
    if is_traced(x):
        made = tensor(x)
        return made if made.dtype == wanted else node("Cast", {"dtype": wanted}, [made], "cast")
    return np.asarray(x).astype(wanted)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """x, but not below x_min and not above x_max."""
    if not is_traced(x) and not is_traced([x_min, x_max]):
        return lowered(np.clip(array(x), x_min, x_max))
    if isinstance(x_min, (int, float)) and isinstance(x_max, (int, float)):
        return node("Clip", {"low": float(x_min), "high": float(x_max)}, [tensor(x, "float32")], "clip")
    return minimum(maximum(x, x_min), x_max)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, else x2.

    Args:
        condition: A tensor or an array of type bool.
        x1: What is taken where it is true; its gradient is 0 elsewhere.
        x2: What is taken where it is false.

    Raises:
        TypeError: x1 and x2 are missing: how many places that finds is not known beforehand.
    """
    if not is_traced([condition, x1, x2]):
        return lowered(np.where(np.asarray(condition), *(() if x1 is None else _weak(x1, x2))))
    if x1 is None or x2 is None:
        raise TypeError("ops.where expects (condition, x1, x2): the places alone have no size that is known beforehand")
    return node("Where", {}, [cast(condition, "bool"), *one_type(x1, x2)], "where")


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0."""
    empty = equal(x2, 0)
    return where(empty, zeros_like_float(x1), divide(x1, where(empty, 1.0, x2)))


def zeros_like_float(x: Any) -> Any:
    """0 as float, of the shape of x."""
    return multiply(cast(x, "float32"), 0.0)


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Numbers in place of NaN and of the infinite."""
    if not is_traced(x):
        return lowered(np.nan_to_num(array(x), nan=nan, posinf=posinf, neginf=neginf))
    limits = np.finfo(np.float32)
    x = where(isnan(x), nan, x)
    x = where(equal(x, np.inf), float(limits.max) if posinf is None else posinf, x)
    return where(equal(x, -np.inf), float(limits.min) if neginf is None else neginf, x)


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |x1 - x2| <= atol + rtol * |x2|."""
    if not is_traced([x1, x2]):
        return np.isclose(x1, x2, rtol, atol, equal_nan)
    close = less_equal(absolute(subtract(x1, x2)), add(multiply(absolute(x2), rtol), atol))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


def logaddexp(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2)), without ever leaving the range of floats."""
    return add(maximum(x1, x2), log1p(exp(negative(absolute(subtract(x1, x2))))))


def stop_gradient(variable: Any) -> Any:
    """The same numbers, through which no gradient goes back."""
    return node("StopGradient", {}, [variable], "stop_gradient") if is_traced(variable) else variable


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """A tensor as it is; anything else as an array, or within a `call` as a tensor."""
    if is_traced(x):
        made = tensor(x)
        return made if dtype is None else cast(made, dtype)
    found = lowered(np.asarray(x))
    return found if dtype is None else cast(found, dtype)


def convert_to_numpy(x: Any) -> Any:
    """As an array of NumPy.

    Raises:
        TypeError: It is a symbolic tensor, which has no numbers yet.
    """
    return np.asarray(x)


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor or an array."""
    return isinstance(x, (KerasTensor, np.ndarray))
