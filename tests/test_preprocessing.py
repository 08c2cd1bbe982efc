"""Preprocessing layers: adaptation to data, random draws, and lookups of strings and integers.

The values and gradients of layers that draw nothing are rows of the table (`cases/preprocessing.py`).
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastnn
from fastnn import _core, layers
from fastnn.engine.contract import emit
from fastnn.engine.emission import Emission
from fastnn.layers.preprocessing import string_hashes as hashing

Array = NDArray[Any]


def pictures(rows: int = 40, height: int = 6, width: int = 5, channels: int = 3) -> Array:
    return np.random.default_rng(0).uniform(0, 255, (rows, height, width, channels)).astype(np.float32)


def graph_of(
    layer: Any, shapes: list[tuple[int, ...]], training: bool, dtype: str = "float32"
) -> tuple[Any, list[int]]:
    emission = Emission(training)
    edges = [emission.graph.input((None, *shape), dtype) for shape in shapes]
    return emission.graph, emit(layer, emission, edges)


def inside(layer: Any, x: Array, dtype: str = "float32") -> Array:
    """Returns the output of the layer in a model."""
    (y,) = _core.Predictor(*graph_of(layer, [x.shape[1:]], False, dtype))([x])
    return y


def trained(layer: Any, x: Array) -> tuple[Array, Array, Array]:
    """Returns output, cotangent and gradient of the input of a training step of the layer alone."""
    graph, edges = graph_of(layer, [x.shape[1:]], True)
    shape = (len(x), *graph.spec(edges[0])[0][1:])
    cotangent = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    (y,), (dx,), _ = _core.vjp(graph, edges, [x], [cotangent], True)
    return y, cotangent, dx


# Random images --------------------------------------------------------------------------------------------------------

RANDOM: dict[str, Callable[[int], Any]] = {
    "flip": lambda seed: layers.RandomFlip(seed=seed),
    "rotation": lambda seed: layers.RandomRotation(0.3, seed=seed),
    "zoom": lambda seed: layers.RandomZoom(0.3, 0.4, seed=seed),
    "translation": lambda seed: layers.RandomTranslation(0.5, 0.5, seed=seed),
    "shear": lambda seed: layers.RandomShear(0.5, 0.5, seed=seed),
    "crop": lambda seed: layers.RandomCrop(4, 3, seed=seed),
    "brightness": lambda seed: layers.RandomBrightness(0.3, seed=seed),
    "contrast": lambda seed: layers.RandomContrast(0.8, seed=seed),
    "invert": lambda seed: layers.RandomInvert((0.5, 0.5), seed=seed),
    "grayscale": lambda seed: layers.RandomGrayscale(0.5, seed=seed),
    "degeneration": lambda seed: layers.RandomColorDegeneration((0, 1), seed=seed),
    "saturation": lambda seed: layers.RandomSaturation((0.1, 0.9), seed=seed),
    "hue": lambda seed: layers.RandomHue(1.0, seed=seed),
    "sharpness": lambda seed: layers.RandomSharpness(1.0, seed=seed),
    "erasing": lambda seed: layers.RandomErasing((0.5, 0.5), seed=seed),
    "jitter": lambda seed: layers.RandomColorJitter((0, 255), 0.2, 0.2, (0.3, 0.7), 0.2, seed=seed),
    "posterization": lambda seed: layers.RandomPosterization((1, 8), seed=seed),
    "solarization": lambda seed: layers.Solarization(0.5, 1.0, seed=seed),
}

every_random = pytest.mark.parametrize("name", RANDOM)


@every_random
def test_a_seed_repeats_itself_on_any_number_of_threads(name: str) -> None:
    x = pictures(200)
    made = []
    for threads in (1, 2, 4):
        _core.set_num_threads(threads)
        y, _, dx = trained(RANDOM[name](5), x)
        made.append((y, dx))
    for y, dx in made[1:]:
        np.testing.assert_array_equal(y, made[0][0])
        np.testing.assert_array_equal(dx, made[0][1])
    assert (trained(RANDOM[name](6), x)[0] != made[0][0]).any()


@every_random
def test_each_step_and_each_sample_draws_anew(name: str) -> None:
    x = np.repeat(pictures(1), 40, axis=0)
    layer = RANDOM[name](5)
    graph, edges = graph_of(layer, [x.shape[1:]], True)
    cotangent = np.zeros((40, *graph.spec(edges[0])[0][1:]), np.float32)
    steps = [_core.vjp(graph, edges, [x], [cotangent], True)[0][0] for _ in range(12)]
    assert any((step != steps[0]).any() for step in steps)
    assert layer.stream.position == 12 * (4 if name == "jitter" else 1)
    different = (steps[0] != steps[0][:1]).any()
    assert different != (name == "crop"), "a crop is the same for all images of a batch, all else is not"


@every_random
def test_a_random_layer_is_still_in_inference(name: str) -> None:
    x = pictures(3, 4, 3)
    np.testing.assert_array_equal(RANDOM[name](5)(x, training=False), x)
    np.testing.assert_array_equal(RANDOM[name](5)(x[0], training=False), x[0])
    model = fastnn.Sequential([layers.Input(x.shape[1:]), RANDOM[name](5)])
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)


@every_random
def test_a_random_layer_is_made_again_from_its_config(name: str) -> None:
    x = pictures(8)
    layer = RANDOM[name](5)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(trained(again, x)[0], trained(layer, x)[0])


def test_random_layers_train_in_a_model() -> None:
    def losses() -> list[float]:
        model = fastnn.Sequential(
            [
                layers.Input((6, 5, 3)),
                layers.Rescaling(1 / 255),
                layers.RandomFlip("horizontal", seed=1),
                layers.RandomRotation(0.1, seed=2),
                layers.RandomContrast(0.2, (0, 1), seed=3),
                layers.Flatten(),
                layers.Dense(1, kernel_initializer="ones"),
            ]
        )
        model.compile(optimizer=fastnn.optimizers.SGD(1e-4), loss="mse")
        return list(model.fit(pictures(), np.zeros(40), epochs=3, shuffle=False, verbose=0).history["loss"])

    first = losses()
    assert first == losses()
    assert first[2] < first[0]


@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
def test_flips_give_every_allowed_picture_and_no_other(mode: str) -> None:
    x = pictures(200)
    allowed = {
        "horizontal": [x, x[:, :, ::-1]],
        "vertical": [x, x[:, ::-1]],
        "horizontal_and_vertical": [x, x[:, :, ::-1], x[:, ::-1], x[:, ::-1, ::-1]],
    }[mode]
    y, cotangent, dx = trained(layers.RandomFlip(mode, seed=3), x)
    which = np.array([[(y[i] == one[i]).all() for one in allowed] for i in range(200)])
    assert (which.sum(axis=1) == 1).all()
    assert np.abs(which.mean(axis=0) - 1 / len(allowed)).max() < 0.12
    np.testing.assert_allclose((y * cotangent).sum(), (x * dx).sum(), rtol=1e-5)


def test_crops_are_windows_from_everywhere() -> None:
    x = pictures(3)
    layer = layers.RandomCrop(4, 3, seed=3)
    graph, edges = graph_of(layer, [x.shape[1:]], True)
    cotangent = np.random.default_rng(1).normal(size=(3, 4, 3, 3)).astype(np.float32)
    seen = set()
    for _ in range(120):
        (y,), (dx,), _ = _core.vjp(graph, edges, [x], [cotangent], True)
        places = [
            (top, left) for top in range(3) for left in range(3) if (y == x[:, top : top + 4, left : left + 3]).all()
        ]
        assert len(places) == 1
        ((top, left),) = places
        given = np.zeros_like(x)
        given[:, top : top + 4, left : left + 3] = cotangent
        np.testing.assert_array_equal(dx, given)
        seen.add((top, left))
    assert len(seen) == 9


def test_brightness_stays_within_its_range_and_fills_it() -> None:
    x = np.full((400, 2, 2, 1), 0.5, np.float32)
    y, _, _ = trained(layers.RandomBrightness((-0.1, 0.3), value_range=(0, 1), seed=1), x)
    more = y[:, 0, 0, 0] - 0.5
    assert (np.ptp(y.reshape(400, -1), axis=1) == 0).all()
    assert -0.1 <= more.min() < -0.09
    assert 0.29 < more.max() <= 0.3 + 1e-6
    assert abs(more.mean() - 0.1) < 0.02


def test_contrast_moves_values_about_the_mean_of_their_channel() -> None:
    x = pictures(300) * 0.2 + 100
    y, cotangent, dx = trained(layers.RandomContrast((0.4, 0.8), seed=1), x)
    mean = x.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    factors = ((y - mean) * (x - mean)).sum(axis=(1, 2, 3)) / ((x - mean) ** 2).sum(axis=(1, 2, 3))
    factor = factors[:, None, None, None]
    np.testing.assert_allclose(y, (x - mean) * factor + mean, rtol=1e-5)
    assert 0.6 - 1e-5 <= factors.min() < 0.63
    assert 1.77 < factors.max() <= 1.8 + 1e-5
    expected = factor * cotangent + (1 - factor) * cotangent.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(dx, expected, atol=1e-4)


def test_one_number_of_contrast_goes_both_ways() -> None:
    x = np.stack([np.array([[[90.0], [110.0]]], np.float32)] * 300)
    y, _, _ = trained(layers.RandomContrast(0.5, seed=1), x)
    factors = np.ptp(y.reshape(300, 2), axis=1) / 20
    assert factors.min() < 0.55
    assert factors.max() > 1.45


def test_shear_moves_rows_by_a_part_of_their_number() -> None:
    x = np.tile(np.arange(9.0, dtype=np.float32)[None, None, :, None], (64, 4, 1, 1))
    y, _, _ = trained(layers.RandomShear((0.5, 0.5), 0.0, fill_mode="nearest", seed=1), x)
    ways = set()
    for row in range(64):
        way = np.sign(y[row, 2, 4, 0] - 4)
        ways.add(float(way))
        expected = np.clip(np.arange(9) + way * 0.5 * np.arange(4)[:, None], 0, 8)
        np.testing.assert_allclose(y[row, :, :, 0], expected, atol=1e-6)
    assert ways == {-1.0, 1.0}


def test_a_chance_is_kept() -> None:
    x = pictures(1000, 1, 2)
    gray, _, _ = trained(layers.RandomGrayscale(0.3, seed=1), x)
    inverted, _, _ = trained(layers.RandomInvert((0.3, 0.3), seed=1), x)
    for y in (gray, inverted):
        assert abs((y != x).any(axis=(1, 2, 3)).mean() - 0.3) < 0.05


def test_posterization_draws_whole_bits_below_the_upper() -> None:
    x = np.tile(np.arange(256, dtype=np.float32)[None, None, :, None], (200, 1, 1, 1))
    y, _, dx = trained(layers.RandomPosterization((2, 5), seed=1), x)
    assert {len(np.unique(one)) for one in y} == {4, 8, 16}
    assert (dx == 0).all()


def test_hues_turn_by_the_factor_either_way() -> None:
    x = pictures(30)
    y, cotangent, dx = trained(layers.RandomHue((0.3, 0.3), seed=1), x)

    def turned(pixels: Array, way: float) -> Array:
        def one(pixel: Array) -> Any:
            hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
            return colorsys.hsv_to_rgb((hue + way) % 1, saturation, value)

        return np.apply_along_axis(one, -1, pixels.astype(np.float64))

    ways = set()
    for i in range(30):
        errors = {way: float(np.abs(turned(x[i], way) - y[i]).max()) for way in (-0.15, 0.15)}
        way = min(errors, key=lambda way: errors[way])
        assert errors[way] < 1e-3
        ways.add(way)
        move = np.random.default_rng(i).normal(size=x[i].shape)
        step = 1e-5
        change = (turned(x[i] + step * move, way) - turned(x[i] - step * move, way)) / (2 * step)
        assert float((dx[i] * move).sum()) == pytest.approx(float((cotangent[i] * change).sum()), rel=1e-3, abs=1e-2)
    assert len(ways) == 2


def test_erasing_fills_one_patch_of_some_images() -> None:
    x = pictures(400, 20, 30)
    y, cotangent, dx = trained(layers.RandomErasing((0.5, 0.5), (0.04, 0.25), fill_value=-5.0, seed=1), x)
    erased = (y == 0).all(axis=-1)
    assert abs(erased.any(axis=(1, 2)).mean() - 0.5) < 0.08
    np.testing.assert_array_equal(y[~erased], x[~erased])
    np.testing.assert_array_equal(dx, np.where(erased[..., None], 0, cotangent))
    sizes = []
    for one in erased[erased.any(axis=(1, 2))]:
        rows, columns = one.any(axis=1), one.any(axis=0)
        assert (one == np.outer(rows, columns)).all()
        assert np.flatnonzero(np.diff(np.flatnonzero(rows)) != 1).size == 0
        sizes.append((rows.sum() / 20, columns.sum() / 30))
    assert 0.15 <= np.min(sizes) < 0.25
    assert 0.4 < np.max(sizes) <= 0.55
    noise, _, _ = trained(layers.RandomErasing((1, 1), (1, 1), value_range=(-1, 1), seed=1), x)
    assert abs(np.mean(noise)) < 0.01
    assert (noise[0] != noise[1]).any()
    assert np.abs(noise).max() == 1


def test_rotations_of_a_batch_keep_what_turns_into_itself() -> None:
    x = np.full((50, 8, 8, 1), 3.0, np.float32)
    for fill in ("reflect", "wrap", "nearest"):
        y, _, _ = trained(layers.RandomRotation(1.0, fill_mode=fill, seed=1), x)
        np.testing.assert_allclose(y, 3.0, rtol=1e-6)
    y, _, _ = trained(layers.RandomRotation(1.0, fill_mode="constant", fill_value=-1.0, seed=1), x)
    assert y.min() < 0
    np.testing.assert_allclose(y[:, 3:5, 3:5], 3.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.RandomRotation(1.5), "factor to be a number or two numbers from -1 to 1, got 1.5"),
        (lambda: layers.RandomRotation("a"), "factor"),
        (lambda: layers.RandomRotation((0.1, 0.2, 0.3)), "two numbers"),
        (lambda: layers.RandomRotation(0.1, fill_mode="mirror"), "fill_mode expects"),
        (lambda: layers.RandomRotation(0.1, interpolation="bicubic"), "interpolation expects"),
        (lambda: layers.RandomZoom((-1.0, 0.0)), "height_factor above -1"),
        (lambda: layers.RandomTranslation(0.1, 2), "width_factor"),
        (lambda: layers.RandomShear(1.5), "x_factor"),
        (lambda: layers.RandomFlip("sideways"), "mode expects"),
        (lambda: layers.RandomBrightness(2), "factor"),
        (lambda: layers.RandomBrightness(0.1, value_range=(1, 1)), "value_range"),
        (lambda: layers.RandomContrast((0.5, 1.5)), "factor"),
        (lambda: layers.RandomPosterization(2.5), "integer number of bits"),
        (lambda: layers.RandomPosterization(9), "from 1 to 8"),
        (lambda: layers.RandomErasing(fill_value=(1, 2))(pictures(), training=True), "one per channel"),
        (lambda: layers.RandomColorJitter(contrast_factor=2), "factor"),
        (lambda: layers.RandomColorJitter((3, 3)), "value_range"),
        (lambda: layers.RandomErasing(scale=(0.1, 1.5)), "scale"),
        (lambda: layers.RandomCrop(0, 3), "at least 1"),
        (lambda: layers.RandomFlip()(np.ones((2, 3))), r"images \(batch, height, width, channels\)"),
        (lambda: layers.RandomGrayscale()(pictures(channels=1), training=True), "three channels"),
        (lambda: layers.Resizing(3, 0), "at least 1"),
        (lambda: layers.Resizing(3, 3, "cubic"), "interpolation expects"),
        (lambda: layers.Resizing(3, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), "exclude each other"),
        (lambda: layers.Resizing(3, 3, fill_mode="reflect"), "fill_mode expects"),
        (lambda: layers.CenterCrop(3, 3)(np.ones((2, 3))), "expects images"),
        (lambda: layers.Rescaling([1.0, 2.0])(np.ones((2, 3))), "does not match samples"),
    ],
)
def test_what_is_wrong_with_an_image_layer_is_said(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


# Normalization --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, None, 1, (1, 3), (-1, -3)])
def test_normalization_learns_mean_and_variance(axis: Any) -> None:
    x = pictures(11) * 3 + 1e5
    kept = {-1: (3,), None: (), 1: (1,), (1, 3): (1, 3), (-1, -3): (1, 3)}[axis]
    rest = tuple(d for d in range(4) if d not in kept)
    mean = x.mean(axis=rest, dtype=np.float64, keepdims=True)
    variance = x.var(axis=rest, dtype=np.float64, keepdims=True)
    layer = layers.Normalization(axis=axis)
    for data in (x, x.tolist(), [x[:2], x[2:3], x[3:]], ((part, None) for part in (x[:7], x[7:]))):
        layer.adapt(data)
        np.testing.assert_allclose(layer.mean.numpy().ravel(), mean.ravel(), rtol=1e-7)
        np.testing.assert_allclose(layer.variance.numpy().ravel(), variance.ravel(), rtol=1e-6)
        expected = (x - layer.mean.numpy().reshape(mean.shape)) / np.sqrt(variance)
        np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)
    assert [v.name for v in layer.weights] == ["mean", "variance", "count"]
    assert not layer.trainable_weights
    undone = layers.Normalization(axis=axis, invert=True)
    undone.adapt(x)
    np.testing.assert_allclose(undone(layer(x)), x, rtol=1e-6)
    again = type(layer).from_config(layer.get_config())
    again.build((None, 6, 5, 3))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), layer(x))


def test_normalization_learns_the_same_in_pieces_of_any_size() -> None:
    x = np.random.default_rng(0).normal(1e6, 1.0, size=(5000, 2))
    whole, apart = layers.Normalization(), layers.Normalization()
    whole.adapt(x)
    apart.adapt([x[i : i + 7] for i in range(0, 5000, 7)])
    for first, second in zip(whole.get_weights(), apart.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-6)
    np.testing.assert_allclose(whole.get_weights()[1], x.var(axis=0), rtol=1e-6)


def test_normalization_may_learn_while_it_stands_in_a_model() -> None:
    x = pictures(9, 1, 1, 3).reshape(9, 3)
    layer = layers.Normalization()
    model = fastnn.Sequential([layers.Input((3,)), layer, layers.Dense(1, kernel_initializer="ones")])
    before = model.predict(x, verbose=0)
    np.testing.assert_allclose(before, x.sum(axis=1, keepdims=True), rtol=1e-5)
    layer.adapt(x)
    expected = ((x - x.mean(axis=0)) / x.std(axis=0)).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-4)
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, np.ones(9), verbose=0)
    np.testing.assert_allclose(layer.mean.numpy(), x.mean(axis=0, keepdims=True), rtol=1e-6)


class Series:
    """Object that looks like a column of a table."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def to_numpy(self) -> Array:
        return np.asarray(self.values)


def test_a_column_of_a_table_may_be_learnt_from() -> None:
    layer = layers.Normalization(axis=None)
    layer.adapt(Series([1.0, 2.0, 6.0]))
    assert layer.mean.numpy().item() == pytest.approx(3.0)
    words = layers.StringLookup()
    words.adapt(Series(["a", "b", "a"]))
    np.testing.assert_array_equal(words(Series(["a", "b"])), [1, 2])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Normalization(mean=1.0), "mean and variance, or none"),
        (lambda: layers.Normalization(mean=1.0, variance=-1.0), "at least 0"),
        (lambda: layers.Normalization(mean=[1.0, 2.0], variance=[1.0]), "equal shapes"),
        (lambda: layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 1.0])(np.ones((2, 3))), "does not match"),
        (lambda: layers.Normalization(axis=0)(np.ones((2, 3))), "is the batch"),
        (lambda: layers.Normalization(axis=(1, -1))(np.ones((2, 3))), "twice"),
        (lambda: layers.Normalization(axis=3)(np.ones((2, 3))), "axis expects"),
        (lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(np.ones((2, 3))), "cannot adapt"),
        (lambda: layers.Normalization().adapt([1.0, 2.0]), r"data\[:, None\]"),
        (lambda: layers.Normalization().adapt([]), "empty"),
        (lambda: layers.Normalization().adapt(iter([])), "empty"),
        (lambda: layers.Normalization().adapt(np.ones((0, 3))), "no rows"),
        (lambda: layers.Normalization().adapt(np.array([[1.0, np.nan]])), "NaN"),
        (lambda: layers.Normalization().adapt([np.ones((2, 3)), np.ones((2, 4))]), "batches of one shape"),
    ],
)
def test_what_is_wrong_with_a_normalization_is_said(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_adapting_to_another_number_of_features_is_refused() -> None:
    layer = layers.Normalization()
    layer.adapt(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"with \(3,\) means.*has \(2,\)"):
        layer.adapt(np.ones((4, 2)))
    with pytest.raises(TypeError, match="expected numbers"):
        layer.adapt(np.array([["a", "b", "c"]]))


# Bins and vectors -----------------------------------------------------------------------------------------------------


def test_category_encoding_weighs_what_it_counts() -> None:
    tokens = np.array([[0, 2, 2, 7], [3, 3, -1, 0]])
    weights = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    layer = layers.CategoryEncoding(4, output_mode="count")
    expected = np.zeros((2, 4))
    for row in range(2):
        for token, weight in zip(tokens[row], weights[row], strict=True):
            if 0 <= token < 4:
                expected[row, token] += weight
    np.testing.assert_allclose(layer(tokens, count_weights=weights), expected, rtol=1e-6)
    for dtype in ("float32", "int32"):
        emission = Emission(True)
        edges = [emission.graph.input((None, 4), dtype), emission.graph.input((None, 4))]
        made = emit(layer, emission, edges)
        cotangent = np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32)
        (y,), gradients, _ = _core.vjp(emission.graph, made, [tokens, weights], [cotangent], True)
        np.testing.assert_allclose(y, expected, rtol=1e-6)
        known = (tokens >= 0) & (tokens < 4)
        expected_gradient = np.where(known, np.take_along_axis(cotangent, np.where(known, tokens, 0), 1), 0)
        np.testing.assert_array_equal(gradients[1], expected_gradient)
        assert gradients[0] is None if dtype == "int32" else (gradients[0] == 0).all()
    inputs = layers.Input((4,)), layers.Input((4,))
    model = fastnn.Model(list(inputs), layer(inputs[0], count_weights=inputs[1]))
    np.testing.assert_allclose(model.predict([tokens, weights], verbose=0), expected, rtol=1e-6)


def test_one_axis_is_one_sample() -> None:
    np.testing.assert_array_equal(layers.CategoryEncoding(3)([0, 2, 2]), [1, 0, 1])
    np.testing.assert_array_equal(layers.CategoryEncoding(3, "count")([0, 2, 2]), [1, 0, 2])
    np.testing.assert_array_equal(layers.CategoryEncoding(3, "one_hot")([0, 2]), [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(layers.Discretization([0.0], output_mode="count")([-1, 2, 3]), [1, 2])


BOUNDARIES = [-1.0, 0.0, 0.5, 2.0]


@pytest.mark.parametrize("rows", [1, 3, 65])
def test_discretization_says_in_which_bin_a_number_is(rows: int) -> None:
    x = np.random.default_rng(0).normal(size=(rows, 7)).astype(np.float32)
    x[0, :5] = [-1.0, 0.5, 2.0, np.inf, np.nan]
    bins = np.digitize(x, BOUNDARIES)
    layer = layers.Discretization(BOUNDARIES)
    y = layer(x)
    assert y.dtype == np.int32
    np.testing.assert_array_equal(y, bins)
    assert layer.compute_output_shape((None, 7)) == (None, 7)
    hot = (bins[..., None] == np.arange(5)).astype(np.float32)
    for mode, expected in {"one_hot": hot, "multi_hot": hot.max(axis=1), "count": hot.sum(axis=1)}.items():
        layer = layers.Discretization(BOUNDARIES, output_mode=mode)
        np.testing.assert_array_equal(layer(x), expected)
        assert layer.compute_output_shape((None, 7)) == (None, *expected.shape[1:])
        model = fastnn.Sequential([layers.Input((7,)), layer])
        np.testing.assert_array_equal(model.predict(x, verbose=0), expected)


@pytest.mark.parametrize("dtype", ["int32", "int64", np.int64, np.dtype("int32")])
def test_discretization_may_be_told_the_type_of_its_indices(dtype: Any) -> None:
    layer = layers.Discretization([0.0, 1.0], dtype=dtype)
    config = layer.get_config()
    assert config["dtype"] == np.dtype(dtype).name and layers.Discretization.from_config(config).get_config() == config
    np.testing.assert_array_equal(layer(np.array([-1.0, 0.5, 2.0])), [0, 1, 2])
    with pytest.raises(ValueError, match="computes in float32 or float64"):
        layers.Discretization([0.0], output_mode="one_hot", dtype=dtype)


def test_discretization_learns_bins_of_about_one_size() -> None:
    data = np.random.default_rng(0).exponential(size=20_000)
    layer = layers.Discretization(num_bins=5, epsilon=0.01)
    for given in (data, data.reshape(-1, 4), [data[:100], data[100:9000], data[9000:]], list(data)):
        layer.adapt(given)
        assert len(layer.bin_boundaries) == 4
        np.testing.assert_allclose(np.bincount(layer(data)) / 20_000, 0.2, atol=0.02)
    again = layers.Discretization.from_config(layer.get_config())
    assert again.bin_boundaries == layer.bin_boundaries
    assert again.num_bins == 5
    layer.adapt([data[:100], data[100:] + 1e6], steps=1)
    assert max(layer.bin_boundaries) < 100


def test_discretization_learns_what_keras_learns() -> None:
    data = np.sin(np.arange(1000.0) * 0.37).astype(np.float32)
    layer = layers.Discretization(num_bins=4)
    layer.adapt(data)
    np.testing.assert_allclose(layer.bin_boundaries, KERAS_QUARTILES, rtol=1e-6, atol=1e-7)
    layer = layers.Discretization(num_bins=3, epsilon=0.1)
    layer.adapt([data[:30], data[30:700], data[700:]])
    np.testing.assert_allclose(layer.bin_boundaries, KERAS_THIRDS, rtol=1e-6, atol=1e-7)


KERAS_QUARTILES = [-0.70561659, 0.00480759, 0.70391041]
KERAS_THIRDS = [-0.41565567, 0.57217878]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.CategoryEncoding(), "num_tokens"),
        (lambda: layers.CategoryEncoding(0), "at least 1"),
        (lambda: layers.CategoryEncoding(3, output_mode="int"), "output_mode"),
        (lambda: layers.CategoryEncoding(3, sparse=True), "sparse=False"),
        (lambda: layers.CategoryEncoding(3)([[0]], count_weights=[[1.0]]), "count_weights require"),
        (lambda: layers.CategoryEncoding(3, "count")([[0]], count_weights=[[1.0, 2.0]]), "of the tokens' shape"),
        (lambda: layers.Discretization(), "bin_boundaries or num_bins"),
        (lambda: layers.Discretization([1.0], num_bins=2), "bin_boundaries or num_bins"),
        (lambda: layers.Discretization([1.0, 0.0]), "ascending"),
        (lambda: layers.Discretization(num_bins=0), "at least 1"),
        (lambda: layers.Discretization(num_bins=2, epsilon=0.0), "epsilon"),
        (lambda: layers.Discretization(num_bins=2)([1.0]), "no bins yet"),
        (lambda: layers.Discretization([1.0]).adapt([1.0]), "cannot adapt"),
        (lambda: layers.Discretization(num_bins=2).adapt(np.ones(0)), "empty"),
        (lambda: layers.Discretization(num_bins=2).adapt([1.0, np.nan]), "NaN"),
        (lambda: layers.Discretization([1.0], output_mode="hot"), "output_mode"),
    ],
)
def test_what_is_wrong_with_an_encoding_is_said(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


# Lookups --------------------------------------------------------------------------------------------------------------

WORDS = ["a", "b", "c", "d"]
TEXTS = [["a", "c", "d", "d"], ["d", "z", "b", "z"]]


def test_strings_get_their_places_in_the_vocabulary() -> None:
    for vocabulary in (WORDS, np.array(WORDS), ["[UNK]", *WORDS], [word.encode() for word in WORDS]):
        layer = layers.StringLookup(vocabulary=vocabulary)
        np.testing.assert_array_equal(layer(TEXTS), [[1, 3, 4, 4], [4, 0, 2, 0]])
        assert layer(TEXTS).dtype == np.int64
        assert layer.get_vocabulary() == ["[UNK]", *WORDS]
        assert layer.get_vocabulary(include_special_tokens=False) == WORDS
        assert layer.vocabulary_size() == 5
    masked = layers.StringLookup(vocabulary=WORDS, mask_token="", num_oov_indices=0)
    np.testing.assert_array_equal(masked(["", "a", "d"]), [0, 1, 4])
    assert int(masked("c")) == 3
    back = layers.StringLookup(vocabulary=WORDS, invert=True)
    np.testing.assert_array_equal(back([[1, 3, 4], [4, 0, 9]]), [["a", "c", "d"], ["d", "[UNK]", "[UNK]"]])


def test_strings_become_vectors() -> None:
    def of(**arguments: Any) -> Any:
        return layers.StringLookup(vocabulary=WORDS, **arguments)

    np.testing.assert_array_equal(of(output_mode="multi_hot")(TEXTS), [[0, 1, 0, 1, 1], [1, 0, 1, 0, 1]])
    np.testing.assert_array_equal(of(output_mode="count")(TEXTS), [[0, 1, 0, 1, 2], [2, 0, 1, 0, 1]])
    np.testing.assert_array_equal(of(output_mode="count")(TEXTS[0]), [0, 1, 0, 1, 2])
    np.testing.assert_array_equal(of(output_mode="one_hot")(["b", "z"]), [[0, 0, 1, 0, 0], [1, 0, 0, 0, 0]])
    np.testing.assert_array_equal(of(output_mode="one_hot")([["b"], ["z"]]), [[0, 0, 1, 0, 0], [1, 0, 0, 0, 0]])
    np.testing.assert_array_equal(
        of(output_mode="count", max_tokens=7, pad_to_max_tokens=True)(TEXTS),
        [[0, 1, 0, 1, 2, 0, 0], [2, 0, 1, 0, 1, 0, 0]],
    )
    weights = [0.25, 0.75, 0.6, 0.4]
    np.testing.assert_allclose(
        of(output_mode="tf_idf", idf_weights=weights)(TEXTS), [[0, 0.25, 0, 0.6, 0.8], [1.0, 0, 0.75, 0, 0.4]]
    )
    whole = layers.StringLookup(vocabulary=["[UNK]", *WORDS], output_mode="tf_idf", idf_weights=[0.9, *weights])
    np.testing.assert_allclose(whole(TEXTS), [[0, 0.25, 0, 0.6, 0.8], [1.8, 0, 0.75, 0, 0.4]])
    dropped = layers.StringLookup(vocabulary=["a", "b"], mask_token="m", output_mode="count")
    np.testing.assert_array_equal(dropped([["m", "a", "q", "m"]]), [[1, 1, 0]])
    assert dropped.get_vocabulary() == ["[UNK]", "a", "b"]


def test_a_vocabulary_is_learnt_by_frequency() -> None:
    layer = layers.StringLookup()
    layer.adapt(["a", "b", "b", "z"])
    assert layer.get_vocabulary() == ["[UNK]", "b", "z", "a"]
    layer = layers.StringLookup(max_tokens=3, mask_token="")
    layer.adapt([["x", "", "y"], ["y", "z", "z"], ["z", "", "[UNK]"]])
    assert layer.get_vocabulary() == ["", "[UNK]", "z"]
    layer.adapt(batch for batch in (["q", "q"], ["r", "q"]))
    assert layer.get_vocabulary() == ["", "[UNK]", "q"]
    numbers = layers.IntegerLookup()
    numbers.adapt(np.array([12, 1138, 42, 42, 7, -1, 7]))
    assert numbers.get_vocabulary() == [-1, 42, 7, 1138, 12]


def test_rare_tokens_weigh_more() -> None:
    layer = layers.StringLookup(output_mode="tf_idf")
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == ["[UNK]", "d", "z", "c", "b", "a"]
    weights = np.log(1 + 2 / (1 + np.array([2, 1, 1, 1, 1])))
    counts = np.array([[0, 2, 0, 1, 0, 1], [0, 1, 2, 0, 1, 0]])
    np.testing.assert_allclose(layer(TEXTS), counts * np.concatenate([[weights.mean()], weights]), rtol=1e-6)
    again = layers.StringLookup.from_config(layer.get_config())
    np.testing.assert_array_equal(again(TEXTS), layer(TEXTS))


def test_configs_of_keras_make_lookups() -> None:
    said = {"vocabulary_size": 3, "vocabulary_dtype": "string", "oov_method": "floormod"}
    layer = layers.StringLookup.from_config({**layers.StringLookup(vocabulary=["a", "b"]).get_config(), **said})
    assert layer.get_vocabulary() == ["[UNK]", "a", "b"]
    texts = layers.TextVectorization.from_config({"vocabulary": ["a"], "vocabulary_size": 3, "ngrams": [1, 2]})
    assert texts.get_vocabulary() == ["", "[UNK]", "a"]
    with pytest.raises(ValueError, match="no argument 'word'"):
        layers.StringLookup.from_config({"word": 1})


def test_a_vocabulary_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\nb\n")
    assert layers.StringLookup(vocabulary=tmp_path / "words.txt").get_vocabulary() == ["[UNK]", "a", "b"]
    (tmp_path / "numbers.txt").write_text("5\n-3\n")
    assert layers.IntegerLookup(vocabulary=str(tmp_path / "numbers.txt")).get_vocabulary() == [-1, 5, -3]


def test_what_is_unknown_is_dealt_to_several_numbers() -> None:
    numbers = np.array([100, 300, 700, 1100, 1700, 2000])
    assert layers.IntegerLookup(vocabulary=[10], num_oov_indices=4)(numbers).tolist() == [0] * 6
    spread = layers.IntegerLookup(vocabulary=[10], num_oov_indices=4, oov_method="farmhash")
    assert spread(numbers).tolist() == [3, 3, 2, 2, 0, 1]
    strings = layers.StringLookup(vocabulary=["10"], num_oov_indices=4)
    assert strings(numbers.astype(str)).tolist() == [3, 3, 2, 2, 0, 1]
    salted = layers.StringLookup(vocabulary=["10"], num_oov_indices=3, salt=[133, 137])
    assert salted(list("ABCDE")).tolist() == [1, 2, 1, 0, 2]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"num_oov_indices": 3},
        {"mask_token": 7, "num_oov_indices": 2},
        {"mask_token": 0, "output_mode": "multi_hot"},
        {"output_mode": "count", "num_oov_indices": 2},
        {"output_mode": "one_hot"},
        {"output_mode": "tf_idf", "idf_weights": [0.5, 2.0, 1.0, 3.0]},
        {"output_mode": "count", "max_tokens": 9, "pad_to_max_tokens": True},
        {"invert": True},
        {"invert": True, "mask_token": 77},
    ],
    ids=str,
)
def test_integers_are_looked_up_inside_of_a_model_as_outside(arguments: dict[str, Any]) -> None:
    layer = layers.IntegerLookup(vocabulary=[12, 36, 1138, -4], **arguments)
    x = np.random.default_rng(0).choice([12, 36, 1138, -4, 7, 0, 1, 2, 3, 4, -9], size=(23, 6))
    expected = layer(x)
    for dtype in ("float32", "int32"):
        y = inside(layer, x, dtype)
        assert y.dtype == (np.int32 if layer.output_mode == "int" else np.float32)
        np.testing.assert_array_equal(y, expected)
    assert layer.compute_output_shape((None, 6)) == (None, *expected.shape[1:])


def test_a_model_looks_integers_up_and_trains() -> None:
    tokens = layers.Input((3,))
    hot = layers.IntegerLookup(vocabulary=[12, 36], output_mode="count")(tokens)
    model = fastnn.Model(tokens, layers.Dense(1, use_bias=False)(hot))
    x = np.array([[12, 12, 36], [36, 7, 7], [12, 9, 36]])
    model.set_weights([[[1.0], [10.0], [100.0]]])
    np.testing.assert_array_equal(model.predict(x, verbose=0)[:, 0], [120, 102, 111])
    model.compile(optimizer="adam", loss="mse")
    assert np.isfinite(model.fit(x, np.ones(3), verbose=0).history["loss"]).all()


@pytest.mark.parametrize(
    ("kind", "make", "words"),
    [
        (TypeError, lambda: layers.StringLookup(vocabulary=WORDS)([1, 2]), "expects strings, got 1; .*IntegerLookup"),
        (TypeError, lambda: layers.StringLookup(vocabulary=WORDS)(np.ones(2)), "expects strings, got dtype float64"),
        (TypeError, lambda: layers.StringLookup(vocabulary=WORDS)(["a", None]), "fill missing values"),
        (TypeError, lambda: layers.StringLookup(vocabulary=WORDS)([["a"], ["a", "b"]]), "rows must have equal lengths"),
        (TypeError, lambda: layers.StringLookup(vocabulary=WORDS)(layers.Input((2,))), "make it by Input"),
        (TypeError, lambda: layers.IntegerLookup(vocabulary=[1])(["a"]), "StringLookup takes those"),
        (TypeError, lambda: layers.TextVectorization(vocabulary=["a"])(np.ones(2)), "expects strings"),
        (TypeError, lambda: layers.Normalization()(np.array([["a"]])), "expected numbers"),
        (ValueError, lambda: layers.IntegerLookup(vocabulary=[1])([0.5]), "expects integers, got 0.5"),
        (ValueError, lambda: layers.StringLookup()(["a"]), "no vocabulary yet"),
        (ValueError, lambda: layers.IntegerLookup()(layers.Input((2,))), "no vocabulary yet"),
        (ValueError, lambda: layers.IntegerLookup(vocabulary=[1], num_oov_indices=0)(layers.Input((2,))), "unknown"),
        (ValueError, lambda: layers.StringLookup(vocabulary=["a", "a"]), r"each token once, got \['a'\]"),
        (ValueError, lambda: layers.StringLookup(vocabulary=[]), "at least one token"),
        (ValueError, lambda: layers.StringLookup(vocabulary=WORDS, max_tokens=3), "at most max_tokens = 3"),
        (ValueError, lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""), "mask_token '' among"),
        (ValueError, lambda: layers.StringLookup(max_tokens=1), "max_tokens above 1"),
        (ValueError, lambda: layers.StringLookup(num_oov_indices=-1), "at least 0"),
        (ValueError, lambda: layers.StringLookup(vocabulary=WORDS, num_oov_indices=0)(["q"]), r"does not know \['q'\]"),
        (ValueError, lambda: layers.StringLookup(vocabulary=WORDS).adapt(["a"]), "cannot adapt"),
        (ValueError, lambda: layers.StringLookup().adapt([]), "no tokens"),
        (ValueError, lambda: layers.StringLookup(output_mode="hot"), "output_mode"),
        (ValueError, lambda: layers.StringLookup(invert=True, output_mode="count"), "invert requires"),
        (ValueError, lambda: layers.StringLookup(pad_to_max_tokens=True), "requires max_tokens"),
        (ValueError, lambda: layers.StringLookup(sparse=True), "sparse=False"),
        (ValueError, lambda: layers.StringLookup(vocabulary=WORDS, output_mode="tf_idf"), "idf_weights"),
        (ValueError, lambda: layers.StringLookup(idf_weights=[1.0]), "idf_weights require"),
        (ValueError, lambda: layers.StringLookup(salt=[1, 2, 3]), "one or two integers"),
        (ValueError, lambda: layers.IntegerLookup(salt=3), "oov_method='farmhash'"),
        (ValueError, lambda: layers.IntegerLookup(oov_method="sum"), "'floormod' or 'farmhash'"),
        (ValueError, lambda: layers.Hashing(0), "num_bins"),
        (ValueError, lambda: layers.Hashing(3)([np.nan]), "NaN"),
        (TypeError, lambda: layers.Hashing(3)(layers.Dense(1)(layers.Input((2,)))), "or on arrays before the model"),
        (ValueError, lambda: layers.TextVectorization(standardize="upper"), "standardize"),
        (ValueError, lambda: layers.TextVectorization(split="comma"), "split"),
        (ValueError, lambda: layers.TextVectorization(ngrams=0), "ngrams"),
        (ValueError, lambda: layers.TextVectorization(output_mode="one_hot"), "one_hot"),
        (ValueError, lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3), "requires"),
        (ValueError, lambda: layers.TextVectorization(ragged=True), "ragged=False"),
        (ValueError, lambda: layers.TextVectorization(vocabulary=["a"])([["a", "b"]]), r"\(batch,\) or \(batch, 1\)"),
    ],
)
def test_what_is_wrong_with_a_lookup_is_said(kind: type[Exception], make: Callable[[], Any], words: str) -> None:
    with pytest.raises(kind, match=words):
        make()


# Hashes ---------------------------------------------------------------------------------------------------------------


def test_hashes_are_those_that_were_published() -> None:
    for length, value in FINGERPRINTS.items():
        assert _core.hash_texts([PANGRAM[:length]], None).tolist() == [value], length
    # The test vector at the end of the paper on SipHash.
    key = int.from_bytes(bytes(range(8)), "little"), int.from_bytes(bytes(range(8, 16)), "little")
    assert _core.hash_texts([bytes(range(15)).decode()], key).tolist() == [0xA129CA6149BE45E5]


# Strings for each branch of FarmHash, at both ends of its range of lengths; values by the authors' code.
PANGRAM = "the quick brown fox jumps over the lazy dog, and the dog sleeps on; " * 3
FINGERPRINTS = {
    1: 0x6092B4796110F659,
    3: 0x6132D02E3F9FAF6A,
    4: 0x0DE4D3FDDEBDB0BD,
    7: 0x58994D61436EC088,
    8: 0xF1D0E3CA7AE0B8FE,
    16: 0x53FDFE1A208A5526,
    17: 0x9D20E2DBE4AB1185,
    32: 0xFA66EE2D801258CF,
    33: 0xD4C34435E5C9E3CD,
    64: 0x2E235A0F3F6F5FEA,
    65: 0xAE2AAA597E81BA0E,
    128: 0x70FF84F209C46A3F,
    129: 0xDDDB1E2E921B4917,
    200: 0xBCD0530C664B540B,
}


def test_hashing_gives_bins() -> None:
    letters = [["A"], ["B"], ["C"], ["D"], ["E"]]
    assert layers.Hashing(3)(letters).ravel().tolist() == [1, 0, 1, 1, 2]
    assert layers.Hashing(3, salt=[133, 137])(letters).ravel().tolist() == [1, 2, 1, 0, 2]
    assert layers.Hashing(3, salt=133)(letters).ravel().tolist() == [0, 0, 2, 1, 0]
    masked = layers.Hashing(3, mask_value="")
    assert masked([["A"], ["B"], [""], ["C"], ["D"]]).ravel().tolist() == [1, 1, 0, 2, 2]
    numbers = layers.Hashing(5, output_mode="count")
    assert numbers([[1, 2, 3], [3, 3, 3]]).sum(axis=1).tolist() == [3, 3]
    np.testing.assert_array_equal(layers.Hashing(5)([7, 8]), layers.Hashing(5)(["7", "8"]))
    np.testing.assert_array_equal(layers.Hashing(5)([7.9, 8.1]), layers.Hashing(5)(["7", "8"]))
    assert layers.Hashing(9, output_mode="one_hot")(letters).shape == (5, 9)


# Texts ----------------------------------------------------------------------------------------------------------------


def test_texts_become_rows_of_numbers() -> None:
    layer = layers.TextVectorization(output_sequence_length=4)
    layer.adapt(["foo bar", "bar baz", "baz bada boom"])
    assert layer.get_vocabulary() == ["", "[UNK]", "baz", "bar", "foo", "boom", "bada"]
    expected = [[4, 1, 3, 0], [1, 2, 0, 0]]
    for texts in (["foo qux bar", "qux baz"], [["foo qux bar"], ["qux baz"]], np.array([b"foo qux bar", b"qux baz"])):
        np.testing.assert_array_equal(layer(texts), expected)
    np.testing.assert_array_equal(layer("Foo,  QUX bar!"), [4, 1, 3, 0])
    np.testing.assert_array_equal(layer(["bada bada bada boom boom", ""]), [[6, 6, 6, 5], [0, 0, 0, 0]])
    as_long_as_needed = layers.TextVectorization(vocabulary=["foo", "bar"])
    np.testing.assert_array_equal(as_long_as_needed(["bar", "foo foo x"]), [[3, 0, 0], [2, 2, 1]])
    again = layers.TextVectorization.from_config(layer.get_config())
    np.testing.assert_array_equal(again(["foo qux bar", "qux baz"]), expected)
    model = fastnn.Sequential([layers.Input((4,)), layers.Dense(2)])
    assert model.predict(layer(["foo", "bar baz"]), verbose=0).shape == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "text", "tokens"),
    [
        ({}, "It's A\tTest, no?", ["its", "a", "test", "no"]),
        ({"standardize": "lower"}, "It's A", ["it's", "a"]),
        ({"standardize": "strip_punctuation"}, "It's A-B", ["Its", "AB"]),
        ({"standardize": None}, "It's  A", ["It's", "A"]),
        ({"standardize": lambda texts: np.char.upper(texts)}, "it is", ["IT", "IS"]),
        ({"split": "character"}, "A b", ["a", " ", "b"]),
        ({"split": None}, "A b!", ["a b"]),
        ({"split": lambda texts: [text.split(",") for text in texts], "standardize": None}, "a,b c", ["a", "b c"]),
        ({"ngrams": 2}, "a b c", ["a", "b", "c", "a b", "b c"]),
        ({"ngrams": (2, 3)}, "a b c", ["a b", "b c", "a b c"]),
        ({"ngrams": (3,)}, "a b", []),
        ({}, "Ärger ÄRGER", ["Ärger", "Ärger"]),
    ],
)
def test_texts_are_cut_as_asked(arguments: dict[str, Any], text: str, tokens: list[str]) -> None:
    layer = layers.TextVectorization(**arguments)
    assert layer._split_texts([text], "texts") == [tokens]


def test_texts_become_vectors() -> None:
    texts = ["foo bar bar", "baz foo", "foo"]
    for mode, expected in {
        "multi_hot": [[0, 1, 1, 0], [1, 1, 0, 0]],
        "count": [[0, 1, 2, 0], [1, 1, 0, 0]],
    }.items():
        layer = layers.TextVectorization(output_mode=mode)
        layer.adapt(texts)
        assert layer.get_vocabulary() == ["[UNK]", "foo", "bar", "baz"]
        np.testing.assert_array_equal(layer(["bar foo bar", "foo qux"]), expected)
    layer = layers.TextVectorization(output_mode="tf_idf")
    layer.adapt(np.array(texts)[:, None])
    weights = np.log(1 + 3 / (1 + np.array([3, 1, 1])))
    np.testing.assert_allclose(
        layer(["bar foo bar", "qux"]), [[0, weights[0], 2 * weights[1], 0], [weights.mean(), 0, 0, 0]], rtol=1e-6
    )
    layer.adapt(batch for batch in (["a b"], ["b"]))
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]
    layer.set_vocabulary(["x", "y"], [1.0, 3.0])
    np.testing.assert_allclose(layer(["y z"]), [[2.0, 0.0, 3.0]])


# Sequences and images -------------------------------------------------------------------------------------------------


def test_sequences_are_brought_to_one_length() -> None:
    pad = fastnn.utils.pad_sequences
    sequences = [[1], [2, 3], [4, 5, 6], []]
    np.testing.assert_array_equal(pad(sequences), [[0, 0, 1], [0, 2, 3], [4, 5, 6], [0, 0, 0]])
    assert pad(sequences).dtype == np.int32
    np.testing.assert_array_equal(
        pad(sequences, padding="post", value=-1), [[1, -1, -1], [2, 3, -1], [4, 5, 6], [-1, -1, -1]]
    )
    np.testing.assert_array_equal(pad(sequences, maxlen=2), [[0, 1], [2, 3], [5, 6], [0, 0]])
    np.testing.assert_array_equal(
        pad(sequences, 2, truncating="post", padding="post"), [[1, 0], [2, 3], [4, 5], [0, 0]]
    )
    np.testing.assert_array_equal(pad([["a"], ["b", "cd"]], dtype=object, value="-"), [["-", "a"], ["b", "cd"]])
    rows = pad([np.ones((1, 2)), np.ones((3, 2))], dtype="float32")
    assert rows.shape == (2, 3, 2)
    assert rows[0].sum() == 2
    assert pad([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda pad: pad([[1]], padding="left"), "padding"),
        (lambda pad: pad([[1]], truncating="left"), "truncating"),
        (lambda pad: pad([[1]], maxlen=0), "maxlen"),
        (lambda pad: pad([["a"]], value="x"), "dtype=object"),
        (lambda pad: pad([1, 2]), "got 1 at index 0"),
        (lambda pad: pad(3), "list of sequences"),
        (lambda pad: pad([np.ones((1, 2)), np.ones((1, 3))]), r"elements of shape \(2,\), got \(3,\) at index 1"),
    ],
)
def test_what_is_wrong_with_sequences_is_said(make: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make(fastnn.utils.pad_sequences)


def test_images_go_to_arrays_without_pillow() -> None:
    x = pictures(1)[0]
    np.testing.assert_array_equal(fastnn.utils.img_to_array(x), x)
    assert fastnn.utils.img_to_array(x[..., 0]).shape == (6, 5, 1)
    assert fastnn.utils.img_to_array(x, dtype="uint8").dtype == np.uint8
    with pytest.raises(ValueError, match="got \\(5,\\)"):
        fastnn.utils.img_to_array(np.ones(5))
    with pytest.raises(ValueError, match="1, 3 or 4 channels"):
        fastnn.utils.array_to_img(np.ones((4, 4, 2)))
    with pytest.raises(ValueError, match="color_mode"):
        fastnn.utils.load_img("x.png", color_mode="cmyk")


def test_images_go_to_files_and_back(tmp_path: Path) -> None:
    utils = fastnn.utils
    for channels, mode in ((1, "grayscale"), (3, "rgb"), (4, "rgba")):
        x = np.floor(pictures(1, 6, 8, channels)[0])
        utils.save_img(tmp_path / "x.png", x, scale=False)
        np.testing.assert_array_equal(utils.img_to_array(utils.load_img(tmp_path / "x.png", mode)), x)
    small = utils.load_img(tmp_path / "x.png", target_size=(3, 4), interpolation="box")
    np.testing.assert_allclose(utils.img_to_array(small), x[..., :3].reshape(3, 2, 4, 2, 3).mean(axis=(1, 3)), atol=1)
    assert small.size == (4, 3)
    window = utils.load_img(tmp_path / "x.png", target_size=(6, 6), keep_aspect_ratio=True)
    np.testing.assert_array_equal(
        utils.img_to_array(window), utils.img_to_array(utils.load_img(tmp_path / "x.png"))[:, 1:7]
    )
    scaled = utils.img_to_array(utils.array_to_img(np.array([[[0.5], [1.0], [1.5]]])))
    assert scaled.ravel().tolist() == [0, 127, 255]
    assert utils.img_to_array(utils.array_to_img(np.full((2, 2, 1), 700.0), scale=False)).max() == 700
    with pytest.warns(UserWarning, match="JPEG holds no transparency, which is left out"):
        utils.save_img(tmp_path / "x.jpg", x)


@pytest.mark.parametrize("salt", [None, (3, -5), 7])
def test_buckets_are_hashes_modulo_their_number(salt):
    key = hashing.hash_key("test", salt)
    texts = ["é" * (n % 3) + "x" * n + str(row) for n in range(130) for row in range(10, 22)]
    hashes = [int(value) for text in texts for value in _core.hash_texts([text], key)]
    assert len(set(hashes)) == len(texts)
    for count in (1, 7, 2**40 + 1, 2**63 - 1):
        assert hashing.buckets(texts, count, key).tolist() == [value % count for value in hashes]
    assert hashing.buckets([], 3, key).tolist() == []


def test_hashing_takes_tokens_in_any_container():
    words = ["é", "", "a longer word than sixteen bytes", "b"]
    expected = hashing.buckets(words, 50).reshape(2, 2).tolist()
    nested = [words[:2], words[2:]]
    encoded = [[word.encode() for word in row] for row in nested]
    for given in (nested, encoded, np.array(nested), np.array(nested, object), tuple(map(tuple, nested))):
        assert layers.Hashing(50)(given).tolist() == expected
    assert layers.Hashing(50)([7, 12]).tolist() == layers.Hashing(50)(np.array([7.9, 12.0])).tolist()
    assert layers.Hashing(50, mask_value=12)([[7, 12]]).tolist()[0][1] == 0
    assert layers.Hashing(50, mask_value="b")(nested).tolist()[1][1] == 0
    for wrong in (["a", 1], [1, "a"], [["a"], [None]]):
        with pytest.raises(TypeError, match="expects strings, got"):
            layers.Hashing(50)(wrong)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
def test_types_of_what_a_vocabulary_makes_are_those_of_keras(mode):
    idf = {"idf_weights": [1.0, 2.0]} if mode == "tf_idf" else {}
    made = [
        layers.StringLookup(vocabulary=["a", "b"], output_mode=mode, **idf)(np.array(["a", "b"])),
        layers.IntegerLookup(vocabulary=[1, 2], output_mode=mode, **idf)(np.array([1, 2])),
    ]
    if mode != "one_hot":
        made.append(layers.TextVectorization(vocabulary=["a", "b"], output_mode=mode, **idf)(["a b b"]))
    assert {one.dtype for one in made} == {np.dtype("float32" if mode == "tf_idf" else "int64")}
    if mode not in ("int", "tf_idf"):
        assert layers.Hashing(3, output_mode=mode)(["a", "b"]).dtype == np.float32
