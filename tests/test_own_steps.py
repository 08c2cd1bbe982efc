"""Steps of a user's own: the same numbers as Keras on TensorFlow, and what they promise beside numbers."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Model, Sequential, layers, losses, ops, optimizers

_KERAS = Path(__file__).parent / "keras"
sys.path.insert(0, str(_KERAS))
import step_cases  # noqa: E402


@pytest.mark.parametrize("name", list(step_cases.CASES))
def test_as_keras(name: str) -> None:
    """Five steps give the values and the weights that Keras on TensorFlow gave."""
    recorded = np.load(_KERAS / "files" / "steps" / f"{name}.npz")
    values, arrays = step_cases.CASES[name](fastnn, fastnn.GradientTape, fastnn.function)
    np.testing.assert_allclose(values, recorded["values"], rtol=2e-4, atol=2e-6)
    assert len(arrays) == len(recorded.files) - 1
    for i, array in enumerate(arrays):
        np.testing.assert_allclose(array, recorded[f"array_{i}"], rtol=1e-3, atol=2e-5, err_msg=f"array {i}")


def _batch(rows: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(seed)
    return random.normal(size=(rows, 5)).astype("float32"), random.randint(0, 3, rows).astype("int32")


def _layers() -> list[object]:
    return [layers.Input((5,)), layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax")]


class Written(Sequential):
    """A model whose step is the usual one, written out."""

    def train_step(self, data):
        x, y = data
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            metric.update_state(*([loss] if metric.name == "loss" else [y, y_pred]))
        return {m.name: m.result() for m in self.metrics}


class Through(Sequential):
    """A model whose step is that of its base, and a value more."""

    def train_step(self, data):
        return {**super().train_step(data), "mean": ops.mean(data[0])}


def _trained(cls, rows: int = 12, threads: int | None = None, **arguments):
    fastnn.utils.set_random_seed(3)
    model = cls(_layers())
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = _batch(rows)
    before = fastnn.config.num_threads() if threads else 0
    try:
        if threads:
            fastnn.config.set_num_threads(threads)
        history = model.fit(x, y, epochs=2, batch_size=5, verbose=0, **arguments).history
    finally:
        if threads:
            fastnn.config.set_num_threads(before)
    return history, model.get_weights()


@pytest.mark.parametrize("cls", [Written, Through])
def test_a_step_written_out_gives_the_bits_of_the_usual_one(cls) -> None:
    """The weights are equal to the last bit, and so are the metrics that count rows."""
    history, weights = _trained(Sequential)
    own, own_weights = _trained(cls)
    assert own["accuracy"] == history["accuracy"]
    for one, other in zip(weights, own_weights, strict=True):
        np.testing.assert_array_equal(one, other)
    if cls is Through:
        np.testing.assert_allclose(own["loss"], history["loss"], rtol=1e-6)


def test_the_same_bits_on_any_number_of_threads() -> None:
    """Steps of a user's own do not depend on the number of threads."""
    first, second = (_trained(Written, 40, threads=count)[1] for count in (1, 2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


class Both(Model):
    """Two weights, each moved by an optimizer of its own; the second by what the first has become."""

    def __init__(self, size: int = 4) -> None:
        super().__init__()
        self.first, self.second = (fastnn.Variable(np.ones((size, size)), name=name) for name in ("first", "second"))

    def compile(self, first_optimizer, second_optimizer, **kwargs):
        super().compile(**kwargs)
        self.first_optimizer, self.second_optimizer = first_optimizer, second_optimizer

    def train_step(self, data):
        with GradientTape() as tape:
            loss = ops.sum(ops.matmul(data, self.first) ** 2)
        self.first_optimizer.apply([tape.gradient(loss, self.first)], [self.first])
        with GradientTape() as tape:
            other = ops.sum(self.first * self.second)
        self.second_optimizer.apply([tape.gradient(other, self.second)], [self.second])
        return {"first": loss, "second": other}


def test_a_later_part_of_a_step_reads_what_an_earlier_one_has_moved() -> None:
    """The gradient of the second weight is the first weight after its update."""
    model = Both()
    model.compile(optimizers.SGD(0.01), optimizers.SGD(1.0))
    x = np.ones((1, 4), np.float32)
    logs = model.train_on_batch(x, return_dict=True)
    first = 1 - 0.01 * 2 * 4 * np.ones((4, 4))
    np.testing.assert_allclose(model.first.numpy(), first, rtol=1e-6)
    np.testing.assert_allclose(model.second.numpy(), 1 - first, rtol=1e-5)
    np.testing.assert_allclose([logs["first"], logs["second"]], [64, first.sum()], rtol=1e-6)


def test_an_interrupted_step_is_done_as_a_whole_or_not_at_all() -> None:
    """Ctrl-C finds both optimizers after equally many steps."""
    model = Both(256)
    model.compile(optimizers.SGD(1e-12), optimizers.SGD(1e-12))
    x = np.ones((4096, 256), np.float32)
    model.train_on_batch(x)
    for delay in (0.5, 0.62, 0.75):
        before = [optimizer.iterations.numpy() for optimizer in (model.first_optimizer, model.second_optimizer)]
        timer = threading.Timer(delay, signal.raise_signal, [signal.SIGINT])
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        timer.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                model.fit(x, epochs=10_000, batch_size=2048, verbose=0)
        finally:
            timer.join()
            signal.signal(signal.SIGINT, handler)
        after = [optimizer.iterations.numpy() for optimizer in (model.first_optimizer, model.second_optimizer)]
        assert after[0] == after[1] > before[0]


def test_test_step_and_predict_step() -> None:
    """Evaluation and prediction run the methods of the model too."""

    class Own(Sequential):
        def test_step(self, data):
            x, y = data
            return {"right": ops.mean(ops.cast(ops.argmax(self(x), axis=-1) == y, "float32"))}

        def predict_step(self, data):
            return {"class": ops.argmax(self(data), axis=-1), "chance": ops.max(self(data), axis=-1)}

    model = Own(_layers())
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = _batch()
    chances = model(x)
    right = float(np.mean(np.argmax(chances, -1) == y))
    assert model.evaluate(x, y, batch_size=12, verbose=0) == pytest.approx(right)
    history = model.fit(x, y, validation_data=(x, y), validation_batch_size=12, verbose=0).history
    assert set(history) == {"loss", "val_right"}
    found = model.predict(x, batch_size=5, verbose=0)
    chances = model(x)
    np.testing.assert_array_equal(found["class"], np.argmax(chances, -1))
    np.testing.assert_allclose(found["chance"], np.max(chances, -1), rtol=1e-6)
    np.testing.assert_array_equal(model.predict_on_batch(x)["class"], found["class"])


def test_data_of_any_form() -> None:
    """A step sees the structure of the data: dicts, generators, class weights, a share for validation."""
    seen = []

    class Own(Sequential):
        def train_step(self, data):
            seen.append(data)
            x, y, *weights = data
            with GradientTape() as tape:
                values = losses.sparse_categorical_crossentropy(y["label"], self(x["a"] + x["b"]))
                loss = ops.mean(values * weights[0] if weights else values)
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"value": loss}

        test_step = train_step

    model = Own(_layers())
    model.compile("sgd")
    x, y = _batch()
    given = {"a": x, "b": x}, {"label": y}
    model.fit(*given, batch_size=5, verbose=0, validation_split=0.25)
    assert sorted(seen[0][0]) == ["a", "b"] and seen[0][0]["a"].shape == (None, 5)
    model.fit(iter([given, given]), verbose=0)
    model.fit(*given, sample_weight=np.ones(12), verbose=0)
    assert len(seen[-1]) == 3


def test_a_mean_of_several_updates_and_rates_of_a_schedule() -> None:
    """A mean that is updated twice in a step counts both; each update of a step has its own learning rate."""
    weight = fastnn.Variable(np.zeros(1))
    rates = optimizers.schedules.PiecewiseConstantDecay([1, 2], [1.0, 0.5, 0.25])
    mean, optimizer = fastnn.metrics.Mean(), optimizers.SGD(rates)

    @fastnn.function
    def step():
        for i in range(3):
            with GradientTape() as tape:
                loss = -ops.sum(weight)
            optimizer.apply([tape.gradient(loss, weight)], [weight])
            mean.update_state(float(i))
        return mean.result()

    assert step() == pytest.approx(1.0)
    np.testing.assert_allclose(weight.numpy(), [1.0 + 1.0 + 0.5])
    assert step() == pytest.approx(1.0) and int(optimizer.iterations) == 6


def test_functions_take_arrays_of_any_shape_and_plain_arguments() -> None:
    """Rows of any number, arrays of a fixed shape, numbers, structures and methods."""
    traces = []

    @fastnn.function
    def scaled(x, matrix, factor=1.0, more=None):
        traces.append(factor)
        return {"y": ops.matmul(x, matrix) * factor, "more": more}

    matrix = np.arange(6.0).reshape(3, 2)
    for rows in (4, 5):
        x = np.ones((rows, 3))
        np.testing.assert_allclose(scaled(x, matrix)["y"], x @ matrix)
    np.testing.assert_allclose(scaled(x, matrix, factor=2.0)["y"], 2 * x @ matrix)
    assert traces == [1.0, 2.0]

    class Holder:
        def __init__(self, value):
            self.value = value

        @fastnn.function
        def add(self, x):
            return x + self.value

    assert Holder(1.0).add(np.zeros(2)).tolist() == [1, 1] and Holder(2.0).add(np.zeros(2)).tolist() == [2, 2]


def test_gradients_of_a_recurrent_layer_taken_twice() -> None:
    """A layer whose backward pass overwrites what it kept gives the same gradients once more."""
    model = Sequential([layers.Input((4, 3)), layers.LSTM(5), layers.Dense(1)])
    x = np.random.RandomState(0).normal(size=(6, 4, 3)).astype("float32")

    @fastnn.function
    def both(x):
        with GradientTape(persistent=True) as tape:
            tape.watch(x)
            loss = ops.sum(model(x) ** 2)
        return tape.gradient(loss, model.trainable_weights), tape.gradient(loss, [*model.trainable_weights, x])

    first, second = both(x)
    for one, other in zip(first, second[:-1], strict=True):
        np.testing.assert_array_equal(one, other)
    step = 1e-3 * np.random.RandomState(1).normal(size=x.shape).astype("float32")
    slope = (np.sum(model(x + step) ** 2) - np.sum(model(x - step) ** 2)) / 2
    assert np.sum(second[-1] * step) == pytest.approx(slope, rel=2e-2)


def _step(body):
    """Returns a compiled model whose train_step is a function of (model, x, y)."""

    class Own(Sequential):
        def train_step(self, data):
            return body(self, *data)

    model = Own(_layers())
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def _loss(model, x, y):
    return model.compute_loss(x, y, model(x, training=True))


def _twice(model, x, y):
    with GradientTape() as tape:
        loss = _loss(model, x, y)
    tape.gradient(loss, model.trainable_variables)
    tape.gradient(loss, model.trainable_variables)


def _branch(model, x, y):
    if ops.mean(x) > 0:
        return {}


def _result(model, x, y):
    mean = fastnn.metrics.Mean()
    mean.update_state(x)
    return {"loss": mean.result() * 2}


def _no_loss(model, x, y):
    with GradientTape() as tape:
        labels = ops.argmax(model(x), axis=-1)
    model.optimizer.apply(tape.gradient(labels, model.trainable_variables), model.trainable_variables)


def _shapes(model, x, y):
    with GradientTape() as tape:
        loss = _loss(model, x, y)
    weights = model.trainable_variables
    model.optimizer.apply(tape.gradient(loss, weights)[::-1], weights)


def _search(model, x, y):
    with GradientTape() as tape:
        loss = _loss(model, x, y)
    weights = model.trainable_variables
    optimizers.LBFGS().apply(tape.gradient(loss, weights), weights)


def _others(model, x, y):
    optimizer = optimizers.Adam()
    optimizer.build([fastnn.Variable(np.zeros(2), name="unrelated")])
    with GradientTape() as tape:
        loss = _loss(model, x, y)
    weights = model.trainable_variables
    optimizer.apply(tape.gradient(loss, weights), weights)
    return {"loss": loss}


def _too_late(model, x, y):
    weights = model.trainable_variables
    with GradientTape(persistent=True) as tape:
        loss = _loss(model, x, y)
    model.optimizer.apply(tape.gradient(loss, weights), weights)
    with tape:
        again = _loss(model, x, y) + loss
    model.optimizer.apply(tape.gradient(again, weights), weights)
    return {"loss": again}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda model, x, y: ops.mean(x), r"train_step returned KerasTensor, expected a dict"),
        (_twice, r"persistent=True.*in line \d+ of test_own_steps.py: tape.gradient\(loss"),
        (_branch, r"neither true nor false.*ops.where.*in line \d+ of test_own_steps.py: if ops.mean"),
        (lambda model, x, y: {"loss": np.mean(x)}, r"np.mean cannot compute with a symbolic tensor.*fastnn.ops.mean"),
        (lambda model, x, y: {"loss": float(ops.mean(x))}, r"is no number.*keep computing with fastnn.ops"),
        (lambda model, x, y: {"a": f"{ops.sum(x):.2f}"}, r"cannot be formatted.*return it from the step"),
        (
            lambda model, x, y: {"a": x * fastnn.random.uniform((5, 1))},
            r"no fixed size but 1; for as many rows .*write ops.shape",
        ),
        (_others, r"Adam: apply got the weights .*kernel.* was built for others, such as unrelated; make an optimizer"),
        (_result, r"result of the metric 'mean' is known after the step"),
        (_no_loss, r"target of float32, got int32"),
        (_shapes, r"has shape .*, its gradient"),
        (_search, r"LBFGS needs the loss at points that it chooses"),
        (_too_late, r"taken after .* was changed and read again; take the gradient before"),
        (lambda model, x, y: model.compiled_loss(y, model(x)), r"compiled_loss .*compute_loss"),
        (lambda model, x, y: model.optimizer.minimize(x, []), r"minimize is gone from Keras 3; write gradients"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistakes_are_named(body, message: str) -> None:
    """What a step cannot do says so before the first step, with the line and the mend."""
    model, (x, y) = _step(body), _batch()
    before = model.get_weights()
    with pytest.raises((TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError), match=message):
        model.fit(x, y, verbose=0)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_gradients_that_do_not_exist_are_none_and_named() -> None:
    """As in Keras: None, and a warning of `apply` with the names."""
    other = fastnn.Variable(np.zeros(2), name="unrelated")

    def body(model, x, y):
        weights = [*model.trainable_variables, other]
        with GradientTape() as tape:
            loss = _loss(model, x, y)
        gradients = tape.gradient(loss, weights)
        assert gradients[-1] is None
        model.optimizer.apply(gradients, weights)
        return {"loss": loss}

    with pytest.warns(UserWarning, match="no gradient for unrelated"):
        _step(body).fit(*_batch(), verbose=0)


def test_a_step_that_trains_nothing_warns() -> None:
    """A forgotten `apply` is told."""
    with pytest.warns(UserWarning, match="train_step applies no gradient"):
        _step(lambda model, x, y: {"loss": _loss(model, x, y)}).fit(*_batch(), verbose=0)


def test_a_tape_outside_of_a_step() -> None:
    """It says where it works."""
    with pytest.raises(RuntimeError, match=r"@fastnn.function"), GradientTape():
        pass


def test_a_gradient_of_a_gradient_without_a_rule_is_refused_by_name() -> None:
    """A kind of node whose backward pass is not written as nodes is named; as a constant it passes."""
    model = Sequential([layers.Input((4, 3)), layers.LSTM(5, activation="relu", name="memory"), layers.Dense(1)])

    def penalty(x, stops):
        with GradientTape() as outer:
            with GradientTape() as inner:
                inner.watch(x)
                found = model(x)
            slopes = inner.gradient(found, x)
            loss = ops.sum((ops.stop_gradient(slopes) if stops else slopes) ** 2) + ops.sum(found)
        return outer.gradient(loss, model.trainable_weights)

    x = np.ones((2, 4, 3), np.float32)
    with pytest.raises(NotImplementedError, match=r'gradient of a gradient through LSTM "memory".*in line \d+'):
        fastnn.function(lambda x: penalty(x, False))(x)
    assert len(fastnn.function(lambda x: penalty(x, True))(x)) == 5


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: ops.tanh(x @ w) ** 3 / (1.0 + ops.exp(x @ w)),
        lambda x, w: ops.softmax(x @ w, axis=-1) * ops.log_softmax(x @ w, axis=-1),
        lambda x, w: ops.max(ops.concatenate([x @ w, ops.sin(x) @ w], axis=1), axis=1) * ops.mean(x * x, axis=1),
        lambda x, w: ops.where(x @ w > 0.1, ops.silu(x @ w), ops.softplus(x @ w) - ops.sqrt(1.0 + (x @ w) ** 2)),
        lambda x, w: ops.maximum(x @ w, 0.3 * ops.reshape(ops.elu(x @ w), (-1, 2))) * ops.rsqrt(2.0 + ops.abs(x @ w)),
    ],
    ids=["powers", "softmax", "joined", "chosen", "largest"],
)
def test_second_derivatives_against_differences(function) -> None:
    """Gradients that are written as nodes, and their gradients, agree with differences."""
    random = np.random.RandomState(2)
    weight = fastnn.Variable(random.normal(size=(3, 2)).astype("float32"))
    x = random.normal(size=(6, 3)).astype("float32")

    @fastnn.function
    def slope(x):
        with GradientTape() as tape:
            tape.watch(x)
            value = function(x, weight)
        return ops.sum(tape.gradient(value, x) ** 2)

    @fastnn.function
    def second(x):
        with GradientTape() as outer:
            with GradientTape() as tape:
                tape.watch(x)
                value = function(x, weight)
            loss = ops.sum(tape.gradient(value, x) ** 2)
        return loss, outer.gradient(loss, weight)

    loss, found = second(x)
    assert float(loss) == pytest.approx(float(slope(x)), rel=1e-4)
    direction, before = random.normal(size=(3, 2)).astype("float32"), weight.numpy()
    sides = []
    for sign in (1, -1):
        weight.assign(before + sign * 2e-3 * direction)
        sides.append(float(slope(x)))
    assert np.sum(found * direction) == pytest.approx((sides[0] - sides[1]) / 4e-3, rel=2e-2, abs=2e-2)


@pytest.mark.parametrize("persistent", [False, True], ids=["once", "as nodes"])
def test_gradients_flow_through_what_was_computed_while_the_tape_was_open(persistent: bool) -> None:
    """What was computed before, after or within stop_recording() is a constant, as in TensorFlow."""
    w = fastnn.Variable(np.array([2.0]))
    one = np.array([[1.0]])

    def gradient(code):
        @fastnn.function
        def step(x):
            with fastnn.GradientTape(persistent) as outer:
                return code(x, outer)

        return step(one)

    def target_before(x, outer):
        target = 3.0 * ops.sum(w * x)
        with fastnn.GradientTape() as tape:
            loss = ops.sum((w * x - target) ** 2)
        return tape.gradient(loss, w)

    def loss_after(x, outer):
        with fastnn.GradientTape() as tape:
            a = w * x
        return tape.gradient(ops.sum(a**2), w)

    def not_recorded(x, outer):
        with fastnn.GradientTape() as tape:
            with tape.stop_recording():
                a = w * x
            loss = ops.sum(a * w)
        return tape.gradient(loss, w)

    def begun_anew(x, outer):
        with fastnn.GradientTape() as tape:
            a = w * x
            tape.reset()
            loss = ops.sum(a * w * w)
        return tape.gradient(loss, w)

    def after_an_assignment(x, outer):
        w.assign(w * 2.0)
        with fastnn.GradientTape() as tape:
            loss = ops.sum(w * w * x)
        w.assign(w / 2.0)
        return tape.gradient(loss, w)

    np.testing.assert_allclose(gradient(target_before), [-8.0])
    assert gradient(loss_after) is None
    np.testing.assert_allclose(gradient(not_recorded), [2.0])
    np.testing.assert_allclose(gradient(begun_anew), [8.0])
    np.testing.assert_allclose(gradient(after_an_assignment), [8.0])


def test_values_after_assignments() -> None:
    dense = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    dense.build((None, 1))
    count = fastnn.Variable(np.array(1.0), trainable=False)

    @fastnn.function
    def step(x):
        before = ops.sum(dense(x))
        dense.kernel.assign(dense.kernel * 5.0)
        count.assign_add(1.0)
        count.assign_add(1.0)
        return before, ops.sum(dense(x)), count * 1.0

    assert [float(value) for value in step(np.array([[1.0]]))] == [1.0, 5.0, 3.0]
    assert [float(value) for value in step(np.array([[1.0]]))] == [5.0, 25.0, 5.0]


def test_a_mean_of_an_array_with_weights_of_the_step() -> None:
    """The values may be known beforehand, and their weights computed."""
    mean = fastnn.metrics.Mean()

    @fastnn.function
    def step(x):
        mean.update_state(np.array([1.0, 3.0], np.float32), ops.sum(x, axis=0))
        return mean.result()

    assert float(step(np.array([[1.0, 2.0], [0.0, 1.0]]))) == pytest.approx((1 + 9) / 4)


def test_models_called_on_arrays_within_a_step_are_part_of_it() -> None:
    """What a step computes from an array is not a constant: it has gradients, and the weights of each step."""
    weights = [np.full((3, 2), 0.5, np.float32), np.zeros(2, np.float32)]
    chain = Sequential([layers.Input((3,)), layers.Dense(2)])
    start = layers.Input((3,))
    graph = Model(start, layers.Dense(2)(start))
    for model in (chain, graph):
        model.set_weights(weights)
        optimizer = optimizers.SGD(0.25)

        @fastnn.function
        def step(model=model, optimizer=optimizer):
            with GradientTape() as tape:
                made = model(np.ones((5, 3), np.uint8))
                loss = ops.mean(made)
            assert made.shape == (5, 2)
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            return loss

        assert [float(step()) for _ in range(3)] == pytest.approx([1.5, 1.0, 0.5])


def test_a_function_runs_anew_for_each_number_of_rows_where_it_asks_for_it() -> None:
    """`x.shape[0]` is a number then, as in TensorFlow."""
    model = Sequential([layers.Input((3,)), layers.Dense(2), layers.BatchNormalization()])
    traced = []

    @fastnn.function
    def rows(x):
        traced.append(x.shape[0])
        labels = ops.ones((x.shape[0] // 2, 1))
        return ops.sum(labels), model(x, training=False)

    for count in (4, 6, 4):
        x = np.ones((count, 3), np.float32)
        total, made = rows(x)
        assert float(total) == count // 2
        np.testing.assert_allclose(made, model(x), rtol=1e-6)
    assert traced == [None, 4, None, 6] or traced == [None, 4, 6]


@pytest.mark.parametrize("scales", [True, False])
def test_the_scale_of_a_loss_leaves_a_traced_step_as_it_is(scales):
    class Own(Model):
        def train_step(self, data):
            x, y = data
            with fastnn.GradientTape() as tape:
                loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
                scaled = self.optimizer.scale_loss(loss) if scales else loss
            gradients = tape.gradient(scaled, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    found = []
    for optimizer in (optimizers.Adam(), optimizers.LossScaleOptimizer(optimizers.Adam())):
        fastnn.utils.set_random_seed(0)
        x = fastnn.Input((4,))
        model = Own(x, layers.Dense(2)(x))
        model.compile(optimizer, "mse")
        model.fit(np.ones((8, 4)), np.ones((8, 2)), epochs=3, verbose=0)
        found.append(model.get_weights()[0])
    np.testing.assert_array_equal(*found)
