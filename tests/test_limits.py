"""Sizes at and beyond the limits of the core: an error that says so, at once, or the right result."""

from __future__ import annotations

import re
import resource
import time
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import Input, Sequential, layers, ops

X, Y = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)


def fitted(**arguments):
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    stop = fastnn.callbacks.LambdaCallback(on_epoch_end=lambda *_: setattr(model, "stop_training", True))
    return len(model.fit(X, Y, verbose=0, callbacks=[stop], **arguments).epoch)


def predicted(layer, shape=(2,)):
    return Sequential([Input(shape), layer]).predict(np.ones((8, *shape), np.float32), verbose=0)


def predicted_of_any_length(layer):
    return Sequential([Input((None, 1)), layer]).predict(X[..., None], verbose=0)


CASES = {
    "fit": lambda n: fitted(batch_size=n),
    "epochs": lambda n: fitted(epochs=n),
    "later epochs": lambda n: fitted(epochs=n, initial_epoch=n - 1),
    "evaluate": lambda n: compiled().evaluate(X, Y, batch_size=n, verbose=0),
    "predict": lambda n: compiled().predict(X, batch_size=n, verbose=0),
    "seed": lambda n: fastnn.utils.set_random_seed(n),
    "stream": lambda n: layers.Dropout(0.5, seed=n)(X, training=True),
    "threads": lambda n: fastnn.config.set_num_threads(n),
    "dense": lambda n: predicted(layers.Dense(n)),
    "convolution": lambda n: predicted(layers.Conv2D(n, 3), (8, 8, 1)),
    "window": lambda n: predicted(layers.Conv2D(2, n, padding="same"), (8, 8, 1)),
    "strides": lambda n: predicted(layers.Conv2D(2, 2, strides=n), (8, 8, 1)),
    "dilation": lambda n: predicted(layers.Conv2D(2, 2, dilation_rate=n), (8, 8, 1)),
    "pooling": lambda n: predicted(layers.MaxPooling2D(n, padding="same"), (8, 8, 1)),
    "input": lambda n: Sequential([Input((n,)), layers.Dense(1)]),
    "input of two": lambda n: Sequential([Input((n, n)), layers.Dense(1)]),
    "rows": lambda n: Sequential([Input((2,), batch_size=n), layers.Dense(1)]).predict(X, verbose=0),
    "states": lambda n: Sequential([Input((3, 2), batch_size=n), layers.LSTM(2, stateful=True)]),
    "repeat": lambda n: predicted(layers.RepeatVector(n)),
    "enlarge": lambda n: predicted(layers.UpSampling1D(n), (3, 1)),
    "enlarge images": lambda n: predicted(layers.UpSampling2D(n, interpolation="bilinear"), (3, 3, 1)),
    "resize": lambda n: predicted(layers.Resizing(n, n), (3, 3, 1)),
    "pad": lambda n: predicted(layers.ZeroPadding1D(n), (3, 1)),
    "crop": lambda n: predicted(layers.Cropping1D(n), (3, 1)),
    "embedding": lambda n: predicted(layers.Embedding(n, 2)),
    "recurrent": lambda n: predicted(layers.LSTM(n), (3, 2)),
    "attention": lambda n: Sequential([Input((3, 2)), layers.GroupNormalization(n)]),
    "reshape": lambda n: predicted(layers.Reshape((n, -1))),
    "categories": lambda n: layers.CategoryEncoding(num_tokens=n)(np.array([1])),
    "hashes": lambda n: layers.Hashing(n)(np.array(["a"])),
    "tokens": lambda n: layers.TextVectorization(output_sequence_length=n, vocabulary=["a"])(["a b"]),
    "slice": lambda n: predicted_of_any_length(layers.Lambda(lambda x: x[:, -n:n])),
    "take": lambda n: ops.take(X, n),
    "zeros": lambda n: ops.zeros((n, n)),
    "one hot": lambda n: ops.one_hot(np.array([1]), n),
    "tile": lambda n: ops.tile(X, (n, 1)),
    "range": lambda n: ops.arange(n),
    "eye": lambda n: ops.eye(n),
    "to_categorical": lambda n: fastnn.utils.to_categorical([1], n),
    "initializer": lambda n: fastnn.initializers.GlorotUniform()((n, n)),
    "orthogonal": lambda n: fastnn.initializers.Orthogonal()((n, n)),
    "random": lambda n: fastnn.random.normal((n, n)),
    "variable": lambda n: fastnn.Variable("zeros", shape=(n, n)),
    "weight": lambda n: layers.Layer().add_weight(shape=(n, n)),
    "pad sequences": lambda n: fastnn.utils.pad_sequences([[1, 2]], maxlen=n),
    "accumulation": lambda n: fastnn.optimizers.SGD(gradient_accumulation_steps=n),
    "schedule": lambda n: fastnn.optimizers.schedules.CosineDecay(0.1, n)(3),
    "thresholds": lambda n: fastnn.metrics.AUC(num_thresholds=n),
    "top": lambda n: fastnn.metrics.TopKCategoricalAccuracy(k=n),
}  # fmt: skip


def compiled():
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("number", [2**31, 2**40, 2**63 - 1, 2**63, 2**64, 10**30], ids=str)
@pytest.mark.parametrize("kind", CASES)
def test_a_huge_integer(kind, number):
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (4 << 30), hard))
    begin = time.process_time()
    try:
        CASES[kind](number)
    except (ValueError, MemoryError, TypeError, IndexError) as error:
        assert str(error), repr(error)
        assert "incompatible function arguments" not in str(error) and "C long" not in str(error), error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        fastnn.config.set_num_threads(0)
    assert time.process_time() - begin < 10


def rows(*shape):
    return np.zeros(shape, np.float32)


EMPTY = {
    "no rows": (lambda: compiled()(rows(0, 2)), "x is empty, of shape (0, 2); at least one row is needed"),
    "predict no rows": (lambda: compiled().predict(rows(0, 2), verbose=0), "x is empty"),
    "fit no rows": (lambda: compiled().fit(rows(0, 2), rows(0, 1), verbose=0), "x is empty"),
    "a batch of no rows": (lambda: compiled().train_on_batch(rows(0, 2), rows(0, 1)), "x is empty"),
    "an input of no features": (lambda: Sequential([Input((0,))]), "sizes of at least 1, got (0,)"),
    "no features": (lambda: layers.Dense(3)(rows(2, 0)), "features in the last axis, got (batch, 0)"),
    "no steps": (lambda: layers.LSTM(3)(rows(2, 0, 4)), "positive number of steps and of features, got (batch, 0, 4)"),
    "no steps to average": (lambda: layers.GlobalAveragePooling1D()(rows(2, 0, 4)), "positive size, got (batch, 0, 4)"),
    "no height": (lambda: layers.Conv2D(3, 3, padding="same")(rows(2, 0, 4, 3)), "positive size, got (batch, 0, 4, 3)"),
    "no height to pool": (lambda: layers.MaxPooling2D()(rows(2, 0, 4, 3)), "positive size, got (batch, 0, 4, 3)"),
    "no height to enlarge": (lambda: layers.UpSampling2D()(rows(2, 0, 4, 3)), "positive size, got (batch, 0, 4, 3)"),
    "nothing to be the largest": (lambda: ops.max(rows(2, 0), axis=1), "no identity"),
    "layers on no rows": (lambda: layers.Conv2D(1, 7, padding="same")(rows(0, 12, 12, 16)), (0, 12, 12, 1)),
    "a transposed one": (
        lambda: layers.Conv2DTranspose(16, 4, strides=2, padding="same")(rows(0, 12, 12, 16)), (0, 24, 24, 16),
    ),
    "statistics of no rows": (lambda: layers.BatchNormalization()(rows(0, 4), training=True), (0, 4)),
    "dropout of no rows": (lambda: layers.Dropout(0.5)(rows(0, 4), training=True), (0, 4)),
    "an axis of none": (lambda: layers.Flatten()(rows(2, 0, 3)), (2, 0)),
    "a part of none": (lambda: layers.Concatenate()([rows(2, 0), rows(2, 3)]), (2, 3)),
    "no ids": (lambda: layers.Embedding(3, 2)(np.zeros((2, 0), np.int32)), (2, 0, 2)),
    "attention to nothing": (lambda: layers.MultiHeadAttention(1, 2)(rows(2, 0, 4), rows(2, 0, 4)), (2, 0, 4)),
    "a sum of nothing": (lambda: ops.sum(rows(2, 0), axis=1), (2,)),
    "a product over nothing": (lambda: ops.matmul(rows(2, 0), rows(0, 3)), (2, 3)),
}  # fmt: skip
"""Calls with a size of zero, and their shape or the words of their error."""


@pytest.mark.parametrize("kind", EMPTY)
def test_a_size_of_zero(kind):
    call, outcome = EMPTY[kind]
    if isinstance(outcome, tuple):
        assert np.shape(call()) == outcome
        return
    with pytest.raises(ValueError, match=re.escape(outcome)):
        call()


@pytest.mark.slow
def test_more_elements_than_32_bits_count():
    """Rows are found at both ends of an array of more than 2**31 elements, whose zeros take no memory."""
    rows = (1 << 21) + 37
    x = np.zeros((rows, 1024), np.uint8)
    x[5], x[1 << 20], x[-1] = 2, 3, 1
    model = Sequential([Input((1024,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    y = model.predict(x, batch_size=4096, verbose=0)
    assert y.shape == (rows, 1)
    assert {int(i): float(y[i, 0]) for i in np.flatnonzero(y)} == {5: 2048, 1 << 20: 3072, rows - 1: 1024}
    loss = model.evaluate(x, np.zeros((rows, 1), np.float32), batch_size=8192, verbose=0)
    assert loss == pytest.approx(1024**2 * (1 + 4 + 9) / rows)
