"""A graph of the core while layers add themselves to it.

What is common to all that is added is here: which weights are trained, the masks that go along with edges, the
penalties, the values that a step gives to variables. What a user wrote in Python is run here once, on tensors that
stand for edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn import _core
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import KerasTensor, Trace, operators
from fastnn.symbolic.variable import Variable

if TYPE_CHECKING:
    from fastnn.engine.layer import Layer


class Emission:
    """A graph while layers add themselves to it.

    Args:
        training: Whether the graph is for training: dropout drops, batch normalization uses the batch.
        trainable: For layers where it was settled before (at `compile`), whether they are trained.

    Attributes:
        graph: The graph.
        training: As given; within a call that says `training=` itself, what that says.
        penalties: Edges that are added to the loss.
        masks: For edges whose places do not all count, by edge: the edge (batch, time) that says which do.
        current: For variables that the graph assigns to, by the variable: the edge that holds the newest value.
    """

    def __init__(self, training: bool, trainable: Mapping[Layer, bool] | None = None) -> None:
        self.graph = _core.Graph()
        self.training = training
        self.penalties: list[int] = []
        self.masks: dict[int, int] = {}
        self.current: dict[Variable, int] = {}
        self._trainable = trainable or {}
        self._trained: set[Variable] | None = None
        if trainable is not None:
            self._trained = {variable for layer in trainable for variable in self.trained(layer)}

    def trains(self, layer: Layer) -> bool:
        """Whether the layer's weights are trained in this graph."""
        return self._trainable.get(layer, layer.trainable)

    def trained(self, layer: Layer) -> list[Variable]:
        """The layer's own weights that are trained in this graph."""
        if not self.trains(layer):
            return []
        # A layer that was frozen since it was settled has frozen its weights too; that counts at the next compile.
        return [variable for variable in layer._own_learned() if variable.trainable or not layer.trainable]

    def add(
        self,
        layer: Layer,
        kind: str,
        config: Mapping[str, Any],
        edges: Sequence[int],
        stream: _core.Stream | None = None,
        weights: Iterable[Variable] | None = None,
    ) -> list[int]:
        """A node of the layer that reads its weights, or those given; returns its output edges."""
        variables = layer._weights if weights is None else list(weights)
        for variable in variables:
            moved = variable.trainable if self._trained is None else variable in self._trained
            variable.handle.trainable = moved
        return self.graph.add(kind, layer.name, config, edges, [v.handle for v in variables], stream)

    def edge(self, spec: tuple[Any, str], name: str) -> int:
        """An edge of this shape and type, fed from outside where it is batched, and of zeros where it is not."""
        shape, dtype = spec
        if shape and shape[0] is None:
            return self.graph.input(shape, dtype, name)
        made: int = self.graph.add("Constant", name, {"value": np.zeros(shape, np.float32), "dtype": dtype}, [])[0]
        return made

    def cast(self, edge: int, dtype: str, name: str) -> int:
        """The edge with another element type."""
        if self.graph.spec(edge)[1] == dtype:
            return edge
        made: int = self.graph.add("Cast", name, {"dtype": dtype}, [edge])[0]
        return made

    def run(self, function: Callable[..., Any], edges: Sequence[int], who: str) -> tuple[Structure, list[int]]:
        """Adds what Python code computes.

        Args:
            function: Called once with a symbolic tensor for each edge; returns tensors, put together somehow.
            edges: What it reads.
            who: How errors call it.

        Returns:
            How its results are put together, and their edges.

        Raises:
            TypeError: It returns nothing, or uses a tensor from outside.
        """
        inputs = [stand_in(self.graph.spec(edge), f"input_{i}") for i, edge in enumerate(edges)]
        with Trace(self.training) as trace:
            result = function(*inputs)
            structure = Structure(result)
            leaves = structure.flat(result)
            if any(leaf is None for leaf in leaves):
                raise TypeError(f"{who} returned {result!r}; it must return what it computed")
            outputs = [operators["tensor"](leaf) for leaf in leaves]
        made = {id(tensor): edge for tensor, edge in zip(inputs, edges, strict=True)}

        def edge_of(tensor: KerasTensor) -> int:
            if id(tensor) not in made:
                raise TypeError(
                    f"{who} uses the tensor {tensor.name!r} of shape {tensor.shape}, which is not among what it was "
                    "called with; pass it as an argument"
                )
            return made[id(tensor)]

        for call in trace.calls:
            given = call.emit(self, [edge_of(tensor) for tensor in call.inputs])
            made.update((id(tensor), edge) for tensor, edge in zip(call.outputs, given, strict=True))
        self.penalties += [edge_of(tensor) for tensor in trace.losses]
        return structure, [edge_of(tensor) for tensor in outputs]


def stand_in(spec: tuple[Any, str], name: str) -> KerasTensor:
    """A symbolic tensor that no call makes."""
    shape, dtype = spec
    return KerasTensor(tuple(shape), dtype, name, None, 0)
