"""A graph of the core while layers add themselves to it.

This file owns what is common to all that is added: which weights are trained, the masks of edges, the penalties, the
values that a step assigns to variables. Python code of a user is run here once, on tensors that stand for edges.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn import _core
from fastnn.engine.contract import Part, state_of, title
from fastnn.engine.ownership import own_learned
from fastnn.precision import default_policy, floatx, same_type, using
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import KerasTensor, Trace, operators
from fastnn.symbolic.variable import Variable


class Emission:
    """A graph while layers add themselves to it.

    Args:
        training: Whether the graph is for training: dropout drops, batch normalization uses the batch. None: a call on
            arrays that does not say so.
        trainable: Whether layers are trained, where that was settled before (at `compile`).
        floats: The type of floats of the graph.

    Attributes:
        floats: As given.
        core: The core that computes in this type.
        graph: The graph.
        training: As given; within a call with a `training=` of its own, the value given there. None: nobody has said
            so, and each layer does what its `call` does without `training`.
        is_random: Whether something in the graph behaves as in training although nobody has said so.
        penalties: Edges that are added to the loss.
        penalized: The part that added a penalty, by its edge.
        masks: The mask of each masked edge, by edge: an edge of shape (batch, time), true where a step counts.
        absent: The inputs without data, which no layer reads.
        nodes: Kind and config of the node that made an edge, by edge, where a layer or a function of `ops` added it.
        current: The edge with the newest value of each variable that the graph assigns to, by variable.
        in_order: Whether nodes read what nodes before them have written, so that `current` is not needed.
        first: What is called before each run of the graph, because it writes variables that the graph then reads.
        transposed: The transposes made by `transpose`, both ways, by edge and order of its axes.
    """

    in_order = False

    def __init__(
        self, training: bool | None, trainable: Mapping[Any, bool] | None = None, floats: str = "float32"
    ) -> None:
        self.floats = floats
        self.core = _core.core_for(floats)
        self.graph: _core.Graph = self.core.Graph()
        self.training = training
        self.is_random = False
        self.penalties: list[int] = []
        self.penalized: dict[int, Part] = {}
        self.masks: dict[int, int] = {}
        self.absent: set[int] = set()
        self.nodes: dict[int, tuple[str, Mapping[str, Any]]] = {}
        self.current: dict[Variable, int] = {}
        self.first: list[Callable[[], Any]] = []
        self.transposed: dict[tuple[int, tuple[int, ...]], int] = {}
        self._unpenalized: list[Part | None] = []
        self._reader: str | None = None
        self._trainable = trainable or {}
        self._trained: set[Variable] | None = None
        if trainable is not None:
            self._trained = {variable for layer in trainable for variable in self.trained(layer)}

    def draws(self) -> bool:
        """Returns whether a layer that is random where nobody says otherwise draws numbers."""
        if self.training is None:
            self.is_random = True
        return self.training is not False

    @contextlib.contextmanager
    def decided(self, default: bool | None) -> Iterator[None]:
        """Lets a default of `training` hold for what is added within, where nobody has said otherwise."""
        outer = self.training
        if outer is None and default is not None:
            self.training = bool(default)
            self.is_random = self.is_random or self.training
        try:
            yield
        finally:
            self.training = outer

    def trains(self, layer: Part) -> bool:
        """Returns whether the layer's weights are trained in this graph."""
        return self._trainable.get(layer, layer.trainable)

    def trained(self, layer: Part) -> list[Variable]:
        """Returns the layer's own weights that are trained in this graph."""
        if not self.trains(layer):
            return []
        # A layer that was frozen since it was settled has frozen its weights too; that counts at the next compile.
        return [variable for variable in own_learned(layer) if variable.trainable or not layer.trainable]

    def moves(self, variable: Variable) -> bool:
        """Returns whether the nodes of this graph give the gradient of a variable that they can train."""
        return variable.trainable if self._trained is None else variable in self._trained

    def add(
        self,
        layer: Part,
        kind: str,
        config: Mapping[str, Any],
        edges: Sequence[int],
        stream: _core.Stream | None = None,
        weights: Iterable[Variable] | None = None,
    ) -> list[int]:
        """Adds a node of the layer that reads its weights, or those given; returns its output edges."""
        variables = state_of(layer).variables if weights is None else list(weights)
        for variable in variables:
            if variable.floats != self.floats:
                raise ValueError(
                    f"{title(layer)} computes in {self.floats} and reads the variable {variable.path!r} of "
                    f"{variable.floats}; a model has one type of floats: give all of it the same dtype, or call "
                    "fastnn.config.set_floatx() before anything is made"
                )
            variable.handle.trainable = self.moves(variable)
        outputs = self.graph.add(kind, layer.name, config, edges, [v.handle for v in variables], stream)
        self.nodes.update(dict.fromkeys(outputs, (kind, config)))
        return outputs

    def edge(self, spec: tuple[Any, str], name: str) -> int:
        """Adds an edge of this shape and type: an input where it has a batch dimension, zeros where it has none."""
        shape, dtype = spec
        if shape and shape[0] is None:
            return self.graph.input(shape, dtype, name)
        made: int = self.graph.add("Constant", name, {"value": np.zeros(shape, np.float32), "dtype": dtype}, [])[0]
        return made

    @contextlib.contextmanager
    def unpenalized(self, part: Part | None) -> Iterator[None]:
        """Leaves out the penalty of a part, if one is given, on its outputs within the block."""
        self._unpenalized.append(part)
        try:
            yield
        finally:
            self._unpenalized.pop()

    def penalizes(self, part: Part) -> bool:
        """Returns whether a part adds the penalty on its outputs."""
        return all(one is not part for one in self._unpenalized)

    def add_penalty(self, part: Part, edge: int) -> None:
        """Adds an edge to the loss, as a penalty of a part."""
        self.penalties.append(edge)
        self.penalized[edge] = part

    def fixed_rows(self) -> tuple[int, str] | None:
        """Returns the number of rows that every batch must have and what requires it; None: there is no such number.

        Inputs may fix one. Layers work with any, but code that saw it may have computed with it.
        """
        return self.graph.fixed_rows() if self._reader is None else (self.graph.input_rows(), self._reader)

    def tensor(self, edge: int, name: str) -> KerasTensor:
        """Returns a symbolic tensor that stands for an edge."""
        made = stand_in(self.graph.spec(edge), name)
        made.trials = self.graph.trials(edge)
        return made

    def do_first(self, action: Callable[[], Any], who: str) -> None:
        """Does what writes variables before the nodes that follow read them.

        Args:
            action: Computes with `fastnn.ops`, assigns to variables and returns what it computed.
            who: Its name in messages.
        """
        if self.in_order:
            self.run(action, [], who)
        else:
            self.first.append(action)

    def cast(self, edge: int, dtype: str, name: str) -> int:
        """Returns the edge converted to an element type."""
        if same_type(self.graph.spec(edge)[1], dtype):
            return edge
        made: int = self.graph.add("Cast", name, {"dtype": dtype}, [edge])[0]
        return made

    def transpose(self, edge: int, order: tuple[int, ...], name: str) -> int:
        """Returns the edge with its axes in another order; the edge it was made of where that undoes a transpose."""
        known = self.transposed.get((edge, order))
        if known is not None:
            return known
        made: int = self.graph.add("Transpose", name, {"permutation": list(order)}, [edge])[0]
        back = tuple(sorted(range(len(order)), key=order.__getitem__))
        self.transposed.update({(edge, order): made, (made, back): edge})
        return made

    def run(self, function: Callable[..., Any], edges: Sequence[int], who: str) -> tuple[Structure, list[int]]:
        """Adds what Python code computes.

        Args:
            function: Called once with a symbolic tensor for each edge; returns tensors in any structure.
            edges: Its inputs.
            who: Its name in messages.

        Returns:
            The structure of its results, and their edges.

        Raises:
            TypeError: It returns nothing, or uses a tensor from outside.
        """
        inputs = [self.tensor(edge, f"input_{i}") for i, edge in enumerate(edges)]
        if self._reader is None and self.graph.input_rows():
            self._reader = who
        for tensor, edge in zip(inputs, edges, strict=True):
            if edge in self.masks:
                tensor.mask_shape = tuple(self.graph.spec(self.masks[edge])[0])
        trace = Trace(self.training)

        def results() -> tuple[Structure, list[KerasTensor]]:
            try:
                with using(default_policy() if floatx() == self.floats else self.floats):
                    result = function(*inputs)
            except TypeError as error:
                # Sizes that Python computes with: range(x.shape[0]), x / x.shape[0].
                if "NoneType" not in str(error):
                    raise
                raise TypeError(
                    f"{who}: {error}; x.shape[0] is None, since the batch may have any size: ops.shape(x)[0] stands "
                    "for it"
                ) from error
            structure = Structure(result)
            leaves = structure.flat(result)
            if any(leaf is None for leaf in leaves):
                raise TypeError(f"{who} returned {result!r}; it must return what it computed")
            return structure, [operators["tensor"](leaf) for leaf in leaves]

        structure, outputs = trace.run(results)
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
        for part, tensor in trace.losses:
            self.add_penalty(part, edge_of(tensor))
        return structure, [edge_of(tensor) for tensor in outputs]


def stand_in(spec: tuple[Any, str], name: str) -> KerasTensor:
    """Returns a symbolic tensor that no call makes."""
    shape, dtype = spec
    return KerasTensor(tuple(shape), dtype, name=name)
