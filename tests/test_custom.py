"""Custom Python code: layers, models, losses, metrics, regularizers, activations and schedules.

Each is compared with the same thing made of layers of fastnn, or with NumPy.
"""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, initializers, layers, losses, metrics, ops, optimizers, regularizers
from fastnn.layers import Dense

RNG = np.random.default_rng(3)
X = RNG.normal(size=(48, 6)).astype(np.float32)
Y = (X @ RNG.normal(size=(6, 3)) + 0.1).astype(np.float32)
LABELS = Y.argmax(axis=1)


@pytest.fixture(autouse=True)
def same_numbers():
    fastnn.utils.set_random_seed(11)


class MyDense(layers.Layer):
    def __init__(self, units, activation=None, regularizer=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = fastnn.activations.get(activation)
        self.regularizer = regularizer

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), regularizer=self.regularizer, name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, inputs):
        return self.activation(ops.matmul(inputs, self.kernel) + self.bias)


def alike(mine, theirs):
    """Gives two models the same weights."""
    theirs.set_weights(mine.get_weights())


# Layers ---------------------------------------------------------------------------------------------------------------


def test_a_dense_layer_of_ones_own_trains_as_dense_does():
    mine = Sequential([Input((6,)), MyDense(8, "relu"), MyDense(3)])
    theirs = Sequential([Input((6,)), Dense(8, activation="relu"), Dense(3)])
    alike(mine, theirs)
    for model in (mine, theirs):
        model.compile(optimizers.SGD(0.05, momentum=0.9), "mse")
        model.fit(X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert mine.count_params() == theirs.count_params() == 6 * 8 + 8 + 8 * 3 + 3
    assert [v.path.rsplit("/")[-1] for v in mine.weights] == ["kernel", "bias"] * 2


def test_a_layer_of_ones_own_works_alone_on_arrays():
    layer = MyDense(4, "tanh")
    y = layer(X)
    np.testing.assert_allclose(y, np.tanh(X @ layer.kernel.numpy() + layer.bias.numpy()), rtol=1e-5, atol=1e-6)
    assert layer.built and layer.weights == [layer.kernel, layer.bias]
    assert layer.compute_output_shape((None, 6)) == (None, 4)


def test_config_holds_the_arguments_of_ones_own_constructor():
    layer = MyDense(4, activation="relu", name="mine")
    config = layer.get_config()
    assert config["units"] == 4 and config["activation"] == "relu" and config["name"] == "mine"
    again = MyDense.from_config(config)
    assert again.units == 4 and again.name == "mine" and again.activation is fastnn.activations.relu


def test_a_constructor_without_kwargs_can_be_made_again():
    class Plain(layers.Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def call(self, x):
            return x * self.factor

    made = Plain.from_config(Plain(3.0).get_config())
    np.testing.assert_array_equal(made(X), X * 3)


class Block(layers.Layer):
    """Layer with sublayers in a list that is filled after it was assigned, and a sum."""

    def __init__(self, count):
        super().__init__()
        self.parts = []
        for _ in range(count):
            self.parts.append(Dense(6, activation="tanh"))
        self.norm = layers.BatchNormalization()
        self.drop = layers.Dropout(0.5, seed=3)

    def call(self, inputs, training=False):
        y = inputs
        for part in self.parts:
            y = part(y)
        y = self.norm(y, training=training)
        if training:
            y = self.drop(y, training=True)
        return inputs + y


def test_layers_within_are_found_and_trained():
    block = Block(2)
    model = Sequential([Input((6,)), block, Dense(3)])
    assert len(block.weights) == 2 * 2 + 4 and len(block.trainable_weights) == 6
    assert model.count_params() == 2 * 42 + 24 + 21
    before = model.get_weights()
    model.compile("adam", "mse")
    history = model.fit(X, Y, epochs=100, verbose=0).history["loss"]
    assert history[-1] < 0.6 * history[0]
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def test_training_is_an_argument_of_the_trace():
    block = Block(1)
    inference = block(X)
    np.testing.assert_array_equal(inference, block(X))
    assert (block(X, training=True) != inference).any()


def test_a_frozen_layer_freezes_what_is_within():
    block = Block(1)
    model = Sequential([Input((6,)), block, Dense(3)])
    block.trainable = False
    assert not block.trainable_weights and len(block.non_trainable_weights) == 6
    model.compile(optimizers.SGD(0.1), "mse")
    before = block.get_weights()
    model.fit(X, Y, verbose=0)
    frozen = [v.path for v, b, a in zip(block.weights, before, block.get_weights(), strict=True) if (a != b).any()]
    # An inner `training=` takes precedence: the statistics are those of a batch.
    assert all("moving" in path for path in frozen)


class TwoInTwoOut(layers.Layer):
    def call(self, inputs):
        a, b = inputs
        return {"sum": a + b, "difference": a - b}


def test_several_inputs_and_outputs_come_as_they_were_put_together():
    a, b = Input((6,)), Input((6,))
    made = TwoInTwoOut()([a, b])
    assert set(made) == {"sum", "difference"} and made["sum"].shape == (None, 6)
    model = Model([a, b], [made["sum"], made["difference"]])
    total, difference = model.predict([X, 2 * X], verbose=0)
    np.testing.assert_allclose(total, 3 * X, rtol=1e-6)
    np.testing.assert_allclose(difference, -X, rtol=1e-6)
    eager = TwoInTwoOut()([X, X])
    np.testing.assert_allclose(eager["sum"], 2 * X, rtol=1e-6)


def test_keyword_tensors_and_plain_arguments_of_a_call():
    class Scaled(layers.Layer):
        def call(self, x, scale=None, power=1):
            return x**power if scale is None else x**power * scale

    x, s = Input((6,)), Input((1,))
    layer = Scaled()
    model = Model([x, s], layer(x, scale=s, power=2))
    np.testing.assert_allclose(model.predict([X, X[:, :1]], verbose=0), X**2 * X[:, :1], rtol=1e-5)
    np.testing.assert_allclose(layer(X, power=3), X**3, rtol=1e-5)


def test_a_shared_layer_of_ones_own_adds_its_gradients():
    layer = MyDense(3, name="shared")
    a, b = Input((6,)), Input((6,))
    model = Model([a, b], layers.Add()([layer(a), layer(b)]))
    model.compile(optimizers.SGD(1.0), "mse")
    gradient = model.gradients([X, X], Y)["shared/kernel"]
    error = 2 * (X @ layer.kernel.numpy()) - Y
    np.testing.assert_allclose(gradient, 2 * X.T @ (2 * error / error.size), rtol=1e-4, atol=1e-6)


def test_a_layer_around_a_layer_of_fastnn():
    class Doubled(Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    layer = Doubled(4, activation="tanh")
    np.testing.assert_allclose(layer(X), 2 * np.tanh(X @ layer.kernel.numpy()), rtol=1e-5, atol=1e-6)

    class Narrow(Dense):
        def __init__(self, **kwargs):
            super().__init__(2, activation="relu", **kwargs)

    assert Narrow(name="n")(X).shape == (48, 2)
    assert Narrow().activation is fastnn.activations.relu


def test_weights_made_in_the_constructor():
    class Offset(layers.Layer):
        def __init__(self):
            super().__init__()
            self.offset = self.add_weight(shape=(6,), initializer=initializers.Constant(2.0), name="offset")
            self.free = fastnn.Variable(np.ones(6), name="free")

        def call(self, x):
            return x + self.offset * self.free

    layer = Offset()
    np.testing.assert_allclose(layer(X), X + 2, rtol=1e-6)
    assert len(layer.trainable_weights) == 2


# State ----------------------------------------------------------------------------------------------------------------


class Counter(layers.Layer):
    def __init__(self):
        super().__init__()
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")
        self.mean = self.add_weight(shape=(6,), initializer="zeros", trainable=False, name="mean")

    def call(self, x, training=False):
        if training:
            self.calls.assign_add(1.0)
            self.mean.assign(0.5 * self.mean + 0.5 * ops.mean(x, axis=0))
        return x - self.mean


def test_assigned_variables_change_with_the_step():
    layer = Counter()
    model = Sequential([Input((6,)), layer, Dense(3)])
    model.compile(optimizers.SGD(0.0), "mse")
    model.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert layer.calls.numpy() == 6
    mean = np.zeros(6)
    for _ in range(2):
        for i in range(3):
            mean = 0.5 * mean + 0.5 * X[16 * i : 16 * i + 16].mean(axis=0)
    np.testing.assert_allclose(layer.mean.numpy(), mean, rtol=1e-5, atol=1e-6)
    model.predict(X, verbose=0)
    model.evaluate(X, Y, verbose=0)
    assert layer.calls.numpy() == 6


def test_what_is_assigned_is_read_after():
    class Twice(layers.Layer):
        def __init__(self):
            super().__init__()
            self.value = self.add_weight(shape=(), initializer="zeros", trainable=False, name="value")

        def call(self, x):
            self.value.assign_add(1.0)
            self.value.assign_add(2.0)
            return x + self.value

    layer = Twice()
    np.testing.assert_allclose(layer(X), X + 3, rtol=1e-6)
    assert layer.value.numpy() == 3


# Losses in call -------------------------------------------------------------------------------------------------------


def test_losses_that_a_call_adds_join_the_total():
    class Penalised(layers.Layer):
        def call(self, x):
            self.add_loss(0.1 * ops.mean(ops.square(x)))
            self.add_loss([ops.sum(x, axis=-1)])
            return x

    model = Sequential([Input((6,)), Penalised(), Dense(3)])
    model.compile(optimizers.SGD(0.0), "mse")
    total = model.evaluate(X, Y, verbose=0, batch_size=48)
    expected = np.mean((model.predict(X, verbose=0) - Y) ** 2) + 0.1 * np.mean(X**2) + X.sum()
    assert total == pytest.approx(expected, rel=1e-4)


def test_gradients_of_added_losses():
    class Weighed(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(6,), initializer="ones", name="w")

        def call(self, x):
            self.add_loss(3.0 * ops.sum(ops.square(self.w)))
            return x * self.w

    layer = Weighed(name="weighed")
    model = Sequential([Input((6,)), layer])
    model.compile(optimizers.SGD(0.0), "mse")
    np.testing.assert_allclose(model.gradients(X, X)["weighed/w"], 6.0, rtol=1e-5)


# Losses, metrics, regularizers, activations, schedules ----------------------------------------------------------------


def mean_cube(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)


class Tilted(losses.Loss):
    def __init__(self, quantile=0.5, name="tilted", **kwargs):
        super().__init__(name=name, **kwargs)
        self.quantile = quantile

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(self.quantile * error, (self.quantile - 1) * error), axis=-1)


def test_a_function_as_loss():
    model = Sequential([Input((6,)), Dense(3, name="d")])
    model.compile(optimizers.SGD(0.0), mean_cube, metrics=[mean_cube, "mae"])
    found = model.evaluate(X, Y, verbose=0, return_dict=True, batch_size=48)
    error = model.predict(X, verbose=0) - Y
    assert found["loss"] == pytest.approx(np.mean(np.abs(error) ** 3), rel=1e-4)
    assert found["mean_cube"] == pytest.approx(found["loss"], rel=1e-6)
    expected = X.T @ (3 * error * np.abs(error) / error.size)
    np.testing.assert_allclose(model.gradients(X, Y)["d/kernel"], expected, rtol=1e-3, atol=1e-5)


def test_a_function_as_loss_with_one_number_a_sample_and_sample_weights():
    model = Sequential([Input((6,)), Dense(1)])
    model.compile("sgd", lambda t, p: ops.square(t - p)[:, 0])
    weights = RNG.uniform(size=48).astype(np.float32)
    got = model.evaluate(X, Y[:, 0], sample_weight=weights, verbose=0, batch_size=48)
    error = model.predict(X, verbose=0)[:, 0] - Y[:, 0]
    assert got == pytest.approx(float(np.mean(weights * error**2)), rel=1e-4)


def test_a_class_as_loss():
    loss = Tilted(0.9, reduction="sum")
    assert loss.name == "tilted" and loss.get_config()["quantile"] == 0.9
    model = Sequential([Input((6,)), Dense(3)])
    model.compile("sgd", loss)
    error = Y - model.predict(X, verbose=0)
    expected = np.maximum(0.9 * error, -0.1 * error).mean(axis=-1).sum()
    assert model.evaluate(X, Y, verbose=0, batch_size=48) == pytest.approx(expected, rel=1e-4)
    assert loss(Y, Y - error) == pytest.approx(expected, rel=1e-4)


def test_y_of_another_shape_than_the_output():
    """A custom loss defines the form of y: here a row of three numbers for an output of one."""
    model = Sequential([Input((6,)), Dense(1)])
    model.compile("sgd", lambda t, p: ops.square(p[:, 0] - ops.sum(t, axis=-1)))
    predicted = model.predict(X, verbose=0)[:, 0]
    expected = np.mean((predicted - Y.sum(axis=1)) ** 2)
    assert model.evaluate(X, Y, verbose=0, batch_size=48) == pytest.approx(expected, rel=1e-4)


class Share(metrics.Metric):
    """Fraction of predictions above zero."""

    def __init__(self, name="share", **kwargs):
        super().__init__(name=name, **kwargs)
        self.above = self.add_variable(shape=(), initializer="zeros", name="above")
        self.seen = self.add_weight(shape=(), initializer="zeros", name="seen")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.above.assign_add(ops.sum(ops.cast(y_pred > 0, "float32")))
        self.seen.assign_add(ops.cast(ops.size(y_pred), "float32"))

    def result(self):
        return self.above / self.seen


def test_a_metric_of_ones_own_is_part_of_the_steps():
    metric = Share()
    model = Sequential([Input((6,)), Dense(3)])
    model.compile(optimizers.SGD(0.0), "mse", metrics=["mae", metric])
    expected = float((model.predict(X, verbose=0) > 0).mean())
    history = model.fit(X, Y, epochs=2, batch_size=20, verbose=0, validation_data=(X[:10], Y[:10])).history
    assert history["share"] == pytest.approx([expected, expected], rel=1e-6)
    first = float((model.predict(X[:10], verbose=0) > 0).mean())
    assert history["val_share"] == pytest.approx([first, first], rel=1e-6)
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["share"] == pytest.approx(expected, rel=1e-6)
    metric.reset_state()
    metric.update_state(np.zeros(4), np.array([1.0, 2.0, -1.0, 3.0]))
    assert float(np.asarray(metric.result())) == 0.75


def test_a_metric_of_ones_own_gets_the_sample_weights():
    class Weighed(metrics.Metric):
        def __init__(self, name="weighed", **kwargs):
            super().__init__(name=name, **kwargs)
            self.total = self.add_variable(shape=(), name="total")

        def update_state(self, y_true, y_pred, sample_weight=None):
            errors = ops.mean(ops.abs(y_true - y_pred), axis=-1)
            self.total.assign_add(ops.sum(errors if sample_weight is None else errors * sample_weight))

        def result(self):
            return self.total

    model = Sequential([Input((6,)), Dense(3)])
    model.compile(optimizers.SGD(0.0), "mse", metrics=[Weighed("plain"), "mae"], weighted_metrics=[Weighed(), "mae"])
    errors = np.abs(model.predict(X, verbose=0) - Y).mean(axis=-1)
    weights = RNG.uniform(size=48).astype(np.float32)
    found = model.evaluate(X, Y, sample_weight=weights, batch_size=20, verbose=0, return_dict=True)
    assert found["weighed"] == pytest.approx(float((errors * weights).sum()), rel=1e-4)
    assert found["plain"] == pytest.approx(float(errors.sum()), rel=1e-4)
    assert found["mae"] == pytest.approx(float(errors.mean()), rel=1e-4)
    assert found["weighted_mae"] == pytest.approx(float(np.average(errors, weights=weights)), rel=1e-4)
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["weighed"] == pytest.approx(float(errors.sum()), rel=1e-4)


def test_regularizers_of_ones_own():
    def by_function(w):
        return 0.01 * ops.sum(ops.abs(w) ** 3)

    class ByClass(regularizers.Regularizer):
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, w):
            return self.factor * ops.sum(w**4)

    model = Sequential([Input((6,)), Dense(3, kernel_regularizer=by_function, bias_regularizer=ByClass(0.5), name="d")])
    model.compile(optimizers.SGD(0.0), "mse")
    kernel, bias = model.get_weights()
    model.set_weights([kernel, bias + 0.5])
    error = model.predict(X, verbose=0) - Y
    expected = np.mean(error**2) + 0.01 * np.sum(np.abs(kernel) ** 3) + 0.5 * 3 * 0.5**4
    assert model.evaluate(X, Y, verbose=0, batch_size=48) == pytest.approx(float(expected), rel=1e-4)
    gradient = model.gradients(X, Y)["d/kernel"]
    exact = X.T @ (2 * error / error.size) + 0.03 * kernel * np.abs(kernel)
    np.testing.assert_allclose(gradient, exact, rtol=1e-3, atol=1e-5)


def test_an_activity_regularizer_of_ones_own_is_a_mean_over_samples():
    layer = Dense(3, activity_regularizer=lambda y: 0.1 * ops.sum(ops.abs(y)))
    model = Sequential([Input((6,)), layer])
    model.compile("sgd", "mse")
    y = model.predict(X, verbose=0)
    expected = np.mean((y - Y) ** 2) + 0.1 * np.abs(y).sum() / len(X)
    assert model.evaluate(X, Y, verbose=0, batch_size=48) == pytest.approx(float(expected), rel=1e-4)


def test_activations_and_initializers_of_ones_own():
    def start(shape, dtype=None):
        return np.full(shape, 0.25)

    model = Sequential([Input((6,)), Dense(4, activation=lambda x: ops.tanh(x) ** 2, kernel_initializer=start)])
    np.testing.assert_allclose(
        model.predict(X, verbose=0), np.tanh(X @ np.full((6, 4), 0.25)) ** 2, rtol=1e-4, atol=1e-6
    )
    model.compile("adam", "mse")
    losses_seen = model.fit(X, np.abs(X[:, :4]), epochs=5, verbose=0).history["loss"]
    assert losses_seen[-1] < losses_seen[0]


SCHEDULES = [
    (optimizers.schedules.ExponentialDecay(0.1, 10, 0.5), lambda s: 0.1 * 0.5 ** (s / 10)),
    (optimizers.schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True), lambda s: 0.1 * 0.5 ** (s // 10)),
    (optimizers.schedules.PiecewiseConstantDecay([5, 9], [0.3, 0.2, 0.1]),
     lambda s: 0.3 if s <= 5 else 0.2 if s <= 9 else 0.1),
    (optimizers.schedules.PolynomialDecay(0.1, 20, 0.01, power=2.0),
     lambda s: 0.09 * (1 - min(s, 20) / 20) ** 2 + 0.01),
    (optimizers.schedules.PolynomialDecay(0.1, 8, 0.01, cycle=True),
     lambda s: 0.09 * (1 - s / (8 * max(math.ceil(s / 8), 1))) + 0.01),
    (optimizers.schedules.InverseTimeDecay(0.1, 4, 0.5), lambda s: 0.1 / (1 + 0.5 * s / 4)),
    (optimizers.schedules.CosineDecay(0.1, 16, alpha=0.1),
     lambda s: 0.1 * (0.9 * 0.5 * (1 + math.cos(math.pi * min(s, 16) / 16)) + 0.1)),
    (optimizers.schedules.CosineDecay(0.0, 16, warmup_target=0.1, warmup_steps=8),
     lambda s: 0.1 * s / 8 if s < 8 else 0.05 * (1 + math.cos(math.pi * min(s - 8, 16) / 16))),
    (optimizers.schedules.CosineDecayRestarts(0.1, 4, t_mul=1.0),
     lambda s: 0.05 * (1 + math.cos(math.pi * (s % 4) / 4))),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "expected"), SCHEDULES, ids=lambda value: getattr(value, "name", ""))
def test_schedules(schedule, expected):
    for step in range(25):
        assert float(schedule(step)) == pytest.approx(expected(step), rel=1e-5, abs=1e-9)
    again = optimizers.schedules.deserialize(optimizers.schedules.serialize(schedule))
    assert again(7) == schedule(7) and repr(again) == repr(schedule)


def test_restarts_grow_longer_and_lower():
    schedule = optimizers.schedules.CosineDecayRestarts(1.0, 4, t_mul=2.0, m_mul=0.5)
    starts = [float(schedule(step)) for step in (0, 4, 12)]
    assert starts == pytest.approx([1.0, 0.5, 0.25])
    assert float(schedule(8)) == pytest.approx(0.25)


def test_a_schedule_moves_the_weights_step_by_step():
    class Falling(optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.1 / (1.0 + step)

    model = Sequential([Input((6,)), Dense(3, name="d")])
    model.compile(optimizers.SGD(Falling()), "mse")
    kernel, bias = (w.astype(np.float64) for w in model.get_weights())
    assert model.optimizer.learning_rate == pytest.approx(0.1)
    for _ in range(2):
        model.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
    for step in range(6):
        x, y = X[16 * (step % 3) :][:16], Y[16 * (step % 3) :][:16]
        error = 2 * (x @ kernel + bias - y) / y.size
        kernel, bias = kernel - 0.1 / (1 + step) * x.T @ error, bias - 0.1 / (1 + step) * error.sum(axis=0)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-4, atol=1e-5)
    assert model.optimizer.learning_rate == pytest.approx(0.1 / 7)
    with pytest.raises(TypeError, match="cannot be set"):
        model.optimizer.learning_rate = 0.5


# Custom models ------------------------------------------------------------------------------------------------------


class Net(Model):
    def __init__(self, classes):
        super().__init__()
        self.hidden = [Dense(16, activation="relu"), Dense(16, activation="relu")]
        self.head = Dense(classes, activation="softmax", name="head")

    def call(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)


def test_a_model_of_ones_own_trains_saves_its_state_and_predicts():
    net = Net(3)
    net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = net.fit(X, LABELS, epochs=150, verbose=0, validation_split=0.2).history
    assert history["accuracy"][-1] > 0.85
    assert [layer.name for layer in net.layers][-1] == "head" and len(net.weights) == 6
    np.testing.assert_array_equal(net.predict(X, verbose=0), net(X))
    lines = []
    net.summary(print_fn=lines.append)
    assert any("head (Dense)" in line and "(None, 3)" in line for line in lines)
    assert net.count_params() == 6 * 16 + 16 + 16 * 16 + 16 + 16 * 3 + 3


def test_a_model_of_ones_own_is_built_by_a_shape_and_nests():
    net = Net(2)
    net.build((None, 6))
    assert net.built and len(net.weights) == 6
    x = Input((6,))
    outer = Model(x, Dense(1)(net(x)))
    assert outer.predict(X, verbose=0).shape == (48, 1)
    assert len(outer.weights) == 8


def test_a_model_of_ones_own_with_several_inputs_and_outputs():
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = Dense(3, name="a"), Dense(1, name="b")

        def call(self, inputs):
            both = ops.concatenate([inputs["left"], inputs["right"]], axis=-1)
            return {"wide": self.a(both), "narrow": self.b(both)}

    two = Two()
    two.compile("adam", loss={"wide": "mse", "narrow": "mae"}, metrics={"wide": ["mae"]})
    data, targets = {"left": X, "right": X[:, :2]}, {"wide": Y, "narrow": Y[:, 0]}
    history = two.fit(data, targets, epochs=3, verbose=0).history
    assert {"loss", "wide_loss", "narrow_loss", "wide_mae"} <= set(history)
    made = two.predict(data, verbose=0)
    assert made["wide"].shape == (48, 3) and made["narrow"].shape == (48, 1)


def test_operations_between_layers_of_a_functional_model():
    x = Input((6,))
    h = Dense(6, name="h")(x)
    y = ops.relu(h) * 2.0 + x[:, ::-1] - 1.0
    model = Model(x, [y, ops.sum(y, axis=-1, keepdims=True)])
    kernel, bias = model.get_layer("h").get_weights()
    expected = np.maximum(X @ kernel + bias, 0) * 2 + X[:, ::-1] - 1
    got, total = model.predict(X, verbose=0)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(total[:, 0], expected.sum(axis=1), rtol=1e-4, atol=1e-4)
    copy = fastnn.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(X, verbose=0)[0], got)
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X, verbose=0)[0], got)


# The same bits --------------------------------------------------------------------------------------------------------


def test_bits_do_not_depend_on_threads():
    def trained(threads):
        fastnn.utils.set_random_seed(5)
        fastnn.config.set_num_threads(threads)
        model = Sequential([Input((6,)), Block(2), MyDense(64, "gelu"), Dense(3)])
        model.compile("adam", mean_cube, metrics=[Share()])
        model.fit(np.tile(X, (20, 1)), np.tile(Y, (20, 1)), epochs=2, verbose=0)
        return model.get_weights()

    try:
        one, two, four = trained(1), trained(2), trained(4)
    finally:
        fastnn.config.set_num_threads(0)
    for a, b, c in zip(one, two, four, strict=True):
        assert a.tobytes() == b.tobytes() == c.tobytes()


# Mistakes -------------------------------------------------------------------------------------------------------------


def layer_of(function):
    return type("Mine", (layers.Layer,), {"call": lambda self, x: function(x), "__module__": __name__})(name="mine")


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        (lambda x: x if ops.sum(x) > 0 else -x, TypeError, "ops.where"),
        (lambda x: np.tanh(x), TypeError, "fastnn.ops"),
        (lambda x: np.asarray(x) + 1, TypeError, "fastnn.ops"),
        (lambda x: float(ops.sum(x)), TypeError, "no number"),
        (lambda x: [row for row in x], TypeError, "batch"),
        (lambda x: None, TypeError, "must return what it computed"),
        (lambda x: ops.matmul(x, np.ones((5, 2), np.float32)), ValueError, "Matmul"),
        (lambda x: ops.reshape(x, (-1, 17)), ValueError, "batch"),
        (lambda x: ops.summ(x), AttributeError, "Did you mean 'sum'"),
        (lambda x: x + X, ValueError, "batch"),
    ],
)  # fmt: skip
def test_code_that_cannot_be_traced_says_how_to_mend_it(function, kind, words):
    with pytest.raises(kind, match=words):
        layer_of(function)(Input((6,)))


def test_a_forgotten_super_init_is_named():
    class Forgot(layers.Layer):
        def __init__(self):
            self.units = 3

        def call(self, x):
            return x

    with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\)"):
        Forgot()(X)


def test_a_tensor_from_outside_is_named():
    x = Input((6,))
    outside = Dense(6)(x)
    with pytest.raises(TypeError, match="not among what it was called with; pass it as an argument"):
        layer_of(lambda t: t + outside)(x)


def test_a_loss_of_the_wrong_shape_leaves_the_model_as_it_was():
    model = Sequential([Input((6,)), Dense(3)])
    model.compile("sgd", lambda t, p: t - p[:, :2])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"broadcast|shape"):
        model.fit(X, Y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)


def test_models_without_call_say_so():
    class Empty(Model):
        pass

    with pytest.raises(NotImplementedError, match=r"call\(self, inputs\)"):
        Empty()(X)


def test_ids_outside_a_table_are_found_at_the_door():
    model = Sequential([Input((4,), dtype="int32"), layers.Embedding(10, 3), layers.Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    ids = np.zeros((8, 4), int)
    ids[5, 2] = 10
    for what in (lambda: model.fit(ids, np.zeros(8), verbose=0), lambda: model.predict(ids, verbose=0)):
        with pytest.raises(ValueError, match=r"x holds 10 in row 5, but Embedding .* from 0 to 9"):
            what()


def test_sample_weights_of_places():
    model = Sequential([Input((5, 6)), Dense(3)])
    model.compile("sgd", "mse")
    x, y = RNG.normal(size=(8, 5, 6)).astype(np.float32), RNG.normal(size=(8, 5, 3)).astype(np.float32)
    weights = RNG.uniform(size=(8, 5)).astype(np.float32)
    error = np.mean((model.predict(x, verbose=0) - y) ** 2, axis=-1)
    got = model.evaluate(x, y, sample_weight=weights, verbose=0)
    assert got == pytest.approx(float(np.mean(weights * error)), rel=1e-4)
    with pytest.raises(ValueError, match=r"or \(8, 5\), one for each place"):
        model.fit(x, y, sample_weight=weights[:, :4], verbose=0)


TAKEN = (
    "kind", "who", "takes_many", "input_dtype", "emit", "state", "title", "node", "learned", "members", "calls", "key",
    "core_node", "add_core_node", "infer_node", "known_shapes", "separate_inputs", "keras_module", "call_arguments",
    "_key", "_target", "_record", "_weights", "_layers", "_calls", "_trainable", "_node", "_emit", "_state", "_infer",
    "_alone", "_build_shape", "_arguments", "_given_arguments", "_outcomes", "_learned", "_run", "_store", "_graph",
    "_internal", "_foreign", "_has_call", "_walk", "_sublayers", "store", "arguments", "computation", "predictor",
)  # fmt: skip


class Taken(layers.Layer):
    """A layer whose author names attributes as he likes."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        for name in TAKEN:
            setattr(self, name, f"my {name}")
        self.units = units
        self.inner = layers.Dense(units)

    def build(self, input_shape):
        self.bias = self.add_weight(shape=(self.units,), name="bias")

    def call(self, inputs):
        return self.inner(inputs) + self.bias


def test_attributes_of_any_name():
    layer = Taken()
    x = np.ones((2, 4), np.float32)
    y = layer(x)
    assert len(layer.weights) == 3 and len(layer.trainable_weights) == 3
    np.testing.assert_array_equal(layer(x, training=True), y)
    assert layer.compute_output_shape((None, 4)) == (None, 3)
    model = fastnn.Sequential([layers.Input((4,)), layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, np.ones((2, 1)), verbose=0)
    again = Taken.from_config(layer.get_config())
    again.build((None, 4))
    copied = copy.deepcopy(layer)
    np.testing.assert_array_equal(copied(x), layer(x))
    for name in TAKEN:
        assert getattr(layer, name) == f"my {name}" == getattr(copied, name)


def test_a_copy_has_no_calls():
    layer = layers.Dense(3)
    layer(layers.Input((2,)))
    for copied in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        with pytest.raises(AttributeError, match="never called"):
            _ = copied.output
        copied(layers.Input((2,)))
    assert len(layer.weights) == 2


@pytest.mark.parametrize(
    "name",
    [
        "training_state", "ports", "chain", "topology", "call_graph", "operations", "inputs", "outputs", "gradients",
        "input_names", "history", "kind", "takes_many", "infer_call", "type_name", "renamed", "store_arguments",
    ],
)  # fmt: skip
@pytest.mark.parametrize("of_class", [False, True])
def test_a_model_with_attributes_of_any_name(name, of_class, tmp_path):
    @fastnn.saving.register_keras_serializable(package="names")
    class Free(fastnn.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            if not of_class:
                setattr(self, name, "mine")
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def get_config(self):
            return {}

    def mine(self):
        raise AssertionError(name)

    if of_class:
        setattr(Free, name, mine)
    x, y = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)
    model = Free()
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    model.summary(print_fn=lambda line: None)
    model.save(tmp_path / "m.keras")
    again = fastnn.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert copy.deepcopy(model)(x, training=True).shape == (4, 1)


@pytest.mark.parametrize(
    "name",
    [
        "axes",
        "values",
        "bind",
        "strengths",
        "is_custom",
        "renamed",
        "common_arguments",
        "store_arguments",
        "keras_module",
    ],
)
@pytest.mark.parametrize("argument", ["kernel_constraint", "kernel_regularizer", "kernel_initializer"])
def test_words_of_ones_own_with_attributes_of_any_name(name, argument):
    base = {
        "kernel_constraint": fastnn.constraints.Constraint,
        "kernel_regularizer": fastnn.regularizers.Regularizer,
        "kernel_initializer": fastnn.initializers.Initializer,
    }[argument]

    @fastnn.saving.register_keras_serializable(package=f"{name}-{argument}")
    class Own(base):
        def __init__(self):
            setattr(self, name, "mine")

        def __call__(self, given, dtype=None):
            return np.ones(given) if isinstance(given, tuple) else ops.abs(given)

    if argument == "kernel_regularizer":
        Own.__call__ = lambda self, w: ops.sum(w)
    model = Sequential([fastnn.Input((3,)), layers.Dense(1, **{argument: Own()})])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    assert len(fastnn.models.clone_model(model).weights) == 2


def test_a_loss_with_a_call_operator_of_its_own():
    """Keras calls the loss as a whole: what `__call__` returns is the loss of the batch."""

    class Total(losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return ops.sum(y_pred - y_true)

    model = Sequential([Input((2,)), layers.Dense(1, kernel_initializer="ones", use_bias=False)])
    model.compile(fastnn.optimizers.SGD(0.1), Total())
    x = np.ones((4, 2), np.float32)
    assert model.train_on_batch(x, np.zeros((4, 1))) == pytest.approx(8.0)
    np.testing.assert_allclose(model.get_weights()[0], np.full((2, 1), 1 - 0.1 * 4), rtol=1e-6)


@pytest.mark.parametrize("base", [layers.Dense, layers.Dropout, layers.Rescaling, layers.Flatten])
def test_attributes_of_any_name_in_a_layer_derived_from_one_of_the_package(base):
    class Derived(base):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            for name in TAKEN:
                setattr(self, name, f"my {name}")

        elementwise = least = word = what = store_arguments = renamed = node_after = 3

    given = {"Dense": (2,), "Dropout": (0.5,), "Rescaling": (2.0,), "Flatten": ()}[base.__name__]
    x = np.ones((2, 3), np.float32)
    theirs, ours = Derived(*given), base(*given)
    y = ours(x)
    theirs.build((None, 3))
    theirs.set_weights(ours.get_weights())
    np.testing.assert_array_equal(theirs(x), y)
    assert theirs.kind == "my kind"


def test_a_weight_made_in_call():
    class Late(layers.Layer):
        def call(self, inputs):
            self.w = self.add_weight(shape=(3,))
            return inputs * self.w

    for x in (np.ones((2, 3)), layers.Input((3,))):
        with pytest.raises(
            ValueError, match=r"add_weight\(\) in call\(\) would make a new weight at each call; make it in"
        ):
            Late()(x)

    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Taken()

        def call(self, inputs):
            return self.inner(inputs)  # which is built here

    assert Outer()(np.ones((2, 4))).shape == (2, 3)


class Copies(Model):
    """A model whose step copies the weights of one layer to another, as target networks do."""

    def __init__(self):
        super().__init__()
        self.online, self.target = layers.Dense(1), layers.Dense(1, trainable=False)

    def call(self, x):
        return self.online(x)

    def train_step(self, data):
        result = super().train_step(data)
        self.target.set_weights(self.online.get_weights())
        return result


def test_weights_that_a_step_reads_are_those_of_the_step():
    model = Copies()
    for layer in (model.online, model.target):
        layer.build((None, 2))
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
    model.fit(x, x[:, :1], epochs=3, batch_size=4, verbose=0)
    before = model.online.get_weights()
    model.fit(x, x[:, :1], epochs=2, batch_size=4, verbose=0)
    for online, target, first in zip(model.online.get_weights(), model.target.get_weights(), before, strict=True):
        assert online.tobytes() == target.tobytes() != first.tobytes()


@pytest.mark.parametrize("read", [lambda w: w.numpy(), np.asarray, float, bool, int])
def test_values_of_a_variable_are_not_those_of_the_first_trace(read):
    class Reads(layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(), initializer="ones")

        def call(self, x):
            read(self.w)
            return x

    with pytest.raises(TypeError, match=r'the values of variable "reads.*" were asked for .* use the variable itself'):
        Reads()(Input((2,)))
