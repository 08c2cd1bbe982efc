"""What `fit` promises holds for steps of a user's own: whole steps, the same bits, callbacks, resuming, files."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Model, Sequential, layers, losses, ops, optimizers, saving
from fastnn.callbacks import BackupAndRestore, Callback, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau

_ROWS = 40


@saving.register_keras_serializable("test_step_promises")
class Pair(Model):
    """A generator and a critic with optimizers of their own, noise, dropout, moving statistics and an average."""

    def __init__(self, size: int = 6, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.generator = Sequential(
            [layers.Input((3,)), layers.Dense(8), layers.BatchNormalization(), layers.ReLU(), layers.Dense(size)]
        )
        self.critic = Sequential(
            [layers.Input((size,)), layers.Dense(8, activation="tanh"), layers.Dropout(0.3), layers.Dense(1)]
        )
        self.average = self.add_weight(shape=(size,), initializer="zeros", trainable=False, name="average")
        self.d_tracker, self.g_tracker = (fastnn.metrics.Mean(name=name) for name in ("d_loss", "g_loss"))
        self.built = True

    def compile(self, d_optimizer, g_optimizer, loss_fn=None, **kwargs):
        super().compile(**kwargs)
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.loss_fn = losses.BinaryCrossentropy(from_logits=True) if loss_fn is None else loss_fn

    def get_config(self):
        return {**super().get_config(), "size": self.size}

    def get_compile_config(self):
        made = [saving.serialize_keras_object(one) for one in (self.d_optimizer, self.g_optimizer)]
        return {"d_optimizer": made[0], "g_optimizer": made[1]}

    def compile_from_config(self, config):
        self.compile(**{name: saving.deserialize_keras_object(one) for name, one in config.items()})
        for optimizer, net in ((self.d_optimizer, self.critic), (self.g_optimizer, self.generator)):
            optimizer.build(net.trainable_variables)

    @property
    def metrics(self):
        return [self.d_tracker, self.g_tracker]

    def call(self, x, training=None):
        return self.critic(x, training=training)

    def train_step(self, data):
        rows = ops.shape(data)[0]
        with GradientTape() as tape:
            made = self.generator(fastnn.random.normal((rows, 3)), training=True)
            both = self.critic(ops.concatenate([data, made], axis=0), training=True)
            d_loss = self.loss_fn(ops.concatenate([ops.ones((rows, 1)), ops.zeros((rows, 1))], axis=0), both)
        weights = self.critic.trainable_variables
        self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)
        with GradientTape() as tape:
            made = self.generator(fastnn.random.normal((rows, 3)), training=True)
            g_loss = self.loss_fn(ops.ones((rows, 1)), self.critic(made, training=True))
        weights = self.generator.trainable_variables
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
        self.average.assign(0.9 * self.average + 0.1 * ops.mean(made, axis=0))
        self.d_tracker.update_state(d_loss)
        self.g_tracker.update_state(g_loss)
        return {one.name: one.result() for one in self.metrics}

    def test_step(self, data):
        return {"score": ops.mean(self(data, training=False))}


def _data(rows: int = _ROWS) -> np.ndarray:
    return np.random.RandomState(7).normal(size=(rows, 6)).astype("float32")


def _made() -> Pair:
    fastnn.utils.set_random_seed(11)
    model = Pair()
    model.compile(optimizers.Adam(0.01), optimizers.RMSprop(0.005))
    return model


def _state(model: Pair) -> list[np.ndarray]:
    """Returns all that a step has moved: weights, statistics, the average, the optimizers' slots and counts."""
    held = [*model.variables, *model.d_optimizer.variables, *model.g_optimizer.variables]
    return [one.numpy() for one in held]


def _equal(one: Pair, other: Pair) -> None:
    first, second = _state(one), _state(other)
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_same_bits_on_any_number_of_threads() -> None:
    """Two optimizers, noise, dropout and moving statistics, on one, two and three threads."""
    before, found = fastnn.config.num_threads(), []
    try:
        for count in (1, 2, 3):
            fastnn.config.set_num_threads(count)
            model = _made()
            model.fit(_data(), epochs=2, batch_size=16, verbose=0)
            found.append(model)
    finally:
        fastnn.config.set_num_threads(before)
    _equal(found[0], found[1])
    _equal(found[0], found[2])


class Stop(Exception):
    pass


class StopAt(Callback):
    def __init__(self, epoch: int, batch: int):
        super().__init__()
        self.at = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            raise Stop


def _after(steps: int) -> Pair:
    """Returns the model after so many whole steps."""
    model, x, done = _made(), _data(), 0
    while done < steps:
        rows = x[16 * (done % 3) : 16 * (done % 3) + 16]
        model.fit(rows, batch_size=16, shuffle=False, verbose=0)
        done += 1
    return model


def test_an_error_in_a_callback_leaves_the_last_whole_step() -> None:
    """After the fifth step both networks, both optimizers and the average are those of five steps."""
    model = _made()
    with pytest.raises(Stop):
        model.fit(_data(), epochs=3, batch_size=16, shuffle=False, verbose=0, callbacks=[StopAt(1, 1)])
    _equal(model, _after(5))


def test_an_error_in_the_data_leaves_the_last_whole_step() -> None:
    """A generator that fails after two batches: the model is that of two steps."""

    def batches():
        yield _data()[:16]
        yield _data()[16:32]
        raise ValueError("no more of this")

    model = _made()
    with pytest.raises(ValueError, match="no more of this"):
        model.fit(batches(), steps_per_epoch=5, epochs=1, verbose=0)
    _equal(model, _after(2))


def test_ctrl_c_leaves_the_last_whole_step() -> None:
    """Interrupted at any time, the model is that of as many whole steps as its optimizers count."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    x = _data(16)
    try:
        model = _made()
        model.fit(x, batch_size=16, verbose=0)
        timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, epochs=1_000_000, batch_size=16, verbose=0)
        timer.join()
    finally:
        signal.signal(signal.SIGINT, handler)
    steps = int(model.d_optimizer.iterations.numpy())
    assert steps == int(model.g_optimizer.iterations.numpy()) >= 1
    whole = _made()
    whole.fit(x, epochs=steps, batch_size=16, verbose=0)
    _equal(model, whole)


@pytest.mark.parametrize(("save_freq", "epoch", "batch"), [("epoch", 2, 1), (2, 1, 2)])
def test_a_resumed_training_is_that_without_an_interruption(tmp_path, save_freq, epoch, batch) -> None:
    """`BackupAndRestore` keeps the slots of all optimizers and the position of the noise."""
    whole = _made()
    history = whole.fit(_data(), epochs=4, batch_size=16, verbose=0).history
    part = _made()
    backup = BackupAndRestore(tmp_path / "b", save_freq=save_freq)
    with pytest.raises(Stop):
        part.fit(_data(), epochs=4, batch_size=16, verbose=0, callbacks=[backup, StopAt(epoch, batch)])
    fastnn.utils.set_random_seed(77)
    resumed = Pair()
    resumed.compile(optimizers.Adam(0.01), optimizers.RMSprop(0.005))
    backup = BackupAndRestore(tmp_path / "b", save_freq=save_freq)
    again = resumed.fit(_data(), epochs=4, batch_size=16, verbose=0, callbacks=[backup]).history
    _equal(resumed, whole)
    assert again["d_loss"][-1] == history["d_loss"][-1]


def test_files_keep_the_slots_of_all_optimizers(tmp_path) -> None:
    """A model that was saved after two epochs goes on as the one that was not."""
    model = _made()
    model.fit(_data(), epochs=2, batch_size=16, verbose=0)
    model.save(tmp_path / "pair.keras")
    loaded = saving.load_model(tmp_path / "pair.keras")
    assert isinstance(loaded, Pair)
    _equal(loaded, model)
    for one in (model, loaded):
        fastnn.utils.set_random_seed(5)
        one.compile(one.d_optimizer, one.g_optimizer)  # the noise of both is drawn from this seed
        one.fit(_data(), epochs=1, batch_size=16, shuffle=False, verbose=0)
    _equal(loaded, model)


def test_validation_and_early_stopping() -> None:
    """`test_step` runs on `validation_data`; callbacks watch what the steps return."""
    model = _made()
    stops = EarlyStopping("val_score", mode="max", patience=1, restore_best_weights=True)
    history = model.fit(
        _data(), epochs=30, batch_size=16, verbose=0, validation_data=_data(10), callbacks=[stops]
    ).history
    assert set(history) == {"d_loss", "g_loss", "val_score"}
    best = int(np.argmax(history["val_score"]))
    score = model.evaluate(_data(10), verbose=0, return_dict=True)["score"]
    assert len(history["val_score"]) in (best + 2, 30)
    assert score == pytest.approx(history["val_score"][best], rel=1e-6)


class Moved(Model):
    """Two weights that move by the rates of their optimizers in each step."""

    def __init__(self):
        super().__init__()
        self.first, self.second = (fastnn.Variable(np.zeros(1), name=name) for name in ("first", "second"))

    def compile(self, optimizer, other, **kwargs):
        super().compile(optimizer=optimizer, **kwargs)
        self.other = other

    def train_step(self, data):
        with GradientTape() as tape:
            loss = ops.sum(self.first) + ops.sum(self.second)
        first, second = tape.gradient(loss, [self.first, self.second])
        self.optimizer.apply([first], [self.first])
        self.other.apply([second], [self.second])
        return {"loss": ops.mean(data)}


class Halve(Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.other.learning_rate = float(self.model.other.learning_rate) / 2


def test_rates_that_callbacks_change_during_fit() -> None:
    """Callbacks of Keras move the rate of `model.optimizer`, one's own that of any other."""
    model, x = Moved(), np.ones((4, 1), np.float32)
    model.compile(optimizers.SGD(1.0), optimizers.SGD(1.0))
    schedule = LearningRateScheduler(lambda epoch, rate: 0.1 * (epoch + 1))
    model.fit(x, epochs=3, batch_size=4, verbose=0, callbacks=[schedule, Halve()])
    assert float(model.first.numpy()[0]) == pytest.approx(-(0.1 + 0.2 + 0.3))
    assert float(model.second.numpy()[0]) == pytest.approx(-(1 + 0.5 + 0.25))
    plateau = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.0)
    model.compile(optimizers.SGD(1.0), optimizers.SGD(1.0))
    model.fit(x, epochs=4, batch_size=4, verbose=0, callbacks=[plateau])
    assert float(model.optimizer.learning_rate) < 1.0
    assert float(model.other.learning_rate) == 1.0


def test_rates_of_a_schedule_go_with_the_steps_of_their_optimizer() -> None:
    """Each optimizer counts its own steps: two of the second for one of the first."""

    class Twice(Moved):
        def train_step(self, data):
            for _ in range(2):
                with GradientTape() as tape:
                    loss = ops.sum(self.second)
                self.other.apply([tape.gradient(loss, self.second)], [self.second])
            return super().train_step(data)

    model, x = Twice(), np.ones((4, 1), np.float32)
    rates = optimizers.schedules.PiecewiseConstantDecay([2, 5], [1.0, 0.1, 0.01])
    model.compile(optimizers.SGD(rates), optimizers.SGD(rates))
    model.fit(x, epochs=2, batch_size=4, verbose=0)
    assert float(model.first.numpy()[0]) == pytest.approx(-2.0)
    assert float(model.second.numpy()[0]) == pytest.approx(-(3 * 1.0 + 3 * 0.1))


def test_a_model_whose_compile_is_not_described_is_loaded_without(tmp_path) -> None:
    """As in Keras a warning says what to write; `load_weights` after `compile` then brings the optimizers' state."""

    class Undescribed(Pair):
        get_compile_config = Model.get_compile_config
        compile_from_config = Model.compile_from_config

    fastnn.utils.set_random_seed(11)
    model = Undescribed()
    model.compile(optimizers.Adam(0.01), optimizers.RMSprop(0.005))
    model.fit(_data(), batch_size=16, verbose=0)
    model.save(tmp_path / "pair.keras")
    model.save_weights(tmp_path / "pair.weights.h5")
    with pytest.warns(UserWarning, match=r"Undescribed was loaded without being compiled.*compile_from_config"):
        loaded = saving.load_model(tmp_path / "pair.keras", custom_objects={"Undescribed": Undescribed})
    loaded.compile(optimizers.Adam(0.01), optimizers.RMSprop(0.005))
    loaded.load_weights(tmp_path / "pair.weights.h5")
    _equal(loaded, model)


class Parts(Model):
    """A model without a call, whose step calls its parts."""

    def __init__(self):
        super().__init__()
        self.net = Sequential([layers.Input((3,)), layers.Dense(3)])
        self.normalizer = layers.Normalization()

    def train_step(self, data):
        with GradientTape() as tape:
            loss = ops.mean((self.net(self.normalizer(data)) - data) ** 2)
        weights = self.net.trainable_weights
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return {"loss": loss}


def test_weights_of_a_model_without_a_call_are_saved(tmp_path) -> None:
    """It is built where its parts are, so a checkpoint can be written and read."""
    data = np.random.RandomState(0).normal(size=(8, 3)).astype("float32")

    def made(scale: float) -> Parts:
        model = Parts()
        model.normalizer.adapt(scale * data)
        model.compile(optimizers.Adam(0.01))
        return model

    path = tmp_path / "best.weights.h5"
    checkpoint = fastnn.callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True, save_weights_only=True)
    model, other = made(1.0), made(2.0)
    model.fit(data, epochs=2, verbose=0, callbacks=[checkpoint])
    model.save_weights(path)
    other.load_weights(path)
    for one, same in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)
    unbuilt = made(1.0)
    unbuilt.head = layers.Dense(2)
    with pytest.raises(ValueError, match="is not built and has no weights to save"):
        unbuilt.save_weights(path)
