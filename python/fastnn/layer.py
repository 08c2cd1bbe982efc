"""The contract of a layer, and of a part of a model: its arguments, its weights, its calls, its place in a graph.

A layer says what the user typed. What it computes is a node of the core, named by `kind`: the core infers shapes and
weights from the arguments, this base makes the weights and adds the node (then the activation, then the penalty on
activities) to the graph of a model. Called on symbolic tensors it only records the call: a model is made of such calls
(`fastnn.models`). The layers themselves are in `fastnn.layers`, one family a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core, activations, regularizers
from fastnn.configurable import Configurable, suggestion
from fastnn.seeds import unique_name
from fastnn.symbolic import Call as Call
from fastnn.symbolic import KerasTensor as KerasTensor
from fastnn.symbolic import Shape as Shape
from fastnn.symbolic import is_symbolic
from fastnn.variable import Variable

_NOT_IN_NODES = ("_initializer", "_regularizer", "_constraint", "activation")
_NOT_ARGUMENTS_OF_NODES = ("name", "trainable", "dtype", "data_format", "seed")


class Emission:
    """A graph while layers add themselves to it.

    Args:
        training: Whether the graph is for training: dropout drops, batch normalization uses the batch.
        trainable: For layers where it was settled before (at `compile`), whether they are trained.
    """

    def __init__(self, training: bool, trainable: Mapping[Layer, bool] | None = None) -> None:
        self.graph = _core.Graph()
        self.training = training
        self.penalties: list[int] = []
        self._trainable = trainable or {}

    def trains(self, layer: Layer) -> bool:
        """Whether the layer's weights are trained in this graph."""
        return self._trainable.get(layer, layer.trainable)

    def trained(self, layer: Layer) -> list[Variable]:
        """The layer's weights that are trained in this graph."""
        if not self.trains(layer):
            return []
        # A layer that was frozen since it was settled has frozen its weights too; that counts at the next compile.
        return [variable for variable in layer._learned if variable.trainable or not layer.trainable]

    def add(
        self,
        layer: Layer,
        kind: str,
        config: Mapping[str, Any],
        edges: Sequence[int],
        stream: _core.Stream | None = None,
    ) -> list[int]:
        """A node of the layer that reads the layer's weights; returns its output edges."""
        for variable in layer.weights:
            variable.handle.trainable = any(variable is one for one in self.trained(layer))
        return self.graph.add(kind, layer.name, config, edges, [v.handle for v in layer.weights], stream)


def channels_last(layer: Layer, data_format: str | None) -> None:
    """Refuses images whose channels come first.

    Raises:
        ValueError: `data_format` is not None or "channels_last".
    """
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"{layer.who()} expects data_format 'channels_last', got {data_format!r}; move the channels to the end "
            "with "
            "np.moveaxis(x, 1, -1)"
        )


def numeric(value: ArrayLike, who: str) -> NDArray[Any]:
    """The value as an array of numbers, not copied where it already is one.

    Raises:
        TypeError: It holds objects or strings.
        ValueError: Its rows differ in length.
    """
    if not isinstance(value, np.ndarray):
        to_numpy = getattr(value, "to_numpy", None)
        try:
            value = np.asarray(to_numpy() if callable(to_numpy) else value)
        except ValueError as error:
            raise ValueError(f"{who} is no array: {error}; its rows must have equal lengths") from None
    if value.dtype.kind not in "fiub":
        if value.dtype.kind in "US" or (value.dtype == object and value.size and isinstance(value.flat[0], str)):
            mend = "turn names into numbers first: names, y = np.unique(y, return_inverse=True)"
        elif value.dtype == object:
            mend = "its rows may differ in length; make it numeric with np.asarray(..., dtype='float32')"
        else:
            mend = "convert it to numbers first"
        raise TypeError(f"{who} has dtype {value.dtype}, expected numbers; {mend}")
    if not value.dtype.isnative or value.dtype.itemsize > 8:
        value = value.astype(np.float64 if value.dtype.kind == "f" else value.dtype.newbyteorder("="))
    return value


def _input_shape(who: str, keywords: dict[str, Any]) -> Shape | None:
    """The batch's shape from `input_shape`, `input_dim`, `batch_input_shape` or `batch_shape`."""
    shape = None
    for name in ("batch_shape", "batch_input_shape", "input_shape", "input_dim"):
        given = keywords.pop(name, None)
        if given is None:
            continue
        if name == "input_dim":
            given = (given,)
        if isinstance(given, (int, np.integer)):
            raise ValueError(f"{who} expects {name} to be a tuple such as ({given},), got {given}")
        sizes = tuple(None if size is None else int(size) for size in given)
        shape = (None, *sizes[1:]) if name.startswith("batch") else (None, *sizes)
        if any(size is not None and size <= 0 for size in shape):
            raise ValueError(f"{who} expects {name} with sizes of at least 1, got {tuple(given)}")
    return shape


def known(who: str, shape: Shape) -> Shape:
    """The shape of a batch, all of whose sizes but the batch's must be known."""
    if len(shape) < 1 or any(size is None for size in shape[1:]):
        raise ValueError(f"{who} expects a shape of which only the batch is unknown, got {shape}")
    return (None, *shape[1:])


class Layer(Configurable):
    """Base of all layers.

    Args:
        activity_regularizer: A penalty on the layer's output, or None.
        trainable: Whether training may move its weights.
        dtype: "float32" or None.
        name: A name, unique within a model; None makes one from the class: "dense", "dense_1"...
        **kwargs: `input_shape=(2,)`, `input_dim=2` or `batch_input_shape=(None, 2)` for the first layer of a model.

    Raises:
        ValueError: An argument is unknown or out of its range.
    """

    kind: ClassVar[str] = ""
    """What the core calls this layer's node."""
    takes_many: ClassVar[bool] = False
    """Whether it is called on a list of tensors."""

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__} expects name to be a string, got {name!r}")
        self.name = name or unique_name(type(self).__name__)
        if dtype is not None and np.dtype(dtype) != np.float32:
            raise ValueError(f"{self.who()} computes in float32, got dtype {dtype!r}")
        self.batch_input_shape = _input_shape(self.who(), kwargs)
        for unknown in kwargs:
            raise ValueError(
                f"{type(self).__name__} has no argument {unknown!r}."
                f"{suggestion(unknown, [*self._argument_names(), *self._common_arguments()])}"
            )
        if "activity_regularizer" not in self.__dict__:
            self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype = "float32"
        self.built = False
        self._trainable = bool(trainable)
        self._weights: list[Variable] = []
        self._learned: list[Variable] = []
        self._build_shape: Any = None
        self._alone: tuple[list[Shape], _core.Predictor] | None = None
        self._calls: list[Call] = []
        node = self._node()
        if node is not None:
            _core.check_layer(node[0], self.name, node[1])

    @classmethod
    def _common_arguments(cls) -> tuple[str, ...]:
        return (
            "name", "trainable", "dtype", "activity_regularizer", "input_shape", "input_dim", "batch_input_shape",
            "batch_shape",
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments from which `from_config` makes an equal layer without weights, as plain values."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = list(self.batch_input_shape)
        return {**config, **super().get_config()}

    def who(self) -> str:
        """How errors call this layer: Dense "dense_1"."""
        return f'{type(self).__name__} "{self.name}"'

    # What it computes.

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        """Kind and config of its main node; None for a layer that passes its input on."""
        if not self.kind:
            return None
        config = {}
        for name in self._argument_names():
            if not name.endswith(_NOT_IN_NODES) and name not in _NOT_ARGUMENTS_OF_NODES:
                value = getattr(self, name)
                config[name] = value.item() if isinstance(value, np.generic) else value
        return self.kind, config

    def _emit(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the layer's nodes to a graph, after the nodes that made `edges`; returns its output edges."""
        edges = self._emit_main(emission, edges)
        after = self._activation_after()
        if after is not None:
            edges = emission.graph.add(after[0], self.name, after[1], edges)
        if self.activity_regularizer is not None:
            l1, l2 = self.activity_regularizer.strengths()
            output, penalty = emission.graph.add("ActivityRegularization", self.name, {"l1": l1, "l2": l2}, edges)
            emission.penalties.append(penalty)
            edges = [output]
        return edges

    def _activation_after(self) -> activations.Node | None:
        """The node of its `activation` argument, where it has one."""
        activation = self.__dict__.get("activation")
        return None if activation is None else activations.node_of(activation)

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self._node()
        return edges if node is None else emission.add(self, node[0], node[1], edges)

    def _given(self, inputs: Any) -> list[Any]:
        """The tensors, arrays or shapes of a call, one by one."""
        return [inputs]

    def _known_shapes(self, input_shape: Any) -> list[Shape]:
        """The shapes that go in, one by one, of which only the batch may be unknown."""
        return [known(self.who(), tuple(shape)) for shape in self._given(input_shape)]

    def _output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        """The shapes that come out for shapes that go in."""
        return [self.compute_output_shape(shapes if self.takes_many else shapes[0])]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in, the batch included.

        Args:
            input_shape: Such as (None, 784); a list of them for a layer of several inputs.

        Returns:
            A tuple whose first entry is None.

        Raises:
            ValueError: The layer cannot take this shape.

        Example:
            >>> layers.Dense(10).compute_output_shape((None, 784))
            (None, 10)
        """
        shapes = self._known_shapes(input_shape)
        node = self._node()
        if node is None:
            return shapes[0]
        outputs, _ = _core.infer(node[0], self.name, node[1], [(shape, "float32") for shape in shapes])
        return tuple(outputs[0][0])

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of this shape; a layer that is built already only checks that it fits.

        Args:
            input_shape: The batch's shape, such as (None, 784); a list of them for a layer of several inputs.

        Raises:
            ValueError: The layer cannot take this shape, or was built for another.
        """
        shapes = self._known_shapes(input_shape)
        shape = shapes if self.takes_many else shapes[0]
        node = self._node()
        needed: list[tuple[str, tuple[int, ...], bool]] = []
        if node is not None:
            _, needed = _core.infer(node[0], self.name, node[1], [(shape, "float32") for shape in shapes])
        if self.built:
            if [tuple(spec[1]) for spec in needed] != [variable.shape for variable in self._weights]:
                raise ValueError(
                    f"{self.who()} was built for inputs of shape {self._build_shape} and its weights do not fit "
                    f"{shape}; "
                    "make a new layer"
                )
            return
        made: list[tuple[str, Variable, bool]] = []
        for role, size, learned in needed:
            initializer = getattr(self, f"{role}_initializer")
            value = np.asarray(initializer(tuple(size)), dtype=np.float32)
            if value.shape != tuple(size):
                raise ValueError(
                    f"{self.who()}: {role}_initializer returned shape {value.shape}, expected {tuple(size)}"
                )
            variable = Variable(
                value,
                f"{self.name}/{role}",
                learned and self._trainable,
                getattr(self, f"{role}_regularizer", None),
                getattr(self, f"{role}_constraint", None),
            )
            made.append((role, variable, learned))
        for role, variable, learned in made:
            setattr(self, role, variable)
            self._weights.append(variable)
            if learned:
                self._learned.append(variable)
        self._build_shape = shape
        self.built = True

    def __call__(self, inputs: Any, training: bool | None = None) -> Any:
        """The layer's output: for an array an array, for a symbolic tensor a symbolic tensor.

        Either builds the layer where it is not built yet.

        Args:
            inputs: Of shape (batch, ...); a list for a layer of several inputs.
            training: Whether to behave as in training (dropout drops, moving statistics move). On a symbolic tensor
                it stays with this call; None: as the model runs.

        Returns:
            A float32 array, or a symbolic tensor.

        Example:
            >>> layers.Dense(3)(np.ones((2, 5))).shape
            (2, 3)
            >>> layers.Dense(3)(Input((5,))).shape
            (None, 3)
        """
        if is_symbolic(inputs):
            return self._record(inputs, training)
        arrays = [numeric(one, f"{self.who()}: the input") for one in self._given(inputs)]
        if any(x.ndim == 0 for x in arrays):
            raise ValueError(f"{self.who()} expects an array of shape (batch, ...), got a single number")
        if any(len(x) != len(arrays[0]) for x in arrays):
            raise ValueError(f"{self.who()} expects arrays of one length, got {[x.shape for x in arrays]}")
        shapes: list[Shape] = [(None, *x.shape[1:]) for x in arrays]
        if not self.built:
            self._output_shapes(shapes)
        self.build(shapes if self.takes_many else shapes[0])
        if training:
            return self._run_in_training(arrays)[0]
        if self._alone is None or self._alone[0] != shapes:
            emission = Emission(False)
            edges = self._emit(emission, [emission.graph.input(shape) for shape in shapes])
            self._alone = shapes, _core.Predictor(emission.graph, edges)
        return self._alone[1](arrays)[0]

    def _record(self, inputs: Any, training: bool | None) -> Any:
        """A call on symbolic tensors; returns what stands for its outputs."""
        return self._recorded(self._given(inputs), training)[0]

    def _recorded(self, tensors: list[Any], training: bool | None) -> list[KerasTensor]:
        for tensor in tensors:
            if not isinstance(tensor, KerasTensor):
                mend = (
                    "; a list goes to a merging layer first, such as Concatenate()"
                    if isinstance(tensor, (list, tuple, Mapping))
                    else "; feed arrays through an Input"
                )
                got = "several" if isinstance(tensor, (list, tuple, Mapping)) else type(tensor).__name__
                raise TypeError(f"{self.who()} expects a symbolic tensor, got {got}{mend}")
        shapes = [tensor.shape for tensor in tensors]
        made = self._output_shapes(shapes)
        self._build_for(shapes)
        return Call(self, tensors, made, None if training is None else bool(training)).outputs

    def _build_for(self, shapes: list[Shape]) -> None:
        self.build(shapes if self.takes_many else shapes[0])

    def _run_in_training(self, arrays: list[NDArray[Any]]) -> list[NDArray[np.float32]]:
        """One pass of the training graph, in which dropout drops and moving statistics move."""
        emission = Emission(True)
        edges = self._emit(emission, [emission.graph.input((None, *x.shape[1:])) for x in arrays])
        cotangents = [
            np.zeros((len(arrays[0]), *(size or 0 for size in emission.graph.spec(edge)[0][1:])), dtype=np.float32)
            for edge in edges
        ]
        return _core.vjp(emission.graph, edges, [x.astype(np.float32) for x in arrays], cotangents)[0]

    # What it owns.

    @property
    def trainable(self) -> bool:
        """Whether training may move the weights; read by a model when it is compiled."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._learned:
            variable.trainable = self._trainable

    @property
    def weights(self) -> list[Variable]:
        """All variables, in the order of `get_weights`."""
        return list(self._weights)

    @property
    def variables(self) -> list[Variable]:
        """All variables."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training moves."""
        return [variable for variable in self._learned if variable.trainable] if self._trainable else []

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training moves."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that training leaves alone, or moves without gradients (moving statistics)."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.weights if id(variable) not in trained]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that no gradient moves."""
        return self.non_trainable_weights

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies of all weights, such as [kernel, bias]."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Writes all weights in place.

        Args:
            weights: Arrays in the order and the shapes of `get_weights`.

        Raises:
            ValueError: Their count or a shape differs; then nothing was written.
        """
        variables = self.weights
        arrays = [np.asarray(value, dtype=np.float32) for value in weights]
        if len(arrays) != len(variables):
            hint = "" if self.built else "; it has no weights before it is built, by data or an input shape"
            raise ValueError(f"{self.who()} has {len(variables)} weights, set_weights got {len(arrays)} arrays{hint}")
        for variable, array in zip(variables, arrays, strict=True):
            if variable.shape != array.shape:
                raise ValueError(
                    f"{self.who()}: set_weights expects shape {variable.shape} for {variable.path}, got {array.shape}"
                )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """How many numbers its weights hold.

        Raises:
            ValueError: It is not built.
        """
        if not self.built:
            raise ValueError(
                f"{self.who()} is not built: its weights are made at the first data, or by build(input_shape)"
            )
        return sum(variable.size for variable in self.weights)

    @property
    def input_shape(self) -> Any:
        """The shape it was built for; a list of them for a layer of several inputs.

        Raises:
            AttributeError: It is not built.
        """
        if self._build_shape is None:
            raise AttributeError(f"{self.who()} is not built and has no input shape yet")
        return self._build_shape

    @property
    def output_shape(self) -> Any:
        """The shape that comes out for the shape it was built for.

        Raises:
            AttributeError: It is not built.
        """
        return self.compute_output_shape(self.input_shape)

    def _first_call(self, word: str) -> Call:
        if not self._calls:
            raise AttributeError(
                f"{self.who()} was never called on a symbolic tensor and has no {word}; call it on an Input, or put it "
                "into a model whose input shape is known"
            )
        return self._calls[0]

    @property
    def input(self) -> Any:
        """What it was first called on: a symbolic tensor, or a list of them.

        Raises:
            AttributeError: It was never called on one.
        """
        inputs = self._first_call("input").inputs
        return inputs[0] if len(inputs) == 1 else list(inputs)

    @property
    def output(self) -> Any:
        """What came out of its first call on a symbolic tensor.

        Raises:
            AttributeError: It was never called on one.
        """
        outputs = self._first_call("output").outputs
        return outputs[0] if len(outputs) == 1 else list(outputs)
