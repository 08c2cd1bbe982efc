"""The functions of `fastnn.ops`: on arrays, in a model, with gradients, and on the weights of a layer.

A row of the table is a function of arrays and the same in NumPy, in float64. Each is computed on arrays, on symbolic
tensors, whose model predicts, and within the `call` of a layer, on variables in place of all but the first. There the
gradients of inputs and of weights must be those of central differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import _core, layers, ops
from fastnn.engine.emission import Emission

ROWS = 4
STEP = 1e-6


def draw(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> Any:
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape)


def whole(*shape: int, seed: int = 0, low: int = -4, high: int = 5) -> Any:
    return np.random.default_rng([seed, *shape]).integers(low, high, shape).astype(np.int32)


def flags(*shape: int, seed: int = 0) -> Any:
    return whole(*shape, seed=seed, low=0, high=2).astype(bool)


class Row:
    """One function with one set of arguments.

    Args:
        name: Its name and distinguishing feature.
        function: Function of the arrays, with `fastnn.ops`.
        reference: The same with NumPy, in float64.
        arrays: The arguments; the first has the rows of a batch along axis 0.
        rtol: Tolerance, relative to the largest element.
        gradient: Checks the gradient.
        batched: Axis 0 of the first array can be the batch.
        weights: The arrays after the first can be variables.
    """

    def __init__(
        self, name: str, function: Callable[..., Any], reference: Callable[..., Any], *arrays: Any, rtol: float = 3e-6,
        gradient: bool = True, batched: bool = True, weights: bool = True,
    ) -> None:  # fmt: skip
        self.name = name
        self.function = function
        self.reference = reference
        self.arrays = [np.asarray(a) for a in arrays] or [draw(ROWS, 3, 5)]
        self.rtol = rtol
        self.gradient = gradient
        self.batched = batched
        self.weights = weights

    def given(self) -> list[Any]:
        return [a.astype(np.float32) if a.dtype.kind == "f" else a for a in self.arrays]

    def expected(self, arrays: list[Any] | None = None) -> list[Any]:
        exact = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays or self.given()]
        with np.errstate(all="ignore"):
            return each(self.reference(*exact))


def each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def close(got: Any, expected: Any, rtol: float, what: str) -> None:
    expected = np.asarray(expected)
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, expected {expected.shape}"
    kind = {"f": "float32", "i": "int32", "u": "int32", "b": "bool"}[expected.dtype.kind]
    assert got.dtype == kind, f"{what}: {got.dtype}, expected {kind}"
    if kind != "float32":
        np.testing.assert_array_equal(got, expected, err_msg=what)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(got[~finite], expected[~finite].astype(np.float32), err_msg=what)
    largest = np.abs(expected[finite]).max(initial=1e-2)
    assert np.abs(got[finite] - expected[finite]).max(initial=0.0) <= rtol * largest, what


TABLE: list[Row] = []


def row(name: str, function: Callable[..., Any], reference: Callable[..., Any], *arrays: Any, **kwargs: Any) -> None:
    TABLE.append(Row(name, function, reference, *arrays, **kwargs))


def erf(x: Any) -> Any:
    import math

    return np.vectorize(math.erf)(x)


# One element ----------------------------------------------------------------------------------------------------------

for name, low, high in (
    ("abs", -2, 2), ("absolute", -2, 2), ("fabs", -2, 2), ("negative", -2, 2), ("square", -2, 2), ("exp", -3, 3),
    ("exp2", -3, 3), ("expm1", -2, 2), ("log", 0.1, 4), ("log1p", -0.8, 4), ("log2", 0.1, 4), ("log10", 0.1, 4),
    ("sqrt", 0.1, 4), ("reciprocal", 0.3, 3), ("sin", -4, 4), ("cos", -4, 4), ("tan", -1.2, 1.2),
    ("arcsin", -0.9, 0.9), ("arccos", -0.9, 0.9), ("arctan", -4, 4), ("sinh", -2, 2), ("cosh", -2, 2),
    ("tanh", -2, 2), ("arcsinh", -4, 4), ("arccosh", 1.1, 4), ("arctanh", -0.9, 0.9), ("cbrt", 0.2, 4),
    ("deg2rad", -90, 90), ("rad2deg", -2, 2), ("sinc", -2, 2), ("real", -2, 2), ("conj", -2, 2),
):  # fmt: skip
    row(name, getattr(ops, name), getattr(np, name), draw(ROWS, 3, 5, low=low, high=high))
for name in ("sign", "floor", "ceil", "round", "trunc", "isnan", "isinf", "isfinite", "isposinf", "isneginf",
             "isreal", "signbit", "imag", "angle", "nan_to_num"):  # fmt: skip
    special = draw(ROWS, 3, 5, low=-9, high=9)
    special[0, 0] = [np.inf, -np.inf, 0.0, -0.0, 1.5]
    reference = (lambda x: np.nan_to_num(x.astype(np.float32))) if name == "nan_to_num" else getattr(np, name)
    row(f"{name}-special", getattr(ops, name), reference, special, gradient=False)
for name in ("exp", "sqrt", "sin", "floor", "ceil", "log1p", "cosh"):
    function = getattr(np, name)
    row(f"{name}-of-ints", getattr(ops, name), lambda x, f=function: f(x * 1.0), whole(ROWS, 3, low=0), gradient=False)
for name in ("abs", "negative", "square", "sign", "round", "trunc"):
    function = getattr(np, name)
    keeping = lambda x, f=function: f(x).astype(x.dtype)  # noqa: E731
    row(f"{name}-keeps-ints", getattr(ops, name), keeping, whole(ROWS, 3), gradient=False)
row("exp-of-bools", ops.exp, lambda x: np.exp(x * 1.0), flags(ROWS, 3), gradient=False)
row("square-of-bools", ops.square, lambda x: x.astype(np.int32), flags(ROWS, 3), gradient=False)
row("rsqrt", ops.rsqrt, lambda x: 1 / np.sqrt(x), draw(ROWS, 6, low=0.2, high=4))
row("erf", ops.erf, erf)
row("erfc", ops.erfc, lambda x: 1 - erf(x))
row("erfinv", ops.erfinv, lambda y: np.vectorize(_erfinv)(y), draw(ROWS, 3, low=-0.8, high=0.8), gradient=False)
row("round-2", lambda x: ops.round(x, 2), lambda x: np.round(x, 2), gradient=False)
row("round-tens", lambda x: ops.round(x, -1), lambda x: np.round(x, -1), draw(ROWS, 4, high=99), gradient=False)
row("bitwise-not", ops.bitwise_not, np.bitwise_not, whole(ROWS, 3), gradient=False)
row("bitwise-not-bool", ops.bitwise_invert, np.bitwise_not, flags(ROWS, 3), gradient=False)
row("left-shift", ops.left_shift, np.left_shift, whole(ROWS, 3), whole(3, low=0), gradient=False, weights=False)
row("right-shift", ops.right_shift, np.right_shift, whole(ROWS, 3, low=-99, high=99), whole(3, low=0),
    gradient=False, weights=False)  # fmt: skip
row("nan-to-num-given", lambda x: ops.nan_to_num(ops.divide(x, 0), 3.0, 4.0, 5.0), lambda x: np.where(x > 0, 4.0, 5.0),
    gradient=False)  # fmt: skip
row("copy", ops.copy, np.copy)
row("stop-gradient", lambda x: x * ops.stop_gradient(x), lambda x: x * x, gradient=False)


def _erfinv(y: float) -> float:
    import math

    low, high = -4.0, 4.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < y else (low, middle)
    return low


# Two elements ---------------------------------------------------------------------------------------------------------

ARITHMETIC = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
    "true_divide": np.divide, "maximum": np.maximum, "minimum": np.minimum, "arctan2": np.arctan2,
    "fmax": np.fmax, "fmin": np.fmin, "hypot": np.hypot, "logaddexp": np.logaddexp, "logaddexp2": np.logaddexp2,
    "fmod": np.fmod, "mod": np.mod, "ldexp": lambda a, b: a * 2.0**b,
}  # fmt: skip
for name, function in ARITHMETIC.items():
    own = getattr(ops, name)
    row(name, own, function, draw(ROWS, 3, 5), draw(ROWS, 3, 5, seed=1), weights=False)
    row(f"{name}-broadcast", own, function, draw(ROWS, 3, 1), draw(1, 5, seed=2))
    row(f"{name}-scalar-right", lambda x, own=own: own(x, 1.5), lambda x, f=function: f(x, 1.5))
    row(f"{name}-scalar-left", lambda x, own=own: own(1.5, x), lambda x, f=function: f(1.5, x))
row("power", ops.power, np.power, draw(ROWS, 5, low=0.3), draw(5, seed=1))
row("power-whole", lambda x: x**3, lambda x: x**3)
row("floor-divide", ops.floor_divide, np.floor_divide, draw(ROWS, 5), draw(5, seed=1), gradient=False)
for name in ("add", "subtract", "multiply", "maximum", "minimum", "floor_divide", "mod"):
    own, function = getattr(ops, name), getattr(np, name)
    row(f"{name}-ints", own, function, whole(ROWS, 5), whole(5, low=1, seed=1), gradient=False, weights=False)
    row(f"{name}-int-scalar", lambda x, own=own: own(x, 3), lambda x, f=function: f(x, 3), whole(ROWS, 5),
        gradient=False)  # fmt: skip
    row(f"{name}-int-float", lambda x, own=own: own(x, 1.5), lambda x, f=function: f(x, 1.5), whole(ROWS, 5),
        gradient=False)  # fmt: skip
    row(f"{name}-int-bool", own, lambda a, b, f=function: f(a, b.astype(np.int32)), whole(ROWS, 5),
        np.ones(5, bool), gradient=False, weights=False)  # fmt: skip
row("divide-ints", ops.divide, np.divide, whole(ROWS, 5), whole(5, low=1), gradient=False, weights=False)
for name in ("add", "multiply", "maximum", "minimum"):
    row(f"{name}-bools", getattr(ops, name), getattr(np, name), flags(ROWS, 5), flags(5, seed=1),
        gradient=False, weights=False)  # fmt: skip
for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
    own, function = getattr(ops, name), getattr(np, name)
    row(name, own, function, np.round(draw(ROWS, 9)), np.round(draw(9, seed=1)), gradient=False)
    row(f"{name}-ints", own, function, whole(ROWS, 9), whole(9, seed=1), gradient=False, weights=False)
    row(f"{name}-bools", own, function, flags(ROWS, 9), flags(9, seed=1), gradient=False, weights=False)
    row(f"{name}-scalar", lambda x, own=own: own(0, x), lambda x, f=function: f(0, x), whole(ROWS, 9), gradient=False)
for name in ("logical_and", "logical_or", "logical_xor"):
    row(name, getattr(ops, name), getattr(np, name), flags(ROWS, 9), flags(9, seed=1), gradient=False, weights=False)
    row(f"{name}-numbers", getattr(ops, name), getattr(np, name), whole(ROWS, 9), whole(9, low=0, high=2),
        gradient=False, weights=False)  # fmt: skip
row("logical-not", ops.logical_not, np.logical_not, whole(ROWS, 9), gradient=False)
row("operators", lambda x, w: 2 - x * w + (x / 3) ** 2 - abs(-x) % 0.7, lambda x, w: 2 - x * w + (x / 3) ** 2
    - np.abs(-x) % 0.7, draw(ROWS, 4), draw(4, seed=1))  # fmt: skip
row("operators-bool", lambda x: ((x > 0) & (x < 1)) | ~(x >= -1) ^ (x <= 0.5),
    lambda x: ((x > 0) & (x < 1)) | ~(x >= -1) ^ (x <= 0.5), gradient=False)  # fmt: skip
row(
    "array-on-the-left",
    lambda x: np.arange(5, dtype="f") * x - np.ones(5, "f"),
    lambda x: np.arange(5, dtype="f") * x - np.ones(5, "f"),
)
row("clip", lambda x: ops.clip(x, -0.5, 1), lambda x: np.clip(x, -0.5, 1))
row("clip-int", lambda x: ops.clip(x, -1, 2), lambda x: np.clip(x, -1, 2), whole(ROWS, 7), gradient=False)
row("clip-tensors", ops.clip, np.clip, draw(ROWS, 5), np.full(5, -0.7), np.full(5, 0.4))
row("where", lambda x, w: ops.where(x > 0, x, w), lambda x, w: np.where(x > 0, x, w), draw(ROWS, 5), draw(5, seed=1))
row("where-scalars", lambda x: ops.where(x > 0, 1, 0.5), lambda x: np.where(x > 0, 1, 0.5), gradient=False)
row("where-ints", lambda x: ops.where(x > 0, x, 7), lambda x: np.where(x > 0, x, 7), whole(ROWS, 5), gradient=False)
row("select", lambda x: ops.select([x > 1, x > 0], [x * 2, -x], 3.0), lambda x: np.select([x > 1, x > 0],
    [x * 2, -x], 3.0))  # fmt: skip
row("divide-no-nan", ops.divide_no_nan, lambda a, b: np.where(b == 0, 0, a / np.where(b == 0, 1, b)),
    draw(ROWS, 5), np.array([0.0, 1.0, 0.0, 2.0, 3.0]), weights=False)  # fmt: skip
row("heaviside", lambda x: ops.heaviside(x, 0.5), lambda x: np.heaviside(x, 0.5), whole(ROWS, 5), gradient=False)
row("isclose", ops.isclose, np.isclose, draw(ROWS, 5), draw(ROWS, 5) + np.array([0, 1e-9, 1, 0, 0]), gradient=False,
    weights=False)  # fmt: skip
row("allclose", ops.allclose, lambda a, b: np.asarray(np.allclose(a, b)), draw(ROWS, 5), draw(ROWS, 5), gradient=False,
    weights=False)  # fmt: skip
row("cast", lambda x: ops.cast(x, "int32"), lambda x: x.astype(np.int32), gradient=False)
row("cast-bool", lambda x: ops.cast(x, "bool"), lambda x: x.astype(bool), whole(ROWS, 4), gradient=False)
row("cast-float", lambda x: ops.cast(x, np.float64), lambda x: x.astype(np.float64), whole(ROWS, 4), gradient=False)
row("saturate-cast", lambda x: ops.saturate_cast(x * 1e9, "int32"),
    lambda x: np.clip((x.astype(np.float32) * np.float32(1e9)).astype(float), -(2**31), 2**31 - 1).astype(np.int32),
    draw(ROWS, 4, low=-9, high=9), gradient=False)  # fmt: skip
row("saturate-cast-uint8", lambda x: ops.saturate_cast(x, "uint8"), lambda x: np.clip(x, 0, 255).astype(np.int32),
    draw(ROWS, 4, low=-300, high=300), gradient=False)  # fmt: skip
row("large-int-constants", lambda x: x + 16777217, lambda x: x + 16777217, whole(ROWS, 4), gradient=False)

# Reductions -----------------------------------------------------------------------------------------------------------

for name in ("sum", "mean", "prod", "max", "min", "amax", "amin", "var", "std", "ptp", "median"):
    own, function = getattr(ops, name), getattr(np, name, None)
    if name in ("amax", "amin"):
        function = np.max if name == "amax" else np.min
    for label, axis, keepdims in (
        ("last", -1, False), ("keepdims", 1, True), ("two", (1, 2), False), ("list-keepdims", [1, -1], True),
    ):  # fmt: skip
        axes = tuple(axis) if isinstance(axis, list) else axis
        row(
            f"{name}-{label}",
            lambda x, own=own, axis=axis, keep=keepdims: own(x, axis=axis, keepdims=keep),
            lambda x, f=function, axis=axes, keep=keepdims: f(x, axis=axis, keepdims=keep),
        )
    if name != "median":
        row(f"{name}-batch", lambda x, own=own: own(x, axis=0), lambda x, f=function: f(x, axis=0))
        row(f"{name}-all", own, function)
        row(f"{name}-all-keepdims", lambda x, own=own: own(x, keepdims=True),
            lambda x, f=function: f(x, keepdims=True))  # fmt: skip
for name in ("sum", "prod", "max", "min", "mean"):
    own, function = getattr(ops, name), getattr(np, name)
    row(f"{name}-ints", lambda x, own=own: own(x, axis=1),
        lambda x, f=function: f(x, axis=1), whole(ROWS, 3), gradient=False)  # fmt: skip
for name in ("sum", "max", "min", "any", "all", "mean"):
    own, function = getattr(ops, name), getattr(np, name)
    row(f"{name}-bools", lambda x, own=own: own(x, axis=1),
        lambda x, f=function: f(x, axis=1), flags(ROWS, 3), gradient=False)  # fmt: skip
row("any-numbers", lambda x: ops.any(x, -1, True), lambda x: np.any(x, -1, keepdims=True), whole(ROWS, 2),
    gradient=False)  # fmt: skip
row("max-initial", lambda x: ops.max(x, 1, initial=0.5), lambda x: np.max(x, 1, initial=0.5))
row("min-initial", lambda x: ops.min(x, -1, initial=-0.5), lambda x: np.min(x, -1, initial=-0.5))
row("prod-dtype", lambda x: ops.prod(x, 1, dtype="float32"), lambda x: np.prod(x, 1, dtype=float), whole(ROWS, 3),
    gradient=False)  # fmt: skip
for name in ("argmax", "argmin"):
    own, function = getattr(ops, name), getattr(np, name)
    row(f"{name}-last", lambda x, own=own: own(x, -1), lambda x, f=function: f(x, -1), gradient=False)
    row(f"{name}-keepdims", lambda x, own=own: own(x, 1, True), lambda x, f=function: f(x, 1, keepdims=True),
        gradient=False)  # fmt: skip
    row(f"{name}-batch", lambda x, own=own: own(x, 0), lambda x, f=function: f(x, 0), gradient=False)
    row(f"{name}-all", own, lambda x, f=function: np.asarray(f(x)), batched=False, gradient=False)
row("logsumexp", lambda x: ops.logsumexp(x, -1), lambda x: np.log(np.exp(x).sum(-1)))
row("logsumexp-all", ops.logsumexp, lambda x: np.log(np.exp(x).sum()))
row("logsumexp-large", lambda x: ops.logsumexp(x * 500, [1, 2], True),
    lambda x: np.log(np.exp(x * 500 - 999).sum((1, 2), keepdims=True)) + 999)  # fmt: skip
row("average", lambda x, w: ops.average(x, 1, w), lambda x, w: np.average(x, 1, w), draw(ROWS, 3, 5),
    draw(3, low=0.5, high=1.0))  # fmt: skip
row("average-same", lambda x, w: ops.average(x, -1, w), lambda x, w: np.average(x, -1, w), draw(ROWS, 5),
    draw(ROWS, 5, low=0.5), weights=False)  # fmt: skip
row("moments", lambda x: ops.moments(x, [1], True), lambda x: (x.mean(1, keepdims=True), x.var(1, keepdims=True)))
row("count-nonzero", lambda x: ops.count_nonzero(x, 1), lambda x: np.count_nonzero(x, 1), whole(ROWS, 7),
    gradient=False)  # fmt: skip
for order in (None, 1, 2, 3, np.inf, -np.inf):
    row(f"norm-{order}", lambda x, o=order: ops.norm(x, o, -1), lambda x, o=order: np.linalg.norm(x, o, -1))
for order in (None, "fro", 1, -1, np.inf, -np.inf):
    row(f"norm-matrix-{order}", lambda x, o=order: ops.norm(x, o, (1, 2), True),
        lambda x, o=order: np.linalg.norm(x, o, (1, 2), True))  # fmt: skip
row("norm-all", ops.norm, lambda x: np.sqrt((x * x).sum()))
row("cumsum", lambda x: ops.cumsum(x, 1), lambda x: np.cumsum(x, 1))
row("cumsum-all", ops.cumsum, np.cumsum, batched=False)
row("cumsum-bools", lambda x: ops.cumsum(x, -1), lambda x: np.cumsum(x, -1), flags(ROWS, 5), gradient=False)
row("cumprod", lambda x: ops.cumprod(x, -1), lambda x: np.cumprod(x, -1))
HOLES = draw(ROWS, 3, 5)
HOLES[:, 1, 2] = HOLES[1, :, 0] = np.nan
for name in ("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nancumsum", "nancumprod"):
    own, function = getattr(ops, name), getattr(np, name)
    row(name, lambda x, own=own: own(x, 2), lambda x, f=function: f(x, 2), HOLES,
        gradient=False)  # fmt: skip
for name in ("nanargmax", "nanargmin"):
    own, function = getattr(ops, name), getattr(np, name)
    row(name, lambda x, own=own: own(x, 2), lambda x, f=function: f(x, 2), HOLES,
        gradient=False)  # fmt: skip
for method in ("linear", "lower", "higher", "midpoint", "nearest"):
    row(f"quantile-{method}", lambda x, m=method: ops.quantile(x, 0.3, 2, m, True),
        lambda x, m=method: np.quantile(x, 0.3, 2, method=m, keepdims=True))  # fmt: skip
row("quantile-several", lambda x: ops.quantile(x, [0.1, 0.5], (1, 2)), lambda x: np.quantile(x, [0.1, 0.5], (1, 2)),
    batched=False)  # fmt: skip
row("percentile", lambda x: ops.percentile(x, 70, (1, 2)), lambda x: np.percentile(x, 70, (1, 2)))

# Order and groups -----------------------------------------------------------------------------------------------------

row("sort", lambda x: ops.sort(x, 1), lambda x: np.sort(x, 1))
row("sort-bools", ops.sort, np.sort, flags(ROWS, 6), gradient=False)
row("argsort", ops.argsort, np.argsort, gradient=False)
row("argpartition", lambda x: ops.take_along_axis(x, ops.argpartition(x, 2), -1)[..., 2],
    lambda x: np.sort(x)[..., 2])  # fmt: skip
row("top-k", lambda x: ops.top_k(x, 2), lambda x: (-np.sort(-x)[..., :2], np.argsort(-x)[..., :2]), gradient=False)
row("top-k-values", lambda x: ops.top_k(x, 2)[0], lambda x: -np.sort(-x)[..., :2])
row("in-top-k", lambda x: ops.in_top_k(ops.argmin(x, -1), x, 3), lambda x: np.zeros(ROWS, bool), draw(ROWS, 6),
    gradient=False)  # fmt: skip
for side in ("left", "right"):
    row(f"searchsorted-{side}", lambda x, s=side: ops.searchsorted(np.array([-1.0, 0.0, 1.0]), x, s),
        lambda x, s=side: np.searchsorted(np.array([-1.0, 0.0, 1.0]), x, s), np.round(draw(ROWS, 7)),
        gradient=False)  # fmt: skip
row("digitize", lambda x: ops.digitize(x, [-1.0, 0.5]), lambda x: np.digitize(x, [-1.0, 0.5]), gradient=False)
row("isin", lambda x: ops.isin(x, [1, 2]), lambda x: np.isin(x, [1, 2]), whole(ROWS, 7), gradient=False)
row("isin-invert", lambda x: ops.isin(x, [1, 2], invert=True), lambda x: ~np.isin(x, [1, 2]), whole(ROWS, 7),
    gradient=False)  # fmt: skip
row("histogram", lambda x: ops.histogram(x, 4), lambda x: np.histogram(x, 4), draw(9), gradient=False)
row("histogram-range", lambda x: ops.histogram(x, 3, (-1, 1))[0], lambda x: np.histogram(x, 3, (-1, 1))[0], draw(9),
    gradient=False)  # fmt: skip
IDS = np.array([2, 0, 2, 3])
for name, fold, start in (("sum", np.add, 0.0), ("prod", np.multiply, 1.0), ("max", np.maximum, -np.inf),
                          ("min", np.minimum, np.inf)):  # fmt: skip
    own = getattr(ops, f"segment_{name}")

    def grouped(x: Any, fold: Any = fold, start: float = start) -> Any:
        made = np.full((5, *x.shape[1:]), start)
        for i, k in enumerate(IDS):
            made[k] = fold(made[k], x[i])
        return made

    row(f"segment-{name}", lambda x, ids, own=own: own(x, ids, 5),
        lambda x, ids, g=grouped: g(x), draw(ROWS, 3), IDS.astype(np.int32), weights=False)  # fmt: skip

# Shapes ---------------------------------------------------------------------------------------------------------------

row("reshape", lambda x: ops.reshape(x, (-1, 5, 3)), lambda x: x.reshape(-1, 5, 3))
row("reshape-open", lambda x: ops.reshape(x, (ops.shape(x)[0], -1)), lambda x: x.reshape(len(x), -1))
row("ravel", ops.ravel, np.ravel, batched=False)
row("expand-dims", lambda x: ops.expand_dims(x, -1), lambda x: np.expand_dims(x, -1))
row("expand-dims-two", lambda x: ops.expand_dims(x, (1, -1)), lambda x: np.expand_dims(x, (1, -1)))
row("squeeze", ops.squeeze, np.squeeze, draw(ROWS, 1, 3, 1))
row("squeeze-axis", lambda x: ops.squeeze(x, -1), lambda x: np.squeeze(x, -1), draw(ROWS, 1, 3, 1))
row("transpose", lambda x: ops.transpose(x, (0, 2, 1)), lambda x: x.transpose(0, 2, 1))
row("transpose-all", ops.transpose, np.transpose, batched=False)
row("swapaxes", lambda x: ops.swapaxes(x, 1, -1), lambda x: x.swapaxes(1, -1))
row("moveaxis", lambda x: ops.moveaxis(x, -1, 1), lambda x: np.moveaxis(x, -1, 1))
row("rot90", lambda x: ops.rot90(x, 1, (1, 2)), lambda x: np.rot90(x, 1, (1, 2)))
row("rot90-back", lambda x: ops.rot90(x, -1, (1, 2)), lambda x: np.rot90(x, -1, (1, 2)))
row("rot90-half", lambda x: ops.rot90(x, 2, (1, 2)), lambda x: np.rot90(x, 2, (1, 2)))
row("broadcast-to", lambda x: ops.broadcast_to(x, (ops.shape(x)[0], 4, 5)),
    lambda x: np.broadcast_to(x, (len(x), 4, 5)), draw(ROWS, 1, 5))  # fmt: skip
row("rearrange", lambda x: ops.rearrange(x, "b (h p) c -> b h (p c)", p=2),
    lambda x: x.reshape(-1, 2, 2, 3).reshape(-1, 2, 6), draw(ROWS, 4, 3))  # fmt: skip
for label, key in (
    ("last", (Ellipsis, -1)), ("slice", (slice(None), slice(1, None))), ("step", (slice(None), slice(None, None, 2))),
    ("backwards", (slice(None), slice(None, None, -1))), ("negative", (slice(None), -2, slice(-3, -1))),
    ("new-axis", (slice(None), None, 1)), ("new-last", (Ellipsis, None)), ("list", (slice(None), slice(None), [2, 0])),
):  # fmt: skip
    row(f"getitem-{label}", lambda x, key=key: x[key], lambda x, key=key: x[key])
row("getitem-tensor", lambda x, i: x[:, i], lambda x, i: x[:, i], draw(ROWS, 5), np.array([0, 4, -1], np.int32),
    weights=False)  # fmt: skip
row("getitem-rows", lambda x: x[1:, ::-1], lambda x: x[1:, ::-1], batched=False)
row("slice", lambda x: ops.slice(x, (0, 1, 2), (-1, 2, 3)), lambda x: x[:, 1:3, 2:5])
row("slice-update", lambda x, w: ops.slice_update(x, (0, 1, 2), w), lambda x, w: updated(x, w, 1), draw(ROWS, 3, 5),
    draw(ROWS, 2, 2, seed=1), weights=False)  # fmt: skip
row("split", lambda x: ops.split(x, [1, 3], -1), lambda x: np.split(x, [1, 3], -1))
row("split-equal", lambda x: ops.split(x, 3, 1), lambda x: np.split(x, 3, 1))
row("array-split", lambda x: ops.array_split(x, 2, -1), lambda x: np.array_split(x, 2, -1))
row("hsplit", lambda x: ops.hsplit(x, 3), lambda x: np.hsplit(x, 3))
row("dsplit", lambda x: ops.dsplit(x, [2]), lambda x: np.dsplit(x, [2]))
row("vsplit", lambda x: ops.vsplit(x, 2), lambda x: np.vsplit(x, 2), batched=False)
row("unstack", lambda x: ops.unstack(x, axis=1), lambda x: [x[:, i] for i in range(3)])
row("take", lambda x: ops.take(x, [2, 0, -1], 2), lambda x: np.take(x, [2, 0, -1], 2))
row("take-table", lambda i, w: ops.take(w, i, 0), lambda i, w: np.take(w, i, 0), whole(ROWS, 3, low=0), draw(6, 2))
row("take-along", lambda x: ops.take_along_axis(x, ops.argsort(x, 1), 1), lambda x: np.sort(x, 1))
row("concatenate", lambda x: ops.concatenate([x, x * 2, x[:, :1]], 1), lambda x: np.concatenate([x, x * 2,
    x[:, :1]], 1))  # fmt: skip
row("concatenate-types", lambda x: ops.concatenate([x, x > 0], -1), lambda x: np.concatenate([x, x > 0], -1),
    whole(ROWS, 2), gradient=False)  # fmt: skip
row("stack", lambda x: ops.stack([x, -x], 1), lambda x: np.stack([x, -x], 1))
row("append", lambda x: ops.append(x, x, 1), lambda x: np.append(x, x, 1))
row("hstack", lambda x: ops.hstack([x, x]), lambda x: np.hstack([x, x]))
row("dstack", lambda x: ops.dstack([x, x]), lambda x: np.dstack([x, x]))
row("vstack", lambda x: ops.vstack([x, x]), lambda x: np.vstack([x, x]), batched=False)
row("repeat", lambda x: ops.repeat(x, 2, 1), lambda x: np.repeat(x, 2, 1))
row("repeat-each", lambda x: ops.repeat(x, [1, 0, 2], 1), lambda x: np.repeat(x, [1, 0, 2], 1))
row("tile", lambda x: ops.tile(x, (1, 2, 3)), lambda x: np.tile(x, (1, 2, 3)))
row("flip", lambda x: ops.flip(x, (1, -1)), lambda x: np.flip(x, (1, -1)))
row("fliplr", ops.fliplr, np.fliplr)
row("flipud", ops.flipud, np.flipud, batched=False)
row("roll", lambda x: ops.roll(x, 2, -1), lambda x: np.roll(x, 2, -1))
row("roll-two", lambda x: ops.roll(x, [1, -2], [1, 2]), lambda x: np.roll(x, [1, -2], [1, 2]))
row("roll-all", lambda x: ops.roll(x, 2), lambda x: np.roll(x, 2), batched=False)
for mode in ("constant", "reflect", "symmetric", "edge"):
    row(f"pad-{mode}", lambda x, m=mode: ops.pad(x, ((0, 0), (1, 2), (0, 3)), m),
        lambda x, m=mode: np.pad(x, ((0, 0), (1, 2), (0, 3)), m))  # fmt: skip
row("pad-value", lambda x: ops.pad(x, ((0, 0), (1, 0), (0, 0)), constant_values=2.5),
    lambda x: np.pad(x, ((0, 0), (1, 0), (0, 0)), constant_values=2.5))  # fmt: skip
row("diff", lambda x: ops.diff(x, 2), lambda x: np.diff(x, 2))
row("unravel-index", lambda i: ops.unravel_index(i, (3, 4)), lambda i: np.unravel_index(i, (3, 4)),
    whole(ROWS, 2, low=0, high=12), gradient=False)  # fmt: skip
PLACES = np.array([[0], [2], [0]])
row("scatter", lambda v: ops.scatter(PLACES, v, (4, 2)), lambda v: np.stack([v[0] + v[2], 0 * v[0], v[1], 0 * v[0]]),
    draw(3, 2), batched=False)  # fmt: skip
row("scatter-update", lambda x, v: ops.scatter_update(x, PLACES, v), lambda x, v: np.stack([v[2], x[1], v[1], x[3]]),
    draw(4, 2), draw(3, 2, seed=1), batched=False)  # fmt: skip
row("scatter-update-add", lambda x, v: ops.scatter_update(x, PLACES, v, "add"),
    lambda x, v: x + np.stack([v[0] + v[2], 0 * v[0], v[1], 0 * v[0]]), draw(4, 2), draw(3, 2, seed=1),
    batched=False)  # fmt: skip


def updated(x: Any, w: Any, at: int) -> Any:
    made = x.copy()
    made[:, at : at + 2, 2:4] = w
    return made


# Making ---------------------------------------------------------------------------------------------------------------

row("zeros", lambda x: x + ops.zeros((ops.shape(x)[0], 3, 5)), lambda x: x)
row("ones-like", lambda x: x * ops.ones_like(x), lambda x: x)
row("zeros-like-int", lambda x: ops.zeros_like(x, "int32"), lambda x: np.zeros(x.shape, np.int32), gradient=False)
row("full-like", lambda x: ops.full_like(x, 2.5) * x, lambda x: 2.5 * x)
row("full-like-int", lambda x: ops.full_like(x, 2.5), lambda x: np.full(x.shape, 2), whole(ROWS, 2), gradient=False)
row("full-batch", lambda x: ops.full((ops.shape(x)[0], 2), 3), lambda x: np.full((len(x), 2), 3.0), gradient=False)
row("tril", lambda x: ops.tril(x, 1), lambda x: np.tril(x, 1))
row("triu", lambda x: ops.triu(x, -1), lambda x: np.triu(x, -1))
row("one-hot", lambda x: ops.one_hot(x, 4), lambda x: (x[..., None] == np.arange(4)).astype(float), whole(ROWS, 3),
    gradient=False)  # fmt: skip
row("one-hot-axis", lambda x: ops.one_hot(x, 4, 1, "int32"),
    lambda x: np.moveaxis((x[..., None] == np.arange(4)).astype(np.int32), -1, 1), whole(ROWS, 3),
    gradient=False)  # fmt: skip
row("multi-hot", lambda x: ops.multi_hot(x, 5), lambda x: (x[..., None] == np.arange(5)).any(1).astype(float),
    whole(ROWS, 3, low=0), gradient=False)  # fmt: skip
row("vander", lambda x: ops.vander(x, 3), lambda x: np.stack([x * x, x, 0 * x + 1], -1), draw(ROWS))
row("meshgrid", lambda a, b: ops.meshgrid(a, b), lambda a, b: np.meshgrid(a, b), draw(3), draw(2), batched=False)
row("meshgrid-ij", lambda a, b: ops.meshgrid(a, b, indexing="ij"), lambda a, b: np.meshgrid(a, b, indexing="ij"),
    draw(3), draw(2), batched=False)  # fmt: skip

# Products -------------------------------------------------------------------------------------------------------------

row("matmul", ops.matmul, np.matmul, draw(ROWS, 5), draw(5, 2, seed=1))
row("matmul-rank-3", ops.matmul, np.matmul, draw(ROWS, 3, 5), draw(5, 2, seed=1))
row("matmul-batch", ops.matmul, np.matmul, draw(ROWS, 3, 5), draw(ROWS, 5, 2, seed=1), weights=False)
row("matmul-stack", ops.matmul, np.matmul, draw(ROWS, 3, 5), draw(1, 5, 2, seed=1))
row("matmul-vector", ops.matmul, np.matmul, draw(ROWS, 3, 5), draw(5, seed=1))
row("matmul-left", lambda x, w: w @ x, lambda x, w: w @ x, draw(ROWS, 3, 5), draw(2, 3, seed=1))
row("matmul-ints", ops.matmul, np.matmul, whole(ROWS, 5), whole(5, 2, seed=1), gradient=False, weights=False)
row("dot", ops.dot, np.dot, draw(ROWS, 5), draw(5, 2, seed=1))
row("dot-number", lambda x: ops.dot(x, 2.0), lambda x: x * 2)
row("dot-rank-3", ops.dot, np.dot, draw(ROWS, 5), draw(3, 5, 2, seed=1))
row("vdot", ops.vdot, lambda a, b: (a * b).sum(), draw(ROWS, 5), draw(ROWS, 5, seed=1), weights=False)
row("inner", ops.inner, np.inner, draw(ROWS, 5), draw(3, 5, seed=1))
row("outer", ops.outer, np.outer, draw(ROWS), draw(3, seed=1))
row("tensordot", lambda x, w: ops.tensordot(x, w, 2), np.tensordot, draw(ROWS, 3, 5), draw(3, 5, 2, seed=1))
row("tensordot-axes", lambda x, w: ops.tensordot(x, w, [[1], [0]]), lambda x, w: np.tensordot(x, w, [[1], [0]]),
    draw(ROWS, 3, 5), draw(3, 2, seed=1))  # fmt: skip
row("trace", lambda x: ops.trace(x, 1, 1, 2), lambda x: np.trace(x, 1, 1, 2))
row("diagonal", lambda x: ops.diagonal(x, -1, 1, 2), lambda x: np.diagonal(x, -1, 1, 2))
row("diag", lambda x: ops.diag(x, 1), lambda x: np.diag(x, 1), draw(3), batched=False)
row("diag-matrix", lambda x: ops.diag(x, -1), lambda x: np.diag(x, -1), draw(3, 4), batched=False)
row("diagflat", ops.diagflat, np.diagflat, draw(2, 2), batched=False)
for subscripts, first, second in (
    ("bi,ij->bj", (ROWS, 5), (5, 2)), ("bti,ij->btj", (ROWS, 3, 5), (5, 2)), ("bi,ij->b", (ROWS, 5), (5, 2)),
    ("bti,hij->bhtj", (ROWS, 3, 5), (2, 5, 3)), ("...i,ij->...j", (ROWS, 3, 5), (5, 2)), ("bi,i->bi", (ROWS, 5), (5,)),
    ("bij,ji->b", (ROWS, 3, 5), (5, 3)), ("ij,bj->bi", (2, 5), (ROWS, 5)), ("bi,j->bij", (ROWS, 3), (2,)),
):  # fmt: skip
    if first[0] == ROWS:
        row(f"einsum-{subscripts}", lambda a, b, s=subscripts: ops.einsum(s, a, b),
            lambda a, b, s=subscripts: np.einsum(s, a, b), draw(*first), draw(*second, seed=1))  # fmt: skip
    else:
        row(f"einsum-{subscripts}", lambda a, b, s=subscripts: ops.einsum(s, b, a),
            lambda a, b, s=subscripts: np.einsum(s, b, a), draw(*second), draw(*first, seed=1))  # fmt: skip
for subscripts, first, second in (
    ("bth,bsh->bts", (ROWS, 3, 5), (ROWS, 2, 5)), ("btnh,bsnh->bnts", (ROWS, 3, 2, 5), (ROWS, 4, 2, 5)),
    ("bi,bj->ij", (ROWS, 3), (ROWS, 2)), ("bti,btj->ij", (ROWS, 3, 5), (ROWS, 3, 2)), ("bi,bi->", (ROWS, 3), (ROWS, 3)),
    ("bi,bi->b", (ROWS, 3), (ROWS, 3)), ("bi,bj->bij", (ROWS, 3), (ROWS, 2)), ("bij,bjk", (ROWS, 3, 5), (ROWS, 5, 2)),
):  # fmt: skip
    reference_of = "bij,bjk->ik" if subscripts == "bij,bjk" else subscripts
    row(f"einsum-{subscripts}", lambda a, b, s=subscripts: ops.einsum(s, a, b),
        lambda a, b, s=reference_of: np.einsum(s, a, b), draw(*first), draw(*second, seed=1),
        weights=False)  # fmt: skip
row("einsum-one", lambda x: ops.einsum("bij->bji", x), lambda x: np.einsum("bij->bji", x))
row("einsum-three", lambda x, v, w: ops.einsum("bi,ij,jk->bk", x, v, w), lambda x, v, w: x @ v @ w, draw(ROWS, 5),
    draw(5, 3, seed=1), draw(3, 2, seed=2))  # fmt: skip
row("cross", ops.cross, np.cross, draw(ROWS, 3), draw(3, seed=1))
row("cross-axis", lambda x, y: ops.cross(x, y, axis=1), lambda x, y: np.cross(x, y, axis=1), draw(ROWS, 3, 2),
    draw(ROWS, 3, 2, seed=1), weights=False)  # fmt: skip
row("kron", ops.kron, np.kron, draw(2, 3), draw(2, 2, seed=1), batched=False)
row("kron-batch", ops.kron, np.kron, draw(ROWS, 3), draw(1, 2, seed=1))
row("cdist", ops.cdist, lambda x, y: np.sqrt(((x[:, None] - y) ** 2).sum(-1)), draw(ROWS, 3), draw(2, 3, seed=1))
row("trapezoid", lambda y: ops.trapezoid(y, dx=0.5), lambda y: ((y[..., 1:] + y[..., :-1]) / 2 * 0.5).sum(-1))
row("trapezoid-x", lambda y: ops.trapezoid(y, np.array([0, 1, 3.0, 4, 6])), lambda y: ((y[..., 1:] + y[..., :-1]) / 2
    * [1, 2, 1, 2]).sum(-1))  # fmt: skip
for mode in ("valid", "same", "full"):
    row(f"correlate-{mode}", lambda a, b, m=mode: ops.correlate(a, b, m), lambda a, b, m=mode: np.correlate(a, b, m),
        draw(7), draw(3, seed=1), batched=False)  # fmt: skip
row("corrcoef", ops.corrcoef, np.corrcoef, draw(3, 6), batched=False)

# Networks -------------------------------------------------------------------------------------------------------------


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any, axis: Any = -1) -> Any:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def sparsemax(x: Any, axis: int = -1) -> Any:
    def one(v: Any) -> Any:
        z = np.sort(v)[::-1]
        k = np.arange(1, len(v) + 1)
        count = (1 + k * z > np.cumsum(z)).sum()
        return np.maximum(v - (np.cumsum(z)[count - 1] - 1) / count, 0)

    return np.apply_along_axis(one, axis, x)


def gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


NETWORK: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "relu": (ops.relu, lambda x: np.maximum(x, 0)),
    "leaky-relu": (lambda x: ops.leaky_relu(x, 0.1), lambda x: np.where(x > 0, x, 0.1 * x)),
    "relu6": (lambda x: ops.relu6(x * 5), lambda x: np.clip(x * 5, 0, 6)),
    "sigmoid": (ops.sigmoid, sigmoid),
    "log-sigmoid": (ops.log_sigmoid, lambda x: np.log(sigmoid(x))),
    "hard-sigmoid": (lambda x: ops.hard_sigmoid(x * 3), lambda x: np.clip(x * 3 + 3, 0, 6) / 6),
    "silu": (ops.silu, lambda x: x * sigmoid(x)),
    "hard-silu": (lambda x: ops.hard_silu(x * 3), lambda x: x * 3 * np.clip(x * 3 + 3, 0, 6) / 6),
    "softplus": (ops.softplus, lambda x: np.log1p(np.exp(x))),
    "softsign": (ops.softsign, lambda x: x / (1 + np.abs(x))),
    "elu": (lambda x: ops.elu(x, 0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x))),
    "celu": (lambda x: ops.celu(x, 0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x / 0.7))),
    "selu": (ops.selu, lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
    "gelu": (ops.gelu, gelu_tanh),
    "gelu-exact": (lambda x: ops.gelu(x, False), lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2)))),
    "glu": (ops.glu, lambda x: x[..., :3] * sigmoid(x[..., 3:])),
    "hard-tanh": (ops.hard_tanh, lambda x: np.clip(x, -1, 1)),
    "hard-shrink": (ops.hard_shrink, lambda x: np.where(np.abs(x) > 0.5, x, 0)),
    "soft-shrink": (ops.soft_shrink, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)),
    "tanh-shrink": (ops.tanh_shrink, lambda x: x - np.tanh(x)),
    "threshold": (lambda x: ops.threshold(x, 0.3, -1.0), lambda x: np.where(x > 0.3, x, -1.0)),
    "squareplus": (ops.squareplus, lambda x: (x + np.sqrt(x * x + 4)) / 2),
    "sparse-plus": (ops.sparse_plus, lambda x: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4))),
    "sparse-sigmoid": (ops.sparse_sigmoid, lambda x: np.clip((x + 1) / 2, 0, 1)),
    "softmax": (ops.softmax, softmax),
    "softmax-axes": (lambda x: ops.softmax(x, (1, 2)), lambda x: softmax(x, (1, 2))),
    "log-softmax": (ops.log_softmax, lambda x: np.log(softmax(x))),
    "sparsemax": (lambda x: ops.sparsemax(x, 1), lambda x: sparsemax(x, 1)),
    "normalize": (ops.normalize, lambda x: x / np.sqrt((x * x).sum(-1, keepdims=True))),
    "normalize-1": (lambda x: ops.normalize(x, 1, 1), lambda x: x / np.abs(x).sum(1, keepdims=True)),
    "normalize-3": (lambda x: ops.normalize(x, -1, 3), lambda x: x / np.cbrt((np.abs(x) ** 3).sum(-1, keepdims=True))),
    "layer-normalization": (ops.layer_normalization, lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(
        x.var(-1, keepdims=True) + 1e-7)),
    "rms-normalization": (ops.rms_normalization, lambda x: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-7)),
}  # fmt: skip
for name, (function, reference) in NETWORK.items():
    row(name, function, reference, draw(ROWS, 3, 6), rtol=1e-5)
    # Tensors with and without a batch are computed differently.
    row(f"{name}-of-weights", lambda x, w, f=function: x + f(w)[0], lambda x, w, f=reference: x + f(w)[0],
        draw(ROWS, 3, 3 if name == "glu" else 6), draw(2, 3, 6, seed=1), rtol=1e-5)  # fmt: skip
row("softmax-over-the-batch", lambda x: ops.softmax(x, 0), lambda x: softmax(x, 0), draw(ROWS, 3))
row("relu-ints", ops.relu, lambda x: np.maximum(x, 0), whole(ROWS, 3), gradient=False)
row("layer-normalization-scaled", lambda x, g, b: ops.layer_normalization(x, g, b, 1, 1e-3),
    lambda x, g, b: (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3) * g[:, None] + b[:, None],
    draw(ROWS, 3, 5), draw(3, seed=1), draw(3, seed=2))  # fmt: skip
row("batch-normalization", lambda x, m, v, g: ops.batch_normalization(x, m, v, 1, scale=g),
    lambda x, m, v, g: (x - m[:, None]) / np.sqrt(v[:, None] + 1e-3) * g[:, None], draw(ROWS, 3, 5),
    draw(3, seed=1), draw(3, seed=2, low=0.5), draw(3, seed=3))  # fmt: skip
CHANCES = softmax(draw(ROWS, 3, 5, seed=4))
row("binary-crossentropy", ops.binary_crossentropy, lambda t, p: -(t * np.log(p) + (1 - t) * np.log(1 - p)),
    draw(ROWS, 5, low=0, high=1), draw(ROWS, 5, low=0.1, high=0.9, seed=1), weights=False)  # fmt: skip
row("binary-crossentropy-logits", lambda t, z: ops.binary_crossentropy(t, z, True), lambda t, z: -(t * np.log(
    sigmoid(z)) + (1 - t) * np.log(1 - sigmoid(z))), draw(ROWS, 5, low=0, high=1), draw(ROWS, 5, seed=1),
    weights=False)  # fmt: skip
row("categorical-crossentropy", ops.categorical_crossentropy, lambda t, p: -(t * np.log(p / p.sum(-1,
    keepdims=True))).sum(-1), CHANCES, 3 * softmax(draw(ROWS, 3, 5)), weights=False)  # fmt: skip
row("categorical-crossentropy-logits", lambda t, z: ops.categorical_crossentropy(t, z, True, 1), lambda t, z: -(
    t * np.log(softmax(z, 1))).sum(1), CHANCES, draw(ROWS, 3, 5), weights=False)  # fmt: skip
row("sparse-categorical-crossentropy", lambda z, t: ops.sparse_categorical_crossentropy(t, z, True), lambda z, t:
    -np.log(np.take_along_axis(softmax(z), t[..., None], -1))[..., 0], draw(ROWS, 3, 5), whole(ROWS, 3, low=0),
    weights=False)  # fmt: skip
row("psnr", lambda a, b: ops.psnr(a, b, 4.0), lambda a, b: 10 * np.log10(16 / ((a - b) ** 2).mean()), draw(ROWS, 5),
    draw(ROWS, 5, seed=1), weights=False)  # fmt: skip


def attention(q: Any, k: Any, v: Any, causal: bool = False) -> Any:
    scores = np.einsum("btnh,bsnh->bnts", q, k) / np.sqrt(q.shape[-1])
    if causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:])), scores, -np.inf)
    return np.einsum("bnts,bsnh->btnh", softmax(scores), v)


HEADS = [draw(ROWS, 3, 2, 4, seed=i) for i in range(3)]
row("attention", ops.dot_product_attention, attention, *HEADS, weights=False)
row("attention-causal", lambda q, k, v: ops.dot_product_attention(q, k, v, is_causal=True),
    lambda q, k, v: attention(q, k, v, True), *HEADS, weights=False)  # fmt: skip


def windows(x: Any, size: int, step: int) -> Any:
    n = (x.shape[1] - size) // step + 1
    return np.stack([x[:, i * step : i * step + size] for i in range(n)], 1)


row("conv-1d", ops.conv, lambda x, w: np.einsum("bnki,kio->bno", windows(x, 2, 1), w), draw(ROWS, 5, 3),
    draw(2, 3, 4, seed=1))  # fmt: skip
row("conv-2d", lambda x, w: ops.conv(x, w, 2), lambda x, w: np.einsum("bnmijc,ijco->bnmo", windows(
    windows(x, 2, 2).transpose(0, 3, 1, 2, 4), 3, 2).transpose(0, 3, 1, 4, 2, 5), w), draw(ROWS, 6, 7, 2),
    draw(2, 3, 2, 3, seed=1))  # fmt: skip
row("depthwise-conv", ops.depthwise_conv, lambda x, w: np.einsum("bnki,kio->bnio", windows(x, 2, 1), w).reshape(
    len(x), -1, 6), draw(ROWS, 5, 3), draw(2, 3, 2, seed=1))  # fmt: skip
row("separable-conv", ops.separable_conv, lambda x, w, p: np.einsum("bnki,kio->bnio", windows(x, 2, 1), w).reshape(
    len(x), -1, 6) @ p[0], draw(ROWS, 5, 3), draw(2, 3, 2, seed=1), draw(1, 6, 4, seed=2))  # fmt: skip
row("conv-transpose", lambda x, w: ops.conv_transpose(x, w, 2), lambda x, w: laid(x, w), draw(ROWS, 3, 2),
    draw(2, 4, 2, seed=1))  # fmt: skip
row("max-pool", lambda x: ops.max_pool(x, 2, 1), lambda x: windows(x, 2, 1).max(2), draw(ROWS, 5, 3))
row("average-pool", lambda x: ops.average_pool(x, 2), lambda x: windows(x, 2, 2).mean(2), draw(ROWS, 5, 3))
row("adaptive-average-pool", lambda x: ops.adaptive_average_pool(x, 2), lambda x: np.stack([x[:, :3].mean(1),
    x[:, 2:].mean(1)], 1), draw(ROWS, 5, 3))  # fmt: skip
row("adaptive-max-pool", lambda x: ops.adaptive_max_pool(x, (1, 3)), lambda x: np.stack([x[:, :, :2].max((1, 2)),
    x[:, :, 1:3].max((1, 2)), x[:, :, 2:].max((1, 2))], 1)[:, None], draw(ROWS, 3, 4, 2))  # fmt: skip
row("space-to-depth", lambda x: ops.space_to_depth(x, 2), lambda x: x.reshape(-1, 2, 2, 3, 2, 2).transpose(0, 1, 3, 2,
    4, 5).reshape(-1, 2, 3, 8), draw(ROWS, 4, 6, 2))  # fmt: skip
row("depth-to-space", lambda x: ops.depth_to_space(ops.space_to_depth(x, 2), 2), lambda x: x, draw(ROWS, 4, 6, 2))
row("unfold", lambda x: ops.unfold(x, 2), lambda x: np.stack([x[:, :, i : i + 2, j : j + 2].reshape(len(x), -1)
    for i in range(2) for j in range(3)], -1), draw(ROWS, 2, 3, 4))  # fmt: skip


def laid(x: Any, w: Any) -> Any:
    made = np.zeros((len(x), 6, 4))
    for i in range(3):
        made[:, 2 * i : 2 * i + 2] += np.einsum("bi,koi->bko", x[:, i], w)
    return made


# Images ---------------------------------------------------------------------------------------------------------------

PICTURE = draw(ROWS, 4, 6, 3, low=0, high=1)
row("image-resize", lambda x: ops.image.resize(x, (2, 3), "nearest"), lambda x: x[:, 1::2, 1::2], PICTURE,
    gradient=False)  # fmt: skip
row("image-resize-bilinear", lambda x: ops.image.resize(x, (2, 3)), lambda x: x.reshape(-1, 2, 2, 3, 2, 3).mean((2,
    4)), PICTURE, rtol=1e-5, gradient=False)  # fmt: skip
row("image-pad", lambda x: ops.image.pad_images(x, 1, 2, target_height=7, target_width=9),
    lambda x: np.pad(x, ((0, 0), (1, 2), (2, 1), (0, 0))), PICTURE)  # fmt: skip
row("image-crop", lambda x: ops.image.crop_images(x, 1, None, None, 2, 2, 3), lambda x: x[:, 1:3, 1:4], PICTURE)
row("image-grayscale", ops.image.rgb_to_grayscale, lambda x: (x * [0.2989, 0.587, 0.114]).sum(-1, keepdims=True),
    PICTURE)  # fmt: skip
row("image-hsv-and-back", lambda x: ops.image.hsv_to_rgb(ops.image.rgb_to_hsv(x)), lambda x: x, PICTURE, rtol=1e-5,
    gradient=False)  # fmt: skip
row("image-patches", lambda x: ops.image.extract_patches(x, 2), lambda x: x.reshape(-1, 2, 2, 3, 2, 3).transpose(0, 1,
    3, 2, 4, 5).reshape(-1, 2, 3, 12), PICTURE)  # fmt: skip
row("image-blur-flat", lambda x: ops.image.gaussian_blur(x, (1, 1)), lambda x: x, PICTURE)

# Control --------------------------------------------------------------------------------------------------------------

row("cond-tensor", lambda x: ops.cond(ops.mean(x) > 0, lambda: x * 2, lambda: -x),
    lambda x: x * 2 if x.mean() > 0 else -x)  # fmt: skip
row("cond-static", lambda x: ops.cond(True, lambda: x * 2, lambda: -x), lambda x: x * 2)
row("switch", lambda x: ops.switch(1, [lambda y: y, lambda y: y * 3], x), lambda x: x * 3)
row("switch-tensor", lambda x: ops.switch(ops.cast(x[:, 0] > 0, "int32"), [lambda y: y, lambda y: y * 3], x[:, 1]),
    lambda x: np.where(x[:, 0] > 0, x[:, 1] * 3, x[:, 1]), draw(ROWS, 2))  # fmt: skip
row("fori-loop", lambda x: ops.fori_loop(0, 3, lambda i, y: y * x + i, x), lambda x: ((x * x) * x + 1) * x + 2)
row("while-loop", lambda x: ops.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (0, x))[1],
    lambda x: x**4)  # fmt: skip
row("while-loop-tensor", lambda x: ops.while_loop(lambda y: y < 1.0, lambda y: y + 0.4, x, 12), lambda x: np.where(
    x < 1, x + 0.4 * np.ceil((1 - x) / 0.4 - 1e-9), x))  # fmt: skip
STEPS = draw(3, 2, seed=7)
row("scan", lambda x, w: ops.scan(lambda c, s: (c * s, ops.sum(c * s)), x[0], w)[0], lambda x, w: x[0] * w.prod(0),
    draw(ROWS, 2), STEPS, batched=False)  # fmt: skip
row("map", lambda x: ops.map(lambda s: s * s, x), lambda x: x * x, batched=False)
row("vectorized-map", lambda x: ops.vectorized_map(ops.sum, x), lambda x: x.sum((1, 2)), batched=False)
row("associative-scan", lambda x: ops.associative_scan(ops.add, x, axis=1), lambda x: np.cumsum(x, 1))
row("associative-scan-reverse", lambda x: ops.associative_scan(ops.multiply, x, True, 1),
    lambda x: np.cumprod(x[:, ::-1], 1)[:, ::-1])  # fmt: skip

NAMES = [one.name for one in TABLE]


class Computes(layers.Layer):
    """Layer whose call is one function of its input and of its weights or constants.

    Results without a batch are repeated for each row, so that a model can return them.
    """

    def __init__(self, function: Callable[..., Any], weights: list[Any], constants: bool = False) -> None:
        super().__init__()
        self.function = function
        self.constants = weights if constants else []
        self.own = [] if constants else [
            self.add_weight(w.shape, lambda shape, w=w: w, name=f"w{i}") for i, w in enumerate(weights)
        ]  # fmt: skip

    def call(self, inputs: Any) -> Any:
        tensors = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        made = each(self.function(*tensors, *self.own, *self.constants))
        return [with_batch(one, tensors[0]) for one in made]


def with_batch(made: Any, like: Any) -> Any:
    if made.shape[:1] == (None,):
        return made
    return ops.broadcast_to(ops.expand_dims(made, 0), (ops.shape(like)[0], *made.shape))


def passes(layer: Any, arrays: list[Any], cotangents: list[Any]) -> tuple[list[Any], list[Any], dict[Any, Any]]:
    """Returns outputs, gradients of the inputs and of the weights."""
    emission = Emission(True)
    edges = [emission.graph.input((None, *a.shape[1:]), str(a.dtype)) for a in arrays]
    outputs = emission.run(layer.call, edges, "test")[1]
    values, dxs, dws = _core.vjp(emission.graph, outputs, arrays, cotangents)
    return values, dxs, {id(variable): gradient for variable, gradient in dws}


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_on_arrays(row: Row) -> None:
    found = each(row.function(*row.given()))
    expected = row.expected()
    assert len(found) == len(expected)
    for got, wanted in zip(found, expected, strict=True):
        close(np.asarray(got), wanted, row.rtol, row.name)


def symbolic(row: Row) -> tuple[list[Any], list[Any], list[Any]]:
    """Returns inputs, the outputs of the function, and arrays to feed.

    Arrays with as many rows as the first are inputs; the others are used unchanged.
    """
    arrays = row.given()
    batched = [i == 0 or (not row.weights and len(a) == len(arrays[0]) and a.ndim > 0) for i, a in enumerate(arrays)]
    fed = [a for a, is_input in zip(arrays, batched, strict=True) if is_input]
    inputs = [fastnn.Input(a.shape[1:], dtype=str(a.dtype)) for a in fed]
    rest = iter(inputs)
    made = each(row.function(*[next(rest) if is_input else a for a, is_input in zip(arrays, batched, strict=True)]))
    return inputs, made, fed


def models_of(row: Row) -> tuple[list[Any], list[Any]]:
    """Returns a model for each result, and the arrays to feed."""
    inputs, made, fed = symbolic(row)
    given = inputs if len(inputs) > 1 else inputs[0]
    return [fastnn.Model(given, with_batch(tensor, inputs[0])) for tensor in made], fed


@pytest.mark.parametrize("row", [one for one in TABLE if one.batched], ids=[one.name for one in TABLE if one.batched])
def test_in_a_model(row: Row) -> None:
    models, fed = models_of(row)
    rows = len(fed[0])
    for model, wanted in zip(models, row.expected(), strict=True):
        if np.shape(wanted) != (rows, *model.output_shape[1:]):
            wanted = np.broadcast_to(wanted, (rows, *np.shape(wanted)))
        got = model.predict(fed if len(fed) > 1 else fed[0], verbose=0)
        assert model.output_shape == (None, *wanted.shape[1:])
        close(got, wanted, row.rtol, row.name)


@pytest.mark.parametrize("row", [one for one in TABLE if one.weights], ids=[one.name for one in TABLE if one.weights])
def test_in_a_call_with_weights(row: Row) -> None:
    """Makes all arrays but the first weights; without a batch the first is one too, with an input of one number."""
    arrays = row.given()
    floats = [a.dtype == np.float32 for a in arrays]
    if not all(floats[1:]) or (not row.batched and not floats[0]):
        layer = Computes(row.function, [a for a in arrays[1:]], constants=True)
        fed, exact = arrays[:1], arrays[:1]
        if not row.batched:
            return
    elif row.batched:
        layer, fed = Computes(row.function, arrays[1:]), arrays[:1]
    else:
        layer, fed = Computes(lambda one, *weights: row.function(*weights), arrays), [np.zeros((ROWS, 1), np.float32)]
    expected = row.expected()
    rows = len(fed[0])
    rng = np.random.default_rng(3)
    cotangents, shares = [], []
    for wanted in expected:
        share = rng.normal(size=np.shape(wanted)).astype(np.float32)
        shares.append(share.astype(np.float64))
        batched = row.batched and np.shape(wanted)[:1] == (rows,) and not over_the_batch(row)
        full = share if batched else np.concatenate([share[np.newaxis], np.zeros((rows - 1, *share.shape))])
        cotangents.append(full.astype(np.float32))
    values, dxs, dws = passes(layer, fed, [c for c in cotangents])
    for got, wanted, cotangent in zip(values, expected, cotangents, strict=True):
        close(got if got.shape == np.shape(wanted) else got[0], wanted, row.rtol, row.name)
        assert cotangent.shape == got.shape
    if not row.gradient:
        return
    exact = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
    gradients = [dxs[0] if row.batched else None] + [None] * (len(arrays) - 1)
    for i, weight in enumerate(layer.own):
        gradients[i + (1 if row.batched else 0)] = dws[id(weight.handle)]
    for i, (value, gradient) in enumerate(zip(exact, gradients, strict=True)):
        if value.dtype.kind != "f":
            continue
        assert gradient is not None and gradient.shape == value.shape, f"{row.name}: no gradient of argument {i}"

        def total(moved: Any, i: int = i) -> float:
            made = each(row.reference(*exact[:i], moved, *exact[i + 1 :]))
            return float(sum((r * s).sum() for r, s in zip(made, shares, strict=True)))

        for _ in range(4):
            move = rng.choice([-1.0, 1.0], size=value.shape)
            numerical = (total(value + STEP * move) - total(value - STEP * move)) / (2 * STEP)
            largest = max(float(np.abs(gradient).sum()), 0.1)
            error = abs(numerical - float((gradient.astype(np.float64) * move).sum()))
            assert error <= 3e-4 * largest, f"{row.name}: gradient of argument {i} is off by {error:.3g}"


def over_the_batch(row: Row) -> bool:
    """Returns True where the result has no batch, even if its first size is that of one."""
    tensor = each(
        row.function(fastnn.Input(row.arrays[0].shape[1:], dtype=str(row.given()[0].dtype)), *row.given()[1:])
    )
    return tensor[0].shape[:1] != (None,)


def test_ctc_loss() -> None:
    # All paths are equally probable, so the loss counts them: 15 of 81 spell "1 2" in four steps, 3 of 9 "1" in two.
    targets, lengths, steps = [[1, 2], [1, 0]], [2, 1], [4, 2]
    expected = -np.log([15 / 81, 3 / 9])
    np.testing.assert_allclose(ops.ctc_loss(targets, np.zeros((2, 4, 3)), lengths, steps), expected, rtol=1e-6)
    scores = fastnn.Input((4, 3))
    zeros = ops.cast(scores[:, :2, 0], "int32")
    model = fastnn.Model(scores, ops.ctc_loss(ops.add(zeros, [1, 2]), scores, zeros[:, 0] + 2, zeros[:, 0] + 4))
    np.testing.assert_allclose(model.predict(np.zeros((1, 4, 3)), verbose=0), expected[:1], rtol=1e-6)


def test_every_function_is_tested() -> None:
    others = ("keras/function_cases.py", "test_function_replay.py", "test_forward_mode.py")
    source = "".join(path.read_text() for path in (Path(__file__), *(Path(__file__).parent / one for one in others)))
    names = [name for name in ops.__all__ if name not in ("image", "linalg", "nn", "numpy")]
    assert len(names) == 336
    missing = [name for name in names if f"ops.{name}" not in source and f'"{name}"' not in source]
    assert not missing, missing


# Creation ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (ops.arange(3), np.arange(3)), (ops.arange(1, 2, 0.25), np.arange(1, 2, 0.25)),
        (ops.arange(4, dtype="float32"), np.arange(4.0)), (ops.linspace(0, 5, 3), np.linspace(0, 5, 3)),
        (ops.linspace([0, 1], 5, 4, endpoint=False, axis=1), np.linspace([0, 1], 5, 4, endpoint=False, axis=1)),
        (ops.linspace(0, 1, 5, retstep=True)[1], np.array(0.25)), (ops.logspace(0, 2, 3), np.logspace(0, 2, 3)),
        (ops.geomspace(1, 8, 4), np.geomspace(1, 8, 4)), (ops.eye(2, 3, 1), np.eye(2, 3, 1)),
        (ops.identity(3, "int32"), np.identity(3, int)), (ops.tri(3, 4, -1), np.tri(3, 4, -1)),
        (ops.bartlett(5), np.bartlett(5)), (ops.blackman(6), np.blackman(6)), (ops.hamming(5), np.hamming(5)),
        (ops.hanning(4), np.hanning(4)), (ops.kaiser(5, 2.0), np.kaiser(5, 2.0)), (ops.empty((2, 0)), np.zeros((2, 0))),
        (ops.empty_like(np.ones((2, 3), np.int32)), np.zeros((2, 3), int)), (ops.array([1, 2.5]), np.array([1, 2.5])),
        (ops.zeros(3), np.zeros(3)), (ops.ones((2,), "bool"), np.ones(2, bool)), (ops.full(2, True), np.ones(2)),
        (ops.convert_to_tensor([1, 2]), np.array([1, 2])), (ops.convert_to_tensor(1.5, "int32"), np.array(1)),
        (ops.convert_to_numpy([1.0, 2.0]), np.array([1.0, 2.0])), (ops.get_item(np.arange(5), -1), np.array(4)),
        (ops.hard_swish([1.0, -4.0]), np.array([2 / 3, 0])), (ops.swish([0.0]), np.array([0.0])),
        (ops.conjugate([2.0]), np.array([2.0])), (ops.bitwise_left_shift([3], 2), np.array([12])),
        (ops.bitwise_right_shift([-3], 1), np.array([-2])),
        (ops.segment_sum(np.arange(4.0), [1, 1, 0, 5], 3), np.array([2.0, 1, 0])),
        (ops.segment_max(np.arange(4), [1, 1, 0, 2]), np.array([2, 1, 3])),
        (ops.segment_min(np.arange(4), [1, 1, 0, 0], 3), np.array([2, 0, 2**31 - 1])),
        (ops.segment_prod(np.ones((3, 2)) * 2, [0, 0, 1]), np.array([[4.0, 4], [2, 2]])),
    ],
)  # fmt: skip
def test_made_of_plain_numbers(got: Any, expected: Any) -> None:
    if np.asarray(got).dtype == np.float64:
        got = np.asarray(got, np.float32)
    close(np.asarray(got), expected, 2e-6, "made")


def test_what_is_known_of_tensors() -> None:
    x = fastnn.Input((3, 5))
    assert ops.ndim(x) == 3 and ops.ndim(2.0) == 0
    assert ops.shape(x)[1:] == (3, 5) and ops.shape(np.ones((2, 3))) == (2, 3)
    assert ops.size(np.ones((2, 3))) == 6
    assert ops.is_tensor(x) and ops.is_tensor(np.ones(2)) and not ops.is_tensor([1.0])
    assert ops.dtype(x) == "float32" and ops.dtype(x > 0) == "bool" and ops.dtype([1]) == "int32"
    model = fastnn.Model(x, x / ops.cast(ops.size(x), "float32"))
    np.testing.assert_allclose(model.predict(np.ones((4, 3, 5)), verbose=0), np.full((4, 3, 5), 1 / 60), rtol=1e-6)
    assert ops.numpy.matmul is ops.matmul and ops.nn.softmax is ops.softmax and ops.linalg.norm is ops.norm


def test_sizes_that_are_not_known() -> None:
    """Sequences of any length, in a functional model."""
    x = fastnn.Input((None, 4))
    scores = ops.einsum("bth,bsh->bts", x, x)
    y = ops.softmax(scores) @ x + ops.zeros_like(x) + ops.mean(x, 1, keepdims=True)
    model = fastnn.Model(x, [y, ops.flip(x, 1), ops.sum(ops.square(x), (1, 2)), x[:, :, ::2]])
    for length in (3, 7):
        value = draw(2, length, 4).astype(np.float32)
        got = model.predict(value, verbose=0)
        exact = value.astype(np.float64)
        wanted = softmax(np.einsum("bth,bsh->bts", exact, exact)) @ exact + exact.mean(1, keepdims=True)
        close(got[0], wanted, 1e-5, "attention")
        close(got[1], exact[:, ::-1], 1e-6, "flip")
        close(got[2], (exact**2).sum((1, 2)), 1e-5, "sum")
        close(got[3], exact[:, :, ::2], 1e-6, "slice")


def test_a_variable_that_was_assigned_to_counts_at_once() -> None:
    class Counts(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight((3, 2), "ones", trainable=False)

        def call(self, inputs: Any) -> Any:
            self.kernel.assign_add(ops.ones((3, 2)))
            return ops.matmul(inputs, self.kernel)

    layer = Counts()
    value = np.ones((4, 3), np.float32)
    np.testing.assert_array_equal(layer(value, training=True), np.full((4, 2), 6.0))
    np.testing.assert_array_equal(layer.kernel.numpy(), np.full((3, 2), 2.0))


# Errors ---------------------------------------------------------------------------------------------------------------

X = fastnn.Input((3, 5))
SQUARE = fastnn.Input((5, 5))


@pytest.mark.parametrize(
    ("function", "error", "match"),
    [
        (lambda: ops.reshape(X, (15,)), ValueError, r"the 15\*batch elements of \(batch, 3, 5\) as \(15\)"),
        (lambda: X[:, 3], IndexError, "outside axis 1"),
        (lambda: X[:, 0, 0, 0], IndexError, "4 indices"),
        (lambda: ops.sum(X, 3), ValueError, "axis 3 is outside a tensor of 3 axes"),
        (lambda: ops.split(X, 2, 1), ValueError, "cannot be split into 2 equal parts"),
        (lambda: ops.map(ops.sum, X), ValueError, "whole batch"),
        (lambda: ops.segment_sum(X, ops.cast(X[:, 0, 0], "int32")), ValueError, "expects num_segments"),
        (lambda: X + fastnn.Input((4, 5)), ValueError, "shapes that broadcast"),
        (lambda: X if X > 0 else 1, TypeError, "fastnn.ops.where"),
        (lambda: [x for x in X], TypeError, "compute with whole tensors"),
        (lambda: float(ops.sum(X)), TypeError, "keep computing with fastnn.ops"),
        (lambda: np.mean(X), TypeError, "use fastnn.ops.mean in its place"),
        (lambda: ops.convert_to_numpy(X), TypeError, "no numbers yet"),
        (lambda: len(X), TypeError, r"fastnn.ops.shape\(x\)\[0\]"),
        (lambda: ops.where(X > 0), TypeError, "number of indices"),
        (lambda: ops.arange(ops.sum(X)), TypeError, "expects integers, such as ops.shape"),
        (lambda: ops.while_loop(lambda x: ops.sum(x) > 0, lambda x: x - 1, X), TypeError, "give maximum_iterations"),
        (lambda: ops.fori_loop(0, ops.shape(X)[0], lambda i, x: x, X), TypeError, "integers as its bounds"),
        (lambda: ops.softmx, AttributeError, "Did you mean 'softmax'"),
        (lambda: ops.numpy.matmull, AttributeError, "Did you mean 'matmul'"),
        (lambda: ops.matmul(X, np.ones((4, 2))), ValueError, "last axis of the left operand"),
        (lambda: ops.matmul(X, ops.transpose(X, (0, 2, 1))[:, :4]), ValueError, "last axis of the left operand"),
        (lambda: ops.einsum("bij,bjk->bik", X, X), ValueError, "'j' has size 5"),
        (lambda: ops.einsum("bij,bjk->bik", X), ValueError, "has 2 operands, got 1"),
        (lambda: ops.einsum("bi->b", X), ValueError, "has 2 axes, the operand 3"),
        (lambda: ops.einsum("bij->bk", X), ValueError, "in its result but in no operand"),
        (lambda: ops.einsum("bii->b", SQUARE), ValueError, "use ops.diagonal"),
        (lambda: ops.einsum("bij,bkj->bij", X, X[1:]), ValueError, "batch"),
        (lambda: ops.reshape(X, (3, ops.sum(X))), ValueError, "sizes that follow from the shapes of tensors"),
        (lambda: ops.conv(X, X), ValueError, "channels|symbolic"),
        (lambda: ops.max_pool(fastnn.Input((3,)), 2), ValueError, "batch, steps, channels"),
        (lambda: ops.image.resize(X[:, 0], (2, 2)), ValueError, "batch, height, width, channels"),
        (lambda: ops.rearrange(X, "b h -> b h"), ValueError, "each name stands once"),
        (lambda: ops.sparse_categorical_crossentropy(X, X), ValueError, "ops.categorical_crossentropy"),
        (lambda: ops.norm(X, "nuc", (1, 2)), ValueError, "ord None, 'fro'"),
        (lambda: ops.left_shift(X, 1), TypeError, "cast them first"),
        (lambda: ops.scatter(ops.cast(X, "int32"), 1.0, (3,)), TypeError, "indices that are integers"),
        (lambda: ops.cond(ops.sum(X) > 0, lambda: X, lambda: [X, X]), ValueError, "structures must be equal"),
        (lambda: ops.add("one", X), TypeError, "a tensor, an array or a number"),
    ],
)  # fmt: skip
def test_mistakes(function: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        function()


def test_lists_are_arrays() -> None:
    assert [part.tolist() for part in ops.array_split([1, 2, 3], 2)] == [[1, 2], [3]]
    assert ops.vander([1, 2]).tolist() == [[1, 1], [2, 1]]


@pytest.mark.parametrize("axes", [-1, 3])
def test_tensordot_over_more_axes_than_there_are_says_so(axes: int) -> None:
    with pytest.raises(ValueError, match=rf"ops\.tensordot cannot sum over {axes} axes of tensors that have 2 and 2"):
        ops.tensordot(np.ones((2, 2)), np.ones((2, 2)), axes)


def test_erfc_keeps_the_digits_of_small_values() -> None:
    x = np.array([-3.0, -0.5, 0.0, 0.49, 0.51, 1.0, 3.9, 5.0, 8.0, np.inf, -np.inf], np.float32)
    np.testing.assert_allclose(ops.erfc(x), [math.erfc(one) for one in x], rtol=1e-5)
    assert np.isnan(ops.erfc([np.nan])).all()


@pytest.mark.parametrize("axis", [0, 1])
def test_medians_of_infinities_are_infinite(axis):
    x = np.array([[1.0, np.nan, 3.0, np.inf, np.nan], [np.nan, np.inf, 3.0, np.inf, -np.inf]], np.float32)
    expected = np.nanmedian(x, axis)
    np.testing.assert_array_equal(ops.nanmedian(x, axis), expected)
    traced = fastnn.function(lambda x: ops.nanmedian(x, axis))
    np.testing.assert_array_equal(traced(x), expected)


def test_complex_arrays_are_real_where_their_imaginary_part_is_zero():
    assert ops.isreal(np.array([1 + 1j, 1 + 0j, 2j])).tolist() == [False, True, False]
    assert ops.isreal([1.0, np.nan]).tolist() == [True, True]
