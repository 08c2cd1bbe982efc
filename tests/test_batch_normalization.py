"""Batch renormalization, and masks that reach beyond the channels. All numbers are those of Keras 3.15.1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers


def _data():
    rng = np.random.default_rng(0)
    return rng.normal(2, 3, (8, 3)).astype("float32"), rng.random((8, 1)).astype("float32")


RENORMALIZED = [
    # Arguments, the first row of a step on x, on 2 * x + 1, and of a call without training, and the moving variance.
    (
        {},
        [2.37719, 1.60369, 3.92127], [5.59567, 4.15047, 8.76103], [2.13482, 1.48482, 3.74194],
        [1.1787, 1.07759, 1.06457],
    ),
    (
        {"renorm_clipping": {"rmax": 1.2, "rmin": 0.8, "dmax": 0.5}},
        [0.75578, 0.4247, 2.07913], [0.75578, 0.42469, 2.07932], [2.13482, 1.48482, 3.74194],
        [1.1787, 1.07759, 1.06457],
    ),
    (
        {"renorm_momentum": 0.5, "momentum": 0.6, "center": False},
        [2.37719, 1.60369, 3.92127], [2.17472, 2.26337, 5.85092], [0.0719, -0.24726, 0.8421],
        [16.38807, 5.72597, 4.72736],
    ),
    (
        {"scale": False, "epsilon": 0.1},
        [2.37719, 1.60369, 3.92127], [5.59491, 4.14943, 8.75858], [2.13441, 1.48429, 3.74041],
        [1.08015, 0.97937, 0.96644],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "first", "second", "after", "variance"), RENORMALIZED)
def test_renormalization(arguments, first, second, after, variance):
    x, _ = _data()
    layer = layers.BatchNormalization(renorm=True, **arguments)
    np.testing.assert_allclose(layer(x, training=True)[0], first, atol=2e-5)
    np.testing.assert_allclose(layer(2 * x + 1, training=True)[0], second, atol=2e-5)
    np.testing.assert_allclose(layer(x)[0], after, atol=2e-5)
    np.testing.assert_allclose(layer.moving_variance, variance, atol=2e-5)
    names = [weight.name for weight in layer.weights]
    assert names[-5:] == ["moving_mean", "moving_variance", "moving_stddev", "renorm_mean", "renorm_stddev"]


def test_training_with_renormalization(tmp_path):
    x, y = _data()
    end = layers.Dense(1, kernel_initializer="ones")
    model = fastnn.Sequential([layers.Input((3,)), layers.BatchNormalization(renorm=True, renorm_momentum=0.5), end])
    model.compile(fastnn.optimizers.SGD(0.001), "mse")
    losses = model.fit(x, y, batch_size=4, epochs=2, verbose=0, shuffle=False).history["loss"]
    assert losses == pytest.approx([28.80069, 5.31617], rel=1e-5)
    np.testing.assert_allclose(model.predict(x[:2], verbose=0), [[6.65084], [4.76552]], atol=2e-5)
    np.testing.assert_allclose(model.layers[0].gamma, [0.93144, 0.96211, 0.96216], atol=1e-5)
    model.save(tmp_path / "m.keras")
    again = fastnn.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert [again.fit(x, y, verbose=0).history["loss"]] == [model.fit(x, y, verbose=0).history["loss"]]


@pytest.mark.parametrize(
    ("axis", "row", "mean", "variance"),
    [
        (1, [-1.27322, -1.20046, -1.1277], [0.175, 0.4, 0.355], [2.87917, 1.05667, 2.87917]),
        (-1, [-1.79884] * 3, [0.282, 0.292, 0.302], [3.4476] * 3),
    ],
)
def test_a_mask_of_every_place(axis, row, mean, variance):
    x = np.arange(54.0).reshape(2, 3, 3, 3).astype("float32")
    mask = np.ones((2, 3, 3), bool)
    mask[0, 1] = False
    layer = layers.BatchNormalization(axis=axis)
    np.testing.assert_allclose(layer(x, training=True, mask=mask)[0, 0, 0], row, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, mean, atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, variance, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"renorm": True, "renorm_clipping": {"zz": 1}}, "expects renorm_clipping with rmax, rmin and dmax, got"),
        ({"renorm": True, "renorm_clipping": {"rmax": 1, "rmin": 2}}, "with rmax of at least rmin, got"),
        ({"renorm": True, "renorm_clipping": {"dmax": -1}}, "with dmax of at least 0, got"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.BatchNormalization(**arguments)


PRODUCTS = {
    "dense": lambda: layers.Dense(6),
    "dense-no-bias": lambda: layers.Dense(6, use_bias=False),
    "conv": lambda: layers.Conv2D(6, 3, padding="same", bias_initializer="normal"),
    "conv-groups": lambda: layers.Conv2D(6, 3, groups=2, bias_initializer="normal"),
    "conv-strided": lambda: layers.Conv2D(6, 3, strides=2, use_bias=False),
    "depthwise": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, bias_initializer="normal"),
}


def normalized(product: layers.Layer, **arguments: object) -> tuple[fastnn.Model, fastnn.Model]:
    """Returns a model of a product, a normalization with random weights and a relu, and one of the product alone."""
    x = layers.Input((9, 9, 4))
    between = product(x)
    scaling = layers.BatchNormalization(**arguments)
    model = fastnn.Model(x, layers.ReLU()(scaling(between)))
    random = np.random.default_rng(5)
    scaling.set_weights([(random.random(w.shape) + 0.5).astype("float32") for w in scaling.get_weights()])
    return model, fastnn.Model(x, between)


def rescaled(y: np.ndarray, layer: layers.BatchNormalization) -> np.ndarray:
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    y = (y.astype(np.float64) - mean) / np.sqrt(variance + layer.epsilon)
    y = y * layer.gamma.numpy() if layer.scale else y
    return np.maximum(y + layer.beta.numpy() if layer.center else y, 0)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
def test_folded_into_the_weights_before_it(product: Any, scale: bool, center: bool) -> None:
    model, alone = normalized(product(), scale=scale, center=center)
    x = np.random.default_rng(6).normal(size=(5, 9, 9, 4)).astype("float32")
    expected = rescaled(alone.predict(x, verbose=0), model.layers[2])
    outputs = model.predict(x, verbose=0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(model(x).numpy(), outputs)
    np.testing.assert_array_equal(model.predict(x[3:4], verbose=0), outputs[3:4])
    assert "batch_normalization" not in [row.name for row in fastnn.utils.profile(model, x, batch_size=4).rows]
    # It follows the weights of both.
    model.layers[2].moving_mean.assign(model.layers[2].moving_mean.numpy() + 1)
    model.layers[1].set_weights([w * 2 for w in model.layers[1].get_weights()])
    expected = rescaled(alone.predict(x, verbose=0), model.layers[2])
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-5)


def test_what_others_read_is_not_scaled() -> None:
    x = layers.Input((4,))
    between = layers.Dense(3)(x)
    scaling = layers.BatchNormalization()
    model = fastnn.Model(x, [between, layers.Add()([scaling(between), between])])
    scaling.set_weights([np.full(3, value, "float32") for value in (2, 1, 3, 4)])
    rows = np.ones((2, 4), "float32")
    first, second = model.predict(rows, verbose=0)
    dense = model.layers[1]
    np.testing.assert_allclose(first, rows @ dense.kernel.numpy(), rtol=1e-6)
    np.testing.assert_allclose(second, first + (first - 3) * 2 / np.sqrt(4 + 1e-3) + 1, rtol=1e-5)


def test_statistics_of_the_batch_are_not_folded() -> None:
    x = layers.Input((4,))
    model = fastnn.Model(x, layers.BatchNormalization()(layers.Dense(3)(x), training=True))
    outputs = model.predict(np.random.default_rng(0).normal(size=(64, 4)), batch_size=64, verbose=0)
    np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-5)
