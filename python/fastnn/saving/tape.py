"""What a model computes when it predicts, node by node, as exporters read it.

Layers add themselves to a graph as they always do; this graph keeps a note of each node on the way to the core, whose
rewrites it does not see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from fastnn import _core
from fastnn.emission import Emission
from fastnn.layer import Layer
from fastnn.models import Model

Spec = tuple[tuple[int | None, ...], str]


class Node(NamedTuple):
    """One step.

    Attributes:
        kind: What the core calls it.
        name: Of the layer that added it.
        config: Its arguments.
        inputs: The edges it reads.
        outputs: The edges it makes.
        weights: What it reads besides, by role.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    inputs: list[int]
    outputs: list[int]
    weights: dict[str, NDArray[Any]]


class Noted:
    """A graph of the core that keeps a note of what is added to it."""

    def __init__(self) -> None:
        self.graph = _core.Graph()
        self.nodes: list[Node] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.graph, name)

    def add(
        self,
        kind: str,
        name: str,
        config: Mapping[str, Any],
        inputs: Sequence[int],
        weights: Sequence[_core.Variable] = (),
        stream: _core.Stream | None = None,
    ) -> list[int]:
        outputs = self.graph.add(kind, name, config, inputs, weights, stream)
        _, roles = _core.infer(kind, name, config, [self.graph.spec(edge) for edge in inputs])
        values = {spec[0]: handle.numpy() for spec, handle in zip(roles, weights, strict=True)}
        self.nodes.append(Node(kind, name, dict(config), list(inputs), list(outputs), values))
        return outputs


class Tape:
    """A model's nodes.

    Attributes:
        inputs: Its inputs as (name, edge).
        outputs: Its outputs as (name, edge).
        nodes: What leads from the former to the latter, in an order in which it can be done.
    """

    def __init__(self, noted: Noted, inputs: list[tuple[str, int]], outputs: list[tuple[str, int]]) -> None:
        self.inputs = inputs
        self.outputs = outputs
        wanted = {edge for _, edge in outputs}
        kept: list[Node] = []
        for node in reversed(noted.nodes):
            if wanted & set(node.outputs):
                wanted |= set(node.inputs)
                kept.append(node)
        self.nodes = kept[::-1]
        self._graph = noted.graph

    def spec(self, edge: int) -> Spec:
        """Shape, with the batch as None, and type of an edge."""
        return self._graph.spec(edge)

    def shape(self, edge: int) -> tuple[int | None, ...]:
        return self.spec(edge)[0]


def taped(model: Model) -> Tape:
    """The nodes of a model."""
    emission = Emission(False)
    noted = Noted()
    emission.graph = noted  # type: ignore[assignment]
    ports = model._ports()
    inputs = []
    for tensor, port in zip(model.inputs, ports[0], strict=True):
        assert port.shape is not None
        inputs.append((port.name, noted.graph.input(port.shape, tensor.dtype, port.name)))
    made = model._emit(emission, [edge for _, edge in inputs])
    return Tape(noted, inputs, [(port.name, edge) for port, edge in zip(ports[1], made, strict=True)])


def taped_layer(layer: Layer, specs: Sequence[Spec]) -> Tape:
    """The nodes of a built layer alone, whose inputs are called x0, x1... and whose outputs y0, y1..."""
    emission = Emission(False)
    noted = Noted()
    emission.graph = noted  # type: ignore[assignment]
    edges = [noted.graph.input(shape, dtype, f"x{i}") for i, (shape, dtype) in enumerate(specs)]
    made = layer._emit(emission, edges)
    return Tape(noted, [(f"x{i}", e) for i, e in enumerate(edges)], [(f"y{i}", e) for i, e in enumerate(made)])
