"""What callbacks print, send and write: bars, standard outputs of all kinds, servers, TensorBoard; pickles of them."""

from __future__ import annotations

import http.server
import io
import json
import pickle
import re
import sys
import threading
import types
import urllib.parse

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, callbacks, console, layers

X = np.linspace(-1, 1, 12, dtype="float32").reshape(12, 1)


def regression():
    model = Sequential([Input((1,)), layers.Dense(1, kernel_initializer="ones", name="line")])
    model.compile(fastnn.optimizers.SGD(0.1), "mse", metrics=["mae"])
    return model


class Terminal(io.StringIO):
    """A terminal that draws what is written to it."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def lines(self, width=200):
        rows = []
        for text in re.sub(r"\x1b\[\d+m", "", self.getvalue()).split("\n"):
            row = ""
            for part in text.split("\r"):
                assert len(part) < width or part is text.split("\r")[-1]
                row = part + row[len(part) :]
            rows.append(row.rstrip())
        return rows


@pytest.fixture
def terminal(monkeypatch):
    made = Terminal()
    # pytest puts an output of its own in place of sys.stdout between a fixture and its test.
    monkeypatch.setattr(console, "sys", types.SimpleNamespace(stdout=made))
    monkeypatch.setenv("COLUMNS", "100")
    return made


def test_the_bar_of_fit(terminal):
    regression().fit(X, X, batch_size=2, epochs=2, validation_split=0.5)
    first, bar, second, *_ = terminal.lines()
    assert (first, second) == ("Epoch 1/2", "Epoch 2/2")
    assert re.fullmatch(r"3/3 ━{20} \d+s \d+[mu]?s/step - loss: \S+ - mae: \S+ - val_loss: \S+ - val_mae: \S+", bar)


def test_the_bar_of_evaluate_and_predict(terminal):
    model = regression()
    model.evaluate(X, X, batch_size=4)
    model.predict(X, batch_size=4)
    evaluated, predicted, _ = terminal.lines()
    assert re.fullmatch(r"3/3 ━{20} \d+s \d+[mu]?s/step - loss: \S+ - mae: \S+", evaluated)
    assert re.fullmatch(r"3/3 ━{20} \d+s \d+[mu]?s/step", predicted)


def test_a_bar_fits_a_narrow_terminal(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    bar = fastnn.utils.Progbar(1000, interval=0)
    for step in range(1, 1001, 111):
        bar.update(step, [("loss", 1.0), ("accuracy", 0.5), ("another_metric", 2.0)])
    drawn = re.sub(r"\x1b\[\d+m", "", terminal.getvalue()).split("\r")[1:-1]
    assert drawn and all(len(line) < 50 and "step" in line for line in drawn)
    assert "loss: 1.0000 - accuracy: 0.5000 - another_metric: 2.0000" in terminal.lines()[0]


def test_a_bar_tells_the_time_left(terminal, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    bar = fastnn.utils.Progbar(101, interval=0)
    now[0] = 2.0
    bar.update(1)
    now[0] = 22.0
    bar.update(11)
    assert re.search(r" 11/101 ━{20} 3:00 2s/step", re.sub(r"\x1b\[\d+m", "", terminal.getvalue()))


def test_a_bar_of_unknown_length_counts_up(terminal):
    bar = fastnn.utils.Progbar(None, interval=0)
    bar.update(1, [("loss", 1.0)])
    bar.add(1, [("loss", 3.0)])
    bar.update(2, [("loss", 2.0)], finalize=True)
    assert re.fullmatch(r" +2/Unknown 0s \S+/step - loss: 2.0000", terminal.lines()[0])


def test_a_bar_averages_values_over_steps(terminal):
    bar = fastnn.utils.Progbar(4, interval=0, stateful_metrics=["last"])
    bar.update(1, [("mean", 1.0), ("last", 1.0)])
    bar.update(3, [("mean", 4.0), ("last", 4.0)])
    assert "mean: 3.0000 - last: 4.0000" in terminal.getvalue()
    with pytest.raises(ValueError, match="got both"):
        fastnn.utils.Progbar(4, stateful_metrics=["a"], stateless_metrics=["b"])


def test_a_stopped_epoch_shows_the_steps_that_ran(terminal):
    stop = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: setattr(stop.model, "stop_training", True))
    regression().fit(X, X, batch_size=4, callbacks=[stop])
    assert terminal.lines()[0].startswith("1/3 ")


class Minimal:
    """A standard output of somebody's own."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


def closed():
    file = io.StringIO()
    file.close()
    return file


@pytest.mark.parametrize("output", [None, closed(), Minimal()], ids=["missing", "closed", "own"])
@pytest.mark.parametrize("verbose", [1, 2])
def test_fit_goes_on_with_any_standard_output(monkeypatch, output, verbose):
    monkeypatch.setattr(sys, "stdout", output)
    model = regression()
    stop = callbacks.EarlyStopping("loss", patience=1, verbose=1, min_delta=1e9)
    history = model.fit(X, X, epochs=3, verbose=verbose, callbacks=[stop])
    model.evaluate(X, X, verbose=verbose)
    model.predict(X, verbose=verbose)
    assert history.epoch == [0, 1]
    if isinstance(output, Minimal):
        assert "Epoch 2: early stopping" in output.text and "loss: " in output.text


def test_an_output_that_cannot_encode_the_bar(monkeypatch):
    raw = io.BytesIO()
    narrow = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(narrow, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdout", narrow)
    regression().fit(X, X)
    assert b"=" * 20 in raw.getvalue()


def test_a_notebook_gets_one_line(monkeypatch):
    output = Terminal()
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(type(output), "__module__", "ipykernel.iostream")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "24")
    regression().fit(X, X, batch_size=4, epochs=30, validation_split=0.25)
    text = output.getvalue()
    assert text.count("\n") <= 1 and "Epoch 30/30: 100%" in text
    assert re.search(r"90/90 .*step - loss: \S+ - mae: \S+ - val_loss: ", text)


def test_messages_go_to_a_logger_where_printing_is_off(caplog):
    fastnn.utils.disable_interactive_logging()
    try:
        with caplog.at_level("INFO", "fastnn"):
            regression().fit(X, X, epochs=3, callbacks=[callbacks.EarlyStopping("loss", -1e9, verbose=1)])
    finally:
        fastnn.utils.enable_interactive_logging()
    assert caplog.messages == ["Epoch 2: early stopping"]


@pytest.mark.parametrize("as_json", [False, True])
def test_remote_monitor(as_json):
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, self.headers["Content-Type"], self.headers["X-Key"], body))
            self.send_response(500)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monitor = callbacks.RemoteMonitor(
            f"http://127.0.0.1:{server.server_port}", "/here", "it", {"X-Key": "7"}, send_as_json=as_json
        )
        regression().fit(X, X, epochs=2, verbose=0, callbacks=[monitor])
        server.shutdown()
    path, kind, key, body = received[1]
    assert len(received) == 2 and (path, key) == ("/here", "7")
    sent = json.loads(body if as_json else urllib.parse.parse_qs(body)["it"][0])
    assert kind == ("application/json" if as_json else "application/x-www-form-urlencoded")
    assert sent["epoch"] == 1 and set(sent) == {"epoch", "loss", "mae"}


def test_an_unreachable_server_is_warned_of():
    with pytest.warns(UserWarning, match="could not reach http://127.0.0.1:9"):
        regression().fit(X, X, verbose=0, callbacks=[callbacks.RemoteMonitor("http://127.0.0.1:9")])


def test_callbacks_pickle(tmp_path):
    pytest.importorskip("tensorboard")
    made = [
        callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False),
        callbacks.CSVLogger(tmp_path / "log.csv"),
        callbacks.EarlyStopping("loss"),
        callbacks.History(),
        callbacks.LambdaCallback(on_epoch_end=print),
        callbacks.LearningRateScheduler(max),
        callbacks.ModelCheckpoint(str(tmp_path / "m.keras"), save_freq=2),
        callbacks.ProgbarLogger(),
        callbacks.ReduceLROnPlateau("loss"),
        callbacks.RemoteMonitor(),
        callbacks.TensorBoard(tmp_path / "board"),
        callbacks.TerminateOnNaN(),
    ]
    used = [one for one in made if not isinstance(one, (callbacks.LambdaCallback, callbacks.RemoteMonitor))]

    class InTheMiddle(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            for one in used:
                pickle.dumps(one)

    used = [one for one in used if not isinstance(one, callbacks.LearningRateScheduler)]
    regression().fit(X, X, epochs=2, verbose=0, callbacks=[*used, InTheMiddle()])
    for one in made:
        back = pickle.loads(pickle.dumps(one))
        assert type(back) is type(one)
    stop = pickle.loads(pickle.dumps(made[2]))
    assert stop.best == made[2].best and stop.best is not None
    again = pickle.loads(pickle.dumps(made[6]))
    regression().fit(X, X, batch_size=4, verbose=0, callbacks=[again])


def test_a_subclass_may_override_the_hook_of_a_checkpoint(tmp_path):
    seen = []

    class Mine(callbacks.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)
            super().on_train_batch_end(batch, logs)

    for frequency, files in (("epoch", ["1.keras"]), (2, ["1-2.keras"])):
        name = "{epoch}.keras" if frequency == "epoch" else "{epoch}-{batch}.keras"
        folder = tmp_path / str(frequency)
        regression().fit(X, X, batch_size=4, verbose=0, callbacks=[Mine(str(folder / name), save_freq=frequency)])
        assert sorted(path.name for path in folder.iterdir()) == files
    assert seen == [0, 1, 2, 0, 1, 2]


def test_a_list_of_callbacks_is_a_callback():
    told = []
    inner = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: told.append((epoch, sorted(logs))))
    hooks = callbacks.CallbackList([inner], add_history=True, add_progbar=True, model=regression(), epochs=1, steps=3)
    assert [type(one).__name__ for one in hooks.callbacks] == ["LambdaCallback", "ProgbarLogger", "History"]
    assert hooks.callbacks[1].target == 3 and hooks.model.history is hooks.history
    hooks.append(callbacks.TerminateOnNaN())
    hooks.on_train_begin()
    hooks.on_epoch_end(4, {"loss": 1.0})
    assert told == [(4, ["loss"])] and hooks.history.history == {"loss": [1.0]}
    model = regression()
    history = model.fit(X, X, verbose=0, callbacks=callbacks.CallbackList([inner]))
    assert told[1:] == [(0, ["loss", "mae"])] and history.epoch == [0]
    model.fit(X, X, verbose=0, callbacks=[[inner], (callbacks.TerminateOnNaN(),)])
    assert len(told) == 3


def test_names_of_a_callback_of_ones_own_are_free(tmp_path):
    class Mine(callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.counts = self.close = self.advance = self.shows_progress = self.runs_last = 7
            self.set_run = self.set_companions = self.restore_counts = self.keeps_history = None

    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    history = regression().fit(X, X, verbose=0, callbacks=[Mine(), backup])
    assert type(history) is callbacks.History


def events(directory):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    made = accumulator.EventAccumulator(str(directory), size_guidance={"images": 0, "tensors": 0})
    return made.Reload()


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.util.tensor_util import make_ndarray

    inputs = Input((1,), name="x")
    hidden = layers.Dense(3, name="hidden", activation="relu")(inputs)
    joined = layers.Add(name="sum")([hidden, layers.Dense(3, name="more")(inputs)])
    model = Model(inputs, layers.Dense(1, name="out")(joined))
    model.compile(fastnn.optimizers.SGD(0.05), "mse", metrics=["mae"])
    board = callbacks.TensorBoard(
        tmp_path, histogram_freq=2, write_images=True, write_steps_per_second=True, update_freq=2
    )
    history = model.fit(X, X, batch_size=2, epochs=3, validation_split=0.5, verbose=0, callbacks=[board])
    train, held = events(tmp_path / "train"), events(tmp_path / "validation")

    def scalars(file, name):
        return [(one.step, float(make_ndarray(one.tensor_proto))) for one in file.Tensors(name)]

    assert scalars(train, "epoch_loss") == [(i, pytest.approx(v)) for i, v in enumerate(history.history["loss"])]
    assert scalars(train, "epoch_learning_rate") == [(i, pytest.approx(0.05)) for i in range(3)]
    assert scalars(held, "epoch_mae") == [(i, pytest.approx(v)) for i, v in enumerate(history.history["val_mae"])]
    assert [step for step, _ in scalars(held, "evaluation_loss_vs_iterations")] == [3, 6, 9]
    assert [step for step, _ in scalars(train, "batch_loss")] == [2, 4, 6, 8]
    assert all(value > 0 for _, value in scalars(train, "epoch_steps_per_second"))
    assert all(value > 0 for _, value in scalars(train, "batch_steps_per_second"))
    first, last = train.Tensors("hidden/kernel/histogram")
    assert (first.step, last.step) == (0, 2)
    buckets = make_ndarray(last.tensor_proto)
    assert buckets[:, 2].sum() == 3
    width, height, picture = make_ndarray(train.Tensors("hidden/kernel/image")[0].tensor_proto)
    assert (width, height) == (b"3", b"1") and picture.startswith(b"\x89PNG")
    graph = {node.name: (node.op, list(node.input)) for node in train.Graph().node}
    assert graph["sum"] == ("Add", ["hidden", "more"]) and graph["out"] == ("Dense", ["sum"])
    assert graph["x"] == ("InputLayer", [])


def test_tensorboard_costs_nothing_within_an_epoch(tmp_path):
    pytest.importorskip("tensorboard")
    hooks = callbacks.CallbackList([callbacks.TensorBoard(tmp_path, write_steps_per_second=True)])
    assert hooks.batch_hooks("train") == hooks.batch_hooks("test") == ([], [], [])
    assert any(callbacks.CallbackList([callbacks.TensorBoard(tmp_path, update_freq="batch")]).batch_hooks("train"))


def test_tensorboard_shows_embeddings(tmp_path):
    pytest.importorskip("tensorboard")
    model = Sequential([Input((2,)), layers.Embedding(5, 3, name="words"), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    arguments = {"embeddings_freq": 1, "write_graph": False}
    board = callbacks.TensorBoard(tmp_path, embeddings_metadata={"words": "names.tsv"}, **arguments)
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[board])
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert all(part in config for part in ('tensor_path: "words.tsv"', 'metadata_path: "names.tsv"'))
    np.testing.assert_allclose(np.loadtxt(tmp_path / "words.tsv"), model.layers[0].get_weights()[0], rtol=1e-5)
    wrong = callbacks.TensorBoard(tmp_path, embeddings_metadata={"word": "names.tsv"}, **arguments)
    with pytest.raises(ValueError, match="names word, but the Embedding layers are: words"):
        model.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[wrong])


def test_tensorboard_says_what_is_wrong(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    with pytest.raises(ValueError, match="update_freq"):
        callbacks.TensorBoard(tmp_path, update_freq=0)
    with pytest.raises(ValueError, match="there is no profiler"):
        callbacks.TensorBoard(tmp_path, profile_batch=(2, 5))
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r"pip install tensorboard"):
        callbacks.TensorBoard(tmp_path)
