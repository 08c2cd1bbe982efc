"""Activation functions on tensors.

A tensor with a batch gets the node that the activation layer uses. Others are computed by simpler functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import activations
from fastnn.ops import creation, cumulative, ordering, reduction, slicing
from fastnn.ops.arithmetic import absolute, clip, maximum, sign, sqrt, square
from fastnn.ops.conversion import cast, dtype
from fastnn.ops.elementwise import unary
from fastnn.ops.exponential import erf, exp, expm1, logaddexp
from fastnn.ops.logic import where
from fastnn.ops.node import tensor
from fastnn.ops.trigonometry import tanh
from fastnn.precision import floatx, is_float
from fastnn.symbolic.tensors import is_traced


def _activation(
    x: Any, node: Callable[..., Any], simple: Callable[..., Any], *arguments: Any, axis: int | None = None
) -> Any:
    if is_traced(x):
        x = tensor(x, floatx())
        if x.ndim == 0 or x.shape[0] is not None or axis in (0, -x.ndim):
            return simple(x, *arguments)
    elif not np.shape(x) and axis is not None:
        raise ValueError(f"ops.{node.__name__} expects an array with axis {axis}, got a scalar")
    return node(x, *arguments)


# Their gradients at the ends are those of the layers' nodes, which for `maximum` and `clip` would be others.


def _positive(x: Any) -> Any:
    return where(x <= 0.0, 0.0, x)


def _negative(x: Any) -> Any:
    return where(x > 0.0, 0.0, x)


def _between(x: Any, low: float, high: float) -> Any:
    return where(x <= low, low, where(x >= high, high, x))


def relu(x: Any) -> Any:
    """Returns max(x, 0); integers stay integers. The gradient at 0 is 0 (Nair and Hinton, 2010).

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`.

    Example:
        >>> ops.relu([-1.0, 2.0])
        array([0., 2.], dtype=float32)
    """
    if not is_float(dtype(x)):
        return maximum(x, 0)
    return _activation(x, activations.relu, _positive)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Returns x where x > 0, else negative_slope * x.

    A unit whose inputs are all negative still gets a gradient (Maas et al., 2013).

    Args:
        x: Tensor or array.
        negative_slope: Slope below zero.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.leaky_relu([-1.0, 2.0], negative_slope=0.25)
        array([-0.25,  2.  ], dtype=float32)
    """
    return _activation(x, activations.leaky_relu, lambda x, slope: _positive(x) + slope * _negative(x), negative_slope)


def relu6(x: Any) -> Any:
    """Returns min(max(x, 0), 6).

    The upper limit keeps values in the range of small fixed-point numbers (Howard et al., 2017).

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.relu6([-1.0, 2.0, 8.0])
        array([0., 2., 6.], dtype=float32)
    """
    return _activation(x, activations.relu6, lambda x: _between(x, 0.0, 6.0))


def sigmoid(x: Any) -> Any:
    """Returns the sigmoid 1 / (1 + exp(-x)), a value between 0 and 1.

    Its derivative is y * (1 - y) for the value y, at most 0.25.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.sigmoid([0.0, 2.0])
        array([0.5     , 0.880797], dtype=float32)
    """
    return _activation(x, activations.sigmoid, _sigmoid)


@unary(name="sigmoid")
def _sigmoid(x: Any) -> Any:
    """Returns the sigmoid of each element, without a batch."""


def log_sigmoid(x: Any) -> Any:
    """Returns the logarithm of the sigmoid, computed without loss of precision.

    For very negative x it is x itself, where the sigmoid is 0.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.log_sigmoid([0.0, 2.0])
        array([-0.69314..., -0.126928 ], dtype=float32)
    """
    return _activation(x, activations.log_sigmoid, lambda x: -_softplus(-x))


def hard_sigmoid(x: Any) -> Any:
    """Returns relu6(x + 3) / 6, a piecewise linear approximation of the sigmoid. It is 0 below -3 and 1 above 3.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.hard_sigmoid([-3.0, 0.0, 1.5])
        array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return _activation(x, activations.hard_sigmoid, lambda x: _between(x + 3.0, 0.0, 6.0) / 6.0)


def silu(x: Any) -> Any:
    """Returns x * sigmoid(x), also called swish. Its least value is -0.278, at x = -1.278.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.silu([-1.0, 0.0, 1.0])
        array([-0.26894...,  0.        ,  0.73105... ], dtype=float32)
    """
    return _activation(x, activations.silu, lambda x: x * _sigmoid(x))


swish = silu


def hard_silu(x: Any) -> Any:
    """Returns x * hard_sigmoid(x), also called hard swish. It is 0 below -3 and x above 3 (Howard et al., 2019).

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.hard_silu([-3.0, 0.0, 1.5])
        array([-0.   ,  0.   ,  1.125], dtype=float32)
    """
    return _activation(x, activations.hard_silu, lambda x: x * clip(x + 3.0, 0.0, 6.0) / 6.0)


hard_swish = hard_silu


def _softplus(x: Any) -> Any:
    return logaddexp(x, 0.0)


def softplus(x: Any) -> Any:
    """Returns log(1 + exp(x)). A smooth approximation of relu (Dugas et al., 2001), without overflow for large x.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.softplus([0.0, 2.0])
        array([0.69314..., 2.126928 ], dtype=float32)
    """
    return _activation(x, activations.softplus, _softplus)


def softsign(x: Any) -> Any:
    """Returns x / (1 + |x|).

    Values are in (-1, 1), which they approach more slowly than those of tanh (Turian et al., 2009).

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.softsign([-1.0, 3.0])
        array([-0.5 ,  0.75], dtype=float32)
    """
    return _activation(x, activations.softsign, lambda x: x / (1.0 + absolute(x)))


def mish(x: Any) -> Any:
    """Returns x * tanh(softplus(x)) (Misra, 2019).

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> fastnn.activations.mish([-1.0, 0.0, 1.0])
        array([-0.30340...,  0.        ,  0.86509...], dtype=float32)
    """
    return _activation(x, activations.mish, lambda x: x * tanh(_softplus(x)))


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Returns x where x > 0, else alpha * (exp(x) - 1) (Clevert et al., 2015).

    Args:
        x: Tensor or array.
        alpha: Scale of the negative part.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.elu([-1.0, 2.0])
        array([-0.63212...,  2.        ], dtype=float32)
    """
    return _activation(x, activations.elu, lambda x, a: _positive(x) + a * expm1(_negative(x)), alpha)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """Returns x where x > 0, else alpha * (exp(x / alpha) - 1) (Barron, 2017). At alpha = 1 it is `elu`.

    Args:
        x: Tensor or array.
        alpha: Scale of the negative part.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.celu([-1.0, 2.0])
        array([-0.63212...,  2.        ], dtype=float32)
    """
    return _activation(x, activations.celu, lambda x, a: _positive(x) + a * expm1(_negative(x) / a), alpha)


def selu(x: Any) -> Any:
    """Returns the scaled exponential linear unit: s * x where x > 0, else s * a * (exp(x) - 1).

    The constants s = 1.0507 and a = 1.6733 keep mean 0 and variance 1 from layer to layer (Klambauer et al., 2017).

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.selu([-1.0, 2.0])
        array([-1.11133...,  2.101402 ], dtype=float32)
    """
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return _activation(x, activations.selu, lambda x: scale * (_positive(x) + alpha * expm1(_negative(x))))


def gelu(x: Any, approximate: bool = True) -> Any:
    """Returns x * P(Z <= x) for a standard normal variable Z (Hendrycks and Gimpel, 2016).

    Args:
        x: Tensor or array.
        approximate: Computes the probability by a formula with tanh in place of the error function.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.gelu([-1.0, 0.0, 1.0], approximate=False)
        array([-0.15865...,  0.        ,  0.84134... ], dtype=float32)
    """

    def simple(x: Any, approximate: bool) -> Any:
        if approximate:
            return 0.5 * x * (1.0 + tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))
        return 0.5 * x * (1.0 + erf(x * math.sqrt(0.5)))

    return _activation(x, activations.gelu, simple, approximate)


def glu(x: Any, axis: int = -1) -> Any:
    """Returns the gated linear unit: the first half of x along an axis times the sigmoid of the second half.

    Reference: Dauphin et al., 2016, "Language modeling with gated convolutional networks".

    Args:
        x: Tensor or array.
        axis: Axis along which x is split in two.

    Returns:
        Tensor or array of the shape of `x` with half the size along `axis`, float32.

    Raises:
        ValueError: `x` has no such axis, or its size there is odd.

    Example:
        >>> ops.glu([1.0, 2.0, 0.0, 0.0])
        array([0.5, 1. ], dtype=float32)
    """

    def simple(x: Any, axis: int) -> Any:
        first, second = slicing.split(x, 2, axis)
        return first * _sigmoid(second)

    return _activation(x, activations.glu, simple, axis, axis=axis)


def hard_tanh(x: Any) -> Any:
    """Returns x, limited to the range from -1 to 1. The gradient is 0 beyond that range.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.hard_tanh([-2.0, 0.5, 2.0])
        array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return _activation(x, activations.hard_tanh, lambda x: _between(x, -1.0, 1.0))


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Returns x where |x| > threshold, else 0. Values up to the threshold have no gradient.

    Args:
        x: Tensor or array.
        threshold: Values up to this absolute value become 0.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.hard_shrink([-1.0, 0.25, 1.0])
        array([-1.,  0.,  1.], dtype=float32)
    """
    return _activation(x, activations.hard_shrink, lambda x, t: where(absolute(x) > t, x, 0.0), threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Returns x - threshold above the threshold, x + threshold below -threshold, else 0.

    It is the proximal operator of threshold * |x|, a step of many sparse methods.

    Args:
        x: Tensor or array.
        threshold: Amount by which values move towards 0.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.soft_shrink([-1.0, 0.25, 1.0])
        array([-0.5,  0. ,  0.5], dtype=float32)
    """
    return _activation(
        x, activations.soft_shrink, lambda x, t: where(absolute(x) <= t, 0.0, x - t * sign(x)), threshold
    )


def tanh_shrink(x: Any) -> Any:
    """Returns x - tanh(x). Close to 0 it is x**3 / 3, so small values nearly vanish.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.tanh_shrink([0.0, 1.0])
        array([0.        , 0.23840...], dtype=float32)
    """
    return _activation(x, activations.tanh_shrink, lambda x: x - tanh(x))


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """Returns x where x > threshold, else `default_value`. Values that are replaced have no gradient.

    Args:
        x: Tensor or array.
        threshold: Values up to this one are replaced.
        default_value: Value in their place.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.threshold([0.5, 2.0], threshold=1.0, default_value=0.0)
        array([0., 2.], dtype=float32)
    """
    return _activation(
        x, activations.threshold, lambda x, t, otherwise: where(x > t, x, otherwise), threshold, default_value
    )


def squareplus(x: Any, b: float = 4) -> Any:
    """Returns (x + sqrt(x**2 + b)) / 2, a smooth approximation of relu (Barron, 2021). It needs no exponential.

    Args:
        x: Tensor or array.
        b: Smoothness; 0 gives relu.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.squareplus([0.0, 3.0], b=16)
        array([2., 4.], dtype=float32)
    """
    return _activation(x, activations.squareplus, lambda x, b: (x + sqrt(square(x) + b)) / 2.0, b)


def sparse_plus(x: Any) -> Any:
    """Returns 0 for x <= -1, x for x >= 1, and (x + 1)**2 / 4 between. Its derivative is `sparse_sigmoid`.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.sparse_plus([-2.0, 0.0, 2.0])
        array([0.  , 0.25, 2.  ], dtype=float32)
    """

    def simple(x: Any) -> Any:
        return where(x >= 1.0, x, square(clip(x, -1.0, 1.0) + 1.0) / 4.0)

    return _activation(x, activations.sparse_plus, simple)


def sparse_sigmoid(x: Any) -> Any:
    """Returns 0 for x <= -1, 1 for x >= 1, and (x + 1) / 2 between. It is the derivative of `sparse_plus`.

    Args:
        x: Tensor or array.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Example:
        >>> ops.sparse_sigmoid([-2.0, 0.0, 2.0])
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return _activation(x, activations.sparse_sigmoid, lambda x: (_between(x, -1.0, 1.0) + 1.0) / 2.0)


def _log_softmax(x: Any, axis: Any) -> Any:
    return x - reduction.logsumexp(x, axis, True)


def softmax(x: Any, axis: Any = -1) -> Any:
    """Returns exp(x) / sum(exp(x)) along axes: positive values whose sum is 1.

    The largest x is subtracted first, so that nothing overflows.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which the sum is 1; None: all.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.softmax([1.0, 1.0, 1.0, 1.0])
        array([0.25, 0.25, 0.25, 0.25], dtype=float32)
    """
    axis = _axes(x, axis)
    if is_traced(x) and isinstance(axis, tuple):
        made = tensor(x, floatx())
        if made.shape[:1] != (None,) or any(one % made.ndim == 0 for one in axis):
            return exp(_log_softmax(made, axis))
    return _activation(x, activations.softmax, lambda x, axis: exp(_log_softmax(x, axis)), axis, axis=axis)


def _axes(x: Any, axis: Any) -> Any:
    """Returns an axis, or a tuple of several; None means all."""
    return tuple(range(len(np.shape(x)))) if axis is None else tuple(axis) if isinstance(axis, list) else axis


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Returns the logarithm of the softmax, computed without loss of precision. Losses of logits are computed with it.

    Args:
        x: Tensor or array.
        axis: Axis or axes along which the softmax sums to 1; None: all.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.log_softmax([0.0, 0.0])
        array([-0.69314..., -0.69314...], dtype=float32)
    """
    axis = _axes(x, axis)
    if isinstance(axis, tuple):
        return _log_softmax(tensor(x, floatx()) if is_traced(x) else np.asarray(x, dtype=floatx()), axis)
    return _activation(x, activations.log_softmax, _log_softmax, axis, axis=axis)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """Returns the projection of x onto the probability simplex along an axis; small values become exactly 0.

    Reference: Martins and Astudillo, 2016, "From softmax to sparsemax".

    Args:
        x: Tensor or array.
        axis: Axis along which the result sums to 1.

    Returns:
        Tensor or array of the shape of `x`, float32.

    Raises:
        ValueError: `x` has no such axis.

    Example:
        >>> ops.sparsemax([0.5, 0.25, -1.0])
        array([0.625, 0.375, 0.   ], dtype=float32)
    """

    def simple(x: Any, axis: int) -> Any:
        falling = -ordering.sort(-x, axis)
        sums = cumulative.cumsum(falling, axis)
        counts = cumulative.cumsum(creation.ones_like(x), axis)
        within = falling * counts + 1.0 > sums
        count = reduction.sum(cast(within, floatx()), axis, True)
        excess = (reduction.sum(where(within, falling, 0.0), axis, True) - 1.0) / count
        return _positive(x - excess)

    return _activation(x, activations.sparsemax, simple, axis, axis=axis)
