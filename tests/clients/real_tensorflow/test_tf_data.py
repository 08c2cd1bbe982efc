"""tf.data of a real TensorFlow: its datasets and tensors are taken as they are, and TensorFlow is never shadowed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import keras

Dataset = tf.data.Dataset


@pytest.fixture
def pairs(rows):
    x, _, label = rows
    return x[:100], label[:100, None].astype("float32"), np.linspace(0.5, 1.5, 100).astype("float32")


def model():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")]
    made = keras.Sequential([keras.Input((4,)), *layers])
    made.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return made


def trained(*args, **kwargs):
    """Returns the history of a new model."""
    return model().fit(*args, epochs=2, verbose=0, **kwargs).history


def test_tensorflow_is_itself():
    assert Dataset.__module__.startswith("tensorflow.python")
    assert tf.math.reduce_sum([1, 2]).numpy() == 3
    assert keras.layers.Dense.__module__.startswith("fastnn.")


def test_its_keras_is_the_same():
    from tensorflow.keras.layers import Dense
    from tensorflow.keras.optimizers.schedules import ExponentialDecay

    assert tf.keras.layers.Dense is Dense is keras.layers.Dense
    assert ExponentialDecay is keras.optimizers.schedules.ExponentialDecay
    with pytest.raises(ImportError, match="Did you mean 'Dense'"):
        from tensorflow.keras.layers import Dens  # noqa: F401


def test_imported_first_it_is_not_shadowed():
    script = "import tensorflow\nimport fastnn.as_keras"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "would be shadowed" in ended.stderr, ended.stderr


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_fit_is_that_of_arrays(pairs, weighted):
    columns = pairs if weighted else pairs[:2]
    expected = trained(*pairs[:2], sample_weight=pairs[2] if weighted else None, batch_size=16, shuffle=False)
    data = Dataset.from_tensor_slices(columns).batch(16).prefetch(2)
    assert trained(data) == expected
    assert trained(Dataset.from_tensor_slices(columns).batch(16).cache().repeat(), steps_per_epoch=7) == expected


def test_validation(pairs):
    x, y, _ = pairs
    data = Dataset.from_tensor_slices((x, y)).batch(16)
    expected = trained(x, y, batch_size=16, shuffle=False, validation_data=(x[:48], y[:48]), validation_batch_size=16)
    assert trained(data, validation_data=data.take(3)) == expected
    assert trained(data, validation_data=data.repeat(), validation_steps=3) == expected


def test_steps_of_an_endless_one(pairs):
    data = Dataset.from_tensor_slices(pairs[:2]).shuffle(100).batch(10).repeat()
    history = trained(data, steps_per_epoch=4, validation_data=data, validation_steps=2)
    assert len(history["val_loss"]) == 2


def test_one_that_ends_early(pairs):
    data = Dataset.from_tensor_slices(pairs[:2]).batch(16)
    with pytest.warns(UserWarning, match="ran out of data after 7 of 20 steps"):
        trained(data, steps_per_epoch=20)


def test_class_weight(pairs):
    x, y, _ = pairs
    data = Dataset.from_tensor_slices((x, y)).batch(16)
    weights = {0: 1.0, 1: 3.0}
    assert trained(data, class_weight=weights) == trained(x, y, batch_size=16, shuffle=False, class_weight=weights)


def test_evaluate_and_predict(pairs):
    x, y, _ = pairs
    data = Dataset.from_tensor_slices((x, y)).batch(16)
    made = model()
    assert made.evaluate(data, verbose=0) == made.evaluate(x, y, batch_size=16, verbose=0)
    assert made.evaluate(data, steps=2, verbose=0) == made.evaluate(x[:32], y[:32], batch_size=16, verbose=0)
    assert made.predict(data, verbose=0).tolist() == made.predict(x, verbose=0).tolist()
    assert made.predict(Dataset.from_tensor_slices(x).batch(7), verbose=0).shape == (100, 1)


def test_named_inputs(pairs):
    x, y, _ = pairs
    inputs = [keras.Input((4,), name="a"), keras.Input((4,), name="b")]
    made = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(inputs)))
    made.compile("sgd", "mse")
    data = Dataset.from_tensor_slices(({"b": x, "a": x}, y)).batch(10)
    assert made.fit(data, epochs=1, verbose=0).history["loss"][0] > 0


def test_from_generator_and_map(pairs):
    x, y, _ = pairs

    def batches():
        for at in range(0, 100, 16):
            yield x[at : at + 16] / 2, y[at : at + 16]

    signature = (tf.TensorSpec((None, 4), tf.float32), tf.TensorSpec((None, 1), tf.float32))
    data = Dataset.from_generator(batches, output_signature=signature).map(lambda a, b: (a * 2, b))
    assert trained(data) == trained(x, y, batch_size=16, shuffle=False)


def test_tensors(pairs):
    x, y, _ = pairs
    made = model()
    tensors = tf.constant(x), tf.constant(y)
    assert trained(*tensors, batch_size=16, shuffle=False) == trained(x, y, batch_size=16, shuffle=False)
    assert np.asarray(made(tensors[0])).tolist() == np.asarray(made(x)).tolist()
    assert made.train_on_batch(*tensors) == model().train_on_batch(x, y)


def test_adapt(pairs):
    layer, other = keras.layers.Normalization(), keras.layers.Normalization()
    layer.adapt(Dataset.from_tensor_slices(pairs[0]).batch(10))
    other.adapt(pairs[0])
    np.testing.assert_allclose(np.asarray(layer(pairs[0])), np.asarray(other(pairs[0])), atol=1e-6)
    words = keras.layers.TextVectorization()
    words.adapt(Dataset.from_tensor_slices(["a b", "b c"]).batch(1))
    assert words.get_vocabulary() == ["", "[UNK]", "b", "c", "a"]


def test_a_wrong_shape_is_named(pairs):
    x, y, _ = pairs
    with pytest.raises(ValueError, match=r"batch 0 of the _BatchDataset: .* expects x of shape \(batch, 4\)"):
        trained(Dataset.from_tensor_slices((x[:, :3], y)).batch(16))
    with pytest.raises(ValueError, match="y cannot be given beside"):
        trained(Dataset.from_tensor_slices((x, y)).batch(16), y)
