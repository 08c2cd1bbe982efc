"""Long short-term memory layer and its cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.layers.rnn.recurrent import Cell, Recurrent, Weighted


class _LongShortTermMemory(Weighted):
    """Base of the layer and its cell."""

    __fastnn_kind__ = "LSTM"
    __fastnn_state_names__ = ("h", "c")
    recurrent_activation: Callable[..., Any]
    unit_forget_bias: bool

    def _initialize_bias(self) -> None:
        """Sets the bias of the forget gate, the second block of columns, to 1."""
        if self.unit_forget_bias and self.bias is not None:
            value = self.bias.handle.numpy()
            value[self.units : 2 * self.units] = 1.0
            self.bias.handle.assign(value)


class LSTM(_LongShortTermMemory, Recurrent):
    """Long short-term memory layer.

    Computes c = f * c_previous + i * g and h = o * activation(c) at each step. The gates i, f and o are
    recurrent_activation(x @ kernel + h_previous @ recurrent_kernel + bias), each with its own columns, and g is the
    same with `activation`. The columns are in the order i, f, g, o.

    Shapes: input (batch, steps, n), output (batch, units), or (batch, steps, units) with `return_sequences`; with
    `return_state` a tuple of the output and the final states h and c. Weights: `kernel` (n, 4 * units),
    `recurrent_kernel` (units, 4 * units), `bias` (4 * units,) if `use_bias`.

    Args:
        units: Positive integer, dimension of the output.
        activation: Activation function: the name of an element-wise one, a function of `fastnn.activations`, or None
            for the identity.
        recurrent_activation: Activation function of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        recurrent_initializer: Initializer of `recurrent_kernel`.
        bias_initializer: Initializer of `bias`.
        unit_forget_bias: Whether the bias of the forget gate is initialized with 1.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        recurrent_regularizer: Regularizer of `recurrent_kernel`, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        recurrent_constraint: Constraint applied to `recurrent_kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        dropout: Number from 0 to 1, probability that an input element is dropped in training; the mask of a sample is
            the same at all steps. With `recurrent_dropout` each gate has its own.
        recurrent_dropout: Number from 0 to 1, probability that an element of the previous state is dropped before
            `recurrent_kernel` in training; the mask is the same at all steps, each gate has its own.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        return_sequences: Whether to return the outputs of all steps instead of the last one.
        return_state: Whether to return the final states too.
        go_backwards: Whether to process the steps from the last to the first; the outputs come in the order of
            processing.
        stateful: Whether sample i of a batch starts from the final states of sample i of the previous batch. The batch
            size must be known.
        unroll: Accepted for Keras compatibility; ignored.
        use_cudnn: Accepted for Keras compatibility; ignored.
        zero_output_for_mask: Whether the output of a masked step is 0 instead of the previous output.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the layer is stateful and the batch size is unknown.

    References:
        - Hochreiter, Schmidhuber, "Long Short-Term Memory", 1997.
        - Gers, Schmidhuber, Cummins, "Learning to Forget: Continual Prediction with LSTM", 2000.
        - Gal, Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", 2016
          (dropout).

    Example:
        >>> layer = layers.LSTM(8, return_sequences=True)
        >>> layer(np.ones((2, 5, 3))).shape
        (2, 5, 8)
        >>> [weight.shape for weight in layer.weights]
        [(3, 32), (8, 32), (32,)]
    """

    __fastnn_keras_older_names__ = ("LSTMV2",)
    __fastnn_keras_newer_arguments__ = {"use_cudnn": "auto"}
    use_cudnn: Any

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
        seed: Any = None,
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


class LSTMCell(_LongShortTermMemory, Cell):
    """One step of `LSTM`, for `RNN` and for layers of your own.

    See `LSTM` for the formula and the weights.

    Shapes: input (batch, n), states h and c (batch, units), output (batch, units) and the new states.

    Args:
        units: Positive integer, dimension of the output.
        activation: Activation function: the name of an element-wise one, a function of `fastnn.activations`, or None
            for the identity.
        recurrent_activation: Activation function of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        recurrent_initializer: Initializer of `recurrent_kernel`.
        bias_initializer: Initializer of `bias`.
        unit_forget_bias: Whether the bias of the forget gate is initialized with 1.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        recurrent_regularizer: Regularizer of `recurrent_kernel`, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        recurrent_constraint: Constraint applied to `recurrent_kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        dropout: Number from 0 to 1, probability that an input element is dropped in training; the mask of a sample is
            the same at all steps. With `recurrent_dropout` each gate has its own.
        recurrent_dropout: Number from 0 to 1, probability that an element of the previous state is dropped before
            `recurrent_kernel` in training; the mask is the same at all steps, each gate has its own.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Hochreiter, Schmidhuber, "Long Short-Term Memory", 1997.

    Example:
        >>> layers.RNN(layers.LSTMCell(8))(np.ones((2, 5, 3))).shape
        (2, 8)
        >>> layers.LSTMCell(8).state_size
        [8, 8]
    """

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
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
