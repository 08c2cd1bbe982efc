"""What a layer tells of itself, and calls with weights from outside: attributes and methods of every Keras layer.

Types are float32 but for the integers of quantized weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from fastnn import dtype_policies
from fastnn.configurable import is_foreign
from fastnn.dtype_policies import DTypePolicy
from fastnn.engine.by_code import declared_outputs
from fastnn.engine.calls import overridable
from fastnn.engine.contract import attributes, computation_of, state_of, title
from fastnn.engine.input_spec import InputSpec
from fastnn.engine.ownership import LayerChanges, WeightOwner, once, sublayers, walk
from fastnn.engine.step_trace import StepTrace
from fastnn.precision import computed
from fastnn.symbolic.structure import Structure, sequence_like
from fastnn.symbolic.tensors import Arguments, KerasTensor, operators


class Described(WeightOwner):
    """Base of layers that tell of themselves."""

    autocast = True
    supports_jit = False
    __fastnn_quantizes__: ClassVar[bool] = False
    """True if it can be quantized."""

    @overridable
    def input_spec(self) -> Any:
        """An `InputSpec`, or several as the inputs are given, or None.

        A layer of your own sets it, and a call with other inputs is an error.
        """
        return self.__fastnn_input_spec__()

    def __fastnn_input_spec__(self) -> InputSpec | None:
        """Returns the description of the input of a layer of the package, whose calls are checked elsewhere."""
        return None

    @property
    def path(self) -> str:
        """The name, which begins the paths of the weights."""
        return self.name

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The policy of element types: its name is that of `fastnn.dtype_policies`, such as "float32"."""
        return state_of(self).policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        policy, held = dtype_policies.get(value), self.dtype_policy
        quantizes = policy.quantization_mode is not None and held.quantization_mode is None
        check_quantizes(self, policy)
        same = policy.quantization_mode == held.quantization_mode and policy.variable_dtype == held.variable_dtype
        if not same and self.weights:
            if not quantizes:
                raise ValueError(
                    f"{title(self)} has the policy {held.name!r}, and its weights are made for it, got "
                    f"{policy.name!r}; make the layer with dtype="
                )
            self.quantize(policy.quantization_mode)
        state_of(self).policy = policy
        if not type(self).__fastnn_is_entry__:  # the type of an input is that of its data
            self.dtype = computed(policy.variable_dtype)
        LayerChanges.revise()

    @property
    def quantization_mode(self) -> str | None:
        """The mode in which the layer is quantized: "int8", or None."""
        return self.dtype_policy.quantization_mode

    @property
    def compute_dtype(self) -> str:
        """The element type of the arithmetic: "float32" or "float64", or "bfloat16" of products alone."""
        return self.dtype_policy.compute_dtype

    @overridable
    def input_dtype(self) -> str:
        """The element type to which inputs are converted: "float32" or "float64"."""
        return str(computed(self.dtype_policy.variable_dtype))

    @property
    def variable_dtype(self) -> str:
        """The element type of the weights: "float32" or "float64", or "bfloat16" of large ones."""
        return self.dtype_policy.variable_dtype

    @property
    def losses(self) -> list[Any]:
        """The penalties that the last call on arrays added, then those of the trained weights as they are now.

        In a step of a user's own, tensors for those that the calls before have added, and for those of the weights.
        """
        step = StepTrace.running()
        if step is not None:
            regularized = [v for v in self.trainable_weights if v.regularizer is not None]
            return [*step.penalties(self), *(v.regularizer(operators["tensor"](v)) for v in regularized)]
        within = {id(part): part for part, _ in walk(self)}
        added = [loss for part in within.values() for loss in state_of(part).losses]
        found = [v.regularizer(v.numpy()) for v in self.trainable_weights if v.regularizer is not None]
        return [*added, *(np.float32(penalty) for penalty in found)]

    @property
    def metrics(self) -> list[Any]:
        """The metrics among its attributes, and those of layers within it."""
        own = [value for value in attributes(self).values() if _is_metric(value)]
        return once([*own, *(metric for layer in sublayers(self) for metric in layer.metrics)])

    def add_metric(self, *args: Any, **kwargs: Any) -> None:
        """Refuses, as Keras 3 does.

        Args:
            *args: Those of older versions of Keras.
            **kwargs: The same, by name.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            f"{title(self)}: add_metric() is gone from Keras 3; give the metric to compile(metrics=[...]), or add a "
            "value of interest to the outputs of the model"
        )

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of the metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Returns symbolic tensors with the shapes and types that come out of a call, which is not recorded.

        Args:
            *args: The arguments of a call, with symbolic tensors for its inputs.
            **kwargs: The same, by name.

        Raises:
            ValueError: The layer cannot take such inputs.
        """
        training = kwargs.pop("training", None)
        computation = computation_of(self)
        args, kwargs = computation.arguments(self, args, kwargs)
        arguments = Arguments(args, kwargs)
        if is_foreign(next(base for base in type(self).__mro__ if "compute_output_shape" in vars(base))):
            return _tensors(declared_outputs(self, arguments))
        # The core knows batches of any size alone; a fixed size is put back where the batch is.
        sizes = {tensor.shape[0] for tensor in arguments.tensors if tensor.shape}
        batch = sizes.pop() if len(sizes) == 1 else None
        free = [KerasTensor((None, *tensor.shape[1:]), tensor.dtype, name=tensor.name) for tensor in arguments.tensors]
        specs, structure = computation.outcome(self, Arguments(*arguments.place(free)), training)
        packing = structure or Structure(specs if len(specs) > 1 else None)
        made = [KerasTensor((batch, *shape[1:]) if shape[:1] == (None,) else shape, dtype) for shape, dtype in specs]
        return packing.pack(made)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what `compute_output_spec` returns, as Keras' operations do.

        Args:
            *args: Symbolic tensors, as for a call.
            **kwargs: Further arguments of the call.

        Returns:
            A symbolic tensor for each output.
        """
        return self.compute_output_spec(*args, **kwargs)

    def stateless_call(
        self,
        trainable_variables: Sequence[ArrayLike],
        non_trainable_variables: Sequence[ArrayLike],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Returns what a call with other weights returns, and the weights that it leaves; the layer does not change.

        Args:
            trainable_variables: Arrays in the order of `trainable_variables`.
            non_trainable_variables: Arrays in the order of `non_trainable_variables`.
            *args: The arguments of the call.
            return_losses: True to return the penalties too.
            **kwargs: The arguments of the call, by name.

        Returns:
            (outputs, non_trainable_variables), or (outputs, non_trainable_variables, losses).

        Raises:
            ValueError: The layer is not built, or the number of arrays or a shape differs.

        Example:
            >>> layer = layers.Dense(1)
            >>> layer.build((None, 2))
            >>> outputs, _ = layer.stateless_call([np.ones((2, 1)), np.zeros(1)], [], np.array([[1.0, 2.0]]))
            >>> outputs
            array([[3.]], dtype=float32)
        """
        if not self.built:
            raise ValueError(f"{title(self)} is not built; call build() before stateless_call()")
        lists = (self.trainable_variables, trainable_variables), (self.non_trainable_variables, non_trainable_variables)
        for variables, values in lists:
            if len(variables) != len(values):
                raise ValueError(f"{title(self)}: stateless_call expects {len(variables)} arrays, got {len(values)}")
        before = [(variable, variable.numpy()) for variable in self.variables]
        try:
            for variables, values in lists:
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)
            outputs = self(*args, **kwargs)  # type: ignore[operator]
            after = [variable.numpy() for variable in self.non_trainable_variables]
            return (outputs, after, self.losses) if return_losses else (outputs, after)
        finally:
            for variable, value in before:
                variable.assign(value)

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Refuses: a layer of this class has no weight that can be integers.

        Args:
            mode: As in `Dense.quantize`.
            type_check: As in `Dense.quantize`.
            config: As in `Dense.quantize`.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            f"{title(self)} has no quantize({mode!r}): its weights stay float32. Dense, EinsumDense, Embedding, "
            "ReversibleEmbedding and convolutions of one group can be quantized"
        )


def _tensors(shapes: Any) -> Any:
    """Returns a symbolic tensor for each of nested shapes."""
    if isinstance(shapes, Mapping):
        return {key: _tensors(shape) for key, shape in shapes.items()}
    if all(size is None or isinstance(size, int) for size in shapes):
        return KerasTensor(tuple(shapes))
    return sequence_like(shapes, (_tensors(shape) for shape in shapes))


def _is_metric(value: Any) -> bool:
    """Returns whether an attribute is a metric, whose classes are above this file."""
    return all(hasattr(value, name) for name in ("update_state", "result", "reset_state", "variables"))


def check_quantizes(layer: Described, policy: DTypePolicy) -> None:
    """Checks that a layer may have a policy.

    Raises:
        ValueError: The policy asks for integers, and the layer has no weight that can become some.
    """
    if policy.quantization_mode is not None and not type(layer).__fastnn_quantizes__:
        raise ValueError(f"{title(layer)} has no weight that can be quantized, got dtype {policy.name!r}")
