"""Results that are known in advance.

Parameter counts and tables of the course, arithmetic by hand, optimizers in float64, the same bits on any number of
threads and in a forked process, and no allocation inside a run of steps.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import activations, constraints, initializers, layers, optimizers, regularizers
from fastnn.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D

Sequential = fastnn.Sequential


def digest(model: Any) -> str:
    return hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()


# The course's counts and tables --------------------------------------------------------------------------------------


def valid_cnn() -> Any:
    return Sequential(
        [
            Dense(16, input_shape=(20, 20, 3), activation="relu"),
            Conv2D(32, kernel_size=(3, 3), activation="relu", padding="valid"),
            Conv2D(64, kernel_size=(5, 5), activation="relu", padding="valid"),
            Conv2D(128, kernel_size=(7, 7), activation="relu", padding="valid"),
            Flatten(),
            Dense(2, activation="softmax"),
        ]
    )


def same_cnn() -> Any:
    return Sequential(
        [
            Dense(16, input_shape=(20, 20, 3), activation="relu"),
            Conv2D(32, kernel_size=(3, 3), activation="relu", padding="same"),
            Conv2D(64, kernel_size=(5, 5), activation="relu", padding="same"),
            Conv2D(128, kernel_size=(7, 7), activation="relu", padding="same"),
            Flatten(),
            Dense(2, activation="softmax"),
        ]
    )


def pooled_cnn() -> Any:
    return Sequential(
        [
            Dense(16, input_shape=(20, 20, 3), activation="relu"),
            Conv2D(32, kernel_size=(3, 3), activation="relu", padding="same"),
            MaxPooling2D(pool_size=(2, 2), strides=2, padding="valid"),
            Conv2D(64, kernel_size=(5, 5), activation="relu", padding="same"),
            Flatten(),
            Dense(2, activation="softmax"),
        ]
    )


NETWORKS: dict[str, tuple[Callable[[], Any], list[int]]] = {
    "2-3-2": (
        lambda: Sequential([Dense(units=3, input_shape=(2,), activation="relu"), Dense(units=2, activation="softmax")]),
        [9, 8],
    ),
    "8-6-6-4": (
        lambda: Sequential(
            [
                Dense(units=6, input_shape=(8,), activation="relu"),
                Dense(units=6, activation="relu"),
                Dense(units=4, activation="softmax"),
            ]
        ),
        [54, 42, 28],
    ),
    "1-16-32-2": (
        lambda: Sequential(
            [
                Dense(units=16, input_shape=(1,), activation="relu"),
                Dense(units=32, activation="relu"),
                Dense(units=2, activation="sigmoid"),
            ]
        ),
        [32, 544, 66],
    ),
    "cnn-2515": (
        lambda: Sequential(
            [
                Conv2D(2, (3, 3), padding="same", input_shape=(20, 20, 3)),
                Conv2D(3, (3, 3), padding="same"),
                Flatten(),
                Dense(2),
            ]
        ),
        [56, 57, 0, 2402],
    ),
    "batch-normalization": (
        lambda: Sequential(
            [
                Dense(units=16, input_shape=(1, 5), activation="relu"),
                Dense(units=32, activation="relu"),
                BatchNormalization(axis=1),
                Dense(units=2, activation="softmax"),
            ]
        ),
        [96, 544, 4, 66],
    ),
    "valid": (valid_cnn, [64, 4640, 51264, 401536, 0, 16386]),
    "same": (same_cnn, [64, 4640, 51264, 401536, 0, 102402]),
    "pooled": (pooled_cnn, [64, 4640, 0, 51264, 0, 12802]),
}

TOTALS = {
    "2-3-2": 17,
    "8-6-6-4": 124,
    "1-16-32-2": 642,
    "cnn-2515": 2515,
    "batch-normalization": 710,
    "valid": 473_890,
    "same": 559_906,
    "pooled": 68_770,
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.filterwarnings("ignore:.*axis=1.*:UserWarning")
def test_parameter_counts(name: str) -> None:
    make, counts = NETWORKS[name]
    model = make()
    assert [layer.count_params() for layer in model.layers] == counts
    assert model.count_params() == TOTALS[name] == sum(w.size for w in model.get_weights())


@pytest.mark.filterwarnings("ignore:.*axis=1.*:UserWarning")
def test_batch_normalization_over_one_step_has_four_parameters_two_of_them_trainable() -> None:
    model = NETWORKS["batch-normalization"][0]()
    assert sum(w.numpy().size for w in model.trainable_weights) == 708
    assert sum(w.numpy().size for w in model.non_trainable_weights) == 2
    assert [layer.output.shape for layer in model.layers] == [(None, 1, 16), (None, 1, 32), (None, 1, 32), (None, 1, 2)]


BATCH_NORMALIZATION_TABLE = """
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
dense (Dense)                (None, 1, 16)             96
_________________________________________________________________
dense_1 (Dense)              (None, 1, 32)             544
_________________________________________________________________
batch_normalization (BatchNo (None, 1, 32)             4
_________________________________________________________________
dense_2 (Dense)              (None, 1, 2)              66
=================================================================
Total params: 710
Trainable params: 708
Non-trainable params: 2
_________________________________________________________________
"""


def test_summary_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    fastnn.backend.clear_session()
    model = NETWORKS["batch-normalization"][0]()
    assert model.summary() is None
    printed = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in printed] == BATCH_NORMALIZATION_TABLE.strip().splitlines()
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "\n".join(lines).splitlines() == printed
    assert capsys.readouterr().out == ""


def test_summary_cuts_a_long_name_as_the_course_shows() -> None:
    model = Sequential([Input((20, 20, 32)), MaxPooling2D(name="max_pooling2d_1")])
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    (row,) = (line for line in "\n".join(lines).splitlines() if line.startswith("max"))
    assert row.rstrip() == "max_pooling2d_1 (MaxPooling2 (None, 10, 10, 32)        0"


# Manual computation ---------------------------------------------------------------------------------------------------


def test_activations_have_their_textbook_values() -> None:
    assert activations.relu(np.array([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 2.0]
    assert activations.sigmoid(np.array([0.0])).tolist() == [0.5]
    rows = np.asarray(activations.softmax(np.random.default_rng(0).normal(size=(50, 7)) * 20))
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-6)


def test_bias_moves_the_threshold() -> None:
    x = np.array([[1.0, 2.0]])
    kernel = np.array([[-2.0], [1.0]])
    plain = Sequential([Input((2,)), Dense(1, activation="relu", use_bias=False)])
    plain.set_weights([kernel])
    assert plain.predict(x, verbose=0).tolist() == [[0.0]]
    moved = Sequential([Input((2,)), Dense(1, activation="relu", use_bias=True)])
    moved.set_weights([kernel, np.array([3.0])])
    assert moved.predict(x, verbose=0).tolist() == [[3.0]]


def test_convolution_is_a_cross_correlation() -> None:
    a, b = np.arange(9.0).reshape(3, 3), np.array([[1.0, 2, 3], [5, 7, 11], [13, 17, 19]])
    model = Sequential([Input((3, 3, 1)), Conv2D(1, 3, use_bias=False)])
    model.set_weights([b[:, :, None, None]])
    assert model.predict(a[None, :, :, None], verbose=0).item() == (a * b).sum()


@pytest.mark.parametrize("x", [0.7, -1.3, 2.0])
def test_chain_rule_of_one_weight_in_closed_form(x: float) -> None:
    """L = (y - p)^2 with p = sigmoid(w x): dL/dw = 2 (p - y) p (1 - p) x; the course's L has a half in front."""
    w, y = 0.4, 1.0
    model = Sequential([Input((1,)), Dense(1, activation="sigmoid", use_bias=False)])
    model.set_weights([np.array([[w]])])
    model.compile(loss="mse")
    p = 1 / (1 + np.exp(-w * x))
    (gradient,) = model.gradients(np.array([[x]]), np.array([[y]])).values()
    assert gradient.item() / 2 == pytest.approx((p - y) * p * (1 - p) * x, rel=1e-6)


def test_gradients_are_named_by_path() -> None:
    fastnn.backend.clear_session()
    model = NETWORKS["2-3-2"][0]()
    model.compile(loss="mse")
    gradients = model.gradients(np.ones((4, 2)), np.ones((4, 2)))
    assert list(gradients) == [w.path for w in model.trainable_weights]
    assert [g.shape for g in gradients.values()] == [(2, 3), (3,), (3, 2), (2,)]


def test_one_step_of_sgd_is_hand_arithmetic_to_the_last_place() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        w, x, y = (np.float32(v) for v in rng.normal(size=3))
        rate = np.float32(0.01)
        model = Sequential([Input((1,)), Dense(1, use_bias=False)])
        model.set_weights([np.array([[w]])])
        model.compile(optimizers.SGD(learning_rate=float(rate)), loss="mse")
        model.train_on_batch(np.array([[x]]), np.array([[y]]))
        by_hand = w - rate * (np.float32(2) * (w * x - y) * x)
        # The product of the forward pass may be fused with a sum, which rounds once less: hence one unit, not none.
        assert abs(model.get_weights()[0].item() - by_hand) <= np.spacing(np.abs(max(w, by_hand, key=abs)))


def test_mean_squared_error_is_a_mean_over_everything() -> None:
    model = Sequential([Input((2,)), Activation("linear")])
    model.compile(loss="mse")
    assert model.evaluate(np.array([[1.0, 2.0], [3.0, 5.0]]), np.zeros((2, 2)), verbose=0) == pytest.approx(39 / 4)


def test_one_batch_in_ten_images_makes_a_hundred_batches() -> None:
    steps: list[int] = []
    model = Sequential([Input((1,)), Dense(1)])
    model.compile(loss="mse")
    count = fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(batch))
    history = model.fit(np.zeros((1000, 1)), np.zeros(1000), batch_size=10, epochs=1, verbose=0, callbacks=[count])
    assert steps == list(range(100))
    assert history.params["steps"] == 100


# Optimizers against float64 -------------------------------------------------------------------------------------------

Update = Callable[[np.ndarray, np.ndarray, dict[str, Any], int], np.ndarray]


def sgd(learning_rate: float, momentum: float = 0.0, nesterov: bool = False) -> Update:
    def update(w: np.ndarray, g: np.ndarray, slots: dict[str, Any], t: int) -> np.ndarray:
        m = slots["m"] = momentum * slots.get("m", 0.0) - learning_rate * g
        return w + (momentum * m - learning_rate * g if nesterov else m)

    return update


def adam(
    learning_rate: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False
) -> Update:
    def update(w: np.ndarray, g: np.ndarray, slots: dict[str, Any], t: int) -> np.ndarray:
        m = slots["m"] = beta_1 * slots.get("m", 0.0) + (1 - beta_1) * g
        v = slots["v"] = beta_2 * slots.get("v", 0.0) + (1 - beta_2) * g * g
        if amsgrad:
            v = slots["most"] = np.maximum(slots.get("most", 0.0), v)
        return w - learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (np.sqrt(v) + epsilon)

    return update


def rmsprop(
    learning_rate: float, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7, centered: bool = False
) -> Update:
    def update(w: np.ndarray, g: np.ndarray, slots: dict[str, Any], t: int) -> np.ndarray:
        v = slots["v"] = rho * slots.get("v", 0.0) + (1 - rho) * g * g
        if centered:
            a = slots["a"] = rho * slots.get("a", 0.0) + (1 - rho) * g
            v = v - a * a
        m = slots["m"] = momentum * slots.get("m", 0.0) + learning_rate * g / np.sqrt(v + epsilon)
        return w - m

    return update


RULES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "sgd": (optimizers.SGD, sgd, {"learning_rate": 0.05}),
    "sgd-momentum": (optimizers.SGD, sgd, {"learning_rate": 0.02, "momentum": 0.9}),
    "sgd-nesterov": (optimizers.SGD, sgd, {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True}),
    "adam": (optimizers.Adam, adam, {"learning_rate": 0.02}),
    "adam-betas": (optimizers.Adam, adam, {"learning_rate": 0.02, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}),
    "adam-amsgrad": (optimizers.Adam, adam, {"learning_rate": 0.05, "amsgrad": True, "beta_2": 0.8}),
    "rmsprop": (optimizers.RMSprop, rmsprop, {"learning_rate": 0.01}),
    "rmsprop-momentum": (optimizers.RMSprop, rmsprop, {"learning_rate": 0.005, "rho": 0.8, "momentum": 0.5}),
    "rmsprop-centered": (optimizers.RMSprop, rmsprop, {"learning_rate": 0.01, "centered": True, "epsilon": 1e-3}),
    "rmsprop-all": (
        optimizers.RMSprop,
        rmsprop,
        {"learning_rate": 0.005, "momentum": 0.9, "centered": True, "epsilon": 1e-3},
    ),
}

EXTRAS: dict[str, dict[str, float]] = {
    "plain": {},
    "weight-decay": {"weight_decay": 0.1},
    "clipnorm": {"clipnorm": 0.3},
    "clipvalue": {"clipvalue": 0.05},
    "global-clipnorm": {"global_clipnorm": 0.4},
    "decay-and-clip": {"weight_decay": 0.05, "clipnorm": 0.2},
}


def clipped(gradients: list[np.ndarray], extra: dict[str, float]) -> list[np.ndarray]:
    if "clipnorm" in extra:
        return [g * min(1.0, extra["clipnorm"] / np.linalg.norm(g)) for g in gradients]
    if "clipvalue" in extra:
        return [np.clip(g, -extra["clipvalue"], extra["clipvalue"]) for g in gradients]
    if "global_clipnorm" in extra:
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        return [g * min(1.0, extra["global_clipnorm"] / norm) for g in gradients]
    return gradients


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("rule", RULES)
def test_twenty_steps_of_an_optimizer(rule: str, extra: str) -> None:
    kind, reference, arguments = RULES[rule]
    rng = np.random.default_rng(3)
    model = Sequential([Input((5,)), Dense(17)])
    model.set_weights([rng.normal(size=(5, 17)), rng.normal(size=17)])
    model.compile(kind(**arguments, **EXTRAS[extra]), loss="mse")
    weights = [w.astype(np.float64) for w in model.get_weights()]
    slots: list[dict[str, Any]] = [{}, {}]
    update = reference(**arguments)
    for t in range(1, 21):
        x = rng.normal(size=(8, 5)).astype(np.float32)
        y = rng.normal(size=(8, 17)).astype(np.float32) * 3
        model.train_on_batch(x, y)
        error = 2 * (x @ weights[0] + weights[1] - y) / y.size
        gradients = clipped([x.T @ error, error.sum(axis=0)], EXTRAS[extra])
        decay = EXTRAS[extra].get("weight_decay", 0.0) * arguments["learning_rate"]
        weights = [update(w - decay * w, g, s, t) for w, g, s in zip(weights, gradients, slots, strict=True)]
    assert model.optimizer.iterations == 20
    for got, expected in zip(model.get_weights(), weights, strict=True):
        assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()


def test_weight_decay_leaves_out_what_it_is_told_to() -> None:
    model = Sequential([Input((2,)), Dense(2)])
    model.set_weights([np.ones((2, 2)), np.ones(2)])
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, loss="mse")
    x = np.array([[1.0, 0.0]])
    model.train_on_batch(x, model.predict(x, verbose=0))
    np.testing.assert_allclose(model.get_weights()[0], 0.75)
    np.testing.assert_allclose(model.get_weights()[1], 1.0)


def test_the_learning_rate_moves_in_the_middle_of_training_and_keeps_the_slots() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)).astype(np.float32), rng.normal(size=(8, 2)).astype(np.float32)
    model = Sequential([Input((3,)), Dense(2, use_bias=False)])
    model.compile(optimizers.SGD(0.1, momentum=0.9), loss="mse")
    w = model.get_weights()[0].astype(np.float64)
    velocity = np.zeros_like(w)
    for step in range(10):
        if step == 5:
            model.optimizer.learning_rate = 0.01
        rate = 0.1 if step < 5 else 0.01
        velocity = 0.9 * velocity - rate * (x.T @ (2 * (x @ w - y) / y.size))
        w = w + velocity
        model.train_on_batch(x, y)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-4, atol=1e-6)


# Regularizers, constraints, initializers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regularizer", "l1", "l2"),
    [
        (regularizers.L1(0.03), 0.03, 0.0),
        (regularizers.L2(0.02), 0.0, 0.02),
        (regularizers.l2(0.02), 0.0, 0.02),
        (regularizers.L1L2(l1=0.01, l2=0.05), 0.01, 0.05),
        ("l2", 0.0, 0.01),
    ],
    ids=["l1", "l2", "l2-lower", "l1l2", "words"],
)
def test_a_regularizer_adds_to_loss_and_gradient(regularizer: Any, l1: float, l2: float) -> None:
    rng = np.random.default_rng(1)
    kernel = rng.normal(size=(4, 3))
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
    plain = Sequential([Input((4,)), Dense(3)])
    bound = Sequential([Input((4,)), Dense(3, kernel_regularizer=regularizer)])
    for model in (plain, bound):
        model.set_weights([kernel, np.zeros(3)])
        model.compile("sgd", loss="mse")
    penalty = l1 * np.abs(kernel).sum() + l2 * (kernel**2).sum()
    assert bound.evaluate(x, y, verbose=0) - plain.evaluate(x, y, verbose=0) == pytest.approx(penalty, rel=1e-4)
    with_it, without = (next(iter(m.gradients(x, y).values())) for m in (bound, plain))
    np.testing.assert_allclose(with_it - without, l1 * np.sign(kernel) + 2 * l2 * kernel, rtol=1e-3, atol=1e-6)
    before = bound.get_weights()[0]
    bound.train_on_batch(x, y)
    np.testing.assert_allclose(bound.get_weights()[0], before - 0.01 * with_it, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("by_layer", [True, False])
def test_an_activity_penalty_is_a_mean_over_samples(by_layer: bool) -> None:
    x = np.random.default_rng(2).normal(size=(6, 4))
    if by_layer:
        stack = [layers.ActivityRegularization(l1=0.1, l2=0.2)]
    else:
        stack = [Activation("linear", activity_regularizer=regularizers.L1L2(0.1, 0.2))]
    model = Sequential([Input((4,)), *stack])
    model.compile(loss="mse")
    penalty = (0.1 * np.abs(x).sum() + 0.2 * (x**2).sum()) / 6
    assert model.evaluate(x, x, batch_size=6, verbose=0) == pytest.approx(penalty, rel=1e-5)


def test_an_activity_penalty_moves_the_weights_below_it() -> None:
    x = np.random.default_rng(2).normal(size=(6, 4))
    kernel = np.random.default_rng(3).normal(size=(4, 3))
    model = Sequential([Input((4,)), Dense(3, use_bias=False, activity_regularizer=regularizers.L2(0.5))])
    model.set_weights([kernel])
    model.compile(loss="mse")
    (gradient,) = model.gradients(x, x @ kernel).values()
    np.testing.assert_allclose(gradient, x.T @ (2 * 0.5 * (x @ kernel)) / 6, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (constraints.NonNeg(), lambda w: np.maximum(w, 0)),
        (constraints.MaxNorm(0.8), lambda w: w * np.minimum(1, 0.8 / np.linalg.norm(w, axis=0))),
        (constraints.UnitNorm(), lambda w: w / np.linalg.norm(w, axis=0)),
        (constraints.UnitNorm(axis=1), lambda w: w / np.linalg.norm(w, axis=1, keepdims=True)),
        (
            constraints.MinMaxNorm(0.9, 1.1, rate=0.5),
            lambda w: w * (0.5 * np.clip(np.linalg.norm(w, axis=0), 0.9, 1.1) / np.linalg.norm(w, axis=0) + 0.5),
        ),
    ],
    ids=["non-neg", "max-norm", "unit-norm", "unit-norm-axis1", "min-max-norm"],
)
def test_a_constraint_holds_after_the_update(constraint: Any, expected: Callable[[np.ndarray], np.ndarray]) -> None:
    rng = np.random.default_rng(4)
    kernel = rng.normal(size=(5, 7))
    x, y = rng.normal(size=(6, 5)), rng.normal(size=(6, 7))
    model = Sequential([Input((5,)), Dense(7, use_bias=False, kernel_constraint=constraint)])
    model.set_weights([kernel])
    model.compile(optimizers.SGD(0.1), loss="mse")
    moved = kernel - 0.1 * (x.T @ (2 * (x @ kernel - y) / y.size))
    model.train_on_batch(x, y)
    np.testing.assert_allclose(model.get_weights()[0], expected(moved), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("initializer", "variance", "bound"),
    [
        (initializers.GlorotUniform(seed=1), 2 / 2000, np.sqrt(6 / 2000)),
        (initializers.GlorotNormal(seed=1), 2 / 2000, 3 * np.sqrt(2 / 2000)),
        (initializers.HeNormal(seed=1), 2 / 1000, 3 * np.sqrt(2 / 1000)),
        (initializers.HeUniform(seed=1), 2 / 1000, np.sqrt(6 / 1000)),
        (initializers.LecunNormal(seed=1), 1 / 1000, 3 * np.sqrt(1 / 1000)),
        (initializers.LecunUniform(seed=1), 1 / 1000, np.sqrt(3 / 1000)),
        (initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal", seed=1), 3 / 1000, np.inf),
        (initializers.RandomNormal(mean=0.0, stddev=1.0, seed=1), 1.0, np.inf),
        (initializers.RandomUniform(-0.5, 0.5, seed=1), 1 / 12, 0.5),
        (initializers.TruncatedNormal(0.0, 1.0, seed=1), 0.7737, 2.0),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "get_config") else None,
)
def test_initializers_have_their_variance(initializer: Any, variance: float, bound: float) -> None:
    values = np.asarray(initializer((1000, 1000)))
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.01 * np.sqrt(variance)
    assert values.astype(np.float64).var() == pytest.approx(variance, rel=0.02)
    assert np.abs(values).max() <= bound * (1 + 1e-6)


def test_initializers_of_a_convolution_count_its_field() -> None:
    kernel = np.asarray(initializers.HeUniform(seed=1)((5, 3, 40, 50)))
    assert np.abs(kernel).max() == pytest.approx(np.sqrt(6 / (5 * 3 * 40)), rel=1e-3)


def test_fixed_initializers() -> None:
    np.testing.assert_array_equal(initializers.Zeros()((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.Ones()((2, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(initializers.Constant(0.25)((2, 3)), np.full((2, 3), 0.25))
    np.testing.assert_array_equal(initializers.Identity(2.0)((3, 3)), 2 * np.eye(3))
    for shape in [(5, 5), (3, 8), (8, 3), (3, 3, 2, 4)]:
        q = np.asarray(initializers.Orthogonal(seed=3)(shape), dtype=np.float64).reshape(-1, shape[-1])
        small = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
        np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-5)


def test_a_seeded_initializer_repeats_and_another_seed_differs() -> None:
    first, again, other = (np.asarray(initializers.GlorotUniform(seed=s)((30, 40))) for s in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


# The same bits --------------------------------------------------------------------------------------------------------


def blobs(rows: int, shape: tuple[int, ...], classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns classes around random centers."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, size=rows)
    x = rng.normal(size=(rows, *shape)) + rng.normal(size=(classes, *shape))[y]
    return x.astype(np.float32), y


def mlp() -> Any:
    return Sequential(
        [Input((50,)), Dense(131, activation="relu"), Dropout(0.3), Dense(67, activation="tanh"), Dense(4, "softmax")]
    )


def cnn() -> Any:
    return Sequential(
        [
            Input((11, 9, 3)),
            Conv2D(33, 3, padding="same", use_bias=False),
            BatchNormalization(),
            Activation("relu"),
            MaxPooling2D(3, strides=2, padding="same"),
            Conv2D(17, 3, strides=2, activation="relu"),
            Dropout(0.25),
            layers.GlobalAveragePooling2D(),
            Dense(4, activation="softmax"),
        ]
    )


def trained(make: Callable[[], Any], epochs: int = 3, seed: int = 3, threads: int = 0) -> Any:
    fastnn.config.set_num_threads(threads)
    fastnn.utils.set_random_seed(seed)
    model = make()
    x, y = blobs(201, model.input_shape[1:], 4)
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    return model


@pytest.mark.parametrize("make", [mlp, cnn])
def test_training_has_the_same_bits_on_any_number_of_threads(make: Callable[[], Any]) -> None:
    assert len({digest(trained(make, threads=threads)) for threads in (1, 2, 4)}) == 1


@pytest.mark.parametrize("make", [mlp, cnn])
def test_a_seed_repeats_a_training_and_another_does_not(make: Callable[[], Any]) -> None:
    assert digest(trained(make)) == digest(trained(make))
    assert digest(trained(make)) != digest(trained(make, seed=4))


@pytest.mark.parametrize("make", [mlp, cnn])
def test_training_learns(make: Callable[[], Any]) -> None:
    model = trained(make, epochs=15)
    x, y = blobs(201, model.input_shape[1:], 4)
    assert model.evaluate(x, y, verbose=0)[1] > 0.95


def test_two_ways_to_write_a_model_are_the_same_model() -> None:
    fastnn.utils.set_random_seed(9)
    first = Sequential([Dense(units=5, input_shape=(3,), activation="relu")])
    fastnn.utils.set_random_seed(9)
    second = Sequential()
    second.add(Dense(units=5, input_shape=(3,)))
    second.add(Activation("relu"))
    assert first.count_params() == second.count_params() == 20
    x = np.random.default_rng(0).normal(size=(9, 3))
    np.testing.assert_array_equal(first.predict(x, verbose=0), second.predict(x, verbose=0))
    assert digest(first) == digest(second)
    second.pop()
    assert len(second.layers) == 1
    assert (second.predict(x, verbose=0) < 0).any()


def test_a_second_fit_goes_on_where_the_first_stopped() -> None:
    x, y = blobs(60, (50,), 4)

    def run(*epochs: int) -> Any:
        fastnn.utils.set_random_seed(1)
        model = mlp()
        model.compile("adam", loss="sparse_categorical_crossentropy")
        for count in epochs:
            model.fit(x, y, batch_size=16, epochs=count, shuffle=False, verbose=0)
        return model

    once, twice = run(4), run(1, 3)
    assert once.optimizer.iterations == twice.optimizer.iterations == 16
    assert digest(once) == digest(twice)


def test_looking_changes_nothing() -> None:
    model = trained(cnn)
    x, y = blobs(50, model.input_shape[1:], 4, seed=8)
    before = digest(model)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    model.test_on_batch(x, y)
    model.gradients(x, y)
    assert digest(model) == before


def test_validation_changes_nothing() -> None:
    hashes = []
    for validation in (None, blobs(50, (11, 9, 3), 4, seed=8)):
        fastnn.utils.set_random_seed(3)
        model = cnn()
        x, y = blobs(64, (11, 9, 3), 4)
        model.compile("adam", loss="sparse_categorical_crossentropy")
        history = model.fit(x, y, epochs=2, validation_data=validation, verbose=0)
        assert set(history.history) == ({"loss", "val_loss"} if validation else {"loss"})
        hashes.append(digest(model))
    assert hashes[0] == hashes[1]


def test_predictions_do_not_depend_on_the_batch_size() -> None:
    model = trained(cnn)
    x, _ = blobs(77, model.input_shape[1:], 4, seed=8)
    whole = model.predict(x, batch_size=77, verbose=0)
    assert whole.dtype == np.float32
    for size in (1, 10, 32, 76):
        np.testing.assert_array_equal(model.predict(x, batch_size=size, verbose=0), whole)
    np.testing.assert_array_equal(model(x), whole)


def test_frozen_layers_keep_every_bit() -> None:
    model = trained(cnn)
    for layer in model.layers[:-1]:
        layer.trainable = False
    model.compile("adam", loss="sparse_categorical_crossentropy")
    before = model.get_weights()
    x, y = blobs(64, model.input_shape[1:], 4, seed=5)
    model.fit(x, y, epochs=2, verbose=0)
    after = model.get_weights()
    assert len(model.trainable_weights) == 2
    assert list(model.gradients(x, y)) == [w.path for w in model.trainable_weights]
    for first, second in zip(before[:-2], after[:-2], strict=True):
        np.testing.assert_array_equal(first, second)
    assert (before[-2] != after[-2]).any()


def test_the_order_is_shuffled_unless_told_otherwise() -> None:
    def run(shuffle: bool, seed: int) -> str:
        fastnn.utils.set_random_seed(seed)
        model = Sequential([Input((50,)), Dense(4, "softmax", kernel_initializer="ones")])
        model.compile("sgd", loss="sparse_categorical_crossentropy")
        model.fit(*blobs(60, (50,), 4), batch_size=7, epochs=1, shuffle=shuffle, verbose=0)
        return digest(model)

    assert run(False, 1) == run(False, 2)
    assert run(True, 1) == run(True, 1)
    assert len({run(True, 1), run(True, 2), run(False, 1)}) == 3


# Processes and memory -------------------------------------------------------------------------------------------------

FORK = """
    import os, sys
    import numpy as np
    import fastnn
    from fastnn.layers import Conv2D, Dense, Flatten, Input

    fastnn.config.set_num_threads(4)
    fastnn.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(128, 16, 16, 3)).astype(np.float32), rng.integers(0, 4, size=128)
    model = fastnn.Sequential([Input((16, 16, 3)), Conv2D(32, 3, activation="relu"), Flatten(), Dense(4, "softmax")])
    model.compile("adam", loss="sparse_categorical_crossentropy")
    model.fit(x, y, epochs=1, verbose=0)

    def go_on():
        predicted = model.predict(x, verbose=0)
        model.fit(x, y, epochs=1, shuffle=False, verbose=0)
        return b"".join(a.tobytes() for a in [predicted, *model.get_weights()])

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with os.fdopen(writer, "wb") as out:
                out.write(go_on())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        from_child = pipe.read()
    os.waitpid(child, 0)
    assert len(from_child) > 1000, "the child said nothing"
    assert from_child == go_on(), "the child computed other bits"
    print("same bits")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_predicts_and_trains_with_the_same_bits() -> None:
    run = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(FORK)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert done.stdout == "same bits\n", done.stderr


COUNTER = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <errno.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
    *__libc_memalign(size_t, size_t);
static long count;
static void seen(void) { __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED); }
long allocations(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }
void *malloc(size_t n) { seen(); return __libc_malloc(n); }
void *calloc(size_t n, size_t s) { seen(); return __libc_calloc(n, s); }
void *realloc(void *p, size_t n) { seen(); return __libc_realloc(p, n); }
void *memalign(size_t a, size_t n) { seen(); return __libc_memalign(a, n); }
void *aligned_alloc(size_t a, size_t n) { seen(); return __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) { seen(); *p = __libc_memalign(a, n); return *p ? 0 : ENOMEM; }
"""

ALLOCATIONS = """
    import ctypes
    import numpy as np
    import fastnn
    from fastnn import _core, layers

    core = _core.core_for("float32")
    allocations = ctypes.CDLL(None).allocations
    allocations.restype = ctypes.c_long
    before = allocations()
    np.empty(1 << 20)
    assert allocations() > before, "nothing is counted"
    runs = []

    class Watched:
        def __init__(self, *parts, make=core.Trainer):
            self.trainer = make(*parts)

        def __getattr__(self, name):
            return getattr(self.trainer, name)

        def run(self, *arguments):
            run = self.trainer.run
            before = allocations()
            done = run(*arguments)
            runs.append((done, allocations() - before))
            return done

    core.Trainer = Watched
    for threads, side in ((1, 6), (2, 6), (1, 48), (2, 48)):  # the larger images are taken in pieces
        fastnn.config.set_num_threads(threads)
        model = fastnn.Sequential([
            layers.Input((side, side, 2)), layers.Conv2D(8, 3, padding="same", activation="relu"),
            *([layers.BatchNormalization()] if side == 6 else [layers.Conv2D(16, 3, padding="same")]),
            layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.2),
            layers.Dense(6, activation="tanh"), layers.Dense(3, activation="softmax"),
        ])
        model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        rows = 4 if side == 6 else 16
        x = np.random.default_rng(0).normal(size=(20 * rows, side, side, 2))
        y = np.arange(20 * rows) % 3
        counts = {}
        for _ in range(3):
            for steps in (2, 20):
                runs.clear()
                model.fit(x[: rows * steps], y[: rows * steps], batch_size=rows, epochs=1, verbose=0)
                assert sum(done for done, _ in runs) == steps, runs
                # A run that fills its 50 ms returns and is called again: the cost of the call is not the step's.
                counts[steps] = [count for _, count in runs]
        state = model.__fastnn_training__
        assert ("in pieces of" in state.programs.training(state.compiled).trainer.plan(rows)) == (side == 48)
        print(threads, counts[2][0], max(counts[20]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="allocations are counted through LD_PRELOAD and glibc")
def test_a_step_allocates_nothing(tmp_path: Path) -> None:
    """A run of 20 steps allocates exactly what a run of 2 does (its arguments and its result): so a step costs nothing.

    Calls of malloc and related functions are counted by a small library, loaded first in a separate process.
    """
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    assert compiler, "no C compiler found to build the counter"
    source, library = tmp_path / "counter.c", tmp_path / "counter.so"
    source.write_text(COUNTER)
    subprocess.run([*compiler.split(), "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    run = [sys.executable, "-c", textwrap.dedent(ALLOCATIONS)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        threads, few, many = map(int, line.split())
        assert many == few, f"{threads} threads: 2 steps made {few} allocations, 20 steps {many}"
    assert len(done.stdout.splitlines()) == 4


def test_import_takes_no_time_beyond_numpy(tmp_path: Path) -> None:
    # The time of the processor, from the second import on: the first one compiles to byte code.
    script = """if True:
        import time
        begin = time.process_time()
        import numpy
        middle = time.process_time()
        import fastnn
        print((time.process_time() - middle) / (middle - begin))"""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    runs = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env) for _ in range(6)]
    assert min(float(run.stdout) for run in runs) < 2


def test_import_is_light() -> None:
    script = "import sys, fastnn; print(sorted({'h5py', 'tqdm', 'matplotlib', 'pandas', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_the_float_mode_of_the_process_is_left_alone():
    tiny = np.full(4, 1e-40, np.float32)
    model = fastnn.Sequential([Dense(64, input_shape=(64,)), Dense(1)])
    model.compile("adam", loss="mse")
    model.fit(np.ones((512, 64)), np.ones((512, 1)), batch_size=256, verbose=0)
    model.predict(np.ones((512, 64)), verbose=0)
    assert (tiny * np.float32(0.5) > 0).all(), "numbers below 1.2e-38 became zero outside of a run"
