"""Models that are read once from the calls between their inputs and their outputs."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.caller import warn
from fastnn.configurable import constructor_signature
from fastnn.engine.by_code import runs_code
from fastnn.engine.calls import overridable
from fastnn.engine.contract import state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.inference import agreed, are_free, trials
from fastnn.engine.input_spec import check_inputs
from fastnn.engine.layer import Layer
from fastnn.engine.network import Port, Ports
from fastnn.engine.ownership import LayerChanges
from fastnn.engine.shapes import batched
from fastnn.models import kinds
from fastnn.models.model import Model
from fastnn.models.network import ModelComputation, ModelNetwork, distinct, fits_built
from fastnn.models.texts import front_of
from fastnn.models.topology import Topology
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Call, KerasTensor, Shape, Trace
from fastnn.training.ports import quoted


class CallGraph(ModelNetwork):
    """The structure of a `Functional`.

    Args:
        model: The model.

    Attributes:
        topology: The calls between the inputs and the outputs.
    """

    topology: Topology

    def __init__(self, model: Layer) -> None:
        super().__init__(model)
        self._ports: Ports

    def read(self, inputs: Any, outputs: Any) -> None:
        """Reads the calls between symbolic tensors.

        Args:
            inputs: A symbolic tensor, or a list or dict of them.
            outputs: The same.

        Raises:
            TypeError: Something is no symbolic tensor.
            ValueError: An output needs an input that is not given, or two layers have the same name.
        """
        who = self.who()
        in_lists = _in_list(inputs), _in_list(outputs)
        inputs, outputs = (one[0] if alone else one for one, alone in zip((inputs, outputs), in_lists, strict=True))
        given, made = Structure(inputs, f"{who}: inputs"), Structure(outputs, f"{who}: outputs")
        ends = self._symbolic("inputs", given.flat(inputs)), self._symbolic("outputs", made.flat(outputs))
        if len({id(tensor) for tensor in ends[0]}) < len(ends[0]):
            raise ValueError(f"{who}: the same tensor stands twice among the inputs; give each once")
        self.topology = Topology(who, *ends)
        self._of_model = Ports(_named(given, ends[0]), _named(made, ends[1]), given, made, in_lists)
        self._front = front_of(self.topology.inputs, self.topology.calls, self.topology.outputs, who)
        self._ports = self._of_model if self._front is None else self._front.ports(self._of_model)
        self._entries = self.topology.inputs if self._front is None else self._front.entries

    def _symbolic(self, word: str, tensors: list[Any]) -> list[KerasTensor]:
        for tensor in tensors:
            if not isinstance(tensor, KerasTensor):
                mend = "call the layer on a tensor" if isinstance(tensor, Layer) else "start from x = Input((8,))"
                array = isinstance(tensor, np.ndarray)
                got = f"an array of shape {tensor.shape}" if array else reprlib.repr(tensor)
                raise TypeError(f"{self.who()} expects {word} to be symbolic tensors, got {got}; {mend}")
        return tensors

    def ports(self) -> Ports:
        """Returns the inputs and outputs; for a model that reads texts, the inputs of what computes with numbers."""
        return self._ports

    def of_model(self) -> Ports:
        """Returns the inputs as data are given for them, and the outputs; `ports` has what the graph reads."""
        return self._of_model

    def reads_texts(self) -> bool:
        """Returns whether `prepare` turns texts into numbers."""
        return self._front is not None

    def prepare(self, x: Any) -> Any:
        """Compares data with the structure of the inputs, and with an `input_spec` that was set on the model."""
        self._check_structure(x)
        spec = vars(self.model).get("input_spec")
        if spec is not None:
            check_inputs(self.model, spec, x)
        return x if self._front is None else self._front.numbers(self.who(), x, self._of_model)

    def separated(self, inputs: Any) -> list[KerasTensor]:
        """Returns the symbolic tensors of a call, one by one, in the order of the ports."""
        if self._front is not None:
            raise TypeError(
                f"{self.who()} reads texts and cannot be part of another model; call its layers on the Input, or the "
                "model on arrays"
            )
        self.prepare(inputs)
        return super().separated(inputs)

    def _check_structure(self, x: Any) -> None:
        """Warns of data in another structure than that of the inputs, which are matched in order.

        Raises:
            ValueError: The inputs are in a dict, whose order is not that of its sorted keys, and the data in a list.
        """
        given = self._of_model.given
        if given.alone or not isinstance(x, (list, tuple)) or given.leads(x):
            return
        if given.keys is not None and list(given.pack(given.keys)) != given.keys and len(x) == given.count:
            raise ValueError(
                f"{self.who()}: The structure of `inputs` doesn't match the expected structure: the inputs are a dict, "
                f"and it is not known which array of a list is which; give a dict with {quoted(self._of_model.inputs)}"
            )
        if Structure(x).count == given.count:
            names = given.pack([port.name for port in self._of_model.inputs])
            warn(
                f"The structure of `inputs` doesn't match the expected structure: {self.who()} expects {names}, got "
                f"a {type(x).__name__} of {len(x)}; its arrays are taken in the order of "
                f"{quoted(self._of_model.inputs)}"
            )

    def known_shapes(self, input_shape: Any) -> list[Shape]:
        """Returns the shapes of inputs, one by one."""
        given = self._of_model.given
        shapes = [input_shape] if given.alone else given.flat(input_shape)
        return [batched(self.who(), tuple(shape)) for shape in shapes]

    def output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        """Returns the shapes of the outputs for inputs of these shapes."""
        self.build_for(shapes)
        inputs, outputs = self._entries, self.topology.outputs
        recorded = [tensor.free_shape for tensor in outputs]
        if self._front is not None or not are_free(recorded) or shapes == [tensor.free_shape for tensor in inputs]:
            return recorded
        found = []
        for _, known in trials([(shape, t.dtype) for shape, t in zip(shapes, inputs, strict=True)]):
            emission = Emission(False, floats=self.floats())
            edges = [emission.graph.input(*spec, t.name) for spec, t in zip(known, inputs, strict=True)]
            found.append([emission.graph.spec(edge) for edge in self.add_calls(emission, edges)])
        return [shape for shape, _ in agreed(found)]

    def build_for(self, shapes: list[Shape]) -> None:
        """Checks that inputs of these shapes fit: the model was built as it was made."""
        for tensor, shape in zip(self.topology.inputs, shapes, strict=True):
            built = tensor.free_shape
            if not fits_built(shape, built):
                raise ValueError(
                    f"{self.who()} was built for inputs of shape {built} at {tensor.name!r}, got {shape}; "
                    "make a new model"
                )

    def add_calls(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the calls to a graph; returns the edges of the outputs."""
        made: dict[int, int | None] = {
            id(tensor): None if edge in emission.absent else edge
            for tensor, edge in zip(self._entries, edges, strict=True)
        }
        for call in self.topology.calls:
            if self._front is not None and call in self._front.calls:
                continue
            read = [made[id(tensor)] for tensor in call.inputs]
            present = [edge for edge in read if edge is not None]
            outputs: Sequence[int | None] = [None] * len(call.outputs)
            if len(present) == len(read):
                outputs = call.emit(emission, present)
            elif present:
                outputs = call.emit(emission, present, call.arguments.without([edge is None for edge in read]))
            made.update((id(tensor), edge) for tensor, edge in zip(call.outputs, outputs, strict=True))
        found = [made[id(tensor)] for tensor in self.topology.outputs]
        if None in found:
            raise ValueError(f"{self.who()}: an output is made of optional inputs alone, and these have no data")
        return found  # type: ignore[return-value]


class _CallsComputation(ModelComputation):
    """The computation of a graph of calls: one call after the other."""

    def network(self, part: Functional) -> ModelNetwork:
        return part.__fastnn_call_graph__

    def add(self, part: Functional, emission: Emission, edges: list[int]) -> list[int]:
        return part.__fastnn_call_graph__.add_calls(emission, edges)

    def output_shape(self, part: Functional, input_shape: Any) -> Any:
        graph = part.__fastnn_call_graph__
        return graph.ports().made.pack(graph.output_shapes(graph.known_shapes(input_shape)))


@kinds.enter
class Functional(Model):
    """A model that is read from the calls between its inputs and its outputs.

    Args:
        inputs: A symbolic tensor, or a list or dict of them: from `Input`, or from the middle of another model.
        outputs: A symbolic tensor, or a list or dict of them, made from the inputs by calling layers.
        trainable: True if training may change the weights.
        name: A name; None makes one: "functional", "functional_1"...
        dtype: "float32" or None.

    Raises:
        TypeError: Something is no symbolic tensor.
        ValueError: An output needs an input that is not given, or two layers have the same name.

    Example:
        >>> x = layers.Input((8,))
        >>> autoencoder = fastnn.Sequential([x, layers.Dense(2), layers.Dense(8)])
        >>> encoder = fastnn.Model(autoencoder.inputs, autoencoder.layers[0].output)
        >>> encoder.output_shape
        (None, 2)
    """

    __fastnn_keras_module__ = "keras.src.models.functional"
    __fastnn_keras_registered_name__ = "Functional"
    __fastnn_keras_builds_itself__ = True
    __fastnn_native__ = _CallsComputation()

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._fastnn_graph = CallGraph(self)
        super().__init__(name=name, dtype=dtype)
        if inputs is None or outputs is None:
            raise TypeError(
                f"{type(self).__name__} expects inputs and outputs, symbolic tensors such as x = Input((8,)) and "
                "Dense(3)(x)"
            )
        graph = self._fastnn_graph
        graph.read(inputs, outputs)
        state = state_of(self)
        state.members = graph.topology.layers
        if runs_code(self):
            state.builds_in_call = type(self).build is not Functional.build
        else:
            state.build_shape = graph.of_model().given.pack([tensor.free_shape for tensor in graph.topology.inputs])
            self.built = True
        LayerChanges.add()
        if not trainable:
            self.trainable = False

    def __fastnn_network__(self) -> ModelNetwork:
        return self._fastnn_graph

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Returns the outputs, as a call of the model does; a `call` of a class of your own has them by `super().call`.

        Args:
            inputs: Tensors or arrays, as the inputs of the model were given.
            training: True to behave as in training; None: as the model runs.
            mask: Accepted for Keras compatibility; ignored.
        """
        return self._fastnn_graph.replayed(inputs, training)

    def __fastnn_joining_calls__(self) -> list[Call]:
        return list(self.__fastnn_topology__.calls)

    def __fastnn_edges__(self) -> list[tuple[Any, Any]]:
        return [] if runs_code(self) else self.__fastnn_topology__.edges()

    @property
    def __fastnn_call_graph__(self) -> CallGraph:
        """The structure of the model."""
        return self._fastnn_graph

    @property
    def __fastnn_topology__(self) -> Topology:
        """The calls between the inputs and the outputs."""
        return self._fastnn_graph.topology

    @property
    def operations(self) -> list[Any]:
        """The layers, and the functions of `fastnn.ops` that compute with their outputs."""
        return self.__fastnn_operations__()

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the inputs."""
        return list(self.__fastnn_topology__.inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the outputs."""
        return list(self.__fastnn_topology__.outputs)

    @overridable
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [port.name for port in self._fastnn_graph.of_model().inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs, which are those of the layers that make them."""
        return distinct([tensor.history.layer.name for tensor in self.__fastnn_topology__.outputs])

    @property
    def output_shape(self) -> Any:
        """The shape of the output; several as the outputs were given."""
        return self._fastnn_graph.ports().made.pack([tensor.shape for tensor in self.__fastnn_topology__.outputs])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output for an input of a shape, the batch included.

        Args:
            input_shape: Such as (None, 784); several as the inputs were given.

        Raises:
            ValueError: The model was built for another shape.
        """
        return super().compute_output_shape(input_shape)

    def build(self, input_shape: Any = None) -> None:
        """Compares the shapes of inputs with those that the model was made for; it is built as it is made.

        Args:
            input_shape: The shape of the batch, or several as the inputs were given.

        Raises:
            ValueError: The model was built for another shape.
        """
        if runs_code(self):
            super().build(input_shape)
        elif input_shape is not None:
            self._fastnn_graph.build_for(self._fastnn_graph.known_shapes(input_shape))

    def add_loss(self, loss: Any) -> None:
        """Adds to the loss, in the `call` of a class of your own.

        Args:
            loss: A tensor, whose elements are summed, or a list of tensors.

        Raises:
            NotImplementedError: No `call` is running.
        """
        if Trace.current() is None:
            raise NotImplementedError(
                f"{title(self)}: a model made of layers takes no add_loss(); put a layer of your own into it that is "
                "called on these tensors and calls self.add_loss() in its call(), or derive a class from Model"
            )
        super().add_loss(loss)

    def get_config(self) -> dict[str, Any]:
        """Returns the name, the layers and their calls in the form of Keras 3, which `from_config` reads.

        Example:
            >>> x = layers.Input((2,), name="x")
            >>> config = fastnn.Model(x, layers.Dense(3, name="y")(x)).get_config()
            >>> config["output_layers"]
            ['y', 0, 0]
        """
        from fastnn.models import keras_config

        if runs_code(self) or not takes_ends(type(self)):
            return super().get_config()
        return keras_config.functional_config(self)


def takes_ends(cls: type[Model]) -> bool:
    """Returns whether the constructor of a class takes inputs and outputs; otherwise it makes them itself."""
    parameters = constructor_signature(cls).parameters
    passed_on = {parameter.kind for parameter in parameters.values()}
    takes_all = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= passed_on
    return takes_all or {"inputs", "outputs"} <= set(parameters)


def _named(structure: Structure, tensors: Sequence[KerasTensor]) -> list[Port]:
    names = structure.keys if structure.keys and not structure.nested else None
    names = names or distinct([tensor.history.layer.name for tensor in tensors])
    return [
        Port(name, tensor.free_shape, tensor.dtype, getattr(tensor.history.layer, "optional", False) is True)
        for name, tensor in zip(names, tensors, strict=True)
    ]


def _in_list(given: Any) -> bool:
    """Returns whether a list of one was given, as `model.inputs` is."""
    return isinstance(given, (list, tuple)) and len(given) == 1
