"""Bases of the recurrent layers and their cells.

A recurrent layer is one node of the core, which computes all steps. This file owns the arguments, the weights, the
node, and the states that a stateful layer keeps between batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from fastnn import activations, ops
from fastnn.configurable import argument_names
from fastnn.constraints import Constraint
from fastnn.engine.contract import state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.input_spec import InputSpec
from fastnn.engine.layer import Layer
from fastnn.engine.node_layer import NodeLayer, unmade
from fastnn.engine.ownership import new_variable
from fastnn.ops.node import node
from fastnn.precision import floatx
from fastnn.regularizers import Regularizer
from fastnn.seeds import stream_of
from fastnn.symbolic.tensors import KerasTensor
from fastnn.symbolic.variable import Variable

_BATCH_SHAPES = ("batch_shape", "batch_input_shape")


def _function(who: str, argument: str, activation: Any) -> dict[str, Any]:
    """Returns an activation as arguments of a recurrent node."""
    made = activations.node_of(activation)
    if made is None:
        return {argument: "linear"}
    kind, config = made
    if kind != "Activation":
        raise ValueError(
            f"{who} expects {argument} to be an element-wise activation, got {kind.lower()}; add it as a layer "
            "after this one"
        )
    name = config["activation"]
    if config.get("approximate"):
        name = "gelu_tanh"
    numbers = {f"{argument}_{key}": value for key, value in config.items() if key != "activation" and value is not None}
    return {argument: name, **numbers}


def as_list(states: Any) -> list[Any]:
    """Returns states, given as one tensor, a list or nested lists, as a flat list."""
    if not isinstance(states, (list, tuple)):
        return [states]
    return [leaf for item in states for leaf in as_list(item)]


def _values(states: Any) -> Any:
    """Returns states with arrays in place of variables."""
    if isinstance(states, (list, tuple)):
        return [_values(one) for one in states]
    return states.numpy() if isinstance(states, Variable) else states


def _batch_size_of_input(tensor: KerasTensor) -> int | None:
    """Returns the batch size with which the model's input was created, or None."""
    while True:
        call = tensor.made_by
        if call is None:
            return None
        if not call.inputs:
            size = getattr(call.layer, "batch_size", None)
            return None if size is None else int(size)
        tensor = call.inputs[0]


class Weighted(NodeLayer):
    """Base of recurrent layers and their cells: weights, activations and dropout."""

    __fastnn_keras_ignored_arguments__ = {"implementation": ...}
    __fastnn_state_names__: ClassVar[tuple[str, ...]] = ("h",)
    kernel: Variable = unmade()
    recurrent_kernel: Variable = unmade()
    bias: Variable | None = None
    units: int
    activation: Callable[..., Any]
    use_bias: bool
    kernel_initializer: Callable[..., Any]
    recurrent_initializer: Callable[..., Any]
    bias_initializer: Callable[..., Any]
    kernel_regularizer: Regularizer | None
    recurrent_regularizer: Regularizer | None
    bias_regularizer: Regularizer | None
    kernel_constraint: Constraint | None
    recurrent_constraint: Constraint | None
    bias_constraint: Constraint | None
    dropout: float
    recurrent_dropout: float
    seed: Any

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("implementation", None)
        super().__init__(**kwargs)
        for argument in ("dropout", "recurrent_dropout"):
            if not 0 <= getattr(self, argument) <= 1:
                raise ValueError(f"{title(self)} expects {argument} in [0, 1], got {getattr(self, argument)}")
        self.stream = stream_of(self.seed)

    # Keras accepts `implementation`, which selects among equivalent algorithms; ignored.
    __fastnn_common_arguments__ = (*NodeLayer.__fastnn_common_arguments__, "implementation")

    @property
    def recurrent_kernel_initializer(self) -> Any:
        """Initializer of `recurrent_kernel`."""
        return self.recurrent_initializer

    @property
    def recurrent_kernel_regularizer(self) -> Any:
        """Regularizer of `recurrent_kernel`, or None."""
        return self.recurrent_regularizer

    @property
    def recurrent_kernel_constraint(self) -> Any:
        """Constraint of `recurrent_kernel`, or None."""
        return self.recurrent_constraint

    @property
    def state_size(self) -> int | list[int]:
        """Dimension of the state, or a list of the dimensions of several states."""
        count = len(self.__fastnn_state_names__)
        return int(self.units) if count == 1 else [int(self.units)] * count

    @property
    def output_size(self) -> int:
        """Dimension of the output."""
        return int(self.units)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]]:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        made = super().__fastnn_core_node__()
        assert made is not None
        kind, config = made
        for argument in ("activation", "recurrent_activation"):
            if argument in argument_names(self):
                config.update(_function(title(self), argument, getattr(self, argument)))
        # States are not among the weights in Keras, so the node gets them only when it is added.
        return kind, {**config, "stateful": False}

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights for inputs of this shape."""
        fresh = not state_of(self).variables
        super().build(input_shape)
        if fresh:
            self._initialize_bias()

    def _initialize_bias(self) -> None:
        """Changes the initial value of the bias."""

    def __fastnn_over_time__(
        self,
        sequences: Any,
        initial_state: Sequence[Any] | None,
        mask: Any,
        training: bool | None,
        kept: Sequence[Variable] = (),
        **arguments: Any,
    ) -> list[Any]:
        """Adds the node to a graph and returns its outputs.

        Args:
            sequences: Tensor (batch, steps, n).
            initial_state: Initial states of shape (batch, units); None means zeros, or the values of `kept`.
            mask: Tensor (batch, steps), true at the steps that count; None means that all do.
            training: Whether to apply dropout.
            kept: Variables in which a stateful layer keeps its states.
            **arguments: Further arguments of the node.

        Returns:
            The output, followed by the final states if the arguments ask for them.

        Raises:
            ValueError: The number of initial states is wrong.
        """
        kind, config = self.__fastnn_core_node__()
        config.update(arguments)
        if not training:
            config.update(dropout=0.0, recurrent_dropout=0.0)
        inputs = [ops.cast(sequences, floatx())]
        if mask is not None:
            inputs.append(ops.cast(mask, "bool"))
        if initial_state is not None:
            if len(initial_state) != len(self.__fastnn_state_names__):
                raise ValueError(
                    f"{title(self)} expects initial_state to be a list of {len(self.__fastnn_state_names__)} tensors "
                    f"({', '.join(self.__fastnn_state_names__)}), got {len(initial_state)}"
                )
            inputs += initial_state
        config.update(masked=mask is not None, initial_state=initial_state is not None)
        if kept:
            config.update(stateful=True, batch_size=kept[0].shape[0])
        stream = self.stream if config["dropout"] or config["recurrent_dropout"] else None
        made = node(kind, config, inputs, self.name, [*state_of(self).variables, *kept], stream)
        return made if isinstance(made, list) else [made]


class OverTime(Layer):
    """Base of the layers that process a sequence step by step: states of stateful layers, and masks."""

    __fastnn_keras_newer_arguments__ = {"zero_output_for_mask": False}
    __fastnn_keras_ignored_arguments__ = {
        "time_major": False, "zero_output_for_mask": ..., "unroll": ...,
    }  # fmt: skip
    __fastnn_makes_masks__ = False
    supports_masking = True
    stateful: bool
    return_sequences: bool
    return_state: bool

    def __init__(self, **kwargs: Any) -> None:
        given = next((kwargs[name] for name in _BATCH_SHAPES if kwargs.get(name) is not None), (None,))
        self.fixed_batch_size: int | None = given[0]
        self.states: list[Variable] | None = None
        super().__init__(**kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the output for arrays, or symbolic tensors for symbolic tensors.

        Args:
            *args: Sequences (batch, steps, n), optionally followed by `initial_state`, a list of tensors (batch,
                units).
            **kwargs: `initial_state`; `mask` of shape (batch, steps) or (batch, steps, 1); `training`.

        Returns:
            The output; with `return_state` a tuple of it and the final states.
        """
        if args:
            self.__fastnn_infer_batch_size__(args[0])
        if isinstance(args[0] if args else None, np.ndarray):
            # The states of another layer are given with the values that they have now.
            args = (args[0], *(_values(one) for one in args[1:]))
            kwargs = {name: _values(one) for name, one in kwargs.items()}
        if len(getattr(kwargs.get("mask"), "shape", ())) == 3:
            kwargs["mask"] = ops.squeeze(kwargs["mask"], -1)
        return super().__call__(*args, **kwargs)

    def __fastnn_infer_batch_size__(self, inputs: Any) -> None:
        """Stores the batch size for which a stateful layer keeps states."""
        if self.stateful and self.fixed_batch_size is None:
            self.fixed_batch_size = _batch_size_of_input(inputs) if isinstance(inputs, KerasTensor) else len(inputs)

    def build(self, sequences_shape: Any = None) -> None:
        """Creates the weights for inputs of this shape, and the states of a stateful layer.

        Args:
            sequences_shape: Shape (batch, steps, n).

        Raises:
            ValueError: The layer is stateful and the batch size is unknown.
        """
        super().build(sequences_shape)
        if not self.stateful or self.states is not None:
            return
        size = self.fixed_batch_size or (sequences_shape[0] if sequences_shape else None)
        if size is None:
            raise ValueError(
                f"{title(self)} is stateful and expects a batch of known size; begin the model with "
                "Input(batch_shape=(8, 10, 3)), or give the layer batch_shape"
            )
        self.states = [
            new_variable(self, f"state_{name}", (size, *shape), np.zeros, False, None, None, in_files=False)
            for name, *shape in self._state_shapes()
        ]

    def _state_shapes(self) -> list[tuple[Any, ...]]:
        """Returns the name and the dimensions of each state, without the batch."""
        raise NotImplementedError

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Returns the initial states, which are zeros.

        Args:
            batch_size: Number of samples.

        Returns:
            A list of tensors (batch_size, units).
        """
        return [ops.zeros((batch_size, *shape)) for _, *shape in self._state_shapes()]

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to 0."""
        for state in self.states or ():
            state.assign(np.zeros(state.shape, dtype=floatx()))

    def reset_states(self) -> None:
        """Sets the states of a stateful layer to 0."""
        self.reset_state()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask of the steps where their outputs are returned; None for the states."""
        first = mask[0] if isinstance(mask, (list, tuple)) else mask
        made = first if self.return_sequences else None
        return [made, *[None] * len(as_list(getattr(self, "state_size", [])))] if self.return_state else made

    def __fastnn_set_output_masks__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> None:
        """Gives the outputs their masks."""
        if self.return_sequences and masks and masks[0] is not None:
            emission.masks[outputs[0]] = masks[0]


class Recurrent(OverTime, Weighted):
    """Base of the recurrent layers that are one node of the core."""

    __fastnn_keras_variable_paths__ = {"": "cell"}
    go_backwards: bool
    unroll: bool
    zero_output_for_mask: bool

    @property
    def cell(self) -> Recurrent:
        """The layer itself, which has the weights and the arguments of a cell: `layer.cell.kernel`."""
        return self

    def _state_shapes(self) -> list[tuple[Any, ...]]:
        return [(name, int(self.units)) for name in self.__fastnn_state_names__]

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
        time_order: bool = False,
    ) -> Any:
        """Returns the output of all steps, or of the last one.

        Args:
            sequences: Tensor (batch, steps, n).
            initial_state: Initial states; None means zeros, or the final states of the previous batch in a stateful
                layer.
            mask: Tensor (batch, steps), true at the steps that count; None means that all do.
            training: Whether to apply dropout; None means as the model runs.
            time_order: Whether the outputs come in the order of time even with `go_backwards`.

        Returns:
            The output; with `return_state` a tuple of it and the final states.
        """
        first = None if initial_state is None else as_list(initial_state)
        made = self.__fastnn_over_time__(sequences, first, mask, training, self.states or (), time_order=time_order)
        return tuple(made) if self.return_state else made[0]

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=3)


class Cell(Weighted):
    """Base of the cells: one step of a recurrent layer."""

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights for inputs of this shape, (batch, n)."""
        super().build((None, 1, input_shape[-1]))

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Returns the initial states, which are zeros.

        Args:
            batch_size: Number of samples.

        Returns:
            A list of tensors (batch_size, units).
        """
        return [ops.zeros((batch_size, self.units)) for _ in self.__fastnn_state_names__]

    def call(self, inputs: Any, states: Any, training: bool | None = None) -> Any:
        """Returns the output of one step and the new states.

        Args:
            inputs: Tensor (batch, n).
            states: Tensor (batch, units), or a list of them.
            training: Whether to apply dropout; None means as the model runs.

        Returns:
            A tuple of the output and the new states, in the form in which the states were given.
        """
        sequence = ops.expand_dims(inputs, 1)
        output, *after = self.__fastnn_over_time__(sequence, as_list(states), None, training, return_state=True)
        return output, after if isinstance(states, (list, tuple)) else after[0]
