"""A batch that is like the one before it is read by its layout: same results, same refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Sequential, layers

RNG = np.random.default_rng(3)


def classifier(loss: str = "sparse_categorical_crossentropy", units: int = 3, **layer: Any) -> Sequential:
    fastnn.utils.set_random_seed(5)
    model = Sequential([layers.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(units, **layer)])
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def x(rows: int = 6) -> np.ndarray[Any, Any]:
    return RNG.normal(size=(rows, 4)).astype("float32")


def labels(rows: int = 6) -> np.ndarray[Any, Any]:
    return RNG.integers(0, 3, rows)


@pytest.mark.parametrize("of_labels", [lambda y: y, lambda y: y[:, np.newaxis], lambda y: y.astype("float32")])
@pytest.mark.parametrize("step", [1, 2])
def test_steps_are_those_of_fit(of_labels: Any, step: int) -> None:
    samples, targets = x(60)[::step], of_labels(labels(60))[::step]
    rows = len(samples) // 3
    by_steps, by_fit = classifier(activation="softmax"), classifier(activation="softmax")
    for begin in range(0, len(samples), rows):
        by_steps.train_on_batch(samples[begin : begin + rows], targets[begin : begin + rows])
    by_fit.fit(samples, targets, batch_size=rows, epochs=1, shuffle=False, verbose=0)
    for mine, theirs in zip(by_steps.get_weights(), by_fit.get_weights(), strict=True):
        assert mine.tobytes() == theirs.tobytes()


def spoiled(array: np.ndarray[Any, Any], value: float) -> np.ndarray[Any, Any]:
    array[-1] = value
    return array


@pytest.mark.parametrize(
    ("bad_x", "bad_y", "message"),
    [
        (lambda: spoiled(x(), np.nan), labels, "x holds a NaN in row 5"),
        (lambda: spoiled(x(), np.inf), labels, "x holds inf in row 5"),
        (lambda: spoiled(x().astype("float64"), 1e300), labels, "x holds 1e\\+300 in row 5"),
        (x, lambda: spoiled(labels(), 3), "y holds the label 3 in row 5"),
        (x, lambda: spoiled(labels(), -1), "y holds the label -1 in row 5"),
        (x, lambda: spoiled(labels().astype("float64"), 0.5), "y holds the label 0.5 in row 5"),
        (x, lambda: labels(5), "x has 6 rows and y has 5"),
        (lambda: x()[:, :3], labels, "of shape \\(batch, 4\\)"),
        (lambda: x(0), lambda: labels(0), "x is empty"),
        (x, lambda: np.eye(3)[labels()], "one-hot"),
        (x, lambda: labels().astype(str), "expected numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_later_batch_is_refused_as_the_first(bad_x: Any, bad_y: Any, message: str) -> None:
    model = classifier(activation="softmax")
    for _ in range(2):
        model.train_on_batch(x().astype("float64") if "300" in message else x(), labels())
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=message):
        model.train_on_batch(bad_x(), bad_y())
    assert all((one == other).all() for one, other in zip(before, model.get_weights(), strict=True))


def test_probabilities_and_tables_keep_their_ranges() -> None:
    model = classifier("binary_crossentropy", 1, activation="sigmoid")
    good = RNG.integers(0, 2, 6)
    for _ in range(2):
        model.train_on_batch(x(), good)
    with pytest.raises(ValueError, match="binary_crossentropy expects y from 0 to 1, got 2"):
        model.train_on_batch(x(), spoiled(good, 2))
    table = Sequential([layers.Input((2,)), layers.Embedding(5, 2), layers.Flatten(), layers.Dense(1)])
    table.compile("sgd", "mse")
    ids = RNG.integers(0, 5, (6, 2))
    for _ in range(2):
        table.train_on_batch(ids, np.zeros(6))
    with pytest.raises(ValueError, match="takes integers from 0 to 4"):
        table.train_on_batch(spoiled(ids, 5), np.zeros(6))


def test_a_changed_model_is_read_anew() -> None:
    model = Sequential([layers.Input((4,)), layers.Dense(3)])
    model.compile(fastnn.optimizers.SGD(0.0), "mse")
    for _ in range(2):
        model.train_on_batch(x(), np.zeros((6, 3)))
    model.add(layers.Dense(2))
    with pytest.raises(ValueError, match=r"of shape \(batch, 2\)"):
        model.train_on_batch(x(), np.zeros((6, 3)))
    model.compile(fastnn.optimizers.SGD(0.0), "mse")
    first = model.train_on_batch(x(), np.zeros((6, 2)))
    model.compile("sgd", "mae")
    assert model.train_on_batch(np.zeros((6, 4)), np.ones((6, 2))) == 1.0 != first


def test_the_check_for_nan_is_that_of_the_configuration() -> None:
    model = Sequential([layers.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    bad = spoiled(x(), np.nan)
    model.train_on_batch(x(), np.zeros(6))
    assert np.isnan(model.test_on_batch(bad, np.zeros(6)))
    with pytest.raises(ValueError, match="holds a NaN"):
        model.train_on_batch(bad, np.zeros(6))
    fastnn.config.set_check_nan(False)
    try:
        assert np.isnan(model.train_on_batch(bad, np.zeros(6)))
    finally:
        fastnn.config.set_check_nan(True)


def test_weights_of_rows_still_count() -> None:
    model = Sequential([layers.Input((4,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    for _ in range(2):
        assert model.test_on_batch(x(2), np.array([1.0, 3.0])) == 5.0
    assert model.test_on_batch(x(2), np.array([1.0, 3.0]), sample_weight=np.array([1.0, 0.0])) == 0.5
    assert model.test_on_batch(x(2), np.array([1.0, 3.0])) == 5.0
