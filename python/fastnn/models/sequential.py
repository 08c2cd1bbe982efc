"""Models that are a chain of layers, which can grow and shrink.

A chain whose input shape is not given is built by its first data; sizes that these settled are left open later, where
later data differ and the layers allow it.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.engine.by_code import runs_code
from fastnn.engine.calls import overridable
from fastnn.engine.contract import emit, state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.inference import common
from fastnn.engine.layer import Layer
from fastnn.engine.network import Port, Ports
from fastnn.engine.ownership import LayerChanges
from fastnn.engine.shapes import Leaf, as_leaves, batched
from fastnn.layers import InputLayer
from fastnn.models import kinds
from fastnn.models.model import Model
from fastnn.models.network import ModelComputation, ModelNetwork, distinct, fits_built
from fastnn.models.texts import TextFront, front_of
from fastnn.signatures import explained
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, KerasTensor, Shape, Spec, Trace
from fastnn.training.door import samples, unwrapped

_ALONE = Structure(None)


class Chain(ModelNetwork):
    """The structure of a `Sequential`.

    Args:
        model: The model.

    Attributes:
        layers: The layers, without that of the input.
        entry: The layer of the input, where it was given.
        entries: The symbolic tensors of the input, or inputs; none before their shapes are known.
        tensors: The symbolic tensors before, between and after the layers, the first as the inputs are given; none
            before the shape of the input is known.
    """

    def __init__(self, model: Layer) -> None:
        super().__init__(model)
        self.layers: list[Any] = []
        self._names: set[str] = set()
        self.entry: InputLayer | None = None
        self.entries: list[KerasTensor] = []
        self.tensors: list[Any] = []
        self._given = _ALONE
        self._opened_by_data = False
        self._ports: Ports | None = None
        self._of_model: Ports | None = None
        self._front: TextFront | None = None
        self._seen = -1

    # Growing and shrinking.

    def begin(self, entry: InputLayer) -> None:
        """Starts with the layer of an input."""
        self._begin([entry], _ALONE)

    def _begin(self, entries: Sequence[InputLayer], given: Structure) -> None:
        self.entries = [entry.output for entry in entries]
        self._given = given
        self.tensors = [given.pack(self.entries)]
        self._ports = self._front = None
        state_of(self.model).build_shape = given.pack([state_of(entry).entry_shape for entry in entries])
        self.model.built = True

    def unbuild(self) -> None:
        """Forgets the input shape."""
        self.entries, self.tensors = [], []
        state_of(self.model).build_shape = None
        self.model.built = False

    def append(self, layer: Any) -> None:
        """Adds a layer at the end; where it does not fit, the chain is as it was."""
        begun = bool(self.tensors)
        first = None if self.layers or begun else shape_of_first(layer)
        if first is not None:
            self.begin(InputLayer(batch_shape=first))
        if self.tensors:
            try:
                self.tensors.append(self._called(layer, self.tensors[-1]))
            except Exception:
                if not begun:
                    self.unbuild()
                raise
        self.layers.append(layer)
        self._names.add(layer.name)
        self._ports = None
        LayerChanges.add()

    def has(self, name: str) -> bool:
        """Whether a layer has a name."""
        # Names that layers had when they were added, so that not each of a thousand looks at all before it.
        return name in self._names and any(layer.name == name for layer in self.layers)

    def _called(self, layer: Any, tensors: Any) -> Any:
        """Returns the output of a layer, which must not need anything but its input."""
        if runs_code(layer) and not isinstance(layer, Model):
            parameters = inspect.signature(layer.call).parameters.values()
            needed = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
            if len(needed) > 1:
                raise ValueError(
                    f"{self.who()} calls its layers on one input alone, and the call() of {title(layer)} needs "
                    f"{', '.join(needed)}; give {', '.join(needed[1:])} a default, such as None"
                )
        return layer(tensors)

    def pop(self) -> Any:
        """Removes the last layer and returns it."""
        layer = self.layers.pop()
        self._ports = None
        LayerChanges.add()
        if self.tensors:
            self.tensors.pop()
        if not self.layers and self.entry is None:
            self.unbuild()
        return layer

    def connect(
        self, shapes: Sequence[Shape], given: Structure, entry: InputLayer | None = None, dtype: str | None = None
    ) -> None:
        """Calls all layers.

        Args:
            shapes: The shapes of the inputs.
            given: The structure in which they are given.
            entry: The layer of the only input; None: new ones are made.
            dtype: The element type of new ones.
        """

        def called() -> tuple[list[InputLayer], list[Any]]:
            keys = given.keys if given.keys and not given.nested else [None] * len(shapes)
            entries = [
                InputLayer(batch_shape=shape, name=key, dtype=dtype) for shape, key in zip(shapes, keys, strict=True)
            ] if entry is None else [entry]  # fmt: skip
            tensors: list[Any] = [given.pack([one.output for one in entries])]
            for layer in self.layers:
                tensors.append(self._called(layer, tensors[-1]))
            return entries, tensors

        entries, tensors = Trace.paused(called)
        self._begin(entries, given)
        self.tensors = tensors

    def _shapes(self, input_shape: Any) -> tuple[list[Shape], Structure]:
        """Returns shapes of inputs, one by one, and their structure."""
        leaves = (
            as_leaves(input_shape)
            if isinstance(input_shape, (list, tuple, Mapping))
            else Leaf(batched(self.who(), input_shape))
        )
        given = Structure(leaves)
        return [batched(self.who(), leaf.shape) for leaf in given.flat(leaves)], given

    def output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output for inputs of a shape, or of several in a list or dict."""
        shapes, given = self._shapes(input_shape)
        shape: Any = given.pack(shapes)
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def build(self, input_shape: Any) -> None:
        """Builds all layers for inputs of a shape; a chain that is built only checks that it fits."""
        built = state_of(self.model).build_shape
        if input_shape is None:
            if built is None:
                raise ValueError(f"{self.who()}: build expects an input shape, such as build((None, 784))")
            return
        shapes, given = self._shapes(input_shape)
        if self.model.built and built is not None:
            known = [entry.free_shape for entry in self.entries]
            fit = len(shapes) == len(known) and all(map(fits_built, shapes, known))
            if self.layers and not fit:
                raise ValueError(
                    f"{self.who()} was built for inputs of shape {built}, got {given.pack(shapes)}; make a new model"
                )
            return
        self.output_shape(given.pack(shapes))
        self.connect(shapes, given)

    # What training and outer models ask.

    def refresh(self) -> None:
        """Compares the layers with those that programs were made of."""
        if self._seen != LayerChanges.count:
            model: Any = self.model
            model.__fastnn_training__.programs.refresh()
            self._seen = LayerChanges.count

    def ports(self) -> Ports:
        """Returns the input and the output."""
        if self._seen != LayerChanges.count:
            self.refresh()
        if self._ports is None:
            if not self.tensors:
                name = self.layers[-1].name if self.layers else "y"
                return Ports([Port("x", None)], [Port(name, None)], _ALONE, _ALONE)
            made, last = self._ends()
            self._of_model = self._ports = Ports(
                [Port(entry.name, entry.free_shape, entry.dtype) for entry in self.entries],
                [Port(name, tensor.free_shape) for name, tensor in zip(_names_of(made, last), last, strict=True)],
                self._given,
                made,
            )
            calls = [tensor.made_by for tensor in self.tensors[1:]] if self.reads_texts() else []
            self._front = front_of(self.entries, calls, last, self.who())
            if self._front is not None:
                self._ports = self._front.ports(self._of_model)
        return self._ports

    def of_model(self) -> Ports:
        """Returns the inputs as data are given for them, and the outputs; `ports` has what the graph reads."""
        ports = self.ports()
        return ports if self._front is None or self._of_model is None else self._of_model

    def reads_texts(self) -> bool:
        """Returns whether `prepare` turns texts into numbers."""
        return bool(self.layers) and type(self.layers[0]).__fastnn_reads_texts__

    def body(self) -> list[tuple[Any, Arguments | None]]:
        """Returns the layers that compute with numbers, with their arguments."""
        return list(zip(self.layers, self.arguments(), strict=True))[int(self.reads_texts()) :]

    def add_calls(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the layers to a graph, one after the other; returns the edges of the outputs."""
        for layer, arguments in self.body():
            edges = emit(layer, emission, edges, arguments)
        return edges

    def last(self) -> list[KerasTensor]:
        """Returns the tensors of the layer that was added last; none before the chain is built."""
        return self._ends()[1] if self.tensors else []

    def _ends(self) -> tuple[Structure, list[KerasTensor]]:
        """Returns the structure of what the last layer makes, and its tensors."""
        made = Structure(self.tensors[-1])
        return made, made.flat(self.tensors[-1])

    def prepare(self, x: Any) -> Any:
        """Builds the chain for its first data, or leaves sizes open in which later data differ."""
        self.refresh()
        if self.reads_texts():
            if not self.tensors:
                texts = np.asarray(x)
                self.connect([(None, *(texts.shape[1:] or (1,)))], _ALONE, dtype="string")
                model: Any = self.model
                model.__fastnn_training__.settle(pending_only=True)
            self.ports()
            assert self._front is not None and self._of_model is not None
            return self._front.numbers(self.who(), x, self._of_model)
        if not self.tensors:
            if not self.layers:
                raise ValueError(f"{self.who()} has no layers; add() some first")
            x = x["x"] if isinstance(x, Mapping) and list(x) == ["x"] else x
            if self._takes_several(x):
                given = Structure(x)
                x = given.pack([samples(one, self.who()) for one in given.flat(x)])
                self.build(given.pack([(None, *(one.shape[1:] or (1,))) for one in given.flat(x)]))
            else:
                x = samples(unwrapped(x, 1), self.who())
                self.build((None, *(x.shape[1:] or (1,))))
            self._opened_by_data = True
            model = self.model
            model.__fastnn_training__.settle(pending_only=self._ends()[0].alone)
        elif self._opened_by_data and isinstance(x, np.ndarray):
            self._loosen(x.shape)
        return x

    def _takes_several(self, x: Any) -> bool:
        """Returns whether data of a chain that is not built are several inputs, which its first layer takes."""
        first = self.layers[0]
        several_inputs = isinstance(first, Model) and len(getattr(first, "inputs", ())) > 1
        takes_them = runs_code(first) or type(first).__fastnn_takes_many__ or several_inputs
        if isinstance(x, Mapping):
            return takes_them and len(x) > 0
        several = isinstance(x, (list, tuple)) and len(x) > 1 and all(isinstance(one, np.ndarray) for one in x)
        return several and takes_them

    def separated(self, inputs: Any) -> list[KerasTensor]:
        """Returns the symbolic tensors of a call, one by one; builds the chain for several inputs."""
        several = Structure(inputs)
        if not self.tensors and self.layers and several.count > 1:
            self.build(several.pack([tensor.free_shape for tensor in several.flat(inputs)]))
        return super().separated(inputs)

    def _loosen(self, shape: tuple[int, ...]) -> None:
        known = self.entries[0].free_shape
        if len(shape) != len(known) or fits_built(shape, (None, *known[1:])):
            return
        loose = (None, *common(known[1:], shape[1:]))
        try:
            self.output_shape(loose)
        except ValueError:
            return
        self.connect([loose], _ALONE)
        model: Any = self.model
        model.__fastnn_training__.programs.clear()

    def layers_changed(self) -> None:
        """Calls the layers anew where a nested model has changed its output."""
        self._ports = None
        built = state_of(self.model).build_shape
        if not self.tensors:
            return
        made, last = self._ends()
        if self.output_shape(built) != made.pack([tensor.free_shape for tensor in last]):
            entry = self.entries[0].history.layer if self._given.alone else None
            assert entry is None or isinstance(entry, InputLayer)
            self.connect([tensor.free_shape for tensor in self.entries], self._given, entry)

    def output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        """Returns the shape of the output for an input of a shape."""
        leaves = as_leaves(self.model.compute_output_shape(self._packed(shapes)))
        return [leaf.shape for leaf in Structure(leaves).flat(leaves)]

    def build_for(self, shapes: list[Shape]) -> None:
        """Builds the chain for inputs of a shape."""
        self.model.build(self._packed(shapes))

    def replayed_specs(self, shapes: list[Shape]) -> list[Spec]:
        """Returns the specs of what the layers make, whatever a `call` around them makes of it."""
        if not self.tensors:
            self.build(self._packed(shapes))
        leaves = as_leaves(self.output_shape(self._packed(shapes)))
        return [(leaf.shape, "float32") for leaf in Structure(leaves).flat(leaves)]

    def _packed(self, shapes: list[Shape]) -> Any:
        return shapes[0] if self._given.alone else self._given.pack(shapes)

    def arguments(self) -> list[Arguments | None]:
        """Returns the arguments of each layer that reads several tensors; None for one of one."""
        read = self.tensors[: len(self.layers)]
        return [None if isinstance(one, KerasTensor) else Arguments((one,), {}) for one in read]


class _ChainComputation(ModelComputation):
    """The computation of a chain: one layer after the other."""

    def network(self, part: Sequential) -> ModelNetwork:
        return part.__fastnn_chain__

    def add(self, part: Sequential, emission: Emission, edges: list[int]) -> list[int]:
        return part.__fastnn_chain__.add_calls(emission, edges)

    def output_shape(self, part: Sequential, input_shape: Any) -> Any:
        return part.__fastnn_chain__.output_shape(input_shape)


@kinds.enter
class Sequential(Model):
    """Layers one after the other.

    Without an input shape the model is built by its first data.

    Args:
        layers: The layers, in order; the first may be an `Input`, or have an `input_shape`.
        trainable: True if training may change the weights.
        name: A name; None makes one: "sequential", "sequential_1"...

    Raises:
        TypeError: Something is no layer.
        ValueError: Two layers have the same name, or a layer cannot take the output of the one before it.

    Example:
        >>> model = fastnn.Sequential([
        ...     layers.Dense(units=3, input_shape=(2,), activation="relu"),
        ...     layers.Dense(units=2, activation="softmax"),
        ... ])
        >>> model.count_params()
        17
    """

    __fastnn_keras_module__ = "keras"
    __fastnn_native__ = _ChainComputation()

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        self._fastnn_chain = Chain(self)
        super().__init__(name=name)
        state_of(self).members = self._fastnn_chain.layers
        if layers is not None:
            if isinstance(layers, (Layer, KerasTensor)) or not isinstance(layers, Sequence):
                raise TypeError(f"Sequential expects a list of layers, got {layers!r}")
            for layer in layers:
                self.add(layer)
        if not trainable:
            self.trainable = False

    def __fastnn_network__(self) -> ModelNetwork:
        return self._fastnn_chain

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Returns the outputs, as a call of the model does; a `call` of a class of your own has them by `super().call`.

        Args:
            inputs: Tensors or arrays, as the inputs of the model were given.
            training: True to behave as in training; None: as the model runs.
            mask: Accepted for Keras compatibility; ignored.
        """
        return self._fastnn_chain.replayed(inputs, training)

    @property
    def __fastnn_chain__(self) -> Chain:
        """The structure of the model."""
        return self._fastnn_chain

    @explained
    def add(self, layer: Any) -> None:
        """Adds a layer at the end.

        Args:
            layer: A layer, or another model; an `Input` before all others.

        Raises:
            TypeError: It is no layer.
            ValueError: The name is taken, or the layer cannot take the output of the one before it.

        Example:
            >>> model = fastnn.Sequential()
            >>> model.add(layers.Input((2,)))
            >>> model.add(layers.Dense(3))
            >>> model.output_shape
            (None, 3)
        """
        chain = self._fastnn_chain
        if isinstance(layer, KerasTensor) and isinstance(layer.history.layer, InputLayer):
            layer = layer.history.layer
        if not isinstance(layer, Layer):
            mend = f"; write {layer.__name__}(...)" if isinstance(layer, type) else ""
            raise TypeError(f"{title(self)} expects layers, got {layer!r}{mend}")
        if isinstance(layer, InputLayer):
            if chain.layers or chain.tensors:
                raise ValueError(f"{title(self)}: an Input stands first, before all other layers")
            chain.entry = layer
            chain.begin(layer)
            LayerChanges.add()
            return
        if chain.has(layer.name):
            if any(layer is one for one in chain.layers):
                raise ValueError(
                    f"{title(self)} holds this {type(layer).__name__} {layer.name!r} already, and each layer once "
                    f"only; make another {type(layer).__name__}(...), or call this one twice in a Model(inputs, "
                    "outputs)"
                )
            raise ValueError(
                f"{title(self)} has a layer called {layer.name!r} already; names within a model must differ: give one "
                "a name="
            )
        chain.append(layer)

    @explained
    def pop(self, rebuild: bool = True) -> Layer:
        """Removes the last layer and returns it; what `compile` settled stays.

        Args:
            rebuild: Accepted for Keras compatibility; ignored.

        Returns:
            The layer.

        Raises:
            ValueError: There is none.

        Example:
            >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(3), layers.Dense(4)])
            >>> model.pop().units
            4
        """
        if not self._fastnn_chain.layers:
            raise ValueError(f"{title(self)} has no layers to pop")
        layer: Layer = self._fastnn_chain.pop()
        return layer

    def __fastnn_edges__(self) -> list[tuple[Any, Any]]:
        return [] if runs_code(self) else list(itertools.pairwise(self.layers))

    @property
    def layers(self) -> list[Layer]:
        """The layers, without that of the input."""
        return list(self._fastnn_chain.layers)

    @overridable
    def _layers(self) -> list[Layer]:
        return [*(tensor.history.layer for tensor in self.inputs), *self.layers]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output for an input of a shape, the batch included.

        Args:
            input_shape: Such as (None, 784).

        Raises:
            ValueError: A layer cannot take its input.
        """
        return super().compute_output_shape(input_shape)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of all layers.

        Args:
            input_shape: The shape of the batch, such as (None, 784).

        Raises:
            ValueError: A layer cannot take its input; then none was built.

        Example:
            >>> model = fastnn.Sequential([layers.Dense(3)])
            >>> model.build((None, 2))
            >>> model.count_params()
            9
        """
        if runs_code(self):
            super().build(input_shape)
        else:
            self._fastnn_chain.build(input_shape)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensor of the input, in a list; several for a first layer of several inputs.

        Raises:
            AttributeError: The model is not built.
        """
        return list(self._known(self._fastnn_chain.entries, "input"))

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensor of the output, in a list; several for a last layer of several outputs.

        Raises:
            AttributeError: The model is not built.
        """
        self._fastnn_chain.refresh()
        last = self._known(self._fastnn_chain.tensors[-1:], "output")[0]
        return Structure(last).flat(last)

    def _known(self, tensors: list[KerasTensor], word: str) -> list[KerasTensor]:
        if not tensors:
            raise AttributeError(f"{title(self)} is not built and has no {word} yet; give it an Input, or build() it")
        return tensors

    @property
    def output_shape(self) -> Any:
        """The shape of the output.

        Raises:
            AttributeError: The model is not built.
        """
        if state_of(self).build_shape is None:
            raise AttributeError(f"{title(self)} is not built and has no output shape yet")
        return self.__fastnn_ports__().made.pack([tensor.shape for tensor in self.outputs])

    @classmethod
    def __fastnn_holds_file_form__(cls, config: Mapping[str, Any]) -> bool:
        """Returns whether a config is that of a chain of layers."""
        return "layers" in config

    def get_config(self) -> dict[str, Any]:
        """Returns the name and the layers in the form of Keras 3, which `from_config` reads.

        Example:
            >>> model = fastnn.Sequential([layers.Input((2,), name="x"), layers.Dense(3)], name="m")
            >>> [entry["class_name"] for entry in model.get_config()["layers"]]
            ['InputLayer', 'Dense']
        """
        from fastnn.models import keras_config

        return super().get_config() if runs_code(self) else keras_config.sequential_config(self)


def _names_of(made: Structure, tensors: Sequence[KerasTensor]) -> list[str]:
    """Returns the names of outputs: the keys of a dict, or those of the layers that made them."""
    keys = made.keys if made.keys and not made.nested else None
    return keys or distinct([tensor.history.layer.name for tensor in tensors])


def shape_of_first(layer: Layer) -> Shape | None:
    """Returns the input shape that the first layer of a model brings with it, or None."""
    if isinstance(layer, Model) and not runs_code(layer):
        inputs = getattr(layer, "inputs", [])
        return inputs[0].free_shape if len(inputs) == 1 else None
    return state_of(layer).entry_shape
