"""The base of all models: what a `Sequential`, a `Functional` and a class with a `call` have in common.

A model is a layer made of layers, and can be trained. It holds its structure (`network.py` and its kinds) and what
training keeps of it (`training/`); files, summaries and exports are made elsewhere, and only offered here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn.engine.by_code import runs_code
from fastnn.engine.calls import fix_batch, overridable, with_free_batch
from fastnn.engine.contract import attributes, emit, state_of, title
from fastnn.engine.eager import evaluate
from fastnn.engine.eager_array import EagerArray, mask_of, with_mask
from fastnn.engine.layer import Layer, choose_computation
from fastnn.engine.masks import tell_masks
from fastnn.engine.network import Network, Ports
from fastnn.engine.ownership import floats_of, objects_within, once, own_variables, sublayers
from fastnn.engine.sizes import depend_on_rows
from fastnn.engine.trial_graphs import emitted_on_trial
from fastnn.metrics.metric import Metric
from fastnn.models import kinds
from fastnn.models.network import ModelNetwork, as_tensors
from fastnn.models.quantization import QuantizableLayers
from fastnn.models.state_tree import StateTree
from fastnn.models.subclassed import Traced
from fastnn.naming import near, suggestion
from fastnn.ops.node import Operation
from fastnn.signatures import explained
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor, Trace, is_symbolic
from fastnn.symbolic.variable import Variable
from fastnn.training.ports import shapes_of
from fastnn.training.state import TrainingState
from fastnn.training.trainer import Trainer

FilePath = str | os.PathLike[str]

_OLDER = {
    "fit_generator": "fit(generator)",
    "evaluate_generator": "evaluate(generator)",
    "predict_generator": "predict(generator)",
    "predict_classes": "predict(x).argmax(axis=-1)",
    "predict_proba": "predict(x)",
    "reset_states": "layer.reset_state() for each layer with stateful=True",
    "compiled_loss": "self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)",
    "compiled_metrics": "self.compute_metrics(x, y, y_pred, sample_weight), which updates the compiled metrics and "
    "returns all results",
}
"""What to write in the steps of a model in place of names of older versions of Keras."""


def _of_further(who: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Returns the message about further arguments of a call of a model without a `call` of its own."""
    if args:
        return f"{who} is called with its inputs alone, and training= and mask= by name; got {len(args)} more by place"
    name = next(iter(kwargs))
    return f"{who} takes no argument {name!r} beside its inputs.{suggestion(name, ('training', 'mask'))}"


class Model(QuantizableLayers, Layer, StateTree, Network):  # type: ignore[misc]  # Keras' two forms of quantize()
    """Base of all models; `Model(inputs, outputs)` makes a `Functional`.

    A class derived from it makes its layers in its constructor and says in `call` what it computes, or calls
    `super().__init__(inputs=..., outputs=...)`, and is a `Functional` then.

    Args:
        inputs: A symbolic tensor, or a list or dict of them.
        outputs: A symbolic tensor, or a list or dict of them, made from the inputs by calling layers.
        trainable: True if training may change the weights.
        dtype: "float32" or None.
        name: A name; None makes one.

    Raises:
        TypeError: Further arguments are given.

    Example:
        >>> x = layers.Input((8,))
        >>> h = layers.Dense(16, activation="relu")(x)
        >>> model = fastnn.Model(x, layers.Dense(3)(h))
        >>> model.output_shape
        (None, 3)
        >>> class Twice(fastnn.Model):
        ...     def call(self, inputs):
        ...         return 2 * inputs
        >>> Twice()(np.ones((1, 2)))
        array([[2., 2.]], dtype=float32)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Model:
        """Returns a `Functional` where the class is `Model` itself, and inputs or outputs are given."""
        if cls is Model and (args or kwargs.keys() & {"inputs", "outputs"}):
            return super().__new__(kinds.functional())
        return super().__new__(cls)

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        *,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        for unknown in kwargs:
            raise TypeError(f"{type(self).__name__}() has no argument {unknown!r}; it takes inputs, outputs and a name")
        if inputs is not None or outputs is not None:
            _derive_from_functional(type(self))
            functional: Any = kinds.functional()
            functional.__init__(self, inputs, outputs, trainable=trainable, name=name)
            return
        Layer.__init__(self, name=name, trainable=trainable, dtype=dtype)
        state_of(self).builds_in_call = type(self).build is not Model.build
        traced = runs_code(self) or type(self) is Model
        network = Traced(self, type(self).call is not Layer.call) if traced else self.__fastnn_network__()
        Trainer.__init__(self, TrainingState(network))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Raises the error for an attribute that is not there; it proposes the nearest public one."""
            if name.startswith("_") or hasattr(type(self), name):
                return object.__getattribute__(self, name)
            if name in _OLDER:
                raise AttributeError(f"{name} is gone from Keras 3; write {_OLDER[name]}")
            known = [one for one in dir(type(self)) if not one.startswith("_")]
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}.{near(name, known)}")

    def __fastnn_network__(self) -> ModelNetwork:
        """Returns the structure of a model without a `call`."""
        raise NotImplementedError

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores no argument of the constructor: the layers are the config of a model."""
        super().__fastnn_store_arguments__({})

    # Structure.

    def __fastnn_ports__(self) -> Ports:
        """Returns the inputs and outputs: names, shapes, and how several are put together."""
        return self.__fastnn_training__.network.of_model()

    @property
    def layers(self) -> list[Layer]:
        """The layers; functions of `fastnn.ops` between them are not among them."""
        return [one for one in sublayers(self) if not isinstance(one, Operation)]

    @overridable
    def _layers(self) -> list[Layer]:
        """The layers with those of the inputs, under the name by which other packages ask Keras for them."""
        return self.layers

    def __fastnn_operations__(self) -> list[Any]:
        """Returns the layers, and the functions of `fastnn.ops` that compute with their outputs."""
        return [one for one in sublayers(self) if not isinstance(one, Operation) or one.reads]

    @overridable
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the inputs, once their shapes are known."""
        raise self._without_tensors()

    @overridable
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors of the outputs, once their shapes are known."""
        raise self._without_tensors()

    def _without_tensors(self) -> AttributeError:
        return AttributeError(
            f"{title(self)} is a class with a call() of its own and has no symbolic inputs and outputs; make a "
            "Model(inputs, outputs) to have them"
        )

    @property
    def input(self) -> Any:
        """The symbolic tensor of the input, or several as they were given.

        Raises:
            AttributeError: The model is not built, or has a `call` of its own.
        """
        return self.__fastnn_ports__().given.pack(self.inputs)

    @property
    def output(self) -> Any:
        """The symbolic tensor of the output, or several as they were given.

        Raises:
            AttributeError: The model is not built, or has a `call` of its own.
        """
        return self.__fastnn_training__.network.ports().made.pack(self.outputs)

    @explained
    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Returns one layer.

        Args:
            name: The name of the layer.
            index: The index of the layer, in place of its name.

        Raises:
            ValueError: There is none.

        Example:
            >>> model = fastnn.Sequential([layers.Dense(3, name="head")])
            >>> model.get_layer("head") is model.get_layer(index=0)
            True
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
        raise ValueError(
            f"{title(self)} has no layer {name!r}; it has: {', '.join(layer.name for layer in layers)}"
        )  # fmt: skip

    @explained
    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of a model with a `call` of its own, which is run on trial.

        Args:
            input_shape: The shape of the batch, such as (None, 784); a list or dict of shapes for several inputs.

        Raises:
            NotImplementedError: The class has no `call`.
        """
        network = self.__fastnn_training__.network
        assert isinstance(network, Traced)
        network.build(input_shape)

    # Calls.

    def __call__(self, inputs: Any, *args: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """Returns the outputs for one batch; for symbolic tensors, symbolic tensors.

        Args:
            inputs: The samples, (batch, ...), as the inputs of the model were given: one array, a list or a dict.
            training: True to behave as in training (dropout drops, moving statistics move). On a symbolic tensor it
                stays with this call; None: as the outer model runs.
            mask: The mask of the inputs, (batch, time), true where a step counts; for several inputs a list or dict.
            *args: Further arguments of a `call` of the model's own.
            **kwargs: The same, by name.

        Returns:
            A float32 array of as many rows, or several as the outputs of the model were given.

        Raises:
            ValueError: The inputs or the mask do not fit the model.

        Example:
            >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
            >>> model(np.array([[1.0, 2.0]]))
            array([[3.]], dtype=float32)
        """
        state = self._fastnn_training
        within = Trace.current() is not None
        if mask is None and not args and not kwargs and not within:
            result = state.programs.at_once(inputs, None, training)
            if result is not None:
                return result.view(EagerArray)
        coded = runs_code(self)
        if coded and (args or kwargs or mask is not None or is_symbolic(inputs) or within):
            further = kwargs if mask is None else {**kwargs, "mask": mask}
            return super().__call__(inputs, *args, training=training, **further)
        if not coded and (args or kwargs):
            raise TypeError(_of_further(title(self), args, kwargs))
        if is_symbolic(inputs) or within:
            network: Any = state.network
            tensors = network.fitted(network.separated(as_tensors(inputs) if within else inputs), within)
            further = {} if mask is None else {"mask": mask}
            arguments = Arguments((network.ports().given.pack(tensors),), further)
            free, size = with_free_batch(arguments)
            specs = network.outcome([tensor.free_shape for tensor in free.tensors[: len(tensors)]])
            stays = None if training is None else bool(training)
            if depend_on_rows(arguments.tensors) or (within and any(len(t.shape) and t.shape[0] for t in tensors)):
                specs = emitted_on_trial(
                    arguments.tensors, lambda emission, edges: emit(self, emission, edges, arguments), stays, self
                )
            call = Call(self, arguments, specs, network.ports().made, stays, floats_of(self))
            tell_masks(self, free, call.outputs, stays)
            fix_batch(call.outputs, call.inputs, size)
            return call.result()
        return self._called(inputs, training, mask)

    def _called(self, inputs: Any, training: bool | None, mask: Any = None) -> Any:
        """Returns the outputs for arrays."""
        state = self._fastnn_training
        arrays = state.door.inputs(inputs)
        if training and runs_code(self):
            return super().__call__(inputs, training=training)
        leaves = Structure(inputs).flat(inputs)
        masks: list[Any] = [mask_of(leaf) for leaf in leaves] if len(leaves) == len(arrays) else [None] * len(arrays)
        if mask is not None:
            given = state.network.ports().given.flat(mask)
            masks = [None if one is None else np.asarray(one, bool) for one in given]
        shapes = shapes_of(arrays)
        if None in shapes and training:
            raise NotImplementedError(
                f"{title(self)}: a call with training=True expects data for all inputs; fit takes None"
            )
        state.door.check_ranges(arrays, shapes)
        if training:
            outputs = state.programs.in_training(inputs, arrays, masks, self)
        else:
            state.door.check_batches(shapes, len(arrays[0]), len(arrays[0]))
            masked = any(mask is not None for mask in masks)
            differs = state.programs.differs_in_call(None if training is None else False, shapes)
            if None not in shapes and (masked or differs):
                outputs = evaluate(self, arrays, masks, None, training)
            else:
                outputs = [with_mask(output) for output in state.programs.predictor(shapes)(arrays)]
        return state.network.ports().made.pack(outputs)

    # Weights.

    @property
    def weights(self) -> list[Variable]:
        """All variables, layer by layer; one that is in several nested models occurs once."""
        own = own_variables(self) if runs_code(self) else []
        return once([*own, *(variable for layer in sublayers(self) for variable in layer.weights)])

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss and the compiled metrics, then the metrics among the attributes of the model."""
        compiled = self.__fastnn_training__.compiled
        own = objects_within(list(attributes(self).values()), Metric)
        return list(dict.fromkeys([*([] if compiled is None else compiled.metrics), *own]))

    def _repr_svg_(self) -> str | None:
        """Returns the picture that a notebook shows; None for a model that is not built."""
        if not self.built:
            return None
        from fastnn.models.diagram import Shown, diagram_of
        from fastnn.models.diagram_layout import lay_out
        from fastnn.models.diagram_svg import svg_of

        return svg_of(lay_out(diagram_of(self, Shown(shapes=True, names=True))))

    def _repr_html_(self) -> str:
        """Returns what a notebook shows: the table of the layers and, where the model is built, its diagram."""
        from fastnn.models.summary import summary_as_html

        return summary_as_html(self, self._repr_svg_())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    # Config and files.

    @classmethod
    def __fastnn_holds_file_form__(cls, config: Mapping[str, Any]) -> bool:
        """Returns whether a config is that of a functional model."""
        return "layers" in config and "input_layers" in config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Returns a new model, with fresh weights, from what `get_config` returned, or Keras.

        Args:
            config: The config: that of a functional or sequential model, or the arguments of the constructor.
            custom_objects: Classes and functions by the names that the config uses for them.

        Raises:
            ValueError: The config names something that is unknown, or is none.

        Example:
            >>> x = layers.Input((4,))
            >>> model = fastnn.Model(x, layers.Dense(3)(x))
            >>> fastnn.Model.from_config(model.get_config()).output_shape
            (None, 3)
        """
        from fastnn.models import keras_config

        functional, sequential = kinds.functional(), kinds.sequential()
        if "layers" in config and "input_layers" in config:
            made = cls if issubclass(cls, functional) else functional
            return keras_config.functional_from_config(made, config, custom_objects)
        if "layers" in config and (cls is Model or issubclass(cls, sequential)):
            chain = cls if issubclass(cls, sequential) else sequential
            return keras_config.sequential_from_config(chain, config, custom_objects)
        return super().from_config(config)

    def save(self, filepath: FilePath, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Writes the model into a file.

        Args:
            filepath: `m.keras`, or the older `m.h5`.
            overwrite: True to replace a file that exists.
            zipped: False to write a folder with the files of `m.keras` in it.
            **kwargs: See `fastnn.saving.save_model`.

        Raises:
            ValueError: The model is not built, or the name has another ending.

        Example:
            >>> fastnn.Sequential([layers.Input((4,)), layers.Dense(3)]).save("m.keras")
            >>> fastnn.saving.load_model("m.keras").output_shape
            (None, 3)
        """
        from fastnn import saving

        saving.save_model(self, filepath, overwrite, zipped, **kwargs)

    def save_weights(self, filepath: FilePath, overwrite: bool = True, max_shard_size: float | None = None) -> None:
        """Writes the weights into a file.

        Args:
            filepath: `m.weights.h5`.
            overwrite: True to replace a file that exists.
            max_shard_size: Most GiB in a file, for an index `m.weights.json` and files beside it; None: one file.

        Raises:
            ValueError: The model is not built, or the name has another ending.
        """
        from fastnn import saving

        saving.save_weights(self, filepath, overwrite, max_shard_size)

    def load_weights(self, filepath: FilePath, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Reads weights from a file.

        Args:
            filepath: A file of weights or of a model.
            skip_mismatch: True to skip layers whose weights do not fit, with a warning.
            **kwargs: See `fastnn.saving.load_weights`.

        Raises:
            ValueError: The weights are not those of the model; then nothing was written.
        """
        from fastnn import saving

        saving.load_weights(self, filepath, skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """Returns the structure as JSON, without weights; `model_from_json` reads it.

        Args:
            **kwargs: Arguments of `json.dumps`.
        """
        from fastnn import saving

        return saving.to_json(self, **kwargs)

    def export(self, filepath: FilePath, format: str | None = None, verbose: bool | None = None, **kwargs: Any) -> None:
        """Writes the computation of the model for other programs.

        Args:
            filepath: `m.onnx`, or `m.c`.
            format: "onnx" or "c"; None: by the name of the file.
            verbose: True to print a message.
            **kwargs: `input_signature` and `opset_version`, for ONNX; see `fastnn.saving.export_model`.

        Raises:
            ValueError: The format is unknown, or a layer cannot be expressed in it.
        """
        from fastnn import saving

        saving.export_model(self, filepath, format, bool(verbose), **kwargs)

    def __reduce__(self) -> Any:
        from fastnn.saving import pickling

        return pickling.thaw, pickling.freeze(self)

    @explained
    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Prints a table of the layers: names, output shapes and numbers of weights.

        Args:
            line_length: The width; None: 65, or 98 where the model branches, which adds a column of the tensors that
                each layer reads: name[call][output].
            positions: The ends of the columns, as shares of the width or as columns; None: [0.45, 0.85, 1.0], or
                [0.33, 0.55, 0.67, 1.0].
            print_fn: A function that is called with each line; None: print.
            expand_nested: True to list the layers of nested models.
            show_trainable: True to add a column that tells which layers are trained.
            layer_range: Two regular expressions: the first layer and the last layer to list.

        Raises:
            ValueError: `layer_range` matches no layer.

        Example:
            >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(3, name="hidden")])
            >>> model.summary(line_length=44)
            ____________________________________________
            Layer (type)       Output Shape     Param #
            ============================================
            hidden (Dense)     (None, 3)        9
            ============================================
            Total params: 9
            Trainable params: 9
            Non-trainable params: 0
            ____________________________________________
        """
        from fastnn.models.summary import print_summary

        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)


def _derive_from_functional(cls: type[Model]) -> None:
    """Makes a class derived from `Model` one that is derived from `Functional`, as its constructor wants.

    Args:
        cls: The class, which gets `Functional` in place of `Model` among its base classes, or theirs.
    """
    functional = kinds.functional()
    if issubclass(cls, functional):
        return
    if Model in cls.__bases__:
        cls.__bases__ = tuple(functional if base is Model else base for base in cls.__bases__)
    else:
        for base in cls.__bases__:
            if issubclass(base, Model):
                _derive_from_functional(base)
    choose_computation(cls)
