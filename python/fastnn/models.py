"""Models: layers put together.

This file owns the structure (which layers, in which order, built for which shape) and what is told of it: weights,
summary, config. How a model is trained is in `training.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastnn import _core
from fastnn import layers as layer_module
from fastnn.layer import Emission, Layer, Shape, TensorSpec, known
from fastnn.layers import InputLayer
from fastnn.training import Trainer
from fastnn.variable import Variable


class _Structure:
    """Counts changes of any model's layers, so that a model knows when to look whether its own have changed."""

    version = 0


class Sequential(Layer, Trainer):
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

    def __init__(self, layers: Sequence[Layer] | None = None, trainable: bool = True, name: str | None = None) -> None:
        Layer.__init__(self, name=name)
        self._layers: list[Layer] = []
        self._input_layer: InputLayer | None = None
        self._output_shape: Shape | None = None
        self._seen = -1
        self._fingerprint: list[Layer] = []
        self._fast: tuple[_core.Predictor, tuple[int | None, ...]] | None = None
        self._programs: dict[str, Any] = {}
        self._trained: dict[Layer, bool] = {}
        if layers is not None:
            if isinstance(layers, Layer) or not isinstance(layers, Sequence):
                raise TypeError(f"Sequential expects a list of layers, got {layers!r}")
            for layer in layers:
                self.add(layer)
        if not trainable:
            self.trainable = False

    def _store(self, arguments: dict[str, Any]) -> None:
        pass

    # Structure.

    def add(self, layer: Layer) -> None:
        """Puts a layer at the end.

        Args:
            layer: A layer, or another Sequential.

        Raises:
            TypeError: It is no layer.
            ValueError: Its name is taken, or it cannot take what comes from the layer before it.
        """
        if not isinstance(layer, Layer):
            mend = f"; write {layer.__name__}(...)" if isinstance(layer, type) else ""
            raise TypeError(f"{self.who()} expects layers, got {layer!r}{mend}")
        if isinstance(layer, InputLayer):
            if self._layers or self._input_layer is not None:
                raise ValueError(f"{self.who()}: an Input stands first, before all other layers")
            self._input_layer = layer
            self._build_shape = self._output_shape = layer.batch_input_shape
            self.built = True
            _Structure.version += 1
            return
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(
                f"{self.who()} has a layer called {layer.name!r} already; names within a model must differ: give one "
                "a name="
            )
        first = None if self._layers or self._build_shape is not None else _shape_of_first(layer)
        before = self._output_shape if first is None else first
        if before is not None:
            after = layer.compute_output_shape(before)
            layer.build(before)
            if first is not None:
                self._build_shape = first
            self._output_shape = after
            self.built = True
        self._layers.append(layer)
        _Structure.version += 1

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the last layer away and returns it; what `compile` settled stays.

        Args:
            rebuild: Taken for Keras' sake.

        Raises:
            ValueError: There is none.
        """
        if not self._layers:
            raise ValueError(f"{self.who()} has no layers to pop")
        layer = self._layers.pop()
        _Structure.version += 1
        if not self._layers and self._input_layer is None:
            self._build_shape = self._output_shape = None
            self.built = False
        elif self._build_shape is not None:
            self._output_shape = self.compute_output_shape(self._build_shape)
        return layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return list(self._layers)

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
        if index is not None:
            if not -len(self._layers) <= index < len(self._layers):
                raise ValueError(f"{self.who()} has {len(self._layers)} layers, get_layer got index {index}")
            return self._layers[index]
        for layer in self._layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"{self.who()} has no layer {name!r}; it has: {', '.join(layer.name for layer in self._layers)}"
        )

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """The shape that comes out for a shape that goes in, the batch included."""
        shape = known(self.who(), tuple(input_shape))
        for layer in self._layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Makes the weights of all layers.

        Args:
            input_shape: The batch's shape, such as (None, 784).

        Raises:
            ValueError: A layer cannot take what comes to it; then none was built.
        """
        if input_shape is None:
            if self._build_shape is None:
                raise ValueError(f"{self.who()}: build expects an input shape, such as build((None, 784))")
            return
        shape = known(self.who(), tuple(input_shape))
        if self.built and self._build_shape is not None:
            if self._layers and shape != self._build_shape:
                raise ValueError(
                    f"{self.who()} was built for inputs of shape {self._build_shape}, got {shape}; make a new model"
                )
            return
        output_shape = self.compute_output_shape(shape)
        current = shape
        for layer in self._layers:
            layer.build(current)
            current = layer.compute_output_shape(current)
        self._build_shape, self._output_shape = shape, output_shape
        self.built = True

    @property
    def inputs(self) -> list[InputLayer]:
        """What stands for the input, once its shape is known."""
        if self._input_layer is None and self._build_shape is not None:
            self._input_layer = InputLayer(batch_shape=self._build_shape)
        return [] if self._input_layer is None else [self._input_layer]

    @property
    def outputs(self) -> list[TensorSpec]:
        """What stands for the output, once its shape is known."""
        return [] if self._build_shape is None else [self.output]

    # What training asks of the structure.

    def _is_open(self) -> bool:
        self._look()
        return self._build_shape is not None

    def _open(self, sample_shape: tuple[int, ...]) -> None:
        if not self._layers:
            raise ValueError(f"{self.who()} has no layers; add() some first")
        self.build((None, *sample_shape))

    def _shapes(self) -> tuple[Shape, Shape]:
        assert self._build_shape is not None and self._output_shape is not None
        return self._build_shape, self._output_shape

    def _leaves(self) -> list[tuple[Layer, bool]]:
        return list(self._walk(True))

    def _walk(self, trained: bool) -> Iterator[tuple[Layer, bool]]:
        trained = trained and self._trainable
        for layer in self._layers:
            if isinstance(layer, Sequential):
                yield from layer._walk(trained)
            else:
                yield layer, trained and layer.trainable

    def _emit(self, emission: Emission, edges: list[int]) -> list[int]:
        for layer in self._layers:
            edges = layer._emit(emission, edges)
        return edges

    def _weight_paths(self) -> list[tuple[str, Variable]]:
        found = []
        for layer in self._layers:
            if isinstance(layer, Sequential):
                found += [(f"{layer.name}/{path}", variable) for path, variable in layer._weight_paths()]
            else:
                found += [(variable.path, variable) for variable in layer.weights]
        return found

    def _look(self) -> None:
        """Drops the programs where the layers, or those of a nested model, have changed."""
        if self._seen == _Structure.version:
            return
        current = [layer for layer, _ in self._walk(True)]
        same = len(current) == len(self._fingerprint) and all(
            one is other for one, other in zip(current, self._fingerprint, strict=True)
        )
        if not same:
            self._programs.clear()
            self._fast = None
            self._fingerprint = current
            if self._build_shape is not None:
                self._output_shape = self.compute_output_shape(self._build_shape)
        self._seen = _Structure.version

    def compile(self, *args: Any, **kwargs: Any) -> None:
        Trainer.compile(self, *args, **kwargs)
        self._fast = None

    def _at_once(self, x: Any, most_rows: Any) -> NDArray[np.float32] | None:
        if self._seen != _Structure.version:
            self._look()
        fast = self._fast
        if fast is None or type(x) is not np.ndarray:
            return None
        shape = x.shape
        if shape[1:] != fast[1] or not 0 < shape[0] <= most_rows or x.dtype.kind not in "fiub":
            return None
        return fast[0]([x])[0]

    def _predictor(self) -> tuple[_core.Predictor, Shape]:
        found = Trainer._predictor(self)
        self._fast = found[0], self._shapes()[0][1:]
        return found

    def __call__(self, inputs: ArrayLike, training: bool | None = None, mask: None = None) -> NDArray[np.float32]:
        """The model's outputs for one batch.

        Args:
            inputs: Samples, (batch, ...).
            training: Whether to behave as in training (dropout drops, moving statistics move).
            mask: Taken for Keras' sake.

        Returns:
            A float32 array of as many rows.

        Example:
            >>> model(x[:1])
        """
        if not training:
            result = self._at_once(inputs, 1 << 62)
            return self.predict_on_batch(inputs) if result is None else result
        return self._run_in_training(self._input(inputs))

    # Weights.

    @property
    def trainable(self) -> bool:
        """Whether training may move the weights; setting it sets it for every layer."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._layers:
            layer.trainable = value

    @property
    def weights(self) -> list[Variable]:
        """All variables, layer by layer."""
        return [variable for layer in self._layers for variable in layer.weights]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training moves."""
        if not self._trainable:
            return []
        return [variable for layer in self._layers for variable in layer.trainable_weights]

    # What is told of it.

    def get_config(self) -> dict[str, Any]:
        """Name and layers, from which `from_config` makes an equal model without weights."""
        described = [{"class_name": type(layer).__name__, "config": layer.get_config()} for layer in self._layers]
        if self._input_layer is not None:
            described.insert(0, {"class_name": "InputLayer", "config": self._input_layer.get_config()})
        return {"name": self.name, "trainable": self.trainable, "layers": described}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Sequential:
        """A model as `get_config` described it, with fresh weights."""
        made = []
        for entry in config["layers"]:
            layer_class = (
                Sequential if entry["class_name"] == "Sequential" else getattr(layer_module, entry["class_name"])
            )
            made.append(layer_class.from_config(entry["config"]))
        return cls(made, trainable=config.get("trainable", True), name=config.get("name"))

    def __repr__(self) -> str:
        return f"<Sequential name={self.name}, built={self.built}>"

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
            line_length: Its width; None: 65.
            positions: Where its columns end, as shares of the width or as columns; None: [0.45, 0.85, 1.0].
            print_fn: Called with each line; None: print.
            expand_nested: Whether the layers of nested models are listed.
            show_trainable: Whether a column tells what is trained.
            layer_range: Two regular expressions: the first layer and the last layer to list.

        Example:
            >>> model.summary()
        """
        self._look()
        width = 65 if line_length is None else int(line_length)
        ends = [0.45, 0.85, 1.0] if positions is None else list(positions)
        columns = [int(width * end) if ends[-1] <= 1 else int(end) for end in ends]
        titles = ["Layer (type)", "Output Shape", "Param #"]
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
        rows = list(_rows(self._listed(layer_range), self._build_shape, expand_nested, 0))
        for i, fields in enumerate(rows):
            row(fields if show_trainable else fields[:3])
            write(("=" if i == len(rows) - 1 else "_") * width)
        trained = _count(self.trainable_weights)
        total = _count(self.weights)
        write(f"Total params: {total:,}")
        write(f"Trainable params: {trained:,}")
        write(f"Non-trainable params: {total - trained:,}")
        write("_" * width)

    def _listed(self, layer_range: Sequence[str] | None) -> list[Layer]:
        if layer_range is None:
            return self._layers
        if len(layer_range) != 2:
            raise ValueError(f"layer_range expects two regular expressions, got {layer_range!r}")
        begin, end = (
            [i for i, layer in enumerate(self._layers) if re.match(pattern, layer.name)] for pattern in layer_range
        )
        if not begin or not end:
            missing = layer_range[1] if begin else layer_range[0]
            raise ValueError(f"{self.who()}: layer_range found no layer whose name matches {missing!r}")
        return self._layers[begin[0] : end[-1] + 1]


def _shape_of_first(layer: Layer) -> Shape | None:
    """The input shape that the first layer of a model brings with it."""
    if isinstance(layer, Sequential):
        return layer._build_shape
    return layer.batch_input_shape


def _count(variables: Sequence[Variable]) -> int:
    return sum(variable.size for variable in {id(variable): variable for variable in variables}.values())


def _rows(layers: Sequence[Layer], built_for: Shape | None, expand: bool, depth: int) -> Iterator[list[str]]:
    for layer in layers:
        label = "|    " * depth + f"{layer.name} ({type(layer).__name__})"
        shape, params = "?", "unbuilt"
        if built_for is not None and layer.built:
            shape, params = str(tuple(layer.output_shape)), str(_count(layer.weights))
        yield [label, shape, params, "Y" if layer.trainable else "N"]
        if expand and isinstance(layer, Sequential):
            yield from _rows(layer.layers, layer._build_shape, expand, depth + 1)
