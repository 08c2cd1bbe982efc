"""Callbacks: their order, their arguments, and the behavior of each built-in one."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import fastnn
from fastnn import Input, Sequential
from fastnn.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
    SwapEMAWeights,
    TerminateOnNaN,
)
from fastnn.layers import Dense
from fastnn.optimizers import SGD


def regression(rate=0.1):
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    model.compile(SGD(rate), "mse", metrics=["mae"])
    return model


X = np.arange(4, dtype="float32").reshape(4, 1) / 4
Y = 2 * X


class Recorder(Callback):
    def __init__(self):
        super().__init__()
        self.calls = []


def _recorded(hook):
    def method(self, *arguments):
        *place, logs = arguments
        self.calls.append((hook, *place, sorted(logs) if logs else []))

    return method


for _hook in (
    *(f"on_{mode}_{end}" for mode in ("train", "test", "predict") for end in ("begin", "end")),
    *(f"on_{mode}_batch_{end}" for mode in ("train", "test", "predict") for end in ("begin", "end")),
    "on_epoch_begin",
    "on_epoch_end",
):
    setattr(Recorder, _hook, _recorded(_hook))


def test_order_of_hooks_in_fit():
    recorder = Recorder()
    model = regression()
    model.fit(X, Y, batch_size=2, epochs=1, validation_data=(X, Y), callbacks=[recorder], verbose=0)
    both = ["loss", "mae"]
    assert recorder.calls == [
        ("on_train_begin", []),
        ("on_epoch_begin", 0, []),
        ("on_train_batch_begin", 0, []),
        ("on_train_batch_end", 0, both),
        ("on_train_batch_begin", 1, []),
        ("on_train_batch_end", 1, both),
        ("on_test_begin", []),
        ("on_test_batch_begin", 0, []),
        ("on_test_batch_end", 0, both),
        ("on_test_batch_begin", 1, []),
        ("on_test_batch_end", 1, both),
        ("on_test_end", both),
        ("on_epoch_end", 0, [*both, "val_loss", "val_mae"]),
        ("on_train_end", [*both, "val_loss", "val_mae"]),
    ]
    assert recorder.model is model
    assert recorder.params == {"epochs": 1, "steps": 2, "verbose": 0}


def test_hooks_of_evaluate_and_predict():
    recorder = Recorder()
    model = regression()
    model.evaluate(X, Y, batch_size=4, callbacks=recorder, verbose=0)
    model.predict(X, batch_size=3, callbacks=[recorder], verbose=0)
    assert [call[0] for call in recorder.calls] == [
        "on_test_begin",
        "on_test_batch_begin",
        "on_test_batch_end",
        "on_test_end",
        "on_predict_begin",
        "on_predict_batch_begin",
        "on_predict_batch_end",
        "on_predict_batch_begin",
        "on_predict_batch_end",
        "on_predict_end",
    ]


def test_watching_batches_changes_no_number():
    runs = []
    for callbacks in ([], [LambdaCallback(on_train_batch_end=lambda batch, logs: None)]):
        model = regression()
        history = model.fit(X, Y, batch_size=1, epochs=3, shuffle=False, callbacks=callbacks, verbose=0)
        runs.append((history.history, model.get_weights()[0].tobytes()))
    assert runs[0] == runs[1]


def test_batch_logs_are_running_means():
    seen = []
    model = regression(0.0)
    model.fit(
        X,
        Y,
        batch_size=1,
        shuffle=False,
        verbose=0,
        callbacks=[LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(logs["loss"]))],
    )
    squares = (X[:, 0].astype("float64")) ** 2
    np.testing.assert_allclose(seen, np.cumsum(squares) / np.arange(1, 5), rtol=1e-6)


def test_history_is_returned_and_kept():
    model = regression()
    history = model.fit(X, Y, epochs=5, initial_epoch=2, verbose=0)
    assert isinstance(history, History)
    assert history.epoch == [2, 3, 4]
    assert model.history is history
    assert history.params["epochs"] == 5
    assert list(history.history) == ["loss", "mae"]
    assert all(type(value) is float for value in history.history["loss"])


def test_stop_training_stops_within_an_epoch():
    seen = []

    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)
            self.model.stop_training = batch == 1

    model = regression()
    model.fit(X, Y, batch_size=1, epochs=9, callbacks=[Stop()], verbose=0)
    assert seen == [0, 1]
    assert model.optimizer.iterations == 2


class Dictated(Callback):
    """Puts given values in the logs."""

    def __init__(self, name, numbers):
        super().__init__()
        self.name, self.numbers = name, numbers

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.numbers[epoch]


def stopped(numbers, **arguments):
    stop = EarlyStopping(**{"monitor": "watched", "mode": "min", **arguments})
    model = regression()
    history = model.fit(X, Y, epochs=len(numbers), callbacks=[Dictated(stop.monitor, numbers), stop], verbose=0)
    return len(history.epoch), stop


@pytest.mark.parametrize(
    ("numbers", "arguments", "epochs"),
    [
        ([3, 2, 1, 0], {}, 4),
        ([3, 2, 2, 0], {}, 3),
        ([3, 2, 2, 2, 1, 0], {"patience": 2}, 4),
        ([3, 2, 2, 1, 1, 1], {"patience": 2}, 6),
        ([1, 2, 3, 3, 9], {"mode": "max"}, 4),
        ([3, 2.9, 2.8, 0], {"min_delta": 0.5}, 2),
        ([3, 2, 1, 0.5], {"baseline": 0.1, "patience": 2}, 4),
        ([1, 9, 9, 5, 6], {"start_from_epoch": 3}, 5),
    ],
    ids=["falls", "stays", "patient", "patient-twice", "max", "min-delta", "baseline", "starts-late"],
)
def test_early_stopping(numbers, arguments, epochs):
    assert stopped(numbers, **arguments)[0] == epochs


def test_early_stopping_restores_the_best_weights(capsys):
    weights = []
    numbers = [3, 1, 2, 2, 2]
    stop = EarlyStopping("watched", patience=2, mode="min", restore_best_weights=True, verbose=1)
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights()))
    model = regression()
    model.fit(X, Y, epochs=5, callbacks=[Dictated("watched", numbers), keep, stop], verbose=0)
    assert stop.stopped_epoch == 3 and stop.best == 1 and stop.best_epoch == 1
    for kept, now in zip(weights[1], model.get_weights(), strict=True):
        assert kept.tobytes() == now.tobytes()
    assert weights[1][0].tobytes() != weights[3][0].tobytes()
    assert "early stopping" in capsys.readouterr().out


def test_early_stopping_on_an_unknown_log_warns():
    with pytest.warns(UserWarning, match="EarlyStopping watches 'val_loss'.*loss, mae"):
        regression().fit(X, Y, callbacks=[EarlyStopping()], verbose=0)


def test_learning_rate_scheduler():
    model = regression()
    history = model.fit(X, Y, epochs=3, callbacks=[LearningRateScheduler(lambda epoch, rate: rate / 2)], verbose=0)
    np.testing.assert_allclose(history.history["learning_rate"], [0.05, 0.025, 0.0125], rtol=1e-6)


def test_reduce_lr_on_plateau():
    plateau = ReduceLROnPlateau("watched", mode="min", factor=0.5, patience=1, min_lr=0.03)
    model = regression()
    model.fit(X, Y, epochs=5, callbacks=[Dictated("watched", [3, 3, 3, 3, 3]), plateau], verbose=0)
    assert model.optimizer.learning_rate == pytest.approx(0.03)
    with pytest.raises(ValueError, match="factor below 1"):
        ReduceLROnPlateau(factor=1.5)


def test_terminate_on_nan(capsys):
    model = regression(1e30)
    history = model.fit(X, Y, epochs=50, callbacks=[TerminateOnNaN()], verbose=0)
    assert len(history.epoch) < 50
    assert "Invalid loss" in capsys.readouterr().out


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    history = regression().fit(X, Y, epochs=2, callbacks=[CSVLogger(str(path))], verbose=0)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert [float(row["loss"]) for row in rows] == history.history["loss"]


def test_lambda_callback_knows_its_hooks():
    with pytest.raises(ValueError, match="Did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ends=print)


def test_a_class_in_place_of_an_object_is_explained():
    with pytest.raises(TypeError, match=r"write EarlyStopping\(\)"):
        regression().fit(X, Y, callbacks=[EarlyStopping], verbose=0)


class WeightRecorder(Callback):
    """Keeps the only weight at the end of each epoch, and where tests begin."""

    def __init__(self):
        super().__init__()
        self.ends, self.tests = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.ends.append(float(self.model.get_weights()[0].item()))

    def on_test_begin(self, logs=None):
        self.tests.append(float(self.model.get_weights()[0].item()))


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averages_of_weights_are_swapped(swap_on_epoch):
    """The numbers are those of Keras 3.15.1 for the same calls."""
    model = Sequential([Input((1,)), Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
    x, y = np.ones((4, 1), np.float32), np.zeros((4, 1), np.float32)
    recorder = WeightRecorder()
    history = model.fit(
        x, y, batch_size=2, epochs=3, verbose=0, validation_data=(x, y),
        callbacks=[SwapEMAWeights(swap_on_epoch), recorder],
    ).history  # fmt: skip
    np.testing.assert_allclose(history["val_loss"], [0.6146559715, 0.5213994980, 0.4103560150], rtol=1e-6)
    np.testing.assert_allclose(history["loss"], [0.8200000525, 0.3358719945, 0.1375731379], rtol=1e-6)
    np.testing.assert_allclose(recorder.tests, np.sqrt(history["val_loss"]), rtol=1e-6)
    # Weights: 0.8 to the power of the steps.
    expected = recorder.tests if swap_on_epoch else [0.64, 0.4096, 0.262144]
    np.testing.assert_allclose(recorder.ends, expected, rtol=1e-6)
    np.testing.assert_allclose(model.get_weights()[0], 0.64059037, rtol=1e-6)
    loss = model.evaluate(x, y, verbose=0, callbacks=[SwapEMAWeights(swap_on_epoch)])
    assert loss == pytest.approx(0.4103560150)
    np.testing.assert_allclose(model.get_weights()[0], 0.64059037, rtol=1e-6)
    model.predict(x, verbose=0, callbacks=[SwapEMAWeights(swap_on_epoch)])
    np.testing.assert_allclose(model.get_weights()[0], 0.64059037, rtol=1e-6)


def test_averages_that_are_not_there():
    model = Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"SwapEMAWeights expects an optimizer that keeps averages .* use_ema=True"):
        model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0, callbacks=[SwapEMAWeights()])


def test_a_monitor_that_is_not_there_says_what_is():
    with pytest.raises(
        ValueError, match=r"hold loss, mae, and with validation data val_loss, val_mae\. Did you mean 'val_l"
    ):
        regression().fit(X, Y, validation_data=(X, Y), verbose=0, callbacks=[EarlyStopping("val_los")])


def test_a_hook_of_batches_that_an_epoch_begins_with():
    """A callback may set its hook of batches when an epoch begins, as `tqdm.keras` does for its bar of each epoch."""
    told = []

    class Late(fastnn.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.on_batch_end = lambda batch, logs=None: told.append(batch)

    model = fastnn.Sequential([fastnn.layers.Input((1,)), fastnn.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 1)), np.ones((8, 1)), batch_size=2, epochs=2, verbose=0, callbacks=[Late()])
    assert told == [0, 1, 2, 3]


def test_the_comparison_of_monitored_values() -> None:
    less, greater = (EarlyStopping("val_loss", mode=mode).monitor_op for mode in ("min", "max"))
    assert less is fastnn.ops.less and greater is fastnn.ops.greater
    assert EarlyStopping("val_loss").monitor_op is None
