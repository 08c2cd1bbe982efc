"""Activation functions on arrays: those with arguments, those along an axis, and their errors."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn
from fastnn import activations, layers, ops


def test_arguments_reach_the_core() -> None:
    x = np.array([-3.0, -0.6, -0.25, 0.0, 0.25, 0.6, 3.0])
    close = np.testing.assert_allclose
    close(activations.celu(x, alpha=2.0), np.where(x > 0, x, 2 * np.expm1(x / 2)), rtol=1e-6)
    close(activations.hard_shrink(x, threshold=0.25), [-3, -0.6, 0, 0, 0, 0.6, 3], rtol=1e-6)
    close(activations.soft_shrink(x, threshold=0.25), [-2.75, -0.35, 0, 0, 0, 0.35, 2.75], rtol=1e-6)
    close(activations.threshold(x, 0.25, -7.0), [-7, -7, -7, -7, -7, 0.6, 3], rtol=1e-6)
    close(activations.threshold(x, -1.0, 20.0), [20, -0.6, -0.25, 0, 0.25, 0.6, 3], rtol=1e-6)
    close(activations.squareplus(x, b=1), (x + np.sqrt(x**2 + 1)) / 2, rtol=1e-6)
    close(activations.hard_swish(x), x * np.clip(x / 6 + 0.5, 0, 1), rtol=1e-6)


def test_limits() -> None:
    far = [-np.inf, np.inf]
    np.testing.assert_array_equal(activations.squareplus(far), [0, np.inf])
    np.testing.assert_array_equal(activations.squareplus([0.0], b=0), [0])
    np.testing.assert_array_equal(activations.hard_silu(far), [0, np.inf])
    np.testing.assert_array_equal(activations.log_sigmoid(far), [-np.inf, 0])
    np.testing.assert_array_equal(activations.sparse_plus(far), [0, np.inf])
    tiny = np.array([1e-3, -1e-3])
    np.testing.assert_allclose(activations.tanh_shrink(tiny), tiny**3 / 3, rtol=1e-6)


def test_along_an_axis() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3, 6)).astype(np.float32)
    gate = 1 / (1 + np.exp(-x[2:].astype(np.float64)))
    np.testing.assert_allclose(activations.glu(x, axis=0), x[:2] * gate, rtol=1e-5)
    for axis in (0, 1, -1):
        y = activations.sparsemax(x, axis=axis)
        np.testing.assert_allclose(y.sum(axis=axis), 1.0, rtol=1e-6)
        np.testing.assert_array_equal(np.moveaxis(y, axis, -1), activations.sparsemax(np.moveaxis(x, axis, -1)))
    np.testing.assert_array_equal(activations.sparsemax([5.0, 1.0, 0.0]), [1, 0, 0])
    np.testing.assert_allclose(activations.sparsemax([1000.5, 1000.0, 999.0]), [0.75, 0.25, 0], rtol=1e-6)


def test_what_they_refuse() -> None:
    with pytest.raises(ValueError, match="glu expects an even size along axis -1"):
        activations.glu(np.ones((2, 3)))
    with pytest.raises(ValueError, match="sparsemax along axis 2 needs an array that has it"):
        activations.sparsemax(np.ones((2, 3)), axis=2)
    with pytest.raises(ValueError, match="alpha expects a number above 0"):
        activations.celu([1.0], alpha=0.0)
    with pytest.raises(ValueError, match="'threshold' has no defaults"):
        layers.Dense(3, activation="threshold")
    with pytest.raises(ValueError, match=r"PReLU \"slopes\": shared_axes expects axes from 1 to 2"):
        layers.PReLU(shared_axes=3, name="slopes").build((None, 4, 5))


WITH_ARGUMENTS = {
    "leaky_relu": (lambda: layers.LeakyReLU(0.1), lambda x: ops.where(x > 0, x, 0.1 * x)),
    "relu": (lambda: layers.ReLU(2.0), lambda x: ops.minimum(ops.maximum(x, 0.0), 2.0)),
    "elu": (lambda: layers.ELU(0.5), lambda x: ops.where(x > 0, x, 0.5 * (ops.exp(ops.minimum(x, 0.0)) - 1.0))),
}


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
@pytest.mark.parametrize(
    "before",
    [
        lambda: layers.Dense(5),
        lambda: layers.Conv2D(5, 3),
        lambda: layers.Conv2D(16, 3, padding="same"),
        lambda: layers.Conv2DTranspose(4, 3, strides=2),
        lambda: layers.Conv2DTranspose(16, 4, strides=2, padding="same"),
        lambda: layers.DepthwiseConv2D(3),
        lambda: layers.SeparableConv2D(4, 3),
        lambda: layers.BatchNormalization(),
        lambda: layers.MaxPooling2D(2),
    ],
)
def test_an_activation_with_arguments_is_computed_by_the_layer_before_it(before, name) -> None:
    rng = np.random.default_rng(0)
    x = (3 * rng.normal(size=(6, 9, 9, 16))).astype(np.float32)
    layer, function = WITH_ARGUMENTS[name]
    models = []
    for activation in (layer(), layers.Lambda(function)):
        fastnn.utils.set_random_seed(1)
        model = fastnn.Sequential([fastnn.Input((9, 9, 16)), before(), activation, layers.Flatten(), layers.Dense(2)])
        model.compile(fastnn.optimizers.SGD(0.01), "mse")
        models.append(model)
    for model in models:
        model.fit(x, np.ones((6, 2), np.float32), batch_size=6, epochs=2, verbose=0)
    plan = models[0].__fastnn_training__.programs.training(models[0].__fastnn_training__.compiled).trainer.plan(6)
    assert (f" + {name} -> " in plan) == (not isinstance(models[0].layers[0], layers.MaxPooling2D))
    np.testing.assert_allclose(*(model.predict(x, verbose=0) for model in models), rtol=2e-4, atol=2e-5)
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)


KINKS = {
    "relu": [0.0], "leaky_relu": [0.0], "relu6": [0.0, 6.0], "hard_sigmoid": [-3.0, 3.0], "hard_silu": [-3.0, 3.0],
    "elu": [0.0], "celu": [0.0], "selu": [0.0], "hard_tanh": [-1.0, 1.0], "hard_shrink": [-0.5, 0.5],
    "soft_shrink": [-0.5, 0.5], "sparse_plus": [-1.0, 1.0], "sparse_sigmoid": [-1.0, 1.0],
}  # fmt: skip
"""Points at which functions have two slopes."""


@pytest.mark.parametrize("name", KINKS)
def test_the_gradient_where_the_slope_jumps_does_not_depend_on_a_batch(name):
    function = getattr(ops, name)
    weight = fastnn.Variable(np.array(KINKS[name], np.float32))

    @fastnn.function
    def gradients(rows):
        with fastnn.GradientTape(persistent=True) as tape:
            batch = rows + 0.0 * weight[0]
            with_batch, without = ops.sum(function(batch)), ops.sum(function(weight * 1.0))
        return tape.gradient(with_batch, batch), tape.gradient(without, weight)

    with_batch, without = gradients(np.array(KINKS[name], np.float32)[:, None])
    np.testing.assert_allclose(without, np.ravel(with_batch))
