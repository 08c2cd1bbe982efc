"""Products with weights of 32 MiB and more, of which predictions hold no second copy."""

import re

import numpy as np
import pytest

import fastnn
from fastnn import layers

FEATURES, UNITS = 2100, 4003  # more than 2**23 weights; columns and rows that fill no block


@pytest.fixture(scope="module")
def model() -> fastnn.Model:
    fastnn.utils.set_random_seed(1)
    made = fastnn.Sequential([layers.Input((FEATURES,)), layers.Dense(UNITS, "tanh", bias_initializer="normal")])
    assert made.layers[0].kernel.shape[0] * made.layers[0].kernel.shape[1] > 2**23
    return made


@pytest.mark.parametrize("rows", [1, 3, 8, 9, 100, 257])
def test_unpacked_weights_give_the_bits_of_packed_ones(model: fastnn.Model, rows: int) -> None:
    x = np.random.default_rng(rows).normal(size=(rows, FEATURES)).astype("float32")
    outputs = model.predict(x, batch_size=rows, verbose=0)
    # A step of training holds packed weights.
    np.testing.assert_array_equal(outputs, model(x, training=True).numpy())
    kernel, bias = (w.astype(np.float64) for w in model.get_weights())
    np.testing.assert_allclose(outputs, np.tanh(x @ kernel + bias), atol=2e-5)


def test_no_second_copy_of_the_weights_is_held(model: fastnn.Model) -> None:
    plan = model.__fastnn_training__.programs.predictor().plan(8)
    size = int(re.search(r"arena of (\d+) bytes", plan)[1])
    assert size < 4 * FEATURES * UNITS / 4
