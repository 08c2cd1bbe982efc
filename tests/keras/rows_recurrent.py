"""Rows for the recurrent layers: every argument that changes numbers, alone and in chains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rows import Row

ROWS: list[Row] = []


def sequential(name: str, shape: tuple[int, ...], layers: Callable[[Any], list[Any]], **arguments: Any) -> None:
    """A row of a chain of layers."""
    ROWS.append(Row(name, lambda keras: keras.Sequential([keras.Input(shape), *layers(keras.layers)]), **arguments))


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
                # Keras' SimpleRNN takes this one and forgets it.
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
