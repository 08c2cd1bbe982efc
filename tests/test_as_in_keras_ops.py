"""Functions of `fastnn.ops` where values and refusals are those of Keras 3.15; the numbers were computed with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, KerasTensor, Model, layers, ops


def test_gaussian_blur_takes_width_and_height() -> None:
    image = np.zeros((1, 7, 7, 1), np.float32)
    image[0, 3, 3, 0] = 1
    blurred = ops.image.gaussian_blur(image, (5, 3), (0.8, 2.0), data_format="channels_last")[0, :, :, 0]
    assert not blurred[[0, 1, 5, 6]].any() and not blurred[:, [0, 6]].any()
    np.testing.assert_allclose(blurred[2, 1:6], [0.007, 0.073, 0.159, 0.073, 0.007], atol=6e-4)
    np.testing.assert_allclose(blurred[3, 1:6], [0.008, 0.083, 0.181, 0.083, 0.008], atol=6e-4)


@pytest.mark.parametrize("axis", [-1, 1, 0])
def test_trapezoid_with_points_of_the_same_shape(axis: int) -> None:
    y, x = np.sin(np.arange(27.0)).reshape(3, 3, 3), np.cumsum(np.ones((3, 3, 3)) * [1.0, 2.0, 4.0], axis)
    expected = np.sum(np.diff(x, axis=axis) * (y.take([1, 2], axis) + y.take([0, 1], axis)) / 2, axis)
    np.testing.assert_allclose(ops.trapezoid(y, x=x, axis=axis), expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["sort", "argsort"])
def test_sorting_the_flattened_tensor(name: str) -> None:
    x = np.array([[[3.0, 1.0], [2.0, 5.0]]], np.float32)
    function = getattr(ops, name)
    assert function(KerasTensor((2, 3)), axis=None).shape == (6,)

    inputs = Input(batch_shape=(1, 2, 2))
    found = Model(inputs, function(inputs, axis=None)[None])(x)
    np.testing.assert_array_equal(found, [getattr(np, name)(x, axis=None)])


def test_multi_hot_with_an_axis() -> None:
    np.testing.assert_array_equal(ops.multi_hot(np.array([[0, 2], [1, 1]]), 3), [[1, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(ops.multi_hot(np.array([[0, 2], [1, 1]]), 3, 1), [[1, 1], [1, 1]])
    assert ops.multi_hot(np.arange(6).reshape(2, 3, 1) % 4, 4, 2).shape == (2, 4, 1)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_cumulative_without_nan_along_tuples(name: str) -> None:
    function, x = getattr(ops, f"nan{name}"), np.array([[1.0, np.nan], [3.0, 2.0]])
    numbers = np.nan_to_num(x, nan=0 if name == "cumsum" else 1)
    assert [function(KerasTensor((2, 3)), axis).shape for axis in (None, 1, (1,), ())] == [(6,), (2, 3), (2, 3), (2, 3)]
    np.testing.assert_allclose(function(x, (0,)), getattr(np, name)(numbers, 0))
    np.testing.assert_allclose(function(x, ()), numbers)


def test_take_along_axis_repeats_sizes_of_one() -> None:
    x, places = np.arange(6.0).reshape(1, 2, 3), np.array([[[2, 0]]])
    np.testing.assert_array_equal(ops.take_along_axis(x, places, 2), [[[2, 0], [5, 3]]])
    assert ops.take_along_axis(KerasTensor((1, 2, 3)), places, 2).shape == (1, 2, 2)
    assert ops.take_along_axis(KerasTensor((1, 2, 3)), np.zeros((4, 2, 1), int), 2).shape == (4, 2, 1)


def test_meshgrid_flattens() -> None:
    grids = ops.meshgrid(np.arange(4.0).reshape(2, 2), np.arange(3.0))
    np.testing.assert_array_equal(grids, np.meshgrid(np.arange(4.0), np.arange(3.0)))


@pytest.mark.parametrize(
    ("reduction", "expected"), [("max", [5, 2, 1, 1]), ("min", [1, 1, 1, 1]), ("mul", [15, 2, 1, 1])]
)
def test_reductions_of_scatter_update(reduction: str, expected: list[float]) -> None:
    updates = np.array([3.0, 5.0, 2.0])
    np.testing.assert_array_equal(ops.scatter_update(np.ones(4), [[0], [0], [1]], updates, reduction), expected)


_TENSOR = KerasTensor((2, 3))
REFUSED: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("transpose", lambda: ops.transpose(_TENSOR, [0, 0]), ValueError, "each of 2 axes once"),
    ("transpose, missing", lambda: ops.transpose(_TENSOR, [0]), ValueError, "each of 2 axes once"),
    ("swapaxes", lambda: ops.swapaxes(_TENSOR, 5, 0), ValueError, "axis 5 is outside"),
    ("moveaxis", lambda: ops.moveaxis(_TENSOR, 5, 0), ValueError, "axis 5 is outside"),
    ("reshape", lambda: ops.reshape(np.zeros(20), (-2, 5)), ValueError, r"got \(-2, 5\)"),
    ("repeat", lambda: ops.repeat(_TENSOR, [1, 1]), ValueError, "one for each of 6 elements, got 2"),
    ("eye", lambda: ops.eye(3, 2.0), TypeError, "integers, got 2.0"),
    ("histogram, range", lambda: ops.histogram(np.ones(3), range=(1,)), ValueError, "lowest, highest"),
    ("histogram, bins", lambda: ops.histogram(np.ones(3), bins=-5), ValueError, "positive integer, got -5"),
    ("argpartition", lambda: ops.argpartition(_TENSOR, (1, 3)), ValueError, "kth"),
    ("digitize", lambda: ops.digitize(_TENSOR, np.ones((2, 2))), ValueError, "one axis, got 2"),
    ("extract_patches", lambda: ops.image.extract_patches(np.ones((1, 4, 4, 1)), "5"), ValueError, "a pair"),
    ("scan", lambda: ops.scan(123, 0, np.ones(3)), TypeError, "a function"),
    ("scan, unroll", lambda: ops.scan(lambda c, x: (c, c), 0, np.ones(3), unroll=-1), ValueError, "unroll"),
    ("scatter_update", lambda: ops.scatter_update(np.ones(3), [[0]], np.ones(1), "mean"), ValueError, "'max'"),
    ("cast", lambda: ops.cast([1.5], "complex64"), TypeError, "got 'complex64'"),
    ("depth_to_space", lambda: ops.depth_to_space(np.ones((1, 2, 2, 4)), 1), ValueError, "at least 2, got 1"),
    ("space_to_depth", lambda: ops.space_to_depth(np.ones((1, 2, 2, 4)), 0), ValueError, "at least 2, got 0"),
    ("rgb_to_hsv, channels", lambda: ops.image.rgb_to_hsv(np.ones((2, 2, 4))), ValueError, "3 channels, got 4"),
    ("hsv_to_rgb, integers", lambda: ops.image.hsv_to_rgb(np.ones((2, 2, 3), int)), ValueError, "divide the images"),
]


@pytest.mark.parametrize(("call", "kind", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(call: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


@pytest.fixture
def channels_first() -> Iterator[None]:
    fastnn.config.set_image_data_format("channels_first")
    yield
    fastnn.config.set_image_data_format("channels_last")


@pytest.mark.usefixtures("channels_first")
def test_images_of_tensorflow_have_their_channels_last() -> None:
    from fastnn.stand_in import image

    pixels = np.linspace(0, 1, 60, dtype=np.float32).reshape(1, 4, 5, 3)
    assert image.resize(pixels, (2, 3)).shape == (1, 2, 3, 3)
    np.testing.assert_allclose(image.hsv_to_rgb(image.rgb_to_hsv(pixels)), pixels, atol=1e-5)
    assert image.rgb_to_grayscale(pixels).shape == (1, 4, 5, 1)


def _with_gradients_of_gradients(x: Any, order: tuple[int, ...]) -> tuple[list[float], Any]:
    class Critic(Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Conv2D(3, 3, activation="tanh", padding="same", kernel_initializer="ones")
            self.second = layers.Conv2DTranspose(2, 3, activation="tanh", kernel_initializer="ones")

        def call(self, inputs: Any) -> Any:
            return ops.mean(self.second(self.first(inputs)), axis=[1, 2, 3])

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with fastnn.GradientTape() as outer:
                with fastnn.GradientTape() as tape:
                    made = self(x, training=True)
                penalty = ops.mean(tape.gradient(made, x) ** 2)
                loss = ops.mean((made - y) ** 2) + 1000 * penalty
            self.optimizer.apply(outer.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    model = Critic()
    model.compile(fastnn.optimizers.SGD(0.1))
    history = model.fit(x.transpose(order), np.zeros(2), epochs=2, verbose=0).history
    return history["loss"], ops.image.gaussian_blur(x.transpose(order), (5, 3), (0.8, 2.0))


def test_gradients_and_blurs_with_channels_first() -> None:
    """What is computed with the functions of images within has its channels last, whatever the configuration says."""
    x = np.sin(np.arange(120.0, dtype=np.float32)).reshape(2, 6, 5, 2)
    losses, blurred = _with_gradients_of_gradients(x, (0, 1, 2, 3))
    fastnn.config.set_image_data_format("channels_first")
    try:
        moved_losses, moved = _with_gradients_of_gradients(x, (0, 3, 1, 2))
    finally:
        fastnn.config.set_image_data_format("channels_last")
    assert losses == pytest.approx(moved_losses, rel=1e-5)
    np.testing.assert_array_equal(blurred, moved.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float16", "float64"])
def test_other_fractions_are_float32(dtype: str) -> None:
    for found in (ops.cast([1.5], dtype), ops.array([1.5], dtype=dtype), ops.cast(KerasTensor((2,)), dtype)):
        assert found.dtype == "float32"
    np.testing.assert_array_equal(ops.cast([1.5], dtype), [1.5])


def test_operators_of_variables() -> None:
    variable = fastnn.Variable(np.array([1.4, 2.0]))
    assert (variable == np.array([1.0, 2.0])).tolist() == [False, True]
    assert (variable != 2.0).tolist() == [True, False]
    assert variable == variable and variable in [variable] and variable != fastnn.Variable(np.ones(2))
    assert (variable == None) is False and hash(variable) == hash(variable)  # noqa: E711
    np.testing.assert_array_equal(round(variable), [1.0, 2.0])
    np.testing.assert_allclose(+variable, [1.4, 2.0], rtol=1e-6)
    assert np.all(True | variable) and np.all(True & variable)

    class Where(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(2,), initializer="ones")

        def call(self, inputs: Any) -> Any:
            return inputs * ops.cast(self.scale == 1.0, "float32")

    x = Input((2,))
    model = Model(x, Where()(x))
    np.testing.assert_array_equal(model.predict(np.ones((1, 2)), verbose=0), [[1, 1]])


def test_clear_session_ends_name_scopes() -> None:
    fastnn.name_scope("left").__enter__()
    fastnn.utils.clear_session()
    assert fastnn.Variable(np.ones(1), name="kernel").path == "kernel"
