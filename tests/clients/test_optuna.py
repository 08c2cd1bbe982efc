"""optuna: trials that its callbacks end early."""

from __future__ import annotations

import optuna
import pytest
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
