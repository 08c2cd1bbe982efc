"""Rows for masks: layers that create, propagate and use them, and losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rows import Random, Row

ROWS: list[Row] = []

# No metrics: in Keras those without sample weights count masked steps too.


def ids(random: Random) -> Any:
    """Sentences of several lengths, one with a gap; 0 is padding."""
    x = random.randint(1, 9, size=(5, 6))
    for row, end in enumerate([2, 6, 4, 1, 5]):
        x[row, end:] = 0
    x[1, 2] = 0
    return x


def padded(random: Random) -> Any:
    """Sequences of several lengths; padding is -1."""
    x = random.normal(size=(5, 6, 3)).astype(np.float32)
    for row, end in enumerate([3, 6, 1, 4, 5]):
        x[row, end:] = -1.0
    return x


def labels(random: Random) -> Any:
    return random.randint(0, 4, size=(5, 6))


def words(name: str, layers: Callable[[Any], list[Any]], **arguments: Any) -> None:
    """A row of a chain behind an Embedding that masks."""

    def build(keras: Any) -> Any:
        k = keras.layers
        return keras.Sequential([keras.Input((6,), dtype="int32"), k.Embedding(9, 3, mask_zero=True), *layers(k)])

    ROWS.append(Row(name, build, **{"inputs": ids, **arguments}))


def steps(name: str, layers: Callable[[Any], list[Any]], **arguments: Any) -> None:
    """A row of a chain behind a Masking."""

    def build(keras: Any) -> Any:
        return keras.Sequential([keras.Input((6, 3)), keras.layers.Masking(-1.0), *layers(keras.layers)])

    ROWS.append(Row(name, build, **{"inputs": padded, **arguments}))


def functional(name: str, build: Callable[[Any, Any], Any], **arguments: Any) -> None:
    """A row of a functional model: build(keras, layers) returns it."""
    ROWS.append(Row(name, lambda keras: build(keras, keras.layers), **arguments))


words("words-lstm", lambda k: [k.LSTM(4), k.Dense(2)])
words("words-gru", lambda k: [k.GRU(4), k.Dense(2)])
words("words-bidirectional", lambda k: [k.Bidirectional(k.LSTM(3)), k.Dense(2)])
words(
    "words-through",
    lambda k: [
        k.Dense(4),
        k.Activation("tanh"),
        k.LayerNormalization(),
        k.Dropout(0.0),
        k.PReLU(shared_axes=[1]),
        k.GRU(3),
    ],
)
words("words-time-distributed", lambda k: [k.TimeDistributed(k.Dense(4, activation="tanh")), k.LSTM(3)])
words("words-average", lambda k: [k.GlobalAveragePooling1D(), k.Dense(2)])
words("words-average-keepdims", lambda k: [k.GlobalAveragePooling1D(keepdims=True), k.Dense(2)])
words("words-batchnorm", lambda k: [k.BatchNormalization(momentum=0.8), k.GRU(3), k.Dense(2)])
words("words-batchnorm-bare", lambda k: [k.BatchNormalization(center=False, scale=False), k.GlobalAveragePooling1D()])
steps("steps-stacked", lambda k: [k.LSTM(4, return_sequences=True), k.GRU(3, return_sequences=True), k.SimpleRNN(2)])
steps("steps-batchnorm", lambda k: [k.Dense(4), k.BatchNormalization(), k.Activation("relu"), k.LSTM(3)])
steps(
    "steps-average-of-sequences",
    lambda k: [k.Bidirectional(k.GRU(3, return_sequences=True)), k.GlobalAveragePooling1D(), k.Dense(2)],
)
words(
    "loss-of-steps",
    lambda k: [k.LSTM(4, return_sequences=True), k.Dense(4, activation="softmax")],
    targets=labels,
    loss="sparse_categorical_crossentropy",
)
words(
    "loss-of-steps-bidirectional",
    lambda k: [k.Bidirectional(k.GRU(3, return_sequences=True)), k.TimeDistributed(k.Dense(4, activation="softmax"))],
    targets=labels,
    loss="sparse_categorical_crossentropy",
)
steps("loss-of-steps-mse", lambda k: [k.GRU(4, return_sequences=True), k.Dense(2)])
steps("loss-of-steps-mae", lambda k: [k.SimpleRNN(4, return_sequences=True), k.Dense(3)], loss="mae")


def two_sentences(random: Random) -> list[Any]:
    return [ids(random), ids(random)[::-1].copy()]


def merged(keras: Any, k: Any, merge: Callable[[Any, Any], Any]) -> Any:
    a, b = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="int32")
    words = k.Embedding(9, 3, mask_zero=True)
    return keras.Model([a, b], k.Dense(2)(k.GRU(3)(merge(words(a), words(b)))))


for word in ("Add", "Subtract", "Multiply", "Average", "Maximum"):
    functional(
        f"merge-{word.lower()}",
        lambda keras, k, word=word: merged(keras, k, lambda a, b: getattr(k, word)()([a, b])),
        inputs=two_sentences,
    )
functional(
    "concatenate-features",
    lambda keras, k: merged(keras, k, lambda a, b: k.Concatenate()([a, b])),
    inputs=two_sentences,
)
functional(
    "concatenate-steps",
    lambda keras, k: merged(keras, k, lambda a, b: k.Concatenate(axis=1)([a, b])),
    inputs=two_sentences,
)


def beside_unmasked(keras: Any, k: Any, axis: int) -> Any:
    a, b = keras.Input((6,), dtype="int32"), keras.Input((6, 3))
    y = k.Concatenate(axis=axis)([k.Embedding(9, 3, mask_zero=True)(a), b])
    return keras.Model([a, b], k.Dense(2)(k.LSTM(3)(y)))


for axis, word in ((1, "steps"), (2, "features")):
    functional(
        f"concatenate-{word}-beside-unmasked",
        lambda keras, k, axis=axis: beside_unmasked(keras, k, axis),
        inputs=lambda random: [ids(random), random.normal(size=(5, 6, 3)).astype(np.float32)],
    )


def attends(keras: Any, k: Any) -> Any:
    a = keras.Input((6,), dtype="int32")
    words = k.Embedding(9, 4, mask_zero=True)(a)
    y = k.LayerNormalization()(k.Add()([words, k.MultiHeadAttention(2, 2)(words, words)]))
    return keras.Model(a, k.Dense(2)(k.GlobalAveragePooling1D()(y)))


def asks(keras: Any, k: Any) -> Any:
    a, b = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="int32")
    words = k.Embedding(9, 4, mask_zero=True)
    y = k.Attention()([words(a), words(b)])
    return keras.Model([a, b], k.Dense(2)(k.LSTM(3)(y)))


functional("attention-heads", attends, inputs=ids)
functional("attention-of-two", asks, inputs=two_sentences)


def given(keras: Any, k: Any) -> Any:
    x, counts = keras.Input((6, 3)), keras.Input((6,), dtype="bool")
    y = k.LSTM(4, return_sequences=True)(x, mask=counts)
    y = k.BatchNormalization()(y, mask=counts)
    return keras.Model([x, counts], k.Dense(2)(k.GlobalAveragePooling1D()(y, mask=counts)))


def scored(keras: Any, k: Any) -> Any:
    x, counts = keras.Input((6,)), keras.Input((6,), dtype="bool")
    return keras.Model([x, counts], k.Dense(2)(k.Softmax()(x, mask=counts)))


def counted(random: Random) -> list[Any]:
    counts = random.uniform(size=(5, 6)) < 0.6
    counts[:, 0] = True
    return [random.normal(size=(5, 6, 3)).astype(np.float32), counts]


functional("given-in-the-call", given, inputs=counted)
functional(
    "given-to-softmax",
    scored,
    inputs=lambda random: [random.normal(size=(5, 6)).astype(np.float32), random.uniform(size=(5, 6)) < 0.6],
    train=False,  # Keras passes the mask to the loss, whose shape it does not fit
)


def nested(keras: Any, k: Any) -> Any:
    inner = keras.Sequential([keras.Input((6,), dtype="int32"), k.Embedding(9, 3, mask_zero=True), k.Dense(3)])
    x = keras.Input((6,), dtype="int32")
    return keras.Model(x, k.Dense(2)(k.GRU(3)(inner(x))))


def shared(keras: Any, k: Any) -> Any:
    a, b = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="int32")
    words, reads = k.Embedding(9, 3, mask_zero=True), k.LSTM(3)
    return keras.Model([a, b], k.Dense(1)(k.Concatenate()([reads(words(a)), reads(words(b))])))


functional("nested", nested, inputs=ids)
functional("shared", shared, inputs=two_sentences)


def free(name: str, layers: Callable[[Any], list[Any]], shape: tuple[Any, ...], data: Callable[[Random], Any]) -> None:
    """Returns a row of a chain whose input has unknown sizes."""
    ROWS.append(Row(f"free-{name}", lambda keras: keras.Sequential([keras.Input(shape), *layers(keras.layers)]), data))


free("lstm", lambda k: [k.LSTM(3, return_sequences=True), k.Dense(2)], (None, 3), padded)
free("masked", lambda k: [k.Masking(-1.0), k.BatchNormalization(), k.GRU(3), k.Dense(2)], (None, 3), padded)
free("conv1d", lambda k: [k.Conv1D(4, 3, activation="relu"), k.GlobalMaxPooling1D(), k.Dense(2)], (None, 3), padded)
free(
    "images",
    lambda k: [
        k.Conv2D(3, 3, padding="same"),
        k.MaxPooling2D(),
        k.UpSampling2D(),
        k.GlobalAveragePooling2D(),
        k.Dense(2),
    ],
    (None, None, 2),
    lambda random: random.normal(size=(5, 7, 6, 2)).astype(np.float32),
)
free(
    "images-to-images",
    lambda k: [k.Conv2D(2, 3), k.BatchNormalization(), k.Conv2DTranspose(1, 3)],
    (None, None, 2),
    lambda random: random.normal(size=(5, 5, 6, 2)).astype(np.float32),
)
