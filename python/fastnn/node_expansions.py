"""Nodes of the core written out with `fastnn.ops`, for gradients of gradients.

`node_gradients.py` has the backward passes of what is elementary. A kind of this file is first written with functions
that are elementary or expand themselves: a normalization as means and products, a recurrent layer as its steps. What
was drawn or chosen in the forward pass, such as the units that a dropout keeps, counts as a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.ops.node import tensor
from fastnn.symbolic.variable import Variable


class Written:
    """A node to be written out.

    Args:
        config: Its arguments.
        inputs: What it read.
        weights: Its variables.
        output: What it made.
        slope: Returns the gradient of the sum of its outputs for its first input, as a constant.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        inputs: Sequence[Any],
        weights: Sequence[Variable],
        output: Any,
        slope: Callable[[], Any],
    ) -> None:
        self.config = config
        self.inputs = inputs
        self.weights = weights
        self.output = output
        self.slope = slope

    @property
    def x(self) -> Any:
        """The first input."""
        return self.inputs[0]

    def weight(self, i: int) -> Any:
        """Returns the value of a variable."""
        return tensor(self.weights[i])


Expansion = Callable[[Written], Any]
"""Returns the output of a node, written out; None where its arguments have no such form."""


def pair(value: Any) -> tuple[int, int]:
    """Returns the sizes of a window for height and width."""
    return (int(value),) * 2 if np.ndim(value) == 0 else (int(value[0]), int(value[1]))


def _axes(value: Any, rank: int) -> list[int]:
    return sorted(one % rank for one in ([value] if np.ndim(value) == 0 else value))


def _along(weight: Any, axes: Sequence[int], shape: Sequence[int | None]) -> Any:
    """Returns a weight in the shape in which it broadcasts along axes of a tensor."""
    return ops.reshape(weight, [shape[i] if i in axes else 1 for i in range(1, len(shape))])


def _normalized(x: Any, axes: Sequence[int], epsilon: float) -> Any:
    mean = ops.mean(x, axis=list(axes), keepdims=True)
    centered = x - mean
    return centered * ops.rsqrt(ops.mean(ops.square(centered), axis=list(axes), keepdims=True) + epsilon)


def _scaled(w: Written, made: Any, axes: Sequence[int]) -> Any:
    at = 0
    if w.config.get("scale", True):
        made, at = made * _along(w.weight(0), axes, made.shape), 1
    return made + _along(w.weight(at), axes, made.shape) if w.config.get("center", True) else made


def _layer_normalization(w: Written) -> Any:
    axes = _axes(w.config["axis"], len(w.x.shape))
    if w.config.get("rms_scaling"):
        return None
    return _scaled(w, _normalized(w.x, axes, w.config["epsilon"]), axes)


def _rms_normalization(w: Written) -> Any:
    axes = _axes(w.config["axis"], len(w.x.shape))
    made = w.x * ops.rsqrt(ops.mean(ops.square(w.x), axis=axes, keepdims=True) + w.config["epsilon"])
    return made * _along(w.weight(0), axes, made.shape) if w.weights else made


def _group_normalization(w: Written) -> Any:
    shape, rank = w.x.shape, len(w.x.shape)
    axis, groups = w.config["axis"] % rank, int(w.config["groups"])
    if axis != rank - 1 or None in shape[1:]:
        return None
    groups = shape[-1] if groups == -1 else groups
    parts = ops.reshape(w.x, (-1, *shape[1:-1], groups, shape[-1] // groups))
    made = _normalized(parts, [*range(1, rank - 1), rank], w.config["epsilon"])
    return _scaled(w, ops.reshape(made, (-1, *shape[1:])), [axis])


def _batch_normalization(w: Written) -> Any:
    rank = len(w.x.shape)
    axis = w.config["axis"] % rank
    if axis != rank - 1 or len(w.inputs) > 1:
        return None
    if w.config["training"] and not w.config["frozen"]:
        made = _normalized(w.x, [one for one in range(rank) if one != axis], w.config["epsilon"])
    else:
        mean, variance = (ops.stop_gradient(tensor(one)) for one in w.weights[-2:])
        made = (w.x - mean) * ops.rsqrt(variance + w.config["epsilon"])
    return _scaled(w, made, [axis])


def _unit_normalization(w: Written) -> Any:
    axes = _axes(w.config["axis"], len(w.x.shape))
    return w.x * ops.rsqrt(ops.maximum(ops.sum(ops.square(w.x), axis=axes, keepdims=True), 1e-12))


def _activation(w: Written) -> Any:
    x, word = w.x, w.config["activation"]
    if word == "gelu":
        return 0.5 * x * (1.0 + ops.erf(x * float(np.sqrt(0.5))))
    if word == "gelu_tanh":
        return 0.5 * x * (1.0 + ops.tanh(float(np.sqrt(2 / np.pi)) * (x + 0.044715 * x * ops.square(x))))
    if word == "selu":
        below = 1.7580993408473768 * (ops.exp(ops.minimum(x, 0.0)) - 1.0)
        return ops.where(x > 0, 1.0507009873554805 * x, below)
    if word == "relu6":
        return ops.clip(x, 0.0, 6.0)
    if word == "softsign":
        return x / (1.0 + ops.abs(x))
    if word == "mish":
        return x * ops.tanh(ops.softplus(x))
    return None


def _prelu(w: Written) -> Any:
    return ops.maximum(w.x, 0.0) + w.weight(0) * ops.minimum(w.x, 0.0)


def _max_pooling(w: Written) -> Any:
    """The largest of the pixels at each place of the window, which are slices of the image."""
    (high, wide), shape = pair(w.config["pool_size"]), w.x.shape
    down, across = pair(w.config["strides"] or w.config["pool_size"])
    if None in shape[1:]:
        return None
    rows, columns = w.output.shape[1:3]
    over = max((rows - 1) * down + high - shape[1], 0), max((columns - 1) * across + wide - shape[2], 0)
    x = w.x
    if any(over):
        border = [[0, 0], *([one // 2, one - one // 2] for one in over), [0, 0]]
        x = ops.pad(x, border, constant_values=-1e30)
    found: Any = None
    for i in range(high):
        for j in range(wide):
            one = x[:, i : i + (rows - 1) * down + 1 : down, j : j + (columns - 1) * across + 1 : across]
            found = one if found is None else ops.maximum(found, one)
    return found


def _average_pooling(w: Written) -> Any:
    (high, wide), shape = pair(w.config["pool_size"]), w.x.shape
    down, across = pair(w.config["strides"] or w.config["pool_size"])
    if None in shape[1:] or w.config["padding"] != "valid":
        return None
    rows, columns = w.output.shape[1:3]
    found: Any = 0.0
    for i in range(high):
        for j in range(wide):
            found = found + w.x[:, i : i + (rows - 1) * down + 1 : down, j : j + (columns - 1) * across + 1 : across]
    return found / float(high * wide)


def _over_all(reduce: Callable[..., Any]) -> Expansion:
    def expand(w: Written) -> Any:
        if len(w.inputs) > 1:
            return None
        axes = list(range(1, len(w.x.shape) - 1))
        return reduce(w.x, axis=axes, keepdims=bool(w.config.get("keepdims")))

    return expand


def _upsampling(w: Written) -> Any:
    if w.config["interpolation"] != "nearest":
        return None
    high, wide = pair(w.config["size"])
    return ops.repeat(ops.repeat(w.x, high, axis=1), wide, axis=2)


def _zero_padding(w: Written) -> Any:
    top, bottom, left, right = w.config["padding"]
    return ops.pad(w.x, [[0, 0], [top, bottom], [left, right], [0, 0]])


def _cropping(w: Written) -> Any:
    top, bottom, left, right = w.config["cropping"]
    if None in w.x.shape[1:3]:
        return None
    return w.x[:, top : w.x.shape[1] - bottom, left : w.x.shape[2] - right]


def _conv2d(w: Written) -> Any:
    """A convolution `same` whose strides do not divide the image, with its border written out."""
    shape, config = w.x.shape, w.config
    if config["padding"] != "same" or None in shape[1:3] or config.get("groups", 1) != 1:
        return None
    if any(one != 1 for one in pair(config["dilation_rate"])):
        return None
    border = []
    for size, made, kernel, stride in zip(
        shape[1:3], w.output.shape[1:3], pair(config["kernel_size"]), pair(config["strides"]), strict=True
    ):
        over = max((made - 1) * stride + kernel - size, 0)
        border.append([over // 2, over - over // 2])
    made = ops.conv(
        ops.pad(w.x, [[0, 0], *border, [0, 0]]), w.weights[0], pair(config["strides"]), "valid", "channels_last"
    )
    return made + w.weight(1) if len(w.weights) > 1 else made


def _conv1d(w: Written) -> Any:
    config = w.config
    (size,), (stride,), (rate,) = config["kernel_size"], config["strides"], config["dilation_rate"]
    steps = w.x.shape[1]
    if config.get("groups", 1) != 1 or steps is None or config["padding"] not in ("same", "valid", "causal"):
        return None
    reach, made = (size - 1) * rate + 1, w.output.shape[1]
    over = max((made - 1) * stride + reach - steps, 0)
    before = {"same": over // 2, "valid": 0, "causal": reach - 1}[config["padding"]]
    x = ops.pad(w.x, [[0, 0], [before, max(over - before, 0)], [0, 0]])
    found: Any = 0.0
    for i in range(size):
        taken = x[:, i * rate : i * rate + (made - 1) * stride + 1 : stride]
        found = found + ops.matmul(taken, w.weight(0)[i])
    return found + w.weight(1) if len(w.weights) > 1 else found


def _depthwise(w: Written, kernel: Any) -> Any:
    """Returns the sum over the places of a window of the pixels there, each times its weight."""
    shape, config = w.x.shape, w.config
    if None in shape[1:] or any(one != 1 for one in pair(config["dilation_rate"])):
        return None
    (high, wide), (down, across) = pair(config["kernel_size"]), pair(config["strides"])
    rows, columns = w.output.shape[1:3]
    over = max((rows - 1) * down + high - shape[1], 0), max((columns - 1) * across + wide - shape[2], 0)
    x = w.x
    if any(over):
        x = ops.pad(x, [[0, 0], *([one // 2, one - one // 2] for one in over), [0, 0]])
    found: Any = 0.0
    for i in range(high):
        for j in range(wide):
            one = x[:, i : i + (rows - 1) * down + 1 : down, j : j + (columns - 1) * across + 1 : across]
            found = found + ops.expand_dims(one, -1) * kernel[i, j]
    return ops.reshape(found, (-1, rows, columns, shape[3] * kernel.shape[3]))


def _depthwise_conv2d(w: Written) -> Any:
    found = _depthwise(w, w.weight(0))
    return found if found is None or len(w.weights) == 1 else found + w.weight(1)


def _separable_conv2d(w: Written) -> Any:
    found = _depthwise(w, w.weight(0))
    if found is None:
        return None
    made = ops.matmul(found, w.weight(1)[0, 0])
    return made + w.weight(2) if len(w.weights) > 2 else made


def _embedding(w: Written) -> Any:
    return ops.matmul(ops.one_hot(ops.cast(w.x, "int32"), w.weights[0].shape[0]), w.weight(0))


def _simple_recurrent(w: Written) -> bool:
    config = w.config
    plain = not any(config[name] for name in ("masked", "initial_state", "stateful", "return_state", "time_order"))
    usual = config["activation"] == "tanh" and config.get("recurrent_activation", "sigmoid") == "sigmoid"
    still = not config["dropout"] and not config["recurrent_dropout"]
    return plain and usual and still and w.x.shape[1] is not None


def _steps(w: Written, first: Any, step: Callable[[Any, Any], Any]) -> Any:
    """Returns the outputs of a recurrent layer: `step` makes (output, states) of one step of time."""
    order = range(w.x.shape[1])
    states, found = first, []
    for t in reversed(order) if w.config["go_backwards"] else order:
        output, states = step(w.x[:, t], states)
        found.append(output)
    return ops.stack(found, axis=1) if w.config["return_sequences"] else found[-1]


def _no_state(w: Written) -> Any:
    return ops.matmul(w.x[:, 0], np.zeros((w.x.shape[2], w.config["units"]), np.float32))


def _lstm(w: Written) -> Any:
    if not _simple_recurrent(w):
        return None
    units = w.config["units"]

    def step(x: Any, states: Any) -> Any:
        h, c = states
        made = ops.matmul(x, w.weight(0)) + ops.matmul(h, w.weight(1))
        made = made + w.weight(2) if len(w.weights) > 2 else made
        i, f, g, o = (made[:, k * units : (k + 1) * units] for k in range(4))
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, (h, c)

    return _steps(w, (_no_state(w), _no_state(w)), step)


def _gru(w: Written) -> Any:
    if not _simple_recurrent(w) or not w.config["reset_after"]:
        return None
    units = w.config["units"]

    def step(x: Any, h: Any) -> Any:
        inner, outer = ops.matmul(h, w.weight(1)), ops.matmul(x, w.weight(0))
        if len(w.weights) > 2:
            outer, inner = outer + w.weight(2)[0], inner + w.weight(2)[1]
        (z, r, n), (hz, hr, hn) = (
            [made[:, k * units : (k + 1) * units] for k in range(3)] for made in (outer, inner)
        )  # fmt: skip
        keep = ops.sigmoid(z + hz)
        h = keep * h + (1.0 - keep) * ops.tanh(n + ops.sigmoid(r + hr) * hn)
        return h, h

    return _steps(w, _no_state(w), step)


def _simple_rnn(w: Written) -> Any:
    if not _simple_recurrent(w):
        return None

    def step(x: Any, h: Any) -> Any:
        made = ops.matmul(x, w.weight(0)) + ops.matmul(h, w.weight(1))
        h = ops.tanh(made + w.weight(2) if len(w.weights) > 2 else made)
        return h, h

    return _steps(w, _no_state(w), step)


def _smoothed(w: Written, y: Any) -> Any:
    return None if w.config.get("label_smoothing") else ops.cast(y, "float32")


def _binary_crossentropy(w: Written) -> Any:
    y, x = _smoothed(w, w.inputs[0]), w.inputs[1]
    if y is None:
        return None
    if w.config["from_logits"]:
        values = ops.maximum(x, 0.0) - x * y + ops.log1p(ops.exp(-ops.abs(x)))
    else:
        x = ops.clip(x, 1e-7, 1.0 - 1e-7)
        values = -(y * ops.log(x) + (1.0 - y) * ops.log(1.0 - x))
    return ops.mean(values, axis=-1)


def _log_of_classes(w: Written, x: Any) -> Any:
    if w.config["from_logits"]:
        return ops.log_softmax(x, axis=-1)
    return ops.log(ops.clip(x / ops.sum(x, axis=-1, keepdims=True), 1e-7, 1.0 - 1e-7))


def _categorical_crossentropy(w: Written) -> Any:
    y, x = _smoothed(w, w.inputs[0]), w.inputs[1]
    return None if y is None else -ops.sum(y * _log_of_classes(w, x), axis=-1)


def _sparse_categorical_crossentropy(w: Written) -> Any:
    if w.config.get("ignore_class") is not None:
        return None
    y, x = w.inputs[0], w.inputs[1]
    y = ops.squeeze(y, -1) if len(y.shape) == len(x.shape) else y
    return -ops.sum(ops.one_hot(ops.cast(y, "int32"), x.shape[-1]) * _log_of_classes(w, x), axis=-1)


EXPANSIONS: dict[str, Expansion] = {
    "Activation": _activation,
    "AveragePooling2D": _average_pooling,
    "BatchNormalization": _batch_normalization,
    "Conv1D": _conv1d,
    "Conv2D": _conv2d,
    "Cropping2D": _cropping,
    "DepthwiseConv2D": _depthwise_conv2d,
    "Dropout": lambda w: w.x * w.slope(),
    "Embedding": _embedding,
    "GRU": _gru,
    "GaussianNoise": lambda w: w.x + ops.stop_gradient(w.output - w.x),
    "GlobalAveragePooling1D": _over_all(ops.mean),
    "GlobalMaxPooling1D": _over_all(ops.max),
    "GlobalMaxPooling2D": _over_all(ops.max),
    "GroupNormalization": _group_normalization,
    "LSTM": _lstm,
    "LayerNormalization": _layer_normalization,
    "MaxPooling2D": _max_pooling,
    "PReLU": _prelu,
    "Permute": lambda w: ops.transpose(w.x, (0, *w.config["dims"])),
    "RMSNormalization": _rms_normalization,
    "RepeatVector": lambda w: ops.repeat(ops.expand_dims(w.x, 1), w.config["n"], axis=1),
    "Rescaling": lambda w: w.x * np.asarray(w.config["scale"]) + np.asarray(w.config["offset"]),
    "SeparableConv2D": _separable_conv2d,
    "SimpleRNN": _simple_rnn,
    "UnitNormalization": _unit_normalization,
    "UpSampling2D": _upsampling,
    "ZeroPadding2D": _zero_padding,
    "binary_crossentropy": _binary_crossentropy,
    "categorical_crossentropy": _categorical_crossentropy,
    "sparse_categorical_crossentropy": _sparse_categorical_crossentropy,
}
"""Expansions by the kind of node."""
