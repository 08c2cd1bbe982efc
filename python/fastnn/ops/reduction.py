"""Functions that make one number of many: sums, means, extremes, and what is built of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import elementwise as el
from fastnn.ops import shaping
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced

Reduction = Callable[..., Any]


def _reduce(op: str, x: KerasTensor, axis: Any, keepdims: bool) -> Any:
    axes = axes_of(axis, x.ndim, op)
    if x.dtype == "bool":
        op = {"max": "any", "min": "all"}.get(op, op)
    return x if not axes and x.ndim else node("Reduce", {"op": op, "axes": axes, "keepdims": keepdims}, [x], op)


def _reduction(
    name: str, function: Reduction, summary: str, dtype: str | None = None, least: str = "bool"
) -> Reduction:
    def apply(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if is_traced(x):
            made = tensor(x, dtype)
            if least == "int32" and made.dtype == "bool":
                made = el.cast(made, "int32")
            return _reduce(name, made, axis, keepdims)
        found = array(x)
        axis = tuple(axis) if isinstance(axis, list) else axis
        return lowered(function(found if dtype is None else found.astype(dtype), axis=axis, keepdims=keepdims))

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"""{summary}

    Args:
        x: A tensor or an array.
        axis: Along which, one or several; None: all. Axis 0 may be the batch.
        keepdims: Whether these axes stay, with a size of 1.

    Returns:
        A tensor or an array without these axes.
    """
    return apply


sum = _reduction("sum", np.sum, "The sum.", least="int32")
mean = _reduction("mean", np.mean, "The mean.", "float32")
all = _reduction("all", np.all, "Whether all are true.", "bool")
any = _reduction("any", np.any, "Whether one is true.", "bool")


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product; arguments as of `sum`, and an element type."""
    made = _product(x, axis, keepdims)
    return made if dtype is None else el.cast(made, dtype)


_product = _reduction("prod", np.prod, "The product.", least="int32")


def _extreme(op: str, function: Reduction, x: Any, axis: Any, keepdims: bool, initial: Any) -> Any:
    if not is_traced(x):
        extra = {} if initial is None else {"initial": initial}
        return lowered(
            function(array(x), axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims, **extra)
        )
    found = _reduce(op, tensor(x), axis, keepdims)
    return found if initial is None else (el.maximum if op == "max" else el.minimum)(found, initial)


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The largest; where several are, each has its share of the gradient.

    Args:
        x: A tensor or an array.
        axis: Along which, one or several; None: all.
        keepdims: Whether these axes stay, with a size of 1.
        initial: What it is at least, or None.
    """
    return _extreme("max", np.max, x, axis, keepdims, initial)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The smallest; as `max`."""
    return _extreme("min", np.min, x, axis, keepdims, initial)


amax, amin = max, min


def _arg(op: str, function: Reduction, x: Any, axis: int | None, keepdims: bool) -> Any:
    if not is_traced(x):
        return lowered(function(array(x), axis=axis, keepdims=keepdims))
    made = tensor(x)
    made = el.cast(made, "int32") if made.dtype == "bool" else made
    if axis is None:
        if made.shape and made.shape[0] is None:
            raise ValueError(f"ops.{op} expects an axis: a place among all numbers of a batch has no fixed meaning")
        sizes = [1] * made.ndim
        made = node("ReshapeTo", {"shape": [made.size]}, [made], "ravel")
        place = node("Reduce", {"op": op, "axes": [0], "keepdims": False}, [made], op)
        return node("ReshapeTo", {"shape": sizes}, [place], op) if keepdims else place
    return node("Reduce", {"op": op, "axes": axes_of(axis, made.ndim, op), "keepdims": keepdims}, [made], op)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest is, the first of equals: int32."""
    return _arg("argmax", np.argmax, x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest is, the first of equals: int32."""
    return _arg("argmin", np.argmin, x, axis, keepdims)


@as_in_keras(module="math")
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), without ever leaving the range of floats."""
    if is_traced(x):
        return _reduce("logsumexp", tensor(x, "float32"), axis, keepdims)
    found = array(x).astype(np.float32)
    axes = tuple(axis) if isinstance(axis, list) else axis
    top = found.max(axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, np.float32(0))
    with np.errstate(all="ignore"):
        total = np.log(np.exp(found - top).sum(axis=axes, keepdims=True)) + top
    return lowered(total if keepdims else np.squeeze(total, axis=axes))


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean of the squared distances from the mean."""
    if not is_traced(x):
        axes = tuple(axis) if isinstance(axis, list) else axis
        return lowered(np.var(array(x).astype(np.float32), axis=axes, keepdims=keepdims))
    return mean(el.square(el.subtract(x, mean(x, axis, True))), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The square root of `var`."""
    return el.sqrt(var(x, axis, keepdims))


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """(mean, variance) along axes."""
    return mean(x, axes, keepdims), var(x, axes, keepdims)


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean, or that by weights.

    Args:
        x: A tensor or an array.
        axis: Along which; None: all.
        weights: Of the shape of x, or one for each place along the axis; None: all count alike.
    """
    if weights is None:
        return mean(x, axis)
    x, weights = el.cast(x, "float32"), el.cast(weights, "float32")
    if len(weights.shape) < len(x.shape) and isinstance(axis, (int, np.integer)):
        sizes = [1] * len(x.shape)
        sizes[axis] = weights.shape[0]
        weights = shaping.reshape(weights, sizes)
    # Numbers of the weights are those of x along axes of size 1, so that their sum counts each as often as x has it.
    spread = el.where(el.isnan(x), weights, el.add(weights, el.multiply(el.where(el.isfinite(x), x, 0.0), 0.0)))
    return el.divide(sum(el.multiply(x, weights), axis), sum(spread, axis))


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """How many are not 0: int32."""
    return sum(el.cast(el.not_equal(x, 0), "int32"), axis)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest less the smallest."""
    return el.subtract(max(x, axis, keepdims), min(x, axis, keepdims))


@as_in_keras(class_name="AllClose", in_config="atol rtol")
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all are close, as `isclose` says."""
    return all(el.isclose(x1, x2, rtol, atol, equal_nan))


@as_in_keras(module="linalg")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The length of vectors, or the size of matrices.

    Args:
        x: A tensor or an array.
        ord: Along one axis: None or 2 (the root of the sum of squares), 0 (how many are not 0), inf, -inf, or the
            power p of another norm. Along two axes: None or "fro", 1 and -1 (sums of columns), inf and -inf (of rows).
        axis: One axis of vectors or two of matrices; None: all.
        keepdims: Whether these axes stay.

    Raises:
        ValueError: Another `ord`, or one that needs singular values.
    """
    x = el.cast(x, "float32")
    rank = len(x.shape)
    if axis is None and ord is None:
        return el.sqrt(sum(el.square(x), None, keepdims))
    axes = list(range(rank)) if axis is None else [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    if len(axes) == 2 and (isinstance(ord, str) or ord in (None, 1, -1, np.inf, -np.inf)):
        if ord in (None, "fro"):
            return el.sqrt(sum(el.square(x), axes, keepdims))
        if not isinstance(ord, str):
            rows, columns = (one % rank for one in axes)
            summed, left = (rows, columns) if ord in (1, -1) else (columns, rows)
            found = (max if ord > 0 else min)(sum(el.absolute(x), summed, True), left, True)
            return found if keepdims else shaping.squeeze(found, [rows, columns])
    if len(axes) == 1 and not isinstance(ord, str):
        if ord in (None, 2):
            return el.sqrt(sum(el.square(x), axes, keepdims))
        if ord in (np.inf, -np.inf):
            return (max if ord > 0 else min)(el.absolute(x), axes, keepdims)
        if ord == 0:
            return sum(el.cast(el.not_equal(x, 0.0), "float32"), axes, keepdims)
        if ord == 1:
            return sum(el.absolute(x), axes, keepdims)
        return el.power(sum(el.power(el.absolute(x), float(ord)), axes, keepdims), 1.0 / float(ord))
    raise ValueError(
        f"ops.norm expects, along {len(axes)} axes, "
        + ("ord None, 'fro', 1, -1, inf or -inf" if len(axes) == 2 else "ord None, a number or inf")
        + f", got {ord!r}"
    )


def _cumulative(op: str, function: Reduction, x: Any, axis: int | None) -> Any:
    if not is_traced(x):
        return lowered(function(array(x), axis=axis))
    made = tensor(x)
    made = el.cast(made, "int32") if made.dtype == "bool" else made
    if axis is None:
        made, axis = shaping.reshape(made, -1), 0
    return node("Cumulative", {"op": op, "axis": axes_of(axis, made.ndim, op)[0]}, [made], f"cum{op}")


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sums of all up to each place along an axis."""
    return _cumulative("sum", np.cumsum, x if dtype is None else el.cast(x, dtype), axis)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The products of all up to each place along an axis."""
    return _cumulative("prod", np.cumprod, x if dtype is None else el.cast(x, dtype), axis)


# Without what is NaN.


def _numbers(x: Any, otherwise: float) -> Any:
    return el.where(el.isnan(x), otherwise, el.cast(x, "float32"))


def _empty(x: Any, axis: Any, keepdims: bool) -> Any:
    """Whether there is none but NaN."""
    return all(el.isnan(x), axis, keepdims)


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum of those that are not NaN."""
    return sum(_numbers(x, 0.0), axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product of those that are not NaN."""
    return prod(_numbers(x, 1.0), axis, keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean of those that are not NaN."""
    count = sum(el.cast(el.logical_not(el.isnan(x)), "float32"), axis, keepdims)
    return el.divide(nansum(x, axis, keepdims), count)


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance of those that are not NaN."""
    return nanmean(el.square(el.subtract(x, nanmean(x, axis, True))), axis, keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The square root of `nanvar`."""
    return el.sqrt(nanvar(x, axis, keepdims))


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest of those that are not NaN."""
    return el.where(_empty(x, axis, keepdims), float("nan"), max(_numbers(x, -np.inf), axis, keepdims))


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest of those that are not NaN."""
    return el.where(_empty(x, axis, keepdims), float("nan"), min(_numbers(x, np.inf), axis, keepdims))


def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest is of those that are not NaN; -1 where there is none."""
    return el.where(_empty(x, axis, keepdims), -1, argmax(_numbers(x, -np.inf), axis, keepdims))


def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest is of those that are not NaN; -1 where there is none."""
    return el.where(_empty(x, axis, keepdims), -1, argmin(_numbers(x, np.inf), axis, keepdims))


def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """As `cumsum`, NaN counted as 0."""
    return cumsum(_numbers(x, 0.0), axis, dtype)


def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """As `cumprod`, NaN counted as 1."""
    return cumprod(_numbers(x, 1.0), axis, dtype)
