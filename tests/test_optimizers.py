"""Every optimizer against float64 steps that are written here from its paper, with the options that all share.

A user's own rules; L-BFGS; averages, accumulation, several optimizers in one; schedules.
"""

from __future__ import annotations

import copy
import pickle
import re
import warnings
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops, optimizers
from fastnn.configurable import Configurable

SHAPES = [(5, 17), (17,), (2, 3, 4), (), (4, 3)]


# The rules: w, gradient, slots, step -> w -----------------------------------------------------------------------------


def adagrad(w, g, s, t, learning_rate, initial_accumulator_value=0.1, epsilon=1e-7):
    s["v"] = s.get("v", initial_accumulator_value) + g**2
    return w - learning_rate * g / np.sqrt(s["v"] + epsilon)


def adadelta(w, g, s, t, learning_rate, rho=0.95, epsilon=1e-7):
    s["v"] = rho * s.get("v", 0) + (1 - rho) * g**2
    step = -np.sqrt(s.get("u", 0) + epsilon) / np.sqrt(s["v"] + epsilon) * g
    s["u"] = rho * s.get("u", 0) + (1 - rho) * step**2
    return w + learning_rate * step


def adamax(w, g, s, t, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    s["m"] = beta_1 * s.get("m", 0) + (1 - beta_1) * g
    s["u"] = np.maximum(beta_2 * s.get("u", 0), np.abs(g))
    return w - learning_rate / (1 - beta_1**t) * s["m"] / (s["u"] + epsilon)


def moments(g, s, beta_1, beta_2):
    s["m"] = beta_1 * s.get("m", 0) + (1 - beta_1) * g
    s["v"] = beta_2 * s.get("v", 0) + (1 - beta_2) * g**2


def nadam(w, g, s, t, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    moments(g, s, beta_1, beta_2)

    def momentum(k):
        return beta_1 * (1 - 0.5 * 0.96**k)

    product = np.prod([momentum(k) for k in range(1, t + 1)])
    ahead = momentum(t + 1) * s["m"] / (1 - product * momentum(t + 1)) + (1 - momentum(t)) * g / (1 - product)
    return w - learning_rate * ahead / (np.sqrt(s["v"] / (1 - beta_2**t)) + epsilon)


def ftrl(
    w, g, s, t, learning_rate, learning_rate_power=-0.5, initial_accumulator_value=0.1, l1_regularization_strength=0.0,
    l2_regularization_strength=0.0, l2_shrinkage_regularization_strength=0.0, beta=0.0,
):  # fmt: skip
    before = s.get("n", np.full(np.shape(w), initial_accumulator_value))
    s["n"] = before + g**2
    l1, l2 = l1_regularization_strength, l2_regularization_strength + beta / (2 * learning_rate)
    power = -learning_rate_power
    sigma = (s["n"] ** power - before**power) / learning_rate
    s["z"] = s.get("z", 0) + g + 2 * l2_shrinkage_regularization_strength * w - sigma * w
    return (np.clip(s["z"], -l1, l1) - s["z"]) / (s["n"] ** power / learning_rate + 2 * l2)


def lion(w, g, s, t, learning_rate, beta_1=0.9, beta_2=0.99):
    m = s.get("m", 0)
    s["m"] = beta_2 * m + (1 - beta_2) * g
    return w - learning_rate * np.sign(beta_1 * m + (1 - beta_1) * g)


def lamb(w, g, s, t, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    moments(g, s, beta_1, beta_2)
    d = s["m"] / (1 - beta_1**t) / (np.sqrt(s["v"] / (1 - beta_2**t)) + epsilon)
    sizes = np.sqrt((w**2).sum()), np.sqrt((d**2).sum())
    return w - learning_rate * (sizes[0] / sizes[1] if min(sizes) > 0 else 1) * d


def adafactor(
    w,
    g,
    s,
    t,
    learning_rate,
    beta_2_decay=-0.8,
    epsilon_1=1e-30,
    epsilon_2=1e-3,
    clip_threshold=1.0,
    relative_step=True,
):
    def rms(a):
        return np.sqrt(np.mean(a**2))

    decay = 1 - float(t) ** beta_2_decay
    square = g**2 + epsilon_1
    if w.ndim >= 2:
        s["r"] = decay * s.get("r", 0) + (1 - decay) * square.mean(-1)
        s["c"] = decay * s.get("c", 0) + (1 - decay) * square.mean(-2)
        v = (s["r"] / s["r"].mean(-1, keepdims=True))[..., None] * s["c"][..., None, :]
    else:
        v = s["v"] = decay * s.get("v", 0) + (1 - decay) * square
    u = g / np.sqrt(v)
    rho = min(learning_rate, 1 / np.sqrt(t))
    return w - max(epsilon_2, rms(w)) * rho * u / max(1, rms(u) / clip_threshold)


def schedule_free(w, g, s, t, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0):
    rate = learning_rate * min(1, t / warmup_steps) if warmup_steps else learning_rate
    z = s.get("z", s["first"])
    s["v"] = beta_2 * s.get("v", 0) + (1 - beta_2) * g**2
    s["z"] = z - rate * g / (np.sqrt(s["v"] / (1 - beta_2**t)) + epsilon)
    x = (w - (1 - beta_1) * z) / beta_1
    x = (1 - 1 / t) * x + s["z"] / t
    return (1 - beta_1) * s["z"] + beta_1 * x


def muon(
    w, g, s, t, learning_rate, adam_beta_1=0.9, adam_beta_2=0.999, epsilon=1e-7, momentum=0.95, ns_steps=5,
    nesterov=True, rms_rate=0.2, adam_lr_ratio=1.0, muon_a=3.4445, muon_b=-4.775, muon_c=2.0315, **decays,
):  # fmt: skip
    if w.ndim != 2:
        moments(g, s, adam_beta_1, adam_beta_2)
        rate = learning_rate * adam_lr_ratio * np.sqrt(1 - adam_beta_2**t) / (1 - adam_beta_1**t)
        return w - rate * s["m"] / (np.sqrt(s["v"]) + epsilon)
    s["m"] = momentum * s.get("m", 0) + g
    x = g + momentum * s["m"] if nesterov else s["m"]
    tall = x.shape[0] > x.shape[1]
    x = (x.T if tall else x) / (np.linalg.norm(x) + 1e-7)
    for _ in range(ns_steps):
        a = x @ x.T
        x = muon_a * x + (muon_b * a + muon_c * a @ a) @ x
    return w - learning_rate * (1 if rms_rate is None else rms_rate * np.sqrt(max(w.shape))) * (x.T if tall else x)


def sgd(w, g, s, t, learning_rate, momentum=0.0, nesterov=False):
    s["v"] = momentum * s.get("v", 0) - learning_rate * g
    return w + (momentum * s["v"] - learning_rate * g if nesterov else s["v"])


def adam(w, g, s, t, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False):
    moments(g, s, beta_1, beta_2)
    s["largest"] = np.maximum(s.get("largest", 0), s["v"])
    rate = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - rate * s["m"] / (np.sqrt(s["largest"] if amsgrad else s["v"]) + epsilon)


def rmsprop(w, g, s, t, learning_rate, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    s["v"] = rho * s.get("v", 0) + (1 - rho) * g**2
    s["mean"] = rho * s.get("mean", 0) + (1 - rho) * g
    s["step"] = momentum * s.get("step", 0) + learning_rate * g / np.sqrt(
        s["v"] - (s["mean"] ** 2 if centered else 0) + epsilon
    )
    return w - s["step"]


RULES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "sgd": (optimizers.SGD, sgd, {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True}),
    "adam": (optimizers.Adam, adam, {"learning_rate": 0.02, "amsgrad": True, "beta_2": 0.8}),
    "adamw": (optimizers.AdamW, adam, {"learning_rate": 0.02}),
    "rmsprop": (optimizers.RMSprop, rmsprop, {"learning_rate": 0.01, "momentum": 0.5, "epsilon": 1e-3}),
    "rmsprop-centered": (optimizers.RMSprop, rmsprop, {"learning_rate": 0.01, "epsilon": 1e-2, "centered": True}),
    "adagrad": (optimizers.Adagrad, adagrad, {"learning_rate": 0.05}),
    "adagrad-first": (optimizers.Adagrad, adagrad, {"learning_rate": 0.05, "initial_accumulator_value": 1.0}),
    "adadelta": (optimizers.Adadelta, adadelta, {"learning_rate": 1.0}),
    "adadelta-rho": (optimizers.Adadelta, adadelta, {"learning_rate": 0.5, "rho": 0.6, "epsilon": 1e-3}),
    "adamax": (optimizers.Adamax, adamax, {"learning_rate": 0.02}),
    "adamax-betas": (optimizers.Adamax, adamax, {"learning_rate": 0.02, "beta_1": 0.5, "beta_2": 0.7, "epsilon": 0.1}),
    "nadam": (optimizers.Nadam, nadam, {"learning_rate": 0.02}),
    "nadam-betas": (optimizers.Nadam, nadam, {"learning_rate": 0.02, "beta_1": 0.6, "beta_2": 0.8, "epsilon": 0.1}),
    "ftrl": (optimizers.Ftrl, ftrl, {"learning_rate": 0.05}),
    "ftrl-all": (
        optimizers.Ftrl,
        ftrl,
        {
            "learning_rate": 0.1, "learning_rate_power": -0.7, "initial_accumulator_value": 0.5,
            "l1_regularization_strength": 0.3, "l2_regularization_strength": 0.2,
            "l2_shrinkage_regularization_strength": 0.1, "beta": 0.4,
        },
    ),
    "ftrl-constant": (optimizers.Ftrl, ftrl, {"learning_rate": 0.1, "learning_rate_power": 0.0}),
    "lion": (optimizers.Lion, lion, {"learning_rate": 0.01}),
    "lion-betas": (optimizers.Lion, lion, {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.6}),
    "lamb": (optimizers.Lamb, lamb, {"learning_rate": 0.02}),
    "lamb-betas": (optimizers.Lamb, lamb, {"learning_rate": 0.02, "beta_1": 0.5, "beta_2": 0.7, "epsilon": 0.1}),
    "adafactor": (optimizers.Adafactor, adafactor, {"learning_rate": 0.05}),
    "adafactor-all": (
        optimizers.Adafactor,
        adafactor,
        {"learning_rate": 0.5, "beta_2_decay": -0.5, "epsilon_1": 1e-3, "epsilon_2": 0.5, "clip_threshold": 0.3,
         "relative_step": False},
    ),
    "schedule-free": (optimizers.ScheduleFreeAdamW, schedule_free, {"learning_rate": 0.02}),
    "schedule-free-warmup": (
        optimizers.ScheduleFreeAdamW,
        schedule_free,
        {"learning_rate": 0.02, "warmup_steps": 7, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-2},
    ),
    "muon": (optimizers.Muon, muon, {"learning_rate": 0.02}),
    "muon-all": (
        optimizers.Muon,
        muon,
        {"learning_rate": 0.02, "momentum": 0.5, "nesterov": False, "rms_rate": None, "ns_steps": 3, "adam_beta_1": 0.5,
         "adam_beta_2": 0.8, "epsilon": 0.1, "adam_lr_ratio": 0.5, "muon_a": 2.0, "muon_b": -1.5, "muon_c": 0.5},
    ),
}  # fmt: skip

EXTRAS: dict[str, dict[str, Any]] = {
    "plain": {"weight_decay": None},
    "decay": {"weight_decay": 0.1},
    "clipnorm": {"weight_decay": None, "clipnorm": 0.7},
    "clipvalue": {"weight_decay": None, "clipvalue": 0.3},
    "global-clipnorm": {"weight_decay": 0.05, "global_clipnorm": 1.5},
    "ema": {"weight_decay": None, "use_ema": True, "ema_momentum": 0.8},
    "ema-overwrite": {"weight_decay": None, "use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3},
    "accumulated": {"weight_decay": 0.1, "gradient_accumulation_steps": 3, "clipnorm": 0.5},
    "accumulated-ema": {
        "weight_decay": None, "gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.6,
        "ema_overwrite_frequency": 2,
    },
}  # fmt: skip


def clipped(gradients, extra):
    if "clipnorm" in extra:
        return [g * min(1.0, extra["clipnorm"] / np.sqrt((g**2).sum())) for g in gradients]
    if "clipvalue" in extra:
        return [np.clip(g, -extra["clipvalue"], extra["clipvalue"]) for g in gradients]
    if "global_clipnorm" in extra:
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        return [g * min(1.0, extra["global_clipnorm"] / norm) for g in gradients]
    return gradients


def trajectory(rule, arguments, extra, weights, gradients, adam_decay=None):
    """Returns weights and averages after all gradients, in float64."""
    weights = [w.astype(np.float64) for w in weights]
    slots = [{"first": w.copy()} for w in weights]
    averages = [np.zeros_like(w) for w in weights]
    sums = [np.zeros_like(w) for w in weights]
    every = extra.get("gradient_accumulation_steps", 1)
    for i, of_step in enumerate(gradients):
        step = i // every
        sums = [a + g for a, g in zip(sums, of_step, strict=True)]
        if (i + 1) % every == 0:
            means = clipped([a / every for a in sums], extra)
            sums = [np.zeros_like(w) for w in weights]
            for k, (w, g) in enumerate(zip(weights, means, strict=True)):
                decay = extra["weight_decay"]
                if adam_decay is not None and w.ndim != 2:
                    decay = adam_decay
                decayed = w - (decay or 0) * arguments["learning_rate"] * w
                weights[k] = rule(decayed, g, slots[k], step + 1, **arguments)
        if extra.get("use_ema"):
            m = extra["ema_momentum"] if step else 0.0
            averages = [m * a + (1 - m) * w for a, w in zip(averages, weights, strict=True)]
            if "ema_overwrite_frequency" in extra and (step + 1) % extra["ema_overwrite_frequency"] == 0:
                weights = [a.copy() for a in averages]
    return weights, averages


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("rule", RULES)
def test_steps(rule: str, extra: str) -> None:
    cls, reference, arguments = RULES[rule]
    rng = np.random.default_rng(5)
    first = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]
    gradients = [[rng.normal(size=shape).astype(np.float32) for shape in SHAPES] for _ in range(18)]
    is_muon = cls is optimizers.Muon
    given = dict(EXTRAS[extra])
    if cls is optimizers.AdamW and given["weight_decay"] is None:
        given["weight_decay"] = 0.0  # as in Keras, AdamW takes no None
    optimizer = cls(**arguments, **given, **({"adam_weight_decay": 0.2} if is_muon else {}))
    weights = [fastnn.Variable(w, name=f"w{i}") for i, w in enumerate(first)]
    optimizer.build(weights)
    for of_step in gradients:
        optimizer.apply(of_step)
    expected, averages = trajectory(reference, arguments, EXTRAS[extra], first, gradients, 0.2 if is_muon else None)
    assert optimizer.iterations == 18 // EXTRAS[extra].get("gradient_accumulation_steps", 1)
    for got, want in zip(weights, expected, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=2e-4, atol=2e-4 * np.abs(want).max())
    optimizer.finalize_variable_values(weights)
    for got, want in zip(weights, averages if EXTRAS[extra].get("use_ema") else expected, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=2e-4, atol=2e-4 * np.abs(want).max())


ALL = sorted({cls for cls, _, _ in RULES.values()}, key=lambda cls: cls.__name__)


def small(optimizer: Any, **kernel: Any) -> Any:
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(6, "tanh", **kernel), layers.Dense(2)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    model.compile(optimizer, "mse")
    return model


X = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
Y = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], 1).astype(np.float32)


@pytest.mark.parametrize("cls", ALL)
def test_the_same_bits_on_any_number_of_threads(cls: Any) -> None:
    rng = np.random.default_rng(2)
    first, gradients = rng.normal(size=(300, 401)), rng.normal(size=(3, 300, 401))
    found = []
    before = fastnn.config.num_threads()
    try:
        for threads in (1, 2, 5):
            fastnn.config.set_num_threads(threads)
            weight, optimizer = fastnn.Variable(first, name="w"), cls(0.1, use_ema=True, clipnorm=3.0)
            for g in gradients:
                optimizer.apply([g], [weight])
            found.append([weight.numpy(), *(v.numpy() for v in optimizer.variables)])
    finally:
        fastnn.config.set_num_threads(before)
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert np.array_equal(a, b)


@pytest.mark.parametrize("form", ["m.keras", "m.h5", "pickle"])
@pytest.mark.parametrize("cls", ALL)
def test_training_goes_on_to_the_bit_after_a_file(cls: Any, form: str, tmp_path: Any) -> None:
    extra = {} if cls is optimizers.Lion else {"use_ema": True}
    model = small(cls(0.05, gradient_accumulation_steps=2, **extra))
    model.fit(X, Y, epochs=2, batch_size=8, verbose=0, shuffle=False)
    if form == "pickle":
        loaded = pickle.loads(pickle.dumps(model))
    else:
        model.save(tmp_path / form)
        loaded = fastnn.saving.load_model(tmp_path / form)
    assert type(loaded.optimizer) is cls and loaded.optimizer.get_config() == model.optimizer.get_config()
    for one in (model, loaded):
        one.fit(X, Y, epochs=1, batch_size=8, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(a, b)
    for a, b in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        assert np.array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("cls", ALL)
def test_a_name_a_config_and_a_copy_make_the_same(cls: Any) -> None:
    made = optimizers.get(cls.__name__.lower())
    assert type(made) is cls
    again = optimizers.deserialize(optimizers.serialize(cls(0.25, use_ema=True, ema_momentum=0.5, clipvalue=1.0)))
    assert again.get_config() == copy.deepcopy(again).get_config() and again.ema_momentum == 0.5
    assert repr(made) == f"{cls.__name__}()"


def test_gradients_of_accumulated_batches_hold_the_penalties() -> None:
    kernel = {"kernel_regularizer": fastnn.regularizers.L1L2(0.1, 0.2)}
    model = small(optimizers.SGD(0.1, gradient_accumulation_steps=2), **kernel)
    whole = small(optimizers.SGD(0.1), **kernel)
    model.fit(X, Y, batch_size=20, shuffle=False, verbose=0)
    whole.fit(X, Y, batch_size=40, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_fit_ends_with_the_averages() -> None:
    model, plain = small(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)), small(optimizers.SGD(0.1))
    seen = []
    for _ in range(4):
        plain.train_on_batch(X, Y)
        seen.append(plain.get_weights())
    average = seen[0]
    for weights in seen[1:]:
        average = [0.5 * a + 0.5 * w for a, w in zip(average, weights, strict=True)]
    model.fit(X, Y, batch_size=40, epochs=4, verbose=0)
    for a, b in zip(model.get_weights(), average, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_weights_that_do_not_decay() -> None:
    weights = [fastnn.Variable(np.ones(2), name=f"layer/{name}") for name in ("kernel", "bias", "gamma")]
    optimizer = optimizers.Lamb(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[weights[2]], var_names=["bias"])
    optimizer.apply([np.zeros(2)] * 3, weights)
    assert [float(w.numpy()[0]) for w in weights] == [0.75, 1.0, 1.0]


def test_muon_trains_embeddings_and_excluded_layers_by_adamw() -> None:
    weights = [fastnn.Variable(np.ones((2, 2)), name=name) for name in ("token_embedding/e", "head/kernel", "kernel")]
    optimizer = optimizers.Muon(exclude_layers=["head"])
    optimizer.build(weights)
    assert len(optimizer.variables) == 2 + 2 + 2 + 1
    optimizer = optimizers.Muon(exclude_embeddings=False)
    optimizer.build(weights)
    assert len(optimizer.variables) == 2 + 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(momentum=1.5), "momentum from 0 to 1"),
        (lambda: optimizers.Adam(beta_1=1.0), "below 1"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "at most 0"),
        (lambda: optimizers.Lion(beta_1=0.0), "above 0"),
        (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), "only one of"),
        (lambda: optimizers.Adam(gradient_accumulation_steps=1), "at least 2"),
        (lambda: optimizers.Adam(use_ema=True, ema_momentum=1.5), "ema_momentum from 0 to 1"),
        (lambda: optimizers.Adam(ema_overwrite_frequency=0.5), "an integer"),
        (lambda: optimizers.Adagrad(epsilon=-1.0), "at least 0"),
        (lambda: optimizers.Adam(1.0, weird=1), "no argument"),
        (lambda: optimizers.LBFGS(max_iter=0), "at least 1"),
    ],
)
def test_arguments_that_are_refused(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make()


# A user's own rules ---------------------------------------------------------------------------------------------------


@fastnn.saving.register_keras_serializable("tests")
class Momentum(optimizers.Optimizer):
    """Gradient descent with momentum, as Keras' guide has an optimizer of one's own."""

    def __init__(self, learning_rate=0.01, momentum=0.9, name="momentum", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum
        # Names that a user may choose.
        self.handle = self.schedule = self.kind = self.flags = self.state = "mine"

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums = [self.add_variable_from_reference(v, name="momentum") for v in variables]
        self.total = self.add_variable((), name="total")

    def update_step(self, gradient, variable, learning_rate):
        learning_rate = ops.cast(learning_rate, variable.dtype)
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, ops.subtract(ops.multiply(m, self.momentum), ops.multiply(gradient, learning_rate)))
        self.assign_add(variable, m)
        self.assign_add(self.total, 1.0 + 0.0 * ops.cast(self.iterations, "float32"))

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


class Adaptive(optimizers.Optimizer):
    def build(self, variables):
        super().build(variables)
        self.m, self.v = self.add_optimizer_variables(variables, ["momentum", "velocity"])

    def update_step(self, gradient, variable, learning_rate):
        i, step = self._get_variable_index(variable), ops.cast(self.iterations + 1, "float32")
        m, v = self.m[i], self.v[i]
        self.assign_add(m, (gradient - m) * 0.1)
        self.assign_add(v, (ops.square(gradient) - v) * 0.001)
        alpha = learning_rate * ops.sqrt(1 - ops.power(0.999, step)) / (1 - ops.power(0.9, step))
        self.assign_sub(variable, m * alpha / (ops.sqrt(v) + 1e-7))


@pytest.mark.parametrize(
    "extra", [{}, {"weight_decay": 0.1, "clipnorm": 0.1}, {"use_ema": True, "gradient_accumulation_steps": 2}]
)
def test_a_rule_of_ones_own_trains_as_the_one_of_the_core(extra: dict[str, Any]) -> None:
    for own, built_in in (
        (Momentum(0.05, **extra), optimizers.SGD(0.05, momentum=0.9, **extra)),
        (Adaptive(0.05, **extra), optimizers.Adam(0.05, **extra)),
    ):
        models = small(own), small(built_in)
        for model in models:
            model.fit(X, Y, epochs=3, batch_size=16, verbose=0, shuffle=False)
        for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        assert own.iterations == built_in.iterations


def test_a_rule_of_ones_own_in_a_file(tmp_path: Any) -> None:
    model = small(Momentum(0.05))
    model.fit(X, Y, epochs=2, batch_size=8, verbose=0, shuffle=False)
    assert float(model.optimizer.total.numpy()) == 4 * 10
    model.save(tmp_path / "m.keras")
    loaded = fastnn.saving.load_model(tmp_path / "m.keras")
    assert type(loaded.optimizer) is Momentum and loaded.optimizer.momentum == 0.9
    for one in (model, loaded, copy.deepcopy(model)):
        one.fit(X, Y, epochs=1, batch_size=8, verbose=0, shuffle=False)
    for a, b in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        assert np.array_equal(a.numpy(), b.numpy())
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(a, b)


KERAS_NAMES = {
    "add_optimizer_variables", "add_variable", "add_variable_from_reference", "apply", "apply_gradients", "assign",
    "assign_add", "assign_sub", "build", "built", "clipnorm", "clipvalue", "ema_momentum", "ema_overwrite_frequency",
    "exclude_from_weight_decay", "finalize_variable_values", "from_config", "get_config", "global_clipnorm",
    "gradient_accumulation_steps", "iterations", "learning_rate", "load_own_variables", "loss_scale_factor", "name",
    "save_own_variables", "scale_loss", "set_weights", "stateless_apply", "update_step", "use_ema", "variables",
    "weight_decay",
}  # fmt: skip


def test_the_names_that_a_subclass_meets() -> None:
    class Mine(optimizers.Optimizer):
        pass

    mine = Mine(learning_rate=0.1)
    mine.build([fastnn.Variable(np.ones(2))])
    met = {name for name in dir(mine) if not name.startswith(("_fastnn_", "__"))} - set(dir(Configurable))
    # `lr` is the name of older Keras; `_get_variable_index` is called by the code of Keras' guide.
    assert met - {"lr", "_get_variable_index"} == KERAS_NAMES - set(dir(Configurable))


def test_mistakes_in_a_rule_of_ones_own() -> None:
    class Without(optimizers.Optimizer):
        pass

    weight = fastnn.Variable(np.ones(2))
    with pytest.raises(NotImplementedError, match="update_step"):
        Without(learning_rate=0.1).apply([np.ones(2)], [weight])

    class Forgotten(optimizers.Optimizer):
        def __init__(self):
            self.add_variable((2,))

    with pytest.raises(RuntimeError, match="super"):
        Forgotten()

    class Numbers(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            if gradient > 0:
                self.assign(variable, gradient)

    with pytest.raises(TypeError, match="neither true nor false"):
        Numbers(learning_rate=0.1).apply([np.ones(())], [fastnn.Variable(np.ones(()))])
    assert np.array_equal(weight.numpy(), [1, 1])


# Several optimizers in one, scales ------------------------------------------------------------------------------------


def test_several_optimizers_in_one() -> None:
    schedule = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    chosen = optimizers.OptimizerMap(optimizers.SGD(schedule, clipvalue=0.1))
    chosen[".*kernel"] = optimizers.Adam(0.02, clipnorm=0.1)
    model = small(optimizers.MultiOptimizer(chosen))
    rng = np.random.default_rng(3)
    weights, slots = [w.astype(np.float64) for w in model.get_weights()], [{}, {}, {}, {}]
    for t in range(1, 7):
        x, y = rng.normal(size=(8, 3)).astype(np.float32), rng.normal(size=(8, 2)).astype(np.float32)
        hidden = np.tanh(x @ weights[0] + weights[1])
        error = 2 * (hidden @ weights[2] + weights[3] - y) / y.size
        back = (error @ weights[2].T) * (1 - hidden**2)
        gradients = [x.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]
        for k, g in enumerate(gradients):
            if k % 2 == 0:
                g = g * min(1.0, 0.1 / np.linalg.norm(g))
                weights[k] = adam(weights[k], g, slots[k], t, 0.02)
            else:
                weights[k] = weights[k] - 0.1 * 0.5 ** ((t - 1) / 2) * np.clip(g, -0.1, 0.1)
        model.train_on_batch(x, y)
    for got, want in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4)
    assert model.optimizer.iterations == 6 and [o.iterations for o in model.optimizer.optimizers] == [6, 6]
    with pytest.raises(AttributeError, match="optimizers"):
        _ = model.optimizer.learning_rate


def test_several_optimizers_in_a_file(tmp_path: Any) -> None:
    chosen = optimizers.OptimizerMap(optimizers.SGD(0.03, momentum=0.9), {".*bias": optimizers.Nadam(0.01)})
    model = small(optimizers.MultiOptimizer(chosen))
    model.fit(X, Y, batch_size=8, verbose=0, shuffle=False)
    model.save(tmp_path / "m.keras")
    loaded = fastnn.saving.load_model(tmp_path / "m.keras")
    for one in (model, loaded):
        one.fit(X, Y, batch_size=8, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_an_optimizer_map_is_strict() -> None:
    chosen = optimizers.OptimizerMap(optimizers.SGD())
    chosen["a.*"] = optimizers.Adam()
    chosen["ab.*"] = optimizers.Adam()
    with pytest.raises(ValueError, match="matched by"):
        chosen["abc"]
    with pytest.raises(ValueError, match="already"):
        chosen["a.*"] = optimizers.SGD()
    with pytest.raises(ValueError, match="single weights"):
        chosen["c"] = optimizers.LBFGS()
    with pytest.raises(TypeError, match="default_optimizer"):
        optimizers.OptimizerMap("sgd")


def test_a_scale_refuses_steps_that_overflow() -> None:
    inner = optimizers.SGD(0.5, momentum=0.5)
    optimizer = optimizers.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=2)
    weight = fastnn.Variable(np.array([1.0, 1.0]))
    optimizer.apply([np.array([np.nan, 8.0])], [weight])
    assert float(optimizer.scale_loss(1.0)) == 4.0 and np.array_equal(weight.numpy(), [1, 1]) and inner.iterations == 0
    for _ in range(2):
        optimizer.apply([np.array([4.0, 0.0])], [weight])
    assert float(optimizer.scale_loss(1.0)) == 8.0 and inner.iterations == 2
    np.testing.assert_allclose(weight.numpy(), [1 - 0.5 - 0.75, 1])
    assert optimizer.learning_rate == 0.5


def test_a_scale_trains_as_its_inner_optimizer(tmp_path: Any) -> None:
    models = small(optimizers.LossScaleOptimizer(optimizers.Adam(0.05))), small(optimizers.Adam(0.05))
    for model in models:
        model.fit(X, Y, epochs=2, batch_size=8, verbose=0, shuffle=False)
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        assert np.array_equal(a, b)
    models[0].save(tmp_path / "m.keras")
    loaded = fastnn.saving.load_model(tmp_path / "m.keras").optimizer
    assert isinstance(loaded.inner_optimizer, optimizers.Adam) and loaded.iterations == 10


def test_unknown_names_are_explained() -> None:
    with pytest.raises(ValueError, match=re.escape("Did you mean 'adagrad'")):
        optimizers.get("adagrd")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(optimizers.get({"class_name": "Lion", "config": {"learning_rate": 0.5}}), optimizers.Lion)


@pytest.mark.parametrize(
    "make", [lambda: optimizers.Adam(0.5), lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.5, momentum=0.9))]
)
def test_all_variables_of_an_optimizer_are_variables(make):
    optimizer, weight = make(), fastnn.Variable(np.ones(2), name="slots_of/kernel")
    optimizer.build([weight])
    optimizer.apply([np.full(2, 0.25, "float32")])
    for variable in optimizer.variables:
        np.testing.assert_array_equal(np.asarray(variable.value), variable.numpy())
        assert variable.path.endswith(variable.name) and variable.dtype in ("float32", "int32")
        variable.assign(variable.numpy() + 1)
    again = optimizer.variables[-1].numpy()
    optimizer.variables[-1].assign(np.zeros_like(again))
    assert not optimizer.variables[-1].numpy().any() and again.any()
