"""Functions of neural networks: activations, crossentropies, normalization and attention."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import activations
from fastnn.ops import elementwise as el
from fastnn.ops import linear, making, ordering, reduction, shaping
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.making import multi_hot as multi_hot
from fastnn.ops.making import one_hot as one_hot
from fastnn.ops.node import tensor
from fastnn.ops.reduction import moments as moments
from fastnn.ops.windows import adaptive_average_pool as adaptive_average_pool
from fastnn.ops.windows import adaptive_max_pool as adaptive_max_pool
from fastnn.ops.windows import average_pool as average_pool
from fastnn.ops.windows import conv as conv
from fastnn.ops.windows import conv_transpose as conv_transpose
from fastnn.ops.windows import depth_to_space as depth_to_space
from fastnn.ops.windows import depthwise_conv as depthwise_conv
from fastnn.ops.windows import max_pool as max_pool
from fastnn.ops.windows import separable_conv as separable_conv
from fastnn.ops.windows import space_to_depth as space_to_depth
from fastnn.ops.windows import unfold as unfold
from fastnn.symbolic.tensors import is_traced

_EPSILON = 1e-7


# Activations. With a batch they are the layers' own nodes; what has none is put together from simpler functions.


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
    return el.maximum(x, 0.0)


def _negative(x: Any) -> Any:
    return el.minimum(x, 0.0)


def relu(x: Any) -> Any:
    """max(x, 0); whole numbers stay so."""
    if el.dtype(x) != "float32":
        return el.maximum(x, 0)
    return _activation(x, activations.relu, _positive)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x above zero, `negative_slope` * x below."""
    return _activation(x, activations.leaky_relu, lambda x, slope: _positive(x) + slope * _negative(x), negative_slope)


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return _activation(x, activations.relu6, lambda x: el.clip(x, 0.0, 6.0))


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)): any number to one between 0 and 1."""
    return _activation(x, activations.sigmoid, _sigmoid)


_sigmoid = el.unary("sigmoid")


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)), exact far from 0."""
    return _activation(x, activations.log_sigmoid, lambda x: -_softplus(-x))


def hard_sigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6: a sigmoid of straight lines."""
    return _activation(x, activations.hard_sigmoid, lambda x: el.clip(x + 3.0, 0.0, 6.0) / 6.0)


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish."""
    return _activation(x, activations.silu, lambda x: x * _sigmoid(x))


swish = silu


def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x), also called hard_swish."""
    return _activation(x, activations.hard_silu, lambda x: x * el.clip(x + 3.0, 0.0, 6.0) / 6.0)


hard_swish = hard_silu


def _softplus(x: Any) -> Any:
    return el.logaddexp(x, 0.0)


def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return _activation(x, activations.softplus, _softplus)


def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return _activation(x, activations.softsign, lambda x: x / (1.0 + el.absolute(x)))


def mish(x: Any) -> Any:
    """x * tanh(softplus(x))."""
    return _activation(x, activations.mish, lambda x: x * el.tanh(_softplus(x)))


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x above zero, alpha * (exp(x) - 1) below."""
    return _activation(x, activations.elu, lambda x, a: _positive(x) + a * el.expm1(_negative(x)), alpha)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """x above zero, alpha * (exp(x / alpha) - 1) below."""
    return _activation(x, activations.celu, lambda x, a: _positive(x) + a * el.expm1(_negative(x) / a), alpha)


def selu(x: Any) -> Any:
    """The scaled `elu` that keeps mean 0 and variance 1 from layer to layer (Klambauer et al., 2017)."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return _activation(x, activations.selu, lambda x: scale * (_positive(x) + alpha * el.expm1(_negative(x))))


def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the chance that a normal number is below x; with tanh in place of erf where `approximate`."""

    def simple(x: Any, approximate: bool) -> Any:
        if approximate:
            return 0.5 * x * (1.0 + el.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))
        return 0.5 * x * (1.0 + el.erf(x * math.sqrt(0.5)))

    return _activation(x, activations.gelu, simple, approximate)


def glu(x: Any, axis: int = -1) -> Any:
    """The first half of x along an axis times the sigmoid of the second half."""

    def simple(x: Any, axis: int) -> Any:
        first, second = shaping.split(x, 2, axis)
        return first * _sigmoid(second)

    return _activation(x, activations.glu, simple, axis, axis=axis)


def hard_tanh(x: Any) -> Any:
    """x, kept within -1 and 1."""
    return _activation(x, activations.hard_tanh, lambda x: el.clip(x, -1.0, 1.0))


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where |x| > threshold, else 0."""
    return _activation(x, activations.hard_shrink, lambda x, t: el.where(el.absolute(x) > t, x, 0.0), threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x drawn towards zero by `threshold`, at most up to zero."""
    return _activation(x, activations.soft_shrink, lambda x, t: _positive(x - t) + _negative(x + t), threshold)


def tanh_shrink(x: Any) -> Any:
    """x - tanh(x)."""
    return _activation(x, activations.tanh_shrink, lambda x: x - el.tanh(x))


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where x > threshold, else `default_value`."""
    return _activation(
        x, activations.threshold, lambda x, t, otherwise: el.where(x > t, x, otherwise), threshold, default_value
    )


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x**2 + b)) / 2: a `softplus` without exponentials."""
    return _activation(x, activations.squareplus, lambda x, b: (x + el.sqrt(el.square(x) + b)) / 2.0, b)


def sparse_plus(x: Any) -> Any:
    """0 up to -1, (x + 1)**2 / 4 up to 1, then x."""

    def simple(x: Any) -> Any:
        return el.where(x >= 1.0, x, el.square(el.clip(x, -1.0, 1.0) + 1.0) / 4.0)

    return _activation(x, activations.sparse_plus, simple)


def sparse_sigmoid(x: Any) -> Any:
    """0 up to -1, (x + 1) / 2 up to 1, then 1."""
    return _activation(x, activations.sparse_sigmoid, lambda x: (el.clip(x, -1.0, 1.0) + 1.0) / 2.0)


def _log_softmax(x: Any, axis: Any) -> Any:
    return x - reduction.logsumexp(x, axis, True)


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, or several: positive numbers whose sum is 1."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    if is_traced(x) and isinstance(axis, tuple):
        made = tensor(x, "float32")
        if made.shape[:1] != (None,) or any(one % made.ndim == 0 for one in axis):
            return el.exp(_log_softmax(made, axis))
    return _activation(x, activations.softmax, lambda x, axis: el.exp(_log_softmax(x, axis)), axis, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of `softmax`, without its loss of digits."""
    return _activation(x, activations.log_softmax, _log_softmax, axis, axis=axis)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The nearest to x of all that sum to 1 along an axis and are nowhere below 0 (Martins and Astudillo, 2016)."""

    def simple(x: Any, axis: int) -> Any:
        if x.shape[axis] is None:
            raise ValueError("ops.sparsemax: the batch is not an axis along which numbers are sorted; choose another")
        falling = -ordering.sort(-x, axis)
        sums = reduction.cumsum(falling, axis)
        sizes = [1] * x.ndim
        sizes[axis] = x.shape[axis]
        counts = np.arange(1, x.shape[axis] + 1, dtype=np.float32).reshape(sizes)
        within = falling * counts + 1.0 > sums
        count = reduction.sum(el.cast(within, "float32"), axis, True)
        excess = (reduction.sum(el.where(within, falling, 0.0), axis, True) - 1.0) / count
        return _positive(x - excess)

    return _activation(x, activations.sparsemax, simple, axis, axis=axis)


# Losses.


def _same_shapes(target: Any, output: Any, who: str) -> None:
    sizes = [tuple(x.shape) if hasattr(x, "shape") else np.shape(x) for x in (target, output)]
    fits = len(sizes[0]) == len(sizes[1]) and all(
        a == b or None in (a, b) for a, b in zip(sizes[0], sizes[1], strict=True)
    )
    if not fits:
        raise ValueError(f"ops.{who} expects target and output of one shape, got {sizes[0]} and {sizes[1]}")


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-(t log(p) + (1 - t) log(1 - p)) of each element.

    Args:
        target: 0 or 1, or chances.
        output: Chances, or logits where `from_logits`.
        from_logits: Whether `output` are logits.

    Raises:
        ValueError: Their shapes differ.
    """
    _same_shapes(target, output, "binary_crossentropy")
    target, output = el.cast(target, "float32"), el.cast(output, "float32")
    if from_logits:
        away = el.log1p(el.exp(el.negative(el.absolute(output))))
        return el.add(el.subtract(relu(output), el.multiply(output, target)), away)
    p = el.clip(output, _EPSILON, 1 - _EPSILON)
    likely = el.add(el.multiply(target, el.log(p)), el.multiply(el.subtract(1.0, target), el.log(el.subtract(1.0, p))))
    return el.negative(likely)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-sum(t log(p)) along an axis.

    Args:
        target: One-hot rows, or chances.
        output: Chances, whose sum is made 1, or logits where `from_logits`.
        from_logits: Whether `output` are logits.
        axis: That of the classes.

    Raises:
        ValueError: Their shapes differ.
    """
    _same_shapes(target, output, "categorical_crossentropy")
    target, output = el.cast(target, "float32"), el.cast(output, "float32")
    if from_logits:
        return el.negative(reduction.sum(el.multiply(target, log_softmax(output, axis)), axis))
    shares = el.divide(output, reduction.sum(output, axis, True))
    return el.negative(reduction.sum(el.multiply(target, el.log(el.clip(shares, _EPSILON, 1 - _EPSILON))), axis))


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-log(p) of the class whose number the target is; arguments as of `categorical_crossentropy`.

    Raises:
        ValueError: The target has not the shape of the output without the axis of the classes.
    """
    target, output = el.convert_to_tensor(target), el.cast(output, "float32")
    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:
        target = shaping.squeeze(target, -1)
    if len(target.shape) != len(output.shape) - 1:
        raise ValueError(
            f"ops.sparse_categorical_crossentropy expects a target of the output's shape without the classes, got "
            f"{tuple(target.shape)} for {tuple(output.shape)}; for one-hot rows use ops.categorical_crossentropy"
        )
    hot = making.one_hot(el.cast(target, "int32"), output.shape[axis], axis)
    return categorical_crossentropy(hot, output, from_logits, axis)


@as_in_keras(class_name="PSNR")
def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """How near two images are: 10 log10(max_val**2 / mean squared difference)."""
    error = reduction.mean(el.square(el.subtract(x1, x2)))
    return el.subtract(20.0 * math.log10(max_val), el.multiply(10.0, el.log10(error)))


# Normalization.


def normalize(x: Any, axis: Any = -1, order: Any = 2, epsilon: float | None = None) -> Any:
    """x divided by its length along an axis.

    Args:
        x: A tensor or an array.
        axis: Along which, one or several.
        order: Which length: a whole number, of which 2 is the usual.
        epsilon: The length is at least this; None: 1e-7.
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"ops.normalize expects order to be a whole number of at least 1, got {order!r}")
    x = el.cast(x, "float32")
    least = _EPSILON if epsilon is None else epsilon
    if order == 2:
        return el.multiply(x, el.rsqrt(el.maximum(reduction.sum(el.square(x), axis, True), least**2)))
    powers = reduction.sum(el.power(el.absolute(x), float(order)), axis, True)
    return el.divide(x, el.maximum(el.power(powers, 1.0 / order), least))


@as_in_keras(class_name="LayerNorm")
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) along axes, scaled by gamma and shifted by beta.

    Args:
        x: A tensor or an array.
        gamma: The scale, of the shape of x along the axes; None: 1.
        beta: The shift; None: 0.
        axis: Along which, one or several.
        epsilon: Added to the variance; None: 1e-7.
        **kwargs: None are known.
    """
    if kwargs:
        raise TypeError(f"ops.layer_normalization has no argument {sorted(kwargs)[0]!r}")
    x = el.cast(x, "float32")
    mean, variance = reduction.moments(x, axis, True)
    made = el.multiply(el.subtract(x, mean), el.rsqrt(el.add(variance, _EPSILON if epsilon is None else epsilon)))
    made = made if gamma is None else el.multiply(made, _along(gamma, x, axis))
    return made if beta is None else el.add(made, _along(beta, x, axis))


def _along(value: Any, x: Any, axis: Any) -> Any:
    """With axes of size 1 where x has others."""
    rank = len(x.shape)
    axes = sorted(one % rank for one in ([axis] if isinstance(axis, (int, np.integer)) else axis))
    if len(value.shape) in (0, rank) or axes == list(range(rank - len(axes), rank)):
        return value
    return shaping.reshape(value, [x.shape[i] if i in axes else 1 for i in range(rank)])


@as_in_keras(class_name="RMSNorm")
def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Any:
    """x / sqrt(mean of squares + epsilon) along axes, scaled (Zhang and Sennrich, 2019)."""
    x = el.cast(x, "float32")
    squares = reduction.mean(el.square(x), axis, True)
    made = el.multiply(x, el.rsqrt(el.add(squares, _EPSILON if epsilon is None else epsilon)))
    return made if scale is None else el.multiply(made, _along(el.convert_to_tensor(scale), x, axis))


@as_in_keras(class_name="BatchNorm", required="epsilon")
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon), scaled and shifted, along an axis."""
    x = el.cast(x, "float32")

    def along(value: Any) -> Any:
        return _along(el.convert_to_tensor(value), x, axis)

    made = el.multiply(el.subtract(x, along(mean)), el.rsqrt(el.add(along(variance), epsilon)))
    made = made if scale is None else el.multiply(made, along(scale))
    return made if offset is None else el.add(made, along(offset))


# Attention.


def dot_product_attention(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: float | None = None,
    is_causal: bool = False, flash_attention: Any = None, attn_logits_soft_cap: float | None = None,
) -> Any:  # fmt: skip
    """softmax(query key^T * scale) value, for each head (Vaswani et al., 2017, "Attention is all you need").

    Args:
        query: Of shape (batch, places, heads, size).
        key: Of shape (batch, other places, heads, size); one head may serve several of the query's.
        value: As `key`.
        bias: Added to the scores, (batch, heads, places, other places), or None.
        mask: True where a place looks at another, of that shape, or None.
        scale: None: 1 / sqrt(size).
        is_causal: Whether a place looks at none that follow it.
        flash_attention: No effect.
        attn_logits_soft_cap: Scores are kept within this, by a tanh; None: they are not.

    Raises:
        ValueError: An operand has not four axes.
    """
    query, key, value = (el.cast(x, "float32") for x in (query, key, value))
    if any(len(x.shape) != 4 for x in (query, key, value)):
        got = [tuple(x.shape) for x in (query, key, value)]
        raise ValueError(f"ops.dot_product_attention expects (batch, places, heads, size), got {got}")
    shared = query.shape[2] // key.shape[2]
    if shared > 1:
        key, value = shaping.repeat(key, shared, 2), shaping.repeat(value, shared, 2)
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = el.multiply(linear.einsum("btnh,bsnh->bnts", query, key), factor)
    if attn_logits_soft_cap is not None:
        scores = el.multiply(el.tanh(el.divide(scores, attn_logits_soft_cap)), attn_logits_soft_cap)
    scores = scores if bias is None else el.add(scores, bias)
    least = float(np.finfo(np.float32).min) * 0.7
    if is_causal:
        scores = el.where(np.tril(np.ones((query.shape[1], key.shape[1]), bool)), scores, least)
    scores = scores if mask is None else el.where(mask, scores, least)
    return linear.einsum("bnts,bsnh->btnh", softmax(scores), value)
