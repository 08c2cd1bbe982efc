"""The base of all layers: identity, config, ownership of weights, and the public methods.

A layer holds what the user typed. What it computes is what its method `call` does with the functions of `fastnn.ops`
and with other layers (`by_code.py`), or one node of the core (`node_layer.py`). Called on symbolic tensors a layer only
records the call (`calls.py`): a model is made of such calls. Called on arrays it computes at once (`eager.py`).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from fastnn import constraints, dtype_policies, initializers, regularizers
from fastnn.configurable import Configurable, accepted_names, argument_names, is_foreign
from fastnn.dtype_policies import DTypePolicy
from fastnn.engine import by_code, contract, eager, projection  # noqa: F401 - the last registers itself
from fastnn.engine.arrays import edge_dtype
from fastnn.engine.calls import CallHistory, overridable, record
from fastnn.engine.contract import Outcome, computation_of, state_of, title
from fastnn.engine.description import Described, check_quantizes
from fastnn.engine.emission import Emission
from fastnn.engine.input_spec import check_inputs
from fastnn.engine.masks import emit_mask, keep_mask, warn_of_lost_mask
from fastnn.engine.ownership import keep_variable, new_variable
from fastnn.engine.penalties import add_activity_penalty, add_loss
from fastnn.engine.shapes import input_shape_of, with_batch_of
from fastnn.keras_form import class_name
from fastnn.naming import suggestion, unique_name
from fastnn.precision import FLOATS, ROUNDING, array_type, computed, computed_in, is_float
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, KerasTensor, Trace, is_symbolic, operators
from fastnn.symbolic.variable import Variable


class Layer(Described, CallHistory, contract.Hooks, Configurable):
    """Base of all layers, and of layers of your own.

    A layer of your own makes its weights in `build` (or in its constructor). Its `call` says what it computes, with the
    functions of `fastnn.ops` and with other layers. `call` may have the parameters `training` (whether the graph is one
    for training) and `mask`.

    Args:
        activity_regularizer: A penalty on the layer's output, or None.
        trainable: Whether training may change its weights.
        dtype: "float32" or None.
        name: A name, unique within a model; None makes one from the class: "dense", "dense_1"...
        **kwargs: `input_shape=(2,)`, `input_dim=2` or `batch_input_shape=(None, 2)` for the first layer of a model;
            `autocast` is accepted for Keras compatibility and ignored.

    Raises:
        ValueError: An argument is unknown or out of its range.

    Example:
        >>> class Scale(layers.Layer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")
        ...
        ...     def call(self, inputs):
        ...         return inputs * self.scale
        >>> Scale()(np.ones((1, 2)))
        array([[1., 1.]], dtype=float32)
    """

    __fastnn_keras_module__ = "keras.layers"
    __fastnn_keras_ignored_arguments__ = {
        "data_format": "channels_last", "keras_version": ..., "backend": ..., "autocast": ...,
    }  # fmt: skip
    __fastnn_takes_many__: ClassVar[bool] = False
    """True if it is called on a list of tensors."""
    supports_masking = False
    """True if the mask of its input is one of its output."""
    __fastnn_built_at_once__: ClassVar[bool] = False
    """True if it has no weights and is built by its constructor, unless a class outside fastnn adds a `build`."""
    __fastnn_common_arguments__: ClassVar[tuple[str, ...]] = (
        "name", "trainable", "dtype", "activity_regularizer", "input_shape", "input_dim", "batch_input_shape",
        "batch_shape",
    )  # fmt: skip

    __fastnn_computation__ = by_code.BY_CODE
    activity_regularizer: Any
    dtype: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "compute_mask" in vars(cls) and "__fastnn_makes_masks__" not in vars(cls):
            cls.__fastnn_makes_masks__ = True
        choose_computation(cls)

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
        if name is not None and "/" in name:
            raise ValueError(
                f"{type(self).__name__} expects a name without '/', which joins names to paths, got {name!r}"
            )
        if not isinstance(trainable, (bool, np.bool_)):
            raise TypeError(f"{type(self).__name__} expects trainable to be True or False, got {trainable!r}")
        contract.begin(self, bool(trainable))
        self.name = name or unique_name(class_name(type(self)))
        state_of(self).policy = policy = _policy(self, dtype)
        check_quantizes(self, policy)
        kwargs.pop("autocast", None)
        state_of(self).entry_shape = input_shape_of(title(self), kwargs)
        for unknown in kwargs:
            raise ValueError(
                f"{type(self).__name__} has no argument {unknown!r}."
                f"{suggestion(unknown, [*argument_names(self), *type(self).__fastnn_common_arguments__])}"
            )
        if "activity_regularizer" not in self.__dict__:
            self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype = computed(policy.variable_dtype)
        self.built = self.__fastnn_built_at_once__ and not _has_own_build(type(self))

    def __fastnn_constructed__(self) -> None:
        """Raises a RuntimeError where the constructor of a class of your own does not call that of its base."""
        state_of(self)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal layer without weights, as plain values."""
        common = {"trainable": self.trainable, "dtype": _described(self)}
        config = {"name": self.name, **({"dtype": self.dtype} if self.__fastnn_keras_names_type__ else common)}
        entry_shape = state_of(self).entry_shape
        if entry_shape is not None:
            config["batch_input_shape"] = list(entry_shape)
        return {**config, **{name: value for name, value in super().get_config().items() if name not in config}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Returns a new layer with the arguments that `get_config` returned.

        Args:
            config: The arguments.

        Returns:
            The new layer.
        """
        taken = accepted_names(cls)
        if not is_foreign(cls) or taken is None:
            return super().from_config(config)
        # A constructor without **kwargs is not given what it does not name.
        made = cls(**{name: value for name, value in config.items() if name in taken})
        made.name = config.get("name", made.name)
        if config.get("trainable") is False:
            made.trainable = False
        return made

    def __getstate__(self) -> dict[str, Any]:
        return contract.copied_attributes(self)

    def __fastnn_type_name__(self) -> str:
        """Returns the name of its class as summaries show it."""
        return type(self).__name__

    # Weights.

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape; a layer of your own does so with `add_weight`.

        Args:
            input_shape: The batch's shape, such as (None, 784); a list of them for a layer of several inputs.

        Raises:
            ValueError: The layer cannot take this shape, or was built for another.
        """
        state_of(self).build_shape = input_shape
        self.built = True

    def get_build_config(self) -> dict[str, Any] | None:
        """Returns what `build_from_config` builds an equal layer from; None where the layer is not built.

        Example:
            >>> layer = layers.Dense(1)
            >>> layer.build((None, 3))
            >>> layer.get_build_config()
            {'input_shape': (None, 3)}
        """
        shape = state_of(self).build_shape
        return {"input_shape": shape} if self.built and shape is not None else None

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Builds the layer as `get_build_config` describes.

        Args:
            config: The description; without "input_shape" nothing is done.
        """
        shape = config.get("input_shape") if config else None
        if shape is not None:
            self.build(shape)

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        *,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: Any = None,
        overwrite_with_gradient: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Makes a weight of the layer, in `build` or in the constructor of a layer of your own.

        Args:
            shape: Its dimensions; None or (): a single number.
            initializer: Its first values: a name or an object of `fastnn.initializers`, or a function of the shape;
                None: glorot_uniform, or zeros for a `dtype` of integers or bools.
            dtype: "float32"; "bfloat16": held in 16 bits, read as float32; or an integer type, whose values are exact
                up to 2**24.
            trainable: Whether training may change it.
            autocast: Accepted for Keras compatibility; ignored.
            regularizer: A penalty on it.
            constraint: A constraint applied after each update.
            aggregation: Accepted for Keras compatibility; ignored.
            overwrite_with_gradient: Accepted for Keras compatibility; ignored.
            name: Its name; None: "variable", "variable_1"...
            **kwargs: Unknown arguments, which are an error.

        Returns:
            The variable, which `fastnn.ops` takes as it takes tensors.

        Raises:
            ValueError: An argument is unknown, the shape holds something else than integers, or `call` is running.
            RuntimeError: `super().__init__()` was not called before.
        """
        for unknown in kwargs:
            raise ValueError(
                f"{title(self)}: add_weight has no argument {unknown!r}."
                f"{suggestion(unknown, inspect.signature(Layer.add_weight).parameters)}"
            )
        if not contract.has_begun(self):
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() before add_weight()")
        if state_of(self).in_call:
            raise ValueError(
                f"{title(self)}: add_weight() in call() would make a new weight at each call; make it in build(), or "
                "in the constructor"
            )
        if isinstance(shape, str):
            raise TypeError(
                f"{title(self)}: add_weight expects its shape first, got {shape!r}; write add_weight(shape=(...), "
                f"name={shape!r})"
            )
        sizes = () if shape is None else (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if any(not isinstance(size, (int, np.integer)) or size < 0 for size in sizes):
            raise ValueError(
                f"{title(self)}: add_weight expects a shape of integers, got {sizes}; what a weight's size "
                "depends on must be known (input_shape[-1])"
            )
        kind = edge_dtype(self.dtype if dtype is None else dtype, title(self))
        if initializer is None:
            initializer = "glorot_uniform" if is_float(kind) else "zeros"
        made = new_variable(
            self,
            name or unique_name("Variable"),
            tuple(int(size) for size in sizes),
            initializers.get(initializer),
            trainable,
            regularizers.get(regularizer),
            constraints.get(constraint),
            held=getattr(dtype, "name", dtype),
        )
        made.dtype = made.handle.dtype if is_float(kind) else kind
        keep_variable(self, made, trainable)
        return made

    def add_variable(
        self,
        shape: Any,
        initializer: Any,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Makes a weight; `add_weight` has more arguments.

        Args:
            shape: Its dimensions; (): a single number.
            initializer: Its first values: a name or an object of `fastnn.initializers`, or a function of the shape;
                None: glorot_uniform, or zeros for a `dtype` of integers or bools.
            dtype: "float32", or an integer type, whose values are exact up to 2**24.
            trainable: Whether training may change it.
            regularizer: A penalty on it.
            constraint: A constraint applied after each update.
            name: Its name; None: "variable", "variable_1"...

        Returns:
            The variable.
        """
        return self.add_weight(
            shape, initializer, dtype, trainable=trainable, regularizer=regularizer, constraint=constraint, name=name
        )

    # What it computes.

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what the layer computes; a layer of your own defines it.

        Args:
            *args: Symbolic tensors, as the layer was called with.
            **kwargs: The same, by name; `training` and `mask` where the method has such parameters.

        Returns:
            A tensor, or several in lists or dicts.

        Raises:
            NotImplementedError: The class has no `call`.
        """
        instead = next((name for name in ("forward", "__call__", "Call") if name in vars(type(self))), None)
        mend = "" if instead is None else f"; rename {instead}() to call()"
        raise NotImplementedError(
            f"{title(self)}: a class derived from Layer says in call(self, inputs) what it computes{mend}"
        )

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Returns the mask of the output; a layer of your own may compute one with `fastnn.ops`.

        Args:
            inputs: The inputs of the call.
            previous_mask: Their mask, (batch, time), true where a step counts; None: all steps count.

        Returns:
            A mask, or None.
        """
        return previous_mask if self.supports_masking else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape that comes out for a shape that goes in, the batch included.

        Args:
            input_shape: Such as (None, 784); a list of them for a layer of several inputs.

        Returns:
            A tuple that begins with the size of the batch, None where it is unknown.

        Raises:
            ValueError: The layer cannot take this shape.

        Example:
            >>> layers.Dense(10).compute_output_shape((None, 784))
            (None, 10)
        """
        return with_batch_of(input_shape, computation_of(self).output_shape(self, input_shape))

    def add_loss(self, loss: Any) -> None:
        """Adds to the loss of the model; called in `call`.

        Args:
            loss: A tensor, whose elements are summed, or a list of tensors.

        Raises:
            ValueError: No `call` is running.

        Example:
            >>> class Sparse(layers.Layer):
            ...     def call(self, inputs):
            ...         self.add_loss(0.5 * ops.mean(ops.absolute(inputs)))
            ...         return inputs
            >>> model = fastnn.Sequential([layers.Input((2,)), Sparse()])
            >>> model.compile("sgd", loss=None)
            >>> model.evaluate(np.array([[1.0, -3.0]]), verbose=0)
            1.0
        """
        add_loss(self, loss)

    # Hooks of layers of the package.

    def __fastnn_check_symbolic_call__(self) -> None:
        """Raises where the layer cannot be part of a model."""

    def __fastnn_infer_call__(self, arguments: Arguments, training: bool | None) -> Outcome:
        """Builds the layer and returns the specs of what comes out of `call`, and their structure."""
        return by_code.trial_outcome(self, arguments, training)

    def __fastnn_add_output_penalty__(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the penalty of `activity_regularizer` on the outputs; returns the output edges."""
        return add_activity_penalty(self, emission, edges)

    def __fastnn_merge_masks__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> int | None:
        """Returns the mask of an output made of several inputs: that of the first input that has one."""
        return next(mask for mask in masks if mask is not None)

    def __fastnn_set_output_masks__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> None:
        """Gives the outputs their masks: those of `compute_mask`, or that of the inputs.

        Args:
            emission: The graph.
            edges: The inputs.
            masks: For each input its mask, or None.
            outputs: The outputs.
        """
        fresh = [edge for edge in outputs if edge not in emission.masks]
        if type(self).compute_mask is not Layer.compute_mask:
            emit_mask(self, self.compute_mask, emission, edges, masks, fresh, type(self).__fastnn_takes_many__)
        elif any(mask is not None for mask in masks) and fresh:
            if self.supports_masking:
                keep_mask(emission, self.__fastnn_merge_masks__(emission, edges, masks, outputs), fresh)
            elif not by_code.reads_masks(self):
                warn_of_lost_mask(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the layer's output: for an array an array, for a symbolic tensor a symbolic tensor.

        Either builds the layer where it is not built yet.

        Args:
            *args: Inputs of shape (batch, ...); a list for a layer of several inputs.
            **kwargs: `training`: whether to behave as in training (dropout drops, moving statistics move); on a
                symbolic tensor it stays with this call; None: as the model runs. `mask`: for sequences, which steps
                count, (batch, time).

        Returns:
            A float32 array, or a symbolic tensor.

        Example:
            >>> layers.Dense(3)(np.ones((2, 5))).shape
            (2, 3)
            >>> layers.Dense(3)(layers.Input((5,))).shape
            (None, 3)
        """
        if not contract.has_begun(self):
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() in its constructor, before all else")
        training = kwargs.pop("training", None)
        computation = computation_of(self)
        if not args or len(args) > 1:
            args, kwargs = _ordered(computation.parameters(self), args, kwargs)
            training = kwargs.pop("training", training)
        if isinstance(training, (KerasTensor, np.ndarray)) and len(training.shape):
            raise TypeError(
                f"{title(self)} expects one input, got two; training= is True, False or None. Join tensors before the "
                "layer with Concatenate()([a, b]), or call it on each"
            )
        if args and ("input_spec" in vars(self) or not isinstance(type(self).input_spec, overridable)):
            check_inputs(self, self.input_spec, args[0])
        args, kwargs = computation.arguments(self, args, kwargs)
        if is_symbolic(args) or is_symbolic(kwargs):
            return record(self, args, kwargs, training)
        if Trace.current() is not None:
            tensors = Structure(args)
            args = tensors.pack([operators["tensor"](leaf) for leaf in tensors.flat(args)])
            return record(self, args, kwargs, training)
        return eager.run(self, args, kwargs, training)


def _described(layer: Layer) -> Any:
    """Returns the entry of a config for the element type of a layer: that of its policy, where it is one."""
    return dtype_policies.serialize(layer.dtype_policy) if is_float(layer.dtype) else layer.dtype


def _policy(layer: Layer, dtype: Any) -> DTypePolicy:
    """Returns the policy that the argument `dtype` of a layer names.

    Raises:
        ValueError: fastnn does not compute in the type.
    """
    dtype = computed_in(dtype)
    if dtype in (None, *ROUNDING) or isinstance(dtype, (Mapping, DTypePolicy)) or "_from_" in str(dtype):
        return dtype_policies.get(dtype)
    kind, hint = "?", ""
    try:
        kind = array_type(dtype).kind
    except TypeError:
        # No type of elements at all: a name that was mistyped.
        hint = suggestion(dtype, _POLICIES) if isinstance(dtype, str) else ""
    if kind != "f":
        raise ValueError(
            f"{title(layer)} computes in float32 or float64; dtype expects {', '.join(map(repr, _POLICIES))} or a "
            f"policy, got {dtype!r}.{hint}"
        )
    name = getattr(dtype, "name", getattr(dtype, "__name__", dtype))
    return DTypePolicy(None if dtype is float else "float64" if name in ("float64", "double") else "float32")


_POLICIES = (*FLOATS, *ROUNDING, "int8_from_float32")


def _has_own_build(cls: type[Layer]) -> bool:
    return is_foreign(next(base for base in cls.__mro__ if "build" in vars(base)))


def choose_computation(cls: type[Layer]) -> None:
    """Sets how the layers of a class compute; called where a class is made, or gets other base classes.

    The nearest of the base classes decides: by a `call`, or by naming how it computes without one.
    """
    for base in cls.__mro__:
        if "__fastnn_native__" in vars(base) or "call" in vars(base):
            cls.__fastnn_computation__ = vars(base).get("__fastnn_native__", by_code.BY_CODE)
            return


def _ordered(
    names: Sequence[str], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Returns the arguments of a call with its first input in front, and `training` and what follows it by name."""
    if not args:
        first = next((name for name in ("inputs", *names[:1]) if name in kwargs), None)
        return ((), kwargs) if first is None else ((kwargs[first],), {n: v for n, v in kwargs.items() if n != first})
    if "training" not in names[1 : len(args)] and "mask" not in names[1 : len(args)]:
        return args, kwargs
    at = min(names.index(name) for name in ("training", "mask") if name in names[1 : len(args)])
    return args[:at], {**dict(zip(names[at:], args[at:], strict=False)), **kwargs}
