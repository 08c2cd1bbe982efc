"""Exporters of activations: those of one element by their formulas, and those along an axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.export.onnx.graph import Builder, exports
from fastnn.export.tape import Node


def scalar_functions(b: Builder, config: Any) -> dict[str, Callable[[str], str]]:
    """Returns the activations of the core by name, as functions of a value."""
    number = b.constant

    def mul(x: str, y: str) -> str:
        return str(b.op("Mul", x, y))

    def clip(x: str, low: float, high: float) -> str:
        return str(b.op("Clip", x, number(low), number(high)))

    def relu(x: str) -> str:
        slope, threshold = config.get("negative_slope") or 0.0, config.get("threshold") or 0.0
        top = config.get("max_value")
        if threshold == 0:
            y = b.op("LeakyRelu", x, alpha=float(slope)) if slope else b.op("Relu", x)
        else:
            below = mul(b.op("Sub", x, number(threshold)), number(slope))
            y = b.op("Where", b.op("GreaterOrEqual", x, number(threshold)), x, below)
        return str(y if top is None else b.op("Min", y, number(top)))

    def gelu(x: str) -> str:
        return mul(mul(x, number(0.5)), b.op("Add", b.op("Erf", mul(x, number(math.sqrt(0.5)))), number(1.0)))

    def gelu_tanh(x: str) -> str:
        inner = b.op("Add", x, mul(mul(mul(x, x), x), number(0.044715)))
        return mul(
            mul(x, number(0.5)), b.op("Add", b.op("Tanh", mul(inner, number(math.sqrt(2 / math.pi)))), number(1))
        )

    def hard_sigmoid(x: str) -> str:
        return str(b.op("HardSigmoid", x, alpha=1 / 6, beta=0.5))

    def shrink(x: str, soft: bool) -> str:
        limit = config.get("threshold")
        limit = float(0.5 if limit is None else limit)
        return str(b.op("Shrink", x, lambd=limit, bias=limit if soft else 0.0))

    def threshold(x: str) -> str:
        limit, otherwise = config.get("threshold", 0.0), config.get("default_value", 0.0)
        return str(b.op("Where", b.op("Greater", x, number(limit)), x, number(otherwise)))

    def squareplus(x: str) -> str:
        bend = float(config.get("b", 4.0))
        size = b.op("Abs", x)
        far = b.op("Add", size, b.op("Sqrt", b.op("Add", mul(x, x), number(bend))))
        above, below = mul(far, number(0.5)), b.op("Div", number(bend / 2), far)
        return str(b.op("Where", b.op("Greater", x, number(0)), above, below))

    def sparse_plus(x: str) -> str:
        middle = mul(mul(b.op("Add", x, number(1)), b.op("Add", x, number(1))), number(0.25))
        small = b.op("Where", b.op("Less", x, number(1)), middle, x)
        return str(b.op("Where", b.op("LessOrEqual", x, number(-1)), number(0), small))

    def tanh_shrink(x: str) -> str:
        # Near 0 the first terms of the series, as the difference would lose its digits.
        square, series = mul(x, x), number(62 / 2835)
        for factor in (-17 / 315, 2 / 15, -1 / 3):
            series = b.op("Add", mul(series, square), number(factor))
        near = mul(b.op("Neg", mul(series, square)), x)
        return str(b.op("Where", b.op("Less", b.op("Abs", x), number(0.3)), near, b.op("Sub", x, b.op("Tanh", x))))

    silu: Callable[[str], str] = lambda x: mul(x, b.op("Sigmoid", x))  # noqa: E731
    hard_silu: Callable[[str], str] = lambda x: mul(x, hard_sigmoid(x))  # noqa: E731
    slope = config.get("negative_slope")
    return {
        "linear": lambda x: x,
        "relu": relu,
        "leaky_relu": lambda x: b.op("LeakyRelu", x, alpha=0.2 if slope is None else float(slope)),
        "relu6": lambda x: clip(x, 0, 6),
        "sigmoid": lambda x: b.op("Sigmoid", x),
        "hard_sigmoid": hard_sigmoid,
        "tanh": lambda x: b.op("Tanh", x),
        "hard_tanh": lambda x: clip(x, -1, 1),
        "elu": lambda x: b.op("Elu", x, alpha=float(config.get("alpha", 1.0))),
        "celu": lambda x: b.op("Celu", x, alpha=float(config.get("alpha", 1.0))),
        "selu": lambda x: b.op("Selu", x, alpha=1.6732632423543772, gamma=1.0507009873554805),
        "softplus": lambda x: b.op("Softplus", x),
        "softsign": lambda x: b.op("Softsign", x),
        "exponential": lambda x: b.op("Exp", x),
        "gelu": gelu,
        "gelu_tanh": gelu_tanh,
        "silu": silu,
        "swish": silu,
        "hard_silu": hard_silu,
        "hard_swish": hard_silu,
        "mish": lambda x: mul(x, b.op("Tanh", b.op("Softplus", x))),
        "log_sigmoid": lambda x: b.op("Neg", b.op("Softplus", b.op("Neg", x))),
        "tanh_shrink": tanh_shrink,
        "hard_shrink": lambda x: shrink(x, False),
        "soft_shrink": lambda x: shrink(x, True),
        "threshold": threshold,
        "squareplus": squareplus,
        "sparse_plus": sparse_plus,
        "sparse_sigmoid": lambda x: clip(mul(b.op("Add", x, number(1)), number(0.5)), 0, 1),
    }


@exports("Activation")
def _activation(b: Builder, node: Node) -> None:
    function = scalar_functions(b, node.config).get(node.config["activation"])
    if function is None:
        raise b.refusal(node, f"the activation {node.config['activation']!r} has no counterpart in ONNX")
    b.elementwise(node, function)


@exports("Softmax", "LogSoftmax")
def _softmax(b: Builder, node: Node) -> None:
    source, to, axes = node.inputs[0], node.outputs[0], b.axes(node, "axis")
    x, rank = b.last(source), b.rank(source)
    if len(axes) == 1:
        b.put(to, b.op(node.kind, x, axis=axes[0]))
        return
    # Several axes are moved to the end and joined to one.
    others = [i for i in range(rank) if i not in axes]
    order = [*others, *axes]
    turned = [b.shape(source)[i] for i in order]
    flat = b.reshaped(b.op("Transpose", x, perm=order), node, [*turned[: len(others)], None])
    y = b.reshaped(b.op(node.kind, flat, axis=len(others)), node, turned)
    b.put(to, b.op("Transpose", y, perm=[order.index(i) for i in range(rank)]))


@exports("PReLU")
def _prelu(b: Builder, node: Node) -> None:
    (alpha,) = node.weights.values()
    b.put(node.outputs[0], b.op("PRelu", b.last(node.inputs[0]), b.constant(alpha)))


@exports("GLU")
def _glu(b: Builder, node: Node) -> None:
    left, right = b.op("Split", b.last(node.inputs[0]), outputs=2, axis=int(node.config.get("axis", -1)))
    b.put(node.outputs[0], b.op("Mul", left, b.op("Sigmoid", right)))


@exports("Sparsemax")
def _sparsemax(b: Builder, node: Node) -> None:
    (axis,) = b.axes(node, "axis")
    x, rank, size = b.last(node.inputs[0]), b.rank(node.inputs[0]), b.size(node, axis)
    places = b.constant(np.arange(1, size + 1).reshape(-1, *[1] * (rank - 1 - axis)))
    x = b.op("Sub", x, b.op("ReduceMax", x, axes=[axis], keepdims=1))
    ordered, _ = b.op("TopK", x, b.ints([size]), outputs=2, axis=axis)
    sums = b.op("CumSum", ordered, b.constant(axis, np.int64))
    inside = b.op("Greater", b.op("Add", b.op("Mul", places, ordered), b.constant(1.0)), sums)
    inside = b.cast(inside, "float32")
    count = b.op("ReduceSum", inside, b.ints([axis]), keepdims=1)
    total = b.op("ReduceSum", b.op("Mul", ordered, inside), b.ints([axis]), keepdims=1)
    line = b.op("Div", b.op("Sub", total, b.constant(1.0)), count)
    b.put(node.outputs[0], b.op("Relu", b.op("Sub", x, line)))
