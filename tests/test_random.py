"""Random numbers of `fastnn.random`: distributions, seeds, use in a model; and `Lambda`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import _core, layers, ops, random

DRAWS: dict[str, tuple[Callable[..., Any], float, float]] = {
    "normal": (lambda shape, seed: random.normal(shape, 2.0, 3.0, seed=seed), 2.0, 3.0),
    "normal-tensor": (lambda shape, seed: random.normal(shape, ops.array([2.0]), 3.0, seed=seed), 2.0, 3.0),
    "truncated": (lambda shape, seed: random.truncated_normal(shape, 1.0, 2.0, seed=seed), 1.0, 2 * 0.8796),
    "uniform": (lambda shape, seed: random.uniform(shape, -1.0, 5.0, seed=seed), 2.0, 6 / np.sqrt(12)),
    "uniform-tensor": (lambda shape, seed: random.uniform(shape, ops.array([-1.0]), 5.0, seed=seed), 2.0, np.sqrt(3)),
    "randint": (lambda shape, seed: fastnn.ops.cast(random.randint(shape, -2, 5, "int32", seed), "float32"), 1.0, 2.0),
    "dropout": (lambda shape, seed: random.dropout(ops.ones(shape), 0.25, seed=seed), 1.0, np.sqrt(1 / 3)),
    "categorical": (
        lambda shape, seed: random.categorical(
            ops.ones(shape) * np.log([[0.2, 0.8, 1.0]])[:, :2], 500, "float32", seed
        ),
        0.8,
        0.4,
    ),
}


@pytest.mark.parametrize("name", DRAWS)
def test_mean_and_deviation(name: str) -> None:
    function, mean, deviation = DRAWS[name]
    shape = (200, 2) if name == "categorical" else (200, 500)
    made = function(shape, 3)
    assert made.dtype == np.float32 and made.shape == (200, 500)
    assert abs(made.mean() - mean) < 0.02 * deviation + 0.003
    assert abs(made.std() - deviation) < 0.01 * deviation
    # No pattern among rows or columns.
    assert np.abs(made.mean(0) - mean).max() < 0.4 * deviation and np.abs(made.mean(1) - mean).max() < 0.25 * deviation
    np.testing.assert_array_equal(made, function(shape, 3))
    assert np.mean(made != function(shape, 4)) > 0.2


@pytest.mark.parametrize("name", DRAWS)
def test_a_graph_draws_what_is_drawn_at_once(name: str) -> None:
    """Draws from the same seed and position, on any number of threads."""
    function, _, _ = DRAWS[name]

    class Draws(layers.Layer):
        def call(self, inputs: Any) -> Any:
            size = 2 if name == "categorical" else inputs.shape[1]
            return function((ops.shape(inputs)[0], size), 5)

    inputs = np.zeros((64, 500), np.float32)
    expected = function((64, 2) if name == "categorical" else (64, 500), 5)
    for threads in (1, 2, 4):
        _core.set_num_threads(threads)
        np.testing.assert_array_equal(Draws()(inputs), expected)


class Noise(layers.Layer):
    """Layer that adds the value of a variable."""

    def __init__(self, seed: Any) -> None:
        super().__init__()
        self.generator = seed
        self.drawn = self.add_weight((3,), "zeros", trainable=False)

    def call(self, inputs: Any, training: Any = None) -> Any:
        noise = random.normal((3,), seed=self.generator)
        if training:
            self.drawn.assign(noise)
        return inputs + noise


def test_each_step_draws_anew_and_goes_on_from_a_position() -> None:
    generator = random.SeedGenerator(7)
    layer = Noise(generator)
    x = np.zeros((4, 3), np.float32)
    drawn = []
    for step in range(3):
        assert generator.stream.position == step
        layer(x, training=True)
        drawn.append(layer.drawn.numpy())
    assert np.abs(drawn[0] - drawn[1]).min() > 1e-4 and np.abs(drawn[1] - drawn[2]).min() > 1e-4
    again = random.SeedGenerator(7)
    np.testing.assert_array_equal(random.normal((3,), seed=again), drawn[0])
    again.stream.position = 2
    resumed = Noise(again)
    resumed(x, training=True)
    np.testing.assert_array_equal(resumed.drawn.numpy(), drawn[2])
    # Inference draws from the same stream, and advances it too.
    later = layer(x)[0]
    assert np.abs(later - drawn[2]).min() > 1e-4
    np.testing.assert_array_equal(resumed(x)[0], later)
    assert again.stream.position == generator.stream.position == 4


def test_training_a_model_moves_the_stream() -> None:
    generator = random.SeedGenerator(1)
    model = fastnn.Sequential([fastnn.Input((3,)), Noise(generator), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((10, 3)), np.ones((10, 1)), batch_size=2, epochs=2, verbose=0)
    assert generator.stream.position == 10


def test_two_draws_of_a_call_differ() -> None:
    generator = random.SeedGenerator(2)

    class Two(layers.Layer):
        def call(self, inputs: Any) -> Any:
            shape = ops.shape(inputs)
            return random.normal(shape, seed=generator), random.normal(shape, seed=generator)

    first, second = Two()(np.zeros((5, 3), np.float32))
    assert np.abs(first - second).min() > 1e-4
    eager = random.SeedGenerator(2)
    np.testing.assert_array_equal(first, random.normal((5, 3), seed=eager))
    np.testing.assert_array_equal(second, random.normal((5, 3), seed=eager))


def test_the_generator_of_the_module_begins_with_the_global_seed() -> None:
    def some() -> list[Any]:
        fastnn.utils.set_random_seed(11)
        return [random.uniform((3,)), random.normal((2,)), random.uniform((3,))]

    first, again = some(), some()
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(first[0] - first[2]).min() > 1e-6


def test_shuffle() -> None:
    x = np.arange(60).reshape(5, 12)
    rows, columns = random.shuffle(x, seed=1), random.shuffle(x, 1, 1)
    assert sorted(rows[:, 0]) == list(x[:, 0]) and not np.array_equal(rows, x)
    np.testing.assert_array_equal(np.sort(columns, 1), x)
    tensor = fastnn.Input((12,), dtype="int32")

    class Shuffles(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return random.shuffle(inputs, 1, 1)

    model = fastnn.Model(tensor, Shuffles()(tensor))
    np.testing.assert_array_equal(model.predict(x.astype(np.int32), verbose=0), columns)


def test_dropout_with_a_shape_of_noise() -> None:
    made = random.dropout(np.ones((40, 6, 5)), 0.5, (None, 1, 5), seed=1)
    assert set(np.unique(made)) == {0.0, 2.0}
    np.testing.assert_array_equal(made, np.broadcast_to(made[:, :1], made.shape))


def test_the_gradient_goes_through_what_is_scaled_by_tensors() -> None:
    """Layer with the reparameterization trick: a normal sample with gradients for mean and deviation."""

    class Sample(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.mean = self.add_weight((3,), "zeros")
            self.deviation = self.add_weight((3,), "ones")

        def call(self, inputs: Any) -> Any:
            return random.normal(ops.shape(inputs), self.mean, self.deviation, seed=4)

    layer = Sample()
    model = fastnn.Sequential([fastnn.Input((3,)), layer])
    model.compile(fastnn.optimizers.SGD(1.0), "mse")
    model.fit(np.zeros((8, 3)), np.zeros((8, 3)), batch_size=8, verbose=0)
    noise = random.normal((8, 3), seed=4).astype(np.float64)
    np.testing.assert_allclose(layer.mean.numpy(), -2 * noise.sum(0) / 24, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.deviation.numpy(), 1 - 2 * (noise**2).sum(0) / 24, rtol=1e-4, atol=1e-6)


def test_generators_say_what_they_are() -> None:
    generator = random.SeedGenerator(5, name="mine")
    assert generator.get_config() == {"seed": 5, "name": "mine"}
    copy = random.SeedGenerator.from_config(generator.get_config())
    np.testing.assert_array_equal(random.uniform((2,), seed=copy), random.uniform((2,), seed=generator))
    np.testing.assert_array_equal(generator.next(), [5, 1])
    assert repr(generator) == "<SeedGenerator seed=5, position=2>"


@pytest.mark.parametrize(
    ("function", "error", "match"),
    [
        (lambda: random.SeedGenerator(-1), ValueError, "an integer of at least 0"),
        (lambda: random.SeedGenerator(1.5), ValueError, "an integer of at least 0"),
        (lambda: random.SeedGenerator(sead=1), ValueError, "no argument 'sead'"),
        (lambda: random.normal((2, -1)), ValueError, "at least 0"),
        (lambda: random.normal((2, None)), ValueError, "among which may be"),
        (lambda: random.normal(fastnn.Input((3,))), TypeError, "such as ops.shape"),
        (lambda: random.randint((2,), 3, 3), ValueError, "a < b"),
        (lambda: random.randint((2,), np.zeros(2), 3), TypeError, "plain numbers"),
        (lambda: random.dropout(np.ones(3), 1.5), ValueError, "rate from 0 to 1"),
        (lambda: random.categorical(np.zeros(3), 2), ValueError, "batch, classes"),
        (lambda: layers.Lambda(3), TypeError, "to be a function"),
    ],
)  # fmt: skip
def test_mistakes(function: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        function()


# Lambda ---------------------------------------------------------------------------------------------------------------


def test_lambda_computes_at_once_and_in_a_model() -> None:
    layer = layers.Lambda(lambda x, scale: ops.square(x) * scale, output_shape=(3,), arguments={"scale": 2.0})
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    np.testing.assert_allclose(layer(x), 2 * x**2)
    tensor = fastnn.Input((3,))
    model = fastnn.Model(tensor, layer(tensor))
    np.testing.assert_allclose(model.predict(x, verbose=0), 2 * x**2)
    assert layer.output_shape == (None, 3) and layer.compute_output_shape((None, 5)) == (None, 5)
    assert layer.get_config()["output_shape"] == (3,) and layer.weights == []


def test_lambda_of_several_inputs_and_outputs() -> None:
    a, b = fastnn.Input((3,)), fastnn.Input((3,))
    outputs = layers.Lambda(lambda pair: [pair[0] - pair[1], pair[0] * pair[1]])([a, b])
    model = fastnn.Model([a, b], outputs)
    x, y = np.ones((2, 3), np.float32), np.full((2, 3), 4, np.float32)
    difference, product = model.predict([x, y], verbose=0)
    np.testing.assert_array_equal(difference, x - y)
    np.testing.assert_array_equal(product, x * y)


def test_lambda_knows_whether_it_trains() -> None:
    layer = layers.Lambda(lambda x, training: x * 2 if training else x)
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer(x, training=True), x * 2)


def test_lambda_passes_gradients() -> None:
    dense = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = fastnn.Sequential([fastnn.Input((2,)), dense, layers.Lambda(ops.square)])
    model.compile(fastnn.optimizers.SGD(0.5), lambda y, p: ops.mean(p - y, -1))
    model.fit(np.array([[1.0, 2.0]]), np.zeros((1, 1)), verbose=0)
    np.testing.assert_allclose(dense.kernel.numpy().ravel(), [1 - 3.0, 1 - 6.0], rtol=1e-5)


def test_lambda_makes_and_reads_masks() -> None:
    masked = layers.Lambda(lambda x: x, mask=lambda inputs, mask: ops.any(inputs > 0, -1))
    reader = layers.Lambda(lambda x, mask: x if mask is None else ops.where(ops.expand_dims(mask, -1), x, -1.0))
    x = np.array([[[1.0], [0.0], [2.0]]], np.float32)
    tensor = fastnn.Input((3, 1))
    model = fastnn.Model(tensor, reader(masked(tensor)))
    np.testing.assert_array_equal(model.predict(x, verbose=0)[0, :, 0], [1, -1, 2])


def test_the_state_of_a_generator_repeats_its_draws() -> None:
    generator = random.SeedGenerator(5)
    random.uniform((2,), seed=generator)
    state = generator.state
    first, second = (random.uniform((3,), seed=generator) for _ in range(2))
    assert state.numpy().tolist()[0] == 5 and state.shape == (2,) and generator.state.tolist() != state.tolist()
    generator.state = state
    np.testing.assert_array_equal(random.uniform((3,), seed=generator), first)
    np.testing.assert_array_equal(random.uniform((3,), seed=generator), second)
    with pytest.raises(ValueError, match="state to be two integers of at least 0"):
        generator.state = [1.5, 2]
