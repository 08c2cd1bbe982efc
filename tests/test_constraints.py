"""Constraints of one's own: applied by the core after each update, saved, and refused where they cannot be."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import fastnn
from fastnn import Input, Sequential, constraints, layers, ops

X = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(30, 3)).astype(np.float32)


@fastnn.saving.register_keras_serializable(package="constraints")
class UnitColumns(constraints.Constraint):
    """The `UnitNorm` of the core, written with `fastnn.ops`."""

    def __init__(self, length=1.0):
        self.length = length

    def __call__(self, w):
        norm = ops.sqrt(ops.sum(ops.square(w), axis=0, keepdims=True))
        return self.length * w / ops.maximum(norm, 1e-7)

    def get_config(self):
        return {"length": self.length}


@fastnn.saving.register_keras_serializable(package="constraints")
def small(w):
    return ops.clip(w, -0.1, 0.1)


def trained(constraint, epochs=2):
    fastnn.utils.set_random_seed(3)
    model = Sequential([Input((4,)), layers.Dense(3, kernel_constraint=constraint)])
    model.compile(fastnn.optimizers.SGD(0.1), "mse")
    model.fit(X, Y, epochs=epochs, batch_size=7, verbose=0)
    return model


def test_as_the_constraint_of_the_core():
    own, of_core = trained(UnitColumns()), trained("unit_norm")
    np.testing.assert_allclose(own.get_weights()[0], of_core.get_weights()[0], rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(trained(UnitColumns(0.5)).get_weights()[0], axis=0), 0.5, rtol=1e-6)


def test_the_same_bits_on_any_number_of_threads():
    before = fastnn.config.num_threads()
    try:
        made = []
        for count in (1, 2):
            fastnn.config.set_num_threads(count)
            made.append(trained(UnitColumns()).get_weights()[0])
    finally:
        fastnn.config.set_num_threads(before)
    assert (made[0] == made[1]).all()


def test_a_function():
    model = trained(small)
    kernel = model.get_weights()[0]
    assert np.abs(kernel).max() == np.float32(0.1)
    model.optimizer.apply([np.full((4, 3), -9.0), np.zeros(3)], model.trainable_variables)
    assert (model.get_weights()[0] == np.float32(0.1)).all()


def test_on_arrays():
    np.testing.assert_allclose(UnitColumns()(np.array([[3.0], [4.0]], np.float32)), [[0.6], [0.8]])


@pytest.mark.parametrize("constraint", [UnitColumns(0.5), small, constraints.MaxNorm(0.5)])
def test_files_and_copies(constraint, tmp_path):
    model = trained(constraint)
    model.save(tmp_path / "m.keras")
    again = fastnn.models.load_model(tmp_path / "m.keras")
    for other in (again, copy.deepcopy(model), pickle.loads(pickle.dumps(model)), fastnn.models.clone_model(model)):
        other.set_weights(model.get_weights())
        assert repr(other.layers[0].kernel_constraint) == repr(model.layers[0].kernel_constraint)
    model.fit(X, Y, batch_size=7, shuffle=False, verbose=0)
    again.fit(X, Y, batch_size=7, shuffle=False, verbose=0)
    assert (again.get_weights()[0] == model.get_weights()[0]).all()


def test_the_form_in_files():
    # As Keras 3.15 writes them.
    assert constraints.serialize(UnitColumns(2.0))["registered_name"] == "constraints>UnitColumns"
    assert constraints.serialize(constraints.get(small)) == {
        "module": "builtins", "class_name": "function", "config": "constraints>small",
        "registered_name": "constraints>small",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("constraint", "raised", "words"),
    [
        (lambda w: np.clip(w, 0, 1), TypeError, "use fastnn.ops.clip in its place"),
        (lambda w: w[0], ValueError, r"expects to return a weight of shape \(4, 3\), got \[\(3,\)\]"),
        (lambda w: None, TypeError, "it must return what it computed"),
        (3, TypeError, "a name, an object of fastnn.constraints or a function, got 3"),
        (constraints.Constraint(), NotImplementedError, r"returns the allowed weight from __call__\(w\)"),
    ],
)
def test_errors_come_before_a_step(constraint, raised, words):
    with pytest.raises(raised, match=words):
        layers.Dense(3, kernel_constraint=constraint).build((None, 4))


@pytest.mark.parametrize("constraint", ["unit_norm", "max_norm", "min_max_norm"])
def test_tiny_weights_are_divided_by_their_norm_and_epsilon(constraint):
    """The recorded numbers are of Keras 3.15.1: norm + 1e-7, not the larger of the two."""
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(1, use_bias=False, kernel_constraint=constraint)])
    model.compile(fastnn.optimizers.SGD(0.0), "mse")
    tiny = np.array([[1e-6], [2e-6], [0]], np.float32)
    model.set_weights([tiny])
    model.fit(np.ones((1, 3)), np.ones((1, 1)), verbose=0)
    after = model.get_weights()[0].ravel()
    expected = fastnn.constraints.get(constraint)(tiny).ravel()
    assert np.allclose(after, expected, rtol=1e-6)
    if constraint == "unit_norm":
        assert np.allclose(after, [0.42806971, 0.85613942, 0], rtol=1e-6)
