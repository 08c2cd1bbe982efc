"""keras-tuner: every tuner, a tuner of a user's own, and what it keeps."""

from __future__ import annotations

import keras_tuner
import pytest

import keras


def build(hp):
    model = keras.Sequential([keras.Input((4,))])
    for i in range(hp.Int("layers", 1, 2)):
        model.add(keras.layers.Dense(hp.Choice(f"units_{i}", [4, 8]), activation=hp.Choice("act", ["relu", "tanh"])))
    if hp.Boolean("dropout"):
        model.add(keras.layers.Dropout(0.1))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    rate = hp.Float("rate", 1e-2, 1e-1, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize(
    ("tuner", "arguments"),
    [
        (keras_tuner.RandomSearch, {"max_trials": 3, "executions_per_trial": 2}),
        (keras_tuner.Hyperband, {"max_epochs": 3}),
        (keras_tuner.BayesianOptimization, {"max_trials": 4}),
        (keras_tuner.GridSearch, {"max_trials": 3}),
    ],
)
def test_tuners(rows, tmp_path, tuner, arguments):
    x, _, label = rows
    search = tuner(build, objective="val_accuracy", directory=tmp_path, project_name="p", seed=1, **arguments)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=2)
    search.search(x, label, epochs=3, validation_data=(x, label), verbose=0, callbacks=[stop])
    best, score = search.get_best_models(1)[0], search.oracle.get_best_trials(1)[0].score
    # The best model is loaded from the checkpoint of its best epoch.
    assert isinstance(best, keras.Model)
    assert best.evaluate(x, label, verbose=0)[1] == pytest.approx(score, abs=0.2)
    assert set(search.get_best_hyperparameters()[0].values) >= {"layers", "act", "dropout", "rate"}
    again = tuner(build, objective="val_accuracy", directory=tmp_path, project_name="p", seed=1, **arguments)
    assert again.oracle.get_best_trials(1)[0].score == score


class Mine(keras_tuner.HyperModel):
    """A model whose training has hyperparameters too."""

    def build(self, hp):
        return build(hp)

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=hp.Choice("batch", [16, 32]), **kwargs)


def test_a_hypermodel(rows, tmp_path, capsys):
    x, _, label = rows
    search = keras_tuner.RandomSearch(
        Mine(), objective=keras_tuner.Objective("val_loss", "min"), max_trials=2, directory=tmp_path
    )
    search.search(x, label, epochs=2, validation_split=0.2)
    search.results_summary()
    assert search.get_best_hyperparameters()[0]["batch"] in (16, 32)
    assert "val_loss" in capsys.readouterr().out


def test_its_network(tmp_path):
    network = keras_tuner.applications.HyperResNet(input_shape=(32, 32, 3), classes=3)
    hp = keras_tuner.HyperParameters()
    hp.Fixed("conv3_depth", 4)
    hp.Fixed("conv4_depth", 6)
    assert network.build(hp).output_shape == (None, 3)
