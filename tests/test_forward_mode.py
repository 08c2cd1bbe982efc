"""Derivatives along a direction, against formulas and differences."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops

X = np.random.RandomState(0).uniform(0.2, 1.0, (3, 4)).astype("float32")
T = np.random.RandomState(1).normal(size=(3, 4)).astype("float32")


@pytest.mark.parametrize(
    ("fun", "derivative"),
    [
        (ops.sin, np.cos(X) * T),
        (lambda x: ops.sum(x * x, axis=1), (2 * X * T).sum(1)),
        (lambda x: x @ ops.transpose(x), T @ X.T + X @ T.T),
        (lambda x: ops.log(ops.max(x, axis=0)), T[X.argmax(0), range(4)] / X.max(0)),
        (lambda x: ops.ones(3), np.zeros(3)),
    ],
)
def test_a_derivative_is_that_of_the_formula(fun, derivative):
    result, change = ops.jvp(fun, (X,), (T,))
    np.testing.assert_allclose(result, np.asarray(fun(X)), rtol=1e-6)
    np.testing.assert_allclose(change, derivative, rtol=2e-5, atol=1e-6)


def test_single_numbers_several_arguments_and_further_results():
    # The numbers of Keras' documentation.
    np.testing.assert_allclose(ops.linalg.jvp(ops.sin, (0.1,), (0.2,)), (0.09983342, 0.19900084), rtol=1e-6)
    result, change, aux = ops.jvp(
        lambda x, y: ({"product": x * y, "sum": ops.sum(x)}, y + 1), [X, T], [T, X], has_aux=True
    )
    np.testing.assert_allclose(change["product"], T * T + X * X, rtol=1e-5)
    np.testing.assert_allclose(change["sum"], T.sum(), rtol=1e-5)
    np.testing.assert_allclose(result["product"], X * T, rtol=1e-6)
    np.testing.assert_allclose(aux, T + 1, rtol=1e-6)


def test_a_network_agrees_with_differences():
    model = fastnn.Sequential([fastnn.Input((4,)), layers.Dense(8, activation="tanh"), layers.Dense(2)])
    _, change = ops.jvp(model, (X,), (T,))
    step = 1e-2
    ahead, behind = (model.predict(X + sign * step * T, verbose=0) for sign in (1, -1))
    np.testing.assert_allclose(change, (ahead - behind) / (2 * step), atol=2e-3)


def test_within_a_function_it_is_part_of_the_step():
    @fastnn.function
    def speed(x, t):
        return ops.jvp(ops.square, (x,), (t,))[1] * 3.0

    np.testing.assert_allclose(speed(X, T), 6 * X * T, rtol=1e-5)


def test_mistakes_are_told():
    with pytest.raises(TypeError, match="expects primals to be a list or tuple of arguments, got 3"):
        ops.jvp(ops.sin, 3, (4,))
    with pytest.raises(ValueError, match="tangents of the shapes of primals"):
        ops.jvp(ops.sin, (np.ones(2),), (np.ones(3),))
    with pytest.raises(TypeError, match="got a symbolic tensor of a model"):
        ops.jvp(ops.sin, (fastnn.Input((3,)),), (fastnn.Input((3,)),))
