"""Functions that make one number of many: sums, means, extremes, and what is built of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import elementwise as el
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic import KerasTensor, is_traced

Reduction = Callable[..., Any]


def _reduce(op: str, x: KerasTensor, axis: Any, keepdims: bool) -> Any:
    axes = axes_of(axis, x.ndim, op)
    return x if not axes and x.ndim else node("Reduce", {"op": op, "axes": axes, "keepdims": keepdims}, [x], op)


def _reduction(name: str, function: Reduction, summary: str, dtype: str | None = None, least: str = "bool") -> Reduction:
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
prod = _reduction("prod", np.prod, "The product.", least="int32")
mean = _reduction("mean", np.mean, "The mean.", "float32")
all = _reduction("all", np.all, "Whether all are true.", "bool")
any = _reduction("any", np.any, "Whether one is true.", "bool")


def _extreme(op: str, function: Reduction, x: Any, axis: Any, keepdims: bool, initial: Any) -> Any:
    if not is_traced(x):
        extra = {} if initial is None else {"initial": initial}
        return lowered(function(array(x), axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims, **extra))
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
    if axis is None:
        if made.shape and made.shape[0] is None:
            raise ValueError(f"ops.{op} expects an axis: a place among all numbers of a batch has no fixed meaning")
        made = node("ReshapeTo", {"shape": [made.size]}, [made], "ravel")
        axis = 0
    return node("Reduce", {"op": op, "axes": axes_of(axis, made.ndim, op), "keepdims": keepdims}, [made], op)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest is, the first of equals: int32."""
    return _arg("argmax", np.argmax, x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest is, the first of equals: int32."""
    return _arg("argmin", np.argmin, x, axis, keepdims)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), without ever leaving the range of floats."""
    if is_traced(x):
        return _reduce("logsumexp", tensor(x, "float32"), axis, keepdims)
    found = array(x).astype(np.float32)
    top = found.max(axis=axis, keepdims=True)
    total = np.log(np.exp(found - top).sum(axis=axis, keepdims=True)) + top
    return lowered(total if keepdims else np.squeeze(total, axis=axis))


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean of the squared distances from the mean."""
    if not is_traced(x):
        return lowered(np.var(array(x).astype(np.float32), axis=axis, keepdims=keepdims))
    return mean(el.square(el.subtract(x, mean(x, axis, True))), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The square root of `var`."""
    return el.sqrt(var(x, axis, keepdims))


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """(mean, variance) along axes."""
    return mean(x, axes, keepdims), var(x, axes, keepdims)


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean, or that by weights."""
    if weights is None:
        return mean(x, axis)
    return el.divide(sum(el.multiply(x, weights), axis), sum(el.multiply(el.add(el.zeros_like_float(x), 1.0), weights), axis))


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """How many are not 0: int32."""
    return sum(el.cast(el.not_equal(x, 0), "int32"), axis)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The length of vectors.

    Args:
        x: A tensor or an array.
        ord: None or 2: the root of the sum of squares; 1: the sum of sizes; inf: the largest size.
        axis: Along which; None: all.
        keepdims: Whether these axes stay.

    Raises:
        ValueError: Another `ord`.
    """
    if ord in (None, 2, "fro", "euclidean"):
        return el.sqrt(sum(el.square(x), axis, keepdims))
    if ord == 1:
        return sum(el.absolute(x), axis, keepdims)
    if ord == np.inf:
        return max(el.absolute(x), axis, keepdims)
    raise ValueError(f"ops.norm expects ord None, 1, 2 or inf, got {ord!r}")


def _cumulative(op: str, function: Reduction, x: Any, axis: int | None) -> Any:
    if not is_traced(x):
        return lowered(function(array(x), axis=axis))
    made = tensor(x)
    if axis is None:
        made, axis = node("ReshapeTo", {"shape": [made.size or -1]}, [made], "ravel"), 0
    return node("Cumulative", {"op": op, "axis": axes_of(axis, made.ndim, op)[0]}, [made], f"cum{op}")


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sums of all up to each place along an axis."""
    return _cumulative("sum", np.cumsum, x if dtype is None else el.cast(x, dtype), axis)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The products of all up to each place along an axis."""
    return _cumulative("prod", np.cumprod, x if dtype is None else el.cast(x, dtype), axis)
