"""optuna: trials that its callbacks end early, and studies of several processes."""

from __future__ import annotations

import multiprocessing

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna_integration import KerasPruningCallback, TFKerasPruningCallback

import keras


@pytest.mark.parametrize("callback", [KerasPruningCallback, TFKerasPruningCallback])
def test_pruning(rows, callback):
    x, y, _ = rows
    lengths = []

    def objective(trial):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(trial.suggest_float("rate", 1e-5, 1e-1, log=True)), "mse")
        history = model.fit(
            x, y, epochs=5, validation_data=(x, y), verbose=0, callbacks=[callback(trial, "val_loss")]
        ).history
        lengths.append(len(history["val_loss"]))
        return history["val_loss"][-1]

    pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=1)
    study = optuna.create_study(pruner=pruner, sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=12)
    states = {trial.state.name for trial in study.trials}
    assert states == {"COMPLETE", "PRUNED"}
    assert lengths == [5] * len(lengths) and len(lengths) < 12
    assert study.best_value < 1


def _trials_of_a_process(storage, x, y):
    def objective(trial):
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(trial.suggest_int("units", 1, 8)), keras.layers.Dense(1)]
        )
        model.compile("adam", "mse")
        return model.fit(x, y, epochs=2, verbose=0).history["loss"][-1]

    optuna.load_study(study_name="units", storage=storage).optimize(objective, n_trials=4)


def test_a_study_of_several_processes(rows, tmp_path):
    x, y, _ = rows
    journal = JournalStorage(JournalFileBackend(str(tmp_path / "journal.log")))
    study = optuna.create_study(study_name="units", storage=journal)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_trials_of_a_process, args=(journal, x, y)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(study.trials) == 8 and all(trial.state.name == "COMPLETE" for trial in study.trials)
