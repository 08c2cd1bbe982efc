"""Channels first: a layer or function gives what it gives with channels last, moved, bit for bit.

What Keras itself gives is in `tests/keras/rows_channels.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, config, layers, ops
from fastnn.export.tape import taped

FIRST, LAST = "channels_first", "channels_last"
SHAPES = {1: (4, 9), 2: (3, 7, 6), 3: (2, 5, 4, 6)}


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def to_last(x: Any) -> Any:
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def to_first(x: Any) -> Any:
    return np.moveaxis(x, -1, 1) if np.ndim(x) > 2 else np.asarray(x)


@pytest.fixture
def channels_first() -> Iterator[None]:
    config.set_image_data_format(FIRST)
    try:
        yield
    finally:
        config.set_image_data_format(LAST)


LAYERS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "conv1d": (1, lambda d: layers.Conv1D(3, 3, activation="tanh", data_format=d)),
    "conv2d": (2, lambda d: layers.Conv2D(5, 3, padding="same", activation="relu", data_format=d)),
    "conv2d-own-activation": (2, lambda d: layers.Conv2D(5, 3, activation=lambda x: ops.sin(x), data_format=d)),
    "conv3d": (3, lambda d: layers.Conv3D(3, 2, strides=2, data_format=d)),
    "conv1d-transpose": (1, lambda d: layers.Conv1DTranspose(3, 3, strides=2, data_format=d)),
    "conv2d-transpose": (2, lambda d: layers.Conv2DTranspose(3, 3, strides=2, padding="same", data_format=d)),
    "conv3d-transpose": (3, lambda d: layers.Conv3DTranspose(3, 2, data_format=d)),
    "depthwise1d": (1, lambda d: layers.DepthwiseConv1D(3, data_format=d)),
    "depthwise2d": (2, lambda d: layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu", data_format=d)),
    "separable1d": (1, lambda d: layers.SeparableConv1D(2, 3, data_format=d)),
    "separable2d": (2, lambda d: layers.SeparableConv2D(2, 3, data_format=d)),
    "flatten": (2, lambda d: layers.Flatten(data_format=d)),
    "max-pooling1d": (1, lambda d: layers.MaxPooling1D(2, data_format=d)),
    "max-pooling2d": (2, lambda d: layers.MaxPooling2D((2, 3), padding="same", data_format=d)),
    "max-pooling3d": (3, lambda d: layers.MaxPooling3D(2, data_format=d)),
    "average-pooling1d": (1, lambda d: layers.AveragePooling1D(3, 2, data_format=d)),
    "average-pooling2d": (2, lambda d: layers.AveragePooling2D(2, data_format=d)),
    "average-pooling3d": (3, lambda d: layers.AveragePooling3D(2, data_format=d)),
    **{
        f"global-{kind.lower()}{rank}d{keepdims}": (
            rank,
            lambda d, n=f"Global{kind}Pooling{rank}D", k=keepdims: getattr(layers, n)(data_format=d, keepdims=k),
        )
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
        for keepdims in (False, True)
    },
    "zero-padding1d": (1, lambda d: layers.ZeroPadding1D((1, 2), data_format=d)),
    "zero-padding2d": (2, lambda d: layers.ZeroPadding2D(((1, 0), (2, 3)), data_format=d)),
    "zero-padding3d": (3, lambda d: layers.ZeroPadding3D(1, data_format=d)),
    "cropping2d": (2, lambda d: layers.Cropping2D(((1, 0), (2, 1)), data_format=d)),
    "cropping3d": (3, lambda d: layers.Cropping3D((1, 1, 2), data_format=d)),
    "up-sampling2d": (2, lambda d: layers.UpSampling2D((2, 3), data_format=d)),
    "up-sampling2d-bilinear": (2, lambda d: layers.UpSampling2D(2, interpolation="bilinear", data_format=d)),
    "up-sampling3d": (3, lambda d: layers.UpSampling3D((1, 2, 1), data_format=d)),
    "resizing": (2, lambda d: layers.Resizing(4, 9, data_format=d)),
    "center-crop": (2, lambda d: layers.CenterCrop(3, 4, data_format=d)),
}
RANDOM: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "spatial-dropout2d": (2, lambda d: layers.SpatialDropout2D(0.5, seed=3, data_format=d)),
    "spatial-dropout3d": (3, lambda d: layers.SpatialDropout3D(0.5, seed=3, data_format=d)),
    "flip": (2, lambda d: layers.RandomFlip(seed=3, data_format=d)),
    "rotation": (2, lambda d: layers.RandomRotation(0.3, seed=3, data_format=d)),
    "zoom": (2, lambda d: layers.RandomZoom(0.3, seed=3, data_format=d)),
    "translation": (2, lambda d: layers.RandomTranslation(0.3, 0.2, seed=3, data_format=d)),
    "shear": (2, lambda d: layers.RandomShear(0.3, 0.2, seed=3, data_format=d)),
    "crop": (2, lambda d: layers.RandomCrop(4, 4, seed=3, data_format=d)),
    "brightness": (2, lambda d: layers.RandomBrightness(0.3, (0, 1), seed=3, data_format=d)),
    "contrast": (2, lambda d: layers.RandomContrast(0.3, (0, 1), seed=3, data_format=d)),
    "erasing": (2, lambda d: layers.RandomErasing(value_range=(0, 1), seed=3, data_format=d)),
    "grayscale": (2, lambda d: layers.RandomGrayscale(seed=3, data_format=d)),
    "hue": (2, lambda d: layers.RandomHue(0.3, (0, 1), seed=3, data_format=d)),
    "saturation": (2, lambda d: layers.RandomSaturation(0.3, (0, 1), seed=3, data_format=d)),
    "sharpness": (2, lambda d: layers.RandomSharpness(0.3, (0, 1), seed=3, data_format=d)),
    "posterization": (2, lambda d: layers.RandomPosterization(3, (0, 1), seed=3, data_format=d)),
    "invert": (2, lambda d: layers.RandomInvert(0.5, (0, 1), seed=3, data_format=d)),
    "jitter": (2, lambda d: layers.RandomColorJitter((0, 1), 0.2, 0.2, 0.2, 0.2, seed=3, data_format=d)),
    "degeneration": (2, lambda d: layers.RandomColorDegeneration(0.3, (0, 1), seed=3, data_format=d)),
}


@pytest.mark.parametrize("name", LAYERS)
class TestLayers:
    def test_a_call_its_shape_and_its_config(self, name: str) -> None:
        rank, make = LAYERS[name]
        x = normal(5, *SHAPES[rank])
        first, last = make(FIRST), make(LAST)
        first.build(x.shape)
        last.build(to_last(x).shape)
        last.set_weights(first.get_weights())
        made = first(x)
        np.testing.assert_array_equal(made, to_first(last(to_last(x))))
        assert first.compute_output_shape((None, *SHAPES[rank])) == (None, *made.shape[1:])
        assert first(Input(SHAPES[rank])).shape == (None, *made.shape[1:])
        assert first.get_config()["data_format"] == first.data_format == FIRST
        if "own" not in name:
            again = type(first).from_config(first.get_config())
            assert again.get_config() == first.get_config() and "channels_first" in repr(again)

    def test_training(self, name: str) -> None:
        """The input's gradient is seen by a weight for each of its elements."""
        rank, make = LAYERS[name]
        x = normal(5, *SHAPES[rank])

        def trained(data_format: str, x: Any) -> tuple[Any, Any, list[Any]]:
            fastnn.utils.set_random_seed(2)
            axes = "cdefg"[: x.ndim - 1]
            start = layers.EinsumDense(f"b{axes},{axes}->b{axes}", x.shape[1:], kernel_initializer="ones")
            model = Sequential([Input(x.shape[1:]), start, make(data_format)])
            model.compile(fastnn.optimizers.SGD(0.1), "mse")
            targets = np.zeros(model.output_shape[1:])[None].repeat(len(x), 0)
            losses = [model.train_on_batch(x, targets) for _ in range(2)]
            return losses, model.predict(x, verbose=0), model.get_weights()

        losses, outputs, weights = trained(FIRST, x)
        expected, expected_outputs, expected_weights = trained(LAST, to_last(x))
        np.testing.assert_allclose(losses, expected, rtol=1e-6)
        np.testing.assert_allclose(outputs, to_first(expected_outputs), rtol=2e-5, atol=2e-6)
        np.testing.assert_allclose(weights[0], np.moveaxis(expected_weights[0], -1, 0), rtol=2e-5, atol=2e-6)
        for one, other in zip(weights[1:], expected_weights[1:], strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", RANDOM)
def test_layers_that_draw(name: str) -> None:
    rank, make = RANDOM[name]
    x = np.random.default_rng(1).random((6, *((3, 7, 6) if rank == 2 else SHAPES[3]))).astype(np.float32)
    first, last = make(FIRST), make(LAST)
    drawn = first(x, training=True)
    assert drawn.shape == first.compute_output_shape(x.shape)
    np.testing.assert_array_equal(drawn, to_first(last(to_last(x), training=True)))
    assert not np.array_equal(drawn, first(x, training=False))
    assert type(first).from_config(first.get_config()).data_format == FIRST


def test_one_image() -> None:
    image = normal(3, 8, 6)
    for layer in (layers.Resizing(4, 5, data_format=FIRST), layers.CenterCrop(4, 5, data_format=FIRST)):
        assert layer(image).shape == layer.compute_output_shape(image.shape) == (3, 4, 5)
        np.testing.assert_array_equal(layer(image), layer(image[None])[0])


def convnet() -> Sequential:
    return Sequential([
        Input((2, None, 8)),
        layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(axis=1),
        layers.MaxPooling2D(),
        layers.Conv2D(3, 2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2),
    ])  # fmt: skip


class TestSetting:
    def test_it_holds_where_the_argument_is_none(self, channels_first: None) -> None:
        assert config.image_data_format() == fastnn.backend.image_data_format() == FIRST
        assert layers.Conv2D(4, 3).data_format == layers.RandomFlip().get_config()["data_format"] == FIRST
        assert layers.Conv2D(4, 3, data_format=LAST).data_format == LAST
        assert layers.ZeroPadding2D()(np.ones((1, 2, 3, 4))).shape == (1, 2, 5, 6)
        assert ops.max_pool(np.ones((1, 2, 6, 6)), 2).shape == (1, 2, 3, 3)
        assert ops.depth_to_space(np.ones((1, 2, 2, 8)), 2).shape == (1, 4, 4, 2)  # whose default is channels_last
        assert fastnn.utils.img_to_array(np.zeros((4, 5))).shape == (1, 4, 5)
        scaled = layers.Rescaling([1.0, 2.0], 1.0)(np.ones((1, 2, 3, 3)))
        np.testing.assert_array_equal(scaled[0, :, 0, 0], [2.0, 3.0])

    def test_a_layer_keeps_what_was_set_when_it_was_made(self, channels_first: None, tmp_path: Path) -> None:
        model, x = convnet(), normal(3, 2, 9, 8)
        expected = model.predict(x, verbose=0)
        model.save(tmp_path / "model.keras")
        config.set_image_data_format(LAST)
        for again in (fastnn.models.load_model(tmp_path / "model.keras"), fastnn.models.clone_model(model)):
            again.set_weights(model.get_weights())
            np.testing.assert_array_equal(again.predict(x, verbose=0), expected)
        assert model.compute_output_shape((3, 2, 9, 8)) == (3, 2)

    def test_a_function_in_a_model_does_too(self, channels_first: None, tmp_path: Path) -> None:
        inputs = Input((2, 6, 8))
        pooled = ops.image.resize(ops.average_pool(inputs, 2), (2, 3))
        model, x = Model(inputs, pooled), normal(3, 2, 6, 8)
        config.set_image_data_format(LAST)
        model.save(tmp_path / "model.keras")
        again = fastnn.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
        assert again.output_shape == (None, 2, 2, 3)

    def test_other_values(self) -> None:
        message = "expects data_format to be one of channels_last, channels_first, got 'NCHW'"
        for refused in (
            lambda: config.set_image_data_format("NCHW"),
            lambda: layers.Conv2D(4, 3, data_format="NCHW"),
            lambda: ops.conv(normal(1, 4, 4), normal(2, 4, 2), data_format="NCHW"),
            lambda: ops.space_to_depth(normal(1, 4, 4, 4), 2, "NCHW"),
            lambda: fastnn.utils.array_to_img(normal(4, 4, 3), "NCHW"),
        ):
            with pytest.raises(ValueError, match=message):
                refused()
        assert layers.Conv2D(4, 3, data_format="Channels_First").data_format == FIRST


def test_unknown_sizes(channels_first: None) -> None:
    model = convnet()
    for height in (7, 12):
        assert model.predict(normal(3, 2, height, 8), verbose=0).shape == (3, 2)
    with pytest.raises(ValueError, match="known sizes where its weights depend on them"):
        layers.Conv2D(3, 2).build((None, None, 8, 8))


def test_shapes_that_do_not_fit_are_told_as_they_were_given() -> None:
    with pytest.raises(ValueError, match=r"channels of \(batch, 2, 3, 9\) moved to the end, for channels_first"):
        layers.Conv2D(4, 5, data_format=FIRST).build((None, 2, 3, 9))
    with pytest.raises(ValueError, match=r"expects images \(batch, channels, height, width\)"):
        layers.RandomFlip(data_format=FIRST)(np.ones((2, 3)))


def test_masks() -> None:
    """A mask is about the steps, wherever they stand."""
    x, mask = normal(2, 3, 5), np.array([[True, True, False, False, True], [False, True, True, True, True]])
    pooled = layers.GlobalAveragePooling1D(data_format=FIRST)(x, mask=mask)
    expected = [x[i][:, mask[i]].mean(axis=1) for i in range(2)]
    np.testing.assert_allclose(pooled, expected, rtol=1e-6)
    with pytest.raises(ValueError, match="mask"):
        layers.GlobalAveragePooling1D(data_format=FIRST)(x, mask=mask[:, :3])


def test_transposes_that_meet_cancel() -> None:
    model = Sequential([
        Input((2, 12, 12)),
        layers.Conv2D(4, 3, activation="relu", data_format=FIRST),
        layers.MaxPooling2D(data_format=FIRST),
        layers.Conv2D(3, 2, data_format=FIRST),
        layers.Flatten(data_format=FIRST),
    ])  # fmt: skip
    kinds = [node.kind for node in taped(model).nodes]
    assert kinds.count("Transpose") == 1 and kinds[0] == "Transpose"


def test_between_layers_that_compute_in_either_order_they_cancel_too() -> None:
    def residual(data_format: str, axis: int) -> Model:
        fastnn.utils.set_random_seed(4)
        inputs = Input((3, 8, 8) if data_format == FIRST else (8, 8, 3))
        x = layers.Conv2D(4, 3, padding="same", use_bias=False, data_format=data_format)(inputs)
        x = start = layers.ReLU()(layers.BatchNormalization(axis=axis)(x))
        x = layers.Conv2D(4, 3, padding="same", data_format=data_format)(x)
        x = layers.Activation("tanh")(layers.Add()([x, start]))
        model = Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D(data_format=data_format)(x)))
        model.compile(fastnn.optimizers.SGD(0.1), "mse")
        return model

    first, last = residual(FIRST, 1), residual(LAST, -1)
    assert [node.kind for node in taped(first).nodes].count("Transpose") == 1
    x, y = normal(5, 3, 8, 8), normal(5, 2)
    assert [first.train_on_batch(x, y) for _ in range(3)] == [last.train_on_batch(to_last(x), y) for _ in range(3)]
    np.testing.assert_array_equal(first.predict(x, verbose=0), last.predict(to_last(x), verbose=0))


class TestFunctions:
    @pytest.mark.parametrize(
        ("function", "axis"),
        [
            (lambda x, d: ops.conv(x, normal(3, 3, 4, 2), 2, "same", d), 1),
            (lambda x, d: ops.depthwise_conv(x, normal(3, 3, 4, 2), data_format=d), 1),
            (lambda x, d: ops.separable_conv(x, normal(3, 3, 4, 2), normal(1, 1, 8, 3), data_format=d), 1),
            (lambda x, d: ops.conv_transpose(x, normal(3, 3, 2, 4), 2, data_format=d), 1),
            (lambda x, d: ops.max_pool(inputs=x, pool_size=2, data_format=d), 1),
            (lambda x, d: ops.average_pool(x, 2, 1, "same", d), 1),
            (lambda x, d: ops.adaptive_average_pool(x, 3, d), 1),
            (lambda x, d: ops.adaptive_max_pool(x, (2, 3), d), 1),
            (lambda x, d: ops.image.resize(x, (5, 4), data_format=d), 1),
            (lambda x, d: ops.image.pad_images(x, 1, 2, 3, 0, data_format=d), 1),
            (lambda x, d: ops.image.crop_images(x, 1, 2, 1, 0, data_format=d), 1),
            (lambda x, d: ops.image.extract_patches(x, 3, data_format=d), 1),
            (lambda x, d: ops.image.gaussian_blur(x, data_format=d), 1),
            (lambda x, d: ops.image.rgb_to_hsv(ops.sigmoid(x[:, :3] if d == FIRST else x[..., :3]), d), 1),
        ],
    )
    def test_of_arrays_and_tensors(self, function: Any, axis: int) -> None:
        x = normal(2, 4, 7, 6)
        expected = to_first(function(to_last(x), LAST))
        np.testing.assert_array_equal(function(x, FIRST), expected)
        inputs = Input(x.shape[1:])
        model = Model(inputs, function(inputs, FIRST))
        np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)

    def test_of_one_image(self) -> None:
        image = normal(3, 7, 6)
        assert ops.image.resize(image, (4, 5), data_format=FIRST).shape == (3, 4, 5)
        assert ops.image.rgb_to_grayscale(image, FIRST).shape == (1, 7, 6)
        assert ops.image.extract_patches(image, 3, data_format=FIRST).shape == (27, 2, 2)

    def test_squares_of_channels(self) -> None:
        """With channels first the square is the faster axis of the channels, with channels last the slower one."""
        x = np.arange(8.0).reshape(1, 8, 1, 1)
        spread = ops.depth_to_space(x, 2, FIRST)
        np.testing.assert_array_equal(spread, [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]])
        np.testing.assert_array_equal(ops.space_to_depth(spread, 2, FIRST), x)
        last = ops.depth_to_space(x.reshape(1, 1, 1, 8), 2)
        np.testing.assert_array_equal(last[0, :, :, 0], [[0, 2], [4, 6]])

    def test_of_pictures(self) -> None:
        pytest.importorskip("PIL")
        pixels = np.random.default_rng(0).integers(0, 255, (3, 4, 5)).astype(np.float32)
        picture = fastnn.utils.array_to_img(pixels, FIRST, scale=False)
        assert picture.size == (5, 4)
        np.testing.assert_array_equal(fastnn.utils.img_to_array(picture, FIRST), pixels)
