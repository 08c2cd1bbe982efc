"""Models: layers put together.

This file owns the structure (which layers, how they are joined, built for which shapes) and what is told of it:
weights, summary, config. How a model is trained is in `training.py`.

A `Sequential` is a chain that can grow and shrink. A `Functional` (what `Model(inputs, outputs)` makes) is read once
from the calls between its symbolic tensors. Both are layers: within another model their nodes are inlined.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn import layers as layer_module
from fastnn.configurable import plain
from fastnn.engine.arrays import edge_dtype, numeric
from fastnn.engine.by_code import runs_code
from fastnn.engine.contract import Computation, emit, state_of, title
from fastnn.engine.eager import run_in_training
from fastnn.engine.emission import Emission, stand_in
from fastnn.engine.inference import agreed, are_free, common, trials
from fastnn.engine.layer import Layer
from fastnn.engine.network import Network, Port, Ports
from fastnn.engine.ownership import once, own_variables, sublayers, walk
from fastnn.engine.shapes import as_leaves, batched
from fastnn.layers import InputLayer
from fastnn.models.topology import Topology
from fastnn.naming import suggestion
from fastnn.ops.function import Function
from fastnn.ops.node import Operation
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor, Shape, Spec, Trace, is_symbolic
from fastnn.symbolic.variable import Variable
from fastnn.training.trainer import Shapes, Trainer


class _Version:
    """Counts changes of any model's layers, so that a model knows when to look whether its own have changed."""

    layers = 0


class Model(Layer, Trainer, Network):
    """Layers put together to a graph, from inputs to outputs: `Model(inputs, outputs)` makes a `Functional`.

    The base of all models: what they share is here.

    Args:
        inputs: A symbolic tensor, or a list or dict of them.
        outputs: What was made of them by calling layers.
        name: A name; None makes one.

    Example:
        >>> x = Input((8,))
        >>> h = Dense(16, activation="relu")(x)
        >>> model = Model(x, Dense(8)(layers.Concatenate()([x, h])))
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Model:
        return super().__new__(Functional if cls is Model else cls)

    def __init__(
        self, *args: Any, name: str | None = None, trainable: bool = True, dtype: Any = None, **kwargs: Any
    ) -> None:
        if args or kwargs:
            raise TypeError(f"{type(self).__name__}() takes a name; give inputs and outputs to Model(inputs, outputs)")
        Layer.__init__(self, name=name, trainable=trainable, dtype=dtype)
        state_of(self).builds_in_call = type(self).build is not Model.build
        self._traced: tuple[Structure, Structure] | None = None
        self._traced_ports: tuple[list[Port], list[Port]] | None = None
        self._seen = -1
        self._fingerprint = _Fingerprint([])
        self._fast: tuple[_core.Predictor, tuple[int | None, ...]] | None = None
        self._programs: dict[Any, Any] = {}
        self._trained: dict[Layer, bool] = {}

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        """Stores nothing: what a model is made of is told by its own config."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what the model computes; a class derived from Model defines it."""
        raise self._no_call()

    @property
    def _has_call(self) -> bool:
        return runs_code(self) and type(self).call is not Model.call

    # Structure.

    @property
    def layers(self) -> list[Layer]:
        """The layers; numbers that stand in arithmetic between symbolic tensors are none."""
        return [one for one in sublayers(self) if not isinstance(one, Operation) or one.reads]

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors that stand for the inputs, once their shapes are known."""
        raise self._subclassed()

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors that stand for the outputs, once their shapes are known."""
        raise self._subclassed()

    def _subclassed(self) -> AttributeError:
        return AttributeError(
            f"{title(self)} is a class with a call() of its own and has no symbolic inputs and outputs; make a "
            "Model(inputs, outputs) to have them"
        )

    def ports(self) -> Ports:
        """Returns the inputs and outputs: names, shapes, types and structures."""
        return Ports(*self._ports(), *self._structures())

    # A model whose class has a `call` is built by its first data: what it is made of is read from the calls in there.

    def _ports(self) -> tuple[list[Port], list[Port]]:
        if not self._has_call:
            raise self._no_call()
        if self._traced_ports is None:
            return [Port("x", None)], [Port("y", None)]
        return self._traced_ports

    def _structures(self) -> tuple[Structure, Structure]:
        if not self._has_call:
            raise self._no_call()
        return self._traced or (_ALONE, _ALONE)

    def _no_call(self) -> NotImplementedError:
        return NotImplementedError(
            f"{title(self)}: a class derived from Model says in call(self, inputs) what it computes; or make a "
            "Model(inputs, outputs)"
        )

    def _is_open(self) -> bool:
        return self._traced is not None

    def _inputs_of(self, x: Any) -> list[NDArray[Any]]:
        if self._has_call and not self._is_open():
            structure = Structure(x if isinstance(x, Mapping) or _several(x) else None)
            arrays = [numeric(one, f"{title(self)}: x") for one in structure.flat(x)]
            if any(array.ndim == 0 or not len(array) for array in arrays):
                raise ValueError(f"{title(self)} expects x of shape (batch, ...) with at least one row")
            specs = [((None, *array.shape[1:]), edge_dtype(array.dtype, title(self))) for array in arrays]
            self._open_for(structure, specs)
        return Trainer._inputs_of(self, x)

    def _open_for(self, given: Structure, specs: Sequence[Spec]) -> None:
        """Builds a model with a `call` for inputs like these; all sizes but the last of each stay free."""
        tensors = [stand_in(spec, "inputs") for spec in specs]
        made, packing = self.infer_call(Arguments((given.pack(tensors),), {}), None)
        assert packing is not None
        loose = [((None, *([None] * (len(shape) - 2)), *shape[1:][-1:]), dtype) for shape, dtype in specs]
        names = given.keys if given.keys is not None and len(given.keys) == len(specs) else None
        inputs = names or _distinct(["x"] * len(specs))
        outputs = packing.keys if packing.keys is not None and len(packing.keys) == len(made) else None
        self._traced = given, packing
        state_of(self).input_structure = given
        self._traced_ports = (
            [Port(name, shape, dtype) for name, (shape, dtype) in zip(inputs, loose, strict=True)],
            [
                Port(name, (None, *([None] * (len(shape) - 2)), *shape[1:][-1:]))
                for name, (shape, _) in zip(outputs or _distinct(["output"] * len(made)), made, strict=True)
            ],
        )
        state_of(self).build_shape = given.pack([shape for shape, _ in specs])
        self.built = True
        self._look()
        self._settle_outputs()

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of a model with a `call` of its own, which is run on trial.

        Args:
            input_shape: The batch's shape, such as (None, 784); a list or dict of them for several inputs.
        """
        if not self._has_call:
            raise self._no_call()
        if input_shape is None or self._is_open():
            return
        leaves = as_leaves(input_shape)
        given = Structure(leaves)
        self._open_for(given, [(batched(title(self), leaf.shape), "float32") for leaf in given.flat(leaves)])

    @property
    def input(self) -> Any:
        """What stands for the input: a symbolic tensor, or several as they were given."""
        if not self.inputs:
            raise AttributeError(f"{title(self)} is not built and has no input yet; give it an Input, or build() it")
        return self._structures()[0].pack(self.inputs)

    @property
    def output(self) -> Any:
        """What stands for the output: a symbolic tensor, or several as they were given."""
        if not self.outputs:
            raise AttributeError(f"{title(self)} is not built and has no output yet; give it an Input, or build() it")
        return self._structures()[1].pack(self.outputs)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """One layer.

        Args:
            name: Its name.
            index: Or its place, counted from 0.

        Raises:
            ValueError: There is none.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer expects a name or an index, one of the two")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"{title(self)} has {len(layers)} layers, get_layer got index {index}")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"{title(self)} has no layer {name!r}; it has: {', '.join(layer.name for layer in layers)}")

    # What training asks of the structure.

    def _leaves(self) -> list[tuple[Layer, bool]]:
        return list(walk(self))

    def _weight_paths(self) -> list[tuple[str, Variable]]:
        return list({id(variable): (path, variable) for path, variable in _paths(self)}.values())

    def _look(self) -> None:
        """Drops the programs where the layers, or those of a nested model, have changed."""
        if self._seen == _Version.layers:
            return
        current = [layer for layer, _ in walk(self) if layer is not self]
        known = self._fingerprint.layers
        same = len(current) == len(known) and all(one is other for one, other in zip(current, known, strict=True))
        if not same:
            self._programs.clear()
            self._fast = None
            self._fingerprint = _Fingerprint(current)
            self._layers_changed()
        self._seen = _Version.layers

    def _layers_changed(self) -> None:
        """Told when layers were added or taken away, here or in a nested model."""

    def compile(self, *args: Any, **kwargs: Any) -> None:
        Trainer.compile(self, *args, **kwargs)
        self._fast = None

    compile.__doc__ = Trainer.compile.__doc__

    def _at_once(self, x: Any, most_rows: Any) -> NDArray[np.float32] | None:
        if self._seen != _Version.layers:
            self._look()
        fast = self._fast
        if fast is None or type(x) is not np.ndarray:
            return None
        shape = x.shape
        if shape[1:] != fast[1] or not 0 < shape[0] <= most_rows or x.dtype.kind not in "fiub":
            return None
        return fast[0]([x])[0]

    def _predictor(self, x: Shapes = ()) -> _core.Predictor:
        found = Trainer._predictor(self, x)
        port = self._ports()[0][0]
        alone = all(structure.alone for structure in self._structures())
        inference = self._inference(x)
        free = inference.rows is None and inference.ranges[0] is None
        if port.shape is not None and port.dtype == "float32" and alone and free:
            self._fast = found, x[0] if x else port.shape[1:]
        return found

    def __call__(self, inputs: Any, *args: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """The model's outputs for one batch; for symbolic tensors, symbolic tensors.

        Args:
            inputs: Samples, (batch, ...), as the model's inputs were given: one array, a list or a dict.
            training: Whether to behave as in training (dropout drops, moving statistics move). On a symbolic tensor
                it stays with this call; None: as the outer model runs.
            mask: Of the inputs, for a `call` that takes one.
            *args: Further arguments of a `call` of the model's own.
            **kwargs: The same, by name.

        Returns:
            A float32 array of as many rows, or several as the model's outputs were given.

        Example:
            >>> model(x[:1])
        """
        if mask is not None and not self._has_call:
            raise ValueError(
                f"{title(self)} takes no mask=; masks are made within it, by Embedding(mask_zero=True) or Masking(), "
                "or are an Input of their own that a layer is called with: LSTM(8)(x, mask=counts)"
            )
        if not training and mask is None:
            result = self._at_once(inputs, math.inf)
            if result is not None:
                return result
        if self._has_call and (args or kwargs or mask is not None or is_symbolic(inputs) or Trace.current()):
            further = kwargs if mask is None else {**kwargs, "mask": mask}
            return super().__call__(inputs, *args, training=training, **further)
        if is_symbolic(inputs):
            return self._record_model(inputs, training)
        if not training:
            return self.predict_on_batch(inputs)
        if self._has_call:
            self._inputs_of(inputs)
            return super().__call__(inputs, training=training)
        outputs = run_in_training(self, self._inputs_of(inputs))
        return self._structures()[1].pack(outputs)

    def _given(self, inputs: Any) -> list[Any]:
        structure = self._structures()[0]
        if structure.alone:
            if isinstance(inputs, Mapping) and len(inputs) == 1:
                return list(inputs.values())
            one = isinstance(inputs, (list, tuple)) and len(inputs) == 1 and isinstance(inputs[0], KerasTensor)
            return list(inputs) if one else [inputs]
        names = self._input_names()
        if isinstance(inputs, Mapping):
            if set(inputs) != set(names):
                raise ValueError(f"{title(self)} expects inputs {names}, got {list(inputs)}")
            return [inputs[name] for name in names]
        if not isinstance(inputs, (list, tuple)) or len(inputs) != len(names):
            got = f"{len(inputs)}" if isinstance(inputs, (list, tuple)) else "one"
            raise ValueError(f"{title(self)} expects {len(names)} inputs, {names}, got {got}")
        return list(inputs)

    def _output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        """The shapes that come out for shapes that go in."""
        return [self.compute_output_shape(shapes[0])]

    def _build_for(self, shapes: list[Shape]) -> None:
        self.build(shapes[0])

    def _record_model(self, inputs: Any, training: bool | None) -> Any:
        tensors = self._given(inputs)
        for tensor in tensors:
            if not isinstance(tensor, KerasTensor):
                raise TypeError(
                    f"{title(self)} expects symbolic tensors, got {type(tensor).__name__}; feed arrays through an Input"
                )
        shapes = [tensor.shape for tensor in tensors]
        made = self._output_shapes(shapes)
        self._build_for(shapes)
        specs: list[Spec] = [(shape, "float32") for shape in made]
        stays = None if training is None else bool(training)
        return Call(self, Arguments((tensors,), {}), specs, self._structures()[1], stays).result()

    # Weights.

    @property
    def weights(self) -> list[Variable]:
        """All variables, layer by layer; one that stands in several nested models is told once."""
        own = own_variables(self) if self._has_call else []
        return once([*own, *(variable for layer in sublayers(self) for variable in layer.weights)])

    @property
    def losses(self) -> list[Any]:
        """The penalties of the weights as they stand, by their regularizers."""
        found = [v.regularizer(v.numpy()) for v in self.trainable_weights if v.regularizer is not None]
        return [np.float32(penalty) for penalty in found]

    # What is told of it.

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    # Files. What they are like is said in `fastnn.saving`.

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True, **kwargs: Any) -> None:
        """Writes the model into a file, `m.keras` or the older `m.h5`: see `fastnn.saving.save_model`."""
        from fastnn import saving

        saving.save_model(self, filepath, overwrite, **kwargs)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Writes the weights into a file, `m.weights.h5`: see `fastnn.saving.save_weights`."""
        from fastnn import saving

        saving.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: str | os.PathLike[str], skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Reads weights from a file: see `fastnn.saving.load_weights`."""
        from fastnn import saving

        saving.load_weights(self, filepath, skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The structure as text, without weights; `model_from_json` reads it."""
        from fastnn import saving

        return saving.to_json(self, **kwargs)

    def export(self, filepath: str | os.PathLike[str], format: str | None = None, verbose: bool | None = None) -> None:
        """Writes what the model predicts for other programs: see `fastnn.saving.export_model`.

        Args:
            filepath: `m.onnx`, or `m.c`.
            format: "onnx" or "c"; None: by the file's name.
            verbose: Whether to say so.
        """
        from fastnn import saving

        saving.export_model(self, filepath, format, bool(verbose))

    def __reduce__(self) -> Any:
        from fastnn.saving import pickling

        return pickling.thaw, pickling.freeze(self)

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Prints a table of the layers: names, output shapes and counts of weights.

        Args:
            line_length: Its width; None: 65, or 98 where the model branches, which adds a column of what each layer
                is connected to: name[call][output].
            positions: Where its columns end, as shares of the width or as columns; None: [0.45, 0.85, 1.0], or
                [0.33, 0.55, 0.67, 1.0].
            print_fn: Called with each line; None: print.
            expand_nested: Whether the layers of nested models are listed.
            show_trainable: Whether a column tells what is trained.
            layer_range: Two regular expressions: the first layer and the last layer to list.

        Example:
            >>> model.summary()
        """
        self._look()
        connections = self._connections()
        width = (65 if connections is None else 98) if line_length is None else int(line_length)
        usual = [0.45, 0.85, 1.0] if connections is None else [0.33, 0.55, 0.67, 1.0]
        ends = usual if positions is None else list(positions)
        columns = [int(width * end) if ends[-1] <= 1 else int(end) for end in ends]
        titles = ["Layer (type)", "Output Shape", "Param #"]
        if connections is not None:
            titles.append("Connected to")
        if show_trainable:
            width += 11
            columns.append(width)
            titles.append("Trainable")
        write = print if print_fn is None else print_fn

        def row(fields: Sequence[str]) -> None:
            line = ""
            for i, (field, end) in enumerate(zip(fields, columns, strict=True)):
                # A field that fills its column gives up a character to stay apart from the next.
                line = (line[:-1] + " " if i else "") + field
                line = line[:end].ljust(end)
            write(line)

        write("_" * width)
        row(titles)
        write("=" * width)
        rows = list(_rows(self._listed(layer_range), self.built, expand_nested, 0))
        for i, (layer, label, shape, params) in enumerate(rows):
            fields = [label, shape, params]
            # A layer that several others feed names each on a line of its own.
            further: list[str] = []
            if connections is not None:
                first, *further = connections.get(layer, []) or [""]
                fields.append(first)
            if show_trainable:
                fields.append("Y" if layer.trainable else "N")
            row(fields)
            for connection in further:
                row(["", "", "", connection, *([""] if show_trainable else [])])
            write(("=" if i == len(rows) - 1 else "_") * width)
        trained = _count(self.trainable_weights)
        total = _count(self.weights)
        write(f"Total params: {total:,}")
        write(f"Trainable params: {trained:,}")
        write(f"Non-trainable params: {total - trained:,}")
        write("_" * width)

    def _connections(self) -> dict[Layer, list[str]] | None:
        """For each layer what its calls read, where the model is more than a chain."""
        return None

    def _listed(self, layer_range: Sequence[str] | None) -> list[Layer]:
        layers = self.layers
        if layer_range is None:
            return layers
        if len(layer_range) != 2:
            raise ValueError(f"layer_range expects two regular expressions, got {layer_range!r}")
        begin, end = ([i for i, layer in enumerate(layers) if re.match(pattern, layer.name)] for pattern in layer_range)
        if not begin or not end:
            missing = layer_range[1] if begin else layer_range[0]
            raise ValueError(f"{title(self)}: layer_range found no layer whose name matches {missing!r}")
        return layers[begin[0] : end[-1] + 1]


class _Chain(Computation["Sequential"]):
    """The computation of layers one after the other."""

    def emit(self, part: Sequential, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        for layer in sublayers(part):
            edges = emit(layer, emission, edges)
        return edges


class _Calls(Computation["Functional"]):
    """The computation of a model that is read from calls."""

    def emit(self, part: Functional, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        made = {id(tensor): edge for tensor, edge in zip(part.inputs, edges, strict=True)}
        for call in part._graph.calls:
            outputs = call.emit(emission, [made[id(tensor)] for tensor in call.inputs])
            made.update((id(tensor), edge) for tensor, edge in zip(call.outputs, outputs, strict=True))
        return [made[id(tensor)] for tensor in part.outputs]


class Sequential(Model):
    """Layers one after the other.

    Without an input shape the model is built at its first data.

    Args:
        layers: The layers, in order; the first may be an `Input`, or have an `input_shape`.
        trainable: Whether training may move its weights.
        name: A name; None makes one: "sequential", "sequential_1"...

    Raises:
        ValueError: Two layers have the same name, or a layer cannot take what comes from the one before it.

    Example:
        >>> model = Sequential([
        ...     Dense(units=3, input_shape=(2,), activation="relu"),
        ...     Dense(units=2, activation="softmax"),
        ... ])
        >>> model.count_params()
        17
    """

    __fastnn_native__ = _Chain()

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name)
        state_of(self).members = []
        self._input_layer: InputLayer | None = None
        self._opened_by_data = False
        self._tensors: list[KerasTensor] = []
        self._port_lists: tuple[list[Port], list[Port]] | None = None
        if layers is not None:
            if isinstance(layers, (Layer, KerasTensor)) or not isinstance(layers, Sequence):
                raise TypeError(f"Sequential expects a list of layers, got {layers!r}")
            for layer in layers:
                self.add(layer)
        if not trainable:
            self.trainable = False

    # Structure.

    def add(self, layer: Any) -> None:
        """Puts a layer at the end.

        Args:
            layer: A layer, or another model; an `Input` first of all.

        Raises:
            TypeError: It is no layer.
            ValueError: Its name is taken, or it cannot take what comes from the layer before it.
        """
        if isinstance(layer, KerasTensor) and isinstance(layer.history.layer, InputLayer):
            layer = layer.history.layer
        if not isinstance(layer, Layer):
            mend = f"; write {layer.__name__}(...)" if isinstance(layer, type) else ""
            raise TypeError(f"{title(self)} expects layers, got {layer!r}{mend}")
        if isinstance(layer, InputLayer):
            if self._layers or self._tensors:
                raise ValueError(f"{title(self)}: an Input stands first, before all other layers")
            self._input_layer = layer
            self._begin(layer)
            _Version.layers += 1
            return
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(
                f"{title(self)} has a layer called {layer.name!r} already; names within a model must differ: give one "
                "a name="
            )
        begun = bool(self._tensors)
        first = None if self._layers or begun else _shape_of_first(layer)
        if first is not None:
            self._begin(InputLayer(batch_shape=first))
        if self._tensors:
            try:
                self._tensors.append(self._next(layer, self._tensors[-1]))
            except Exception:
                if not begun:
                    self._tensors, state_of(self).build_shape, self.built = [], None, False
                raise
        self._layers.append(layer)
        self._port_lists = None
        _Version.layers += 1

    @property
    def _layers(self) -> list[Any]:
        members = state_of(self).members
        assert members is not None
        return members

    def _begin(self, layer: InputLayer) -> None:
        self._tensors = [layer.output]
        self._port_lists = None
        state_of(self).build_shape = layer.batch_input_shape
        self.built = True

    def _next(self, layer: Layer, tensor: KerasTensor) -> KerasTensor:
        made = layer(tensor)
        if not isinstance(made, KerasTensor):
            raise ValueError(f"{title(self)} expects layers of one input and one output; {title(layer)} has several")
        return made

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the last layer away and returns it; what `compile` settled stays.

        Args:
            rebuild: Taken for Keras' sake.

        Raises:
            ValueError: There is none.
        """
        if not self._layers:
            raise ValueError(f"{title(self)} has no layers to pop")
        layer: Layer = self._layers.pop()
        self._port_lists = None
        _Version.layers += 1
        if self._tensors:
            self._tensors.pop()
        if not self._layers and self._input_layer is None:
            self._tensors, state_of(self).build_shape, self.built = [], None, False
        return layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return list(self._layers)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in, the batch included."""
        shape: Any = batched(title(self), tuple(input_shape))
        for layer in self._layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of all layers.

        Args:
            input_shape: The batch's shape, such as (None, 784).

        Raises:
            ValueError: A layer cannot take what comes to it; then none was built.
        """
        if input_shape is None:
            if state_of(self).build_shape is None:
                raise ValueError(f"{title(self)}: build expects an input shape, such as build((None, 784))")
            return
        shape = batched(title(self), tuple(input_shape))
        if self.built and state_of(self).build_shape is not None:
            if self._layers and not _goes(shape, state_of(self).build_shape):
                raise ValueError(
                    f"{title(self)} was built for inputs of shape {state_of(self).build_shape}, got {shape}; make a new "
                    "model"
                )
            return
        self.compute_output_shape(shape)
        self._chain(shape)

    def _chain(self, shape: Shape, first: InputLayer | None = None) -> None:
        with Trace.paused():
            first = InputLayer(batch_shape=shape) if first is None else first
            tensors = [first.output]
            for layer in self._layers:
                tensors.append(self._next(layer, tensors[-1]))
        self._begin(first)
        self._tensors = tensors

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensor that stands for the input, once its shape is known."""
        return self._tensors[:1]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensor that stands for the output, once its shape is known."""
        self._look()
        return self._tensors[-1:]

    @property
    def output_shape(self) -> Shape:
        """The shape that comes out.

        Raises:
            AttributeError: It is not built.
        """
        if state_of(self).build_shape is None:
            raise AttributeError(f"{title(self)} is not built and has no output shape yet")
        return self.outputs[0].shape

    # What training asks of the structure.

    def _is_open(self) -> bool:
        self._look()
        return bool(self._tensors)

    def _open(self, sample_shape: tuple[int, ...]) -> None:
        if not self._layers:
            raise ValueError(f"{title(self)} has no layers; add() some first")
        self.build((None, *sample_shape))
        self._opened_by_data = True

    def _inputs_of(self, x: Any) -> list[NDArray[Any]]:
        if self._opened_by_data and self._tensors and isinstance(x, np.ndarray):
            self._loosen(x.shape)
        return super()._inputs_of(x)

    def _loosen(self, shape: tuple[int, ...]) -> None:
        """Leaves sizes open that the first data settled and later data have otherwise, where the layers can."""
        known = self._tensors[0].shape
        if len(shape) != len(known) or _goes(shape, (None, *known[1:])):
            return
        loose = (None, *common(known[1:], shape[1:]))
        try:
            self.compute_output_shape(loose)
        except ValueError:
            return
        self._chain(loose)
        self._programs.clear()
        self._fast = None

    def _structures(self) -> tuple[Structure, Structure]:
        return _ALONE, _ALONE

    def _ports(self) -> tuple[list[Port], list[Port]]:
        if self._seen != _Version.layers:
            self._look()
        if self._port_lists is None:
            if not self._tensors:
                return [Port("x", None)], [Port(self._layers[-1].name if self._layers else "y", None)]
            first, last = self._tensors[0], self._tensors[-1]
            self._port_lists = (
                [Port(first.name, first.shape, first.dtype)],
                [Port(last.history.layer.name, last.shape)],
            )
        return self._port_lists

    def _layers_changed(self) -> None:
        self._port_lists = None
        if self._tensors and self.compute_output_shape(state_of(self).build_shape) != self._tensors[-1].shape:
            # A nested model has changed what it yields: the layers are called anew.
            first = self._tensors[0].history.layer
            assert isinstance(first, InputLayer)
            self._chain(first.shape, first)

    # What is told of it.

    def _entry(self) -> list[Layer]:
        """What says the input's shape, once it is known, where the first layer does not."""
        brought = self._input_layer is None and self._layers and _shape_of_first(self._layers[0]) is not None
        return [] if brought else [tensor.history.layer for tensor in self._tensors[:1]]

    def get_config(self) -> dict[str, Any]:
        """Name and layers, from which `from_config` makes an equal model without weights."""
        described = [_described(layer) for layer in self._layers]
        described[:0] = map(_described, self._entry())
        return {"name": self.name, "trainable": self.trainable, "layers": described}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Sequential:
        """A model as `get_config` described it, with fresh weights."""
        made = [_from_description(entry) for entry in config["layers"]]
        return cls(made, trainable=config.get("trainable", True), name=config.get("name"))


class Functional(Model):
    """A model that is read from the calls between its inputs and its outputs.

    Args:
        inputs: A symbolic tensor, or a list or dict of them: from `Input`, or from the middle of another model.
        outputs: A symbolic tensor, or a list or dict of them, made from the inputs by calling layers.
        trainable: Whether training may move its weights.
        name: A name; None makes one: "functional", "functional_1"...

    Raises:
        TypeError: Something else than symbolic tensors is given.
        ValueError: An output needs an input that is not the model's, or two layers have one name.

    Example:
        >>> encoder = Model(autoencoder.inputs, autoencoder.layers[2].output)
    """

    __fastnn_native__ = _Calls()

    def __init__(
        self, inputs: Any = None, outputs: Any = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        if inputs is None or outputs is None:
            raise TypeError(
                f"{type(self).__name__} expects inputs and outputs, symbolic tensors such as x = Input((8,)) and "
                "Dense(3)(x)"
            )
        self._in = Structure(_single(inputs), f"{title(self)}: inputs")
        self._out = Structure(_single(outputs), f"{title(self)}: outputs")
        self._inputs = self._symbolic("inputs", self._in.flat(_single(inputs)))
        self._outputs = self._symbolic("outputs", self._out.flat(_single(outputs)))
        if len({id(tensor) for tensor in self._inputs}) < len(self._inputs):
            raise ValueError(f"{title(self)}: the same tensor stands twice among the inputs; give each once")
        self._graph = Topology(title(self), self._inputs, self._outputs)
        state_of(self).members = self._graph.layers
        state_of(self).build_shape = self._in.pack([tensor.shape for tensor in self._inputs])
        self._port_lists = self._named(self._in, self._inputs), self._named(self._out, self._outputs)
        self.built = True
        _Version.layers += 1
        if not trainable:
            self.trainable = False

    def _symbolic(self, word: str, tensors: list[Any]) -> list[KerasTensor]:
        for tensor in tensors:
            if not isinstance(tensor, KerasTensor):
                mend = "call the layer on a tensor" if isinstance(tensor, Layer) else "start from x = Input((8,))"
                raise TypeError(f"{title(self)} expects {word} to be symbolic tensors, got {tensor!r}; {mend}")
        return tensors

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors that stand for the inputs."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors that stand for the outputs."""
        return list(self._outputs)

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [port.name for port in self._ports()[0]]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs: those of the layers that make them."""
        return _distinct([tensor.history.layer.name for tensor in self._outputs])

    @property
    def output_shape(self) -> Any:
        """The shape that comes out; several as the outputs were given."""
        return self._out.pack([tensor.shape for tensor in self._outputs])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that comes out for a shape that goes in; several as inputs and outputs were given."""
        return self._out.pack(self._output_shapes(self._known_shapes(input_shape)))

    def _known_shapes(self, input_shape: Any) -> list[Shape]:
        given = [input_shape] if self._in.alone else self._in.flat(input_shape)
        return [batched(title(self), tuple(shape)) for shape in given]

    def _output_shapes(self, shapes: list[Shape]) -> list[Shape]:
        self._fit(shapes)
        recorded = [tensor.shape for tensor in self._outputs]
        if not are_free(recorded) or shapes == [tensor.shape for tensor in self._inputs]:
            return recorded
        found = []
        for _, known in trials([(shape, t.dtype) for shape, t in zip(shapes, self._inputs, strict=True)]):
            emission = Emission(False)
            edges = [emission.graph.input(*spec, t.name) for spec, t in zip(known, self._inputs, strict=True)]
            found.append([emission.graph.spec(edge) for edge in emit(self, emission, edges)])
        return [shape for shape, _ in agreed(found)]

    def _fit(self, shapes: Sequence[Shape]) -> None:
        for tensor, shape in zip(self._inputs, shapes, strict=True):
            if not _goes(shape, tensor.shape):
                raise ValueError(
                    f"{title(self)} was built for inputs of shape {tensor.shape} at {tensor.name!r}, got {shape}; make "
                    "a new model"
                )

    def build(self, input_shape: Any = None) -> None:
        """It is built as it is made; here its inputs' shapes are only compared.

        Args:
            input_shape: The batch's shape, or several as the inputs were given.

        Raises:
            ValueError: It was built for another shape.
        """
        if input_shape is not None:
            self._fit(self._known_shapes(input_shape))

    def _build_for(self, shapes: list[Shape]) -> None:
        self._fit(shapes)

    # What training asks of the structure.

    def _is_open(self) -> bool:
        return True

    def _structures(self) -> tuple[Structure, Structure]:
        return self._in, self._out

    def _named(self, structure: Structure, tensors: Sequence[KerasTensor]) -> list[Port]:
        names = structure.keys or _distinct([tensor.history.layer.name for tensor in tensors])
        return [Port(name, tensor.shape, tensor.dtype) for name, tensor in zip(names, tensors, strict=True)]

    def _ports(self) -> tuple[list[Port], list[Port]]:
        return self._port_lists

    # What is told of it.

    def __fastnn_joining_calls__(self) -> list[Call]:
        return list(self._graph.calls)

    def _connections(self) -> dict[Layer, list[str]] | None:
        return None if self._graph.is_chain() else self._graph.connections()

    def get_config(self) -> dict[str, Any]:
        """Name, layers and how they are called, from which `from_config` makes an equal model without weights."""
        graph = self._graph
        place = {
            id(tensor): [call.layer.name, sum(other.layer is call.layer for other in graph.calls[:i]), k]
            for i, call in enumerate(graph.calls)
            for k, tensor in enumerate(call.outputs)
        }
        place.update({id(t): [graph.entries[id(t)].name, 0, 0] for t in self._inputs})
        described = []
        for layer in sublayers(self):
            calls = []
            for call in graph.calls:
                if call.layer is layer:
                    args, kwargs = call.arguments.place([_Place(place[id(tensor)]) for tensor in call.inputs])
                    calls.append({"args": _written(list(args)), "kwargs": _written(kwargs), "training": call.training})
            described.append({**_described(layer), "name": layer.name, "calls": calls})
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": described,
            "input_layers": self._in.pack([place[id(tensor)] for tensor in self._inputs]),
            "output_layers": self._out.pack([place[id(tensor)] for tensor in self._outputs]),
            "alone": [self._in.alone, self._out.alone],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Functional:
        """A model as `get_config` described it, with fresh weights."""
        made: dict[tuple[str, int, int], KerasTensor] = {}
        layers = {entry["name"]: _from_description(entry) for entry in config["layers"]}
        waiting: list[tuple[str, int, Mapping[str, Any]]] = []
        for entry in config["layers"]:
            layer = layers[entry["name"]]
            if isinstance(layer, InputLayer):
                made[entry["name"], 0, 0] = layer.output
            waiting += [(entry["name"], i, call) for i, call in enumerate(entry["calls"])]
        while waiting:
            ready = [w for w in waiting if all(p in made for p in _places([w[2]["args"], w[2]["kwargs"]]))]
            if not ready:
                raise ValueError(f"{cls.__name__}: the config's layer {waiting[0][0]!r} reads what nobody makes")
            # The calls of one layer are numbered: a later one waits for the earlier.
            name, i, call = next(w for w in ready if not any(o[0] == w[0] and o[1] < w[1] for o in waiting))
            waiting.remove((name, i, call))
            args, kwargs = _read(call["args"], made), _read(call["kwargs"], made)
            layer = layers[name]
            layer(*args, training=call["training"], **kwargs)
            for k, tensor in enumerate(state_of(layer).calls[i].outputs):
                made[name, i, k] = tensor
        ends: list[Any] = []
        for word, alone in zip(("input_layers", "output_layers"), config["alone"], strict=True):
            places = config[word]
            if alone:
                ends.append(made[tuple(places)])
            elif isinstance(places, Mapping):
                ends.append({key: made[tuple(place)] for key, place in places.items()})
            else:
                ends.append([made[tuple(place)] for place in places])
        return cls(ends[0], ends[1], trainable=config.get("trainable", True), name=config.get("name"))


def clone_model(model: Any, input_tensors: Any = None, clone_function: Callable[[Layer], Layer] | None = None) -> Any:
    """A model of new layers, with new weights, joined as those of `model` are.

    Args:
        model: A Sequential or Functional.
        input_tensors: Not taken: call the clone on them instead.
        clone_function: Makes a layer for each layer; None: from its config.

    Raises:
        TypeError: It is no model.

    Example:
        >>> fresh = clone_model(model)
    """
    if not isinstance(model, Model):
        raise TypeError(f"clone_model expects a model, got {model!r}")
    if input_tensors is not None:
        raise ValueError("clone_model takes no input_tensors; clone the model and call the clone on them")

    def cloned(layer: Layer) -> Layer:
        if isinstance(layer, Model) and clone_function is not None:
            return clone_model(layer, None, clone_function)  # type: ignore[no-any-return]
        if clone_function is None or isinstance(layer, InputLayer):
            return type(layer).from_config(layer.get_config())  # type: ignore[no-any-return]
        return clone_function(layer)

    if isinstance(model, Sequential):
        return Sequential([cloned(layer) for layer in (*model._entry(), *model.layers)], model.trainable, model.name)
    assert isinstance(model, Functional)
    new = {layer: cloned(layer) for layer in sublayers(model)}
    made = {id(t): new[model._graph.entries[id(t)]].output for t in model.inputs}
    for call in model._graph.calls:
        args, kwargs = call.arguments.place([made[id(t)] for t in call.inputs])
        new[call.layer](*args, training=call.training, **kwargs)
        outputs = state_of(new[call.layer]).calls[-1].outputs
        made.update((id(t), output) for t, output in zip(call.outputs, outputs, strict=True))
    ends = [[made[id(t)] for t in tensors] for tensors in (model.inputs, model.outputs)]
    structures = model._structures()
    return Functional(
        structures[0].pack(ends[0]), structures[1].pack(ends[1]), trainable=model.trainable, name=model.name
    )


def save_model(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True, **kwargs: Any) -> None:
    """Writes a model into a file: see `fastnn.saving.save_model`."""
    from fastnn import saving

    saving.save_model(model, filepath, overwrite, **kwargs)


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """A model from a file of fastnn or Keras: see `fastnn.saving.load_model`."""
    from fastnn import saving

    return saving.load_model(filepath, custom_objects, compile, safe_mode)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model with fresh weights from what `to_json` returned: see `fastnn.saving.model_from_json`."""
    from fastnn import saving

    return saving.model_from_json(json_string, custom_objects)


_ALONE = Structure(None)


class _Fingerprint:
    """The layers that a model had when it was last looked at."""

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = layers


class _Place:
    """Where a tensor of a model comes from: [layer, call, output]."""

    def __init__(self, history: list[Any]) -> None:
        self.history = history


def _written(value: Any) -> Any:
    """Arguments of a call as plain values."""
    if isinstance(value, _Place):
        return {"tensor": value.history}
    if isinstance(value, tuple):
        return {"__tuple__": [_written(one) for one in value]}
    if isinstance(value, list):
        return [_written(one) for one in value]
    if isinstance(value, slice):
        return {"__slice__": [value.start, value.stop, value.step]}
    if value is Ellipsis:
        return {"__ellipsis__": []}
    if isinstance(value, np.ndarray):
        return {"__array__": [value.tolist(), value.dtype.name]}
    if isinstance(value, Mapping):
        return {key: _written(one) for key, one in value.items()}
    return plain(value)


_FORMS: dict[str, Callable[..., Any]] = {
    "__tuple__": lambda *items: items,
    "__slice__": slice,
    "__ellipsis__": lambda: ...,
    "__array__": np.asarray,
}


"""What stands in a config for arguments that are no plain values: how each is made of what it holds."""


def _places(value: Any) -> Iterator[tuple[str, int, int]]:
    if isinstance(value, Mapping) and set(value) == {"tensor"}:
        yield tuple(value["tensor"])
    elif isinstance(value, (list, Mapping)):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _places(one)


def _read(value: Any, made: Mapping[tuple[str, int, int], KerasTensor]) -> Any:
    """The reverse of `_written`."""
    if isinstance(value, Mapping):
        if set(value) == {"tensor"}:
            return made[tuple(value["tensor"])]
        word = next(iter(value), "")
        if word in _FORMS:
            return _FORMS[word](*_read(value[word], made))
        return {key: _read(one, made) for key, one in value.items()}
    return [_read(one, made) for one in value] if isinstance(value, list) else value


def _goes(shape: Sequence[int | None], built: Sequence[int | None]) -> bool:
    """Whether inputs of a shape may go where another was built for, which may leave sizes open."""
    return len(shape) == len(built) and all(b in (None, s) for s, b in zip(shape, built, strict=True))


def _single(given: Any) -> Any:
    """A lone tensor where a list of one was given, as `model.inputs` is."""
    return given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given


def _distinct(names: Sequence[str]) -> list[str]:
    made: list[str] = []
    for name in names:
        count = sum(other == name for other in names[: len(made)])
        made.append(f"{name}_{count}" if count else name)
    return made


def _paths(layer: Layer) -> Iterator[tuple[str, Variable]]:
    """A layer's variables, those of layers within it under their names too."""
    for variable in own_variables(layer):
        yield variable.path, variable
    for within in sublayers(layer):
        inner = isinstance(within, Model) or runs_code(within)
        for path, variable in _paths(within):
            yield (f"{within.name}/{path}" if inner and not path.startswith(f"{within.name}/") else path), variable


def _several(x: Any) -> bool:
    """Whether a list is one of arrays, and not an array itself."""
    return isinstance(x, (list, tuple)) and any(isinstance(one, np.ndarray) and one.ndim > 0 for one in x)


def _described(layer: Layer) -> dict[str, Any]:
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def _from_description(entry: Mapping[str, Any]) -> Layer:
    name = entry["class_name"]
    models: dict[str, Any] = {
        "Sequential": Sequential, "Functional": Functional, "Model": Functional, "Operation": Operation,
        "Function": Function,
    }  # fmt: skip
    layer_class = models.get(name) or getattr(layer_module, name, None)
    if layer_class is None:
        raise ValueError(f"no layer is called {name!r}.{suggestion(name, [*models, *vars(layer_module)])}")
    made: Layer = layer_class.from_config(entry["config"])
    return made


def _shape_of_first(layer: Layer) -> Shape | None:
    """The input shape that the first layer of a model brings with it."""
    if isinstance(layer, Model):
        return layer.inputs[0].shape if len(layer.inputs) == 1 else None
    return layer.batch_input_shape


def _count(variables: Sequence[Variable]) -> int:
    return sum(variable.size for variable in {id(variable): variable for variable in variables}.values())


def _rows(layers: Sequence[Layer], built: bool, expand: bool, depth: int) -> Iterator[tuple[Layer, str, str, str]]:
    for layer in layers:
        label = "|    " * depth + f"{layer.name} ({layer.type_name()})"
        shape, params = "?", "unbuilt"
        if built and layer.built:
            shape, params = str(layer.output_shape), str(_count(layer.weights))
        yield layer, label, shape, params
        if expand and isinstance(layer, Model):
            yield from _rows(layer.layers, layer.built, expand, depth + 1)
