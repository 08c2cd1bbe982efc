"""The structure of a model, as training sees it: ports, layers, and how a graph of the core is made of them.

A model holds one `ModelNetwork`, of the kind that fits its class: a chain, a graph of calls, or a traced `call`. It is
an object beside the model, so that no attribute of a class of the user's can take its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from fastnn import ops
from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import Computation, Outcome, Part, begin, emit, state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.layer import Layer
from fastnn.engine.masks import give_masks
from fastnn.engine.network import Port, Ports
from fastnn.engine.ownership import floats_of, own_variables, sublayers, walk
from fastnn.engine.shapes import Leaf
from fastnn.ops.node import tensor
from fastnn.precision import same_type
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor, Shape, Spec, Trace
from fastnn.symbolic.variable import Variable


class ModelNetwork:
    """Base of the structures of models.

    Args:
        model: The model.
    """

    def __init__(self, model: Layer) -> None:
        self.model = model

    def who(self) -> str:
        """Returns how errors call the model."""
        return title(self.model)

    def ports(self) -> Ports:
        """Returns the inputs and outputs as they are known now."""
        raise NotImplementedError

    def of_model(self) -> Ports:
        """Returns the inputs as data are given for them, and the outputs; `ports` has what the graph reads."""
        return self.ports()

    def prepare_for_step(self, given: Structure, specs: Sequence[Spec]) -> None:
        """Builds the model before a step of the user's own is traced, where its samples are inputs of the model."""

    def prepare(self, x: Any) -> Any:
        """Builds the model for its first data, and returns the data; a model that is built needs nothing."""
        return x

    def reads_texts(self) -> bool:
        """Returns whether `prepare` turns texts into numbers."""
        return False

    def layers_changed(self) -> None:
        """Called when layers were added or removed, here or in a nested model."""

    def leaves(self) -> list[tuple[Part, bool]]:
        """Returns every layer that computes, and whether it is trained."""
        return list(walk(self.model))

    def floats(self) -> str:
        """Returns the type of floats in which the model computes."""
        return floats_of(self.model)

    def emit(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the model to a graph; returns the edges of its outputs."""
        return emit(self.model, emission, edges)

    def weight_paths(self) -> list[tuple[str, Variable]]:
        """Returns every weight with the names on the way to it, each weight once."""
        return list({id(variable): (path, variable) for path, variable in _paths(self.model)}.values())

    # Calls on symbolic tensors, for a model made of layers.

    def output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        """Returns the shapes of the outputs for inputs of these shapes."""
        raise NotImplementedError

    def build_for(self, shapes: list[Shape]) -> None:
        """Builds the model for inputs of these shapes, or checks that they fit."""
        raise NotImplementedError

    def separated(self, inputs: Any) -> list[KerasTensor]:
        """Returns the symbolic tensors of a call, one by one, in the order of the ports.

        Raises:
            ValueError: They are not as many as the model has inputs.
            TypeError: Some of them are not symbolic tensors.
        """
        ports = self.ports()
        if ports.given.alone:
            if isinstance(inputs, Mapping) and (len(inputs) == 1 or ports.inputs[0].name in inputs):
                inputs = inputs.get(ports.inputs[0].name, next(iter(inputs.values())))
            one = isinstance(inputs, (list, tuple)) and len(inputs) == 1 and isinstance(inputs[0], KerasTensor)
            tensors = list(inputs) if one else [inputs]
        elif ports.given.nested:
            leaves = Structure(inputs)
            if leaves.count != ports.given.count:
                raise ValueError(f"{self.who()} expects {ports.given.count} inputs, got {leaves.count}")
            tensors = leaves.flat(inputs)
        else:
            names = [port.name for port in ports.inputs]
            if isinstance(inputs, Mapping):
                if not set(names) <= set(inputs):
                    raise ValueError(f"{self.who()} expects inputs {names}, got {list(inputs)}")
                tensors = [inputs[name] for name in names]
            elif not isinstance(inputs, (list, tuple)) or len(inputs) != len(names):
                got = f"{len(inputs)}" if isinstance(inputs, (list, tuple)) else "one"
                raise ValueError(f"{self.who()} expects {len(names)} inputs, {names}, got {got}")
            else:
                tensors = list(inputs)
        for one in tensors:
            if not isinstance(one, KerasTensor):
                several = isinstance(one, (list, tuple)) and any(isinstance(part, KerasTensor) for part in one)
                mend = (
                    "call it on one of them (in a train_step: x, y = data)"
                    if several
                    else "feed arrays through an Input"
                )
                got = f"a {type(one).__name__} of {len(one)}" if several else type(one).__name__
                raise TypeError(f"{self.who()} expects symbolic tensors, got {got}; {mend}")
        return tensors

    def fitted(self, tensors: list[KerasTensor], convert: bool) -> list[KerasTensor]:
        """Returns the tensors of a call as the inputs have them: with a last axis of size 1 more or less, and cast.

        Args:
            tensors: The tensors, one for each input.
            convert: True to convert them to the element types of the inputs.
        """
        return [_as_port(one, port, convert) for one, port in zip(tensors, self.ports().inputs, strict=False)]

    def outcome(self, shapes: list[Shape]) -> list[Spec]:
        """Builds the model for inputs of these shapes; returns the specs of its outputs."""
        made = self.output_shapes(shapes)
        self.build_for(shapes)
        return [(shape, "float32") for shape in made]

    def add_calls(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the calls of the layers to a graph; returns the edges of the outputs."""
        raise NotImplementedError

    def replayed_specs(self, shapes: list[Shape]) -> list[Spec]:
        """Returns the specs of what the layers make, whatever a `call` around them makes of it."""
        return self.outcome(shapes)

    def replayed(self, inputs: Any, training: bool | None) -> Any:
        """Returns the outputs for symbolic tensors, as the `call` of the model's class has them.

        Args:
            inputs: The tensors, as the inputs of the model are given.
            training: True to behave as in training; None: as the model runs.
        """
        if Trace.current() is None and not runs_code(self.model):
            return self.model(inputs, training=training)
        tensors = self.separated(inputs)
        specs = self.replayed_specs([tensor.free_shape for tensor in tensors])
        return Call(_Replayed(self), Arguments((tensors,), {}), specs, self.ports().made, training).result()


class _ReplayedComputation(Computation["_Replayed"]):
    """The computation of the calls of a model within the `call` of its class."""

    def emit(self, part: _Replayed, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        return part.network.add_calls(emission, edges)


class _Replayed(Part):
    """The calls of a model, as a `call` of its class has them by `super().call()`.

    Args:
        network: The structure of the model.
    """

    __fastnn_computation__ = _ReplayedComputation()

    def __init__(self, network: ModelNetwork) -> None:
        begin(self, True)
        self.name = network.model.name
        self.network = network


class ModelComputation(Computation[Any]):
    """Base of the computations of models made of layers: a call may give masks of the inputs."""

    def network(self, part: Any) -> ModelNetwork:
        """Returns the structure of a model."""
        raise NotImplementedError

    def add(self, part: Any, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the layers of a model to a graph; returns the edges of its outputs."""
        raise NotImplementedError

    def outcome(self, part: Any, arguments: Arguments, training: bool | None) -> Outcome:
        """Builds the model for these inputs and returns what comes out."""
        network = self.network(part)
        inputs = network.ports().given.flat(arguments.place(arguments.tensors)[0][0])
        return network.outcome([tensor.free_shape for tensor in inputs]), network.ports().made

    def emit(self, part: Any, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        """Gives the inputs the masks of the call, and adds the layers."""
        given = self.network(part).ports().given
        inputs = edges[: given.count]
        if arguments is not None and len(edges) > given.count:
            masks = given.flat(arguments.place([Leaf((edge,)) for edge in edges])[1]["mask"])
            found = [mask.shape[0] if isinstance(mask, Leaf) else None for mask in masks]
            give_masks(emission, inputs, found, title(part))
        return self.add(part, emission, inputs)


def distinct(names: Sequence[str]) -> list[str]:
    """Returns names of which those that occurred before have a number: ["a", "b", "a"] -> ["a", "b", "a_1"]."""
    made: list[str] = []
    for name in names:
        count = sum(other == name for other in names[: len(made)])
        made.append(f"{name}_{count}" if count else name)
    return made


def _as_port(given: KerasTensor, port: Port, convert: bool) -> KerasTensor:
    """Returns a tensor as an input of a model takes it."""
    made: Any = given
    if port.shape is not None and len(made.shape) == len(port.shape) - 1 and port.shape[-1] == 1:
        made = ops.expand_dims(made, -1)
    elif port.shape is not None and len(made.shape) == len(port.shape) + 1 and made.shape[-1] == 1:
        made = ops.squeeze(made, -1)
    made = ops.cast(made, port.dtype) if convert and not same_type(made.dtype, port.dtype) else made
    return cast("KerasTensor", made)


def as_tensors(inputs: Any) -> Any:
    """Returns the inputs of a call within a trace as symbolic tensors, arrays among them as constants."""
    structure = Structure(inputs)
    return structure.pack([None if leaf is None else tensor(leaf) for leaf in structure.flat(inputs)])


def fits_built(shape: Sequence[int | None], built: Sequence[int | None]) -> bool:
    """Returns whether inputs of a shape may be given where another was built for, which may leave sizes open."""
    return len(shape) == len(built) and all(b in (None, s) for s, b in zip(shape, built, strict=True))


def _paths(layer: Any) -> Iterator[tuple[str, Variable]]:
    """Yields the variables of a layer, those of layers within it under their names too."""
    for variable in own_variables(layer):
        yield variable.path, variable
    for within in sublayers(layer):
        inner = runs_code(within) or state_of(within).members is not None
        for path, variable in _paths(within):
            yield (f"{within.name}/{path}" if inner and not path.startswith(f"{within.name}/") else path), variable
