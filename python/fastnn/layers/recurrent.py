"""Layers that walk along time: SimpleRNN, LSTM and GRU.

Each is one node of the core, which computes all time steps. This file owns their arguments, the first values of their
weights, and the states that a stateful layer keeps from batch to batch.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from fastnn import _core, activations
from fastnn.layer import Emission, Layer
from fastnn.seeds import next_seed
from fastnn.variable import Variable

_BATCH_SHAPES = ("batch_shape", "batch_input_shape")


def _function(who: str, argument: str, activation: Any) -> dict[str, Any]:
    """An activation as arguments of a recurrent node."""
    node = activations.node_of(activation)
    if node is None:
        return {argument: "linear"}
    kind, config = node
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


class _Recurrent(Layer):
    """What the recurrent layers share."""

    state_names: ClassVar[tuple[str, ...]] = ("h",)
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None = None

    def __init__(self, **kwargs: Any) -> None:
        given = next((kwargs[name] for name in _BATCH_SHAPES if kwargs.get(name) is not None), (None,))
        self._batch_size: int | None = given[0]
        self.states: list[Variable] | None = None
        super().__init__(**kwargs)
        for argument in ("dropout", "recurrent_dropout"):
            if not 0 <= getattr(self, argument) <= 1:
                raise ValueError(f"{self.who()} expects {argument} in [0, 1], got {getattr(self, argument)}")
        self.stream = _core.Stream(next_seed() if self.seed is None else int(self.seed))

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

    def _node(self) -> tuple[str, dict[str, Any]]:
        node = super()._node()
        assert node is not None
        kind, config = node
        for argument in ("activation", "recurrent_activation"):
            if argument in self._argument_names():
                config.update(_function(self.who(), argument, getattr(self, argument)))
        # The states of a stateful layer are no weights of Keras' list: they join when the node is added.
        return kind, {**config, "stateful": False}

    def _activation_after(self) -> activations.Node | None:
        return None

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of this shape, and the states of a stateful layer."""
        fresh = not self.built
        super().build(input_shape)
        if not fresh:
            return
        self._first_bias()
        if self.stateful:
            if self._batch_size is None:
                raise ValueError(
                    f"{self.who()} is stateful and expects a batch of known size; give it batch_shape=(8, 10, 3)"
                )
            shape = (self._batch_size, self.units)
            self.states = [
                Variable(np.zeros(shape, np.float32), f"{self.name}/state_{name}", False) for name in self.state_names
            ]

    def _first_bias(self) -> None:
        """Changes what the initializer made of the bias."""

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to 0."""
        for state in self.states or ():
            state.assign(np.zeros(state.shape, np.float32))

    def reset_states(self) -> None:
        """Sets the states of a stateful layer to 0."""
        self.reset_state()

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        kind, config = self._node()
        if not emission.training:
            config.update(dropout=0.0, recurrent_dropout=0.0)
        stream = self.stream if config["dropout"] or config["recurrent_dropout"] else None
        if self.states is None:
            return emission.add(self, kind, config, edges, stream)
        config.update(stateful=True, batch_size=self._batch_size)
        for variable in self.weights:
            variable.handle.trainable = any(variable is one for one in emission.trained(self))
        handles = [variable.handle for variable in [*self.weights, *self.states]]
        return emission.graph.add(kind, self.name, config, edges, handles, stream)


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
        if self.bias is not None and self.unit_forget_bias:
            value = self.bias.numpy()
            value[self.units : 2 * self.units] = 1.0
            self.bias.assign(value)


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
