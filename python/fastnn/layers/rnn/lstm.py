"""Long short-term memory layer and its cell."""

from __future__ import annotations

from typing import Any

from fastnn.layers.rnn.recurrent import Cell, Recurrent, forget_nothing


class LSTM(Recurrent):
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

    keras_older_names = ("LSTMV2",)
    keras_newer_arguments = {"use_cudnn": "auto"}
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
        forget_nothing(self)


class LSTMCell(Cell):
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
        forget_nothing(self)
