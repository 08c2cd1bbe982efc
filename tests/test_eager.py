"""Calls on arrays: what a layer or a model returns, the masks that go along, and who decides about training."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers, ops

IDS = np.array([[1, 2, 0], [3, 0, 0]])
MASK = IDS != 0


def pictures() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (6, 8, 8, 3)).astype("float32")


def embedding() -> layers.Embedding:
    return layers.Embedding(5, 3, mask_zero=True)


class TestResult:
    """What a call returns is an array in all respects, that also answers `numpy()`."""

    @pytest.mark.parametrize("who", [layers.Dense(2), fastnn.Sequential([layers.Dense(2)])], ids=["layer", "model"])
    def test_it_is_an_array(self, who: Any) -> None:
        for _ in range(3):
            y = who(np.ones((2, 3)))
            assert isinstance(y, np.ndarray) and y.dtype == np.float32
            assert type(y.numpy()) is np.ndarray and np.array_equal(y.numpy(), y)
        assert repr(y).startswith("array(") and "Eager" not in str(y)
        assert type(y.sum()) is type(np.max(y)) is type(y[0, 0]) is np.float32
        assert (2 * y).numpy().shape == (2, 2) and y[:, :1].numpy().shape == (2, 1)
        assert y.mean(axis=0).shape == (2,)
        assert type(who(np.ones((2, 3)), training=True).numpy()) is np.ndarray

    def test_predict_returns_plain_arrays(self) -> None:
        model = fastnn.Sequential([layers.Input((3,)), layers.Dense(2)])
        x = np.ones((2, 3), np.float32)
        assert type(model.predict(x, verbose=0)) is type(model.predict_on_batch(x)) is np.ndarray

    def test_copies(self) -> None:
        y = embedding()(IDS)
        assert type(pickle.loads(pickle.dumps(y))) is np.ndarray
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(y, protocol=5)), y)
        np.testing.assert_array_equal(copy.deepcopy(y)._keras_mask, MASK)
        assert y[0]._keras_mask is None and (y + 1)._keras_mask is None


class TestMasks:
    """Masks go along between calls as within a model."""

    def test_the_next_layer_reads_the_mask(self) -> None:
        table, lstm = embedding(), layers.LSTM(2)
        model = fastnn.Sequential([table, lstm])
        expected = model.predict(IDS, verbose=0)
        np.testing.assert_array_equal(table(IDS)._keras_mask, MASK)
        np.testing.assert_allclose(lstm(table(IDS)), expected, rtol=1e-6)
        np.testing.assert_allclose(lstm(table(IDS).numpy(), mask=MASK), expected, rtol=1e-6)
        assert np.abs(lstm(table(IDS).numpy()) - expected).max() > 1e-4

    def test_models_return_and_read_masks(self) -> None:
        table, lstm = embedding(), layers.LSTM(2)
        first, second = fastnn.Sequential([table]), fastnn.Sequential([layers.Input((3, 3)), lstm])
        expected = fastnn.Sequential([table, lstm]).predict(IDS, verbose=0)
        for training in (None, False, True):
            for _ in range(2):
                assert np.array_equal(first(IDS, training=training)._keras_mask, MASK)
                np.testing.assert_allclose(second(first(IDS), training=training), expected, rtol=1e-6)
        assert second(first(IDS))._keras_mask is None

    def test_a_layer_of_a_users_own_reads_the_mask(self) -> None:
        class Seen(layers.Layer):
            def call(self, x: Any, mask: Any = None) -> Any:
                assert mask is not None
                return ops.sum(x * ops.expand_dims(ops.cast(mask, "float32"), -1), axis=1)

        table = layers.Embedding(5, 3, mask_zero=True, embeddings_initializer="ones")
        np.testing.assert_array_equal(Seen()(table(IDS)), [[2, 2, 2], [1, 1, 1]])

    def test_a_mask_is_known_when_the_model_is_made(self) -> None:
        seen = []

        class Seen(layers.Layer):
            supports_masking = True

            def call(self, x: Any, mask: Any = None) -> Any:
                seen.append(mask is not None)
                return x

        for length in (3, None):
            ids = layers.Input((length,), dtype="int32")
            hidden = layers.Dense(2)(layers.Dropout(0.1)(embedding()(ids)))
            fastnn.Model(ids, Seen()(layers.Concatenate()([hidden, hidden])))
        assert all(seen) and len(seen) >= 2

    @pytest.mark.parametrize("shape", [(1, 4), (2, 1), (2, 4)])
    def test_masks_that_broadcast(self, shape: tuple[int, int]) -> None:
        x = np.random.default_rng(1).normal(size=(2, 4, 3)).astype("float32")
        mask = np.random.default_rng(3).random(shape) > 0.4
        whole = np.broadcast_to(mask, (2, 4))
        pool = layers.GlobalAveragePooling1D()
        np.testing.assert_array_equal(pool(x, mask), pool(x, mask=whole))
        if shape != (2, 1):
            lstm = layers.LSTM(2)
            np.testing.assert_array_equal(lstm(x, mask=mask), lstm(x, mask=whole))

    @pytest.mark.parametrize("shape", [(2, 4, 3), (1, 4, 3), (2, 1, 3), (2, 4, 1), (3,)])
    def test_softmax_broadcasts_masks(self, shape: tuple[int, ...]) -> None:
        x = np.random.default_rng(1).normal(size=(2, 4, 3)).astype("float32")
        mask = np.random.default_rng(6).random(shape) > 0.2
        exp = np.exp(x) * mask
        np.testing.assert_allclose(layers.Softmax()(x, mask), exp / np.maximum(exp.sum(-1, keepdims=True), 1e-30), 1e-5)

    def test_compute_mask_of_merging_layers(self) -> None:
        x = np.ones((2, 4, 3), np.float32)
        one, other = np.array([[1, 0, 0, 1]] * 2) > 0, np.array([[1, 1, 0, 1]] * 2) > 0
        for layer in (layers.Add(), layers.Multiply(), layers.Concatenate()):
            np.testing.assert_array_equal(layer.compute_mask([x, x], [one, other]), one | other)
        for layer in (layers.Add(), layers.Average(), layers.Maximum()):
            assert layer.compute_mask([x, x], [None, other]) is None
        joined = layers.Concatenate(axis=1)
        np.testing.assert_array_equal(joined.compute_mask([x, x], [one, None])[:, 4:], np.ones((2, 4), bool))
        assert layers.Dot(1).compute_mask([x, x], [one, other]) is None
        assert layers.LSTM(2).compute_mask(x, one) is None
        states = layers.LSTM(2, return_sequences=True, return_state=True).compute_mask(x, one)
        assert states[0] is one and states[1:] == [None, None]


class Contrast(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.change = layers.RandomContrast(0.5, seed=1)

    def call(self, x: Any) -> Any:
        return self.change(x)


class InTraining(Contrast):
    def call(self, x: Any, training: bool = False) -> Any:
        return self.change(x)


class Named(fastnn.Model):
    def __init__(self) -> None:
        super().__init__()
        self.change = layers.RandomContrast(0.5, seed=1)

    def call(self, x: Any) -> Any:
        return self.change(x)


def functional() -> Any:
    x = layers.Input((8, 8, 3))
    return fastnn.Model(x, layers.RandomContrast(0.5, seed=1)(x))


class TestTraining:
    """Without `training=` each layer does what its `call` does without it: augmentation augments."""

    @pytest.mark.parametrize(
        "make",
        [
            lambda: layers.RandomContrast(0.5, seed=1),
            lambda: layers.RandomFlip(seed=1),
            lambda: layers.RandomColorJitter(brightness_factor=0.5, seed=1),
            lambda: fastnn.Sequential([layers.RandomContrast(0.5, seed=1), layers.RandomFlip(seed=2)]),
            functional,
            Contrast,
            Named,
        ],
    )
    def test_augmentation(self, make: Any) -> None:
        x, who = pictures(), make()
        first, second = who(x), who(x)
        assert np.abs(first - x).max() > 1 and np.abs(second - x).max() > 1
        np.testing.assert_array_equal(who(x, training=False), x)
        if hasattr(who, "predict"):
            np.testing.assert_array_equal(who.predict(x, verbose=0), x)
            assert np.abs(who(x) - x).max() > 1

    def test_a_default_of_a_call_holds_for_what_is_within(self) -> None:
        np.testing.assert_array_equal(InTraining()(pictures()), pictures())
        assert np.abs(InTraining()(pictures(), training=True) - pictures()).max() > 1
        assert np.abs(InTraining()(pictures(), True) - pictures()).max() > 1

    def test_a_call_whose_default_is_true(self) -> None:
        class More(layers.Layer):
            def call(self, x: Any, training: bool = True) -> Any:
                return x + 1.0 if training else x

        zero = np.zeros((1, 1))
        model = fastnn.Sequential([More()])
        assert More()(zero) == 1 and model(zero) == 1 and model.predict(zero, verbose=0) == 0

    def test_dropout_and_normalization_stay_still(self) -> None:
        x = np.random.default_rng(0).normal(size=(4, 10)).astype("float32")
        model = fastnn.Sequential([layers.Dropout(0.5), layers.BatchNormalization()])
        np.testing.assert_allclose(model(x), x / np.sqrt(1.001), rtol=1e-5)
        assert (layers.Dropout(0.5, seed=1)(x, True) == 0).any()
