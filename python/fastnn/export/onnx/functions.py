"""Exporters of the general nodes of `fastnn.ops`: elements, reductions, products, rearranging, indexing, values.

The nodes follow NumPy. Where ONNX differs (integer division, indices out of range, casts of values that do not fit),
further nodes of ONNX restore NumPy's results.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastnn.export.onnx.graph import WHOLE, Builder, exports, from_shapes
from fastnn.export.tape import Node


@exports("Identity", "ActivityRegularization", "StopGradient")
def _passes(b: Builder, node: Node) -> None:
    b.elementwise(node, lambda x: x)


# One element ----------------------------------------------------------------------------------------------------------

_UNARY = {
    "negative": "Neg", "abs": "Abs", "sign": "Sign", "exp": "Exp", "log": "Log", "sqrt": "Sqrt",
    "reciprocal": "Reciprocal", "sin": "Sin", "cos": "Cos", "tan": "Tan", "arcsin": "Asin", "arccos": "Acos",
    "arctan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "tanh": "Tanh", "arcsinh": "Asinh", "arccosh": "Acosh",
    "arctanh": "Atanh", "erf": "Erf", "floor": "Floor", "ceil": "Ceil", "round": "Round", "sigmoid": "Sigmoid",
    "isnan": "IsNaN", "isinf": "IsInf", "logical_not": "Not",
}  # fmt: skip


@exports("Unary")
def _unary(b: Builder, node: Node) -> None:
    word, number = node.config["op"], b.constant

    def log1p(x: str) -> str:
        small = b.op("Mul", b.op("Atanh", b.op("Div", x, b.op("Add", x, number(2)))), number(2))
        large = b.op("Log", b.op("Add", x, number(1)))
        return str(b.op("Where", b.op("Less", b.op("Abs", x), number(0.5)), small, large))

    def expm1(x: str) -> str:
        return str(b.op("Mul", b.op("Tanh", b.op("Mul", x, number(0.5))), b.op("Add", b.op("Exp", x), number(1))))

    def isfinite(x: str) -> str:
        return str(b.op("Not", b.op("Or", b.op("IsNaN", x), b.op("IsInf", x))))

    composed: dict[str, Callable[[str], str]] = {
        "exp2": lambda x: b.op("Pow", number(2), x),
        "expm1": expm1,
        "log1p": log1p,
        "log2": lambda x: b.op("Mul", b.op("Log", x), number(1 / math.log(2))),
        "log10": lambda x: b.op("Mul", b.op("Log", x), number(1 / math.log(10))),
        "rsqrt": lambda x: b.op("Reciprocal", b.op("Sqrt", x)),
        "square": lambda x: b.op("Mul", x, x),
        "trunc": lambda x: b.op("Mul", b.op("Sign", x), b.op("Floor", b.op("Abs", x))),
        "isfinite": isfinite,
        "erfinv": partial(_erfinv, b),
    }
    b.elementwise(node, composed.get(word) or partial(b.op, _UNARY[word]))


_ERFINV_NEAR = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
                -0.00417768164, 0.246640727, 1.50140941)  # fmt: skip
_ERFINV_FAR = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
               0.00943887047, 1.00167406, 2.83297682)  # fmt: skip


def _erfinv(b: Builder, x: str) -> str:
    """Two polynomials of w = -log(1 - x^2), by Giles (2010), "Approximating the erfinv function"."""

    def polynomial(w: str, factors: tuple[float, ...]) -> str:
        y = b.constant(factors[0])
        for factor in factors[1:]:
            y = b.op("Add", b.op("Mul", y, w), b.constant(factor))
        return y

    one = b.constant(1.0)
    w = b.op("Neg", b.op("Log", b.op("Mul", b.op("Sub", one, x), b.op("Add", one, x))))
    near = polynomial(b.op("Sub", w, b.constant(2.5)), _ERFINV_NEAR)
    far = polynomial(b.op("Sub", b.op("Sqrt", w), b.constant(3.0)), _ERFINV_FAR)
    factor = b.op("Where", b.op("Less", w, b.constant(5.0)), near, far)
    factor = b.op("Where", b.op("IsInf", w), b.constant(np.inf), factor)
    return str(b.op("Mul", x, factor))


# Two elements ---------------------------------------------------------------------------------------------------------

_BINARY = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow", "maximum": "Max",
    "minimum": "Min", "equal": "Equal", "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater",
    "greater_equal": "GreaterOrEqual", "logical_and": "And", "logical_or": "Or", "logical_xor": "Xor",
}  # fmt: skip


@exports("Binary")
def _binary(b: Builder, node: Node) -> None:
    word = node.config["op"]
    whole = b.dtype(node.inputs[0]) == "int32"
    composed: dict[str, Callable[[str, str], str]] = {
        "not_equal": lambda x, y: b.op("Not", b.op("Equal", x, y)),
        "arctan2": partial(_arctan2, b),
        "mod": partial(_whole_mod if whole else _mod, b, node),
        "floor_divide": partial(_whole_floor_divide if whole else _floor_divide, b, node),
    }
    b.elementwise(node, composed.get(word) or partial(b.op, _BINARY[word]))


def _signs_differ(b: Builder, rest: str, divisor: str, zero: str) -> str:
    """Returns where the remainder of a division is not 0 and differs in sign from the divisor."""
    other = b.op("Xor", b.op("Less", rest, zero), b.op("Less", divisor, zero))
    return str(b.op("And", other, b.op("Not", b.op("Equal", rest, zero))))


def _mod(b: Builder, node: Node, x: str, y: str) -> str:
    rest = b.op("Mod", x, y, fmod=1)
    return str(b.op("Where", _signs_differ(b, rest, y, b.constant(0)), b.op("Add", rest, y), rest))


def _floor_divide(b: Builder, node: Node, x: str, y: str) -> str:
    """Divides after subtraction of the remainder, as x / y may be rounded up to an integer."""
    rest = b.op("Mod", x, y, fmod=1)
    quotient = b.op("Round", b.op("Div", b.op("Sub", x, rest), y))
    lower = b.op("Sub", quotient, b.constant(1))
    down = b.op("Where", _signs_differ(b, rest, y, b.constant(0)), lower, quotient)
    return str(b.op("Where", b.op("Equal", y, b.constant(0)), b.op("Div", x, y), down))


def _divisor(b: Builder, node: Node, y: str) -> tuple[str, str]:
    """Returns the divisor in 64 bits, where no quotient overflows, with 1 in place of 0; and a mask of the zeros."""
    value = b.values.get(node.inputs[1])
    wide = b.cast(y, "int64")
    if value is not None and np.all(value):
        return wide, ""
    zero = b.op("Equal", wide, b.ints(0))
    return b.op("Where", zero, b.ints(1), wide), zero


def _whole_mod(b: Builder, node: Node, x: str, y: str) -> str:
    # A division by 0 becomes one by 1, whose remainder is 0 as wanted.
    return b.cast(b.op("Mod", b.cast(x, "int64"), _divisor(b, node, y)[0]), "int32")


def _whole_floor_divide(b: Builder, node: Node, x: str, y: str) -> str:
    wide, (divisor, zero) = b.cast(x, "int64"), _divisor(b, node, y)
    quotient = b.op("Div", b.op("Sub", wide, b.op("Mod", wide, divisor)), divisor)
    return b.cast(b.op("Where", zero, b.ints(0), quotient) if zero else quotient, "int32")


def _arctan2(b: Builder, y: str, x: str) -> str:
    """Computes the angle to the nearer axis, then moves it to its octant. Zeros keep their sign."""

    def negative(value: str) -> str:
        zero = b.constant(0)
        return str(b.op("Or", b.op("Less", value, zero), b.op("Less", b.op("Reciprocal", value), zero)))

    up, along = b.op("Abs", y), b.op("Abs", x)
    ratio = b.op("Div", b.op("Min", up, along), b.op("Max", up, along))
    ratio = b.op("Where", b.op("Equal", up, along), b.op("Sign", along), ratio)
    angle = b.op("Atan", ratio)
    angle = b.op("Where", b.op("Greater", up, along), b.op("Sub", b.constant(math.pi / 2), angle), angle)
    angle = b.op("Where", negative(x), b.op("Sub", b.constant(math.pi), angle), angle)
    return str(b.op("Where", negative(y), b.op("Neg", angle), angle))


@exports("Where")
def _where(b: Builder, node: Node) -> None:
    def choice(condition: str, x: str, y: str) -> str:
        if b.dtype(node.outputs[0]) != "bool":
            return str(b.op("Where", condition, x, y))
        return str(b.op("Or", b.op("And", condition, x), b.op("And", b.op("Not", condition), y)))

    b.elementwise(node, choice)


@exports("Clip")
def _clip(b: Builder, node: Node) -> None:
    def bound(number: float) -> str:
        if b.dtype(node.inputs[0]) == "float32":
            return b.constant(number)
        return b.constant(math.trunc(min(max(number, -(2.0**31)), 2.0**31 - 1)), np.int32)

    def clipped(x: str) -> str:
        # The operator Clip does not define the result for NaN.
        for kind, number in (("Max", node.config.get("low")), ("Min", node.config.get("high"))):
            if number is not None and math.isfinite(number):
                x = b.op(kind, x, bound(float(number)))
        return x

    b.elementwise(node, clipped)


@exports("Cast")
def _cast(b: Builder, node: Node) -> None:
    before, after = b.dtype(node.inputs[0]), node.config["dtype"]

    def cast(x: str) -> str:
        if before == after:
            return x
        if (before, after) != ("float32", "int32"):
            return b.cast(x, after)
        # Values that do not fit become the nearest integer that does; NaN becomes 0. Only values that fit are cast:
        # what a cast makes of the others is left open by ONNX, and ONNX Runtime 1.23 leaves a detour by int64 out.
        x = b.op("Where", b.op("IsNaN", x), b.constant(0.0), x)
        below = b.op("Clip", x, b.constant(-(2.0**31)), b.constant(2.0**31 - 128))
        largest = b.constant(2**31 - 1, np.int32)
        return str(b.op("Where", b.op("GreaterOrEqual", x, b.constant(2.0**31)), largest, b.cast(below, "int32")))

    b.elementwise(node, cast)


# Reductions -----------------------------------------------------------------------------------------------------------

_REDUCE = {
    "sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin", "prod": "ReduceProd",
    "any": "ReduceMax", "all": "ReduceMin", "argmax": "ArgMax", "argmin": "ArgMin", "logsumexp": "ReduceLogSumExp",
}  # fmt: skip


@exports("Reduce")
def _reduce(b: Builder, node: Node) -> None:
    """Writes a reduction. ONNX does not define NaN in maxima and minima."""
    source, to, word = node.inputs[0], node.outputs[0], node.config["op"]
    axes = b.axes(node, "axes", ()) or list(range(b.rank(source)))
    keep = int(bool(node.config.get("keepdims")))
    x, kind = b.last(source), _REDUCE[word]
    if not axes:
        x, axes, keep = b.op("Reshape", x, b.ints([1])), [0], 0
    if word in ("argmax", "argmin"):
        y = b.cast(b.op(kind, x, axis=axes[0], keepdims=keep), "int32")
    elif word in ("any", "all"):
        y = b.cast(b.op(kind, b.cast(x, "int32"), axes=axes, keepdims=keep), "bool")
    elif word == "sum":
        y = b.op(kind, x, b.ints(axes), keepdims=keep)
    else:
        y = b.op(kind, x, axes=axes, keepdims=keep)
    b.put(to, y)


@exports("Cumulative")
def _cumulative(b: Builder, node: Node) -> None:
    (axis,) = b.axes(node, "axis")
    x, reverse = b.last(node.inputs[0]), bool(node.config.get("reverse"))
    if node.config.get("op", "sum") == "sum":
        b.put(node.outputs[0], b.op("CumSum", x, b.constant(axis, np.int64), reverse=int(reverse)))
        return
    # Each element is multiplied by the one `step` before it, for steps of 1, 2, 4...: the result is a running product.
    size, rank = b.size(node, axis), b.rank(node.inputs[0])
    one = b.constant(1, np.int32 if b.dtype(node.inputs[0]) == "int32" else np.float32)
    step = 1
    while step < size:
        start, end, low, high = (step, size, 0, step) if reverse else (0, size - step, step, 0)
        others = b.op("Slice", x, b.ints([start]), b.ints([end]), b.ints([axis]))
        pads = np.zeros((2, rank), np.int64)
        pads[:, axis] = low, high
        x = b.op("Mul", x, b.op("Pad", others, b.ints(pads.reshape(-1)), one))
        step *= 2
    b.put(node.outputs[0], x)


# Products -------------------------------------------------------------------------------------------------------------


@exports("Matmul")
def _matmul(b: Builder, node: Node) -> None:
    names = []
    for edge, word in zip(node.inputs, ("transpose_a", "transpose_b"), strict=True):
        x, rank = b.last(edge), b.rank(edge)
        if node.config.get(word) and rank > 1:
            x = b.op("Transpose", x, perm=[*range(rank - 2), rank - 1, rank - 2])
        names.append(x)
    b.put(node.outputs[0], b.op("MatMul", *names))


# Rearranging ----------------------------------------------------------------------------------------------------------


@exports("Transpose")
def _transpose(b: Builder, node: Node) -> None:
    rank = b.rank(node.inputs[0])
    order = [int(one) % rank for one in node.config["permutation"]]
    b.put(node.outputs[0], b.op("Transpose", b.last(node.inputs[0]), perm=order))


def _sliced(b: Builder, x: str, cuts: dict[int, tuple[int, int, int]]) -> str:
    """Returns a slice: (start, end, step) for each axis."""
    starts, ends, steps = (b.ints(list(part)) for part in zip(*cuts.values(), strict=True))
    return str(b.op("Slice", x, starts, ends, b.ints(list(cuts)), steps))


@exports("Slice")
def _slice(b: Builder, node: Node) -> None:
    cuts = {}
    rows = zip(node.config["begin"], node.config["end"], node.config["strides"], strict=True)
    for axis, (begin, end, step) in enumerate(rows):
        if (begin, end, step) == (0, WHOLE, 1):
            continue
        # With a negative step, an open end lies before the axis.
        begin = 0 if begin == WHOLE and step > 0 else begin
        cuts[axis] = (int(begin), int(-WHOLE if end == WHOLE and step < 0 else end), int(step))
    x = b.last(node.inputs[0])
    b.put(node.outputs[0], _sliced(b, x, cuts) if cuts else x)


@exports("Flip")
def _flip(b: Builder, node: Node) -> None:
    cuts = {axis: (-1, -WHOLE, -1) for axis in b.axes(node, "axes")}
    x = b.last(node.inputs[0])
    b.put(node.outputs[0], _sliced(b, x, cuts) if cuts else x)


@exports("Pad")
def _pad(b: Builder, node: Node) -> None:
    source, to, config = node.inputs[0], node.outputs[0], node.config
    low, high = ([int(one) for one in config[word]] for word in ("low", "high"))
    mode, x = config.get("mode", "constant"), b.last(source)
    if mode == "symmetric":
        for axis in range(b.rank(source)):
            if low[axis] or high[axis]:
                places = np.pad(np.arange(b.size(node, axis)), (low[axis], high[axis]), mode="symmetric")
                x = b.op("Gather", x, b.ints(places), axis=axis)
    else:
        dtype = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}[b.dtype(source)]
        value = [b.constant(np.asarray(config.get("value", 0.0)).astype(dtype), dtype)] if mode == "constant" else []
        x = b.op("Pad", x, b.ints([*low, *high]), *value, mode=mode)
    b.put(to, x)


@exports("Tile")
def _tile(b: Builder, node: Node) -> None:
    b.put(node.outputs[0], b.op("Tile", b.last(node.inputs[0]), b.ints([int(one) for one in node.config["repeats"]])))


@exports("Repeat")
def _repeat_each(b: Builder, node: Node) -> None:
    (axis,) = b.axes(node, "axis")
    repeats = int(np.asarray(node.config["repeats"]).reshape(()))
    places = np.repeat(np.arange(b.size(node, axis)), repeats)
    b.put(node.outputs[0], b.op("Gather", b.last(node.inputs[0]), b.ints(places), axis=axis))


@exports("BroadcastTo", "BroadcastLike")
@from_shapes
def _broadcast(b: Builder, node: Node) -> None:
    source, to = node.inputs[0], node.outputs[0]
    missing = (1,) * (b.rank(to) - b.rank(source))
    # A size of 1 leaves an axis unchanged.
    sizes = [1 if own == size else size for own, size in zip(missing + b.shape(source), b.shape(to), strict=True)]
    if None not in sizes:
        target = b.ints(sizes)
    else:
        parts = [_size(b, node, axis) if size is None else b.ints([size]) for axis, size in enumerate(sizes)]
        target = b.op("Concat", *parts, axis=0)
    b.put(to, b.op("Expand", b.last(source), target))


def _size(b: Builder, node: Node, axis: int) -> str:
    """Returns an unknown size: that of the batch, or of the edge whose shape is followed."""
    if axis == 0:
        return b.batch()
    like = node.inputs[-1]
    if len(node.inputs) < 2 or b.rank(like) != b.rank(node.outputs[0]) or b.shape(like)[axis] is not None:
        raise b.refusal(node, f"size {axis} of what it makes depends on one that the model leaves open")
    return b.extent(like, axis)


@exports("Join")
def _join(b: Builder, node: Node) -> None:
    (axis,) = b.axes(node, "axis")
    b.put(node.outputs[0], b.op("Concat", *(b.last(edge) for edge in node.inputs), axis=axis))


# Picking and sorting --------------------------------------------------------------------------------------------------


def _places(b: Builder, node: Node, axis: int) -> str:
    """Returns indices clipped to the range. Negative ones count from the end."""
    edge, size = node.inputs[1], b.size(node, axis)
    value = b.values.get(edge)
    if value is not None:
        return b.ints(np.clip(value, -size, size - 1) % size)
    return str(b.op("Clip", b.last(edge), b.constant(-size, np.int32), b.constant(size - 1, np.int32)))


@exports("Take")
def _take(b: Builder, node: Node) -> None:
    (axis,) = b.axes(node, "axis")
    b.put(node.outputs[0], b.op("Gather", b.last(node.inputs[0]), _places(b, node, axis), axis=axis))


@exports("TakeAlong")
def _take_along(b: Builder, node: Node) -> None:
    (axis,) = b.axes(node, "axis")
    b.put(node.outputs[0], b.op("GatherElements", b.last(node.inputs[0]), _places(b, node, axis), axis=axis))


@exports("OneHot")
def _one_hot(b: Builder, node: Node) -> None:
    # Indices out of range equal no class.
    classes = b.constant(np.arange(int(node.config["num_classes"])), np.int32)
    at = b.op("Unsqueeze", b.last(node.inputs[0]), b.ints([-1]))
    b.put(node.outputs[0], b.cast(b.op("Equal", at, classes), "float32"))


@exports("Sort", "ArgSort", "TopK")
def _sort(b: Builder, node: Node) -> None:
    """Writes a stable sort. ONNX does not define the place of NaN."""
    top = node.kind == "TopK"
    axis = b.rank(node.inputs[0]) - 1 if top else b.axes(node, "axis")[0]
    count = b.ints([int(node.config["k"])]) if top else b.extent(node.inputs[0], axis)
    largest = int(top or bool(node.config.get("descending")))
    values, places = b.op("TopK", b.last(node.inputs[0]), count, outputs=2, axis=axis, largest=largest)
    found: list[Any] = [places] if node.kind == "ArgSort" else [values, places]
    for edge, name in zip(node.outputs, found, strict=False):
        b.put(edge, b.cast(name, "int32") if name == places else name)


# Values ---------------------------------------------------------------------------------------------------------------


@exports("Rows")
def _rows(b: Builder, node: Node) -> None:
    b.put(node.outputs[0], b.cast(b.op("Squeeze", b.batch(), b.ints([0])), "int32"))


@exports("Assign")
def _assign(b: Builder, node: Node) -> None:
    """Writes the new value; the variable is not changed."""
    x, word = b.last(node.inputs[0]), node.config.get("op", "assign")
    if word != "assign":
        (value,) = node.weights.values()
        x = b.op("Add" if word == "add" else "Sub", b.constant(value), x)
    b.put(node.outputs[0], x)
