"""Gated recurrent unit layer and its cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.layers.rnn.recurrent import Cell, Recurrent, Weighted


class _GatedRecurrentUnit(Weighted):
    """Base of the layer and its cell."""

    __fastnn_kind__ = "GRU"
    recurrent_activation: Callable[..., Any]
    reset_after: bool


class GRU(_GatedRecurrentUnit, Recurrent):
    """Gated recurrent unit layer.

    Computes h = z * h_previous + (1 - z) * g at each step. The gates z and r are recurrent_activation(x @ kernel +
    h_previous @ recurrent_kernel + bias), each with its own columns, and g is activation(x @ kernel + bias + r *
    (h_previous @ recurrent_kernel + recurrent_bias)). With `reset_after=False` there is one bias, and r multiplies
    h_previous before the product. The columns are in the order z, r, g.

    Shapes: input (batch, steps, n), output (batch, units), or (batch, steps, units) with `return_sequences`; with
    `return_state` a tuple of the output and the final state h. Weights: `kernel` (n, 3 * units), `recurrent_kernel`
    (units, 3 * units); if `use_bias`, `bias` (2, 3 * units), or (3 * units,) with `reset_after=False`.

    Args:
        units: Positive integer, dimension of the output.
        activation: Activation function: the name of an element-wise one, a function of `fastnn.activations`, or None
            for the identity.
        recurrent_activation: Activation function of the gates.
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
        reset_after: Whether the reset gate is applied after the product with `recurrent_kernel` instead of before it.
        use_cudnn: Accepted for Keras compatibility; ignored.
        zero_output_for_mask: Whether the output of a masked step is 0 instead of the previous output.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the layer is stateful and the batch size is unknown.

    References:
        - Cho, van Merrienboer, Gulcehre, Bahdanau, Bougares, Schwenk, Bengio, "Learning Phrase Representations using
          RNN Encoder-Decoder for Statistical Machine Translation", 2014.
        - Gal, Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", 2016
          (dropout).

    Example:
        >>> layer = layers.GRU(8, return_sequences=True)
        >>> layer(np.ones((2, 5, 3))).shape
        (2, 5, 8)
        >>> [weight.shape for weight in layer.weights]
        [(3, 24), (8, 24), (2, 24)]
    """

    __fastnn_keras_older_names__ = ("GRUV2",)
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
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class GRUCell(_GatedRecurrentUnit, Cell):
    """One step of `GRU`, for `RNN` and for layers of your own.

    See `GRU` for the formula and the weights.

    Shapes: input (batch, n), state h (batch, units), output (batch, units) and the new state.

    Args:
        units: Positive integer, dimension of the output.
        activation: Activation function: the name of an element-wise one, a function of `fastnn.activations`, or None
            for the identity.
        recurrent_activation: Activation function of the gates.
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
            the same at all steps. With `recurrent_dropout` each gate has its own.
        recurrent_dropout: Number from 0 to 1, probability that an element of the previous state is dropped before
            `recurrent_kernel` in training; the mask is the same at all steps, each gate has its own.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        reset_after: Whether the reset gate is applied after the product with `recurrent_kernel` instead of before it.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Cho, van Merrienboer, Gulcehre, Bahdanau, Bougares, Schwenk, Bengio, "Learning Phrase Representations using
          RNN Encoder-Decoder for Statistical Machine Translation", 2014.

    Example:
        >>> layers.RNN(layers.GRUCell(8))(np.ones((2, 5, 3))).shape
        (2, 8)
        >>> layers.GRUCell(8).state_size
        8
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
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
