"""Schedules against their formulas in float64, at steps and at arrays of steps, and as learning rates of `fit`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops, optimizers


def small(optimizer: Any, **kernel: Any) -> Any:
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(6, "tanh", **kernel), layers.Dense(2)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    model.compile(optimizer, "mse")
    return model


X = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
Y = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], 1).astype(np.float32)


schedules = optimizers.schedules

SCHEDULES: dict[str, tuple[Any, Any]] = {
    "exponential": (schedules.ExponentialDecay(0.5, 4, 0.8), lambda s: 0.5 * 0.8 ** (s / 4)),
    "exponential-stairs": (schedules.ExponentialDecay(0.5, 4, 0.8, staircase=True), lambda s: 0.5 * 0.8 ** (s // 4)),
    "piecewise": (schedules.PiecewiseConstantDecay([3, 7], [1.0, 0.5, 0.1]), 
        lambda s: 1.0 if s <= 3 else 0.5 if s <= 7 else 0.1),
    "polynomial": (schedules.PolynomialDecay(0.5, 10, 0.1, power=2.0),
        lambda s: 0.4 * (1 - min(s, 10) / 10) ** 2 + 0.1),
    "polynomial-cycle": (
        schedules.PolynomialDecay(0.5, 10, 0.1, cycle=True),
        lambda s: 0.4 * (1 - s / (10 * max(1, np.ceil(s / 10)))) + 0.1,
    ),
    "inverse": (schedules.InverseTimeDecay(0.5, 4, 0.3), lambda s: 0.5 / (1 + 0.3 * s / 4)),
    "inverse-stairs": (schedules.InverseTimeDecay(0.5, 4, 0.3, staircase=True), lambda s: 0.5 / (1 + 0.3 * (s // 4))),
    "cosine": (
        schedules.CosineDecay(0.5, 10, alpha=0.2),
        lambda s: 0.5 * (0.8 * 0.5 * (1 + np.cos(np.pi * min(s, 10) / 10)) + 0.2),
    ),
    "cosine-warmup": (
        schedules.CosineDecay(0.1, 10, alpha=0.2, warmup_target=0.5, warmup_steps=5),
        lambda s: 0.1 + 0.4 * s / 5 if s < 5 else 0.5 * (0.8 * 0.5 * (1 + np.cos(np.pi * min(s - 5, 10) / 10)) + 0.2),
    ),
    "restarts": (
        schedules.CosineDecayRestarts(0.5, 4, t_mul=1.0, m_mul=0.5, alpha=0.1),
        lambda s: 0.5 * (0.9 * 0.5 * 0.5 ** (s // 4) * (1 + np.cos(np.pi * (s % 4) / 4)) + 0.1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_at_a_step_and_at_an_array_of_steps(name: str) -> None:
    schedule, formula = SCHEDULES[name]
    steps = np.arange(24)
    expected = [formula(int(s)) for s in steps]
    np.testing.assert_allclose([schedule(int(s)) for s in steps], expected, rtol=1e-12)
    got = schedule(steps.reshape(4, 6))
    assert got.shape == (4, 6) and got.ravel().tolist() == [schedule(int(s)) for s in steps]
    again = schedules.deserialize(schedules.serialize(schedule))
    assert type(again) is type(schedule) and again.get_config() == schedule.get_config()
    assert again(np.float32(3.0)) == schedule(3)


class Noam(schedules.LearningRateSchedule):
    def __init__(self, size, warmup=4):
        self.size, self.warmup = size, warmup

    def __call__(self, step):
        step = ops.cast(step, "float32")
        return ops.rsqrt(float(self.size)) * ops.minimum(ops.rsqrt(step + 1), (step + 1) * self.warmup**-1.5)


class Power(schedules.LearningRateSchedule):
    def __call__(self, step):
        return np.minimum(step**-0.5, 0.25)


def test_schedules_of_ones_own(tmp_path: Any) -> None:
    model = small(optimizers.SGD(Noam(16)))
    model.fit(X, Y, batch_size=8, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.25 * min(6**-0.5, 6 / 8), rel=1e-6)
    with pytest.raises(TypeError, match="cannot be set"):
        model.optimizer.learning_rate = 0.5
    model.save(tmp_path / "m.keras")
    loaded = fastnn.saving.load_model(tmp_path / "m.keras", custom_objects={"Noam": Noam})
    assert loaded.optimizer.get_config()["learning_rate"] == model.optimizer.get_config()["learning_rate"]
    # Code written for tensors divides by zero at step 0.
    assert float(optimizers.SGD(Power()).learning_rate) == 0.25


def test_the_learning_rate_is_a_variable_that_callbacks_assign() -> None:
    seen = []

    class Halve(fastnn.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate.assign(0.5 ** (epoch + 1))
            seen.append(float(self.model.optimizer.learning_rate))

    small(optimizers.Nadam(0.1)).fit(X, Y, epochs=3, verbose=0, callbacks=[Halve()])
    assert seen == [0.5, 0.25, 0.125]
