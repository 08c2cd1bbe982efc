"""Rows for the recurrent layers: every argument that changes results, alone and in chains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rows import Random, Row

ROWS: list[Row] = []


def sequential(name: str, shape: tuple[int, ...], layers: Callable[[Any], list[Any]], **arguments: Any) -> None:
    """A row of a chain of layers."""
    ROWS.append(Row(name, lambda keras: keras.Sequential([keras.Input(shape), *layers(keras.layers)]), **arguments))


def functional(name: str, build: Callable[[Any, Any], Any], **arguments: Any) -> None:
    """A row of a functional model: build(keras, layers) returns it."""
    ROWS.append(Row(name, lambda keras: build(keras, keras.layers), **arguments))


for kind, word, given in [
    ("SimpleRNN", "simple", {}),
    ("LSTM", "lstm", {}),
    ("GRU", "gru", {}),
    ("GRU", "gru-before", {"reset_after": False}),
]:
    gates = {} if kind == "SimpleRNN" else {"recurrent_activation": "hard_sigmoid"}

    def one(
        name: str,
        layers: Callable[[Any, Callable[..., Any]], list[Any]],
        kind: str = kind,
        word: str = word,
        given: dict[str, Any] = given,
        **arguments: Any,
    ) -> None:
        def build(k: Any) -> list[Any]:
            return layers(k, lambda units, **more: getattr(k, kind)(units, **{**given, **more}))

        sequential(f"{word}-{name}", (4, 3), build, **arguments)

    one("last", lambda k, rnn: [rnn(5), k.Dense(2)])
    one("sequences", lambda k, rnn: [rnn(5, return_sequences=True), k.Dense(2)])
    one("stacked", lambda k, rnn: [rnn(5, return_sequences=True), rnn(3), k.Dense(2)])
    one("backwards", lambda k, rnn: [rnn(4, return_sequences=True, go_backwards=True), k.Dense(2)])
    one("no-bias-unrolled", lambda k, rnn: [rnn(4, use_bias=False, unroll=True), k.Dense(2)])
    one("activations", lambda k, rnn, g=gates: [rnn(4, activation="softsign", **g), k.Dense(2)])
    one("silu", lambda k, rnn: [rnn(4, activation="silu"), k.Dense(2)])
    one(
        "penalties",
        lambda k, rnn, simple=kind == "SimpleRNN": [
            rnn(
                4,
                kernel_regularizer="l2",
                recurrent_regularizer="l1",
                bias_regularizer="l2",
                # Keras' SimpleRNN accepts this argument and ignores it.
                activity_regularizer=None if simple else "l2",
                recurrent_constraint="max_norm",
                kernel_constraint="unit_norm",
            ),
            k.Dense(2),
        ],
    )
    one(
        "dropout-inference",
        lambda k, rnn: [rnn(4, dropout=0.5, recurrent_dropout=0.5), k.Dense(2)],
        train=False,
    )


# Masks ----------------------------------------------------------------------------------------------------------------


def padded(random: Random) -> Any:
    """Sequences of several lengths, one with a gap, one of nothing but padding; padding is -1."""
    x = random.normal(size=(5, 4, 3)).astype(np.float32)
    for row, steps in enumerate([[], [3], [0, 1], [1, 3], [0, 1, 2, 3]]):
        x[row, steps] = -1.0
    return x


def masked(name: str, layers: Callable[[Any], list[Any]], **arguments: Any) -> None:
    """A row of a chain behind a mask."""
    sequential(f"masked-{name}", (4, 3), lambda k: [k.Masking(-1.0), *layers(k)], inputs=padded, **arguments)


masked("simple", lambda k: [k.SimpleRNN(4), k.Dense(2)])
masked("lstm", lambda k: [k.LSTM(4), k.Dense(2)])
masked("gru", lambda k: [k.GRU(4), k.Dense(2)])
masked("gru-before", lambda k: [k.GRU(4, reset_after=False), k.Dense(2)])
masked("stacked", lambda k: [k.LSTM(4, return_sequences=True), k.GRU(3), k.Dense(2)])
masked("zero-output", lambda k: [k.LSTM(4, return_sequences=True, zero_output_for_mask=True), k.GRU(3)])
masked("zero-output-last", lambda k: [k.GRU(4, zero_output_for_mask=True), k.Dense(2)])
masked("backwards", lambda k: [k.GRU(4, go_backwards=True), k.Dense(2)])
masked("bidirectional", lambda k: [k.Bidirectional(k.LSTM(3, return_sequences=True)), k.LSTM(2)])
masked("bidirectional-last", lambda k: [k.Bidirectional(k.GRU(3), merge_mode="sum"), k.Dense(2)])
masked("cells", lambda k: [k.RNN([k.LSTMCell(3), k.GRUCell(4)]), k.Dense(2)])

# Wrappers and cells ---------------------------------------------------------------------------------------------------

for mode in ("concat", "sum", "mul", "ave"):
    sequential(
        f"bidirectional-{mode}",
        (4, 3),
        lambda k, m=mode: [k.Bidirectional(k.LSTM(3, return_sequences=True), merge_mode=m), k.Dense(2)],
    )
    sequential(f"bidirectional-{mode}-last", (4, 3), lambda k, m=mode: [k.Bidirectional(k.GRU(3), merge_mode=m)])
sequential(
    "bidirectional-two-kinds",
    (4, 3),
    lambda k: [
        k.Bidirectional(
            k.LSTM(3, return_sequences=True), backward_layer=k.SimpleRNN(5, return_sequences=True, go_backwards=True)
        )
    ],
)
sequential("cell-simple", (4, 3), lambda k: [k.RNN(k.SimpleRNNCell(3), return_sequences=True), k.Dense(2)])
sequential("cell-lstm", (4, 3), lambda k: [k.RNN(k.LSTMCell(3), go_backwards=True), k.Dense(2)])
sequential("cell-gru", (4, 3), lambda k: [k.RNN(k.GRUCell(3, reset_after=False)), k.Dense(2)])
sequential("cells-stacked", (4, 3), lambda k: [k.RNN([k.GRUCell(3), k.LSTMCell(4)], return_sequences=True)])
sequential(
    "cells-stacked-backwards",
    (4, 3),
    lambda k: [k.RNN([k.LSTMCell(3), k.SimpleRNNCell(2)], return_sequences=True, go_backwards=True)],
)
sequential("each-step-dense", (4, 3), lambda k: [k.TimeDistributed(k.Dense(5, activation="tanh")), k.GRU(2)])
sequential(
    "each-step-convolution",
    (3, 5, 4, 2),
    lambda k: [k.TimeDistributed(k.Conv2D(2, 2, activation="relu")), k.TimeDistributed(k.Flatten()), k.LSTM(3)],
)


def translator(keras: Any, layers: Any) -> Any:
    heard, said = keras.Input((4, 3)), keras.Input((2, 5))
    _, h, c = layers.LSTM(4, return_state=True)(heard)
    y = layers.LSTM(4, return_sequences=True)(said, initial_state=[h, c])
    return keras.Model([heard, said], layers.Dense(2)(y))


def gru_states(keras: Any, layers: Any) -> Any:
    x, first = keras.Input((4, 3)), keras.Input((4,))
    y, last = layers.GRU(4, return_sequences=True, return_state=True)(x, initial_state=first)
    return keras.Model([x, first], [layers.Dense(2)(y), layers.Dense(3)(last)])


def both_directions(keras: Any, layers: Any) -> Any:
    x = keras.Input((4, 3))
    y, back, *states = layers.Bidirectional(layers.LSTM(3, return_sequences=True, return_state=True), merge_mode=None)(
        x
    )
    z = layers.Bidirectional(layers.LSTM(3))(layers.Subtract()([y, back]), initial_state=states)
    return keras.Model(x, layers.Dense(2)(z))


functional("translator", translator)
functional("states-in-and-out", gru_states, loss=["mse", "mse"])
functional("bidirectional-states", both_directions)
# Stateful layers are not here: on JAX, Keras loses the states between the steps of a compiled model.


def counting(keras: Any) -> Any:
    """A cell with two states of different sizes."""

    class Counting(keras.layers.Layer):  # type: ignore[misc]
        state_size = [4, 1]
        output_size = 4

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(shape=(input_shape[-1], 4), name="kernel")
            self.built = True

        def call(self, inputs: Any, states: Any) -> Any:
            total = keras.ops.tanh(keras.ops.matmul(inputs, self.kernel) + states[0])
            return total, [total, states[1] + 1.0]

    return Counting()


functional(
    "own-cell-with-two-states",
    lambda keras, k: keras.Sequential(
        [
            keras.Input((5, 3)),
            k.RNN(counting(keras), return_sequences=True),
            k.RNN([counting(keras), counting(keras)]),
        ]
    ),
)
