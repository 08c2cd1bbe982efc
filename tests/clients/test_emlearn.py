"""emlearn: C code of a network."""

from __future__ import annotations

import emlearn
import numpy as np
import pytest

import keras


@pytest.mark.parametrize("method", ["inline", "loadable"])
def test_conversion(rows, method):
    x, _, label = rows
    model = keras.Sequential(
        [
            keras.layers.Dense(8, input_dim=4),
            keras.layers.Activation("relu"),
            keras.layers.Dense(4, activation="tanh"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    model.fit(x, label, epochs=5, verbose=0)
    converted = emlearn.convert(model, method=method, return_type="classifier")
    expected = model.predict(x, verbose=0)[:, 0]
    clear = np.abs(expected - 0.5) > 1e-3
    np.testing.assert_array_equal(np.asarray(converted.predict(x))[clear], (expected > 0.5)[clear])
    assert "static" in converted.save(file="net.h", name="net")
