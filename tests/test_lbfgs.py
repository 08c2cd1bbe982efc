"""L-BFGS against closed solutions, and as an optimizer of `fit`."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers, optimizers


def small(optimizer: Any, **kernel: Any) -> Any:
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(6, "tanh", **kernel), layers.Dense(2)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    model.compile(optimizer, "mse")
    return model


X = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
Y = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], 1).astype(np.float32)


def test_lbfgs_solves_least_squares() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8)).astype(np.float32)
    y = (x @ rng.normal(size=(8, 3)) + rng.normal(size=(60, 3))).astype(np.float32)
    model = fastnn.Sequential([layers.Input((8,)), layers.Dense(3, kernel_regularizer=fastnn.regularizers.L2(0.1))])
    model.compile(optimizers.LBFGS(max_iter=100, gradient_tolerance=1e-6, loss_tolerance=0.0), "mse")
    history = model.fit(x, y, epochs=50, verbose=0)
    # The normal equations of mean((x w + b - y)^2) + 0.1 * sum(w^2).
    wide = np.hstack([x, np.ones((60, 1))]).astype(np.float64)
    ridge = np.diag([0.1 * y.size] * 8 + [0.0])
    best = np.linalg.solve(wide.T @ wide + ridge, wide.T @ y)
    np.testing.assert_allclose(model.get_weights()[0], best[:-1], atol=2e-4)
    np.testing.assert_allclose(model.get_weights()[1], best[-1], atol=2e-4)
    assert model.optimizer.converged and len(history.history["loss"]) < 5
    assert 5 < model.optimizer.iterations_taken < 60 and model.optimizer.evaluations < 120


def test_lbfgs_reaches_a_minimum_of_a_network_that_adam_does_not() -> None:
    model, other = small(optimizers.LBFGS(max_iter=1000)), small(optimizers.Adam(0.01))
    losses = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    by_adam = other.fit(X, Y, epochs=200, batch_size=40, verbose=0).history["loss"][-1]
    assert losses[-1] < 0.5 * by_adam and losses == sorted(losses, reverse=True)
    assert model.evaluate(X, Y, batch_size=40, verbose=0) == pytest.approx(losses[-1], rel=1e-4)


def test_lbfgs_one_iteration_a_step_takes_the_same_way() -> None:
    models = small(optimizers.LBFGS(max_iter=12)), small(optimizers.LBFGS(max_iter=1))
    models[0].fit(X, Y, epochs=1, verbose=0, shuffle=False)
    models[1].fit(X, Y, epochs=12, verbose=0, shuffle=False)
    assert models[1].optimizer.iterations_taken == 12 == models[0].optimizer.iterations_taken
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_lbfgs_starts_anew_with_other_data() -> None:
    model = small(optimizers.LBFGS(max_iter=500))
    model.fit(X, Y, epochs=2, verbose=0)
    other = np.cos(Y)
    before = model.evaluate(X, other, verbose=0)
    model.fit(X, other, epochs=2, verbose=0)
    assert model.evaluate(X, other, verbose=0) < 0.2 * before


def test_lbfgs_refuses_what_it_cannot_do() -> None:
    model = small(optimizers.LBFGS())
    before = model.get_weights()
    with pytest.raises(ValueError, match="whole data as one batch"):
        model.fit(X, Y, batch_size=8, verbose=0)
    with pytest.raises(ValueError, match="constraint"):
        small(optimizers.LBFGS(), kernel_constraint="non_neg").fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="compile"):
        model.optimizer.apply([np.ones(2)], [fastnn.Variable(np.ones(2))])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_lbfgs_leaves_no_trace_of_an_interrupted_step() -> None:
    model = small(optimizers.LBFGS(max_iter=5))
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    again = copy.deepcopy(model)
    for one in (model, again):
        one.fit(X, Y, verbose=0, shuffle=False)
    assert not all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_lbfgs_in_a_file(tmp_path: Any) -> None:
    model = small(optimizers.LBFGS(max_iter=3, history_size=5))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = fastnn.saving.load_model(tmp_path / "m.keras")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True))
