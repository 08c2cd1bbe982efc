"""Exporters of layers that are one node: products, windows, normalization, merging, shapes, tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from fastnn import _core
from fastnn.export.onnx.graph import WHOLE, Array, Builder, exports, from_shapes
from fastnn.export.tape import Node


def _list(value: Any, count: int) -> list[int]:
    return [int(value)] * count if isinstance(value, (int, np.integer)) else [int(one) for one in value]


# Products -------------------------------------------------------------------------------------------------------------


def _kernel_and_bias(node: Node) -> tuple[Array, Array | None]:
    kernel, *rest = node.weights.values()
    return kernel, rest[0] if rest else None


@exports("Dense")
def _dense(b: Builder, node: Node) -> None:
    kernel, bias = _kernel_and_bias(node)
    x = b.last(node.inputs[0])
    if b.rank(node.inputs[0]) == 2:
        y = b.op("Gemm", x, b.constant(kernel), *([] if bias is None else [b.constant(bias)]))
    else:
        y = b.op("MatMul", x, b.constant(kernel))
        y = y if bias is None else b.op("Add", y, b.constant(bias))
    b.put(node.outputs[0], y)


@exports("EinsumDense")
def _einsum_dense(b: Builder, node: Node) -> None:
    """Writes one product, with several axes joined to one before and after it."""
    kernel, bias = _kernel_and_bias(node)
    x, features = _joined(b, node)
    y = b.op("MatMul", x, b.constant(kernel.reshape(features, -1)))
    _put_product(b, node, y, bias)


def _joined(b: Builder, node: Node) -> tuple[str, int]:
    """Returns the input of a product with the contracted axes joined to one, and its size."""
    source, contracted = node.inputs[0], int(node.config.get("contracted", 1))
    shape = b.shape(source)
    kept, features = shape[: len(shape) - contracted], math.prod(size or 0 for size in shape[len(shape) - contracted :])
    x = b.last(source)
    return (b.reshaped(x, node, [*kept, features]) if contracted > 1 else x), features


def _put_product(b: Builder, node: Node, y: str, bias: Array | None) -> None:
    """Writes the end of a product: its bias, and the axes of the output."""
    y = y if bias is None else b.op("Add", y, b.constant(bias.reshape(-1)))
    several = len(node.config.get("output_shape", ())) > 1
    b.put(node.outputs[0], b.reshaped(y, node, b.shape(node.outputs[0])) if several else y)


@exports("Bfloat16Dense", "Bfloat16EinsumDense")
def _bfloat16_dense(b: Builder, node: Node) -> None:
    """Writes a product in float32 of operands that were rounded to bfloat16 and back."""
    kernel, bias = _kernel_and_bias(node)
    x, features = _joined(b, node)
    operands = [b.cast(b.cast(one, "bfloat16"), "float32") for one in (x, b.constant(kernel.reshape(features, -1)))]
    _put_product(b, node, b.op("MatMul", *operands), bias)


@exports("QuantizedDense")
def _quantized_dense(b: Builder, node: Node) -> None:
    kernel, (x, features) = node.weights["kernel"], _joined(b, node)
    kernel = kernel.reshape(-1, features).T if node.config.get("transposed") else kernel.reshape(features, -1)
    _put_product(b, node, _quantized_product(b, node, x, kernel), node.weights.get("bias"))


def _quantized_product(b: Builder, node: Node, x: str, kernel: Array) -> str:
    """Adds a product of integers, whose right operand the file holds as they are."""
    config, scales = node.config, b.constant(node.weights["kernel_scale"].reshape(-1))
    if not config["sums_integers"]:
        return str(b.op("MatMul", x, b.op("Div", b.cast(b.constant(kernel, np.int8), "float32"), scales)))
    largest = b.op("ReduceMax", b.op("Abs", x), axes=[-1], keepdims=1)
    of_rows = b.op("Div", b.constant(config["high"]), b.op("Add", largest, b.constant(config["epsilon"])))
    rounded = b.op("Round", b.op("Mul", x, of_rows))
    integers = b.op("Clip", rounded, b.constant(config["low"]), b.constant(config["high"]))
    sums = b.op("MatMulInteger", b.cast(integers, "int8"), b.constant(kernel, np.int8))
    return str(b.op("Div", b.cast(sums, "float32"), b.op("Mul", of_rows, scales)))


class _Window:
    """Spatial arguments of a convolution or pooling."""

    def __init__(self, b: Builder, node: Node, size: Any) -> None:
        config = node.config
        self.sizes: Sequence[int | None] = b.shape(node.inputs[0])[1:-1]
        self.rank = len(self.sizes)
        self.size = _list(size, self.rank)
        strides = config.get("strides")
        self.strides = self.size if strides is None else _list(strides, self.rank)
        self.dilations = _list(config.get("dilation_rate") or 1, self.rank)
        self.spans = [(k - 1) * d + 1 for k, d in zip(self.size, self.dilations, strict=True)]
        self.padding = str(config.get("padding") or "valid")

    def pads(self) -> dict[str, Any]:
        """Returns the attribute of ONNX for the padding."""
        if self.padding == "valid":
            return {"pads": [0] * (2 * self.rank)}
        if self.padding == "causal":
            return {"pads": [self.spans[0] - 1, 0]}
        if any(size is None for size in self.sizes):
            return {"auto_pad": "SAME_UPPER"}
        before, after = [], []
        for size, stride, span in zip(self.sizes, self.strides, self.spans, strict=True):
            assert size is not None
            total = max((math.ceil(size / stride) - 1) * stride + span - size, 0)
            before.append(total // 2)
            after.append(total - total // 2)
        return {"pads": before + after}


def _convolved(b: Builder, x: str, window: _Window, kernel: Array, bias: Array | None, group: int) -> str:
    """Adds a convolution with channels first. The kernel is (*size, channels of a group, filters)."""
    rank = window.rank
    turned = kernel.transpose(rank + 1, rank, *range(rank))
    inputs = [x, b.constant(turned), *([] if bias is None else [b.constant(bias)])]
    return str(
        b.op("Conv", *inputs, kernel_shape=window.size, strides=window.strides, dilations=window.dilations, group=group,
             **window.pads())
    )  # fmt: skip


@exports("Conv1D", "Conv2D", "Conv3D")
def _convolution(b: Builder, node: Node) -> None:
    kernel, bias = _kernel_and_bias(node)
    window = _Window(b, node, node.config["kernel_size"])
    group = int(node.config.get("groups") or 1)
    b.put_first(node.outputs[0], _convolved(b, b.first(node.inputs[0]), window, kernel, bias, group))


@exports("QuantizedConv1D", "QuantizedConv2D", "QuantizedConv3D")
def _quantized_convolution(b: Builder, node: Node) -> None:
    """Writes a product of the windows, since each is quantized by itself."""
    kernel, bias = node.weights["kernel"], node.weights.get("bias")
    window = _Window(b, node, node.config["kernel_size"])
    y = _quantized_product(b, node, _windows(b, node, window), kernel.reshape(-1, kernel.shape[-1]))
    b.put(node.outputs[0], y if bias is None else b.op("Add", y, b.constant(bias)))


def _windows(b: Builder, node: Node, window: _Window) -> str:
    """Returns (batch, *positions, elements of a window): the elements in the order of the kernel, channels last."""
    x, rank = b.last(node.inputs[0]), window.rank
    pads = window.pads().get("pads")
    if pads is None:
        if any(stride > 1 for stride in window.strides):
            raise b.refusal(node, 'quantized with strides and padding="same", it needs images of a known size')
        pads = [(span - 1) // 2 for span in window.spans] + [span // 2 for span in window.spans]
    if any(pads):
        x = b.op("Pad", x, b.ints([0, *pads[:rank], 0, 0, *pads[rank:], 0]))
    if math.prod(window.size) == 1 and max(window.strides) == 1:
        return x
    parts = []
    for place in np.ndindex(*window.size):
        starts = [index * dilation for index, dilation in zip(place, window.dilations, strict=True)]
        behind = [span - 1 - start for span, start in zip(window.spans, starts, strict=True)]
        ends = [-size if size else WHOLE for size in behind]
        axes = range(1, rank + 1)
        parts.append(b.op("Slice", x, b.ints(starts), b.ints(ends), b.ints(axes), b.ints(window.strides)))
    return parts[0] if len(parts) == 1 else str(b.op("Concat", *parts, axis=rank + 1))


def _by_depth(kernel: Array) -> Array:
    """Returns a depthwise kernel (*size, channels, multiplier) as that of a convolution with a group per channel."""
    *size, channels, multiplier = kernel.shape
    return kernel.reshape(*size, 1, channels * multiplier)


@exports("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(b: Builder, node: Node) -> None:
    kernel, bias = _kernel_and_bias(node)
    window = _Window(b, node, node.config["kernel_size"])
    y = _convolved(b, b.first(node.inputs[0]), window, _by_depth(kernel), bias, kernel.shape[-2])
    b.put_first(node.outputs[0], y)


@exports("SeparableConv1D", "SeparableConv2D")
def _separable(b: Builder, node: Node) -> None:
    depthwise, pointwise, *rest = node.weights.values()
    window = _Window(b, node, node.config["kernel_size"])
    y = _convolved(b, b.first(node.inputs[0]), window, _by_depth(depthwise), None, depthwise.shape[-2])
    rank = window.rank
    inputs = [y, b.constant(pointwise.transpose(rank + 1, rank, *range(rank))), *(b.constant(one) for one in rest)]
    b.put_first(node.outputs[0], b.op("Conv", *inputs))


@exports("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def _transposed(b: Builder, node: Node) -> None:
    kernel, bias = _kernel_and_bias(node)
    window = _Window(b, node, node.config["kernel_size"])
    rank = window.rank
    wanted = b.shape(node.outputs[0])[1:-1]
    given = node.config.get("output_padding")
    extra = None if given is None else _list(given, rank)
    begins, ends, further = [], [], []
    for i, (size, out) in enumerate(zip(window.sizes, wanted, strict=True)):
        stride, span = window.strides[i], window.spans[i]
        if size is None or out is None:
            raise b.refusal(node, "a transposed convolution needs images of a known size")
        begin = 0
        if window.padding == "same":
            padding = stride + span - 2 if extra is None else span + span % 2 - 2 + extra[i]
            begin = span - 1 - min((padding + 1) // 2, span - 1)
        end = (size - 1) * stride + span - begin - out
        begins.append(begin)
        ends.append(max(end, 0))
        further.append(max(-end, 0))
    inputs = [b.first(node.inputs[0]), b.constant(kernel.transpose(rank + 1, rank, *range(rank)))]
    y = b.op("ConvTranspose", *inputs, strides=window.strides, dilations=window.dilations, pads=begins + ends)
    if any(further):
        # Outputs that no input reaches at the end are zero before the bias.
        y = b.op("Pad", y, b.ints([0] * (rank + 2) + [0, 0, *further]))
    if bias is not None:
        y = b.op("Add", y, b.constant(bias.reshape(-1, *[1] * rank)))
    b.put_first(node.outputs[0], y)


# Pooling --------------------------------------------------------------------------------------------------------------


@exports("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
def _pooling(b: Builder, node: Node) -> None:
    window = _Window(b, node, node.config.get("pool_size") or 2)
    kind = "MaxPool" if node.kind.startswith("Max") else "AveragePool"
    y = b.op(kind, b.first(node.inputs[0]), kernel_shape=window.size, strides=window.strides, **window.pads())
    b.put_first(node.outputs[0], y)


@exports("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GlobalAveragePooling1D",
         "GlobalAveragePooling2D", "GlobalAveragePooling3D")  # fmt: skip
def _global_pooling(b: Builder, node: Node) -> None:
    source, to = node.inputs[0], node.outputs[0]
    kind = "ReduceMax" if "Max" in node.kind else "ReduceMean"
    keep = int(bool(node.config.get("keepdims")))
    rank = b.rank(source)
    places = list(range(1, rank - 1))
    if node.config.get("masked"):
        mask = b.op("Unsqueeze", b.last(node.inputs[1]), b.ints([-1]))
        total = b.op("ReduceSum", b.op("Where", mask, b.last(source), b.constant(0.0)), b.ints(places), keepdims=keep)
        count = b.op("ReduceSum", b.cast(mask, "float32"), b.ints(places), keepdims=keep)
        b.put(to, b.op("Div", total, b.op("Max", count, b.constant(1.0))))
    elif b.turned(source):
        b.put(to, b.op(kind, b.first(source), axes=list(range(2, rank)), keepdims=keep), bool(keep))
    else:
        b.put(to, b.op(kind, b.last(source), axes=places, keepdims=keep))


# Normalisation --------------------------------------------------------------------------------------------------------


@exports("BatchNormalization")
def _batch_normalization(b: Builder, node: Node) -> None:
    if node.config.get("training") and not node.config.get("frozen"):
        raise b.refusal(node, "it was called with training=True and learns while it predicts")
    weights = {name: value.astype(np.float64) for name, value in node.weights.items()}
    scale = weights.get("gamma", 1.0) / np.sqrt(weights["moving_variance"] + node.config["epsilon"])
    shift = weights.get("beta", 0.0) - weights["moving_mean"] * scale
    (axis,) = b.axes(node, "axis")
    source, to = node.inputs[0], node.outputs[0]
    first = b.turned(source)
    x, factor = b.along(source, axis, scale)
    _, term = b.along(source, axis, shift)
    b.put(to, b.op("Add", b.op("Mul", x, factor), term), first and b.turned(source))


def _normalised(b: Builder, x: str, axes: list[int], epsilon: float, centred: bool) -> str:
    if centred:
        x = b.op("Sub", x, b.op("ReduceMean", x, axes=axes, keepdims=1))
    square = b.op("ReduceMean", b.op("Mul", x, x), axes=axes, keepdims=1)
    return str(b.op("Div", x, b.op("Sqrt", b.op("Add", square, b.constant(epsilon)))))


@exports("LayerNormalization", "RMSNormalization", "UnitNormalization")
def _row_normalization(b: Builder, node: Node) -> None:
    source, axes = node.inputs[0], b.axes(node, "axis")
    x = b.last(source)
    if node.kind == "UnitNormalization":
        norm = b.op("ReduceSumSquare", x, axes=axes, keepdims=1)
        b.put(node.outputs[0], b.op("Div", x, b.op("Sqrt", b.op("Max", norm, b.constant(1e-12)))))
        return
    layer = node.kind == "LayerNormalization"
    epsilon = float(node.config.get("epsilon", 1e-3 if layer else 1e-6))
    if layer and node.config.get("rms_scaling"):
        centred = b.op("Sub", x, b.op("ReduceMean", x, axes=axes, keepdims=1))
        variance = b.op("ReduceMean", b.op("Mul", centred, centred), axes=axes, keepdims=1)
        y = b.op("Div", x, b.op("Sqrt", b.op("Add", variance, b.constant(epsilon))))
    else:
        y = _normalised(b, x, axes, epsilon, layer)
    shape = [size if i in axes else 1 for i, size in enumerate(b.shape(source))][1:]
    for operation, role in (("Mul", "gamma"), ("Mul", "scale"), ("Add", "beta")):
        if role in node.weights:
            y = b.op(operation, y, b.constant(node.weights[role].reshape([size or 1 for size in shape])))
    b.put(node.outputs[0], y)


@exports("GroupNormalization")
def _group_normalization(b: Builder, node: Node) -> None:
    source, to = node.inputs[0], node.outputs[0]
    shape, rank = b.shape(source), b.rank(source)
    axis = int(node.config.get("axis", -1)) % rank
    channels = shape[axis]
    assert channels is not None
    groups = int(node.config.get("groups", 32))
    groups = channels if groups == -1 else groups
    order = [0, axis, *(i for i in range(1, rank) if i != axis)]
    x = b.op("Transpose", b.last(source), perm=order)
    folded = b.reshaped(x, node, [None, groups, None])
    y = _normalised(b, folded, [2], float(node.config.get("epsilon", 1e-3)), True)
    y = b.reshaped(y, node, [shape[i] for i in order])
    for operation, role in (("Mul", "gamma"), ("Add", "beta")):
        if role in node.weights:
            y = b.op(operation, y, b.constant(node.weights[role].reshape(-1, *[1] * (rank - 2))))
    b.put(to, b.op("Transpose", y, perm=[order.index(i) for i in range(rank)]))


@exports("Normalization")
def _normalization(b: Builder, node: Node) -> None:
    source = node.inputs[0]
    axes = [] if node.config.get("axis", -1) is None else b.axes(node, "axis")
    shape = [size if i in axes else 1 for i, size in enumerate(b.shape(source))]
    mean, variance = (
        np.asarray(node.weights.get(role, node.config.get(role)), dtype=np.float64) for role in ("mean", "variance")
    )
    if mean.size > 1:
        mean, variance = (np.asarray(one).reshape([size or 1 for size in shape]) for one in (mean, variance))
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    x = b.last(source)
    if node.config.get("invert"):
        b.put(node.outputs[0], b.op("Add", b.op("Mul", x, b.constant(deviation)), b.constant(mean)))
    else:
        b.put(node.outputs[0], b.op("Div", b.op("Sub", x, b.constant(mean)), b.constant(deviation)))


@exports("Rescaling")
def _rescaling(b: Builder, node: Node) -> None:
    scale, offset = (b.constant(np.asarray(node.config[word])) for word in ("scale", "offset"))
    b.put(node.outputs[0], b.op("Add", b.op("Mul", b.last(node.inputs[0]), scale), offset))


# Joining --------------------------------------------------------------------------------------------------------------

_MERGES = {
    "Add": "Add", "Subtract": "Sub", "Multiply": "Mul", "Maximum": "Max", "Minimum": "Min", "Average": "Add",
}  # fmt: skip


@exports(*_MERGES)
def _merge(b: Builder, node: Node) -> None:
    rank, count = b.rank(node.outputs[0]), len(node.inputs)

    def merged(*names: str) -> str:
        if count == 1:
            return str(b.op("Identity", *names))
        y = reduce(lambda x, other: b.op(_MERGES[node.kind], x, other), names)
        return str(b.op("Div", y, b.constant(float(count))) if node.kind == "Average" else y)

    if all(b.rank(edge) == rank for edge in node.inputs):
        b.elementwise(node, merged)
        return
    names = []
    for edge in node.inputs:
        x, missing = b.last(edge), rank - b.rank(edge)
        names.append(b.op("Unsqueeze", x, b.ints(list(range(1, 1 + missing)))) if missing else x)
    b.put(node.outputs[0], merged(*names))


@exports("Concatenate")
def _concatenate(b: Builder, node: Node) -> None:
    axis = int(node.config.get("axis", -1)) % b.rank(node.inputs[0])
    b.put(node.outputs[0], b.op("Concat", *(b.last(edge) for edge in node.inputs), axis=axis))


@exports("Dot")
def _dot(b: Builder, node: Node) -> None:
    names, letters = [], []
    given = node.config["axes"]
    axes = [given, given] if isinstance(given, int) else list(given)
    for k, edge in enumerate(node.inputs):
        rank = b.rank(edge)
        axis = axes[k] % rank
        x = b.last(edge)
        if node.config.get("normalize"):
            norm = b.op("Max", b.op("ReduceSumSquare", x, axes=[axis], keepdims=1), b.constant(1e-12))
            x = b.op("Div", x, b.op("Sqrt", norm))
        names.append(x)
        others = iter("cdef" if k == 0 else "ghij")
        letters.append("".join("a" if i == 0 else "b" if i == axis else next(others) for i in range(rank)))
    rest = ["".join(one for one in word if one not in "ab") for word in letters]
    y = b.op("Einsum", *names, equation=f"{letters[0]},{letters[1]}->a{rest[0]}{rest[1]}")
    if not rest[0] and not rest[1]:
        y = b.op("Unsqueeze", y, b.ints([1]))
    b.put(node.outputs[0], y)


# Shapes ---------------------------------------------------------------------------------------------------------------


@exports("Flatten", "Reshape", "ReshapeTo")
@from_shapes
def _reshape(b: Builder, node: Node) -> None:
    b.put(node.outputs[0], b.reshaped(b.last(node.inputs[0]), node, b.shape(node.outputs[0])))


@exports("Permute")
def _permute(b: Builder, node: Node) -> None:
    order = [0, *(int(one) for one in _list(node.config["dims"], 1))]
    b.put(node.outputs[0], b.op("Transpose", b.last(node.inputs[0]), perm=order))


@exports("RepeatVector")
def _repeat(b: Builder, node: Node) -> None:
    x = b.op("Unsqueeze", b.last(node.inputs[0]), b.ints([1]))
    b.put(node.outputs[0], b.op("Tile", x, b.ints([1, int(node.config["n"]), 1])))


@exports("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def _zero_padding(b: Builder, node: Node) -> None:
    amounts = _pairs(node.config["padding"], b.rank(node.inputs[0]) - 2)
    pads = [0, *(low for low, _ in amounts), 0, 0, *(high for _, high in amounts), 0]
    b.put(node.outputs[0], b.op("Pad", b.last(node.inputs[0]), b.ints(pads)))


@exports("Cropping1D", "Cropping2D", "Cropping3D")
def _cropping(b: Builder, node: Node) -> None:
    amounts = _pairs(node.config["cropping"], b.rank(node.inputs[0]) - 2)
    starts, axes = [low for low, _ in amounts], list(range(1, 1 + len(amounts)))
    ends = [-high if high else WHOLE for _, high in amounts]
    b.put(node.outputs[0], b.op("Slice", b.last(node.inputs[0]), b.ints(starts), b.ints(ends), b.ints(axes)))


def _pairs(value: Any, rank: int) -> list[tuple[int, int]]:
    """Returns (before, after) for each axis, from one number, one or a pair for each axis, or a flat list."""
    flat = [int(one) for one in np.asarray(value).reshape(-1)]
    if len(flat) == 1:
        flat = flat * (2 * rank)
    elif len(flat) == rank and rank > 1:
        flat = [one for one in flat for _ in range(2)]
    return list(zip(flat[::2], flat[1::2], strict=True))


@exports("UpSampling1D", "UpSampling2D", "UpSampling3D", "Resizing")
def _resampling(b: Builder, node: Node) -> None:
    """Writes one matrix product for each axis. The core gives the matrices, as its answers to unit vectors."""
    source, to = node.inputs[0], node.outputs[0]
    sizes = [b.size(node, axis) for axis in range(1, b.rank(source) - 1)]
    fill = float(node.config.get("fill_value") or 0.0)
    config = {**node.config, "fill_value": 0.0} if fill else node.config

    def answer(image: Array) -> Array:
        return _core.apply(node.kind, config, [image.astype(np.float32)])[0]

    # Read in the middle, which lies within an image that is padded to another aspect ratio. There each matrix is
    # multiplied by the answer of the other axes to ones; all but the first are divided by it.
    ones = answer(np.ones((1, *sizes, 1)))
    share = ones[tuple(size // 2 for size in ones.shape)]
    upright = node.kind.startswith("UpSampling")  # then the axes are independent
    x, letters = b.last(source), "axyz"[: 1 + len(sizes)]
    for i, size in enumerate(sizes, 1):
        rows = []
        for k in range(size):
            unit = np.zeros((1, *(n if j == i or not upright else 1 for j, n in enumerate(sizes, 1)), 1))
            np.moveaxis(unit, i, 0)[k] = 1
            made = answer(unit)
            rows.append(made[tuple(slice(None) if j == i else n // 2 for j, n in enumerate(made.shape))])
        matrix = np.stack(rows) / (share if i > 1 else 1)
        if not np.array_equal(matrix, np.eye(size)):
            result = letters[:i] + "o" + letters[i + 1 :]
            x = b.op("Einsum", x, b.constant(matrix), equation=f"{letters}c,{letters[i]}o->{result}c")
    if fill:
        x = b.op("Add", x, b.constant(fill * (1 - ones)))
    b.put(to, x)


@exports("CenterCrop")
def _center_crop(b: Builder, node: Node) -> None:
    sizes = [b.size(node, axis) for axis in (1, 2)]
    wanted = [int(node.config[word]) for word in ("height", "width")]
    starts = [(size - out) // 2 for size, out in zip(sizes, wanted, strict=True)]
    if min(starts) < 0:
        _resampling(b, node)  # an image that is too small is enlarged
        return
    ends = [start + out for start, out in zip(starts, wanted, strict=True)]
    b.put(node.outputs[0], b.op("Slice", b.last(node.inputs[0]), b.ints(starts), b.ints(ends), b.ints([1, 2])))


# Words and sequences --------------------------------------------------------------------------------------------------


@exports("Embedding")
def _embedding(b: Builder, node: Node) -> None:
    (table,) = list(node.weights.values())[:1]
    ids = b.last(node.inputs[0])
    if b.dtype(node.inputs[0]) != "int32":
        ids = b.cast(ids, "int32")
    b.put(node.outputs[0], b.op("Gather", b.constant(table), ids))


@exports("QuantizedEmbedding")
def _quantized_embedding(b: Builder, node: Node) -> None:
    table, scale = node.weights["embeddings"], node.weights["embeddings_scale"]
    ids = b.last(node.inputs[0])
    if b.dtype(node.inputs[0]) != "int32":
        ids = b.cast(ids, "int32")
    rows = b.cast(b.op("Gather", b.constant(table, np.int8), ids), "float32")
    b.put(node.outputs[0], b.op("Div", rows, b.op("Gather", b.constant(scale[:, None]), ids)))


@exports("CategoryEncoding")
def _category_encoding(b: Builder, node: Node) -> None:
    source, to = node.inputs[0], node.outputs[0]
    places = b.constant(np.arange(int(node.config["num_tokens"])), np.int32)
    ids = b.last(source)
    if b.dtype(source) != "int32":
        ids = b.cast(ids, "int32")
    mode = node.config.get("output_mode", "multi_hot")
    if mode == "one_hot" and b.rank(source) == b.rank(to) and b.shape(source)[-1] == 1:
        ids = b.op("Squeeze", ids, b.ints([-1]))
    # Ids out of range equal no token.
    y = b.cast(b.op("Equal", b.op("Unsqueeze", ids, b.ints([-1])), places), "float32")
    if len(node.inputs) > 1:
        y = b.op("Mul", y, b.op("Unsqueeze", b.last(node.inputs[1]), b.ints([-1])))
    if mode == "multi_hot":
        y = b.op("ReduceMax", y, axes=[-2], keepdims=0)
    elif mode == "count":
        y = b.op("ReduceSum", y, b.ints([-2]), keepdims=0)
    b.put(to, y)


@exports("Discretization")
def _discretization(b: Builder, node: Node) -> None:
    boundaries = b.constant(np.asarray(node.config["bin_boundaries"]).reshape(-1))
    x = b.op("Unsqueeze", b.last(node.inputs[0]), b.ints([-1]))
    passed = b.cast(b.op("Not", b.op("Less", x, boundaries)), "int32")
    b.put(node.outputs[0], b.op("ReduceSum", passed, b.ints([-1]), keepdims=0))


@exports("IntegerLookup")
def _integer_lookup(b: Builder, node: Node) -> None:
    keys, values = ([int(one) for one in node.config[word]] for word in ("keys", "values"))
    otherwise, buckets = int(node.config["otherwise"]), int(node.config.get("buckets") or 1)
    x = b.cast(b.last(node.inputs[0]), "int64")
    missing = otherwise if buckets == 1 else -WHOLE
    table: dict[str, Any] = {"keys_int64s": keys, "values_int64s": values, "default_int64": missing}
    y = b.op("LabelEncoder", x, domain="ai.onnx.ml", **table)
    if buckets > 1:
        dealt = b.op("Add", b.op("Mod", x, b.ints(buckets)), b.ints(otherwise))
        y = b.op("Where", b.op("Equal", y, b.ints(missing)), dealt, y)
    b.put(node.outputs[0], b.cast(y, "int32"))


_DRAWING = (
    "Random", "Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D", "SpatialDropout2D",
    "SpatialDropout3D", "RandomBrightness", "RandomColorDegeneration", "RandomContrast", "RandomCrop", "RandomErasing",
    "RandomFlip", "RandomGrayscale", "RandomHue", "RandomInvert", "RandomPosterization", "RandomRotation",
    "RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "Solarization",
)  # fmt: skip
"""Kinds that inference omits unless a call has training=True."""


@exports(*_DRAWING)
def _drawing(b: Builder, node: Node) -> None:
    raise b.refusal(node, "it draws random numbers (a call with training=True, perhaps), and others draw other ones")
