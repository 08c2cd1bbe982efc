"""Embedding: rows looked up by ids of either type, the gradient of the table, and its arguments.

Ids are integers without a gradient, so the layer is tested here and not in the table of cases.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import _core, layers
from fastnn.engine.contract import emit
from fastnn.engine.emission import Emission

ROWS, WIDTHS = 23, [1, 8, 16, 33, 70]


def made(width: int, shape: tuple[int, ...], dtype: str, training: bool = True) -> tuple[Any, Any, list[int]]:
    layer = layers.Embedding(ROWS, width, "normal")
    layer.build((None, *shape))
    layer.set_weights([np.random.default_rng(0).normal(size=(ROWS, width))])
    emission = Emission(training)
    return layer, emission.graph, emit(layer, emission, [emission.graph.input((None, *shape), dtype)])


def ids_of(rows: int, shape: tuple[int, ...], dtype: str, seed: int = 1) -> Any:
    ids = np.random.default_rng(seed).integers(0, ROWS, size=(rows, *shape))
    return np.minimum(ids, ROWS - 1 - (ids % 3 == 0)).astype(dtype)


every_type = pytest.mark.parametrize("dtype", ["int32", "float32"])


@every_type
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4)], ids=str)
def test_value_and_gradient(width: int, shape: tuple[int, ...], dtype: str) -> None:
    layer, graph, edges = made(width, shape, dtype)
    (table,) = layer.get_weights()
    assert graph.spec(edges[0]) == ((None, *shape, width), "float32")
    for rows in (1, 5):
        ids = ids_of(rows, shape, dtype)
        cotangent = np.random.default_rng(2).normal(size=(*ids.shape, width)).astype(np.float32)
        (y,), dxs, ((_, gradient),) = _core.vjp(graph, edges, [ids], [cotangent], True)
        np.testing.assert_array_equal(y, table[ids.astype(int)])
        expected = np.zeros(table.shape)
        np.add.at(expected, ids.astype(int), cotangent)
        np.testing.assert_allclose(gradient, expected, atol=1e-5)
        untouched = np.setdiff1d(np.arange(ROWS), ids.astype(int))
        assert not gradient[untouched].any()
        assert dxs == [None] or not np.any(dxs[0])
        np.testing.assert_array_equal(_core.Predictor(*made(width, shape, dtype, False)[1:])([ids])[0], y)


@every_type
def test_the_same_bits_on_any_number_of_threads(dtype: str) -> None:
    results = []
    for threads in (1, 2, 4):
        _core.set_num_threads(threads)
        _, graph, edges = made(70, (50,), dtype)
        ids = ids_of(64, (50,), dtype)
        cotangent = np.random.default_rng(3).normal(size=(64, 50, 70)).astype(np.float32)
        (y,), _, ((_, gradient),) = _core.vjp(graph, edges, [ids], [cotangent], True)
        results.append((y, gradient))
    for y, gradient in results[1:]:
        np.testing.assert_array_equal(y, results[0][0])
        np.testing.assert_array_equal(gradient, results[0][1])


@pytest.mark.parametrize(
    "ids", [[1, -1, 2], [1, ROWS, 2], [1, 2**31 - 1, 2], [1.0, 1.5, 2.0], [1.0, np.nan, 2.0], [1.0, 1e30, 2.0]], ids=str
)
def test_an_id_from_nowhere_reads_nothing_and_moves_nothing(ids: list[float]) -> None:
    x = np.array([ids])
    x = x.astype("int32" if x.dtype.kind == "i" else "float32")
    _, graph, edges = made(8, (3,), str(x.dtype))
    (y,), _, ((_, gradient),) = _core.vjp(graph, edges, [x], [np.ones((1, 3, 8), np.float32)], True)
    assert np.isnan(y[0, 1]).all()
    assert np.isfinite(y[0, [0, 2]]).all()
    np.testing.assert_array_equal(np.flatnonzero(gradient.any(axis=1)), [1, 2])


def test_a_large_table_keeps_its_ids_apart() -> None:
    layer = layers.Embedding(100_003, 2)
    x = np.arange(0, 100_003, 7).reshape(1, -1)
    np.testing.assert_array_equal(layer(x)[0], layer.get_weights()[0][::7])


def test_it_learns_in_a_model() -> None:
    rng = np.random.default_rng(0)
    ids = rng.integers(0, ROWS, size=(200, 4))
    y = (ids % 2).sum(axis=1, keepdims=True).astype(np.float32)
    model = fastnn.Sequential([layers.Input((4,)), layers.Embedding(ROWS, 6), layers.Flatten(), layers.Dense(1)])
    model.compile(fastnn.optimizers.Adam(0.02), loss="mse")
    history = model.fit(ids, y, epochs=40, batch_size=20, verbose=0)
    assert history.history["loss"][-1] < 0.01


def test_its_arguments() -> None:
    table = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    for given in (table, [table], table.tolist()):
        layer = layers.Embedding(5, 3, weights=given)
        np.testing.assert_array_equal(layer(np.array([[2, 4]])), [table[[2, 4]]])
    layer = layers.Embedding(5, 3, "ones", "l2", "unit_norm", mask_zero=True, name="words", input_length=2)
    config = layer.get_config()
    assert "weights" not in config
    assert config["mask_zero"] is True
    assert layers.Embedding.from_config(config).get_config() == config
    assert layer.compute_output_shape((None, 7)) == (None, 7, 3)
    assert layers.Embedding(5, 3).compute_output_shape((None,)) == (None, 3)
    np.testing.assert_array_equal(layer(np.array([[1, 0]])), np.ones((1, 2, 3)))


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match=r'Embedding "words": input_dim expects a positive integer, got 0'):
        layers.Embedding(0, 3, name="words")
    with pytest.raises(ValueError, match="output_dim expects a positive integer, got -1"):
        layers.Embedding(3, -1)
    with pytest.raises(TypeError, match="input_dim expects an integer"):
        layers.Embedding(3.5, 1)
    with pytest.raises(ValueError, match=r"expects weights of shape \(5, 3\), got \(3, 5\)"):
        layers.Embedding(5, 3, weights=np.ones((3, 5)))
    with pytest.raises(ValueError, match="expects quantization_config to be an Int8QuantizationConfig, got 'int8'"):
        layers.Embedding(5, 3, quantization_config="int8")


@pytest.mark.slow
def test_a_table_of_more_bytes_than_32_bits_count():
    """Its rows, their gradients and updates lie further apart than an int counts."""
    count = 600_000_000
    model = fastnn.Sequential([fastnn.Input((3,), dtype="int32"), layers.Embedding(count, 1, "zeros")])
    model.compile(fastnn.optimizers.SGD(1.5), "mse")
    ids = np.array([[0, count // 2 + 7, count - 1]], np.int32)
    assert model.predict(ids, verbose=0).tolist() == [[[0.0]] * 3]
    # The derivative of the mean of three squares is -2/3.
    model.train_on_batch(ids, np.ones((1, 3, 1), np.float32))
    np.testing.assert_allclose(model.predict(ids, verbose=0), np.ones((1, 3, 1)), rtol=1e-6)
    assert not model.predict(np.abs(ids - 1), verbose=0).any()


@pytest.mark.parametrize("training", [None, False, True])
def test_ids_of_a_call_are_checked_each_time(training):
    model = fastnn.Sequential([layers.Input((3,), dtype="int32"), layers.Embedding(10, 2), layers.Dropout(0.1)])
    ids = np.array([[1, 2, 3]])
    first = np.asarray(model(ids, training=training))
    assert np.asarray(model(ids.astype("uint8"), training=training)).shape == first.shape
    for wrong in ([[1, 2, 10]], [[1, -1, 2]], [[1.5, 2, 3]], [[2**40, 1, 1]]):
        with pytest.raises(ValueError, match="takes integers from 0 to 9"):
            model(np.array(wrong), training=training)
        with pytest.raises(ValueError, match="takes integers from 0 to 9"):
            model.predict(np.array(wrong), verbose=0)
