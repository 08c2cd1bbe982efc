"""Functions of neural networks: activations, crossentropies, convolution and pooling, attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn import activations
from fastnn.activations import elu as elu
from fastnn.activations import gelu as gelu
from fastnn.activations import hard_sigmoid as hard_sigmoid
from fastnn.activations import leaky_relu as leaky_relu
from fastnn.activations import log_softmax as log_softmax
from fastnn.activations import mish as mish
from fastnn.activations import relu6 as relu6
from fastnn.activations import selu as selu
from fastnn.activations import sigmoid as sigmoid
from fastnn.activations import silu as silu
from fastnn.activations import softmax as softmax
from fastnn.activations import softplus as softplus
from fastnn.activations import softsign as softsign
from fastnn.activations import swish as swish
from fastnn.ops import elementwise as el
from fastnn.ops import linear, reduction, shaping
from fastnn.ops.node import node, tensor
from fastnn.symbolic import is_traced
from fastnn.variable import Variable


def relu(x: Any) -> Any:
    """max(x, 0)."""
    return activations.relu(x)


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)), exact far from 0."""
    return el.negative(softplus(el.negative(x)))


def normalize(x: Any, axis: int = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """x divided by its length along an axis.

    Args:
        x: A tensor or an array.
        axis: Along which.
        order: 1 or 2: which length.
        epsilon: The length is at least this; None: 1e-7.
    """
    least = 1e-7 if epsilon is None else epsilon
    if order == 2:
        squares = reduction.sum(el.square(x), axis, True)
        return el.multiply(x, el.rsqrt(el.maximum(squares, least**2)))
    return el.divide(x, el.maximum(reduction.norm(x, order, axis, True), least))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-(t log(p) + (1 - t) log(1 - p)) of each element.

    Args:
        target: 0 or 1, or chances.
        output: Chances, or logits where `from_logits`.
        from_logits: Whether `output` are logits.
    """
    if from_logits:
        return el.add(el.subtract(el.maximum(output, 0.0), el.multiply(output, target)),
                      el.log1p(el.exp(el.negative(el.absolute(output)))))  # fmt: skip
    p = el.clip(output, 1e-7, 1 - 1e-7)
    likely = el.add(el.multiply(target, el.log(p)), el.multiply(el.subtract(1.0, target), el.log(el.subtract(1.0, p))))
    return el.negative(likely)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-sum(t log(p)) along an axis.

    Args:
        target: One-hot rows, or chances.
        output: Chances, whose sum is made 1, or logits where `from_logits`.
        from_logits: Whether `output` are logits.
        axis: That of the classes.
    """
    if from_logits:
        return el.negative(reduction.sum(el.multiply(target, log_softmax(output, axis)), axis))
    shares = el.divide(output, reduction.sum(output, axis, True))
    return el.negative(reduction.sum(el.multiply(target, el.log(el.clip(shares, 1e-7, 1 - 1e-7))), axis))


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-log(p) of the class whose number the target is."""
    classes = output.shape[axis]
    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:
        target = shaping.squeeze(target, -1)
    hot = shaping.one_hot(el.cast(target, "int32"), classes, axis)
    return categorical_crossentropy(hot, output, from_logits, axis)


def _image_node(kind: str, inputs: Any, arguments: dict[str, Any], weights: Sequence[Variable], who: str) -> Any:
    if not is_traced(inputs):
        raise TypeError(f"ops.{who} computes within the call() of a layer or on symbolic tensors; call a layer on arrays")
    return node(kind, arguments, [tensor(inputs, "float32")], who, weights)


def conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Any:
    """A convolution of images.

    Args:
        inputs: Of shape (batch, height, width, channels).
        kernel: A variable of shape (height, width, channels, filters).
        strides: How far it moves.
        padding: "valid" or "same".
        data_format: "channels_last" or None.
        dilation_rate: The distance between its taps.

    Raises:
        TypeError: The kernel is no variable.
    """
    if not isinstance(kernel, Variable) or len(kernel.shape) != 4:
        raise TypeError("ops.conv expects a kernel that is a variable of four axes; make it with add_weight")
    arguments = {
        "filters": kernel.shape[3], "kernel_size": kernel.shape[:2], "strides": strides, "padding": padding,
        "dilation_rate": dilation_rate, "groups": 1, "use_bias": False,
    }  # fmt: skip
    return _image_node("Conv2D", inputs, arguments, [kernel], "conv")


def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None) -> Any:
    """The largest of each window of images."""
    arguments = {"pool_size": pool_size, "strides": pool_size if strides is None else strides, "padding": padding}
    return _image_node("MaxPooling2D", inputs, arguments, [], "max_pool")


def average_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None) -> Any:
    """The mean of each window of images."""
    arguments = {"pool_size": pool_size, "strides": pool_size if strides is None else strides, "padding": padding}
    return _image_node("AveragePooling2D", inputs, arguments, [], "average_pool")


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float = 1e-3, **kwargs: Any
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) along axes, scaled by gamma and shifted by beta."""
    mean, variance = reduction.moments(x, axis, True)
    made = el.multiply(el.subtract(x, mean), el.rsqrt(el.add(variance, epsilon)))
    made = made if gamma is None else el.multiply(made, gamma)
    return made if beta is None else el.add(made, beta)


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int = -1, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon), scaled and shifted, along an axis."""
    sizes = [1] * shaping.ndim(x)
    sizes[axis] = x.shape[axis]

    def along(value: Any) -> Any:
        return shaping.reshape(value, sizes) if axis not in (-1, len(sizes) - 1) else value

    made = el.multiply(el.subtract(x, along(mean)), el.rsqrt(el.add(along(variance), epsilon)))
    made = made if scale is None else el.multiply(made, along(scale))
    return made if offset is None else el.add(made, along(offset))


def dot_product_attention(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: float | None = None,
    is_causal: bool = False, flash_attention: Any = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """softmax(query key^T * scale) value, for each head (Vaswani et al., 2017, "Attention is all you need").

    Args:
        query: Of shape (batch, places, heads, size).
        key: Of shape (batch, other places, heads, size).
        value: As `key`.
        bias: Added to the scores, (batch, heads, places, other places), or None.
        mask: True where a place looks at another, of that shape, or None.
        scale: None: 1 / sqrt(size).
        is_causal: Whether a place looks at none that follow it.
        flash_attention: No effect.
        **kwargs: No effect.
    """
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = linear.einsum("btnh,bsnh->bnts", query, key) * factor
    scores = scores if bias is None else el.add(scores, bias)
    if is_causal:
        causal = np.tril(np.ones((query.shape[1], key.shape[1]), bool))
        scores = el.where(causal, scores, -1e9)
    scores = scores if mask is None else el.where(mask, scores, -1e9)
    return linear.einsum("bnts,bsnh->btnh", softmax(scores), value)
