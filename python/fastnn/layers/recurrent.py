"""Layers that walk along time: SimpleRNN, LSTM and GRU, their cells, and RNN, which walks with any cell.

A layer is one node of the core, which computes all time steps, and so is what RNN makes of these cells; the steps of
other cells are added to the graph one by one. This file owns the arguments, the first values of the weights, and the
states that a stateful layer keeps from batch to batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from fastnn import _core, activations, ops
from fastnn.configurable import lookup
from fastnn.emission import Emission
from fastnn.layer import Layer
from fastnn.ops.node import node
from fastnn.seeds import next_seed
from fastnn.symbolic import KerasTensor
from fastnn.variable import Variable

_BATCH_SHAPES = ("batch_shape", "batch_input_shape")


def _function(who: str, argument: str, activation: Any) -> dict[str, Any]:
    """An activation as arguments of a recurrent node."""
    made = activations.node_of(activation)
    if made is None:
        return {argument: "linear"}
    kind, config = made
    if kind != "Activation":
        raise ValueError(
            f"{who} expects {argument} to work number by number, got {kind.lower()}; put it behind the layer as a "
            "layer of its own"
        )
    name = config["activation"]
    if config.get("approximate"):
        name = "gelu_tanh"
    numbers = {f"{argument}_{key}": value for key, value in config.items() if key != "activation" and value is not None}
    return {argument: name, **numbers}


def _as_list(states: Any) -> list[Any]:
    """States one by one: one alone, a list, or lists within a list."""
    if not isinstance(states, (list, tuple)):
        return [states]
    return [leaf for item in states for leaf in _as_list(item)]


def _rows_behind(tensor: KerasTensor) -> int | None:
    """The size of the batch that the model's input was made with."""
    while True:
        call = tensor._call
        if call is None:
            return None
        if not call.inputs:
            size = getattr(call.layer, "batch_size", None)
            return None if size is None else int(size)
        tensor = call.inputs[0]


def _forget_nothing(layer: Layer) -> None:
    """Lets the bias of the forget gate begin with 1, where the layer asks for it."""
    if layer.bias is not None and layer.unit_forget_bias:
        value = layer.bias.numpy()
        value[layer.units : 2 * layer.units] = 1.0
        layer.bias.assign(value)


class _Weighted(Layer):
    """What a recurrent layer and its cell share: the weights, the functions, dropout."""

    state_names: ClassVar[tuple[str, ...]] = ("h",)
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None = None

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("implementation", None)
        super().__init__(**kwargs)
        for argument in ("dropout", "recurrent_dropout"):
            if not 0 <= getattr(self, argument) <= 1:
                raise ValueError(f"{self.who()} expects {argument} in [0, 1], got {getattr(self, argument)}")
        self.stream = _core.Stream(next_seed() if self.seed is None else int(self.seed))

    @classmethod
    def _common_arguments(cls) -> tuple[str, ...]:
        # Keras takes `implementation`, which chooses between ways to compute the same.
        return (*super()._common_arguments(), "implementation")

    @property
    def recurrent_kernel_initializer(self) -> Any:
        """The first values of `recurrent_kernel`."""
        return self.recurrent_initializer

    @property
    def recurrent_kernel_regularizer(self) -> Any:
        """The penalty on `recurrent_kernel`."""
        return self.recurrent_regularizer

    @property
    def recurrent_kernel_constraint(self) -> Any:
        """What is imposed on `recurrent_kernel`."""
        return self.recurrent_constraint

    @property
    def state_size(self) -> int | list[int]:
        """The length of each state."""
        count = len(self.state_names)
        return int(self.units) if count == 1 else [int(self.units)] * count

    @property
    def output_size(self) -> int:
        """The length of the output."""
        return int(self.units)

    def _node(self) -> tuple[str, dict[str, Any]]:
        made = super()._node()
        assert made is not None
        kind, config = made
        for argument in ("activation", "recurrent_activation"):
            if argument in self._argument_names():
                config.update(_function(self.who(), argument, getattr(self, argument)))
        # The states of a stateful layer are no weights of Keras' list: they join when the node is added.
        return kind, {**config, "stateful": False}

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape."""
        fresh = not self._weights
        super().build(input_shape)
        if fresh:
            self._first_bias()

    def _first_bias(self) -> None:
        """Changes what the initializer made of the bias."""

    def _over_time(
        self,
        sequences: Any,
        initial_state: Sequence[Any] | None,
        mask: Any,
        training: bool | None,
        kept: Sequence[Variable] = (),
        **arguments: Any,
    ) -> list[Any]:
        """The outputs of the node on a sequence.

        Args:
            sequences: (batch, time, n).
            initial_state: The first states, (batch, units) each; None: zeros, or those in `kept`.
            mask: (batch, time), true where a step counts; None: all do.
            training: Whether dropout drops.
            kept: Where a stateful layer keeps its states.
            **arguments: Further arguments of the node.

        Returns:
            The output, and the last states where the arguments ask for them.
        """
        kind, config = self._node()
        config.update(arguments)
        if not training:
            config.update(dropout=0.0, recurrent_dropout=0.0)
        inputs = [ops.cast(sequences, "float32")]
        if mask is not None:
            inputs.append(ops.cast(mask, "bool"))
        if initial_state is not None:
            if len(initial_state) != len(self.state_names):
                raise ValueError(
                    f"{self.who()} expects initial_state to be a list of {len(self.state_names)} tensors "
                    f"({', '.join(self.state_names)}), got {len(initial_state)}"
                )
            inputs += initial_state
        config.update(masked=mask is not None, initial_state=initial_state is not None)
        if kept:
            config.update(stateful=True, batch_size=kept[0].shape[0])
        stream = self.stream if config["dropout"] or config["recurrent_dropout"] else None
        made = node(kind, config, inputs, self.name, [*self._weights, *kept], stream)
        return made if isinstance(made, list) else [made]


class _Sequential(Layer):
    """What all layers that walk along time share: states that stay, and masks."""

    supports_masking = True

    def __init__(self, **kwargs: Any) -> None:
        given = next((kwargs[name] for name in _BATCH_SHAPES if kwargs.get(name) is not None), (None,))
        self._batch_size: int | None = given[0]
        self.states: list[Variable] | None = None
        super().__init__(**kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's output: for arrays arrays, for symbolic tensors symbolic tensors.

        Args:
            *args: The sequences, (batch, time, n); then perhaps `initial_state`, a list of (batch, units).
            **kwargs: `initial_state`, `mask`, (batch, time), and `training`.

        Returns:
            The output; with `return_state` a tuple of it and the last states.
        """
        if args:
            self._find_batch(args[0])
        return super().__call__(*args, **kwargs)

    def _find_batch(self, inputs: Any) -> None:
        """Learns the size of the batch for which a stateful layer keeps states."""
        if self.stateful and self._batch_size is None:
            self._batch_size = _rows_behind(inputs) if isinstance(inputs, KerasTensor) else len(inputs)

    def build(self, sequences_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape, and the states of a stateful layer."""
        super().build(sequences_shape)
        if not self.stateful or self.states is not None:
            return
        size = self._batch_size or (sequences_shape[0] if sequences_shape else None)
        if size is None:
            raise ValueError(
                f"{self.who()} is stateful and expects a batch of known size; begin the model with "
                "Input(batch_shape=(8, 10, 3)), or give the layer batch_shape"
            )
        self.states = [
            Variable(np.zeros((size, units), np.float32), f"{self.name}/state_{name}", False)
            for name, units in self._state_shapes()
        ]

    def _state_shapes(self) -> list[tuple[str, int]]:
        """The name and the length of each state."""
        raise NotImplementedError

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """States of zeros for so many samples."""
        return [ops.zeros((batch_size, units)) for _, units in self._state_shapes()]

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to 0."""
        for state in self.states or ():
            state.assign(np.zeros(state.shape, np.float32))

    def reset_states(self) -> None:
        """Sets the states of a stateful layer to 0."""
        self.reset_state()

    def _pass_masks(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> None:
        if self.return_sequences and masks and masks[0] is not None:
            emission.masks[outputs[0]] = masks[0]


class _Recurrent(_Sequential, _Weighted):
    """What the recurrent layers share."""

    def _state_shapes(self) -> list[tuple[str, int]]:
        return [(name, int(self.units)) for name in self.state_names]

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
        time_order: bool = False,
    ) -> Any:
        """All steps.

        Args:
            sequences: (batch, time, n).
            initial_state: The first states; None: zeros, or where a stateful layer stopped.
            mask: (batch, time), true where a step counts; None: all do.
            training: Whether dropout drops.
            time_order: Whether the outputs of a walk from the end come in the order of time all the same.

        Returns:
            The output; with `return_state` a tuple of it and the last states.
        """
        first = None if initial_state is None else _as_list(initial_state)
        made = self._over_time(sequences, first, mask, training, self.states or (), time_order=time_order)
        return tuple(made) if self.return_state else made[0]


class SimpleRNN(_Recurrent):
    """h = activation(x @ kernel + h_before @ recurrent_kernel + bias), step after step.

    Shapes: (batch, time, n) -> (batch, units), or (batch, time, units) with `return_sequences`; `kernel` is (n, units),
    `recurrent_kernel` (units, units), `bias` (units,).

    Args:
        units: How many outputs.
        activation: A name or a function of `fastnn.activations` that works number by number; None: linear.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        recurrent_initializer: The recurrent kernel's first values.
        bias_initializer: The bias' first values.
        kernel_regularizer: A penalty on the kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: What is imposed on the kernel after each update.
        recurrent_constraint: What is imposed on the recurrent kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        dropout: The share of the inputs that training drops, the same at all steps of a sample.
        recurrent_dropout: The share of the states that training drops before the recurrent kernel, likewise.
        return_sequences: Whether the outputs of all steps are returned, not the last alone.
        return_state: Whether the last states are returned too.
        go_backwards: Whether time is walked from its end; outputs come in the order of the walk.
        stateful: Whether a batch begins with the states that the batch before ended with, row by row.
        unroll: Taken for Keras' sake; it changes nothing.
        seed: A whole number for dropout, or None to draw one.
        zero_output_for_mask: Whether a masked step gives 0, not the output before it.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or a stateful layer does not know its batch.

    Example:
        >>> SimpleRNN(16, return_sequences=True)
    """

    kind = "SimpleRNN"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class LSTM(_Recurrent):
    """The long short-term memory: c = f * c_before + i * g and h = o * activation(c), step after step.

    The gates i, f, o are recurrent_activation(x @ kernel + h_before @ recurrent_kernel + bias), each with its columns,
    and g is the same with `activation`. The columns stand in the order i, f, g, o.

    Shapes: (batch, time, n) -> (batch, units), or (batch, time, units) with `return_sequences`; `kernel` is
    (n, 4 * units), `recurrent_kernel` (units, 4 * units), `bias` (4 * units,).

    Args:
        units: How many outputs.
        activation: A name or a function of `fastnn.activations` that works number by number; None: linear.
        recurrent_activation: That of the gates.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        recurrent_initializer: The recurrent kernel's first values.
        bias_initializer: The bias' first values.
        unit_forget_bias: Whether the bias of the forget gate begins with 1.
        kernel_regularizer: A penalty on the kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: What is imposed on the kernel after each update.
        recurrent_constraint: What is imposed on the recurrent kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        dropout: The share of the inputs that training drops, the same at all steps of a sample. With
            `recurrent_dropout` each gate drops others.
        recurrent_dropout: Likewise of the states before the recurrent kernel, for each gate others.
        seed: A whole number for dropout, or None to draw one.
        return_sequences: Whether the outputs of all steps are returned, not the last alone.
        return_state: Whether the last states h and c are returned too.
        go_backwards: Whether time is walked from its end; outputs come in the order of the walk.
        stateful: Whether a batch begins with the states that the batch before ended with, row by row.
        unroll: Taken for Keras' sake; it changes nothing.
        use_cudnn: Taken for Keras' sake; it changes nothing.
        zero_output_for_mask: Whether a masked step gives 0, not the output before it.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or a stateful layer does not know its batch.

    Example:
        >>> LSTM(128, input_shape=(50, 16))
    """

    kind = "LSTM"
    state_names = ("h", "c")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)

    def _first_bias(self) -> None:
        _forget_nothing(self)


class GRU(_Recurrent):
    """The gated recurrent unit: h = z * h_before + (1 - z) * g, step after step.

    The gates z, r are recurrent_activation(x @ kernel + h_before @ recurrent_kernel + bias), each with its columns, and
    g is activation(x @ kernel + bias + r * (h_before @ recurrent_kernel + recurrent bias)); with `reset_after=False`
    there is one bias, and r scales h_before itself. The columns stand in the order z, r, g.

    Shapes: (batch, time, n) -> (batch, units), or (batch, time, units) with `return_sequences`; `kernel` is
    (n, 3 * units), `recurrent_kernel` (units, 3 * units), `bias` (2, 3 * units), or (3 * units,).

    Args:
        units: How many outputs.
        activation: A name or a function of `fastnn.activations` that works number by number; None: linear.
        recurrent_activation: That of the gates.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        recurrent_initializer: The recurrent kernel's first values.
        bias_initializer: The bias' first values.
        kernel_regularizer: A penalty on the kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: What is imposed on the kernel after each update.
        recurrent_constraint: What is imposed on the recurrent kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        dropout: The share of the inputs that training drops, the same at all steps of a sample. With
            `recurrent_dropout` each gate drops others.
        recurrent_dropout: Likewise of the states before the recurrent kernel, for each gate others.
        seed: A whole number for dropout, or None to draw one.
        return_sequences: Whether the outputs of all steps are returned, not the last alone.
        return_state: Whether the last state is returned too.
        go_backwards: Whether time is walked from its end; outputs come in the order of the walk.
        stateful: Whether a batch begins with the states that the batch before ended with, row by row.
        unroll: Taken for Keras' sake; it changes nothing.
        reset_after: Whether the reset gate comes after the recurrent kernel.
        use_cudnn: Taken for Keras' sake; it changes nothing.
        zero_output_for_mask: Whether a masked step gives 0, not the output before it.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or a stateful layer does not know its batch.

    Example:
        >>> GRU(64, return_sequences=True)
    """

    kind = "GRU"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class _Cell(_Weighted):
    """One step of a recurrent layer."""

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape, (batch, n)."""
        super().build((None, 1, input_shape[-1]))

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """States of zeros for so many samples."""
        return [ops.zeros((batch_size, self.units)) for _ in self.state_names]

    def call(self, inputs: Any, states: Any, training: bool | None = None) -> Any:
        """One step.

        Args:
            inputs: (batch, n).
            states: (batch, units), or a list of them.
            training: Whether dropout drops.

        Returns:
            The output, and the new states as the old ones were given.
        """
        sequence = ops.expand_dims(inputs, 1)
        output, *after = self._over_time(sequence, _as_list(states), None, training, return_state=True)
        return output, after if isinstance(states, (list, tuple)) else after[0]


class SimpleRNNCell(_Cell):
    """One step of `SimpleRNN`, for `RNN` and for layers of your own.

    Shapes: (batch, n) and the states h, (batch, units) -> the output (batch, units), and the states after it.

    Args:
        units: How many outputs.
        activation: A name or a function of `fastnn.activations` that works number by number; None: linear.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        recurrent_initializer: The recurrent kernel's first values.
        bias_initializer: The bias' first values.
        kernel_regularizer: A penalty on the kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        kernel_constraint: What is imposed on the kernel after each update.
        recurrent_constraint: What is imposed on the recurrent kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        dropout: The share of the inputs that training drops, the same at all steps of a sample.
        recurrent_dropout: The share of the states that training drops before the recurrent kernel, likewise.
        seed: A whole number for dropout, or None to draw one.
        **kwargs: `name`, `trainable`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> RNN(SimpleRNNCell(16))
    """

    kind = "SimpleRNN"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class LSTMCell(_Cell):
    """One step of `LSTM`, for `RNN` and for layers of your own.

    Shapes: (batch, n) and the states h and c, (batch, units) -> the output (batch, units), and the states after it.

    Args:
        units: How many outputs.
        activation: A name or a function of `fastnn.activations` that works number by number; None: linear.
        recurrent_activation: That of the gates.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        recurrent_initializer: The recurrent kernel's first values.
        bias_initializer: The bias' first values.
        unit_forget_bias: Whether the bias of the forget gate begins with 1.
        kernel_regularizer: A penalty on the kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        kernel_constraint: What is imposed on the kernel after each update.
        recurrent_constraint: What is imposed on the recurrent kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        dropout: The share of the inputs that training drops, the same at all steps of a sample. With
            `recurrent_dropout` each gate drops others.
        recurrent_dropout: Likewise of the states before the recurrent kernel, for each gate others.
        seed: A whole number for dropout, or None to draw one.
        **kwargs: `name`, `trainable`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> RNN(LSTMCell(16))
    """

    kind = "LSTM"
    state_names = ("h", "c")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)

    def _first_bias(self) -> None:
        _forget_nothing(self)


class GRUCell(_Cell):
    """One step of `GRU`, for `RNN` and for layers of your own.

    Shapes: (batch, n) and the states h, (batch, units) -> the output (batch, units), and the states after it.

    Args:
        units: How many outputs.
        activation: A name or a function of `fastnn.activations` that works number by number; None: linear.
        recurrent_activation: That of the gates.
        use_bias: Whether there is a bias.
        kernel_initializer: The kernel's first values.
        recurrent_initializer: The recurrent kernel's first values.
        bias_initializer: The bias' first values.
        kernel_regularizer: A penalty on the kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        kernel_constraint: What is imposed on the kernel after each update.
        recurrent_constraint: What is imposed on the recurrent kernel after each update.
        bias_constraint: What is imposed on the bias after each update.
        dropout: The share of the inputs that training drops, the same at all steps of a sample. With
            `recurrent_dropout` each gate drops others.
        recurrent_dropout: Likewise of the states before the recurrent kernel, for each gate others.
        seed: A whole number for dropout, or None to draw one.
        reset_after: Whether the reset gate comes after the recurrent kernel.
        **kwargs: `name`, `trainable`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> RNN(GRUCell(16))
    """

    kind = "GRU"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        reset_after: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class StackedRNNCells(Layer):
    """Cells one upon the other as one cell: each reads the output of the one before it.

    Args:
        cells: The cells.
        **kwargs: `name`, as in `Layer`.

    Example:
        >>> RNN(StackedRNNCells([LSTMCell(32), LSTMCell(16)]))
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in self.cells:
            _check_cell(self.who(), cell)

    @property
    def state_size(self) -> list[Any]:
        """The lengths of the states of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The length of the last cell's output."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """States of zeros for so many samples."""
        return [_zeros(cell, batch_size) for cell in self.cells]

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of the cells for inputs (batch, n)."""
        _build_cells(self.cells, input_shape)
        super().build(input_shape)

    def call(self, inputs: Any, states: Any, training: bool | None = None) -> Any:
        """One step of all cells; returns the last output and the new states of each."""
        after = []
        for cell, state in zip(self.cells, states, strict=True):
            inputs, new = cell(inputs, state)
            after.append(new)
        return inputs, after

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> StackedRNNCells:
        """New cells with the arguments that `get_config` returned."""
        return cls(**{**config, "cells": [_cell_from(one) for one in config["cells"]]})


class RNN(_Sequential):
    """Walks along time with a cell: `output, states = cell(x[:, t], states)`, step after step.

    With the cells of this module, one alone or stacked, it computes what the layers of the same names do. The steps of
    a cell of your own are added to the graph one by one, so the number of steps must be known.

    Shapes: (batch, time, n) -> (batch, units), or (batch, time, units) with `return_sequences`.

    Args:
        cell: An object with `state_size` that is called with (inputs, states) and returns the output and the new
            states; a list of them is stacked.
        return_sequences: Whether the outputs of all steps are returned, not the last alone.
        return_state: Whether the last states are returned too.
        go_backwards: Whether time is walked from its end; outputs come in the order of the walk.
        stateful: Whether a batch begins with the states that the batch before ended with, row by row.
        unroll: Taken for Keras' sake; it changes nothing.
        zero_output_for_mask: Whether a masked step gives 0, not the output before it.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: The cell has no `state_size`, or cannot be called.

    Example:
        >>> RNN([GRUCell(32), GRUCell(16)], return_sequences=True)
    """

    cell: Any

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(self.cell, (list, tuple)):
            self.cell = StackedRNNCells(self.cell)
        _check_cell(self.who(), self.cell)
        if self.stateful and not self._known_cells():
            raise ValueError(
                f"{self.who()} keeps states for the cells of fastnn only, not for {type(self.cell).__name__}; pass the "
                "last states on as initial_state"
            )

    @property
    def state_size(self) -> list[Any]:
        """The length of each state."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The states with which the cell begins, for so many samples."""
        states = _zeros(self.cell, batch_size)
        return list(states) if isinstance(states, (list, tuple)) else [states]

    def _known_cells(self) -> list[_Cell]:
        """The cells whose steps the core computes together; none if one is of another kind."""
        cells = self.cell.cells if isinstance(self.cell, StackedRNNCells) else [self.cell]
        return list(cells) if all(isinstance(cell, _Cell) for cell in cells) else []

    def _state_shapes(self) -> list[tuple[str, int]]:
        return [(name, int(cell.units)) for cell in self._known_cells() for name in cell.state_names]

    def build(self, sequences_shape: Any = None) -> None:
        """Makes the weights of the cell, and the states of a stateful layer."""
        if sequences_shape[1] is None and not self._known_cells():
            raise ValueError(
                f"{self.who()} expects a known number of steps for {type(self.cell).__name__}, got {sequences_shape}; "
                "give the model's input its length"
            )
        _build_cells([self.cell], (None, *sequences_shape[2:]))
        super().build(sequences_shape)

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
        time_order: bool = False,
    ) -> Any:
        """All steps.

        Args:
            sequences: (batch, time, n).
            initial_state: The first states, as the cell has them; None: zeros, or where a stateful layer stopped.
            mask: (batch, time), true where a step counts; None: all do.
            training: Whether dropout drops.
            time_order: Whether the outputs of a walk from the end come in the order of time all the same.

        Returns:
            The output; with `return_state` a tuple of it and the last states.
        """
        cells = self._known_cells()
        if cells:
            output, states = self._cell_by_cell(cells, sequences, initial_state, mask, training, time_order)
        else:
            output, states = self._step_by_step(sequences, initial_state, mask, time_order)
        return (output, *states) if self.return_state else output

    def _cell_by_cell(
        self, cells: list[_Cell], sequences: Any, initial_state: Any, mask: Any, training: bool | None, time_order: bool
    ) -> tuple[Any, list[Any]]:
        # A cell reads nothing of those above it, so each may finish its walk before the next begins.
        given = None if initial_state is None else _as_list(initial_state)
        after: list[Any] = []
        at = 0
        for i, cell in enumerate(cells):
            last = i + 1 == len(cells)
            count = len(cell.state_names)
            sequences, *states = cell._over_time(
                sequences,
                None if given is None else given[at : at + count],
                mask,
                training,
                [] if self.states is None else self.states[at : at + count],
                return_sequences=self.return_sequences or not last,
                return_state=True,
                go_backwards=self.go_backwards,
                time_order=time_order or not last,
                zero_output_for_mask=self.zero_output_for_mask and last,
            )
            at += count
            after += states if self.cell is cell else [states]
        return sequences, after

    def _step_by_step(self, sequences: Any, initial_state: Any, mask: Any, time_order: bool) -> tuple[Any, list[Any]]:
        time = sequences.shape[1]
        given = self.get_initial_state(ops.shape(sequences)[0]) if initial_state is None else initial_state
        states = list(given) if isinstance(given, (list, tuple)) else [given]
        outputs = []
        for t in reversed(range(time)) if self.go_backwards else range(time):
            output, new = self.cell(sequences[:, t], states)
            new = list(new) if isinstance(new, (list, tuple)) else [new]
            if mask is not None:
                seen = ops.expand_dims(ops.cast(mask, "bool")[:, t], -1)
                stacked = isinstance(states[-1], (list, tuple))
                before = states[-1][0] if stacked else states[0]
                output = ops.where(seen, output, ops.zeros_like(output) if self.zero_output_for_mask else before)
                new = _chosen(seen, new, states)
            states = new
            outputs.append(output)
        if not self.return_sequences:
            return outputs[-1], states
        ordered = outputs[::-1] if time_order and self.go_backwards else outputs
        return ops.stack(ordered, axis=1), states

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> RNN:
        """A new layer with the arguments that `get_config` returned."""
        return cls(**{**config, "cell": _cell_from(config["cell"])})


def _chosen(seen: Any, new: Any, old: Any) -> Any:
    """New states where a step counts, the old ones elsewhere."""
    if isinstance(new, (list, tuple)):
        return [_chosen(seen, a, b) for a, b in zip(new, old, strict=True)]
    return ops.where(seen, new, old)


def _check_cell(who: str, cell: Any) -> None:
    if not callable(cell) or not hasattr(cell, "state_size"):
        raise ValueError(
            f"{who} expects a cell: an object with state_size that is called with (inputs, states), such as "
            f"LSTMCell(16); got {cell!r}"
        )


def _output_size(cell: Any) -> int:
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size
    return int(size)


def _zeros(cell: Any, batch_size: Any) -> Any:
    """The states with which a cell begins."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch_size)
    sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
    return [ops.zeros((batch_size, size)) for size in sizes]


def _build_cells(cells: Sequence[Any], shape: Sequence[int | None]) -> None:
    """Builds cells that are layers, each for the output of the one before it."""
    for cell in cells:
        if isinstance(cell, Layer) and not cell.built:
            cell.build(tuple(shape))
            cell.built = True
        shape = (None, _output_size(cell))


def _cell_from(config: Any) -> Any:
    """A cell of what describes it; a cell itself."""
    if not isinstance(config, Mapping):
        return config
    known = {cls.__name__: cls for cls in (SimpleRNNCell, LSTMCell, GRUCell, StackedRNNCells)}
    return lookup("cell", config["class_name"], known).from_config(config["config"])
