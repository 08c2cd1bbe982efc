"""Gradients of gradients: those that are written as nodes agree with the core's, and theirs with differences."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Sequential, layers, losses, ops

_CONV = (6, 6, 2)
_STEPS = (4, 3)
LAYERS = {
    "average-pooling-odd": ((7, 7, 2), lambda: [layers.Conv2D(2, 2, activation="tanh"), layers.AveragePooling2D(3, 2)]),
    "batch-norm": ((5,), lambda: [layers.Dense(3), layers.BatchNormalization()]),
    "conv-same-odd": ((7, 7, 2), lambda: [layers.Conv2D(3, 5, strides=2, padding="same", activation="tanh")]),
    "conv1d-causal": ((7, 2), lambda: [layers.Conv1D(3, 2, dilation_rate=2, padding="causal", activation="tanh")]),
    "conv1d-same": ((7, 2), lambda: [layers.Conv1D(3, 3, strides=2, padding="same", activation="tanh")]),
    "conv2d-kernel": (_CONV, lambda: [layers.Conv2D(3, 3, padding="same", activation="softplus")]),
    "conv2d-strides": (_CONV, lambda: [layers.Conv2D(3, 3, strides=2, activation="sigmoid")]),
    "cropping": (_CONV, lambda: [layers.Cropping2D(((1, 0), (0, 2))), layers.Conv2D(2, 2, activation="tanh")]),
    "depthwise": (_CONV, lambda: [layers.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh")]),
    "dropout": ((5,), lambda: [layers.Dense(6, activation="tanh"), layers.Dropout(0.4)]),
    "gelu": ((5,), lambda: [layers.Dense(3, activation="gelu")]),
    "group-norm": (_CONV, lambda: [layers.Conv2D(4, 3), layers.GroupNormalization(2)]),
    "gru": (_STEPS, lambda: [layers.GRU(3)]),
    "layer-norm": ((5,), lambda: [layers.Dense(4), layers.LayerNormalization()]),
    "layer-norm-axes": (_CONV, lambda: [layers.Conv2D(3, 3), layers.LayerNormalization(axis=(1, 2))]),
    "lstm": (_STEPS, lambda: [layers.LSTM(3, return_sequences=True)]),
    "max-pooling": (_CONV, lambda: [layers.Conv2D(3, 3, activation="tanh"), layers.MaxPooling2D(2)]),
    "max-pooling-over": ((7, 7, 2), lambda: [layers.Conv2D(3, 2, activation="tanh"), layers.MaxPool2D(3, 2, "same")]),
    "means-of-steps": (_STEPS, lambda: [layers.Dense(3, activation="tanh"), layers.GlobalAveragePooling1D()]),
    "most-of-all": (_CONV, lambda: [layers.Conv2D(3, 3, activation="tanh"), layers.GlobalMaxPooling2D()]),
    "permute": (_STEPS, lambda: [layers.Permute((2, 1)), layers.Dense(3, activation="tanh")]),
    "prelu": ((5,), lambda: [layers.Dense(4), layers.PReLU("ones"), layers.Dense(3, activation="tanh")]),
    "repeat": ((5,), lambda: [layers.Dense(3, activation="tanh"), layers.RepeatVector(2)]),
    "rms-norm": ((5,), lambda: [layers.Dense(4), layers.RMSNormalization()]),
    "selu": ((5,), lambda: [layers.Dense(4, activation="selu"), layers.Dense(3, activation="tanh")]),
    "separable": (_CONV, lambda: [layers.SeparableConv2D(3, 3, strides=2, padding="same", activation="tanh")]),
    "simple-rnn": (_STEPS, lambda: [layers.SimpleRNN(3, go_backwards=True)]),
    "softmax": ((5,), lambda: [layers.Dense(4, activation="softmax")]),
    "transposed": ((3, 3, 2), lambda: [layers.Conv2DTranspose(2, 3, strides=2, padding="same", activation="tanh")]),
    "unit-norm": ((5,), lambda: [layers.Dense(4), layers.UnitNormalization()]),
    "upsampling": ((3, 3, 2), lambda: [layers.UpSampling2D(), layers.Conv2D(2, 3, activation="tanh")]),
    "zero-padding": ((3, 3, 2), lambda: [layers.ZeroPadding2D(), layers.Conv2D(2, 3, activation="tanh")]),
}  # fmt: skip


def _close_to_differences(function, variables, first: float, found) -> None:
    """Checks gradients against central differences in one random direction; float32 allows some percent."""
    random = np.random.RandomState(5)
    before = [variable.numpy() for variable in variables]
    directions = [random.normal(size=v.shape).astype("float32") for v in before]
    sides = []
    for sign in (1, -1):
        for variable, value, direction in zip(variables, before, directions, strict=True):
            variable.assign(value + sign * 4e-3 * direction)
        sides.append(float(function()))
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    expected = (sides[0] - sides[1]) / 8e-3
    total = sum(0.0 if g is None else float(np.sum(g * d)) for g, d in zip(found, directions, strict=True))
    assert total == pytest.approx(expected, rel=3e-2, abs=2e-2 * max(abs(first), 1e-3))


@pytest.mark.parametrize("name", list(LAYERS))
def test_a_penalty_on_gradients(name: str) -> None:
    """The penalty of WGAN-GP: slopes are those of the core, and the gradient of the penalty that of differences."""
    shape, made = LAYERS[name]
    fastnn.utils.set_random_seed(4)
    flat = [layers.Flatten(), layers.Dense(1)]
    model = Sequential([layers.Input(shape), *made(), *flat])
    random = np.random.RandomState(1)
    for variable in model.trainable_variables:
        variable.assign(variable.numpy() + random.normal(0, 0.3, variable.shape))
    x = random.normal(size=(3, *shape)).astype("float32")
    training = name in ("batch-norm",)

    def value(x):
        return ops.sum(ops.tanh(model(x, training=training)))

    @fastnn.function
    def plain(x):
        with GradientTape() as tape:
            found = value(x)
        return tape.gradient(found, x)

    @fastnn.function
    def penalized(x):
        with GradientTape() as outer:
            with GradientTape() as inner:
                found = value(x)
            slopes = inner.gradient(found, x)
            penalty = ops.sum(slopes**2)
        return slopes, penalty, outer.gradient(penalty, model.trainable_variables)

    @fastnn.function
    def alone(x):
        with GradientTape() as inner:
            found = value(x)
        return ops.sum(inner.gradient(found, x) ** 2)

    slopes, penalty, gradients = penalized(x)
    np.testing.assert_allclose(slopes, plain(x), rtol=2e-3, atol=2e-5)
    _close_to_differences(lambda: alone(x), model.trainable_variables, float(penalty), gradients)


CROSS_ENTROPIES = {
    "binary": (losses.BinaryCrossentropy(), "sigmoid", lambda r: r.randint(0, 2, (4, 3)).astype("float32")),
    "binary-logits": (losses.BinaryCrossentropy(True), None, lambda r: r.randint(0, 2, (4, 3)).astype("float32")),
    "categorical": (losses.CategoricalCrossentropy(), "softmax", lambda r: np.eye(3, dtype="float32")[[0, 2, 1, 1]]),
    "sparse": (losses.SparseCategoricalCrossentropy(), "softmax", lambda r: r.randint(0, 3, 4)),
    "sparse-logits": (losses.SparseCategoricalCrossentropy(True), None, lambda r: r.randint(0, 3, 4)),
}


@pytest.mark.parametrize("name", list(CROSS_ENTROPIES))
def test_an_inner_step_through_a_cross_entropy(name: str) -> None:
    """The outer gradient of MAML: of a loss after one step of gradient descent on another."""
    loss, last, targets = CROSS_ENTROPIES[name]
    random = np.random.RandomState(2)
    first = fastnn.Variable(random.normal(0, 0.7, (5, 4)).astype("float32"))
    second = fastnn.Variable(random.normal(0, 0.7, (4, 3)).astype("float32"))
    act = {"sigmoid": ops.sigmoid, "softmax": ops.softmax, None: lambda x: x}[last]
    x, y = random.normal(size=(4, 5)).astype("float32"), targets(random)

    def outer(x, y):
        def value(a, b):
            return loss(y, act(ops.matmul(ops.tanh(ops.matmul(x, a)), b)))

        with GradientTape() as tape:
            inner = value(first, second)
        a, b = tape.gradient(inner, [first, second])
        return value(first - 0.5 * a, second - 0.5 * b)

    @fastnn.function
    def step(x, y):
        with GradientTape() as tape:
            found = outer(x, y)
        return found, tape.gradient(found, [first, second])

    found, gradients = step(x, y)
    alone = fastnn.function(outer)
    assert float(found) == pytest.approx(float(alone(x, y)), rel=1e-5)
    _close_to_differences(lambda: alone(x, y), [first, second], float(found), gradients)


def test_a_penalty_through_dropout() -> None:
    """The units that a dropout kept stay so in the gradient of the gradient."""
    dropout, x = layers.Dropout(0.5), np.full((1, 64), 3.0, np.float32)

    @fastnn.function
    def step(x):
        with GradientTape() as outer:
            with GradientTape() as inner:
                kept = dropout(x, training=True)
                value = ops.sum(kept**2)
            slopes = inner.gradient(value, x)
            total = ops.sum(slopes)
        return kept, slopes, outer.gradient(total, x)

    kept, slopes, second = step(x)
    factor = kept / x
    assert set(np.unique(factor)) == {0.0, 2.0}
    np.testing.assert_allclose(slopes, 2 * factor * kept, rtol=1e-6)
    np.testing.assert_allclose(second, 2 * factor * factor, rtol=1e-6)


def test_second_derivatives_for_inputs_in_a_loss() -> None:
    """As a network that is informed by physics has them: gradients for weights of u'' of each row."""
    net = Sequential([layers.Input((1,)), layers.Dense(8, activation="tanh"), layers.Dense(1)])
    x = np.linspace(0, 3, 7).astype("float32")[:, None]

    @fastnn.function
    def gradients(x):
        with GradientTape() as tape:
            with GradientTape() as outer:
                with GradientTape() as inner:
                    u = net(x)
                slope = inner.gradient(u, x)
            bend = outer.gradient(slope, x)
            loss = ops.mean((bend + u) ** 2)
        return tape.gradient(loss, net.trainable_variables), bend

    found, bend = gradients(x)
    first, shift, second, _ = [weight.astype(np.float64) for weight in net.get_weights()]

    def bends(first, shift, second):
        h = np.tanh(x @ first + shift)
        return (-2 * h * (1 - h**2) * first**2) @ second, h @ second

    np.testing.assert_allclose(bend, bends(first, shift, second)[0], rtol=1e-4, atol=1e-5)
    last = net.get_weights()[3]

    def loss(*weights):
        curved, value = bends(*weights)
        return np.mean((curved + value + last) ** 2)

    for k, weight in enumerate((first, shift, second)):
        for place in np.ndindex(weight.shape):
            moved = [one.copy() for one in (first, shift, second)]
            moved[k][place] += 1e-5
            above = loss(*moved)
            moved[k][place] -= 2e-5
            np.testing.assert_allclose(found[k][place], (above - loss(*moved)) / 2e-5, rtol=2e-3, atol=2e-4)
