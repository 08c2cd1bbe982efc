"""Batches that are computed in pieces: the results are those of the whole batch, on any number of threads.

`Model.gradients` computes a batch as a whole, with the random numbers of the next step; a step of plain SGD computes
it in pieces where the plan has them.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers, losses, optimizers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 24, 20, 3)).astype(np.float32)
LABELS = RNG.integers(0, 4, size=50)


def plain():
    return Sequential(
        [
            Input((24, 20, 3)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(17, 3, kernel_regularizer="l2"),
            layers.LeakyReLU(),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )


def drawing():
    """Returns every kind of layer that draws random numbers for its rows, and one that draws for the whole batch."""
    return Sequential(
        [
            Input((24, 20, 3)),
            layers.RandomFlip(seed=1),
            layers.RandomBrightness(0.2, value_range=(-4.0, 4.0), seed=2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.SpatialDropout2D(0.3, seed=3),
            layers.GaussianNoise(0.1, seed=4),
            layers.Conv2D(16, 3, strides=2),
            layers.GaussianDropout(0.2, seed=5),
            layers.Dropout(0.25, seed=6),
            layers.Dropout(0.5, noise_shape=(1, 10, 1, 16), seed=7),
            layers.Reshape((-1, 16)),
            layers.GlobalAveragePooling1D(),
            layers.Dense(4, activation="softmax"),
        ]
    )


def branched():
    x = Input((24, 20, 3))
    shared = layers.Conv2D(24, 3, padding="same", activation="tanh")
    h = layers.Conv2D(24, 1)(x)
    h = layers.Add()([h, shared(shared(h))])
    rows = layers.Reshape((24, 20 * 24))(h)
    rows = layers.Dense(8)(rows)
    seen = layers.Attention(dropout=0.3, seed=3)([rows, rows])
    return Model(x, [layers.Dense(4)(layers.Flatten()(seen)), layers.GlobalMaxPooling2D(name="top")(h)])


def plan(model, rows):
    return model.__fastnn_training__.programs.training(model.__fastnn_training__.compiled).trainer.plan(rows)


def digest(model):
    return hashlib.sha256(b"".join(weight.tobytes() for weight in model.get_weights())).hexdigest()


def step_and_gradients(model, x, y, **weights):
    """Returns the change of each weight in one step of SGD at rate 1, and the gradients before it."""
    gradients = model.gradients(x, y, **weights)
    before = [v.numpy().copy() for v in model.trainable_variables]
    model.train_on_batch(x, y, **weights)
    moved = [b - v.numpy() for b, v in zip(before, model.trainable_variables, strict=True)]
    return moved, list(gradients.values())


def assert_close(moved, gradients):
    assert len(moved) == len(gradients)
    for one, other in zip(moved, gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-5 * max(1e-2, np.abs(other).max()))


@pytest.mark.parametrize("make", [plain, drawing])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_step_in_pieces_is_a_step(make, weighted):
    fastnn.utils.set_random_seed(1)
    model = make()
    model.compile(optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    weights = {"sample_weight": RNG.uniform(0, 2, size=50)} if weighted else {}
    assert_close(*step_and_gradients(model, X, LABELS, **weights))
    assert "in pieces of" in plan(model, 50)
    # The draws of the second step differ from those of the first.
    assert_close(*step_and_gradients(model, X, LABELS, **weights))


def test_several_outputs_and_shared_weights():
    fastnn.utils.set_random_seed(1)
    model = branched()
    targets = [LABELS, RNG.normal(size=(50, 24)).astype(np.float32)]
    model.compile(
        optimizers.SGD(1.0), [losses.SparseCategoricalCrossentropy(from_logits=True), "mae"], loss_weights=[1, 3]
    )
    weights = {"sample_weight": [RNG.uniform(0, 2, size=50), None]}
    assert_close(*step_and_gradients(model, X, targets, **weights))
    assert "in pieces of" in plan(model, 50)


@pytest.mark.parametrize("make", [plain, drawing, branched])
def test_the_same_bits_on_any_number_of_threads(make):
    digests, histories = set(), set()
    for threads in (1, 2, 3, 5):
        fastnn.config.set_num_threads(threads)
        fastnn.utils.set_random_seed(1)
        model = make()
        several = isinstance(model.output_shape, list)
        model.compile("adam", ["mse", "mse"] if several else "mse", metrics=[["mae"], ["mae"]] if several else ["mae"])
        y = [np.ones((50, *shape[1:])) for shape in (model.output_shape if several else [model.output_shape])]
        history = model.fit(X, y if several else y[0], batch_size=27, epochs=2, verbose=0)
        assert "in pieces of" in plan(model, 27)
        digests.add(digest(model))
        histories.add(str(list(history.history.values())))
    assert len(digests) == len(histories) == 1


def test_losses_and_metrics_are_those_of_the_batch():
    model = plain()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    weights = RNG.uniform(0, 2, size=50)
    loss, accuracy = model.evaluate(X, LABELS, sample_weight=weights, batch_size=50, verbose=0)
    p = model.predict(X, verbose=0).astype(np.float64)
    penalty = 0.01 * np.sum(model.layers[2].kernel.numpy().astype(np.float64) ** 2)
    expected = np.mean(-np.log(p[np.arange(50), LABELS]) * weights) + penalty
    assert loss == pytest.approx(expected, rel=1e-5)
    assert accuracy == pytest.approx(np.mean(p.argmax(axis=1) == LABELS), rel=1e-6)


def test_rows_are_predicted_alike_wherever_the_cuts_fall():
    model = plain()
    model.compile("sgd", "mse")
    alone = np.concatenate([model.predict(X[i : i + 1], verbose=0) for i in range(50)])
    for batch_size in (7, 16, 33, 50, 500):
        np.testing.assert_array_equal(model.predict(X, batch_size=batch_size, verbose=0), alone)


@pytest.mark.parametrize(
    "layer",
    [layers.BatchNormalization(), layers.LSTM(8), layers.Lambda(lambda x: x - fastnn.ops.mean(x))],
    ids=["moving statistics", "a cell", "a general node"],
)
def test_where_rows_meet_the_batch_stays_whole(layer):
    model = Sequential([Input((40, 64)), layers.Conv1D(128, 3), layer])
    model.compile("sgd", "mse")
    x = RNG.normal(size=(64, 40, 64)).astype(np.float32)
    model.fit(x, np.zeros((64, *model.output_shape[1:])), batch_size=64, verbose=0)
    assert "in pieces of" not in plan(model, 64)


def test_where_a_mask_counts_the_batch_stays_whole():
    model = Sequential([Input((40, 64)), layers.Masking(), layers.Dense(128)])
    model.compile("sgd", "mse")
    x = RNG.normal(size=(64, 40, 64)).astype(np.float32)
    x[:, 30:] = 0
    moved, gradients = step_and_gradients(model, x, np.zeros((64, 40, 128)))
    np.testing.assert_allclose(moved[0], 0.01 * gradients[0], rtol=1e-4, atol=1e-7)
