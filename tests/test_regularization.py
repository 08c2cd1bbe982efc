"""Layers that draw noise: distribution, gradient, seed, and identity in inference.

Their reference is the drawn noise: it is read from one output and must explain another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import _core, layers
from fastnn.engine.contract import emit
from fastnn.engine.emission import Emission

SHAPE = (6, 7, 3)


def trained(layer: Any, x: Any, cotangent: Any = None) -> tuple[Any, Any]:
    """Returns output and gradient of the input of one step, in a new graph: the first draw of the layer's stream."""
    emission = Emission(True)
    layer.stream.position = 0
    edges = emit(layer, emission, [emission.graph.input((None, *x.shape[1:]))])
    (y,), (dx,), _ = _core.vjp(emission.graph, edges, [x], [x if cotangent is None else cotangent], True)
    return y, dx


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


NOISY = [
    ("dropout-noise-shape", lambda: layers.Dropout(0.4, noise_shape=(None, 6, 1, 3), seed=5)),
    ("spatial-2d", lambda: layers.SpatialDropout2D(0.4, seed=5)),
    ("alpha", lambda: layers.AlphaDropout(0.3, seed=5)),
    ("alpha-noise-shape", lambda: layers.AlphaDropout(0.3, noise_shape=(None, 1, 1, 3), seed=5)),
    ("gaussian-noise", lambda: layers.GaussianNoise(0.7, seed=5)),
    ("gaussian-dropout", lambda: layers.GaussianDropout(0.3, seed=5)),
]
every_noise = pytest.mark.parametrize("make", [make for _, make in NOISY], ids=[name for name, _ in NOISY])


@every_noise
def test_the_gradient_is_that_of_the_noise_drawn(make: Any) -> None:
    x, cotangent = normal(9, *SHAPE), normal(9, *SHAPE, seed=1)
    layer = make()
    _, dx = trained(layer, x, cotangent)
    moved = (trained(layer, x + 1.0)[0].astype(np.float64) - trained(layer, x)[0]) * cotangent
    np.testing.assert_allclose(dx, moved, atol=2e-5)


@every_noise
def test_the_same_noise_for_a_seed_on_any_number_of_threads(make: Any) -> None:
    x = normal(300, *SHAPE)
    first = trained(make(), x)[0]
    for threads in (1, 2, 4):
        _core.set_num_threads(threads)
        np.testing.assert_array_equal(trained(make(), x)[0], first)
    other = make()
    other.stream.seed += 1
    assert (trained(other, x)[0] != first).any()
    again = make()
    emission = Emission(True)
    edges = emit(again, emission, [emission.graph.input((None, *SHAPE))])
    draws = [_core.vjp(emission.graph, edges, [x], [x], True)[0][0] for _ in range(2)]
    np.testing.assert_array_equal(draws[0], first)
    assert (draws[1] != first).any(), "a second step draws anew"


@every_noise
def test_inference_passes_all_on(make: Any) -> None:
    x = normal(4, *SHAPE)
    model = fastnn.Sequential([layers.Input(SHAPE), make()])
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)
    assert (make()(x, training=True) != x).any()


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (layers.SpatialDropout1D, (9, 40)),
        (layers.SpatialDropout2D, (5, 3, 40)),
        (layers.SpatialDropout3D, (2, 3, 4, 40)),
    ],
    ids=["1d", "2d", "3d"],
)
def test_spatial_dropout_drops_whole_channels(make: Any, shape: tuple[int, ...]) -> None:
    x = np.ones((50, *shape), np.float32)
    y, _ = trained(make(0.25, seed=2), x)
    flat = y.reshape(50, -1, 40)
    assert (flat == flat[:, :1]).all()
    assert set(np.unique(flat)) == {np.float32(0.0), np.float32(1 / 0.75)}
    assert abs((flat[:, 0] == 0).mean() - 0.25) < 0.04


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_alpha_dropout_keeps_mean_and_variance(rate: float) -> None:
    y, _ = trained(layers.AlphaDropout(rate, seed=3), normal(2000, 100))
    assert abs(y.mean()) < 0.01
    assert abs(y.var() - 1.0) < 0.02
    floor = -1.0507009873554805 * 1.6732632423543772
    scale = ((1 - rate) * (1 + rate * floor**2)) ** -0.5
    dropped = np.abs(y - scale * floor * (1 - rate)) < 1e-6
    assert abs(dropped.mean() - rate) < 0.01


def moments(z: Any) -> list[float]:
    return [float((z**k).mean()) for k in range(1, 7)]


def test_gaussian_noise_is_normal() -> None:
    x = normal(4000, 250)
    z = (trained(layers.GaussianNoise(0.5, seed=11), x)[0].astype(np.float64) - x) / 0.5
    np.testing.assert_allclose(moments(z), [0, 1, 0, 3, 0, 15], atol=0.25)
    assert abs(z.mean()) < 0.004
    assert abs(z.var() - 1) < 0.005
    # Against the normal distribution function, at enough points to show a kink between two polynomials.
    points = np.linspace(-4, 4, 81)
    from math import erf, sqrt

    expected = np.array([0.5 * (1 + erf(p / sqrt(2))) for p in points])
    got = np.searchsorted(np.sort(z.ravel()), points) / z.size
    assert np.abs(got - expected).max() < 0.002
    assert 4.4 < np.abs(z).max() < 5.5, "a million normal numbers reach about 4.9"
    columns = z.reshape(4000, 250)
    assert abs(np.corrcoef(columns[:, 0], columns[:, 1])[0, 1]) < 0.08
    assert np.abs(columns.mean(axis=0)).max() < 0.08


def test_gaussian_dropout_has_the_variance_of_dropout() -> None:
    x = np.full((2000, 100), 3.0, np.float32)
    factors = trained(layers.GaussianDropout(0.2, seed=4), x)[0].astype(np.float64) / 3.0
    assert abs(factors.mean() - 1.0) < 0.005
    assert abs(factors.var() - 0.25) < 0.005


def test_noise_of_none_at_all() -> None:
    x = normal(5, 8)
    for layer in (layers.GaussianNoise(0.0), layers.GaussianDropout(0.0), layers.AlphaDropout(0.0)):
        np.testing.assert_allclose(layer(x, training=True), x, rtol=1e-6)


def test_what_noise_cannot_be() -> None:
    with pytest.raises(ValueError, match=r"stddev expects a number of at least 0, got -1"):
        layers.GaussianNoise(-1.0)
    with pytest.raises(ValueError, match=r"rate expects a number in \[0, 1\), got 1"):
        layers.GaussianDropout(1.0)
    with pytest.raises(ValueError, match=r"rate expects a number in \[0, 1\)"):
        layers.AlphaDropout(1.0)
    with pytest.raises(
        ValueError, match=r'SpatialDropout2D "drop" expects \(batch, height, width, channels\), got \(batch, 5, 6\)'
    ):
        layers.SpatialDropout2D(0.5, name="drop").build((None, 5, 6))
    with pytest.raises(ValueError, match=r"size 1 of noise_shape expects None, 1 or 5, got 4"):
        layers.AlphaDropout(0.5, noise_shape=(None, 4, 6)).build((None, 5, 6))


class TestNoiseShape:
    """A size of the mask is the input's, or 1 for one draw along the axis; the first one is that of the batch."""

    @pytest.mark.parametrize("layer", [layers.Dropout, layers.AlphaDropout])
    def test_the_size_of_the_batch_may_be_given(self, layer):
        x = np.ones((6, 5, 4), np.float32)
        made = layer(0.5, noise_shape=(6, 1, 4), seed=2)
        assert made.noise_shape == (6, 1, 4)
        drawn = made(x, training=True)
        np.testing.assert_array_equal(drawn, layer(0.5, noise_shape=(None, 1, 4), seed=2)(x, training=True))
        np.testing.assert_array_equal(drawn, np.broadcast_to(drawn[:, :1], x.shape))
        assert len({row.tobytes() for row in drawn}) > 1

    @pytest.mark.parametrize("layer", [layers.Dropout, layers.AlphaDropout])
    @pytest.mark.parametrize("shape", ["all", (3, 0), (3, -1), (3, 1.5), (True, 1)])
    def test_other_values(self, layer, shape):
        with pytest.raises(ValueError, match=r"expects noise_shape to be a tuple of positive integers and None, got"):
            layer(0.5, noise_shape=shape)


def test_the_penalty_of_a_distributed_layer_on_its_outputs_does_not_count():
    """As in Keras 3.15.1, which runs the `call` of the inner layer: 4.969908 is its loss, 5.268102 with the penalty."""
    inner = layers.Dense(2, kernel_initializer="ones", activity_regularizer="l2")
    model = fastnn.Sequential([fastnn.Input((3, 4)), layers.TimeDistributed(inner)])
    model.compile("sgd", "mse")
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 24
    assert model.evaluate(x, np.zeros((2, 3, 2), np.float32), verbose=0) == pytest.approx(4.9699079, rel=1e-6)
