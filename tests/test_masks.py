"""Masks: layers that create, propagate and use them, and losses and metrics.

A masked step must make no difference: to outputs, gradients, moments of batches, losses or metrics. The oracle
is NumPy, or the same model on the data without the masked steps.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from fastnn import Input, Model, Sequential, _core, layers, metrics, ops
from fastnn.engine.contract import emit
from fastnn.engine.emission import Emission
from fastnn.engine.layer import Layer
from fastnn.models import clone_model

# Support of masks in Keras 3; all other classes end a mask.
KEEP = {
    "Activation", "ActivityRegularization", "Add", "AdditiveAttention", "AlphaDropout", "Attention", "Average",
    "BatchNormalization", "Bidirectional", "Concatenate", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Dense", "Dot",
    "Dropout", "ELU", "GRU", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D", "GlobalAvgPool1D",
    "GroupNormalization", "GroupQueryAttention", "Identity", "LSTM", "LayerNormalization", "LeakyReLU", "Masking",
    "Maximum", "Minimum", "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "RNN", "ReLU", "Rescaling",
    "SimpleRNN", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "Subtract", "TimeDistributed",
    "UnitNormalization",
}  # fmt: skip
BY_ARGUMENT = {"Embedding", "Lambda", "ReversibleEmbedding"}
"""Those whose arguments say it."""
MORE = {"RMSNormalization", "SpectralNormalization"}
"""Those that Keras lets end a mask though they change no places."""

IDS = np.array([[1, 2, 0, 0], [3, 0, 2, 1], [4, 0, 0, 0]], np.int32)
COUNTS = IDS != 0


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def words(*rest: Any, steps: int | None = 4) -> Any:
    """A chain behind an Embedding that masks."""
    return Sequential([Input((steps,), dtype="int32"), layers.Embedding(5, 3, mask_zero=True), *rest])


class Shown(Layer):
    """Layer that returns its mask: 1 where a step counts, 0 where not, -1 where there is no mask."""

    def call(self, x: Any, mask: Any = None) -> Any:
        return ops.zeros_like(x[..., 0]) - 1.0 if mask is None else ops.cast(mask, "float32")


def shown(model: Any, x: Any) -> Any:
    return Model(model.inputs, Shown()(model.output)).predict(x, verbose=0)


# Propagation ---------------------------------------------------------------------------------------------------------


def test_the_same_classes_keep_masks_as_in_keras() -> None:
    classes = {
        name: c for name, c in vars(layers).items() if isinstance(c, type) and issubclass(c, Layer) and c is not Layer
    }
    assert len(classes) > 90
    kept = {name for name, c in classes.items() if c.supports_masking}
    assert kept - BY_ARGUMENT == (KEEP & set(classes)) | MORE


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Activation("tanh"),
        lambda: layers.BatchNormalization(),
        lambda: layers.Dense(2),
        lambda: layers.Dropout(0.5),
        lambda: layers.GroupNormalization(1),
        lambda: layers.Identity(),
        lambda: layers.LayerNormalization(),
        lambda: layers.PReLU(),
        lambda: layers.Rescaling(2.0),
        lambda: layers.RMSNormalization(),
        lambda: layers.Softmax(),
        lambda: layers.SpatialDropout1D(0.5),
        lambda: layers.UnitNormalization(),
        lambda: layers.GRU(2, return_sequences=True),
        lambda: layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
        lambda: layers.RNN(layers.LSTMCell(2), return_sequences=True),
        lambda: layers.TimeDistributed(layers.Dense(2)),
        lambda: layers.TimeDistributed(layers.LayerNormalization()),
        lambda: Sequential([layers.Dense(2), layers.LSTM(2, return_sequences=True)]),
    ],
    ids=lambda make: make().name,
)
def test_a_layer_that_keeps_steps_keeps_their_mask(layer: Any) -> None:
    np.testing.assert_array_equal(shown(words(layer()), IDS), COUNTS)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Conv1D(2, 2),
        lambda: layers.Flatten(),
        lambda: layers.Permute((2, 1)),
        lambda: layers.Reshape((2, 6)),
        lambda: layers.MaxPooling1D(2),
        lambda: layers.GlobalMaxPooling1D(),
        lambda: layers.ZeroPadding1D(1),
        lambda: layers.UpSampling1D(2),
    ],
    ids=lambda make: type(make()).__name__,
)
def test_a_layer_that_cannot_keep_a_mask_says_so_once(layer: Any) -> None:
    with pytest.warns(UserWarning, match="cannot keep the mask") as told:
        model = words(layer())
        model.predict(IDS, verbose=0)
        model.predict(IDS[:, ::-1], verbose=0)
        Model(model.inputs, Shown()(model.output)).predict(IDS, verbose=0)
    assert len(told) == 1
    assert type(model.layers[1]).__name__ in str(told[0].message)


def test_what_ends_the_steps_ends_the_mask_without_a_word() -> None:
    for layer in (layers.LSTM(2), layers.GlobalAveragePooling1D(), layers.GlobalAveragePooling1D(keepdims=True)):
        assert (shown(words(layer), IDS) == -1).all()
    one, two = words(), words()
    both = Model([one.input, two.input], Shown()(layers.Dot(2)([one.output, two.output])))
    assert (both.predict([IDS, IDS], verbose=0) == -1).all()


# Merging --------------------------------------------------------------------------------------------------------------

OTHER = IDS[::-1, ::-1].copy()


def merged(layer: Any) -> Any:
    a, b = Input((4,), dtype="int32"), Input((4,), dtype="int32")
    embedding = layers.Embedding(5, 3, mask_zero=True)
    return Model([a, b], layer([embedding(a), embedding(b)]))


@pytest.mark.parametrize("kind", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"])
def test_merged_steps_count_where_one_of_them_does(kind: str) -> None:
    expected = COUNTS | (OTHER != 0)
    assert (expected != COUNTS).any()
    np.testing.assert_array_equal(shown(merged(getattr(layers, kind)()), [IDS, OTHER]), expected)


@pytest.mark.parametrize("kind", ["Multiply", "Maximum", "Minimum"])
def test_what_is_masked_takes_no_part_in_products_and_extremes(kind: str) -> None:
    a, b, c = Input((4, 2)), Input((4, 2)), Input((4, 2))
    first, second = Input((4,), dtype="bool"), Input((4,), dtype="bool")
    layer = getattr(layers, kind)()
    model = Model(
        [a, b, c, first, second], [layer([a, b, c], mask=[first, second, None]), layer([a, b], mask=[first, second])]
    )
    x, seen = [normal(3, 4, 2, seed=i) for i in range(3)], [COUNTS, OTHER != 0]
    nothing = {"Multiply": 1.0, "Maximum": -np.inf, "Minimum": np.inf}[kind]
    merge = {"Multiply": np.multiply, "Maximum": np.maximum, "Minimum": np.minimum}[kind].reduce
    counted = [np.where(m[..., None], v, nothing) for v, m in zip(x[:2], seen, strict=True)]
    three, two = model.predict([*x, *seen], verbose=0)
    np.testing.assert_allclose(three, merge([*counted, x[2]]), rtol=1e-6)
    either = seen[0] | seen[1]
    np.testing.assert_allclose(two[either], merge(counted)[either], rtol=1e-6)
    if kind == "Multiply":
        assert (two[~either] == 0).all()


def test_masks_are_joined_along_time() -> None:
    expected = np.concatenate([COUNTS, OTHER != 0], axis=1)
    for axis in (1, -2):
        np.testing.assert_array_equal(shown(merged(layers.Concatenate(axis=axis)), [IDS, OTHER]), expected)


def test_masked_beside_unmasked() -> None:
    a, b = Input((4,), dtype="int32"), Input((4, 3))
    embedded = layers.Embedding(5, 3, mask_zero=True)(a)
    x = [IDS, normal(3, 4, 3)]
    for layer in (layers.Add(), layers.Concatenate()):
        assert (shown(Model([a, b], layer([embedded, b])), x) == -1).all()
    ones = np.ones((3, 4))
    for order, expected in (([embedded, b], [COUNTS, ones]), ([b, embedded], [ones, COUNTS])):
        got = shown(Model([a, b], layers.Concatenate(axis=1)(order)), x)
        np.testing.assert_array_equal(got, np.concatenate(expected, axis=1))
    images = Model([a, b], layers.Concatenate(axis=1)([embedded, b]))
    assert images.output_shape == (None, 8, 3)


# Use of masks ---------------------------------------------------------------------------------------------------------


def node(layer: Any, x: Any, mask: Any, training: bool) -> tuple[Any, list[int]]:
    emission = Emission(training)
    edge = emission.graph.input((None, *x.shape[1:]))
    emission.masks[edge] = emission.graph.input((None, *mask.shape[1:]), "bool")
    return emission.graph, emit(layer, emission, [edge])


def pulled(layer: Any, x: Any, mask: Any, cotangent: Any) -> tuple[Any, Any, list[Any]]:
    """Output, gradient of x and of the weights in training."""
    graph, edges = node(layer, x, mask, True)
    outputs, dxs, gradients = _core.vjp(graph, edges, [x, mask], [cotangent], True)
    return outputs[0], dxs[0], [gradient for _, gradient in gradients]


def assert_gradient(function: Any, x: Any, gradient: Any) -> None:
    wanted = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        moved = [x.astype(np.float64), x.astype(np.float64)]
        moved[0][i] += 1e-5
        moved[1][i] -= 1e-5
        wanted[i] = (function(moved[0]) - function(moved[1])) / 2e-5
    np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-4 * np.abs(wanted).max())


def normalized(x: Any, mask: Any, axis: int) -> tuple[Any, Any, Any]:
    counts = np.broadcast_to(mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim)), x.shape)
    others = tuple(d for d in range(x.ndim) if d != axis % x.ndim)
    total = np.maximum(counts.sum(others, keepdims=True), 1)
    mean = np.where(counts, x, 0).sum(others, keepdims=True) / total
    variance = np.where(counts, (x - mean) ** 2, 0).sum(others, keepdims=True) / total
    return (x - mean) / np.sqrt(variance + 1e-3), mean.reshape(-1), variance.reshape(-1)


BATCHES = {
    "steps": ((7, 5, 3), (7, 5), -1),
    "steps-33-channels": ((3, 4, 33), (3, 4), -1),
    "samples": ((9, 4), (9,), -1),
    "images": ((3, 4, 5, 2), (3, 4), -1),
    "pixels": ((3, 4, 5, 2), (3, 4, 5), -1),
    "axis-1": ((5, 3, 7), (5, 3), 1),
    "axis-2": ((5, 3, 4, 9), (5, 3), 2),
    "many": ((300, 9, 3), (300, 9), -1),
}


@pytest.mark.parametrize("shape", BATCHES)
def test_moments_of_a_batch_are_of_what_counts(shape: str) -> None:
    sizes, places, axis = BATCHES[shape]
    x, cotangent = normal(*sizes) * 2 + 1, normal(*sizes, seed=1)
    mask = np.random.default_rng(2).random(places) < 0.6
    layer = layers.BatchNormalization(axis=axis, momentum=0.5)
    layer.build((None, *sizes[1:]))
    gamma, beta = normal(sizes[axis], seed=3) + 1, normal(sizes[axis], seed=4)
    layer.set_weights([gamma, beta, np.zeros(sizes[axis]), np.ones(sizes[axis])])
    y, dx, (dgamma, dbeta) = pulled(layer, x, mask, cotangent)
    along = [-1 if d == axis % len(sizes) else 1 for d in range(len(sizes))]
    plain, mean, variance = normalized(x.astype(np.float64), mask, axis)

    def forward(x: Any) -> Any:
        return normalized(x, mask, axis)[0] * gamma.reshape(along) + beta.reshape(along)

    expected = forward(x.astype(np.float64))
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean / 2, rtol=0, atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), (1 + variance) / 2, rtol=1e-5)
    others = tuple(d for d in range(x.ndim) if d != axis % x.ndim)
    np.testing.assert_allclose(dgamma, (cotangent * plain).sum(others), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(dbeta, cotangent.sum(others), rtol=1e-4, atol=1e-3)
    if x.size < 500:
        assert_gradient(lambda x: (forward(x) * cotangent).sum(), x, dx)


def test_what_is_masked_leaves_the_moments_alone() -> None:
    x, mask = normal(6, 4, 3), np.random.default_rng(1).random((6, 4)) < 0.5
    wild = np.where(mask[..., None], x, np.float32(np.nan))
    made = [layers.BatchNormalization() for _ in range(3)]
    for layer in made:
        layer.build((None, 4, 3))
    nothing = np.zeros_like(x)
    pulled(made[0], x, mask, nothing)
    pulled(made[1], wild, mask, nothing)
    for one, other in zip(made[0].get_weights(), made[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    everything = np.ones_like(mask)
    unmasked = layers.BatchNormalization()
    unmasked.build((None, 4, 3))
    y, dx, _ = pulled(made[2], x, everything, np.cos(x))
    np.testing.assert_array_equal(y, unmasked(x, training=True))
    np.testing.assert_array_equal(made[2].moving_mean.numpy(), unmasked.moving_mean.numpy())
    assert np.isfinite(dx).all()


def test_a_batch_of_padding_alone() -> None:
    layer = layers.BatchNormalization(momentum=0.5)
    layer.build((None, 4, 3))
    y, dx, _ = pulled(layer, normal(2, 4, 3), np.zeros((2, 4), bool), normal(2, 4, 3, seed=1))
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()
    np.testing.assert_array_equal(layer.moving_mean.numpy(), 0)
    np.testing.assert_array_equal(layer.moving_variance.numpy(), 0.5)


def test_inference_and_a_frozen_layer_use_the_moving_moments() -> None:
    x, mask = normal(6, 4, 3), np.random.default_rng(1).random((6, 4)) < 0.5
    layer = layers.BatchNormalization()
    plain = layer(x)
    np.testing.assert_array_equal(layer(x, mask=mask), plain)
    layer.trainable = False
    np.testing.assert_array_equal(layer(x, mask=mask, training=True), plain)


@pytest.mark.parametrize(("channels", "keepdims"), [(1, False), (3, True), (33, False)])
def test_the_mean_of_the_steps_that_count(channels: int, keepdims: bool) -> None:
    x, mask = normal(4, 5, channels), np.random.default_rng(1).random((4, 5)) < 0.5
    mask[0], mask[1] = False, True
    layer = layers.GlobalAveragePooling1D(keepdims=keepdims)
    total = np.maximum(mask.sum(1), 1)[:, None]
    expected = np.where(mask[..., None], x.astype(np.float64), 0).sum(1) / total
    cotangent = normal(4, channels, seed=2)
    wild = np.where(mask[..., None], x, np.float32(np.nan))
    y, dx, _ = pulled(layer, wild, mask, cotangent[:, None] if keepdims else cotangent)
    assert y.shape == ((4, 1, channels) if keepdims else (4, channels))
    np.testing.assert_allclose(y.reshape(4, channels), expected, rtol=0, atol=1e-6)
    assert (y[0] == 0).all()
    np.testing.assert_allclose(dx, np.where(mask[..., None], (cotangent / total)[:, None], 0), rtol=1e-6)


def test_softmax_over_what_counts() -> None:
    x, mask = normal(3, 4, 2), COUNTS.copy()
    mask[2] = False

    def reference(x: Any, mask: Any, axis: int) -> Any:
        e = np.exp(x) * mask
        return e / np.maximum(e.sum(axis, keepdims=True), 1e-30)

    layer = layers.Softmax(axis=1)
    np.testing.assert_allclose(layer(x, mask=mask), reference(x, mask[..., None], 1), atol=1e-6)
    of_all = np.random.default_rng(1).random(x.shape) < 0.6
    for counts in (of_all, of_all[:, :1], of_all.astype(np.float32)):
        np.testing.assert_allclose(layers.Softmax()(x, mask=counts), reference(x, counts != 0, -1), atol=1e-6)
    np.testing.assert_array_equal(layers.Softmax()(x, mask=mask), layers.Softmax()(x))
    cotangent = normal(3, 4, 2, seed=2)
    _, dx, _ = pulled(layer, x, mask, cotangent)
    assert_gradient(lambda x: (reference(x, mask[..., None], 1) * cotangent).sum(), x, dx)


def heeding() -> list[Any]:
    return [
        layers.BatchNormalization(), layers.BatchNormalization(axis=1), layers.GlobalAveragePooling1D(),
        layers.Softmax(axis=1),
    ]  # fmt: skip


@pytest.mark.parametrize("which", range(4))
def test_the_same_bits_on_any_number_of_threads(which: int) -> None:
    x, mask = normal(700, 6, 19), np.random.default_rng(1).random((700, 6)) < 0.5
    results = []
    for threads in (1, 2, 4):
        _core.set_num_threads(threads)
        layer = heeding()[which]
        layer.build((None, 6, 19))
        y = layer(x, mask=mask)
        results.append([*pulled(layer, x, mask, np.cos(y))[:2], y, *layer.get_weights()])
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


# Padding makes no difference ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rest",
    [
        lambda: [layers.LSTM(4), layers.Dense(2)],
        lambda: [layers.GRU(4, return_sequences=True), layers.LSTM(3), layers.Dense(2)],
        lambda: [layers.Bidirectional(layers.SimpleRNN(4)), layers.Dense(2)],
        lambda: [layers.Dense(4, "tanh"), layers.GlobalAveragePooling1D(), layers.Dense(2)],
        lambda: [layers.LSTM(4, return_sequences=True), layers.BatchNormalization(), layers.GlobalAveragePooling1D()],
        lambda: [layers.Dense(1), layers.Softmax(axis=1), layers.GlobalAveragePooling1D()],
    ],
    ids=["lstm", "stacked", "bidirectional", "average", "batchnorm", "softmax"],
)
def test_padding_makes_no_difference(rest: Any) -> None:
    model = words(*rest(), steps=None)
    model.compile("sgd", "mse")
    short = np.array([[1, 2, 3], [4, 3, 2]])
    long = np.pad(short, ((0, 0), (0, 4)))
    y = model.predict(short, verbose=0)
    np.testing.assert_allclose(model.predict(long, verbose=0), y, rtol=1e-6, atol=1e-7)
    target = normal(*y.shape)
    gradients, padded = model.gradients(short, target), model.gradients(long, target)
    assert list(gradients) == list(padded)
    for path, gradient in gradients.items():
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(padded[path], gradient, rtol=0, atol=1e-5 * scale + 1e-9, err_msg=path)


# Losses and metrics ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_losses_and_metrics_are_of_places_that_count(weighted: bool) -> None:
    model = words(layers.LSTM(4, return_sequences=True), layers.Dense(3, activation="softmax"))
    of_rows = metrics.SparseCategoricalAccuracy(name="of_rows")
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=[of_rows])
    y = np.random.default_rng(0).integers(0, 3, IDS.shape)
    rows = np.array([1.0, 0.5, 3.0], np.float32) if weighted else None
    p = model.predict(IDS, verbose=0).astype(np.float64)
    each = -np.log(np.take_along_axis(p, y[..., None], -1)[..., 0])
    right = p.argmax(-1) == y
    weights = np.broadcast_to(np.ones((3, 1)) if rows is None else rows[:, None], IDS.shape)
    total = COUNTS.sum()
    loss, accuracy, of_weights = model.evaluate(IDS, y, sample_weight=rows, verbose=0)
    np.testing.assert_allclose(loss, (each * weights)[COUNTS].sum() / total, rtol=1e-5)
    np.testing.assert_allclose(accuracy, right[COUNTS].mean(), rtol=1e-6)
    np.testing.assert_allclose(of_weights, np.average(right[COUNTS], weights=weights[COUNTS]), rtol=1e-6)
    # The values of masked steps have no effect.
    changed = np.where(COUNTS, y, (y + 1) % 3)
    again = model.evaluate(IDS, changed, sample_weight=rows, verbose=0)
    np.testing.assert_array_equal(again, [loss, accuracy, of_weights])
    before = model.gradients(IDS, y, rows)
    for path, gradient in model.gradients(IDS, changed, rows).items():
        np.testing.assert_array_equal(gradient, before[path])


def test_a_loss_of_values() -> None:
    model = words(layers.GRU(4, return_sequences=True), layers.Dense(2))
    model.compile("sgd", "mse", metrics=["mae"])
    y = normal(3, 4, 2)
    error = model.predict(IDS, verbose=0).astype(np.float64) - y
    loss, mae = model.evaluate(IDS, y, verbose=0)
    np.testing.assert_allclose(loss, (error**2).mean(-1)[COUNTS].mean(), rtol=1e-5)
    np.testing.assert_allclose(mae, np.abs(error).mean(-1)[COUNTS].mean(), rtol=1e-5)


def test_batches_of_evaluation_count_by_their_places() -> None:
    model = words(layers.GRU(4, return_sequences=True), layers.Dense(2))
    model.compile("sgd", "mse", metrics=["mae"])
    y = normal(3, 4, 2)
    whole = model.evaluate(IDS, y, batch_size=3, verbose=0)
    apart = model.evaluate(IDS, y, batch_size=1, verbose=0)
    np.testing.assert_allclose(apart[1], whole[1], rtol=1e-5)


# Custom layers ------------------------------------------------------------------------------------------------------


class Total(Layer):
    """Layer that returns the sum of the steps that count."""

    def call(self, x: Any, mask: Any = None) -> Any:
        if mask is not None:
            x = x * ops.expand_dims(ops.cast(mask, "float32"), -1)
        return ops.sum(x, axis=1)


class EverySecond(Layer):
    """Layer that takes every second step, and of the mask too."""

    def call(self, x: Any) -> Any:
        return x[:, ::2]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if mask is None else mask[:, ::2]


class Doubled(Layer):
    """Layer that declares to keep the mask."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x: Any) -> Any:
        return x * 2.0


class Positive(Layer):
    """Layer that creates a mask."""

    def call(self, x: Any) -> Any:
        return x

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.any(inputs > 0, axis=-1)


def test_a_call_that_asks_for_the_mask() -> None:
    model = words(Total())
    embedded = model.layers[0].get_weights()[0][IDS]
    np.testing.assert_allclose(model.predict(IDS, verbose=0), (embedded * COUNTS[..., None]).sum(1), rtol=1e-5)
    x = normal(3, 4, 3)
    np.testing.assert_allclose(Total()(x), x.sum(1), rtol=1e-5)
    np.testing.assert_allclose(Total()(x, mask=COUNTS), (x * COUNTS[..., None]).sum(1), rtol=1e-5)


def test_a_mask_of_ones_own() -> None:
    np.testing.assert_array_equal(shown(words(EverySecond()), IDS), COUNTS[:, ::2])
    np.testing.assert_array_equal(shown(words(Doubled()), IDS), COUNTS)
    x = normal(3, 4, 1)
    np.testing.assert_array_equal(shown(Sequential([Input((4, 1)), Positive()]), x), x[..., 0] > 0)
    model = Sequential([Input((4, 1)), Positive(), layers.GlobalAveragePooling1D()])
    expected = np.where(x > 0, x, 0).sum(1) / np.maximum((x > 0).sum(1), 1)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-6)


def test_a_layer_of_ones_own_that_says_nothing_of_masks_ends_them() -> None:
    class Plain(Layer):
        def call(self, x: Any) -> Any:
            return x + 1.0

    with pytest.warns(UserWarning, match='Plain "plain.*" cannot keep the mask'):
        assert (shown(words(Plain()), IDS) == -1).all()


def test_a_mask_made_of_the_wrong_shape() -> None:
    class Wrong(Layer):
        def call(self, x: Any) -> Any:
            return x[:, 1:]

        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return mask

    with pytest.raises(
        ValueError, match=r'Wrong "cut": compute_mask\(\) makes a mask of shape \(batch, 4\) for an output'
    ):
        words(Wrong(name="cut"))


# Models ---------------------------------------------------------------------------------------------------------------


def test_through_models_and_shared_layers() -> None:
    inner = words(layers.Dense(3))
    np.testing.assert_array_equal(shown(Sequential([inner, layers.Dense(2)]), IDS), COUNTS)
    x = Input((4,), dtype="int32")
    np.testing.assert_array_equal(shown(Model(x, layers.Dense(2)(inner(x))), IDS), COUNTS)
    masked, plain = Input((4,), dtype="int32"), Input((4, 3))
    read = layers.LSTM(2)
    embedded = layers.Embedding(5, 3, mask_zero=True)(masked)
    model = Model([masked, plain], [read(embedded), read(plain)])
    values = model.layers[1].get_weights()[0] if model.layers[1].weights else model.get_layer(index=2).get_weights()[0]
    with_mask, without = model.predict([IDS, values[IDS]], verbose=0)
    np.testing.assert_array_equal(without, read(values[IDS]))
    np.testing.assert_array_equal(with_mask, read(values[IDS], mask=COUNTS))
    assert (with_mask != without).any()


def test_a_class_derived_from_model() -> None:
    class Reader(Model):
        def __init__(self) -> None:
            super().__init__()
            self.words = layers.Embedding(5, 3, mask_zero=True)
            self.mean = layers.GlobalAveragePooling1D()

        def call(self, x: Any) -> Any:
            return self.mean(self.words(x))

    model = Reader()
    y = model.predict(IDS, verbose=0)
    embedded = model.words.get_weights()[0][IDS]
    np.testing.assert_allclose(y, (embedded * COUNTS[..., None]).sum(1) / COUNTS.sum(1, keepdims=True), rtol=1e-5)


def test_a_config_keeps_masks_that_were_given() -> None:
    x, counts = Input((4, 3)), Input((4,), dtype="bool")
    model = Model([x, counts], layers.GlobalAveragePooling1D()(x, mask=counts))
    data = [normal(3, 4, 3), COUNTS]
    expected = model.predict(data, verbose=0)
    for again in (type(model).from_config(model.get_config()), clone_model(model)):
        np.testing.assert_array_equal(again.predict(data, verbose=0), expected)


# Given in the call ----------------------------------------------------------------------------------------------------


def test_a_mask_that_is_given_stays_with_its_call() -> None:
    x, counts = Input((4, 3)), Input((4,), dtype="bool")
    mean = layers.GlobalAveragePooling1D()
    model = Model([x, counts], [mean(x, mask=counts), mean(x)])
    data = normal(3, 4, 3)
    masked, plain = model.predict([data, COUNTS], verbose=0)
    np.testing.assert_allclose(masked, (data * COUNTS[..., None]).sum(1) / COUNTS.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_array_equal(plain, mean(data))


@pytest.mark.parametrize("make", [lambda: layers.LSTM(2, return_sequences=True), lambda: layers.Dense(2)])
def test_a_mask_that_is_given_goes_on_with_the_output(make: Any) -> None:
    x, counts = Input((4, 3)), Input((4,), dtype="int32")
    model = Model([x, counts], make()(x, mask=counts))
    np.testing.assert_array_equal(shown(model, [normal(3, 4, 3), IDS]), COUNTS)


def test_a_given_mask_comes_before_the_inputs_own() -> None:
    x = Input((4,), dtype="int32")
    counts = Input((4,), dtype="bool")
    embedded = layers.Embedding(5, 3, mask_zero=True)(x)
    model = Model([x, counts], layers.Dense(2)(embedded, mask=counts))
    np.testing.assert_array_equal(shown(model, [IDS, ~COUNTS]), ~COUNTS)


def test_masks_given_to_a_merging_layer() -> None:
    a, b, first, second = Input((4, 3)), Input((4, 3)), Input((4,), dtype="bool"), Input((4,), dtype="bool")
    data = [normal(3, 4, 3), normal(3, 4, 3), COUNTS, ~COUNTS]
    y = layers.Concatenate(axis=1)([a, b], mask=[first, second])
    got = shown(Model([a, b, first, second], y), data)
    np.testing.assert_array_equal(got, np.concatenate([COUNTS, ~COUNTS], 1))
    y = layers.Concatenate(axis=1)([a, b], mask=[first, None])
    got = shown(Model([a, b, first], y), data[:3])
    np.testing.assert_array_equal(got, np.concatenate([COUNTS, np.ones((3, 4))], 1))


def test_masks_on_arrays() -> None:
    x = normal(3, 4, 3)
    mean = layers.GlobalAveragePooling1D()
    expected = (x * COUNTS[..., None]).sum(1) / COUNTS.sum(1, keepdims=True)
    for mask in (COUNTS, COUNTS.tolist(), COUNTS.astype(np.int64), COUNTS.astype(np.float32)):
        np.testing.assert_allclose(mean(x, mask=mask), expected, rtol=1e-5)
    np.testing.assert_array_equal(mean(x, mask=None), mean(x))
    np.testing.assert_array_equal(layers.Flatten()(x, mask=None), x.reshape(3, -1))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x, m: layers.Flatten(name="f")(x, mask=m), r'Flatten "f" has no use for a mask'),
        (lambda x, m: layers.Conv1D(2, 2)(x, mask=m), "has no use for a mask"),
        (lambda x, m: EverySecond()(x, mask=m), "give call.. a parameter mask"),
        (
            lambda x, m: layers.GlobalAveragePooling1D(name="g")(x, mask=m[:, :3]),
            r'"g" expects a mask of shape \(batch, 4\) for an input of shape \(batch, 4, 3\).*got \(batch, 3\)',
        ),
        (lambda x, m: layers.BatchNormalization()(x, mask=m[:, :3]), r"expects a mask of shape \(batch, 4\)"),
        (
            lambda x, m: layers.Dense(2)(x, mask=x[..., None] > 0),
            r"expects a mask of shape \(batch, 4\).*got \(batch, 4, 3, 1\)",
        ),
        (
            lambda x, m: layers.Softmax()(x, mask=x[:, :2] > 0),
            r"expects a mask of shape \(batch, 4\).*got \(batch, 2, 3\)",
        ),
        (lambda x, m: layers.LSTM(2)(x, mask=m[:, :3]), r"expects a bool mask \(batch, 4\), got bool \(batch, 3\)"),
        (lambda x, m: layers.Add()([x, x], mask=m), "expects a mask, or None, for each of its 2 inputs, got 1"),
    ],
)
def test_masks_that_cannot_be(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(Input((4, 3)), Input((4,), dtype="bool"))
    with pytest.raises(ValueError, match=said):
        call(normal(3, 4, 3), COUNTS)


def test_no_warning_where_nothing_is_lost() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = words(layers.Dense(3), layers.BatchNormalization(), layers.GRU(3, return_sequences=True), Total())
        model.compile("adam", "mse")
        model.fit(IDS, normal(3, 3), verbose=0)
        model.evaluate(IDS, normal(3, 3), verbose=0)


@pytest.mark.parametrize("shape", [(4, 3, 5, 1), (4, 2, 3, 5, 2)])
def test_batch_normalization_with_a_mask_over_several_axes(shape):
    random = np.random.default_rng(0)
    x = random.normal(size=shape).astype(np.float32)
    mask = random.random(shape[:-1]) > 0.4
    layer = layers.BatchNormalization(momentum=0.5, center=False)
    made = layer(x, training=True, mask=mask)
    mean, variance = x[mask].mean(axis=0), x[mask].var(axis=0)
    np.testing.assert_allclose(made, (x - mean) / np.sqrt(variance + 1e-3), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean / 2, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(layer.moving_variance.numpy(), (1 + variance) / 2, rtol=1e-5)
    # Sizes of 1 are spread over the input's.
    one = mask[:, :1]
    spread = np.broadcast_to(one, mask.shape)
    fresh = layers.BatchNormalization, layers.BatchNormalization
    first, second = (kind()(x, training=True, mask=given) for kind, given in zip(fresh, (one, spread), strict=True))
    np.testing.assert_array_equal(first, second)


class TestTimeDistributed:
    def test_each_step_has_its_part_of_the_mask(self):
        class Blanked(layers.Layer):
            def call(self, inputs, mask=None):
                return inputs if mask is None else inputs * ops.expand_dims(ops.cast(mask, "float32"), -1)

        x = np.arange(1.0, 13.0, dtype=np.float32).reshape(2, 3, 2)
        mask = np.array([[True, False, True], [False, False, True]])
        np.testing.assert_array_equal(layers.TimeDistributed(Blanked())(x, mask=mask), x * mask[..., None])
        np.testing.assert_array_equal(layers.TimeDistributed(Blanked())(x), x)

    @pytest.mark.parametrize("shape", [(2, 4), (2, 4, 1)])
    def test_a_mask_has_the_steps_of_the_input(self, shape):
        with pytest.raises(ValueError, match=r"expects a mask that begins with \(batch, 3\)"):
            layers.TimeDistributed(layers.Dense(2))(np.ones((2, 3, 2), np.float32), mask=np.ones(shape, bool))
