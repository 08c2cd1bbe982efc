"""Reductions along axes: sums, means, extremes, variances."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import shaping
from fastnn.ops.arithmetic import add, divide, isclose, maximum, minimum, multiply, sqrt, square, subtract
from fastnn.ops.conversion import cast
from fastnn.ops.logic import isfinite, isnan, not_equal, where
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced

Reduction = Callable[..., Any]


def _reduce(op: str, x: KerasTensor, axis: Any, keepdims: bool) -> Any:
    axes = axes_of(axis, x.ndim, op)
    if x.dtype == "bool":
        op = {"max": "any", "min": "all"}.get(op, op)
    return x if not axes and x.ndim else node("Reduce", {"op": op, "axes": axes, "keepdims": keepdims}, [x], op)


def _reduction(
    function: Reduction, *, name: str = "", dtype: str | None = None, least: str = "bool"
) -> Callable[[Reduction], Reduction]:
    """Makes a reduction along axes.

    The decorated function has a signature and a docstring, no body.

    Args:
        function: Reduces arrays.
        name: Name of the operation in the core; default: that of the decorated function.
        dtype: Type to which the tensor is converted first; None: its own.
        least: Narrowest type in which it is computed: "bool" or "int32".

    Returns:
        A decorator.
    """

    def decorate(declared: Reduction) -> Reduction:
        op = name or declared.__name__

        @functools.wraps(declared)
        def apply(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
            if is_traced(x):
                made = tensor(x, dtype)
                if least == "int32" and made.dtype == "bool":
                    made = cast(made, "int32")
                return _reduce(op, made, axis, keepdims)
            found = array(x)
            axis = tuple(axis) if isinstance(axis, list) else axis
            return lowered(function(found if dtype is None else found.astype(dtype), axis=axis, keepdims=keepdims))

        return apply

    return decorate


@_reduction(np.sum, least="int32")
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """DOC."""


@_reduction(np.mean, dtype="float32")
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """DOC."""


@_reduction(np.all, dtype="bool")
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """DOC."""


@_reduction(np.any, dtype="bool")
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """DOC."""


@_reduction(np.prod, least="int32", name="prod")
def _product(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """DOC."""


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product; arguments as of `sum`, and an element type."""
    made = _product(x, axis, keepdims)
    return made if dtype is None else cast(made, dtype)


def _extreme(op: str, function: Reduction, x: Any, axis: Any, keepdims: bool, initial: Any) -> Any:
    if not is_traced(x):
        extra = {} if initial is None else {"initial": initial}
        return lowered(
            function(array(x), axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims, **extra)
        )
    found = _reduce(op, tensor(x), axis, keepdims)
    return found if initial is None else (maximum if op == "max" else minimum)(found, initial)


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


amax = max


amin = min


def _arg(op: str, function: Reduction, x: Any, axis: int | None, keepdims: bool) -> Any:
    if not is_traced(x):
        return lowered(function(array(x), axis=axis, keepdims=keepdims))
    made = tensor(x)
    made = cast(made, "int32") if made.dtype == "bool" else made
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
    return mean(square(subtract(x, mean(x, axis, True))), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The square root of `var`."""
    return sqrt(var(x, axis, keepdims))


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
    x, weights = cast(x, "float32"), cast(weights, "float32")
    if len(weights.shape) < len(x.shape) and isinstance(axis, (int, np.integer)):
        sizes = [1] * len(x.shape)
        sizes[axis] = weights.shape[0]
        weights = shaping.reshape(weights, sizes)
    # Numbers of the weights are those of x along axes of size 1, so that their sum counts each as often as x has it.
    spread = where(
        isnan(x),
        weights,
        add(weights, multiply(where(isfinite(x), x, 0.0), 0.0)),
    )
    return divide(sum(multiply(x, weights), axis), sum(spread, axis))


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """How many are not 0: int32."""
    return sum(cast(not_equal(x, 0), "int32"), axis)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest less the smallest."""
    return subtract(max(x, axis, keepdims), min(x, axis, keepdims))


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all are close, as `isclose` says."""
    return all(isclose(x1, x2, rtol, atol, equal_nan))
