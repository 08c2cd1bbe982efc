"""A step of a user's own while its Python code runs, once, on symbolic tensors.

What the code computes enters a graph of the core at once, call by call, so the graph can be asked what a gradient
reaches. Gradients, updates of weights and assignments are nodes of that graph, in the order of the code: the core lets
a node read what the nodes before it have written. This file owns the graph, the optimizers that its updates name, and
the values of metrics, whose sums the core keeps. The tape, the optimizers and the metrics call it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastnn import _core
from fastnn.engine.contract import Part
from fastnn.engine.emission import Emission
from fastnn.engine.ownership import walk
from fastnn.symbolic.tensors import Call, KerasTensor, Trace, operators
from fastnn.symbolic.variable import Variable


class Later(KerasTensor):
    """Stand-in for a value that is read after a step, such as the result of a metric.

    Args:
        owner: The object that has the value.
        read: Returns the value.
    """

    def __init__(self, owner: Any, read: Callable[[], Any]) -> None:
        super().__init__((), name=str(getattr(owner, "name", "later")))
        self.owner = owner
        self.read = read


Recorded = Sequence[tuple[int, int]]
"""The nodes that a tape has recorded: ranges of their numbers, each with the number after its last."""


class Noted(NamedTuple):
    """A node of a step, as it was added.

    Attributes:
        kind: The kind.
        title: The name by which messages call it.
        config: The arguments.
        inputs: The edges that it reads.
        outputs: The edges that it makes.
        weights: The variables that it reads.
        number: Its number among the nodes of the core.
    """

    kind: str
    title: str
    config: Mapping[str, Any]
    inputs: list[int]
    outputs: list[int]
    weights: list[Variable]
    number: int

    def is_in(self, recorded: Recorded) -> bool:
        """Returns whether gradients flow through it; the value of a variable is that of the variable anywhere."""
        reads = not self.inputs and bool(self.weights)
        return reads or any(first <= self.number < end for first, end in recorded)


class _NotedGraph:
    """A graph of the core, and its nodes as they were added, for gradients that are written as nodes.

    Attributes:
        core: The graph.
        nodes: The nodes.
        variables: The variables that nodes read, by the identity of what the core has of them.
    """

    def __init__(self, core: Any) -> None:
        self.core: _core.Graph = core.Graph(True)
        self.nodes: list[Noted] = []
        self.variables: dict[int, Variable] = {}

    def add(
        self,
        kind: str,
        name: str,
        config: Mapping[str, Any],
        inputs: Sequence[int],
        weights: Sequence[_core.Variable] = (),
        stream: _core.Stream | None = None,
    ) -> list[int]:
        """Adds a node and returns its output edges; see `_core.Graph.add`."""
        outputs = self.core.add(kind, name, config, inputs, weights, stream)
        known = [self.variables[id(handle)] for handle in weights if id(handle) in self.variables]
        self.nodes.append(Noted(kind, f'{kind} "{name}"', config, list(inputs), outputs, known, self.core.size - 1))
        return outputs

    def __getattr__(self, name: str) -> Any:
        return getattr(self.core, name)


class _StepEmission(Emission):
    """The graph of a step: it gives gradients for any variable that a node can train, also for a frozen one."""

    graph: _NotedGraph  # type: ignore[assignment]
    in_order = True

    def __init__(self, floats: str) -> None:
        super().__init__(None, floats=floats)
        self.graph = _NotedGraph(self.core)

    def moves(self, variable: Variable) -> bool:
        self.graph.variables[id(variable.handle)] = variable
        return True


class _Calls(list[Call]):
    """The calls of a step, each of which enters the graph as it is made."""

    def __init__(self, step: StepTrace) -> None:
        super().__init__()
        self._step = step

    def append(self, call: Call) -> None:
        super().append(call)
        self._step.emit(call)


class StepTrace(Trace):
    """Trace of a step.

    Args:
        who: The name of the step in messages.
        floats: The type of floats in which it computes.

    Attributes:
        emission: The graph.
        shares: The optimizers of the core that the updates of the graph name by number, each with its weights.
        updates: For each of them the optimizer of the user and the index among the parts of that.
        measured: For each metric whose sums the core keeps, the edges whose sums are added to its total, each with the
            edge whose sum is added to its count; None: the number of values.
        metrics: The metrics that the step updates, or whose results it returns.
        tapes: The tapes that are open.
    """

    compares = True

    def __init__(self, who: str, floats: str = "float32") -> None:
        super().__init__(None)
        self.who = who
        self.calls = _Calls(self)
        self.emission = _StepEmission(floats)
        self.shares: list[tuple[_core.Optimizer, list[Variable]]] = []
        self.updates: list[tuple[Any, int]] = []
        self.measured: dict[Any, list[tuple[int, int | None]]] = {}
        self.metrics: dict[Any, None] = {}
        self.tapes: list[Any] = []
        self._made: dict[int, int] = {}
        self._held: list[KerasTensor] = []
        self._opaque: dict[int, str] = {}
        self._changed: dict[Variable, int] = {}

    @staticmethod
    def running() -> StepTrace | None:
        """Returns the step whose code is running; None outside of one, and within the `call` of a layer."""
        trace = Trace.current()
        return trace if isinstance(trace, StepTrace) else None

    # Tensors and edges.

    def input(self, shape: Sequence[int | None], dtype: str, name: str) -> KerasTensor:
        """Adds an input; returns the tensor that stands for it."""
        return self.tensor(self.emission.graph.input(tuple(shape), dtype, name), name)

    def tensor(self, edge: int, name: str) -> KerasTensor:
        """Returns a tensor that stands for an edge."""
        made = self.emission.tensor(edge, name)
        self._keep(made, edge)
        return made

    def _keep(self, tensor: KerasTensor, edge: int) -> None:
        self._made[id(tensor)] = edge
        self._held.append(tensor)

    def edge(self, value: Any) -> int:
        """Returns the edge of a tensor, or of a value that becomes one.

        Raises:
            TypeError: The tensor does not belong to the step, or is known only after it.
        """
        tensor = operators["tensor"](value)
        if id(tensor) in self._made:
            return self._made[id(tensor)]
        if isinstance(tensor, Later):
            raise TypeError(
                f"{self.who}: the result of the metric {tensor.name!r} is known after the step and cannot be computed "
                "with; return it as it is, and compute with what you give to its update_state()"
            )
        raise TypeError(
            f"{self.who} uses the tensor {tensor.name!r} of shape {tensor.shape}, which is not among its arguments nor "
            "computed from them; compute it within the step"
        )

    def emit(self, call: Call) -> None:
        """Adds what a call computes to the graph."""
        given = call.emit(self.emission, [self.edge(tensor) for tensor in call.inputs])
        for tensor, edge in zip(call.outputs, given, strict=True):
            self._keep(tensor, edge)

    # What a step does beside computing.

    @property
    def noted(self) -> list[Noted]:
        """The nodes of the graph so far, in order."""
        return self.emission.graph.nodes

    @property
    def graph(self) -> _core.Graph:
        """The graph of the core."""
        return self.emission.graph.core

    def constant(self, edge: int) -> float | None:
        """Returns the number that an edge holds; None where it is not one constant number."""
        for noted in self.noted:
            if noted.kind == "Constant" and noted.outputs == [edge] and np.ndim(noted.config["value"]) == 0:
                return float(noted.config["value"])
        return None

    def check_unchanged(self, noted: Noted, place: int) -> None:
        """Raises where a variable that a node has read was changed since.

        Args:
            noted: The node.
            place: Its place among the nodes.
        """
        for variable in noted.weights:
            if self._changed.get(variable, -1) > place:
                raise ValueError(
                    f"the gradient through {noted.title} is taken after {variable.path} was changed; take the gradient "
                    "before the weights are changed"
                )

    def gradients(
        self,
        targets: Sequence[Any],
        seeds: Sequence[Any],
        sources: Sequence[Any],
        recorded: Recorded,
        opaque: str | None = None,
    ) -> list[KerasTensor | None]:
        """Returns the gradients of the sum of targets, each times its seed; None where no target is reached.

        Args:
            targets: Tensors of float32.
            seeds: The gradient of each of them, of its shape.
            sources: Tensors and variables.
            recorded: The nodes through which gradients flow.
            opaque: The node for which a gradient of these gradients is refused.

        Raises:
            NotImplementedError: A target is computed from gradients that have none themselves.
        """
        graph = self.emission.graph
        ends = [self.edge(target) for target in targets]
        hidden = list(self._opaque)
        for edge, reached in zip(hidden, graph.reached(ends, hidden, [], recorded), strict=True):
            if reached:
                raise NotImplementedError(
                    f"a gradient of a gradient through {self._opaque[edge]} is not available; there is one for "
                    "products, convolutions of images, pooling, normalizations, recurrent layers, reductions and "
                    "elementwise functions. "
                    "Write ops.stop_gradient(gradient) where the gradient counts as a constant"
                )
        variables = [one for one in sources if isinstance(one, Variable)]
        edges = [self.edge(one) for one in sources if not isinstance(one, Variable)]
        found = graph.reached(ends, edges, [variable.handle for variable in variables], recorded)
        inner = [edge for edge, reached in zip(edges, found, strict=False) if reached]
        of_weights = found[len(edges) :]
        weights = [variable for variable, reached in zip(variables, of_weights, strict=True) if reached]
        outputs = self._gradient_node(ends, [self.edge(seed) for seed in seeds], inner, weights, recorded)
        if opaque is not None:
            self._opaque.update(dict.fromkeys(outputs, opaque))
        made = iter(outputs)
        of_edges = iter([self.tensor(next(made), "gradient") if reached else None for reached in found[: len(edges)]])
        of_variables = iter([self.tensor(next(made), "gradient") if reached else None for reached in of_weights])
        return [next(of_variables if isinstance(one, Variable) else of_edges) for one in sources]

    def _gradient_node(
        self, ends: list[int], seeds: list[int], edges: list[int], weights: list[Variable], recorded: Recorded
    ) -> list[int]:
        if not edges and not weights:
            return []
        config = {
            "targets": len(ends),
            "ranks": [len(variable.shape) for variable in weights],
            "sizes": [size for variable in weights for size in variable.shape],
            "recorded": [number for bounds in recorded for number in bounds],
        }
        handles = [variable.handle for variable in weights]
        return self.emission.graph.add("Gradient", "gradient", config, [*ends, *seeds, *edges], handles)

    def update(
        self, optimizer: Any, parts: _core.Optimizers, gradients: Sequence[Any], variables: Sequence[Variable]
    ) -> None:
        """Lets an optimizer move variables by their gradients, once for each part of it that the core has.

        Args:
            optimizer: The optimizer.
            parts: Its parts, each with the weights that it moves; None: all.
            gradients: The gradient of each variable.
            variables: The variables.
        """
        first = len(self.shares)
        for index, (part, weights) in enumerate(parts):
            chosen = None if weights is None else {id(handle) for handle in weights}
            self.shares.append((part, [v for v in variables if chosen is None or id(v.handle) in chosen]))
            self.updates.append((optimizer, index))
        edges = [self.edge(gradient) for gradient in gradients]
        numbers = {"optimizers": list(range(first, len(self.shares)))}
        self.emission.graph.add("Update", "update", numbers, edges, [variable.handle for variable in variables])
        for variable in variables:
            self._changed[variable] = len(self.noted)

    def measure(self, metric: Any, total: Any, count: Any = None) -> None:
        """Adds the sum of values to the total of a mean, and that of others, or the number of values, to its count."""
        edges = self.edge(total), None if count is None else self.edge(count)
        self.measured.setdefault(metric, []).append(edges)
        self.metrics[metric] = None

    def penalties(self, part: Part) -> list[KerasTensor]:
        """Returns the penalties that calls of a part and of those within it have added so far, a number each."""
        within = {id(one) for one, _ in walk(part)} | {id(part)}
        emission = self.emission
        found = [self.tensor(edge, "penalty") for edge in emission.penalties if id(emission.penalized[edge]) in within]
        found = [_mean_of_rows(tensor) if tensor.shape else tensor for tensor in found]
        return found + [tensor for owner, tensor in self.losses if id(owner) in within]


def _mean_of_rows(tensor: KerasTensor) -> KerasTensor:
    made: KerasTensor = operators["sum"](tensor) / operators["cast"](operators["rows"](tensor), "float32")
    return made
