"""Exporters of recurrent layers and attention, with their masks.

A recurrent layer becomes the operator of ONNX where that computes the same. With a mask, or an activation that ONNX
does not have, it becomes a Scan: a subgraph of one step that carries the states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from fastnn.export.onnx.activations import scalar_functions
from fastnn.export.onnx.graph import WHOLE, Array, Builder, exports
from fastnn.export.tape import Node

_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2), "SimpleRNN": (0,)}
"""Order of the gates in ONNX, by their numbers in the core: i o f c for i f c o; z r h."""
_CELL_FUNCTIONS: dict[str, tuple[str, list[float], list[float]]] = {
    "tanh": ("Tanh", [], []), "sigmoid": ("Sigmoid", [], []), "relu": ("Relu", [], []), "elu": ("Elu", [1.0], []),
    "softsign": ("Softsign", [], []), "softplus": ("Softplus", [], []), "linear": ("Affine", [1.0], [0.0]),
    "hard_sigmoid": ("HardSigmoid", [1 / 6], [0.5]),
}  # fmt: skip
"""Activations of cells: name in ONNX, alpha and beta, where it has them."""


@exports("ReadState", "KeepState")
def _state(b: Builder, node: Node) -> None:
    raise b.refusal(node, "a layer that is stateful keeps its states from one batch to the next")


@exports("SimpleRNN", "LSTM", "GRU")
def _recurrent(b: Builder, node: Node) -> None:
    config = node.config
    if config.get("stateful"):
        raise b.refusal(node, f"a {node.kind} that is stateful keeps its states from one batch to the next")
    if config.get("dropout") or config.get("recurrent_dropout"):
        raise b.refusal(node, "it draws random numbers for its dropout, called with training=True")
    words = ["activation"] if node.kind == "SimpleRNN" else ["recurrent_activation", "activation"]
    functions = [(config.get(word, "tanh" if word == "activation" else "sigmoid"), _numbers(config, word))
                 for word in words]  # fmt: skip
    if config.get("masked") or any(numbers or name not in _CELL_FUNCTIONS for name, numbers in functions):
        _walk(b, node, functions)
    else:
        _native(b, node, [name for name, _ in functions])


def _numbers(config: Mapping[str, Any], word: str) -> dict[str, Any]:
    """Returns the arguments of an activation among those of a cell."""
    return {key.removeprefix(f"{word}_"): value for key, value in config.items() if key.startswith(f"{word}_")}


def _biases(node: Node) -> tuple[Array, Array]:
    """Returns the bias of the input and the bias of the state."""
    kernel, _, *rest = node.weights.values()
    both = np.zeros((2, kernel.shape[-1]), dtype=np.float32)
    if rest:
        given = np.asarray(rest[0]).reshape(-1, kernel.shape[-1])
        both[: len(given)] = given
    return both[0], both[1]


def _native(b: Builder, node: Node, functions: list[str]) -> None:
    config, kind = node.config, node.kind
    kernel, recurrent, *_ = node.weights.values()
    order = _GATES[kind]

    def gates(matrix: Array) -> Array:
        parts = np.split(matrix, len(order), axis=-1)
        return np.concatenate([parts[k] for k in order], axis=-1)

    known = [_CELL_FUNCTIONS[one] for one in [*functions, *(functions[-1:] if kind == "LSTM" else [])]]
    back = bool(config.get("go_backwards"))
    attributes: dict[str, Any] = {
        "hidden_size": recurrent.shape[0], "direction": "reverse" if back else "forward",
        "activations": [one[0] for one in known],
    }  # fmt: skip
    for place, word in ((1, "activation_alpha"), (2, "activation_beta")):
        numbers = [number for one in known for number in one[place]]
        if numbers:
            attributes[word] = numbers
    if kind == "GRU":
        attributes["linear_before_reset"] = int(bool(config.get("reset_after", True)))
    inputs = [
        b.op("Transpose", b.last(node.inputs[0]), perm=[1, 0, 2]),
        b.constant(gates(kernel).T[None]),
        b.constant(gates(recurrent).T[None]),
        b.constant(np.concatenate([gates(bias) for bias in _biases(node)])[None]),
    ]
    if config.get("initial_state"):
        inputs += ["", *(b.op("Unsqueeze", b.last(edge), b.ints([0])) for edge in node.inputs[1:])]
    states = 2 if kind == "LSTM" else 1
    sequence, *last = b.op("RNN" if kind == "SimpleRNN" else kind, *inputs, outputs=1 + states, **attributes)
    last = [b.op("Squeeze", one, b.ints([0])) for one in last]
    if config.get("return_sequences"):
        y = b.op("Transpose", b.op("Squeeze", sequence, b.ints([1])), perm=[1, 0, 2])
        if back and not config.get("time_order"):
            y = b.op("Slice", y, b.ints([-1]), b.ints([-WHOLE]), b.ints([1]), b.ints([-1]))
    else:
        y = last[0]
    b.put(node.outputs[0], y)
    for edge, state in zip(node.outputs[1:], last, strict=False):
        b.put(edge, state)


Squash = Callable[[str], str]


def _walk(b: Builder, node: Node, functions: list[tuple[str, dict[str, Any]]]) -> None:
    """Writes the product with the input, then a Scan over the steps. A masked step keeps the states."""
    from onnx import helper

    config = node.config
    kernel, recurrent, *_ = node.weights.values()
    units, masked = recurrent.shape[0], bool(config.get("masked"))
    zeroed = masked and bool(config.get("zero_output_for_mask"))
    sequences, back = bool(config.get("return_sequences")), int(bool(config.get("go_backwards")))
    count = 2 if node.kind == "LSTM" else 1
    bias, of_state = _biases(node)
    if node.kind == "GRU":
        # Only the bias of the candidate must stay inside: its sum is multiplied by the reset gate.
        bias[: 2 * units] += of_state[: 2 * units]

    squashes: list[Squash] = []
    for name, numbers in functions:
        function = scalar_functions(b, numbers).get(name)
        if function is None:
            raise b.refusal(node, f"a {node.kind} with the activation {name!r} has no counterpart in ONNX")
        squashes.append(function)

    x = b.op("Add", b.op("MatMul", b.last(node.inputs[0]), b.constant(kernel)), b.constant(bias))
    mask = b.op("Unsqueeze", b.last(node.inputs[1]), b.ints([-1])) if masked else ""
    if config.get("initial_state"):
        first = [b.last(edge) for edge in node.inputs[1 + masked :]]
    else:
        first = [b.op("Expand", b.constant(0.0), b.op("Concat", b.batch(), b.ints([units]), axis=0))] * count
    walked = [x, *([mask] if masked else [])]

    tag = f"{node.kind}_{len(b.nodes)}"
    before = [f"{tag}_before_{k}" for k in range(count)]
    at = [f"{tag}_x", *([f"{tag}_counts"] if masked else [])]
    with b.body() as nodes:
        after = _STEPS[node.kind](b, node, at[0], before, recurrent, of_state, squashes)
        if masked:
            after = [b.op("Where", at[1], new, old) for new, old in zip(after, before, strict=True)]
        results = [b.op("Identity", one) for one in after]
        if sequences:
            results.append(b.op("Where", at[1], after[0], b.constant(0.0)) if zeroed else b.op("Identity", after[0]))
    features = kernel.shape[-1]
    inputs = [helper.make_tensor_value_info(name, 1, [None, units]) for name in before]
    inputs.append(helper.make_tensor_value_info(at[0], 1, [None, features]))
    if masked:
        inputs.append(helper.make_tensor_value_info(at[1], 9, [None, 1]))
    body = helper.make_graph(nodes, tag, inputs, [helper.make_tensor_value_info(n, 1, [None, units]) for n in results])
    attributes: dict[str, Any] = {
        "num_scan_inputs": len(walked), "scan_input_axes": [1] * len(walked),
        "scan_input_directions": [back] * len(walked),
    }  # fmt: skip
    if sequences:
        attributes |= {"scan_output_axes": [1], "scan_output_directions": [back * int(bool(config.get("time_order")))]}
    made = b.op("Scan", *first, *walked, outputs=len(results), body=body, **attributes)
    made = made if isinstance(made, list) else [made]
    y = made[-1] if sequences else made[0]
    if zeroed and not sequences:
        y = b.op("Where", b.op("Gather", mask, b.ints(0 if back else -1), axis=1), y, b.constant(0.0))
    b.put(node.outputs[0], y)
    for edge, state in zip(node.outputs[1:], made[:count], strict=False):
        b.put(edge, state)


def _split(b: Builder, x: str, count: int) -> list[str]:
    return list(b.op("Split", x, outputs=count, axis=-1))


def _simple_step(
    b: Builder, node: Node, x: str, before: list[str], kernel: Array, of_state: Array, functions: list[Squash]
) -> list[str]:
    return [functions[0](b.op("Add", x, b.op("MatMul", before[0], b.constant(kernel))))]


def _lstm_step(
    b: Builder, node: Node, x: str, before: list[str], kernel: Array, of_state: Array, functions: list[Squash]
) -> list[str]:
    gate, squash = functions
    sums = _split(b, b.op("Add", x, b.op("MatMul", before[0], b.constant(kernel))), 4)
    let_in, kept, fresh, shown = gate(sums[0]), gate(sums[1]), squash(sums[2]), gate(sums[3])
    carried = b.op("Add", b.op("Mul", kept, before[1]), b.op("Mul", let_in, fresh))
    return [b.op("Mul", shown, squash(carried)), carried]


def _gru_step(
    b: Builder, node: Node, x: str, before: list[str], kernel: Array, of_state: Array, functions: list[Squash]
) -> list[str]:
    gate, squash = functions
    (h,), units = before, kernel.shape[0]
    of_input = _split(b, x, 3)
    gates, candidate = np.split(kernel, [2 * units], axis=-1)
    parts = _split(b, b.op("MatMul", h, b.constant(gates)), 2)
    update, reset = (gate(b.op("Add", one, part)) for one, part in zip(of_input, parts, strict=False))
    if node.config.get("reset_after", True):
        product = b.op("Add", b.op("MatMul", h, b.constant(candidate)), b.constant(of_state[2 * units :]))
        product = b.op("Mul", reset, product)
    else:
        product = b.op("MatMul", b.op("Mul", reset, h), b.constant(candidate))
    fresh = squash(b.op("Add", of_input[2], product))
    return [b.op("Add", fresh, b.op("Mul", update, b.op("Sub", h, fresh)))]


_STEPS = {"SimpleRNN": _simple_step, "LSTM": _lstm_step, "GRU": _gru_step}


# Attention ------------------------------------------------------------------------------------------------------------


@exports("Attention", "AdditiveAttention", "MultiHeadAttention")
def _attention(b: Builder, node: Node) -> None:
    """Writes softmax(score(query, key)) value. A masked score is the lowest float."""
    config, to = node.config, node.outputs[0]
    if config.get("dropout"):
        raise b.refusal(node, "it draws random numbers for its dropout, called with training=True")
    headed = b.rank(node.inputs[0]) == 4
    turn = [0, 2, 1, 3]
    query, value, key = (
        b.op("Transpose", b.last(edge), perm=turn) if headed else b.last(edge) for edge in node.inputs[:3]
    )
    rank = 4 if headed else 3
    scale = node.weights.get("scale")
    if node.kind == "AdditiveAttention" or config.get("score_mode") == "concat":
        left, right = b.op("Unsqueeze", query, b.ints([-2])), b.op("Unsqueeze", key, b.ints([-3]))
        sums = b.op("Add", left, right)
        weight = node.weights.get("concat_score_weight")
        if node.kind == "AdditiveAttention":
            weight = scale
        elif scale is not None:
            sums = b.op("Mul", sums, b.constant(scale))
        sums = b.op("Tanh", sums)
        sums = sums if weight is None else b.op("Mul", sums, b.constant(weight))
        scores = b.op("ReduceSum", sums, b.ints([-1]), keepdims=0)
    else:
        factor = config.get("factor", 1.0) if scale is None else scale
        query = query if np.all(factor == 1) else b.op("Mul", query, b.constant(factor))
        perm = [*range(rank - 2), rank - 1, rank - 2]
        scores = b.op("MatMul", query, b.op("Transpose", key, perm=perm))

    given = [word for word in _MASKS if config.get(word)]
    masks = dict(zip(given, node.inputs[3:], strict=True))
    seen = [_spread(b, masks[word], word, headed) for word in given if word != "zero_mask"]
    seen += _sight(b, node)
    if seen:
        together = reduce(lambda x, other: b.op("And", x, other), seen)
        scores = b.op("Where", together, scores, b.constant(np.finfo(np.float32).min))
    weights = b.op("Softmax", scores, axis=-1)
    y = b.op("MatMul", weights, value)
    y = b.op("Transpose", y, perm=turn) if headed else y
    if "zero_mask" in masks:
        shown = b.op("Unsqueeze", b.last(masks["zero_mask"]), b.ints([2, 3] if headed else [2]))
        y = b.op("Where", shown, y, b.constant(0.0))
    b.put(to, y)
    for edge in node.outputs[1:]:
        b.put(edge, weights)


_MASKS = ("query_mask", "value_mask", "key_mask", "attention_mask", "zero_mask")
"""Masks in the order in which the node reads them."""


def _spread(b: Builder, edge: int, word: str, headed: bool) -> str:
    """Returns a mask in the shape of the scores: (batch, queries, keys), or with heads after the batch."""
    mask = b.last(edge)
    if word == "attention_mask":
        extra = b.rank(edge) - (4 if headed else 3)
        if extra == 0:
            return mask
        return str(b.op("Unsqueeze" if extra < 0 else "Squeeze", mask, b.ints([1])))
    heads = [1] if headed else []
    return str(b.op("Unsqueeze", mask, b.ints([*heads, -1] if word == "query_mask" else [1, *(2 for _ in heads)])))


def _sight(b: Builder, node: Node) -> list[str]:
    """Returns the masks of causal attention and of a sliding window."""
    causal, window = bool(node.config.get("use_causal_mask")), node.config.get("sliding_window")
    if not causal and not window:
        return []
    edges = node.inputs[0], node.inputs[2]
    queries, keys = (b.shape(edge)[1] for edge in edges)
    if queries is not None and keys is not None:
        apart = np.arange(queries)[:, None] - np.arange(keys)
        seen = (apart >= 0) | (not causal)
        return [b.constant(seen & (np.abs(apart) < window) if window else seen, np.bool_)]
    ends = (b.op("Squeeze", b.extent(edge, 1), b.ints([0])) for edge in edges)
    query, key = (b.op("Range", b.ints(0), end, b.ints(1)) for end in ends)
    between = b.op("Sub", b.op("Unsqueeze", query, b.ints([1])), key)
    found = [b.op("GreaterOrEqual", between, b.ints(0))] if causal else []
    return found + ([b.op("Less", b.op("Abs", between), b.ints(window))] if window else [])
