"""Layers adapted by weights of low rank: what is trained, what files hold, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn
from fastnn import layers

LAYERS = [
    (lambda: layers.Dense(6, activation="relu"), (3, 5)),
    (lambda: layers.Dense(6, use_bias=False), (5,)),
    (lambda: layers.Conv2D(6, 3, padding="same", groups=2, activation="relu"), (7, 8, 4)),
    (lambda: layers.Conv2D(6, 3, data_format="channels_first"), (3, 9, 9)),
    (lambda: layers.Conv1D(6, 3, padding="causal", strides=1), (8, 4)),
    (lambda: layers.Conv3D(2, 2), (3, 4, 5, 1)),
    (lambda: layers.EinsumDense("abc,cde->abde", (None, 3, 4), bias_axes="de"), (6, 5)),
]


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_the_kernel_is_frozen_and_the_sum_is_written(make, shape, tmp_path):
    model = fastnn.Sequential([fastnn.Input(shape), make()])
    layer, x = model.layers[0], np.random.RandomState(1).normal(size=(4, *shape)).astype(np.float32)
    before = model.predict(x, verbose=0)
    assert model(x, training=True).shape == before.shape
    layer.enable_lora(2, b_initializer="glorot_uniform")
    adapted = model.predict(x, verbose=0)
    assert np.abs(adapted - before).max() > 1e-4
    np.testing.assert_allclose(model(x), adapted, atol=1e-6)
    np.testing.assert_allclose(model(x, training=True), adapted, atol=1e-6)
    plain = fastnn.Sequential([fastnn.Input(shape), make()])
    plain.set_weights([np.asarray(layer.kernel), *([] if layer.bias is None else [layer.bias.numpy()])])
    np.testing.assert_allclose(plain.predict(x, verbose=0), adapted, rtol=1e-4, atol=1e-5)
    kernel = layer._kernel.numpy()
    model.compile("sgd", "mse")
    model.fit(x, np.zeros_like(adapted), epochs=2, verbose=0)
    np.testing.assert_array_equal(layer._kernel.numpy(), kernel)
    trained = model.predict(x, verbose=0)
    assert np.abs(trained - adapted).max() > 1e-6
    for name in ("model.keras", "model.weights.h5"):
        model.save(tmp_path / name) if name.endswith("keras") else model.save_weights(tmp_path / name)
    read = fastnn.saving.load_model(tmp_path / "model.keras")
    assert read.layers[0].lora_enabled and read.layers[0].lora_rank == 2
    assert not np.any(read.layers[0].lora_kernel_b)
    np.testing.assert_allclose(read.predict(x, verbose=0), trained, rtol=1e-4, atol=1e-5)
    plain.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(plain.predict(x, verbose=0), trained, rtol=1e-4, atol=1e-5)


def test_an_embedding_is_adapted():
    layer = layers.Embedding(7, 3, lora_rank=2, mask_zero=True)
    x = np.array([[1, 0, 6]])
    np.testing.assert_array_equal(layer(x), layer._embeddings.numpy()[x])
    layer.lora_embeddings_b.assign(np.ones((2, 3)))
    np.testing.assert_allclose(layer(x), np.asarray(layer.embeddings)[x], atol=1e-6)
    assert [w.name for w in layer.trainable_weights] == ["lora_embeddings_a", "lora_embeddings_b"]


def test_the_config_has_a_rank_where_there_is_one():
    layer = layers.Dense(3)
    assert "lora_rank" not in layer.get_config()
    layer.build((None, 2))
    layer.enable_lora(1, lora_alpha=4)
    copy = layers.Dense.from_config(layer.get_config())
    copy.build((None, 2))
    assert (copy.lora_enabled, copy.lora_rank, copy.lora_alpha) == (True, 1, 4)


def test_what_is_refused():
    layer = layers.Dense(3)
    with pytest.raises(ValueError, match="is not built: enable_lora adapts weights that are there"):
        layer.enable_lora(2)
    layer.build((None, 2))
    with pytest.raises(ValueError, match="rank to be a positive integer, got 0"):
        layer.enable_lora(0)
    layer.enable_lora(2)
    with pytest.raises(ValueError, match="already enabled, with rank 2"):
        layer.enable_lora(2)
    bound = layers.Dense(3, kernel_constraint="non_neg")
    bound.build((None, 2))
    with pytest.raises(ValueError, match="leave out kernel_constraint"):
        bound.enable_lora(2)
    with pytest.raises(ValueError, match="lora_rank expects a positive integer or None, got -1"):
        layers.Dense(3, lora_rank=-1)
