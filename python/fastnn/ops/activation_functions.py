"""Activation functions on tensors.

A tensor with a batch gets the node that the activation layer uses. Others are computed by simpler functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import activations
from fastnn.ops import (
    cumulative,
    ordering,
    reduction,
    slicing,
)
from fastnn.ops.arithmetic import absolute, clip, maximum, minimum, sqrt, square
from fastnn.ops.conversion import cast, dtype
from fastnn.ops.elementwise import unary
from fastnn.ops.exponential import erf, exp, expm1, logaddexp
from fastnn.ops.logic import where
from fastnn.ops.node import tensor
from fastnn.ops.trigonometry import tanh
from fastnn.symbolic.tensors import is_traced


def _activation(
    x: Any, node: Callable[..., Any], simple: Callable[..., Any], *arguments: Any, axis: int | None = None
) -> Any:
    if is_traced(x):
        x = tensor(x, "float32")
        if x.ndim == 0 or x.shape[0] is not None or axis in (0, -x.ndim):
            return simple(x, *arguments)
    elif not np.shape(x) and axis is not None:
        raise ValueError(f"ops.{node.__name__} expects an array with the axis {axis}, got one number")
    return node(x, *arguments)


def _positive(x: Any) -> Any:
    return maximum(x, 0.0)


def _negative(x: Any) -> Any:
    return minimum(x, 0.0)


def relu(x: Any) -> Any:
    """max(x, 0); whole numbers stay so."""
    if dtype(x) != "float32":
        return maximum(x, 0)
    return _activation(x, activations.relu, _positive)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x above zero, `negative_slope` * x below."""
    return _activation(x, activations.leaky_relu, lambda x, slope: _positive(x) + slope * _negative(x), negative_slope)


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return _activation(x, activations.relu6, lambda x: clip(x, 0.0, 6.0))


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)): any number to one between 0 and 1."""
    return _activation(x, activations.sigmoid, _sigmoid)


@unary(name="sigmoid")
def _sigmoid(x: Any) -> Any:
    """Returns the sigmoid of each element, without a batch."""


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)), exact far from 0."""
    return _activation(x, activations.log_sigmoid, lambda x: -_softplus(-x))


def hard_sigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6: a sigmoid of straight lines."""
    return _activation(x, activations.hard_sigmoid, lambda x: clip(x + 3.0, 0.0, 6.0) / 6.0)


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish."""
    return _activation(x, activations.silu, lambda x: x * _sigmoid(x))


swish = silu


def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x), also called hard_swish."""
    return _activation(x, activations.hard_silu, lambda x: x * clip(x + 3.0, 0.0, 6.0) / 6.0)


hard_swish = hard_silu


def _softplus(x: Any) -> Any:
    return logaddexp(x, 0.0)


def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return _activation(x, activations.softplus, _softplus)


def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return _activation(x, activations.softsign, lambda x: x / (1.0 + absolute(x)))


def mish(x: Any) -> Any:
    """x * tanh(softplus(x))."""
    return _activation(x, activations.mish, lambda x: x * tanh(_softplus(x)))


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x above zero, alpha * (exp(x) - 1) below."""
    return _activation(x, activations.elu, lambda x, a: _positive(x) + a * expm1(_negative(x)), alpha)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """x above zero, alpha * (exp(x / alpha) - 1) below."""
    return _activation(x, activations.celu, lambda x, a: _positive(x) + a * expm1(_negative(x) / a), alpha)


def selu(x: Any) -> Any:
    """The scaled `elu` that keeps mean 0 and variance 1 from layer to layer (Klambauer et al., 2017)."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return _activation(x, activations.selu, lambda x: scale * (_positive(x) + alpha * expm1(_negative(x))))


def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the chance that a normal number is below x; with tanh in place of erf where `approximate`."""

    def simple(x: Any, approximate: bool) -> Any:
        if approximate:
            return 0.5 * x * (1.0 + tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))
        return 0.5 * x * (1.0 + erf(x * math.sqrt(0.5)))

    return _activation(x, activations.gelu, simple, approximate)


def glu(x: Any, axis: int = -1) -> Any:
    """The first half of x along an axis times the sigmoid of the second half."""

    def simple(x: Any, axis: int) -> Any:
        first, second = slicing.split(x, 2, axis)
        return first * _sigmoid(second)

    return _activation(x, activations.glu, simple, axis, axis=axis)


def hard_tanh(x: Any) -> Any:
    """x, kept within -1 and 1."""
    return _activation(x, activations.hard_tanh, lambda x: clip(x, -1.0, 1.0))


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where |x| > threshold, else 0."""
    return _activation(x, activations.hard_shrink, lambda x, t: where(absolute(x) > t, x, 0.0), threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x drawn towards zero by `threshold`, at most up to zero."""
    return _activation(x, activations.soft_shrink, lambda x, t: _positive(x - t) + _negative(x + t), threshold)


def tanh_shrink(x: Any) -> Any:
    """x - tanh(x)."""
    return _activation(x, activations.tanh_shrink, lambda x: x - tanh(x))


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where x > threshold, else `default_value`."""
    return _activation(
        x, activations.threshold, lambda x, t, otherwise: where(x > t, x, otherwise), threshold, default_value
    )


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x**2 + b)) / 2: a `softplus` without exponentials."""
    return _activation(x, activations.squareplus, lambda x, b: (x + sqrt(square(x) + b)) / 2.0, b)


def sparse_plus(x: Any) -> Any:
    """0 up to -1, (x + 1)**2 / 4 up to 1, then x."""

    def simple(x: Any) -> Any:
        return where(x >= 1.0, x, square(clip(x, -1.0, 1.0) + 1.0) / 4.0)

    return _activation(x, activations.sparse_plus, simple)


def sparse_sigmoid(x: Any) -> Any:
    """0 up to -1, (x + 1) / 2 up to 1, then 1."""
    return _activation(x, activations.sparse_sigmoid, lambda x: (clip(x, -1.0, 1.0) + 1.0) / 2.0)


def _log_softmax(x: Any, axis: Any) -> Any:
    return x - reduction.logsumexp(x, axis, True)


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, or several: positive numbers whose sum is 1."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    if is_traced(x) and isinstance(axis, tuple):
        made = tensor(x, "float32")
        if made.shape[:1] != (None,) or any(one % made.ndim == 0 for one in axis):
            return exp(_log_softmax(made, axis))
    return _activation(x, activations.softmax, lambda x, axis: exp(_log_softmax(x, axis)), axis, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of `softmax`, without its loss of digits."""
    return _activation(x, activations.log_softmax, _log_softmax, axis, axis=axis)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The nearest to x of all that sum to 1 along an axis and are nowhere below 0 (Martins and Astudillo, 2016)."""

    def simple(x: Any, axis: int) -> Any:
        if x.shape[axis] is None:
            raise ValueError("ops.sparsemax: the batch is not an axis along which numbers are sorted; choose another")
        falling = -ordering.sort(-x, axis)
        sums = cumulative.cumsum(falling, axis)
        sizes = [1] * x.ndim
        sizes[axis] = x.shape[axis]
        counts = np.arange(1, x.shape[axis] + 1, dtype=np.float32).reshape(sizes)
        within = falling * counts + 1.0 > sums
        count = reduction.sum(cast(within, "float32"), axis, True)
        excess = (reduction.sum(where(within, falling, 0.0), axis, True) - 1.0) / count
        return _positive(x - excess)

    return _activation(x, activations.sparsemax, simple, axis, axis=axis)
