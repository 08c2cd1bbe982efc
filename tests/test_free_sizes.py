"""Models with unknown input sizes: weights are built, shapes have None, and data of any fitting sizes is accepted.

For each set of sizes a model has separate programs. The oracle is a model of the same layers whose input has these
sizes fixed: it must give the same bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from fastnn import Input, Model, Sequential, layers, ops
from fastnn.engine.layer import Layer

Layers = Callable[[], list[Any]]


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


SEQUENCES: dict[str, Layers] = {
    "simple-rnn": lambda: [layers.SimpleRNN(4), layers.Dense(2)],
    "lstm": lambda: [layers.LSTM(4, return_sequences=True), layers.LSTM(3), layers.Dense(2)],
    "gru-sequences": lambda: [layers.GRU(4, return_sequences=True), layers.Dense(2)],
    "bidirectional": lambda: [
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)), layers.GlobalAveragePooling1D(),
    ],
    "cells": lambda: [layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)]), layers.Dense(2)],
    "masking": lambda: [layers.Masking(), layers.BatchNormalization(), layers.GRU(3), layers.Dense(2)],
    "conv1d-valid": lambda: [layers.Conv1D(4, 3, activation="relu"), layers.GlobalMaxPooling1D(), layers.Dense(2)],
    "conv1d-causal": lambda: [layers.Conv1D(4, 3, padding="causal"), layers.LSTM(3)],
    "conv1d-strides": lambda: [layers.Conv1D(4, 3, strides=2, padding="same"), layers.Conv1DTranspose(2, 2, strides=2)],
    "pooling1d": lambda: [layers.MaxPooling1D(2), layers.AveragePooling1D(2, padding="same"), layers.UpSampling1D(3)],
    "borders1d": lambda: [layers.ZeroPadding1D(2), layers.Cropping1D(1)],
    "normalizations": lambda: [
        layers.LayerNormalization(), layers.BatchNormalization(), layers.GroupNormalization(2),
        layers.RMSNormalization(), layers.UnitNormalization(axis=(1, 2)),
    ],
    "time-distributed": lambda: [layers.TimeDistributed(layers.LayerNormalization()), layers.LSTM(3)],
    "softmax": lambda: [layers.Softmax(axis=1), layers.PReLU(shared_axes=[1])],
    "reshape": lambda: [layers.Reshape((-1, 3)), layers.LSTM(3)],
    "permute": lambda: [layers.Permute((2, 1))],
    "flatten": lambda: [layers.Flatten()],
    "einsum": lambda: [layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")],
    "nested": lambda: [Sequential([Input((None, 6)), layers.Conv1D(4, 3, padding="same")]), layers.GRU(2)],
}  # fmt: skip
IMAGES: dict[str, Layers] = {
    "conv2d": lambda: [layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(2)],
    "image-to-image": lambda: [
        layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(), layers.MaxPooling2D(2),
        layers.UpSampling2D(2), layers.Conv2D(1, 1),
    ],
    "depthwise": lambda: [layers.DepthwiseConv2D(3), layers.SeparableConv2D(2, 3), layers.GlobalMaxPooling2D()],
    "transposed": lambda: [layers.Conv2DTranspose(2, 3, strides=2, padding="same")],
    "borders2d": lambda: [layers.ZeroPadding2D(1), layers.Cropping2D(2), layers.AveragePooling2D(2)],
    "dense": lambda: [layers.Dense(4, "relu"), layers.LayerNormalization(), layers.Rescaling(2.0)],
    "resizing": lambda: [layers.Resizing(5, 4), layers.Flatten(), layers.Dense(2)],
}  # fmt: skip
CHAINS = [
    *(pytest.param(make, (None, 6), [(9, 6), (12, 6), (9, 6), (5, 6)], id=name) for name, make in SEQUENCES.items()),
    *(pytest.param(make, (None, None, 3), [(6, 8, 3), (9, 7, 3), (6, 8, 3)], id=name) for name, make in IMAGES.items()),
    pytest.param(
        lambda: [layers.TimeDistributed(layers.Conv2D(2, 2)), layers.TimeDistributed(layers.Flatten()), layers.LSTM(2)],
        (None, 3, 4, 2),
        [(2, 3, 4, 2), (5, 3, 4, 2)],
        id="images-in-time",
    ),
    pytest.param(
        lambda: [layers.Conv3D(2, 2), layers.GlobalAveragePooling3D()],
        (None, None, None, 1),
        [(3, 4, 3, 1), (4, 3, 5, 1)],
        id="volumes",
    ),
]


def fits(shape: Sequence[int | None], known: Sequence[int | None]) -> bool:
    return len(shape) == len(known) and all(k in (None, s) for s, k in zip(shape, known, strict=True))


@pytest.mark.parametrize(("make", "free", "sizes"), CHAINS)
def test_as_a_model_of_fixed_sizes(make: Layers, free: tuple[int | None, ...], sizes: list[tuple[int, ...]]) -> None:
    model = Sequential([Input(free), *make()])
    assert model.input_shape == (None, *free)
    weights = [w + 0.1 * normal(*w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    model.compile("sgd", "mse")
    fixed = {}
    for shape in sizes:
        x = normal(5, *shape)
        x[1, -1:] = 0.0
        if shape not in fixed:
            fixed[shape] = Sequential([Input(shape), *make()])
            fixed[shape].compile("sgd", "mse")
        other = fixed[shape]
        other.set_weights(model.get_weights())
        y = model.predict(x, verbose=0)
        assert fits(y.shape, model.output_shape)
        np.testing.assert_array_equal(y, other.predict(x, verbose=0))
        np.testing.assert_array_equal(model(x), y)
        np.testing.assert_array_equal(model.predict(x[:1], verbose=0), y[:1])
        target = normal(*y.shape, seed=1)
        assert model.evaluate(x, target, verbose=0) == other.evaluate(x, target, verbose=0)
        for _ in range(2):
            model.reset_metrics()
            other.reset_metrics()
            assert model.train_on_batch(x, target) == other.train_on_batch(x, target)
        for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
        model.fit(x, target, batch_size=2, epochs=2, shuffle=False, validation_split=0.2, verbose=0)
        other.fit(x, target, batch_size=2, epochs=2, shuffle=False, validation_split=0.2, verbose=0)
        for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_shapes_tell_what_is_open() -> None:
    model = Sequential([Input((None, None, 3)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)])
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for shown in ("(None, None, None, 4)", "(None, 4)", "(None, 2)", "Total params: 122"):
        assert shown in text
    assert [w.shape for w in model.weights] == [(3, 3, 3, 4), (4,), (4, 2), (2,)]
    again = Sequential.from_config(model.get_config())
    assert again.input_shape == (None, None, None, 3)
    again.set_weights(model.get_weights())
    x = normal(2, 5, 6, 3)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("begin", "lengths"),
    [
        (lambda: [Input((None, 4))], (3, 5)),
        (lambda: [Input(batch_shape=(None, None, 4))], (3, 5)),
        (lambda: [], (3, 5)),
    ],
    ids=["input", "batch-shape", "unbuilt"],
)
def test_ways_to_begin(begin: Any, lengths: tuple[int, ...]) -> None:
    model = Sequential([*begin(), layers.Conv1D(3, 2), layers.LSTM(2)])
    model.compile("adam", "mse")
    weights: list[Any] = []
    for length in lengths:
        model.fit(normal(4, length, 4), np.zeros((4, 2)), verbose=0)
        assert not weights or all(one is two for one, two in zip(weights, model.weights, strict=True))
        weights = model.weights
    assert model.input_shape == (None, None, 4)


def test_the_first_layer_leaves_the_length_open() -> None:
    model = Sequential([layers.LSTM(2, input_shape=(None, 4))])
    assert [model.predict(normal(3, n, 4), verbose=0).shape for n in (1, 6)] == [(3, 2)] * 2


def test_data_of_another_size_where_weights_depend_on_it() -> None:
    model = Sequential([layers.Flatten(), layers.Dense(2)])
    model.predict(normal(3, 4, 2), verbose=0)
    with pytest.raises(ValueError, match=r"expects x of shape \(batch, 4, 2\), got \(3, 5, 2\)"):
        model.predict(normal(3, 5, 2), verbose=0)
    assert model.predict(normal(3, 4, 2), verbose=0).shape == (3, 2)


def test_validation_data_of_another_length() -> None:
    model = Sequential([Input((None, 4)), layers.GRU(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    held = normal(5, 7, 4), normal(5, 1)
    history = model.fit(normal(6, 3, 4), normal(6, 1), validation_data=held, epochs=2, verbose=0)
    assert history.history["val_loss"][-1] == model.evaluate(*held, verbose=0)


def test_masks() -> None:
    model = Sequential(
        [
            Input((None,), dtype="int32"),
            layers.Embedding(9, 4, mask_zero=True),
            layers.LSTM(3, return_sequences=True),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    for length in (3, 6, 3):
        x, y = rng.integers(0, 9, (7, length)), rng.integers(0, 5, (7, length))
        x[:, 0] = 1
        model.fit(x, y, verbose=0)
        p = model.predict(x, verbose=0).astype(np.float64)
        each = -np.log(np.take_along_axis(p, y[..., None], -1)[..., 0])
        loss, accuracy = model.evaluate(x, y, verbose=0)
        np.testing.assert_allclose(loss, each[x != 0].mean(), rtol=1e-5)
        np.testing.assert_allclose(accuracy, (p.argmax(-1) == y)[x != 0].mean(), rtol=1e-6)


# Functional models ----------------------------------------------------------------------------------------------------


def attending() -> Any:
    x = Input((None, 6))
    y = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, x)]))
    y = layers.Attention()([y, layers.Concatenate(axis=1)([y, x])])
    return Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(y)))


def dotted() -> Any:
    x = Input((None, 6))
    return Model(x, layers.Dot(axes=2)([layers.Dense(3)(x), layers.Dense(3)(x)]))


def counted() -> Any:
    x = Input((None, 6))
    return Model(x, layers.Multiply()([layers.Concatenate(axis=1)([x, x]), layers.Concatenate(axis=1)([x, x])]))


@pytest.mark.parametrize(
    ("make", "output"),
    [(attending, (None, 2)), (dotted, (None, None, None)), (counted, (None, None, 6))],
)
def test_branches(make: Any, output: tuple[int | None, ...]) -> None:
    model = make()
    assert model.output_shape == output
    model.compile("sgd", "mse")
    for length in (2, 5, 2):
        y = model.predict(normal(4, length, 6), verbose=0)
        assert fits(y.shape, output)
        model.fit(normal(4, length, 6), np.zeros(y.shape), verbose=0)


def test_a_shared_model_with_inputs_of_different_lengths() -> None:
    inner = Sequential([Input((None, 4)), layers.Conv1D(3, 3, padding="same"), layers.BatchNormalization()])
    a, b = Input((None, 4)), Input((None, 4))
    both = [layers.GlobalAveragePooling1D()(inner(a)), layers.GlobalMaxPooling1D()(inner(b))]
    model = Model([a, b], layers.Dense(2)(layers.Concatenate()(both)))
    model.compile("sgd", "mse")
    for lengths in ((3, 5), (4, 1), (3, 5)):
        x = [normal(4, n, 4) for n in lengths]
        model.fit(x, np.zeros((4, 2)), verbose=0)
        parts = [inner.predict(one, verbose=0) for one in x]
        together = np.concatenate([parts[0].mean(1), parts[1].max(1)], axis=1)
        kernel, bias = model.layers[-1].get_weights()
        np.testing.assert_allclose(model.predict(x, verbose=0), together @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_a_model_of_open_sizes_within_one_of_fixed_sizes() -> None:
    inner = Sequential([Input((None, 4)), layers.Conv1D(3, 3, padding="same"), layers.LayerNormalization()])
    x = Input((6, 4))
    model = Model(x, layers.Dense(2)(layers.Flatten()(inner(x))))
    assert model.output_shape == (None, 2)
    chain = Sequential([Input((6, 4)), inner, layers.Flatten(), layers.Dense(2)])
    chain.set_weights(model.get_weights())
    data = normal(3, 6, 4)
    np.testing.assert_array_equal(chain.predict(data, verbose=0), model.predict(data, verbose=0))
    assert inner.predict(normal(3, 9, 4), verbose=0).shape == (3, 9, 3)


@pytest.mark.parametrize(
    ("index", "shape"),
    [
        ((slice(None), -1), (None, 4)),
        ((slice(None), 0), (None, 4)),
        ((slice(None), slice(1, None)), (None, None, 4)),
        ((slice(None), slice(None, -2)), (None, None, 4)),
        ((slice(None), slice(None, None, 2)), (None, None, 4)),
        ((slice(None), slice(None, None, -1)), (None, None, 4)),
        ((slice(None), slice(-2, None), slice(0, 3)), (None, 2, 3)),
        ((slice(None), slice(3, None, -2)), None),
        ((slice(None), -2, slice(1, 2)), (None, 1)),
        ((slice(None), None, slice(1, None)), (None, 1, None, 4)),
        ((Ellipsis, 2), (None, None)),
    ],
    ids=str,
)
def test_cutting_an_open_axis(index: Any, shape: Any) -> None:
    x = Input((None, 4))
    model = Model(x, x[index] * 1.0)
    assert shape is None or model.output_shape == shape
    again = type(model).from_config(model.get_config())
    for length in (5, 7):
        data = normal(3, length, 4)
        np.testing.assert_array_equal(model.predict(data, verbose=0), data[index])
        np.testing.assert_array_equal(again.predict(data, verbose=0), data[index])


def test_the_gradient_of_a_cut() -> None:
    x = Input((None, 4))
    model = Model(x, layers.Dense(1, use_bias=False)(layers.Dense(3, use_bias=False)(x)[:, -1]))
    model.compile("sgd", "mse")
    data, target = normal(3, 5, 4), normal(3, 1)
    one, two = (w.astype(np.float64) for w in model.get_weights())
    error = 2 / 3 * (data[:, -1] @ one @ two - target)
    found = list(model.gradients(data, target).values())
    np.testing.assert_allclose(found[0], data[:, -1].T @ error @ two.T, rtol=1e-4, atol=1e-6)


# Custom layers and models --------------------------------------------------------------------------------------------


class Mean(Layer):
    """A mean over time, by the number of steps."""

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight((input_shape[-1], 3))

    def call(self, x: Any) -> Any:
        return ops.sum(ops.matmul(x, self.kernel), axis=1) / float(ops.shape(x)[1])


class Halves(Layer):
    """Two steps of each."""

    def call(self, x: Any) -> Any:
        batch, steps, size = ops.shape(x)
        return ops.reshape(x, (batch, steps * 2, size // 2))


class Places(Layer):
    """Adds the number of each step."""

    def call(self, x: Any) -> Any:
        return x + ops.cast(ops.expand_dims(ops.arange(ops.shape(x)[1]), -1), "float32")


@pytest.mark.parametrize(
    ("make", "output", "reference"),
    [
        (Mean, (None, 3), None),
        (Halves, (None, None, 2), lambda x: x.reshape(len(x), -1, 2)),
        (Places, (None, None, 4), lambda x: x + np.arange(x.shape[1], dtype=np.float32)[:, None]),
    ],
)
def test_a_call_is_traced_for_each_length(make: Any, output: Any, reference: Any) -> None:
    layer = make()
    model = Sequential([Input((None, 4)), layer])
    assert model.output_shape == output
    model.compile("sgd", "mse")
    for length in (2, 5, 2):
        x = normal(3, length, 4)
        y = model.predict(x, verbose=0)
        expected = (x @ layer.kernel.numpy()).mean(1) if reference is None else reference(x)
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
        model.evaluate(x, np.zeros(y.shape), verbose=0)
        if reference is None:
            model.fit(x, np.zeros(y.shape), verbose=0)


def test_a_class_derived_from_model() -> None:
    class Reader(Model):
        def __init__(self) -> None:
            super().__init__()
            self.read, self.out = layers.GRU(4, return_sequences=True), layers.Dense(2)

        def call(self, x: Any, training: Any = None) -> Any:
            return self.out(self.read(x))

    model = Reader()
    model.compile("sgd", "mse")
    for length in (3, 6, 3):
        model.fit(normal(4, length, 5), np.zeros((4, length, 2)), verbose=0)
        assert model.predict(normal(4, length, 5), verbose=0).shape == (4, length, 2)
        assert model(normal(4, length, 5)).shape == (4, length, 2)
    assert len(model.weights) == 5


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: Sequential([Input((None, 4)), layers.Flatten(), layers.Dense(2, name="d")]),
            r'Dense "d" expects known sizes .* got \(None, None\); give the Input these sizes, or .* GlobalAverage',
        ),
        (
            lambda: Sequential([Input((4, None)), layers.LSTM(2)]),
            r"LSTM .* expects known sizes .* got \(None, 4, None\)",
        ),
        (
            lambda: Sequential([Input((None, 4)), layers.PReLU()]),
            "expects known sizes where its weights depend on them",
        ),
        (
            lambda: Sequential([Input((None, 4)), layers.BatchNormalization(axis=1)]),
            "expects known sizes where its weights depend on them",
        ),
        (lambda: Sequential([Input((None, 4)), layers.Conv2D(2, 2)]), r"got \(batch, None, 4\);.*tried in place of"),
    ],
)
def test_sizes_that_must_be_known(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((3, 5, 7), r"expects x of shape \(batch, None, 4\), got \(3, 5, 7\); give it data of that shape"),
        ((5, 4), r"got \(5, 4\); a single sample needs a batch axis: x\[np.newaxis\]"),
        ((3, 1, 4), r'Conv1D "c" expects an input no smaller than its window'),
    ],
)
def test_data_that_do_not_fit(shape: tuple[int, ...], said: str) -> None:
    model = Sequential([Input((None, 4)), layers.Conv1D(2, 2, name="c"), layers.GlobalMaxPooling1D()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=said):
        model.predict(normal(*shape), verbose=0)
    with pytest.raises(ValueError, match=said):
        model.fit(normal(*shape), np.zeros((shape[0], 2)), verbose=0)
    assert model.predict(normal(3, 6, 4), verbose=0).shape == (3, 2)


def test_reshape_to_a_fixed_shape_looks_when_the_size_is_there() -> None:
    model = Sequential([Input((None, 4)), layers.Reshape((2, 6)), layers.Dense(3)])
    assert model.output_shape == (None, 2, 3)
    assert model.predict(normal(5, 3, 4), verbose=0).shape == (5, 2, 3)
    with pytest.raises(ValueError, match="expects inputs of 12 values per sample"):
        model.predict(normal(5, 4, 4), verbose=0)


def test_many_sizes_one_after_the_other() -> None:
    model = Sequential([Input((None, 3)), layers.LSTM(2)])
    model.compile("sgd", "mse")
    first = model.predict(normal(2, 1, 3), verbose=0)
    for length in range(1, 40):
        model.predict(normal(2, length, 3), verbose=0)
        model.train_on_batch(normal(2, length, 3), np.zeros((2, 2)))
    assert len(model.__fastnn_training__.programs) < 20
    assert model.predict(normal(2, 1, 3), verbose=0).shape == first.shape


def test_merging_large_images_of_any_size_is_no_matter_of_their_size() -> None:
    x = inputs = Input((None, None, 8))
    begin = time.perf_counter()
    for _ in range(20):
        weights = layers.Activation("sigmoid")(layers.Reshape((1, 1, 8))(layers.GlobalAveragePooling2D()(x)))
        x = layers.average([layers.multiply([x, weights]), x])
    assert time.perf_counter() - begin < 5  # a table of the trial images took a second for each
    images = normal(2, 5, 3, 8)
    expected = images
    for _ in range(20):
        expected = expected * (1 + 1 / (1 + np.exp(-expected.mean(axis=(1, 2), keepdims=True)))) / 2
    np.testing.assert_allclose(Model(inputs, x).predict(images, verbose=0), expected, rtol=1e-4, atol=1e-6)
