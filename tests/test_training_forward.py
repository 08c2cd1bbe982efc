"""A forward pass in training mode: the bits of the forward pass of a training step, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import _core, config, layers, utils
from fastnn.engine.contract import emit
from fastnn.engine.emission import Emission

RNG = np.random.default_rng(3)
IMAGES = RNG.normal(size=(37, 8, 8, 3)).astype(np.float32)
SERIES = RNG.normal(size=(6, 5, 4)).astype(np.float32)
ROWS = RNG.normal(size=(37, 12)).astype(np.float32)


def convolutional() -> fastnn.Model:
    return fastnn.Sequential(
        [
            layers.Input((8, 8, 3)), layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(),
            layers.SpatialDropout2D(0.3), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(4), layers.Dropout(0.5),
        ]
    )  # fmt: skip


def noisy() -> fastnn.Model:
    x = fastnn.Input((12,))
    shared = layers.Dropout(0.4)
    h = layers.GaussianNoise(0.2)(layers.Dense(9, activation="gelu")(x))
    return fastnn.Model(x, [shared(h), layers.LayerNormalization()(shared(h))])


def recurrent() -> fastnn.Model:
    return fastnn.Sequential([layers.Input((5, 4)), layers.LSTM(3, dropout=0.2, recurrent_dropout=0.3)])


def augmenting() -> fastnn.Model:
    return fastnn.Sequential([layers.Input((8, 8, 3)), layers.RandomFlip(), layers.RandomRotation(0.2)])


def frozen() -> fastnn.Model:
    model = convolutional()
    model.layers[1].trainable = False
    return model


def twins(build: Callable[[], fastnn.Model]) -> tuple[fastnn.Model, fastnn.Model]:
    made = []
    for _ in range(2):
        fastnn.utils.set_random_seed(11)
        made.append(build())
    made[1].set_weights(made[0].get_weights())
    return made[0], made[1]


def step(model: fastnn.Model, x: Any) -> list[Any]:
    """The outputs of the forward pass of a whole step, its backward pass and its commit."""
    emission = Emission(True)
    edges = emit(model, emission, [emission.graph.input((None, *x.shape[1:]))])
    shapes = [(len(x), *emission.graph.spec(edge)[0][1:]) for edge in edges]
    return _core.vjp(emission.graph, edges, [x], [np.zeros(shape, np.float32) for shape in shapes])[0]


@pytest.mark.parametrize(
    ("build", "x"),
    [(convolutional, IMAGES), (frozen, IMAGES), (noisy, ROWS), (recurrent, SERIES), (augmenting, IMAGES)],
    ids=["convolutional", "frozen", "noisy", "recurrent", "augmenting"],
)
def test_outputs_state_and_streams_are_those_of_a_step(build: Callable[[], fastnn.Model], x: Any) -> None:
    model, reference = twins(build)
    for rows in (len(x), len(x), 3):
        outputs = model(x[:rows], training=True)
        expected = step(reference, x[:rows])
        for one, other in zip(outputs if isinstance(outputs, list) else [outputs], expected, strict=True):
            assert one.tobytes() == other.tobytes()
        for one, other in zip(model.get_weights(), reference.get_weights(), strict=True):
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("layer", [layers.BatchNormalization, lambda: layers.Dropout(0.5, seed=4)])
def test_a_layer_on_arrays_leaves_what_a_step_leaves(layer: Callable[[], Any]) -> None:
    one, other = layer(), layer()
    for built in (one, other):
        built(ROWS)
    for _ in range(3):
        emission = Emission(True)
        edges = emit(other, emission, [emission.graph.input((None, 12))])
        expected = _core.vjp(emission.graph, edges, [ROWS], [np.zeros_like(ROWS)])[0][0]
        assert one(ROWS, training=True).tobytes() == expected.tobytes()
    for mine, others in zip(one.get_weights(), other.get_weights(), strict=True):
        assert mine.tobytes() == others.tobytes()


def test_freezing_counts_at_the_next_call() -> None:
    model = convolutional()
    model(IMAGES, training=True)
    before = model.layers[1].get_weights()[2]
    model.layers[1].trainable = False
    model(IMAGES, training=True)
    np.testing.assert_array_equal(model.layers[1].get_weights()[2], before)
    model.layers[1].trainable = True
    model(IMAGES, training=True)
    assert np.any(model.layers[1].get_weights()[2] != before)


def test_an_added_layer_counts_at_the_next_call() -> None:
    model = fastnn.Sequential([layers.Input((12,)), layers.Dense(3)])
    assert model(ROWS, training=True).shape == (37, 3)
    model.add(layers.Dense(2))
    assert model(ROWS, training=True).shape == (37, 2)


def test_batches_of_a_run_are_drawn_and_committed_one_by_one() -> None:
    draws = []
    for sizes in ([37], [16, 16, 5]):
        stream = _core.Stream(5)
        graph = _core.Graph()
        edge = graph.input((None, 12))
        outputs = graph.add("Dropout", "dropout", {"rate": 0.5}, [edge], [], stream)
        predictor = _core.Predictor(graph, outputs, training=True)
        found = np.empty((37, 12), np.float32)
        predictor.run([ROWS], 0, 37, sizes[0], [found])
        assert stream.position == len(sizes)
        draws.append(found)
    assert draws[0][:16].tobytes() == draws[1][:16].tobytes()
    assert draws[0][16:].tobytes() != draws[1][16:].tobytes()


def test_a_batch_in_pieces_draws_what_the_whole_batch_draws():
    """On sixteen threads the batch is too small for a piece each; on one it is computed piece by piece."""
    x = np.random.default_rng(0).random((40, 28, 28, 1)).astype(np.float32)
    threads = config.num_threads()
    outputs = []
    try:
        for count in (1, 2, 16):
            config.set_num_threads(count)
            utils.set_random_seed(3)
            model = fastnn.Sequential(
                [
                    layers.Input((28, 28, 1)),
                    layers.Conv2D(32, 3, activation="relu"),
                    layers.Dropout(0.4),
                    layers.MaxPooling2D(),
                    layers.Conv2D(32, 3, activation="relu"),
                    layers.GaussianNoise(0.1),
                    layers.Flatten(),
                    layers.Dense(3),
                ]
            )
            outputs.append([model(x, training=True) for _ in range(4)])
    finally:
        config.set_num_threads(threads)
    for other in outputs[1:]:
        np.testing.assert_array_equal(other, outputs[0])
    assert (outputs[0][2] != outputs[0][3]).any(), "each call draws anew"
