"""Training: the results of fit, evaluate and predict, their output, and what they do not change."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from fastnn import Input, Sequential, callbacks, layers, losses, metrics, optimizers, regularizers, utils
from fastnn.layers import BatchNormalization, Dense, Dropout
from fastnn.optimizers import SGD, Adam
from fastnn.training.program import Program

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 4)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 1)


def classifier(seed=1, **compiled):
    utils.set_random_seed(seed)
    model = Sequential([Dense(8, input_shape=(4,), activation="relu"), Dense(3, activation="softmax")])
    arguments = {
        "optimizer": Adam(0.01),
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
        **compiled,
    }
    model.compile(**arguments)
    return model


def bits(model):
    return b"".join(value.tobytes() for value in model.get_weights())


def one_weight(loss="mse", optimizer=None, **dense):
    model = Sequential([Input((1,)), Dense(1, use_bias=False, kernel_initializer="ones", **dense)])
    model.compile(optimizer or SGD(0.1), loss)
    return model


# Learning.


def test_it_learns():
    model = classifier()
    history = model.fit(X, Y, epochs=60, batch_size=10, verbose=0).history
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    assert model.evaluate(X, Y, verbose=0)[1] > 0.9


def test_one_step_of_sgd_is_hand_arithmetic():
    model = one_weight()
    model.fit([[2.0]], [[5.0]], verbose=0)
    assert model.get_weights()[0][0, 0] == pytest.approx(1 - 0.1 * 2 * (2 - 5) * 2, rel=1e-6)


def test_loss_of_an_epoch_is_a_mean_over_rows_with_a_short_last_batch():
    model = one_weight(optimizer=SGD(0.0))
    x = np.arange(5.0)
    history = model.fit(x, np.zeros(5), batch_size=2, verbose=0).history
    assert history["loss"][0] == pytest.approx(np.mean(x**2))
    assert model.evaluate(x, np.zeros(5), batch_size=2, verbose=0) == pytest.approx(np.mean(x**2))


def test_regularizers_count_in_loss_and_gradient():
    model = one_weight(kernel_regularizer=regularizers.L2(0.5))
    assert model.evaluate([[0.0]], [[0.0]], verbose=0) == pytest.approx(0.5)
    assert model.gradients([[0.0]], [[0.0]])[model.weights[0].path] == pytest.approx(1.0)


def test_activity_regularizer_is_a_mean_over_samples():
    model = one_weight(activity_regularizer=regularizers.L1(0.25))
    assert model.evaluate([[1.0], [3.0]], [[1.0], [3.0]], verbose=0) == pytest.approx(0.5)


def test_gradients_of_the_chain_rule_in_the_notes():
    x, y, w = 1.5, 0.2, 0.7
    model = one_weight(activation="sigmoid")
    model.set_weights([[[w]]])
    yhat = 1 / (1 + np.exp(-w * x))
    (gradient,) = model.gradients([[x]], [[y]]).values()
    assert gradient[0, 0] / 2 == pytest.approx((yhat - y) * yhat * (1 - yhat) * x, rel=1e-5)
    assert model.get_weights()[0][0, 0] == np.float32(w)
    assert model.optimizer.iterations == 0


def test_gradient_paths_of_nested_models():
    inner = Sequential([Dense(2, name="same")], name="inner")
    model = Sequential([Input((2,)), Dense(2, name="same"), inner])
    model.compile("sgd", "mse")
    assert list(model.gradients(np.ones((3, 2)), np.ones((3, 2)))) == [
        "same/kernel", "same/bias", "inner/same/kernel", "inner/same/bias",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "optimizer", ["sgd", "adam", "rmsprop", "adamw", SGD(0.1, 0.9, nesterov=True), Adam(amsgrad=True)]
)
def test_every_optimizer_learns(optimizer):
    model = classifier(optimizer=optimizer)
    model.optimizer.learning_rate = 0.01
    history = model.fit(X, Y, epochs=20, batch_size=10, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]


def test_learning_rate_in_the_middle():
    model = one_weight(optimizer=SGD(0.0))
    model.fit([[1.0]], [[0.0]], verbose=0)
    assert model.get_weights()[0] == 1
    model.optimizer.learning_rate = 0.25
    model.fit([[1.0]], [[0.0]], verbose=0)
    assert model.get_weights()[0] == 0.5
    assert model.optimizer.get_config()["learning_rate"] == 0.25


def test_weight_decay_spares_what_it_is_told_to():
    rate = SGD(0.1, weight_decay=0.5)
    rate.exclude_from_weight_decay(var_names=["bias"])
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="ones", bias_initializer="ones")])
    model.compile(rate, "mse")
    model.fit([[0.0]], [[1.0]], verbose=0)
    np.testing.assert_allclose([float(w.numpy().item()) for w in model.weights], [0.95, 1.0], rtol=1e-6)


# Seeds, order and state.


def test_seeds_repeat_a_run_bit_for_bit():
    runs = {}
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        model = classifier(seed)
        runs[name] = model.fit(X, Y, epochs=3, batch_size=8, verbose=0).history, bits(model)
    assert runs["one"] == runs["again"]
    assert runs["one"] != runs["two"]


def test_rows_are_shuffled_anew_each_epoch():
    def losses_seen(shuffle, epochs):
        seen = []
        utils.set_random_seed(1)
        model = one_weight(optimizer=SGD(0.0))
        watch = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"]))
        model.fit(
            np.arange(6.0), np.zeros(6), batch_size=1, epochs=epochs, shuffle=shuffle, callbacks=[watch], verbose=0
        )
        return [
            np.diff(np.array(seen[e * 6 : e * 6 + 6]) * np.arange(1, 7), prepend=0).round(3).tolist()
            for e in range(epochs)
        ]

    assert losses_seen(False, 2) == [[0, 1, 4, 9, 16, 25]] * 2
    first, second = losses_seen(True, 2)
    assert sorted(first) == sorted(second) == [0, 1, 4, 9, 16, 25]
    assert first != second


def test_two_fits_are_one_longer_fit():
    whole, parts = classifier(), classifier()
    whole.fit(X, Y, epochs=4, batch_size=8, verbose=0)
    parts.fit(X, Y, epochs=1, batch_size=8, verbose=0)
    parts.fit(X, Y, epochs=4, initial_epoch=1, batch_size=8, verbose=0)
    assert bits(whole) == bits(parts)
    assert parts.optimizer.iterations == 4 * 9


def test_recompiling_with_the_same_optimizer_goes_on():
    whole, again = classifier(), classifier()
    whole.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    again.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    again.compile(again.optimizer, "sparse_categorical_crossentropy")
    again.fit(X, Y, epochs=1, shuffle=False, verbose=0)
    assert bits(whole) == bits(again)


def test_validation_evaluate_and_predict_change_nothing():
    def model():
        utils.set_random_seed(1)
        made = Sequential([Input((4,)), Dense(6), BatchNormalization(), Dropout(0.3), Dense(3, activation="softmax")])
        made.compile("adam", "sparse_categorical_crossentropy")
        return made

    plain, watched = model(), model()
    plain.fit(X, Y, epochs=3, verbose=0)
    for _ in range(3):
        watched.fit(X, Y, verbose=0, validation_data=(X, Y))
        watched.evaluate(X, Y, verbose=0)
        watched.predict(X, verbose=0)
    assert bits(plain) == bits(watched)


def test_frozen_layers_stay_bit_for_bit():
    utils.set_random_seed(1)
    model = Sequential([Input((4,)), Dense(6), BatchNormalization(), Dense(3, activation="softmax")])
    model.layers[0].trainable = model.layers[1].trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(X, Y, epochs=2, verbose=0)
    after = model.get_weights()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before[:6], after[:6], strict=True))
    assert before[6].tobytes() != after[6].tobytes()
    assert len(model.gradients(X, Y)) == 2


def test_trainable_is_read_at_compile():
    model = classifier()
    model.layers[0].trainable = False
    before = model.get_weights()[0]
    with pytest.warns(UserWarning, match="trainable was changed after compile"):
        model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != before).any()
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()[0]
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] == before).all()


def test_add_and_pop_keep_the_compile_settings():
    model = classifier()
    model.fit(X, Y, verbose=0)
    model.pop()
    model.add(Dense(3, activation="softmax", name="head"))
    before = model.get_layer("head").kernel.numpy()
    model.fit(X, Y, verbose=0)
    assert (model.get_layer("head").kernel.numpy() != before).any()
    assert model.optimizer.iterations == 6


# Data.


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.astype("float64"),
        lambda x: x.tolist(),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: x.astype(">f4"),
        lambda x: [x],
    ],
    ids=["float64", "lists", "fortran", "strided", "big-endian", "list-of-one"],
)
def test_any_layout_of_the_same_numbers_gives_the_same_bits(convert):
    plain, other = classifier(), classifier()
    plain.fit(X, Y, verbose=0)
    other.fit(convert(X), Y.tolist(), verbose=0)
    assert bits(plain) == bits(other)


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "int32", "int64", "uint64", "float16", "float32", "float64", "bool"]
)
def test_any_numeric_type(dtype):
    x = (np.arange(40).reshape(10, 4) % 2).astype(dtype)
    y = (np.arange(10) % 2).astype(dtype)
    plain, other = classifier(), classifier()
    plain.fit(x.astype("float32"), y.astype("int32"), verbose=0)
    other.fit(x, y, verbose=0)
    assert bits(plain) == bits(other)


def test_vectors_become_columns_where_keras_expands_them():
    model = one_weight()
    assert model.evaluate(np.arange(3.0), np.arange(3.0), verbose=0) == 0
    assert model.predict(np.arange(3.0), verbose=0).shape == (3, 1)
    lazy = Sequential([Dense(1)])
    assert lazy.predict(np.arange(3.0), verbose=0).shape == (3, 1)
    labelled = classifier()
    assert labelled.evaluate(X, Y, verbose=0) == labelled.evaluate(X, Y[:, None], verbose=0)


def test_sample_weights_and_class_weights():
    x, y = np.array([[1.0], [2.0]]), np.array([[0.0], [0.0]])
    model = one_weight()
    assert model.evaluate(x, y, sample_weight=[2.0, 0.5], verbose=0) == pytest.approx((2 * 1 + 0.5 * 4) / 2)
    by_class, by_row = classifier(), classifier()
    by_class.fit(X, Y, class_weight={0: 2.0, 2: 0.5}, verbose=0)
    by_row.fit(X, Y, sample_weight=np.array([2.0, 1.0, 0.5])[Y], verbose=0)
    assert bits(by_class) == bits(by_row)
    one_hot = classifier(loss="categorical_crossentropy")
    one_hot.fit(X, utils.to_categorical(Y, 3), class_weight={0: 2.0, 2: 0.5}, verbose=0)
    np.testing.assert_allclose(one_hot.get_weights()[0], by_row.get_weights()[0], rtol=1e-5)


def test_sum_reduction():
    x, y = np.array([[1.0], [2.0]]), np.zeros((2, 1))
    summed, mean = one_weight(losses.MeanSquaredError(reduction="sum")), one_weight()
    (a,), (b,) = summed.gradients(x, y).values(), mean.gradients(x, y).values()
    np.testing.assert_allclose(a, 2 * b)
    (c,) = summed.gradients(x, y, sample_weight=[0.0, 3.0]).values()
    np.testing.assert_allclose(c, [[3 * 2 * 2 * 2]], rtol=1e-6)


def test_loss_weights():
    x, y = np.array([[1.0], [2.0]]), np.zeros((2, 1))
    model = one_weight()
    model.compile("sgd", "mse", loss_weights=3.0)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(7.5)


def test_validation_split_takes_the_last_rows():
    split, given = classifier(), classifier()
    a = split.fit(X, Y, validation_split=0.25, epochs=2, verbose=0).history
    b = given.fit(X[:52], Y[:52], validation_data=(X[52:], Y[52:]), epochs=2, verbose=0).history
    assert a == b
    assert list(a) == ["accuracy", "loss", "val_accuracy", "val_loss"]


def test_validation_frequency_and_weights():
    history = (
        classifier().fit(X, Y, epochs=4, validation_data=(X, Y, np.zeros(70)), validation_freq=2, verbose=0).history
    )
    assert len(history["loss"]) == 4 and history["val_loss"] == [0.0, 0.0]
    listed = classifier().fit(X, Y, epochs=4, validation_data=[X, Y], validation_freq=[1, 2, 4], verbose=0).history
    assert len(listed["val_loss"]) == 3


# Metrics and returns.


@pytest.mark.parametrize(
    ("outputs", "activation", "loss", "make", "kind"),
    [
        (1, "sigmoid", "binary_crossentropy", lambda y: y > 0, metrics.BinaryAccuracy),
        (3, "softmax", "sparse_categorical_crossentropy", lambda y: y, metrics.SparseCategoricalAccuracy),
        (3, "softmax", "categorical_crossentropy", lambda y: utils.to_categorical(y, 3), metrics.CategoricalAccuracy),
    ],
    ids=["binary", "sparse", "one-hot"],
)
@pytest.mark.parametrize("word", ["accuracy", "acc"])
def test_accuracy_is_read_from_the_shapes(outputs, activation, loss, make, kind, word):
    model = Sequential([Input((4,)), Dense(outputs, activation=activation)])
    model.compile("adam", loss, metrics=[word])
    y = make(Y)
    logs = model.evaluate(X, y, verbose=0, return_dict=True)
    assert list(logs) == sorted(["loss", word])
    assert type(model.metrics[1]) is kind
    p = model.predict(X, verbose=0)
    right = (p[:, 0] > 0.5) == y if outputs == 1 else p.argmax(1) == Y
    assert logs[word] == pytest.approx(right.mean())
    assert model.metrics[1].result() == logs[word]
    # As in Keras: the variables hold the sum and the count, not the mean.
    assert [float(variable.numpy()) for variable in model.metrics[1].variables] == [right.sum(), 70.0]


def test_losses_as_metrics_and_names():
    model = one_weight()
    model.compile(
        "sgd", "mse", metrics=["mae", metrics.RootMeanSquaredError(), losses.Huber(), losses.mean_squared_error]
    )
    assert model.metrics_names == ["loss", "mae", "root_mean_squared_error", "huber_loss", "mean_squared_error"]
    loss, mae, root, huber, mse = model.evaluate([[1.0], [3.0]], [[0.0], [0.0]], verbose=0)
    assert (loss, mae, mse, huber) == pytest.approx((5.0, 2.0, 5.0, 1.5)) and root == pytest.approx(5**0.5)


def test_weighted_metrics():
    model = one_weight()
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mse"])
    logs = model.evaluate([[1.0], [3.0]], [[0.0], [0.0]], sample_weight=[3.0, 1.0], verbose=0, return_dict=True)
    assert logs == pytest.approx({"loss": 6.0, "mae": 2.0, "mse": 3.0})


def test_what_evaluate_and_the_batch_calls_return():
    model = classifier(metrics=None)
    assert type(model.evaluate(X, Y, verbose=0)) is float
    model = classifier()
    result = model.evaluate(X, Y, verbose=0)
    assert [type(value) for value in result] == [float, float]
    assert model.test_on_batch(X, Y) == pytest.approx(result)
    assert model.test_on_batch(X, Y, return_dict=True) == pytest.approx(
        dict(zip(["loss", "accuracy"], result, strict=True))
    )
    first = model.train_on_batch(X, Y, return_dict=True)
    assert first["loss"] == pytest.approx(result[0]) and model.optimizer.iterations == 1
    model.reset_metrics()
    assert model.train_on_batch(X, Y)[0] < first["loss"]


def test_train_on_batch_is_one_step_of_fit():
    batch, whole = classifier(), classifier()
    batch.train_on_batch(X[:32], Y[:32])
    whole.fit(X[:32], Y[:32], shuffle=False, verbose=0)
    assert bits(batch) == bits(whole)


def test_predict_does_not_depend_on_the_batch():
    model = classifier()
    whole = model.predict(X, verbose=0)
    assert whole.shape == (70, 3) and whole.dtype == np.float32
    for size in (1, 7, 64, 1000):
        assert model.predict(X, batch_size=size, verbose=0).tobytes() == whole.tobytes()
    assert model(X).tobytes() == model.predict_on_batch(X).tobytes() == whole.tobytes()
    assert model.predict(X, batch_size=8, steps=2, verbose=0).tobytes() == whole[:16].tobytes()
    assert [row.shape for row in model.predict(X[:2], verbose=0)] == [(3,), (3,)]


def test_two_sigmoids_with_sparse_cross_entropy_as_the_notes_have_it():
    utils.set_random_seed(0)
    x = RNG.uniform(size=(2100, 1))
    y = (x[:, 0] > 0.5).astype(int)
    model = Sequential(
        [Dense(16, input_shape=(1,), activation="relu"), Dense(32, activation="relu"), Dense(2, activation="sigmoid")]
    )
    assert model.count_params() == 642
    model.compile(Adam(learning_rate=0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x=x, y=y, batch_size=10, epochs=10, shuffle=True, verbose=0).history
    assert history["accuracy"][-1] > 0.95
    p = model.predict(x[:50], verbose=0).astype("float64")
    p /= p.sum(axis=1, keepdims=True)
    expected = -np.log(p[np.arange(50), y[:50]]).mean()
    assert model.evaluate(x[:50], y[:50], verbose=0)[0] == pytest.approx(expected, rel=1e-4)


# Output.

LINE = r"\d+/\d+ - \d+s - \d+(us|ms|s)/step"


def test_verbose_0_prints_nothing(capfd):
    model = classifier()
    model.fit(X, Y, epochs=2, validation_split=0.5, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("verbose", [2, 1, "auto"])
def test_verbose_2_is_that_of_keras_and_serves_where_nobody_watches(verbose, capsys):
    classifier().fit(X, Y, epochs=2, batch_size=35, validation_data=(X, Y), verbose=verbose)
    printed = capsys.readouterr()
    numbers = r" - accuracy: 0\.\d{4} - loss: \d\.\d{4} - val_accuracy: 0\.\d{4} - val_loss: \d\.\d{4}"
    assert re.fullmatch(f"Epoch 1/2\n{LINE}{numbers}\nEpoch 2/2\n{LINE}{numbers}\n", printed.out)
    assert "2/2 - " in printed.out
    assert printed.err == ""


def test_one_epoch_evaluate_and_predict_print_the_line_alone(capsys):
    model = classifier()
    model.fit(X, Y, verbose=2)
    assert re.fullmatch(LINE + r" - accuracy: \S+ - loss: \S+\n", capsys.readouterr().out)
    model.evaluate(X, Y, verbose=2)
    assert re.fullmatch(LINE + r" - accuracy: \S+ - loss: \S+\n", capsys.readouterr().out)
    model.predict(X, verbose=2)
    assert re.fullmatch(LINE + r"\n", capsys.readouterr().out)


def test_small_numbers_are_printed_with_exponents(capsys):
    model = one_weight(optimizer=SGD(0.0))
    model.fit([[0.01]], [[0.0]], verbose=2)
    assert "loss: 1.0000e-04" in capsys.readouterr().out


def plain(printed):
    """Returns what a terminal shows, without its colors."""
    return re.sub(r"\x1b\[[0-9;]*m", "", printed)


def test_the_bar_shows_in_a_terminal_that_gives_no_size():
    pty = pytest.importorskip("pty", reason="only Unix has terminals of this kind")
    reader, terminal = pty.openpty()  # 0 columns, 0 lines
    script = """
import fastnn, numpy as np
model = fastnn.Sequential([fastnn.layers.Dense(2, input_shape=(3,))])
model.compile("sgd", "mse")
model.fit(np.ones((8, 3)), np.ones((8, 2)), batch_size=4)
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    done = subprocess.run([sys.executable, "-c", script], stdout=terminal, env=environment, timeout=60, check=True)
    os.close(terminal)
    printed = plain(os.read(reader, 1 << 16).decode())
    assert done.returncode == 0 and "2/2 ━" in printed and "loss: " in printed


def test_verbose_1_on_a_terminal_is_a_bar_an_epoch_on_stdout(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    model = classifier()
    model.fit(X, Y, epochs=2, verbose=1, validation_split=0.2)
    printed = capsys.readouterr()
    assert printed.err == ""
    shown = plain(printed.out)
    assert shown.index("Epoch 1/2\n") < shown.index("2/2 ━") < shown.index("Epoch 2/2\n") < shown.rindex("2/2 ━")
    assert "val_loss: " in shown and "accuracy: " in shown
    model.evaluate(X, Y, verbose=1)
    model.predict(X, verbose=1)
    assert "3/3" in capsys.readouterr().out


def test_bars_are_closed_after_an_error(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)

    def fail(batch, logs):
        if batch == 1:
            raise RuntimeError("stop here")
        time.sleep(0.1)  # long enough for the bar to be shown

    with pytest.raises(RuntimeError, match="stop here"):
        classifier().fit(X, Y, epochs=1, verbose=1, callbacks=[callbacks.LambdaCallback(on_train_batch_end=fail)])
    assert capsys.readouterr().out.endswith("\n")


def test_convolutions_train():
    utils.set_random_seed(2)
    x = RNG.normal(size=(60, 6, 6, 1))
    y = (x[:, :3].sum(axis=(1, 2, 3)) > x[:, 3:].sum(axis=(1, 2, 3))).astype(int)
    model = Sequential([
        layers.Conv2D(4, 3, padding="same", activation="relu", input_shape=(6, 6, 1)),
        layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2, activation="softmax"),
    ])  # fmt: skip
    model.compile(optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.fit(x, y, epochs=30, verbose=0).history["accuracy"][-1] > 0.9


def test_relu_before_max_pooling_steps_behind_it_without_changing_a_bit():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20, 9, 8, 3)).astype(np.float32)
    y = rng.integers(0, 2, 20)
    results = []
    for plain in (True, False):
        utils.set_random_seed(5)
        # A slope that is zero in float32 gives the same function, under a name that is not reordered.
        relu = layers.ReLU() if plain else layers.ReLU(negative_slope=1e-45)
        model = Sequential(
            [layers.Conv2D(8, 3, input_shape=(9, 8, 3)), relu, layers.MaxPooling2D(), layers.Flatten(), Dense(2)]
        )
        model.compile(SGD(0.1), loss=losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        results.append(model.get_weights())
    for commuted, kept in zip(*results, strict=True):
        np.testing.assert_array_equal(commuted, kept)


@pytest.mark.parametrize("metric", ["mae", "mse", "mean_squared_logarithmic_error"])
def test_a_metric_that_is_a_loss_moves_no_weight(metric):
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 5)), rng.random((64, 2))
    results = []
    for metrics_given in ([], [metric]):
        utils.set_random_seed(1)
        model = Sequential([Dense(16, activation="tanh", input_shape=(5,)), Dense(2)])
        model.compile(SGD(0.1), loss="mse", metrics=metrics_given)
        model.fit(x, y, batch_size=16, epochs=3, verbose=0)
        results.append(model.get_weights())
    for without, with_metric in zip(*results, strict=True):
        np.testing.assert_array_equal(without, with_metric)


def test_a_dict_that_is_returned_is_sorted_by_name():
    model = Sequential([layers.Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse", metrics=["mse", "mae", "cosine_similarity"])
    x, y = np.ones((8, 4)), np.zeros((8, 1))
    for told in (
        model.evaluate(x, y, verbose=0, return_dict=True),
        model.train_on_batch(x, y, return_dict=True),
        model.test_on_batch(x, y, return_dict=True),
    ):
        assert list(told) == ["cosine_similarity", "loss", "mae", "mse"]


@pytest.mark.parametrize("metrics", [["mae"], [metrics.MeanSquaredError(), "accuracy"], [metrics.AUC()]])
def test_an_evaluation_that_nobody_watches_is_the_same(metrics):
    """Without callbacks and a bar it takes a shorter way through Python."""
    x = np.random.default_rng(0).random((70, 3)).astype(np.float32)
    y = (x[:, :1] > 0.5).astype(np.float32)
    model = Sequential([layers.Input((3,)), layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=metrics)
    watched = model.evaluate(x, y, verbose=0, callbacks=[callbacks.Callback()])
    assert model.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0) == watched
    assert model.evaluate(x, y, verbose=0, return_dict=True) == model.evaluate(
        x, y, verbose=0, steps=3, return_dict=True
    )


# Epochs that nobody watches: the core runs many of them at a time.


class Counting(callbacks.Callback):
    """Counts epochs, for which each must be run by itself."""

    def __init__(self):
        super().__init__()
        self.told = []

    def on_epoch_end(self, epoch, logs=None):
        self.told.append((epoch, dict(logs)))


def passes_at_once(monkeypatch):
    """Returns a list that gets the numbers of passes that the core runs at a time."""
    from fastnn.training.program import Program

    ran, run = [], Program.run_passes

    def counted(self, columns, orders, batch_size, means):
        run(self, columns, orders, batch_size, means)
        ran.append(len(means))

    monkeypatch.setattr(Program, "run_passes", counted)
    return ran


@pytest.mark.parametrize("shuffle", [True, False])
def test_epochs_that_nobody_watches_are_those_that_somebody_watches(shuffle, monkeypatch):
    ran = passes_at_once(monkeypatch)
    told = {"batch_size": 16, "epochs": 9, "verbose": 0, "shuffle": shuffle}
    alone, watched = classifier(), classifier()
    counting = Counting()
    history = alone.fit(X, Y, **told)
    assert sum(ran) == 8, "the first epoch says how long the others take"
    watched.fit(X, Y, callbacks=[counting], **told)
    assert sum(ran) == 8
    assert bits(alone) == bits(watched)
    assert history.epoch == list(range(9))
    assert [{name: values[i] for name, values in history.history.items()} for i in range(9)] == [
        logs for _, logs in counting.told
    ]
    assert list(history.history) == ["accuracy", "loss"]
    for model in (alone, watched):
        model.fit(X, Y, **told)
    assert bits(alone) == bits(watched), "the orders of rows go on"
    assert [float(m.result()) for m in alone.metrics] == [float(m.result()) for m in watched.metrics]


def test_what_watches_epochs_is_told_of_each_when_it_was_run(monkeypatch):
    ran = passes_at_once(monkeypatch)

    class Own(callbacks.History):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(int(model.optimizer.iterations))
            super().on_epoch_end(epoch, logs)

    seen = []
    model = classifier()
    ending = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(int(model.optimizer.iterations)))
    instance = callbacks.History()
    instance.on_epoch_end = ending.on_epoch_end
    for callback in (Own(), ending, instance):
        model.fit(X, Y, batch_size=35, epochs=3, verbose=0, callbacks=[callback])
    assert seen == [2, 4, 6, 8, 10, 12, 14, 16, 18]
    schedule = classifier(optimizer=SGD(optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)))
    schedule.fit(X, Y, epochs=4, verbose=0)
    schedule.fit(X, Y, epochs=4, verbose=0, validation_split=0.2)
    classifier().fit(X, Y, batch_size=35, epochs=4, verbose=0, steps_per_epoch=2)
    classifier().fit(X, Y, epochs=4, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert ran == []


def test_an_optimizer_that_is_finished_ends_epochs_that_nobody_watches():
    def least_squares():
        utils.set_random_seed(3)
        model = Sequential([Input((4,)), Dense(1)])
        model.compile(optimizers.LBFGS(), "mse")
        return model

    target = X @ np.array([[1.0], [2.0], [3.0], [4.0]], "float32")
    alone, watched = least_squares(), least_squares()
    epochs = len(alone.fit(X, target, epochs=400, verbose=0).epoch)
    counting = Counting()
    watched.fit(X, target, epochs=400, verbose=0, callbacks=[counting])
    assert epochs == len(counting.told) < 400
    assert bits(alone) == bits(watched)


def test_ctrl_c_leaves_the_epochs_that_were_run_in_the_history():
    model = classifier()
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, batch_size=10, epochs=10**7, verbose=0)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, handler)
    epochs, steps = len(model.history.epoch), int(model.optimizer.iterations)
    assert epochs > 100
    assert epochs * 7 <= steps < (epochs + 1) * 7
    assert model.history.epoch == list(range(epochs))
    assert len(model.history.history["loss"]) == epochs
    if steps == epochs * 7:  # as a rule: Ctrl-C is heard between two runs of some epochs
        same = classifier()
        same.fit(X, Y, batch_size=10, epochs=epochs, verbose=0)
        assert bits(same) == bits(model)
        for one in (same, model):
            one.fit(X, Y, batch_size=10, epochs=2, verbose=0)
        assert bits(same) == bits(model), "the orders of rows go on"


def test_ctrl_c_while_epochs_are_recorded_is_heard_after_that(monkeypatch):
    model = classifier()
    values_of, calls = Program.values_of, []

    def interrupted(program, means):
        calls.append(len(means))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return values_of(program, means)

    monkeypatch.setattr(Program, "values_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=10, epochs=10**7, verbose=0)
    epochs = len(model.history.epoch)
    assert calls[2] == calls[3] and int(model.optimizer.iterations) == 7 * epochs
    assert model.history.epoch == list(range(epochs)) and len(model.history.history["loss"]) == epochs

    class Interrupting(dict):
        reads = 0

        def __getitem__(self, name):
            self.reads += 1
            if self.reads == 3:  # the number of losses is read first
                raise KeyboardInterrupt
            return super().__getitem__(name)

    history = callbacks.History()
    history.on_train_begin()
    history.__fastnn_record__(0, {"loss": [3.0, 2.0], "accuracy": [0.0, 0.1]})
    with pytest.raises(KeyboardInterrupt):
        history.__fastnn_record__(2, Interrupting(loss=[1.0, 0.5], accuracy=[0.2, 0.3]))
    assert history.history["accuracy"] == [0.0, 0.1, 0.2, 0.3]
    assert history.epoch == [0, 1, 2, 3] and history.history["loss"] == [3.0, 2.0, 1.0, 0.5]


def test_a_thread_stops_epochs_that_nobody_watches():
    model = classifier()
    timer = threading.Timer(0.3, setattr, [model, "stop_training", True])
    timer.start()
    epochs = len(model.fit(X, Y, batch_size=10, epochs=10**7, verbose=0).epoch)
    timer.join()
    assert epochs * 7 == int(model.optimizer.iterations)


@pytest.mark.parametrize("passes", [0, 3, 8])
def test_an_error_in_a_later_epoch_leaves_those_before_it_in_the_history(passes, monkeypatch):
    from fastnn.training.program import Program

    run = Program.run_passes

    def failing(self, columns, orders, batch_size, means):
        if passes:
            run(self, columns, orders[:passes], batch_size, means)
        raise MemoryError("too much")

    model, same = classifier(), classifier()
    with monkeypatch.context() as changed, pytest.raises(MemoryError, match="too much"):
        changed.setattr(Program, "run_passes", failing)
        model.fit(X, Y, epochs=9, verbose=0)
    assert model.history.epoch == list(range(passes + 1))
    same.fit(X, Y, epochs=passes + 1, verbose=0)
    assert bits(model) == bits(same)
