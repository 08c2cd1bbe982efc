"""Reductions along axes: sums, means, extremes, variances."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.ops import shaping
from fastnn.ops.arithmetic import add, divide, isclose, maximum, minimum, multiply, sqrt, square, subtract
from fastnn.ops.conversion import cast
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.logic import isfinite, isnan, not_equal, where
from fastnn.ops.node import array, axes_of, lowered, node, tensor
from fastnn.precision import floatx
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
        dtype: "float32": the tensor is converted to floats first; None: it keeps its type.
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
            return lowered(function(found if dtype is None else found.astype(floatx()), axis=axis, keepdims=keepdims))

        return apply

    return decorate


@_reduction(np.sum, least="int32")
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the sum along axes. Integers are added as int32, booleans are counted.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.sum([[1, 2], [3, 4]], axis=1)
        array([3, 7], dtype=int32)
    """


@_reduction(np.mean, dtype="float32")
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the mean along axes. Integers are converted to float32 first.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.mean([[1.0, 2.0], [3.0, 4.0]], axis=1)
        array([1.5, 3.5], dtype=float32)
    """


@_reduction(np.all, dtype="bool")
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns True where all elements along axes are true. Numbers count as true where they are not 0.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array of type bool without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.all([[True, False], [True, True]], axis=1)
        array([False,  True])
    """


@_reduction(np.any, dtype="bool")
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns True where at least one element along axes is true. Numbers count as true where they are not 0.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array of type bool without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.any([[True, False], [False, False]], axis=1)
        array([ True, False])
    """


@_reduction(np.prod, least="int32", name="prod")
def _product(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the product along axes, in the type of x."""


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Returns the product along axes.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.
        dtype: Element type of the result; None: its own.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.prod([[1, 2], [3, 4]], axis=1)
        array([ 2, 12], dtype=int32)
    """
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
    """Returns the largest element along axes; equal ones share the gradient.

    Equal largest elements share the gradient evenly. NaN wins over every number.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.
        initial: Lower bound of the result, or None.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.max([[1, 5], [4, 3]], axis=1)
        array([5, 4], dtype=int32)
    """
    return _extreme("max", np.max, x, axis, keepdims, initial)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Returns the smallest element along axes; equal ones share the gradient.

    Equal smallest elements share the gradient evenly. NaN wins over every number.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.
        initial: Upper bound of the result, or None.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.min([[1, 5], [4, 3]], axis=1)
        array([1, 3], dtype=int32)
    """
    return _extreme("min", np.min, x, axis, keepdims, initial)


amax = max


amin = min


def _arg(op: str, function: Reduction, x: Any, axis: int | None, keepdims: bool) -> Any:
    if not is_traced(x):
        return lowered(function(array(x), axis=axis, keepdims=keepdims))
    made = tensor(x)
    made = cast(made, "int32") if made.dtype == "bool" else made
    if axis is None:
        sizes = [1] * made.ndim
        made = node("ReshapeTo", {"shape": [-1]}, [made], "ravel")
        place = node("Reduce", {"op": op, "axes": [0], "keepdims": False}, [made], op)
        return node("ReshapeTo", {"shape": sizes}, [place], op) if keepdims else place
    return node("Reduce", {"op": op, "axes": axes_of(axis, made.ndim, op), "keepdims": keepdims}, [made], op)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Returns the index of the largest element along an axis, the first of equal ones. There is no gradient.

    Args:
        x: Tensor or array.
        axis: Axis along which to search; None: the flattened array.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array of type int32 without this axis.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.argmax([[1, 5], [4, 3]], axis=1)
        array([1, 0], dtype=int32)
    """
    return _arg("argmax", np.argmax, x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Returns the index of the smallest element along an axis, the first of equal ones. There is no gradient.

    Args:
        x: Tensor or array.
        axis: Axis along which to search; None: the flattened array.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array of type int32 without this axis.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.argmin([[1, 5], [4, 3]], axis=1)
        array([0, 1], dtype=int32)
    """
    return _arg("argmin", np.argmin, x, axis, keepdims)


@as_in_keras(module="math")
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns log(sum(exp(x))) along axes, without overflow. The largest element is subtracted before the exponential.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.logsumexp([[0.0, 0.0], [100.0, 100.0]], axis=1)
        array([  0.69314..., 100.693146 ], dtype=float32)
    """
    if is_traced(x):
        return _reduce("logsumexp", tensor(x, floatx()), axis, keepdims)
    found = array(x).astype(floatx())
    axes = tuple(axis) if isinstance(axis, list) else axis
    top = found.max(axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, found.dtype.type(0))
    with np.errstate(all="ignore"):
        total = np.log(np.exp(found - top).sum(axis=axes, keepdims=True)) + top
    return lowered(total if keepdims else np.squeeze(total, axis=axes))


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the variance along axes: mean((x - mean(x))**2). It divides by the number of elements, not by one less.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.var([[1.0, 3.0], [2.0, 6.0]], axis=1)
        array([1., 4.], dtype=float32)
    """
    if not is_traced(x):
        axes = tuple(axis) if isinstance(axis, list) else axis
        return lowered(np.var(array(x).astype(floatx()), axis=axes, keepdims=keepdims))
    return mean(square(subtract(x, mean(x, axis, True))), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the standard deviation along axes.

    It divides by the number of elements, not by one less; where it is 0, its gradient is not defined.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.std([[1.0, 3.0], [2.0, 6.0]], axis=1)
        array([1., 2.], dtype=float32)
    """
    return sqrt(var(x, axis, keepdims))


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """Returns mean and variance along axes. The variance divides by the number of elements.

    Args:
        x: Tensor or array.
        axes: Axis or axes along which to reduce.
        keepdims: Keeps the reduced axes, with size 1.
        synchronized: Accepted for Keras compatibility; ignored.

    Returns:
        (mean, variance), tensors or arrays without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.moments([[1.0, 3.0], [2.0, 6.0]], axes=1)
        (array([2., 4.], dtype=float32), array([1., 4.], dtype=float32))
    """
    return mean(x, axes, keepdims), var(x, axes, keepdims)


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """Returns the mean along axes, or the weighted mean.

    Weights need not sum to 1: the result is sum(x * weights) / sum(weights).

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        weights: Weights, of the shape of `x`, or one for each position along the axis; None: equal weights.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.average([1.0, 3.0], weights=[3.0, 1.0])
        array(1.5, dtype=float32)
    """
    if weights is None:
        return mean(x, axis)
    x, weights = cast(x, floatx()), cast(weights, floatx())
    if len(weights.shape) < len(x.shape) and isinstance(axis, (int, np.integer)):
        sizes = [1] * len(x.shape)
        sizes[axis] = weights.shape[0]
        weights = shaping.reshape(weights, sizes)
    # The weights are broadcast to x, so that their sum counts each of them as often as x does.
    spread = where(
        isnan(x),
        weights,
        add(weights, multiply(where(isfinite(x), x, 0.0), 0.0)),
    )
    return divide(sum(multiply(x, weights), axis), sum(spread, axis))


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """Returns the number of elements that are not 0.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.

    Returns:
        Tensor or array of type int32 without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.count_nonzero([[0, 1], [2, 3]], axis=1)
        array([1, 2], dtype=int32)
    """
    return sum(cast(not_equal(x, 0), "int32"), axis)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Returns the range of the elements along axes: the largest minus the smallest.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which to reduce; None: all.
        keepdims: Keeps the reduced axes, with size 1.

    Returns:
        Tensor or array without these axes.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.ptp([[1, 5], [4, 3]], axis=1)
        array([4, 1], dtype=int32)
    """
    return subtract(max(x, axis, keepdims), min(x, axis, keepdims))


@as_in_keras(class_name="AllClose", in_config="atol rtol")
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Returns True if all elements are close, as `isclose` defines.

    Args:
        x1: Tensor, array or number.
        x2: The same, of a shape that can be broadcast with that of `x1`.
        rtol: Relative tolerance.
        atol: Absolute tolerance.
        equal_nan: Treats NaN as close to NaN.

    Returns:
        Tensor or array of one boolean.

    Raises:
        ValueError: The shapes cannot be broadcast together.

    Example:
        >>> ops.allclose([1.0, 2.0], [1.0, 2.000001])
        array(True)
    """
    return all(isclose(x1, x2, rtol, atol, equal_nan))
