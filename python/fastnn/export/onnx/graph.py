"""An ONNX graph while exporters add to it: names, constants, the order of axes; and the table of exporters.

The core has channels last, ONNX has them first. An edge is kept in either order, or both, and transposed only where the
other order is needed, so there is no transposition between convolutions that follow each other. Values that depend on
no input are computed by the core and become constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.export.tape import Node, Tape, registrar

Array = NDArray[Any]

TYPES = {"float32": 1, "int32": 6, "bool": 9, "int64": 7, "int8": 3, "bfloat16": 16}
"""Numbers of the element types in ONNX."""
SOURCES = ("Variable", "Constant")
"""Kinds that are always computed beforehand and have no exporter. A variable has its present value."""
WHOLE = 1 << 31
"""Index beyond every axis, for slices."""


class Builder:
    """An ONNX graph that grows node by node.

    Args:
        tape: The nodes of the model.

    Attributes:
        nodes: The nodes of ONNX so far; within `body()`, those of the body.
        constants: The constants of the graph, by content.
        values: The values of edges that are constants.
        domains: The operator sets of the nodes.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.nodes: list[Any] = []
        self.constants: dict[tuple[Any, ...], Any] = {}
        self.values = _computed(tape)
        self.domains: set[str] = set()
        self._last: dict[int, str] = {edge: name for name, edge in tape.inputs}
        self._first: dict[int, str] = {}
        self._rows = ""
        self._count = 0

    def refusal(self, node: Node, why: str) -> ValueError:
        """Returns the error for a node that cannot be expressed."""
        return ValueError(f'export to ONNX: layer "{node.name}" cannot be expressed: {why}')

    # Values.

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Adds a node and returns the name of its output, or a list of names."""
        from onnx import helper

        self._count += 1
        self.domains.add(attributes.get("domain", ""))
        names = [f"{kind}_{self._count}" + (f"_{i}" if outputs > 1 else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"node_{self._count}", **attributes))
        return names[0] if outputs == 1 else names

    @contextmanager
    def body(self) -> Iterator[list[Any]]:
        """Collects the nodes that are added within the block, for a subgraph."""
        around, self.nodes = self.nodes, []
        try:
            yield self.nodes
        finally:
            self.nodes = around

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """Returns the name of a constant array. Equal arrays are kept once."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(np.asarray(value, dtype=dtype)).reshape(np.shape(value))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, f"constant_{len(self.constants)}")
        return str(self.constants[key].name)

    def ints(self, values: Any) -> str:
        """Returns the name of a constant of integers."""
        return self.constant(values, np.int64)

    def cast(self, x: str, dtype: str) -> str:
        """Returns the name of x converted to another element type."""
        return str(self.op("Cast", x, to=TYPES[dtype]))

    def extent(self, edge: int, axis: int) -> str:
        """Returns the size of a dimension of an edge, as a vector of one element."""
        size = self.shape(edge)[axis]
        return str(self.op("Shape", self.last(edge), start=axis, end=axis + 1)) if size is None else self.ints([size])

    def batch(self) -> str:
        """Returns the size of the batch, as a vector of one element."""
        if not self._rows:
            self._rows = self.extent(self.tape.inputs[0][1], 0)
        return self._rows

    def reshaped(self, x: str, node: Node, shape: Sequence[int | None]) -> str:
        """Returns the same values in another shape. A leading None stands for the batch."""
        sizes = [0 if i == 0 and size is None else -1 if size is None else size for i, size in enumerate(shape)]
        if sizes.count(-1) > 1:
            raise self.refusal(node, "it leaves more than one size open")
        return str(self.op("Reshape", x, self.ints(sizes)))

    # Edges.

    def shape(self, edge: int) -> tuple[int | None, ...]:
        """Returns the shape of an edge, with None for unknown dimensions."""
        return self.tape.shape(edge)

    def dtype(self, edge: int) -> str:
        """Returns the element type of an edge."""
        return self.tape.spec(edge)[1]

    def rank(self, edge: int) -> int:
        """Returns the number of axes of an edge."""
        return len(self.shape(edge))

    def axes(self, node: Node, word: str, default: Any = -1) -> list[int]:
        """Returns the axes that an argument names, counted from the front, in order."""
        rank, given = self.rank(node.inputs[0]), node.config.get(word, default)
        return sorted(int(one) % rank for one in ([given] if isinstance(given, (int, np.integer)) else given))

    def size(self, node: Node, axis: int) -> int:
        """Returns the size of the input along an axis, which must be known."""
        size = self.shape(node.inputs[0])[axis]
        if size is None:
            raise self.refusal(node, f"{node.kind} needs axis {axis} to be of a known size")
        return size

    def last(self, edge: int) -> str:
        """Returns the name of an edge with channels last, as the core has it."""
        if edge in self.values:
            return self.constant(self.values[edge], self.dtype(edge))
        if edge not in self._last:
            rank = self.rank(edge)
            self._last[edge] = self.op("Transpose", self._first[edge], perm=[0, *range(2, rank), 1])
        return self._last[edge]

    def first(self, edge: int) -> str:
        """Returns the name of an edge with channels before the other axes."""
        if edge not in self._first:
            rank = self.rank(edge)
            self._first[edge] = self.op("Transpose", self.last(edge), perm=[0, rank - 1, *range(1, rank - 1)])
        return self._first[edge]

    def turned(self, edge: int) -> bool:
        """Returns whether an edge exists with channels first only."""
        return edge in self._first and edge not in self._last

    def put(self, edge: int, name: str, first: bool = False) -> None:
        """Names an edge, with channels last or first."""
        (self._first if first else self._last)[edge] = name

    def put_first(self, edge: int, name: str) -> None:
        """Names an edge, with channels before the other axes."""
        self.put(edge, name, True)

    def elementwise(self, node: Node, function: Callable[..., str]) -> None:
        """Applies an element-wise function, with broadcasting, in the order in which the inputs exist."""
        rank = max(self.rank(edge) for edge in node.inputs)
        first = any(self.turned(edge) for edge in node.inputs) and all(
            edge in self.values or edge in self._first for edge in node.inputs
        )
        names = [self._constant_first(edge, rank) if first else self.last(edge) for edge in node.inputs]
        self.put(node.outputs[0], function(*names), first)

    def _constant_first(self, edge: int, rank: int) -> str:
        if edge not in self.values:
            return self._first[edge]
        value = np.asarray(self.values[edge])
        if value.ndim:
            value = np.moveaxis(value.reshape((1,) * (rank - value.ndim) + value.shape), -1, 1)
        return self.constant(value, self.dtype(edge))

    def along(self, edge: int, axis: int, value: Array) -> tuple[str, str]:
        """Returns an edge and a vector along one of its axes, shaped to broadcast, in the order that exists."""
        rank = self.rank(edge)
        axis %= rank
        if self.turned(edge) and axis == rank - 1:
            return self._first[edge], self.constant(value.reshape(-1, *[1] * (rank - 2)))
        return self.last(edge), self.constant(value.reshape(-1, *[1] * (rank - 1 - axis)))


def _computed(tape: Tape) -> dict[int, Array]:
    """Returns the values of the edges that depend on no input, computed by the core."""
    graph = _core.Graph()
    like = graph.input((None,), "float32", "like")
    known: dict[int, int] = {}
    for node in tape.nodes:
        # An assignment would write, and random numbers have no inputs either.
        if node.kind not in SOURCES and (node.kind == "Assign" or not node.inputs):
            continue
        if not node.open and all(edge in known for edge in node.inputs):
            weights = [_core.Variable(role, one.shape, False, one.dtype.name) for role, one in node.weights.items()]
            for variable, value in zip(weights, node.weights.values(), strict=True):
                variable.assign(value)
            made = graph.add(node.kind, node.name, node.config, [known[edge] for edge in node.inputs], weights)
            known.update(zip(node.outputs, made, strict=True))
    if not known:
        return {}
    rows = [graph.add("BroadcastLike", "row", {"shape": tape.shape(e)}, [made, like])[0] for e, made in known.items()]
    answers = _core.Predictor(graph, rows)([np.zeros(1, np.float32)])
    return {edge: answer[0] for edge, answer in zip(known, answers, strict=True)}


Exporter = Callable[[Builder, Node], None]
EXPORTERS: dict[str, Exporter] = {}
"""The exporter of each kind of node."""
exports = registrar(EXPORTERS)
"""Registers the decorated function as the exporter of these kinds of nodes."""
FROM_SHAPES: set[Exporter] = set()
"""Exporters that go by the shape of the output, where unknown dimensions are seen, and not by arguments of the node."""


def from_shapes(exporter: Exporter) -> Exporter:
    """Registers the decorated exporter as one that goes by the shape of the output."""
    FROM_SHAPES.add(exporter)
    return exporter
