"""The nodes of a model's inference, in order, as exporters read them.

Layers add themselves to a graph as usual. This graph records each node on its way to the core, before any rewriting by
the core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import Part, emit, state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.inference import common, trials
from fastnn.engine.ownership import refuse_float64
from fastnn.engine.shapes import as_leaves, shown
from fastnn.precision import BFLOAT16
from fastnn.symbolic.structure import Structure

Exporter = TypeVar("Exporter", bound=Callable[..., None])
Shape = tuple[int | None, ...]
Spec = tuple[tuple[int | None, ...], str]


class Node(NamedTuple):
    """One node.

    Attributes:
        kind: Name of the operation in the core.
        name: Name of the layer that added it.
        config: Its arguments.
        inputs: Edges that it reads.
        outputs: Edges that it makes.
        weights: Values of its weights, by role.
        open: Arguments that depend on unknown dimensions of the model; `config` has them for one trial size.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    inputs: list[int]
    outputs: list[int]
    weights: dict[str, NDArray[Any]]
    open: frozenset[str] = frozenset()


class Noted:
    """A graph of the core that records the nodes added to it."""

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
        """Adds a node to the graph and records it; returns its output edges."""
        outputs = self.graph.add(kind, name, config, inputs, weights, stream)
        _, roles = _core.infer(kind, name, config, [self.graph.spec(edge) for edge in inputs])
        values = {spec[0]: handle.numpy() for spec, handle in zip(roles, weights, strict=True)}
        # Values of 16 bits are noted as the floats that they are.
        kept = {key: value for key, value in config.items() if (key, value) != ("held", BFLOAT16)}
        self.nodes.append(Node(kind, name, kept, list(inputs), list(outputs), values))
        return outputs


class Tape:
    """The nodes of a model.

    Args:
        noted: The recorded nodes.
        inputs: Inputs of the model as (name, edge).
        outputs: Outputs of the model as (name, edge).
        other: The same nodes for other trial sizes, where dimensions beside the batch are unknown.

    Attributes:
        inputs: As given.
        outputs: As given.
        nodes: The nodes between them, in an order in which they can be computed.
    """

    def __init__(
        self, noted: Noted, inputs: list[tuple[str, int]], outputs: list[tuple[str, int]], other: Noted | None = None
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        wanted = {edge for _, edge in outputs}
        kept: list[Node] = []
        other = other or noted
        for node, like in zip(reversed(noted.nodes), reversed(other.nodes), strict=True):
            if wanted & set(node.outputs):
                wanted |= set(node.inputs)
                differing = {key for key, value in node.config.items() if _bits(value) != _bits(like.config.get(key))}
                kept.append(node._replace(open=frozenset(differing)))
        self.nodes = kept[::-1]
        self._graphs = noted.graph, other.graph

    def spec(self, edge: int) -> Spec:
        """Returns the shape of an edge, with None for unknown dimensions, and its element type."""
        (shape, dtype), (other, _) = (graph.spec(edge) for graph in self._graphs)
        return common(shape, other), dtype

    def shape(self, edge: int) -> tuple[int | None, ...]:
        """Returns the shape of an edge, with None for unknown dimensions."""
        return self.spec(edge)[0]


def _bits(value: Any) -> tuple[Any, ...]:
    array = np.asarray(value)
    return array.shape, array.dtype, array.tobytes()


def taped(model: Any) -> Tape:
    """Returns the nodes of a built model.

    Raises:
        ValueError: The model is not built, or its nodes differ between two trial sizes of the unknown dimensions.
    """
    if not model.built:
        raise ValueError(f"{title(model)} is not built; give it an Input, build() it, or fit it first")
    ports = model.__fastnn_ports__()
    for port in ports.inputs:
        if port.dtype == "string":
            raise ValueError(
                f"{title(model)} reads texts at {port.name!r}, which cannot be exported; export a model of its layers "
                "behind those that read texts, and give it their integers"
            )
    inputs = [(port.name, (shape, port.dtype)) for shape, port in zip(_shapes(model), ports.inputs, strict=True)]
    names = [port.name for port in ports.outputs]
    refuse_float64(model, "export writes float32")
    return taped_code(
        title(model), inputs, lambda emission, edges: list(zip(names, emit(model, emission, edges), strict=True))
    )


def taped_code(
    who: str,
    inputs: Sequence[tuple[str, Spec]],
    add: Callable[[Emission, list[int]], list[tuple[str, int]]],
) -> Tape:
    """Returns the nodes that code adds to a graph.

    Args:
        who: What it computes, in messages.
        inputs: Names and specs of what it reads; None stands for dimensions that are not known.
        add: Adds the nodes after the edges of the inputs, and returns the outputs as (name, edge).

    Raises:
        ValueError: The nodes differ between two trial sizes of the unknown dimensions.
    """
    specs = [spec for _, spec in inputs]
    found = []
    for _, known in trials(specs):
        emission = Emission(False)
        noted = Noted()
        emission.graph = noted  # type: ignore[assignment]
        edges = [noted.graph.input(*spec, name) for spec, (name, _) in zip(known, inputs, strict=True)]
        found.append((noted, edges, add(emission, edges)))
    (noted, edges, outputs), (other, *_) = found[0], found[-1]
    if [node[:2] + node[3:5] for node in noted.nodes] != [node[:2] + node[3:5] for node in other.nodes]:
        raise ValueError(
            f"{who} computes other steps for other sizes of its inputs "
            f"{', '.join(shown(shape) for shape, _ in specs)}; give its Input sizes in place of None"
        )
    return Tape(noted, [(name, edge) for (name, _), edge in zip(inputs, edges, strict=True)], outputs, other)


def _shapes(model: Any) -> list[Shape]:
    """Returns the shapes of the inputs. A model with a `call` has those it was built for."""
    if not runs_code(model):
        return [port.shape for port in model.__fastnn_ports__().inputs if port.shape is not None]
    leaves = as_leaves(state_of(model).build_shape)
    return [(None, *leaf.shape[1:]) for leaf in Structure(leaves).flat(leaves)]


def taped_layer(layer: Part, specs: Sequence[Spec]) -> Tape:
    """Returns the nodes of a built layer. Its inputs are called x0, x1... and its outputs y0, y1..."""
    refuse_float64(layer, "export writes float32")
    emission = Emission(False)
    noted = Noted()
    emission.graph = noted  # type: ignore[assignment]
    edges = [noted.graph.input(shape, dtype, f"x{i}") for i, (shape, dtype) in enumerate(specs)]
    made = emit(layer, emission, edges)
    return Tape(noted, [(f"x{i}", e) for i, e in enumerate(edges)], [(f"y{i}", e) for i, e in enumerate(made)])


def registrar(table: dict[str, Exporter]) -> Callable[..., Callable[[Exporter], Exporter]]:
    """Returns a decorator, called with kinds of nodes, that registers a function in a table of exporters."""

    def exports(*kinds: str) -> Callable[[Exporter], Exporter]:
        def register(exporter: Exporter) -> Exporter:
            table.update(dict.fromkeys(kinds, exporter))
            return exporter

        return register

    return exports
