"""Functions of each element by itself: arithmetic, comparison, logic, and the choice between two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import _core
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import array, edge_type, lowered, node, one_type, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced

Unary = Callable[[Any], Any]
Binary = Callable[[Any, Any], Any]


def _by_core(op: str) -> Unary:
    """A function that NumPy does not have, by the core's node on all numbers as one row."""

    def apply(x: Any) -> Any:
        return _core.apply("Unary", {"op": op}, [np.ascontiguousarray(x).reshape(1, -1)])[0].reshape(x.shape)

    return apply


def unary(name: str, function: Unary | None = None, summary: str = "", op: str = "", floats: bool = True) -> Unary:
    """A function of one tensor; one of `floats` turns whole numbers into floats first; without a
    `function` for arrays the core computes them."""

    compute = _by_core(op or name) if function is None else function

    def apply(x: Any) -> Any:
        if is_traced(x):
            made = tensor(x, "float32") if floats else tensor(x)
            return node("Unary", {"op": op or name}, [cast(made, "int32") if made.dtype == "bool" else made], name)
        found = array(x)
        if found.dtype == bool:
            found = found.astype(np.int32)
        with np.errstate(all="ignore"):
            return lowered(compute(found.astype(np.float32) if floats else found))

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"""{summary}

    Args:
        x: A tensor or an array of any shape.

    Returns:
        The same of that shape.
    """
    return apply


def _binary(
    name: str, function: Binary, summary: str, op: str = "", least: str = "bool", of_bools: str | None = None
) -> Binary:
    """A function of two tensors, whose shapes are broadcast as NumPy does; of two bools it may be a logical one."""

    def apply(x1: Any, x2: Any) -> Any:
        if is_traced(x1) or is_traced(x2):
            both = one_type(x1, x2)
            if both[0].dtype == "bool" and of_bools is not None:
                return node("Binary", {"op": of_bools}, both, name)
            return node("Binary", {"op": op or name}, one_type(*both, least=least), name)
        first, second = together(x1, x2)
        if least != "bool" and of_bools is None and first.dtype == bool:
            first, second = first.astype(np.int32), second.astype(np.int32)
        if least == "float32":
            first, second = first.astype(np.float32), second.astype(np.float32)
        with np.errstate(all="ignore"):
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


def together(*values: Any) -> list[Any]:
    """Arrays of the type that holds them all: float32 before int32 before bool."""
    arrays = [array(value) for value in values]
    order = [np.dtype(bool), np.dtype(np.int32), np.dtype(np.float32)]
    widest = order[int(np.max([order.index(found.dtype) for found in arrays], initial=0))]
    return [found.astype(widest) for found in arrays]


negative = unary("negative", np.negative, "-x.", floats=False)
absolute = unary("absolute", np.abs, "x without its sign.", "abs", floats=False)
abs = absolute
sign = unary("sign", np.sign, "-1, 0 or 1.", floats=False)
square = unary("square", np.square, "x * x.", floats=False)
exp = unary("exp", np.exp, "e to the power of x.")
exp2 = unary("exp2", np.exp2, "2 to the power of x.")
expm1 = unary("expm1", np.expm1, "exp(x) - 1, exact near 0.")
log = unary("log", np.log, "The natural logarithm.")
log1p = unary("log1p", np.log1p, "log(1 + x), exact near 0.")
log2 = unary("log2", np.log2, "The logarithm to base 2.")
log10 = unary("log10", np.log10, "The logarithm to base 10.")
sqrt = unary("sqrt", np.sqrt, "The square root.")
rsqrt = as_in_keras(module="math")(unary("rsqrt", lambda x: 1 / np.sqrt(x), "1 / sqrt(x)."))
reciprocal = unary("reciprocal", np.reciprocal, "1 / x.")
sin = unary("sin", np.sin, "The sine of an angle in radians.")
cos = unary("cos", np.cos, "The cosine of an angle in radians.")
tan = unary("tan", np.tan, "The tangent of an angle in radians.")
arcsin = unary("arcsin", np.arcsin, "The angle whose sine is x.")
arccos = unary("arccos", np.arccos, "The angle whose cosine is x.")
arctan = unary("arctan", np.arctan, "The angle whose tangent is x.")
sinh = unary("sinh", np.sinh, "The hyperbolic sine.")
cosh = unary("cosh", np.cosh, "The hyperbolic cosine.")
tanh = unary("tanh", np.tanh, "The hyperbolic tangent.")
arcsinh = unary("arcsinh", np.arcsinh, "The inverse of sinh.")
arccosh = unary("arccosh", np.arccosh, "The inverse of cosh.")
arctanh = unary("arctanh", np.arctanh, "The inverse of tanh.")
erf = as_in_keras(module="math")(unary("erf", None, "The error function."))
erfinv = as_in_keras(module="math")(unary("erfinv", None, "The inverse of erf."))
floor = unary("floor", np.floor, "The largest whole number that is not above x.")
ceil = unary("ceil", np.ceil, "The smallest whole number that is not below x.")
isnan = unary("isnan", np.isnan, "Whether it is NaN.")
isinf = unary("isinf", np.isinf, "Whether it is infinite.")
isfinite = unary("isfinite", np.isfinite, "Whether it is a number that is not infinite.")

add = _binary("add", np.add, "x1 + x2.", least="int32", of_bools="logical_or")
subtract = _binary("subtract", np.subtract, "x1 - x2.", least="int32")
multiply = _binary("multiply", np.multiply, "x1 * x2.", least="int32", of_bools="logical_and")
divide = _binary("divide", np.divide, "x1 / x2, in floats.", least="float32")
true_divide = divide
floor_divide = _binary("floor_divide", np.floor_divide, "The largest whole number not above x1 / x2.", least="int32")
mod = _binary("mod", np.mod, "What is left of x1 when x2 is taken off as often as it goes; has the sign of x2.",
              least="int32")  # fmt: skip
power = _binary("power", np.power, "x1 to the power of x2.", least="int32")
maximum = _binary("maximum", np.maximum, "The larger of the two.", least="int32", of_bools="logical_or")
minimum = _binary("minimum", np.minimum, "The smaller of the two.", least="int32", of_bools="logical_and")
arctan2 = _binary("arctan2", np.arctan2, "The angle of the point (x2, x1).", least="float32")
equal = _binary("equal", np.equal, "Whether they are equal.")
not_equal = _binary("not_equal", np.not_equal, "Whether they differ.")
less = _binary("less", np.less, "Whether x1 < x2.", least="int32")
less_equal = _binary("less_equal", np.less_equal, "Whether x1 <= x2.", least="int32")
greater = _binary("greater", np.greater, "Whether x1 > x2.", least="int32")
greater_equal = _binary("greater_equal", np.greater_equal, "Whether x1 >= x2.", least="int32")


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


@as_in_keras(module="core")
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
    if is_traced(x) and isinstance(x_min, (int, float)) and isinstance(x_max, (int, float)):
        made, *_ = one_type(x, x_min, x_max, least="int32")
        return node("Clip", {"low": float(x_min), "high": float(x_max)}, [made], "clip")
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
        return lowered(np.where(np.asarray(condition), *(() if x1 is None else together(x1, x2))))
    if x1 is None or x2 is None:
        raise TypeError("ops.where expects (condition, x1, x2): the places alone have no size that is known beforehand")
    return node("Where", {}, [cast(condition, "bool"), *one_type(x1, x2)], "where")


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """Of each place the choice whose condition is the first to hold there.

    Args:
        condlist: Tensors of type bool.
        choicelist: What is taken, one for each condition.
        default: What is taken where none holds.
    """
    if len(condlist) != len(choicelist):
        raise ValueError(f"ops.select expects a choice for each of {len(condlist)} conditions, got {len(choicelist)}")
    made = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        made = where(condition, choice, made)
    return made


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0."""
    empty = equal(x2, 0)
    return where(empty, 0.0, divide(x1, where(empty, 1.0, x2)))


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


def logaddexp(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2)), without ever leaving the range of floats."""
    top = maximum(x1, x2)
    apart = where(isinf(top), 0.0, negative(absolute(subtract(x1, x2))))
    return where(isinf(top), top, add(top, log1p(exp(apart))))


def logaddexp2(x1: Any, x2: Any) -> Any:
    """log2(2**x1 + 2**x2), without ever leaving the range of floats."""
    scale = float(np.log(2.0))
    return divide(logaddexp(multiply(x1, scale), multiply(x2, scale)), scale)


def fabs(x: Any) -> Any:
    """x without its sign, in floats."""
    return absolute(cast(x, "float32"))


def cbrt(x: Any) -> Any:
    """The cube root."""
    if not is_traced(x):
        return np.cbrt(array(x).astype(np.float32))
    return multiply(sign(cast(x, "float32")), power(fabs(x), 1.0 / 3.0))


@as_in_keras(module="math")
def erfc(x: Any) -> Any:
    """1 - erf(x)."""
    return subtract(1.0, erf(x))


def deg2rad(x: Any) -> Any:
    """Degrees as radians."""
    return multiply(cast(x, "float32"), float(np.pi / 180.0))


def rad2deg(x: Any) -> Any:
    """Radians as degrees."""
    return multiply(cast(x, "float32"), float(180.0 / np.pi))


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0."""
    angle = multiply(cast(x, "float32"), float(np.pi))
    empty = equal(angle, 0.0)
    return where(empty, 1.0, divide(sin(angle), where(empty, 1.0, angle)))


@as_in_keras(arrays="x1 x2")
def hypot(x1: Any, x2: Any) -> Any:
    """sqrt(x1**2 + x2**2)."""
    return sqrt(add(square(x1), square(x2)))


def ldexp(x1: Any, x2: Any) -> Any:
    """x1 * 2**x2."""
    return multiply(x1, exp2(x2))


def fmod(x1: Any, x2: Any) -> Any:
    """What is left of |x1| when |x2| is taken off as often as it goes, with the sign of x1."""
    return multiply(sign(x1), mod(absolute(x1), absolute(x2)))


def fmax(x1: Any, x2: Any) -> Any:
    """The larger of the two, or the one that is not NaN."""
    return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of the two, or the one that is not NaN."""
    return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))


@as_in_keras(arrays="x1 x2")
def heaviside(x1: Any, x2: Any) -> Any:
    """0 below 0, 1 above, x2 at 0."""
    x1 = cast(x1, "float32")
    return where(isnan(x1), x1, where(less(x1, 0.0), 0.0, where(equal(x1, 0.0), cast(x2, "float32"), 1.0)))


def isposinf(x: Any) -> Any:
    """Whether it is infinite and above 0."""
    return equal(cast(x, "float32"), np.inf)


def isneginf(x: Any) -> Any:
    """Whether it is infinite and below 0."""
    return equal(cast(x, "float32"), -np.inf)


def isreal(x: Any) -> Any:
    """Whether it has no imaginary part: always, since there are no complex tensors."""
    return logical_or(isfinite(x), logical_not(isfinite(x)))


def signbit(x: Any) -> Any:
    """Whether its sign is that of a negative number, as that of -0.0 is."""
    x = cast(x, "float32")
    return logical_or(less(x, 0.0), logical_and(equal(x, 0.0), less(reciprocal(x), 0.0)))


def real(x: Any) -> Any:
    """The real part: x."""
    return convert_to_tensor(x)


conj = conjugate = real


def imag(x: Any) -> Any:
    """The imaginary part: 0."""
    return where(isreal(x), cast(0, dtype(x)), x)


def angle(x: Any) -> Any:
    """The angle in the complex plane: pi below 0, else 0."""
    x = cast(x, "float32")
    return where(isnan(x), x, where(signbit(x), float(np.pi), 0.0))


def bitwise_not(x: Any) -> Any:
    """With each bit of a whole number turned: -1 - x; of a bool, whether it is false."""
    if dtype(x) == "bool":
        return logical_not(x)
    return subtract(-1, _whole(x, "bitwise_not"))


bitwise_invert = bitwise_not


def left_shift(x: Any, y: Any) -> Any:
    """The bits of a whole number moved to the left by y places: x * 2**y."""
    return multiply(_whole(x, "left_shift"), power(2, _whole(y, "left_shift")))


def right_shift(x: Any, y: Any) -> Any:
    """The bits of a whole number moved to the right by y places: x / 2**y, rounded down."""
    return floor_divide(_whole(x, "right_shift"), power(2, _whole(y, "right_shift")))


bitwise_left_shift, bitwise_right_shift = left_shift, right_shift


def _whole(x: Any, who: str) -> Any:
    if dtype(x) == "float32":
        raise TypeError(f"ops.{who} expects whole numbers, got float32; cast them first: ops.cast(x, 'int32')")
    return cast(x, "int32")


@as_in_keras(module="core")
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


def copy(x: Any) -> Any:
    """The same numbers; for an array, in memory of their own."""
    return tensor(x) if is_traced(x) else np.array(array(x))


def dtype(x: Any) -> str:
    """The name of its element type: "float32", "int32" or "bool"."""
    return (
        str(x.dtype)
        if isinstance(x, KerasTensor)
        else edge_type(np.dtype(getattr(x, "dtype", None) or np.asarray(x).dtype))
    )


@as_in_keras(module="core")
def stop_gradient(variable: Any) -> Any:
    """The same numbers, through which no gradient goes back."""
    return node("StopGradient", {}, [variable], "stop_gradient") if is_traced(variable) else variable


@as_in_keras(module="core")
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """A tensor as it is; anything else as an array, or within a `call` as a tensor."""
    if is_traced(x):
        made = tensor(x)
        return made if dtype is None else cast(made, dtype)
    found = array(x)
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
