"""An ONNX graph while exporters add to it: names, constants, the order of axes, and activations by their formulas.

Edges are images with their channels last; ONNX wants them first. An edge is kept in either order, or both, and turned
only where somebody asks for the other, so neighbouring convolutions and what lies between them need no turning.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.saving.tape import Node, Tape

Array = NDArray[Any]


class Builder:
    """An ONNX graph that grows node by node.

    Args:
        tape: What it is made of.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.nodes: list[Any] = []
        self.constants: dict[tuple[Any, ...], Any] = {}
        self._last: dict[int, str] = {edge: name for name, edge in tape.inputs}
        self._first: dict[int, str] = {}
        self._count = 0

    def refusal(self, node: Node, why: str) -> ValueError:
        return ValueError(f'export to ONNX: layer "{node.name}" cannot be expressed: {why}')

    # Values.

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """A node; returns the name of its output, or their names."""
        from onnx import helper

        self._count += 1
        names = [f"{kind}_{self._count}" + (f"_{i}" if outputs > 1 else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"node_{self._count}", **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """A constant array; equal ones are kept once."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(np.asarray(value, dtype=dtype)).reshape(np.shape(value))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, f"constant_{len(self.constants)}")
        return str(self.constants[key].name)

    def ints(self, values: Any) -> str:
        return self.constant(values, np.int64)

    # Edges.

    def shape(self, edge: int) -> tuple[int | None, ...]:
        return self.tape.shape(edge)

    def rank(self, edge: int) -> int:
        return len(self.shape(edge))

    def last(self, edge: int) -> str:
        """An edge with its channels last, as the core has it."""
        if edge not in self._last:
            rank = self.rank(edge)
            self._last[edge] = self.op("Transpose", self._first[edge], perm=[0, *range(2, rank), 1])
        return self._last[edge]

    def first(self, edge: int) -> str:
        """An edge with its channels before the other axes."""
        if edge not in self._first:
            rank = self.rank(edge)
            self._first[edge] = self.op("Transpose", self._last[edge], perm=[0, rank - 1, *range(1, rank - 1)])
        return self._first[edge]

    def put(self, edge: int, name: str) -> None:
        self._last[edge] = name

    def put_first(self, edge: int, name: str) -> None:
        self._first[edge] = name

    def elementwise(self, node: Node, function: Callable[[str], str]) -> None:
        """A function of each number, in whichever order the edge is in."""
        source, to = node.inputs[0], node.outputs[0]
        if source in self._last:
            self.put(to, function(self._last[source]))
        else:
            self.put_first(to, function(self._first[source]))

    def along(self, edge: int, axis: int, value: Array) -> tuple[str, str]:
        """The edge, and numbers along one of its axes broadcast to it, in whichever order the edge is in."""
        rank = self.rank(edge)
        axis %= rank
        if edge not in self._last and axis == rank - 1:
            return self._first[edge], self.constant(value.reshape(-1, *[1] * (rank - 2)))
        return self.last(edge), self.constant(value.reshape(-1, *[1] * (rank - 1 - axis)))


Exporter = Callable[[Builder, Node], None]
EXPORTERS: dict[str, Exporter] = {}
"""How each kind of node is expressed."""


def exports(*kinds: str) -> Callable[[Exporter], Exporter]:
    """Says that the decorated function expresses nodes of these kinds."""

    def register(exporter: Exporter) -> Exporter:
        EXPORTERS.update(dict.fromkeys(kinds, exporter))
        return exporter

    return register


def scalar_functions(b: Builder, config: Any) -> dict[str, Callable[[str], str]]:
    """The activations of the core on one value, by name."""
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
        "tanh_shrink": lambda x: b.op("Sub", x, b.op("Tanh", x)),
        "hard_shrink": lambda x: shrink(x, False),
        "soft_shrink": lambda x: shrink(x, True),
        "threshold": threshold,
        "squareplus": squareplus,
        "sparse_plus": sparse_plus,
        "sparse_sigmoid": lambda x: clip(mul(b.op("Add", x, number(1)), number(0.5)), 0, 1),
    }
