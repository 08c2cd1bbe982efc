"""Steps of a user's own: the size of a batch, the global seed, repeated calls, weights that are assigned to."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Sequential, layers, ops, optimizers


class Denoiser(Sequential):
    """A step with the number of rows as a number: noise of a fixed shape beside a batch of any size."""

    def train_step(self, data):
        noise = fastnn.random.normal((8, 5))
        noisy = fastnn.random.uniform((8, 1)) * data + noise
        with GradientTape() as tape:
            loss = ops.mean((self(noisy, training=True) - noise) ** 2)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss, "noise": ops.mean(noise)}


class Shaped(Sequential):
    """A step that reads the number of rows from a shape."""

    def train_step(self, data):
        rows = data.shape[0]
        with GradientTape() as tape:
            loss = ops.sum((self(data) - ops.zeros((rows, 5))) ** 2) / rows
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


def _data(rows: int = 32) -> np.ndarray:
    return np.random.RandomState(0).normal(size=(rows, 5)).astype("float32")


def _model(cls, seed: int = 1):
    fastnn.utils.set_random_seed(seed)
    model = cls([layers.Input((5,)), layers.Dense(8, activation="relu"), layers.Dense(5)])
    model.compile(optimizers.Adam(0.01))
    return model


def test_a_step_with_a_number_of_rows_runs_for_batches_of_as_many() -> None:
    """It trains as one that asks for the size of the batch."""
    found = []
    for asks in (False, True):

        class Asks(Denoiser):
            def train_step(self, data):
                rows = ops.shape(data)[0]
                noise = fastnn.random.normal((rows, 5))
                noisy = fastnn.random.uniform((rows, 1)) * data + noise
                with GradientTape() as tape:
                    loss = ops.mean((self(noisy, training=True) - noise) ** 2)
                gradients = tape.gradient(loss, self.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
                return {"loss": loss, "noise": ops.mean(noise)}

        model = _model(Asks if asks else Denoiser)
        found.append(model.fit(_data(), batch_size=8, epochs=3, shuffle=False, verbose=0).history)
    np.testing.assert_allclose(found[0]["loss"], found[1]["loss"], rtol=1e-5)
    np.testing.assert_allclose(found[0]["noise"], found[1]["noise"], atol=1e-6)


def test_a_batch_of_another_size_is_refused_before_a_step() -> None:
    """The message says which sizes meet, and the mend; no weight has moved."""
    model = _model(Denoiser)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"Denoiser\.train_step: .* 8 rows, got 6.*drop_remainder.*ops\.shape"):
        model.fit(_data(30), batch_size=8, verbose=0)
    with pytest.raises(ValueError, match=r"ops\.shape\(x\)\[0\]"):
        model.fit(_data(), batch_size=16, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert np.isfinite(model.train_on_batch(_data(8))[0])


def test_a_step_that_reads_the_rows_from_a_shape() -> None:
    """Each size of the batches is traced anew."""
    model = _model(Shaped)
    for batch_size in (8, 16, 32, 4):
        loss = model.fit(_data(), batch_size=batch_size, verbose=0).history["loss"][0]
        assert np.isfinite(loss)
    losses = [model.fit(iter([_data(rows)]), verbose=0).history["loss"][0] for rows in (3, 7)]
    assert np.isfinite(losses).all()


class Noisy(layers.Layer):
    """A layer that draws in its call."""

    def call(self, x):
        return x + fastnn.random.normal(ops.shape(x))


def test_the_global_seed_reaches_steps_that_were_traced_before() -> None:
    """Noise of a step, of a function and of a layer begins again with `set_random_seed`."""
    model = _model(Denoiser)

    @fastnn.function
    def drawn(x):
        return x * fastnn.random.normal(ops.shape(x))

    plain = Sequential([layers.Input((5,)), Noisy()])

    def numbers(seed: int) -> list[np.ndarray]:
        fastnn.utils.set_random_seed(seed)
        logs = model.fit(_data(), batch_size=8, shuffle=False, verbose=0).history
        return [np.array(logs["noise"]), np.array(drawn(_data())), plain.predict(_data(), verbose=0)]

    numbers(1)
    first, again, other = numbers(7), numbers(7), numbers(8)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_repeated_calls_of_a_function_take_what_they_are_given() -> None:
    """Calls of shapes and types that were seen before run as the first of their kind did."""
    mean = fastnn.metrics.Mean()

    @fastnn.function
    def scaled(x, factor, offset=0.0):
        mean.update_state(x)
        return {"value": x * factor + offset, "name": "scaled", "rows": ops.shape(x)[0]}

    random = np.random.RandomState(0)
    xs = [random.normal(size=shape).astype(dtype) for shape in ((3, 2), (4, 2), (3,), ()) for dtype in ("f4", "f8")]
    xs.append(random.randint(0, 9, (3, 2)))
    seen = []
    for _ in range(3):
        for x in xs:
            for factor in (np.float32(2), np.array(3.0), 0.5, np.full(x.shape, 2.0)):
                if x.ndim == 0:
                    continue
                made = scaled(x, factor)
                np.testing.assert_allclose(made["value"], x * factor, rtol=1e-6)
                assert (made["name"], int(made["rows"])) == ("scaled", len(x))
                seen.append(np.mean(x, dtype=np.float64) * x.size)
    np.testing.assert_allclose(float(mean.total.exact()), sum(seen), rtol=1e-5)
    np.testing.assert_allclose(scaled(xs[0], 2.0, offset=1.0)["value"], xs[0] * 2 + 1, rtol=1e-6)
    with pytest.raises(ValueError, match="at least one row"):
        scaled(np.zeros((0, 2), "float32"), np.float32(2))


def test_a_function_without_arguments_and_one_of_a_number() -> None:
    """Both run again and again."""
    weight = fastnn.Variable(np.zeros(()))

    @fastnn.function
    def count():
        weight.assign_add(1.0)
        return weight * 1.0

    @fastnn.function
    def double(x):
        return x * 2.0

    assert [float(count()) for _ in range(3)] == [1.0, 2.0, 3.0]
    assert [float(double(np.float32(x))) for x in (1, 2, 1)] == [2.0, 4.0, 2.0]
    assert [float(double(np.array(x, "float32"))) for x in (1, 2, 1)] == [2.0, 4.0, 2.0]


def test_tile_and_repeat_take_the_size_of_a_batch() -> None:
    """As a class token does: one row of a weight for each row of the batch."""
    token = np.arange(6, dtype="float32").reshape(1, 2, 3)

    @fastnn.function
    def repeated(x):
        rows = ops.shape(x)[0]
        tiled = ops.tile(token, (rows, 1, 1)), ops.tile(token, (rows, 2, 3)), ops.tile(x, (rows, 1)), ops.tile(x, rows)
        along = ops.repeat(token, rows, axis=0), ops.repeat(x, rows, axis=1), ops.repeat(x, rows)
        return *tiled, *along

    for rows in (3, 5):
        x = np.random.RandomState(rows).normal(size=(rows, 2)).astype("float32")
        tiled = [np.tile(token, (rows, 1, 1)), np.tile(token, (rows, 2, 3)), np.tile(x, (rows, 1)), np.tile(x, rows)]
        along = [np.repeat(token, rows, axis=0), np.repeat(x, rows, axis=1), np.repeat(x, rows)]
        for found, expected in zip(repeated(x), [*tiled, *along], strict=True):
            np.testing.assert_array_equal(found, expected)


class Restoring(Denoiser):
    """A step that goes on with what it cannot do after the number of rows."""

    def train_step(self, data):
        logs = super().train_step(data)
        return {**logs, "value": float(ops.mean(data))}


def test_the_error_is_that_of_the_line_that_cannot_be_traced() -> None:
    """Not that of a number of rows, which can."""
    with pytest.raises(TypeError, match=r"is no number.*float\(ops\.mean\(data\)\)"):
        _model(Restoring).fit(_data(), batch_size=8, verbose=0)


def test_the_moments_of_a_normalization_in_a_step() -> None:
    """In a step they are tensors that stand for its weights."""
    layer = layers.Normalization()
    data = _data()
    layer.adapt(data)

    @fastnn.function
    def restored(x):
        return layer.mean + x * layer.variance**0.5

    np.testing.assert_allclose(restored(layer(data)), data, atol=1e-5)
    layer.adapt(2 * data)
    np.testing.assert_allclose(restored(layer(2 * data)), 2 * data, atol=1e-5)


class ByHand(Shaped):
    """A step that applies its gradients by assignments."""

    def train_step(self, data):
        with GradientTape() as tape:
            loss = ops.mean((self(data) - data) ** 2)
        weights = self.trainable_variables
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(0.1 * gradient)
        return {"loss": loss}


def test_a_step_that_moves_weights_by_hand_does_not_warn(recwarn) -> None:
    """It is not told that it applies no gradient."""
    losses = _model(ByHand).fit(_data(), epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0] and not recwarn.list
