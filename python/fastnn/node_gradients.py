"""Gradients written as nodes, so that they have gradients themselves: for penalties on gradients and inner steps.

As a rule a gradient is the backward pass of the core, which is fast and has no gradient. Where a tape is open around
the one that is asked, the backward pass of each node on the way is written with `fastnn.ops` by a rule of this file. A
kind without a rule may be written out (`node_expansions.py`). One that has neither gives the fast gradient; a gradient
of that is refused by name (`StepTrace.gradients`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.step_trace import Noted, Recorded, StepTrace
from fastnn.node_expansions import EXPANSIONS, Written, pair
from fastnn.ops.node import tensor
from fastnn.precision import floatx, is_float
from fastnn.symbolic.tensors import KerasTensor
from fastnn.symbolic.variable import Variable


class Pass:
    """The backward pass of one node: what it read and wrote, and the gradient of its output.

    Args:
        step: The step.
        noted: The node.
        gradient: The gradient of its output.
        of_weights: Whether the gradients of its weights are asked for.
    """

    def __init__(self, step: StepTrace, noted: Noted, gradient: KerasTensor, of_weights: bool) -> None:
        self.of_weights = of_weights
        self.config: Mapping[str, Any] = noted.config
        self.weights: Sequence[Variable] = noted.weights
        self.dy: Any = gradient
        self._step = step
        self._noted = noted

    def x(self, i: int = 0) -> Any:
        """Returns an input."""
        return self._step.tensor(self._noted.inputs[i], "input")

    @property
    def y(self) -> Any:
        """The output."""
        return self._step.tensor(self._noted.outputs[0], "output")

    @property
    def count(self) -> int:
        """The number of inputs."""
        return len(self._noted.inputs)


Gradients = tuple[list[Any], list[Any]]
"""The gradients of inputs and of weights; None where there is none."""
Rule = Callable[[Pass], "Gradients | None"]
"""Returns the gradients of a node; None where its arguments have no rule."""


def _to_shape_of(gradient: Any, x: Any) -> Any:
    """Returns a gradient summed over the axes along which an operand was repeated."""
    further = len(gradient.shape) - len(x.shape)
    axes = list(range(further))
    axes += [
        further + i for i, size in enumerate(x.shape) if size == 1 and gradient.shape[further + i] != 1
    ]  # fmt: skip
    if not axes:
        return gradient
    made = ops.sum(gradient, axis=axes, keepdims=True)
    return ops.squeeze(made, axis=list(range(further))) if further else made


def _positive(x: Any) -> Any:
    return ops.cast(x > 0, floatx())


_UNARY: dict[str, Callable[[Pass], Any]] = {
    "absolute": lambda p: p.dy * ops.sign(p.x()),
    "cos": lambda p: -p.dy * ops.sin(p.x()),
    "erf": lambda p: p.dy * float(2 / np.sqrt(np.pi)) * ops.exp(-ops.square(p.x())),
    "exp": lambda p: p.dy * p.y,
    "expm1": lambda p: p.dy * (p.y + 1.0),
    "log": lambda p: p.dy / p.x(),
    "log1p": lambda p: p.dy / (1.0 + p.x()),
    "negative": lambda p: -p.dy,
    "reciprocal": lambda p: -p.dy * p.y * p.y,
    "rsqrt": lambda p: -0.5 * p.dy * p.y / p.x(),
    "sin": lambda p: p.dy * ops.cos(p.x()),
    "sqrt": lambda p: 0.5 * p.dy / p.y,
    "square": lambda p: 2.0 * p.dy * p.x(),
    "tanh": lambda p: p.dy * (1.0 - p.y * p.y),
}
_UNARY["abs"] = _UNARY["absolute"]


def _unary(p: Pass) -> Gradients | None:
    rule = _UNARY.get(p.config["op"])
    return None if rule is None else ([rule(p)], [])


def _binary(p: Pass) -> Gradients | None:
    a, b, dy, op = p.x(0), p.x(1), p.dy, p.config["op"]
    if op in ("add", "subtract"):
        made = dy, dy if op == "add" else -dy
    elif op == "multiply":
        made = dy * b, dy * a
    elif op in ("divide", "true_divide"):
        made = dy / b, -dy * a / (b * b)
    elif op == "power":
        exponent = p._step.constant(p._noted.inputs[1])
        if exponent is None:
            return None
        made = dy * exponent * a ** (exponent - 1.0), None
    elif op in ("maximum", "minimum"):
        first = ops.cast(a > b if op == "maximum" else a < b, floatx())
        same = 0.5 * ops.cast(ops.equal(a, b), floatx())
        made = dy * (first + same), dy * (1.0 - first - same)
    else:
        return None
    return [None if g is None else _to_shape_of(g, x) for g, x in zip(made, (a, b), strict=True)], []


def _activation(p: Pass) -> Gradients | None:
    word, dy = p.config["activation"], p.dy
    if word == "linear":
        return [dy], []
    if word == "leaky_relu":
        slope = float(p.config.get("negative_slope", 0.2))
        return [dy * (slope + (1.0 - slope) * _positive(p.x()))], []
    if word == "relu" and p.config.get("max_value") is None and not p.config.get("threshold"):
        slope = float(p.config.get("negative_slope") or 0.0)
        return [dy * (slope + (1.0 - slope) * _positive(p.x()))], []
    if word == "tanh":
        return [dy * (1.0 - p.y * p.y)], []
    if word == "sigmoid":
        return [dy * p.y * (1.0 - p.y)], []
    if word == "softplus":
        return [dy * ops.sigmoid(p.x())], []
    if word in ("silu", "swish"):
        chance = ops.sigmoid(p.x())
        return [dy * (chance + p.x() * chance * (1.0 - chance))], []
    if word == "elu":
        alpha = float(p.config.get("alpha", 1.0))
        above = _positive(p.x())
        return [dy * (above + (1.0 - above) * (p.y + alpha))], []
    if word == "exponential":
        return [dy * p.y], []
    return None


def _spread(dy: Any, x: Any, axes: Sequence[int], keepdims: bool) -> Any:
    """Returns the gradient of a sum as that of each element."""
    axes = [axis % len(x.shape) for axis in axes] or list(range(len(x.shape)))
    if not keepdims:
        for axis in sorted(axes):
            dy = ops.expand_dims(dy, axis)
    return dy + ops.zeros_like(x)


def _reduce(p: Pass) -> Gradients | None:
    x, axes, keepdims = p.x(), p.config["axes"], p.config["keepdims"]
    if p.config["op"] == "sum":
        return [_spread(p.dy, x, axes, keepdims)], []
    if p.config["op"] == "mean":
        count = ops.sum(ops.ones_like(x), axis=list(axes) or None, keepdims=keepdims)
        return [_spread(p.dy / count, x, axes, keepdims)], []
    if p.config["op"] == "logsumexp":
        shares = ops.exp(x - _spread(p.y, x, axes, keepdims))
        return [shares * _spread(p.dy, x, axes, keepdims)], []
    if p.config["op"] in ("max", "min"):
        best = ops.cast(ops.equal(x, _spread(p.y, x, axes, keepdims)), floatx())
        ties = ops.sum(best, axis=list(axes) or None, keepdims=keepdims)
        return [best * _spread(p.dy / ties, x, axes, keepdims)], []
    return None


def _reshaped(p: Pass) -> Gradients | None:
    x = p.x()
    if x.trials is not None:
        return None
    return [ops.reshape(p.dy, tuple(-1 if size is None else size for size in x.shape))], []


def _transpose(p: Pass) -> Gradients | None:
    order = list(p.config["permutation"])
    return [ops.transpose(p.dy, sorted(range(len(order)), key=order.__getitem__))], []


def _matmul(p: Pass) -> Gradients | None:
    a, b, dy = p.x(0), p.x(1), p.dy
    if len(a.shape) < 2 or len(b.shape) < 2:
        return None
    return [
        _to_shape_of(ops.matmul(dy, ops.swapaxes(b, -1, -2)), a),
        _to_shape_of(ops.matmul(ops.swapaxes(a, -1, -2), dy), b),
    ], []


def _dense(p: Pass) -> Gradients | None:
    x, dy, kernel = p.x(), p.dy, p.weights[0]
    if len(x.shape) > 2 and any(size is None for size in x.shape[1:]):
        return None
    dx = ops.matmul(dy, ops.transpose(tensor(kernel)))
    if not p.of_weights:
        return [dx], []
    flat_x = x if len(x.shape) == 2 else ops.reshape(x, (-1, x.shape[-1]))
    flat_dy = dy if len(x.shape) == 2 else ops.reshape(dy, (-1, dy.shape[-1]))
    of_weights = [ops.matmul(ops.transpose(flat_x), flat_dy)]
    if len(p.weights) == 2:
        of_weights.append(ops.sum(dy, axis=tuple(range(len(dy.shape) - 1))))
    return [dx], of_weights


def _conv2d(p: Pass) -> Gradients | None:
    x, config = p.x(), p.config
    strides, kernel = pair(config["strides"]), pair(config["kernel_size"])
    if config.get("groups", 1) != 1 or any(rate != 1 for rate in pair(config["dilation_rate"])) or None in x.shape[1:]:
        return None
    sizes, outputs = x.shape[1:3], p.y.shape[1:3]
    if config["padding"] == "same" and any(n != o * s for n, o, s in zip(sizes, outputs, strides, strict=True)):
        return None
    if config["padding"] not in ("same", "valid"):
        return None
    made = ops.conv_transpose(p.dy, p.weights[0], strides, config["padding"], data_format="channels_last")
    rest = [n - m for n, m in zip(sizes, made.shape[1:3], strict=True)]
    if config["padding"] == "valid" and any(max(k, s) - k for k, s in zip(kernel, strides, strict=True)):
        return None
    if any(rest):
        if min(rest) < 0:
            return None
        made = ops.pad(made, [[0, 0], [0, rest[0]], [0, rest[1]], [0, 0]])
    if not p.of_weights:
        return [made], []
    patches = ops.image.extract_patches(x, kernel, strides, 1, config["padding"], "channels_last")
    return [made], _of_kernel(p, patches, p.dy, p.dy)


def _of_kernel(p: Pass, read: Any, written: Any, output: Any) -> list[Any]:
    """Returns the gradients of a kernel, which is a product over all pixels, and of a bias."""
    left, right = (ops.reshape(one, (-1, one.shape[-1])) for one in (read, written))
    found = [ops.reshape(ops.matmul(ops.transpose(left), right), p.weights[0].shape)]
    return [*found, ops.sum(output, axis=(0, 1, 2))] if len(p.weights) > 1 else found


def _conv2d_transpose(p: Pass) -> Gradients | None:
    x, config = p.x(), p.config
    strides, kernel = pair(config["strides"]), pair(config["kernel_size"])
    if any(rate != 1 for rate in pair(config["dilation_rate"])) or config["output_padding"] is not None:
        return None
    if config["padding"] not in ("same", "valid") or None in p.y.shape[1:]:
        return None
    made = ops.conv(p.dy, p.weights[0], strides, config["padding"], "channels_last")
    if made.shape[1:3] != x.shape[1:3]:
        return None
    if not p.of_weights:
        return [made], []
    patches = ops.image.extract_patches(p.dy, kernel, strides, 1, config["padding"], "channels_last")
    return [made], _of_kernel(p, patches, x, p.dy)


def _pooled(p: Pass) -> Gradients | None:
    x = p.x()
    if None in x.shape[1:]:
        return None
    window, strides = p.config["pool_size"], p.config["strides"] or p.config["pool_size"]
    sizes, outputs = x.shape[1:3], p.y.shape[1:3]
    exact = all(n == o * w for n, o, w in zip(sizes, outputs, window, strict=True))
    if tuple(window) != tuple(strides) or not exact:
        return None
    made = ops.repeat(ops.repeat(p.dy, int(window[0]), axis=1), int(window[1]), axis=2)
    return [made / float(window[0] * window[1])], []


def _pooled_over_all(p: Pass) -> Gradients | None:
    x = p.x()
    if None in x.shape[1:]:
        return None
    return [_spread(p.dy / float(x.shape[1] * x.shape[2]), x, (1, 2), bool(p.config.get("keepdims")))], []


def _slice(p: Pass) -> Gradients | None:
    """A slice with steps is undone by products with matrices of zeros and ones."""
    x, dy = p.x(), p.dy
    begin, end, steps = p.config["begin"], p.config["end"], p.config["strides"]
    whole = x.shape[0] is None and not begin[0] and steps[0] == 1 and end[0] >= 2**31
    if None in x.shape[1:] or (x.shape[0] is None and not whole):
        return None
    border = [[0, 0]] if whole else []
    for axis in range(len(border), len(x.shape)):
        taken = np.arange(x.shape[axis])[begin[axis] : min(end[axis], x.shape[axis]) : steps[axis]]
        if steps[axis] == 1:
            border.append([begin[axis], x.shape[axis] - begin[axis] - len(taken)])
            continue
        border.append([0, 0])
        to = np.zeros((len(taken), x.shape[axis]), dtype=floatx())
        to[np.arange(len(taken)), taken] = 1
        dy = ops.moveaxis(ops.matmul(ops.moveaxis(dy, axis, -1), to), -1, axis)
    return [ops.pad(dy, border) if any(map(any, border)) else dy], []


def _padded(p: Pass) -> Gradients | None:
    low, x = p.config["low"], p.x()
    if p.config["mode"] != "constant" or low[0] or None in x.shape[1:]:
        return None
    inside = slice(None), *(slice(a, a + n) for a, n in zip(low[1:], x.shape[1:], strict=True))
    return [p.dy[inside]], []


def _repeated(p: Pass) -> Gradients | None:
    x, axis, repeats = p.x(), p.config["axis"], p.config["repeats"]
    if np.ndim(repeats) or axis == 0 or None in x.shape[1:]:
        return None
    parts = ops.reshape(p.dy, (-1, *x.shape[1 : axis + 1], int(repeats), *x.shape[axis + 1 :]))
    return [ops.sum(parts, axis=axis + 1)], []


def _clip(p: Pass) -> Gradients | None:
    x, low, high = p.x(), p.config["low"], p.config["high"]
    return [p.dy * ops.cast(ops.logical_and(x >= low, x <= high), floatx())], []


def _product(p: Pass) -> Gradients | None:
    found = []
    for i in range(p.count):
        made = p.dy
        for k in range(p.count):
            made = made if i == k else made * p.x(k)
        found.append(_to_shape_of(made, p.x(i)))
    return found, []


def _difference(p: Pass) -> Gradients | None:
    return [_to_shape_of(p.dy, p.x(0)), _to_shape_of(-p.dy, p.x(1))], []


def _where(p: Pass) -> Gradients | None:
    chosen = ops.cast(p.x(0), floatx())
    made = p.dy * chosen, p.dy * (1.0 - chosen)
    return [None, *(_to_shape_of(g, p.x(i + 1)) for i, g in enumerate(made))], []


def _joined(p: Pass) -> Gradients | None:
    axis, at, made = p.config["axis"], 0, []
    for i in range(p.count):
        size = p.x(i).shape[axis]
        if size is None:
            return None
        made.append(ops.take(p.dy, np.arange(at, at + size), axis=axis))
        at += size
    return made, []


def _softmax(p: Pass) -> Gradients | None:
    axis = p.config.get("axis", -1)
    inner = p.dy * p.y
    return [inner - p.y * ops.sum(inner, axis=axis, keepdims=True)], []


def _log_softmax(p: Pass) -> Gradients | None:
    axis = p.config.get("axis", -1)
    return [p.dy - ops.exp(p.y) * ops.sum(p.dy, axis=axis, keepdims=True)], []


def _merged(factor: Callable[[int], float]) -> Rule:
    def rule(p: Pass) -> Gradients | None:
        return [_to_shape_of(p.dy * factor(p.count), p.x(i)) for i in range(p.count)], []

    return rule


RULES: dict[str, Rule] = {
    "Activation": _activation,
    "Add": _merged(lambda count: 1.0),
    "Average": _merged(lambda count: 1.0 / count),
    "AveragePooling2D": _pooled,
    "Binary": _binary,
    "BroadcastLike": lambda p: ([_to_shape_of(p.dy, p.x()), None], []),
    "BroadcastTo": lambda p: ([_to_shape_of(p.dy, p.x())], []),
    "Cast": lambda p: ([p.dy], []),
    "Clip": _clip,
    "Conv2D": _conv2d,
    "Conv2DTranspose": _conv2d_transpose,
    "Dense": _dense,
    "Flatten": _reshaped,
    "GlobalAveragePooling2D": _pooled_over_all,
    "Identity": lambda p: ([p.dy], []),
    "Join": _joined,
    "Concatenate": _joined,
    "LogSoftmax": _log_softmax,
    "Matmul": _matmul,
    "Multiply": _product,
    "Pad": _padded,
    "Reduce": _reduce,
    "Repeat": _repeated,
    "Reshape": _reshaped,
    "ReshapeTo": _reshaped,
    "Slice": _slice,
    "Softmax": _softmax,
    "Subtract": _difference,
    "Transpose": _transpose,
    "Unary": _unary,
    "Variable": lambda p: ([], [p.dy]),
    "Where": _where,
}
"""Rules by the kind of node."""


def gradients_as_nodes(
    step: StepTrace,
    targets: Sequence[KerasTensor],
    seeds: Sequence[Any],
    sources: Sequence[Any],
    recorded: Recorded,
) -> list[KerasTensor | None] | str:
    """Returns gradients as `StepTrace.gradients` does, written as nodes; the name of a kind that has no rule.

    Args:
        step: The step.
        targets: What is differentiated.
        seeds: The gradient of each target.
        sources: Tensors and variables.
        recorded: The nodes through which gradients flow.
    """
    nodes = list(step.noted)
    edges = {id(one): step.edge(one) for one in sources if not isinstance(one, Variable)}
    wanted = {id(one) for one in sources if isinstance(one, Variable)}
    needed = set(edges.values())
    for noted in nodes:
        if not noted.is_in(recorded):
            continue
        if any(edge in needed for edge in noted.inputs) or any(id(weight) in wanted for weight in noted.weights):
            needed.update(noted.outputs)
    received: dict[int, Any] = {}
    of_weights: dict[int, Any] = {}

    def add(found: dict[int, Any], key: int, gradient: Any) -> None:
        found[key] = found[key] + gradient if key in found else gradient

    for target, seed in zip(targets, seeds, strict=True):
        add(received, step.edge(target), seed)
    for place in range(len(nodes) - 1, -1, -1):
        noted = nodes[place]
        reached = [edge for edge in noted.outputs if edge in received and edge in needed]
        if not reached or noted.kind in _STOPS or not noted.is_in(recorded):
            continue
        weights = [weight for weight in noted.weights if id(weight) in wanted]
        made = _passed(step, noted, received[reached[0]], weights)
        if made is None:
            return noted.title
        step.check_unchanged(noted, place)
        for edge, gradient in zip(noted.inputs, made[0], strict=False):
            if gradient is not None and edge in needed:
                add(received, edge, gradient)
        for weight, gradient in zip(noted.weights, made[1], strict=False):
            if id(weight) not in wanted or gradient is None:
                continue
            add(of_weights, id(weight), gradient)
    return [
        of_weights.get(id(one)) if isinstance(one, Variable) else received.get(edges[id(one)]) for one in sources
    ]  # fmt: skip


def _passed(step: StepTrace, noted: Noted, gradient: KerasTensor, wanted: Sequence[Variable]) -> Gradients | None:
    """Returns the gradients of a node by its rule, or by what it is when written out; None where it has neither.

    Args:
        step: The step.
        noted: The node.
        gradient: The gradient of its output.
        wanted: The variables that it reads of which the gradient is asked for.
    """
    if len(noted.outputs) != 1:
        return None
    one, rule = Pass(step, noted, gradient, bool(wanted)), RULES.get(noted.kind)
    made = None if rule is None else rule(one)
    expand = EXPANSIONS.get(noted.kind) if made is None else None
    if expand is None:
        return made
    inputs, itself = [one.x(i) for i in range(one.count)], [(noted.number, noted.number + 1)]

    def slope() -> Any:
        return ops.stop_gradient(step.gradients([one.y], [ops.ones_like(one.y)], inputs[:1], itself)[0])

    begin = step.graph.size
    written = expand(Written(noted.config, inputs, noted.weights, one.y, slope))
    if written is None:
        return None
    floats = [each for each in inputs if is_float(each.dtype)]
    sources = [*floats, *wanted]
    found = gradients_as_nodes(step, [written], [gradient], sources, [(begin, step.graph.size)])
    if isinstance(found, str):
        return None
    of_inputs = iter(found[: len(floats)])
    of_weights = {id(weight): made for weight, made in zip(wanted, found[len(floats) :], strict=True)}
    return (
        [next(of_inputs) if is_float(each.dtype) else None for each in inputs],
        [of_weights.get(id(weight)) for weight in noted.weights],
    )


_STOPS = {
    "Assign", "Commit", "Constant", "Gradient", "OneHot", "Random", "Rows", "StopGradient", "Update", "accumulate",
}  # fmt: skip
"""Kinds through which no gradient flows, or whose gradient the step itself refuses."""
