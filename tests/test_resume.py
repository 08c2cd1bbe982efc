"""Training that is interrupted and resumed: checkpoints, backups, and processes that are killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import fastnn
from fastnn import Input, Sequential, layers, saving
from fastnn.callbacks import BackupAndRestore, Callback, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau

ROWS = 50


def data():
    rng = np.random.default_rng(3)
    return rng.normal(size=(ROWS, 6)).astype(np.float32), rng.integers(0, 3, ROWS)


def make():
    fastnn.utils.set_random_seed(5)
    model = Sequential(
        [Input((6,)), layers.Dense(8, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.4),
         layers.Dense(3, activation="softmax")]
    )  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


class Stop(Exception):
    pass


class StopAt(Callback):
    """Ends training in the middle of an epoch, as a power failure would, except for `finally` blocks."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.at = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            raise Stop


class TestModelCheckpoint:
    def test_a_file_for_each_epoch_by_its_name(self, tmp_path):
        x, y = data()
        model = make()
        path = tmp_path / "sub" / "{epoch:02d}-{loss:.3f}.keras"
        history = model.fit(x, y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(path)])
        names = sorted(p.name for p in (tmp_path / "sub").iterdir())
        assert names == [f"{i + 1:02d}-{loss:.3f}.keras" for i, loss in enumerate(history.history["loss"])]
        assert same(saving.load_model(tmp_path / "sub" / names[1]), model)

    def test_training_goes_on_from_it_to_the_bit(self, tmp_path):
        x, y = data()
        whole = make()
        whole.fit(x, y, batch_size=7, epochs=4, verbose=0)
        part = make()
        part.fit(x, y, batch_size=7, epochs=2, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "m.keras")])
        fastnn.utils.set_random_seed(77)
        loaded = saving.load_model(tmp_path / "m.keras")
        loaded.fit(x, y, batch_size=7, initial_epoch=2, epochs=4, verbose=0)
        assert same(loaded, whole)

    def test_only_the_best(self, tmp_path, capsys):
        model = make()
        checkpoint = ModelCheckpoint(
            tmp_path / "m.weights.h5", monitor="val_loss", save_best_only=True, save_weights_only=True, verbose=1
        )
        checkpoint.set_model(model)
        kept = model.get_weights()
        for epoch, value in enumerate([2.0, 1.0, 3.0]):
            checkpoint.on_epoch_begin(epoch)
            checkpoint.on_epoch_end(epoch, {"val_loss": value})
            if value == 1.0:
                kept = model.get_weights()
            model.set_weights([w + 1 for w in model.get_weights()])
        saving.load_weights(model, tmp_path / "m.weights.h5")
        assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept, strict=True))
        assert "val_loss improved from 2.00000 to 1.00000, saving model to" in capsys.readouterr().out
        assert checkpoint.best == 1.0

    def test_a_threshold_and_the_mode(self, tmp_path):
        model = make()
        checkpoint = ModelCheckpoint(
            tmp_path / "m.keras", monitor="val_accuracy", mode="max", save_best_only=True, initial_value_threshold=0.5
        )
        checkpoint.set_model(model)
        checkpoint.on_epoch_end(0, {"val_accuracy": 0.4})
        assert not (tmp_path / "m.keras").exists()
        checkpoint.on_epoch_end(1, {"val_accuracy": 0.6})
        assert (tmp_path / "m.keras").exists()

    def test_after_so_many_batches(self, tmp_path):
        x, y = data()
        path = tmp_path / "{epoch}-{batch}.weights.h5"
        checkpoint = ModelCheckpoint(path, save_weights_only=True, save_freq=3)
        make().fit(x, y, batch_size=10, epochs=2, verbose=0, callbacks=[checkpoint])
        assert sorted(p.name for p in tmp_path.iterdir()) == ["1-3.weights.h5", "2-1.weights.h5", "2-4.weights.h5"]

    def test_it_does_not_look_at_batches_unless_asked(self):
        hooks = fastnn.callbacks.CallbackList([ModelCheckpoint("m.keras"), BackupAndRestore("d")])
        assert hooks.batch_hooks("train") == ([], [], [])
        assert any(fastnn.callbacks.CallbackList([ModelCheckpoint("m.keras", save_freq=2)]).batch_hooks("train"))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"filepath": "m.txt"}, r"expects a file called \*\.keras"),
            ({"filepath": "m.keras", "save_weights_only": True}, r"expects a file called \*\.weights\.h5"),
            ({"filepath": "m.keras", "save_freq": 0}, "save_freq 'epoch' or an integer"),
        ],
    )
    def test_what_is_refused(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            ModelCheckpoint(**arguments)

    def test_an_unknown_word_in_the_name(self, tmp_path):
        x, y = data()
        with pytest.raises(KeyError, match="names 'val_loss', which is not among the logs"):
            make().fit(x, y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "{val_loss}.keras")])


class TestBackupAndRestore:
    @pytest.mark.parametrize(("save_freq", "epoch", "batch"), [("epoch", 2, 3), (2, 1, 4), (3, 0, 5), (5, 2, 0)])
    def test_a_run_that_goes_on_ends_with_the_same_bits(self, tmp_path, save_freq, epoch, batch):
        x, y = data()
        whole = make()
        whole.fit(x, y, batch_size=7, epochs=4, verbose=0)
        backup = tmp_path / "backup"
        with pytest.raises(Stop):
            callbacks = [BackupAndRestore(backup, save_freq), StopAt(epoch, batch)]
            make().fit(x, y, batch_size=7, epochs=4, verbose=0, callbacks=callbacks)
        assert (backup / "latest.weights.h5").exists()
        again = make()
        again.fit(x, y, batch_size=7, epochs=4, verbose=0, callbacks=[BackupAndRestore(backup, save_freq)])
        assert same(again, whole)
        assert again.optimizer.iterations == whole.optimizer.iterations
        assert not backup.exists()

    @pytest.mark.parametrize(("save_freq", "epoch", "batch"), [("epoch", 2, 3), (3, 0, 5), (5, 2, 0)])
    @pytest.mark.parametrize("kind", ["shuffled", "endless", "filtered", "zipped"])
    def test_the_orders_of_a_dataset_go_on(self, tmp_path, kind, save_freq, epoch, batch):
        from fastnn.data import Dataset

        steps = 8 if kind == "endless" else None

        def begin():
            """Returns a new model and a new dataset, as a new process makes them."""
            model = make()
            x, y = (Dataset.from_tensor_slices(part) for part in data())
            pairs = Dataset.zip((x.shuffle(20, seed=3), y.shuffle(20, seed=3))) if kind == "zipped" else None
            rows = pairs or Dataset.from_tensor_slices(data()).shuffle(30)
            rows = rows.repeat() if kind == "endless" else rows
            rows = rows.filter(lambda a, b: float(a[0]) > -9) if kind == "filtered" else rows
            return model, rows.map(lambda a, b: (a * 2, b)).batch(7).prefetch(2)

        whole, rows = begin()
        whole.fit(rows, epochs=4, steps_per_epoch=steps, verbose=0)
        backup = BackupAndRestore(tmp_path / "b", save_freq=save_freq)
        model, rows = begin()
        with pytest.raises(Stop):
            model.fit(rows, epochs=4, steps_per_epoch=steps, verbose=0, callbacks=[backup, StopAt(epoch, batch)])
        resumed, rows = begin()
        resumed.fit(
            rows, epochs=4, steps_per_epoch=steps, verbose=0,
            callbacks=[BackupAndRestore(tmp_path / "b", save_freq=save_freq)],
        )  # fmt: skip
        assert same(resumed, whole)

    @pytest.mark.filterwarnings("ignore:Your input ran out of data")
    @pytest.mark.parametrize("steps", [4, 5])
    def test_epochs_that_do_not_see_all_rows(self, tmp_path, steps):
        x, y = data()
        arguments = {"batch_size": 7, "steps_per_epoch": steps, "epochs": 4, "verbose": 0}
        whole = make()
        whole.fit(x, y, **arguments)
        with pytest.raises(Stop):
            make().fit(x, y, **arguments, callbacks=[BackupAndRestore(tmp_path, 3), StopAt(2, 2)])
        again = make()
        again.fit(x, y, **arguments, callbacks=[BackupAndRestore(tmp_path, 3)])
        assert same(again, whole)

    def test_what_other_callbacks_count(self, tmp_path):
        x, y = data()

        def others():
            return [
                ReduceLROnPlateau("loss", patience=1, min_delta=10, factor=0.5),
                EarlyStopping("loss", patience=3, min_delta=10, restore_best_weights=True),
            ]

        whole = make()
        history = whole.fit(x, y, batch_size=7, epochs=9, verbose=0, callbacks=others())
        with pytest.raises(Stop):
            make().fit(
                x, y, batch_size=7, epochs=9, verbose=0, callbacks=[BackupAndRestore(tmp_path), *others(), StopAt(2, 1)]
            )
        again = make()
        callbacks = [BackupAndRestore(tmp_path), *others()]
        rest = again.fit(x, y, batch_size=7, epochs=9, verbose=0, callbacks=callbacks)
        assert same(again, whole)
        assert rest.epoch == history.epoch[2:]
        assert rest.history["learning_rate"] == history.history["learning_rate"][2:]
        assert callbacks[2].stopped_epoch == 3

    def test_a_damaged_backup_gives_way_to_the_one_before(self, tmp_path):
        x, y = data()
        whole = make()
        whole.fit(x, y, batch_size=7, epochs=4, verbose=0)
        with pytest.raises(Stop):
            callbacks = [BackupAndRestore(tmp_path, double_checkpoint=True), StopAt(2, 1)]
            make().fit(x, y, batch_size=7, epochs=4, verbose=0, callbacks=callbacks)
        latest = tmp_path / "latest.weights.h5"
        latest.write_bytes(latest.read_bytes()[:500])
        again = make()
        again.fit(x, y, batch_size=7, epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
        assert same(again, whole)

    def test_a_backup_of_another_model(self, tmp_path):
        x, y = data()
        with pytest.raises(Stop):
            make().fit(x, y, epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path), StopAt(2, 1)])
        other = Sequential([Input((6,)), layers.Dense(3)])
        other.compile("sgd", "sparse_categorical_crossentropy")
        with pytest.raises(ValueError, match="do not fit the model"):
            other.fit(x, y, epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path)])

    def test_it_may_stay(self, tmp_path):
        x, y = data()
        make().fit(x, y, verbose=0, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)])
        assert [p.name for p in tmp_path.iterdir()] == ["latest.weights.h5"]
        with pytest.raises(ValueError, match="directory"):
            BackupAndRestore("")


CHILD = """
import sys, time
import numpy as np
sys.path.insert(0, {tests!r})
from test_resume import data, make
import fastnn
from fastnn.callbacks import BackupAndRestore, LambdaCallback
x, y = data()
model = make()
print("begun", flush=True)
slow = LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.004))
model.fit(x, y, batch_size=7, epochs=12, verbose=0, callbacks=[BackupAndRestore({backup!r}, 3), slow])
np.savez({result!r}, *model.get_weights())
"""


class OwnStep(Sequential):
    """Model with a step of its own, which keeps a mean and a metric that counts in variables."""

    def train_step(self, data):
        x, y = data
        with fastnn.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self.mean.update_state(loss)
        return {"loss": self.mean.result()}

    @property
    def metrics(self):
        return [self.mean]


def two_outputs():
    x = Input((6,))
    hidden = layers.Dense(5, activation="tanh")(x)
    model = fastnn.Model(
        x, {"a": layers.Dense(3, activation="softmax", name="a")(hidden), "b": layers.Dense(1, name="b")(hidden)}
    )
    model.compile(
        "sgd", {"a": "sparse_categorical_crossentropy", "b": "mse"}, metrics={"a": ["accuracy"], "b": ["mae"]}
    )
    return model


def with_auc():
    model = Sequential([Input((6,)), layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["AUC", "Precision", "accuracy"], weighted_metrics=["mse"])
    return model


def own_step():
    model = OwnStep([Input((6,)), layers.Dense(1)])
    model.mean = fastnn.metrics.Mean()
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("made", [two_outputs, with_auc, own_step])
@pytest.mark.parametrize("at", [(0, 1), (2, 3), (2, 7), (3, 5)])
def test_the_logs_of_an_interrupted_epoch_go_on(made, at, tmp_path):
    """A callback that reads the loss of the epoch decides as in a run without an interruption."""
    x, y = data()
    y = {"a": y, "b": x[:, 0]} if made is two_outputs else y % 2

    def run(*further):
        fastnn.utils.set_random_seed(7)
        model = made()
        rate = ReduceLROnPlateau("loss", patience=1, factor=0.5, min_delta=0.05)
        backup = BackupAndRestore(tmp_path / "backup", save_freq=2)
        histories.append(model.fit(x, y, batch_size=7, epochs=6, verbose=0, callbacks=[rate, backup, *further]).history)
        return model

    histories = []
    whole = run()
    for epoch, batch in (at, (4, 6)):
        with pytest.raises(Stop):
            run(StopAt(epoch, batch))
    resumed = run()
    assert same(whole, resumed)
    whole_logs, resumed_logs = histories
    for name, values in resumed_logs.items():
        assert values == whole_logs[name][-len(values) :], name


def test_sums_of_other_metrics_are_refused(tmp_path):
    x, y = data()
    model = make()
    backup = BackupAndRestore(tmp_path / "backup", save_freq=2)
    with pytest.raises(Stop):
        model.fit(x, y, batch_size=7, epochs=3, verbose=0, callbacks=[backup, StopAt(1, 4)])
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(
        ValueError, match="the sums of the interrupted epoch are those of other losses or metrics: expected"
    ):
        model.fit(x, y, batch_size=7, epochs=3, verbose=0, callbacks=[backup])


def test_a_process_that_is_killed_ten_times_ends_with_the_same_bits(tmp_path):
    x, y = data()
    whole = make()
    whole.fit(x, y, batch_size=7, epochs=12, verbose=0)
    result = tmp_path / "weights.npz"
    script = CHILD.format(tests=str(fastnn_tests()), backup=str(tmp_path / "backup"), result=str(result))
    rng = random.Random(11)
    killed = 0
    for _ in range(60):
        child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert child.stdout.readline() == "begun\n"
        if killed < 10:
            time.sleep(rng.uniform(0.0, 0.12))
            child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
        else:
            assert child.wait() == 0
        child.stdout.close()
        if result.exists():
            break
    assert killed == 10
    with np.load(result) as weights:
        assert all(np.array_equal(weights[f"arr_{i}"], w) for i, w in enumerate(whole.get_weights()))
    assert not (tmp_path / "backup").exists()


def fastnn_tests():
    from pathlib import Path

    return Path(__file__).parent
