"""Simple recurrent layer and its cell."""

from __future__ import annotations

from typing import Any

from fastnn.layers.rnn.recurrent import Cell, Recurrent


class SimpleRNN(Recurrent):
    """Fully connected recurrent layer.

    Computes h = activation(x @ kernel + h_previous @ recurrent_kernel + bias) at each step.

    Shapes: input (batch, steps, n), output (batch, units), or (batch, steps, units) with `return_sequences`; with
    `return_state` a tuple of the output and the final state h. Weights: `kernel` (n, units), `recurrent_kernel` (units,
    units), `bias` (units,) if `use_bias`.

    Args:
        units: Positive integer, dimension of the output.
        activation: Activation function: the name of an element-wise one, a function of `fastnn.activations`, or None
            for the identity.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        recurrent_initializer: Initializer of `recurrent_kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        recurrent_regularizer: Regularizer of `recurrent_kernel`, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        activity_regularizer: Regularizer of the layer's output, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        recurrent_constraint: Constraint applied to `recurrent_kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        dropout: Number from 0 to 1, probability that an input element is dropped in training; the mask of a sample is
            the same at all steps.
        recurrent_dropout: Number from 0 to 1, probability that an element of the previous state is dropped before
            `recurrent_kernel` in training; the mask is the same at all steps.
        return_sequences: Whether to return the outputs of all steps instead of the last one.
        return_state: Whether to return the final states too.
        go_backwards: Whether to process the steps from the last to the first; the outputs come in the order of
            processing.
        stateful: Whether sample i of a batch starts from the final states of sample i of the previous batch. The batch
            size must be known.
        unroll: Accepted for Keras compatibility; ignored.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        zero_output_for_mask: Whether the output of a masked step is 0 instead of the previous output.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the layer is stateful and the batch size is unknown.

    References:
        - Elman, "Finding Structure in Time", 1990.

    Example:
        >>> layer = layers.SimpleRNN(8, return_sequences=True)
        >>> layer(np.ones((2, 5, 3))).shape
        (2, 5, 8)
        >>> [weight.shape for weight in layer.weights]
        [(3, 8), (8, 8), (8,)]
    """

    __fastnn_kind__ = "SimpleRNN"

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
        seed: Any = None,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class SimpleRNNCell(Cell):
    """One step of `SimpleRNN`, for `RNN` and for layers of your own.

    See `SimpleRNN` for the formula and the weights.

    Shapes: input (batch, n), state h (batch, units), output (batch, units) and the new state.

    Args:
        units: Positive integer, dimension of the output.
        activation: Activation function: the name of an element-wise one, a function of `fastnn.activations`, or None
            for the identity.
        use_bias: Whether to add a bias.
        kernel_initializer: Initializer of `kernel`.
        recurrent_initializer: Initializer of `recurrent_kernel`.
        bias_initializer: Initializer of `bias`.
        kernel_regularizer: Regularizer of `kernel`, whose penalty is added to the loss, or None.
        recurrent_regularizer: Regularizer of `recurrent_kernel`, or None.
        bias_regularizer: Regularizer of `bias`, or None.
        kernel_constraint: Constraint applied to `kernel` after each update, or None.
        recurrent_constraint: Constraint applied to `recurrent_kernel` after each update, or None.
        bias_constraint: Constraint applied to `bias` after each update, or None.
        dropout: Number from 0 to 1, probability that an input element is dropped in training; the mask of a sample is
            the same at all steps.
        recurrent_dropout: Number from 0 to 1, probability that an element of the previous state is dropped before
            `recurrent_kernel` in training; the mask is the same at all steps.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Elman, "Finding Structure in Time", 1990.

    Example:
        >>> layers.RNN(layers.SimpleRNNCell(8))(np.ones((2, 5, 3))).shape
        (2, 8)
        >>> layers.SimpleRNNCell(8).state_size
        8
    """

    __fastnn_kind__ = "SimpleRNN"

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
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
