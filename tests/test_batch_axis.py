"""Computations in which the batch is not the first axis alone: folded, turned, joined, repeated, multiplied by itself.

Values and gradients are compared with NumPy in float64 and with numeric gradients, at several numbers of rows. Models
that Keras has run in this way are in `keras/rows_batches.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Model, Sequential, layers, ops
from fastnn.layers import Dense, Input

Array = Any


def softmax(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


# Functions of x of shape (rows, 4): with fastnn.ops and with NumPy. Rows are even.
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Array], Array]]] = {
    "transpose": (ops.transpose, np.transpose),
    "gram": (lambda x: x @ ops.transpose(x), lambda x: x @ x.T),
    "einsum": (lambda x: ops.einsum("id,jd->ij", x, x * x), lambda x: x @ (x * x).T),
    "einsum of three axes": (
        lambda x: ops.einsum("iab,jab->ji", ops.reshape(x, (-1, 2, 2)), ops.reshape(x * 2.0, (-1, 2, 2))),
        lambda x: 2 * x @ x.T,
    ),
    "tensordot": (lambda x: ops.tensordot(x, x, ([1], [1])), lambda x: x @ x.T),
    "fold": (lambda x: ops.reshape(x, (-1, 2)), lambda x: x.reshape(-1, 2)),
    "pairs": (lambda x: ops.reshape(x, (-1, 2, 4)), lambda x: x.reshape(-1, 2, 4)),
    "ravel": (ops.ravel, np.ravel),
    "rearrange": (lambda x: ops.rearrange(x, "b (h w) -> (b h) w", h=2), lambda x: x.reshape(-1, 2)),
    "rearrange turned": (
        lambda x: ops.rearrange(x, "b (h w) -> h b w", h=2),
        lambda x: x.reshape(-1, 2, 2).transpose(1, 0, 2),
    ),
    "there and back": (
        lambda x: ops.reshape(ops.exp(ops.reshape(x, (-1, 1))), ops.shape(x)),
        np.exp,
    ),
    "join": (lambda x: ops.concatenate([x, x * x, x], axis=0), lambda x: np.concatenate([x, x * x, x])),
    "stack": (lambda x: ops.stack([x, x * x], axis=0), lambda x: np.stack([x, x * x])),
    "new first axis": (lambda x: x[None] * ops.expand_dims(x, 1), lambda x: x[None] * x[:, None]),
    "tile": (lambda x: ops.tile(x, (2, 1)), lambda x: np.tile(x, (2, 1))),
    "tile to more axes": (lambda x: ops.tile(x, (3, 1, 2)), lambda x: np.tile(x, (3, 1, 2))),
    "repeat": (lambda x: ops.repeat(x, 3, axis=0), lambda x: np.repeat(x, 3, axis=0)),
    "halves": (
        lambda x: x[: ops.shape(x)[0] // 2] * x[ops.shape(x)[0] // 2 :],
        lambda x: x[: len(x) // 2] * x[len(x) // 2 :],
    ),
    "split": (lambda x: ops.multiply(*ops.split(x, 2, axis=0)), lambda x: np.multiply(*np.split(x, 2))),
    "slices": (lambda x: x[1:] * x[:-1], lambda x: x[1:] * x[:-1]),
    "every other": (lambda x: x[::2] + x[1::2], lambda x: x[::2] + x[1::2]),
    "backwards": (lambda x: x[::-1] * x, lambda x: x[::-1] * x),
    "first and last row": (lambda x: x[0] * x[-1] + x, lambda x: x[0] * x[-1] + x),
    "flip": (lambda x: ops.flip(x, axis=0) * x, lambda x: x[::-1] * x),
    "roll": (lambda x: ops.roll(x, 1, axis=0) * x, lambda x: np.roll(x, 1, axis=0) * x),
    "pad": (lambda x: ops.pad(x, ((1, 0), (0, 1))), lambda x: np.pad(x, ((1, 0), (0, 1)))),
    "cumsum": (lambda x: ops.cumsum(x, axis=0), lambda x: np.cumsum(x, axis=0)),
    "sort": (lambda x: ops.sort(x, axis=0), lambda x: np.sort(x, axis=0)),
    "take by order": (
        lambda x: ops.take_along_axis(x, ops.argsort(x[:, ::-1], axis=0), axis=0),
        lambda x: np.take_along_axis(x, np.argsort(x[:, ::-1], axis=0), axis=0),
    ),
    "take rows": (lambda x: ops.take(x, ops.argmax(x, axis=0), axis=0), lambda x: x[x.argmax(0)]),
    "softmax of the batch": (lambda x: ops.softmax(x, axis=0), lambda x: softmax(x, 0)),
    "softmax of pairs": (
        lambda x: ops.softmax(x @ ops.transpose(x), axis=-1) + ops.log_softmax(x @ ops.transpose(x), axis=0),
        lambda x: softmax(x @ x.T, -1) + np.log(softmax(x @ x.T, 0)),
    ),
    "logsumexp": (
        lambda x: ops.logsumexp(x @ ops.transpose(x), axis=0),
        lambda x: np.log(np.exp(x @ x.T).sum(0)),
    ),
    "reductions of pairs": (
        lambda x: (
            ops.max(x @ ops.transpose(x), axis=1)
            + ops.mean(x[:, None] - x[None], axis=(1, 2))
            + ops.min(x @ ops.transpose(x), axis=0)
        ),
        lambda x: (x @ x.T).max(1) + (x[:, None] - x[None]).mean((1, 2)) + (x @ x.T).min(0),
    ),
    "distances": (
        lambda x: ops.sqrt(ops.sum(ops.square(ops.expand_dims(x, 1) - ops.expand_dims(x, 0)), -1) + 0.1),
        lambda x: np.sqrt(((x[:, None] - x[None]) ** 2).sum(-1) + 0.1),
    ),
    "identity": (
        lambda x: x @ ops.transpose(x) * (1.0 - ops.eye(ops.shape(x)[0])),
        lambda x: x @ x.T * (1 - np.eye(len(x))),
    ),
    "diagonals": (
        lambda x: ops.diagonal(x @ ops.transpose(x), 1) * ops.diagonal(x @ ops.transpose(x), -1),
        lambda x: np.diagonal(x @ x.T, 1) * np.diagonal(x @ x.T, -1),
    ),
    "trace": (lambda x: x * ops.trace(x @ ops.transpose(x)), lambda x: x * np.trace(x @ x.T)),
    "diag": (lambda x: ops.diag(x[:, 0]) + ops.diag(x[:-1, 1], 1), lambda x: np.diag(x[:, 0]) + np.diag(x[:-1, 1], 1)),
    "triangles": (
        lambda x: ops.tril(x @ ops.transpose(x)) - ops.triu(x @ ops.transpose(x), 1) * ops.tri(ops.shape(x)[0], k=2),
        lambda x: np.tril(x @ x.T) - np.triu(x @ x.T, 1) * np.tri(len(x), k=2),
    ),
    "positions": (
        lambda x: x * ops.cast(ops.arange(ops.shape(x)[0]), "float32")[:, None] / ops.cast(ops.shape(x)[0], "float32"),
        lambda x: x * np.arange(len(x))[:, None] / len(x),
    ),
    "ranges": (
        lambda x: ops.cast(ops.arange(1, 2 * ops.shape(x)[0], 3), "float32") * ops.sum(x),
        lambda x: np.arange(1, 2 * len(x), 3) * x.sum(),
    ),
    "filled": (
        lambda x: ops.zeros((2 * ops.shape(x)[0], 4)) + ops.concatenate([x, ops.ones_like(x) * x], axis=0),
        lambda x: np.concatenate([x, x]),
    ),
    "broadcast": (
        lambda x: ops.broadcast_to(x, (2, ops.shape(x)[0], 4)) * x,
        lambda x: np.broadcast_to(x, (2, *x.shape)) * x,
    ),
    "masks": (
        lambda x: ops.where(ops.equal(x[:, :1] > 0, ops.transpose(x[:, :1]) > 0), x @ ops.transpose(x), -1.0),
        lambda x: np.where((x[:, :1] > 0) == (x[:, :1] > 0).T, x @ x.T, -1.0),
    ),
    "a row against a column": (lambda x: x[:, 0] - x[:, 1:2], lambda x: x[:, 0] - x[:, 1:2]),
    "time-major": (
        lambda x: ops.transpose(ops.tanh(ops.transpose(ops.reshape(x, (-1, 2, 2)), (1, 0, 2))), (1, 0, 2)),
        lambda x: np.tanh(x.reshape(-1, 2, 2)),
    ),
    "correlation": (
        lambda x: ops.transpose(x - ops.mean(x, axis=0)) @ x / ops.cast(ops.shape(x)[0] - 1, "float32"),
        lambda x: (x - x.mean(0)).T @ x / (len(x) - 1),
    ),
}


class Computed(layers.Layer):
    """What a function makes of the input times a weight; the sum of the sines is a loss."""

    def __init__(self, function: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        made = self.function(x * self.scale)
        self.add_loss(ops.sum(ops.sin(made)))
        return made


def data(rows: int, seed: int = 0) -> Array:
    return np.random.RandomState(seed).normal(size=(rows, 4)).astype(np.float32)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_gradients(name: str) -> None:
    function, reference = FUNCTIONS[name]
    layer = Computed(function)
    # The weight is trained through the losses alone.
    x = Input((4,))
    made = layer(x)
    model = Model(x, ops.sum(x, axis=1) + 0.0 * ops.sum(made))
    model.compile("sgd", "mse")
    for rows in (6, 2, 16):
        x = data(rows, rows)
        expected = reference(x.astype(np.float64))
        got = np.asarray(layer(x))
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5)

        def loss(scale: Array, x: Array = x) -> float:
            return float(np.sin(reference(x.astype(np.float64) * scale)).sum())

        steps = np.eye(4) * 1e-6
        numeric = [(loss(1 + step) - loss(1 - step)) / 2e-6 for step in steps]
        (gradient,) = model.gradients(x, x.sum(1)).values()
        scale = max(1.0, np.abs(numeric).max())
        np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=2e-4 * scale)


# Contrastive training.


def nt_xent(y_true: Any, z: Any) -> Any:
    """Contrast of two views in one batch: rows i and i + n/2 belong together."""
    z = ops.normalize(z, axis=-1)
    count = ops.shape(z)[0]
    similar = z @ ops.transpose(z) / 0.5 - 1e9 * ops.eye(count)
    positive = ops.mod(ops.arange(count) + count // 2, count)
    return ops.sparse_categorical_crossentropy(positive, similar, from_logits=True)


def encoder(seed: int = 3) -> Sequential:
    fastnn.utils.set_random_seed(seed)
    model = Sequential([Input((4,)), Dense(8, "relu"), layers.BatchNormalization(), Dense(3)])
    model.compile(fastnn.optimizers.Adam(0.01), nt_xent)
    return model


def nt_xent_of_numpy(z: Array) -> float:
    z = z.astype(np.float64)
    z = z / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-12)
    logits = z @ z.T / 0.5 - 1e9 * np.eye(len(z))
    likely = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return float(-likely[np.arange(len(z)), (np.arange(len(z)) + len(z) // 2) % len(z)].mean())


def test_a_last_smaller_batch_is_a_step_of_its_size() -> None:
    x = data(20)
    y = np.zeros(len(x), np.float32)
    whole, single = encoder(), encoder()
    history = whole.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    parts = [x[:8], x[8:16], x[16:]]
    losses = [[single.train_on_batch(part, y[: len(part)]) * len(part) for part in parts] for _ in range(2)]
    for one, other in zip(whole.get_weights(), single.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(history.history["loss"], np.sum(losses, axis=1) / len(x), rtol=1e-6)
    evaluated = whole.evaluate(x, y, batch_size=8, verbose=0)
    z = np.asarray(whole(x))
    expected = sum(nt_xent_of_numpy(z[at : at + 8]) * len(z[at : at + 8]) for at in (0, 8, 16)) / len(x)
    assert evaluated == pytest.approx(expected, rel=1e-5)


def test_the_same_bits_on_any_number_of_threads() -> None:
    x, found = data(30), []
    for threads in (1, 2):
        fastnn.config.set_num_threads(threads)
        model = encoder()
        model.fit(x, np.zeros(len(x), np.float32), batch_size=12, epochs=3, verbose=0)
        found.append([*model.get_weights(), model.predict(x, verbose=0)])
    fastnn.config.set_num_threads(0)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_training_learns() -> None:
    model = encoder()
    views = np.concatenate([data(16, 1), data(16, 1) + 0.01 * data(16, 2)])
    history = model.fit(views, np.zeros(32, np.float32), batch_size=32, shuffle=False, epochs=60, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0] - 0.2


# Layers on what is no ordinary batch.


class Views(layers.Layer):
    """Encodes both halves of the features as one batch."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = Sequential([Dense(5, "relu"), layers.BatchNormalization(), layers.Dropout(0.5), Dense(2)])

    def call(self, x: Any, training: bool | None = None) -> Any:
        codes = self.encoder(ops.concatenate([x[:, :2], x[:, 2:]], axis=0), training=training)
        return ops.concatenate(ops.split(codes, 2, axis=0), axis=-1)


def test_layers_on_twice_the_batch() -> None:
    x = data(6)
    layer = Views()
    got = np.asarray(layer(x))
    codes = np.asarray(layer.encoder(np.concatenate([x[:, :2], x[:, 2:]])))
    np.testing.assert_array_equal(got, np.concatenate([codes[:6], codes[6:]], axis=-1))
    model = Sequential([Input((4,)), Views(), Dense(1)])
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(x, x[:, :1], batch_size=4, epochs=2, verbose=0)
    assert all(np.any(one != other) for one, other in zip(before, model.get_weights(), strict=True))
    assert model.predict(x, verbose=0).shape == (6, 1)


def test_moving_statistics_are_those_of_twice_the_batch() -> None:
    x = data(6)
    layer = Views()
    layer(x)
    layer.encoder.layers[1].momentum = 0.0
    layer(x, training=True)
    hidden = np.maximum(np.concatenate([x[:, :2], x[:, 2:]]) @ layer.encoder.layers[0].kernel.numpy(), 0)
    np.testing.assert_allclose(layer.encoder.layers[1].moving_mean.numpy(), hidden.mean(0), rtol=1e-5, atol=1e-6)


def test_layers_on_other_axes() -> None:
    """A dense layer on time-major data, on a constant, and an LSTM on a folded batch."""

    class Mixed(layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense, self.norm, self.recurrent = Dense(3), layers.LayerNormalization(), layers.LSTM(2)

        def build(self, input_shape: Any) -> None:
            self.table = self.add_weight(shape=(5, 3), initializer="random_normal", name="table")

        def call(self, x: Any) -> Any:
            steps = self.norm(self.dense(ops.transpose(x, (1, 0, 2))))
            codes = self.norm(self.table)
            near = ops.transpose(steps, (1, 0, 2)) @ ops.transpose(codes)
            folded = ops.reshape(near, (-1, 2, 5))
            return ops.reshape(self.recurrent(folded), (-1, 4))

    x = np.random.RandomState(1).normal(size=(6, 4, 3)).astype(np.float32)
    layer = Mixed()
    got = np.asarray(layer(x))
    steps = np.asarray(layer.norm(layer.dense(x)))
    near = steps @ np.asarray(layer.norm(layer.table.numpy())).T
    expected = np.asarray(layer.recurrent(near.reshape(-1, 2, 5))).reshape(-1, 4)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


# Outputs that do not have one row per sample.


def test_prediction_goes_batch_by_batch() -> None:
    model = Sequential([Input((4,)), Computed(lambda x: ops.repeat(x, 2, axis=0))])
    x = data(5)
    np.testing.assert_array_equal(model.predict(x, batch_size=2, verbose=0), np.repeat(x, 2, axis=0))
    np.testing.assert_array_equal(model(x), np.repeat(x, 2, axis=0))
    pairs = Sequential([Input((4,)), Computed(lambda x: x @ ops.transpose(x))])
    made = pairs.predict(x[:4], batch_size=2, verbose=0)
    np.testing.assert_allclose(made, np.concatenate([x[:2] @ x[:2].T, x[2:4] @ x[2:4].T]), rtol=1e-5)
    np.testing.assert_allclose(pairs.predict(x, batch_size=8, verbose=0), x @ x.T, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"cannot join outputs of shape \(2, 2\) and \(1, 1\)"):
        pairs.predict(x, batch_size=2, verbose=0)


def test_rows_see_their_own_batch_alone() -> None:
    model = Sequential([Input((4,)), Computed(lambda x: x - x[:1])])
    x = data(7)
    expected = np.concatenate([x[at : at + 3] - x[at : at + 1] for at in (0, 3, 6)])
    np.testing.assert_array_equal(model.predict(x, batch_size=3, verbose=0), expected)


# Functional models, files, steps of one's own.


def test_functions_between_the_layers_of_a_model(tmp_path: Path) -> None:
    x = Input((4,))
    both = Dense(3)(ops.concatenate([x, x * x], axis=0))
    folded = ops.reshape(both, (2, -1, 3))
    model = Model(x, Dense(2)(ops.max(folded, axis=0)) + ops.sum(x @ ops.transpose(x), axis=1, keepdims=True))
    assert both.shape == (None, 3)
    assert folded.shape == (2, None, 3)
    assert model.output_shape == (None, 2)
    first, last = (layer for layer in model.layers if isinstance(layer, Dense))
    for rows in (3, 5):
        rows_of_x = data(rows)
        codes = np.concatenate([rows_of_x, rows_of_x**2]) @ first.kernel.numpy()
        sums = (rows_of_x @ rows_of_x.T).sum(1, keepdims=True)
        expected = codes.reshape(2, -1, 3).max(0) @ last.kernel.numpy() + sums
        np.testing.assert_allclose(model(rows_of_x), expected, rtol=1e-5, atol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = fastnn.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(data(5)), model(data(5)))


@fastnn.saving.register_keras_serializable("tests")
class Attending(layers.Layer):
    """Each sample attends to its batch."""

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], 4), name="kernel")

    def call(self, x: Any) -> Any:
        return ops.softmax(x @ self.kernel @ ops.transpose(x)) @ x


def test_files(tmp_path: Path) -> None:
    model = Sequential([Input((4,)), Attending(), Dense(2)])
    model.compile("sgd", "mse")
    model.fit(data(10), data(10)[:, :2], batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = fastnn.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(data(5)), model(data(5)))
    for one in (model, loaded):
        one.fit(data(10), data(10)[:, :2], batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_array_equal(loaded(data(5)), model(data(5)))


def test_open_sizes() -> None:
    """A model with an open number of steps folds them into the batch."""
    x = Input((None, 4))

    class Head(layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense = Dense(3)

        def call(self, x: Any) -> Any:
            flat = self.dense(ops.reshape(x, (-1, 4)))
            return ops.reshape(flat, (ops.shape(x)[0], ops.shape(x)[1], 3))

    head = Head()
    made = head(x)
    assert made.shape == (None, None, 3)
    model = Model(x, made)
    for rows, steps in ((3, 5), (2, 7)):
        given = np.random.RandomState(0).normal(size=(rows, steps, 4)).astype(np.float32)
        np.testing.assert_allclose(model(given), given @ head.dense.kernel.numpy(), rtol=1e-5, atol=1e-6)


def test_masks_stay_with_what_keeps_its_places() -> None:
    class Twice(layers.Layer):
        supports_masking = True

        def call(self, x: Any) -> Any:
            return x + 0.0 * ops.sum(ops.transpose(x, (1, 0, 2)), axis=0)[:, None]

    model = Sequential([Input((5,)), layers.Embedding(6, 3, mask_zero=True), Twice(), layers.LSTM(2)])
    plain = Sequential([model.layers[0], model.layers[2]])
    ids = np.array([[1, 2, 0, 0, 0], [3, 4, 5, 1, 0]])
    np.testing.assert_allclose(model(ids), plain(ids), rtol=1e-6)


def test_shuffled_partners_of_mixup() -> None:
    class Mixup(layers.Layer):
        def call(self, x: Any) -> Any:
            return fastnn.random.shuffle(x, axis=0, seed=1)

    x = data(9)
    made = np.asarray(Mixup()(x, training=True))
    assert sorted(made[:, 0].tolist()) == sorted(x[:, 0].tolist())
    assert not np.array_equal(made, x)


def test_random_numbers_for_pairs() -> None:
    class Noise(layers.Layer):
        def call(self, x: Any) -> Any:
            count = ops.shape(x)[0]
            return fastnn.random.uniform((count, count), seed=3)

    assert np.asarray(Noise()(data(5))).shape == (5, 5)


# Losses and metrics.


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (lambda t, p: ops.mean(p @ ops.transpose(p)), lambda p: (p @ p.T).mean()),
        (lambda t, p: p @ ops.transpose(p), lambda p: (p @ p.T).mean()),
        (lambda t, p: ops.concatenate([p, p * p], axis=0), lambda p: np.concatenate([p, p * p]).mean()),
        (lambda t, p: ops.sum(p[:, None] * p[None], axis=(1, 2)), lambda p: (p[:, None] * p[None]).sum((1, 2)).mean()),
        (lambda t, p: ops.sum(p), lambda p: p.sum()),
    ],
)
def test_losses_of_any_shape(loss: Any, expected: Any) -> None:
    model = Sequential([Input((4,)), Dense(3)])
    model.compile("sgd", loss, metrics=[loss])
    x = data(6)
    wanted = expected(np.asarray(model(x), np.float64))
    assert model.evaluate(x, x[:, :3], batch_size=6, verbose=0) == pytest.approx([wanted, wanted], rel=1e-4)


# Messages.


def test_sizes_that_cannot_work() -> None:
    x = Input((3,))
    with pytest.raises(ValueError, match=r"got \(batch, 3\) and \(batch, 3\)"):
        _ = x @ x
    with pytest.raises(ValueError, match=r"cannot see the 3\*batch elements of \(batch, 3\) as \(-1, 11\)"):
        ops.reshape(x, (-1, 11))
    with pytest.raises(ValueError, match=r"\(batch, 2\*batch\)|2\*batch"):
        ops.add(ops.concatenate([x, x], axis=0), x)
    with pytest.raises(ValueError, match="sizes that follow from the shapes of tensors"):
        ops.reshape(x, (ops.cast(ops.sum(x), "int32"), 3))


def test_a_batch_that_does_not_fit_is_found_before_the_first_step() -> None:
    class Pairs(layers.Layer):
        def call(self, x: Any) -> Any:
            return ops.reshape(ops.reshape(x, (-1, 2, 4)) * 2.0, (-1, 4))  # in pairs of samples

    model = Sequential([Input((4,)), Dense(4), Pairs()])
    model.compile("sgd", "mse")
    model.fit(data(8), data(8), batch_size=4, verbose=0)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"reshape in line \d+ of test_batch_axis.py.*this batch has 3 rows"):
        model.fit(data(11), data(11), batch_size=4, verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.fit(data(8), data(8), batch_size=4, verbose=0)


def test_weights_cannot_depend_on_the_batch() -> None:
    class Wrong(layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense = Dense(3)

        def call(self, x: Any) -> Any:
            return self.dense(x @ ops.transpose(x))

    with pytest.raises(ValueError, match="weights"):
        Wrong()(data(5))
