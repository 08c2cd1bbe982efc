"""mlflow: what autolog keeps of a fit, and models that are logged and loaded."""

from __future__ import annotations

import mlflow
import mlflow.keras
import mlflow.tensorflow
import numpy as np
import pytest

import keras


@pytest.fixture
def tracked(tmp_path):
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")


def trained(rows, **arguments):
    x, y, _ = rows
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    with mlflow.start_run() as run:
        history = model.fit(x, y, epochs=3, verbose=0, **arguments)
    return model, history.history, mlflow.get_run(run.info.run_id).data


@pytest.mark.parametrize("flavor", [mlflow.keras, mlflow.tensorflow], ids=["keras", "tensorflow"])
def test_autolog(rows, tracked, flavor):
    x, y, _ = rows
    flavor.autolog()
    try:
        _, history, data = trained(rows, validation_data=(x, y))
    finally:
        flavor.autolog(disable=True)
    for name in ("loss", "mae", "val_loss", "val_mae"):
        assert data.metrics[name] == pytest.approx(history[name][-1])
    assert data.params["epochs"] == "3"
    assert "0.001" in (data.params.get("optimizer_learning_rate"), data.params.get("opt_learning_rate"))


def test_models_and_the_callback(rows, tracked):
    x, y, _ = rows
    model, _, _ = trained(rows, callbacks=[])
    info = mlflow.keras.log_model(model, name="model")
    np.testing.assert_array_equal(
        mlflow.keras.load_model(info.model_uri).predict(x, verbose=0), model.predict(x, verbose=0)
    )
    assert mlflow.pyfunc.load_model(info.model_uri).predict(x[:2]).shape == (2, 1)
    with mlflow.start_run() as run:
        history = model.fit(x, y, epochs=2, verbose=0, callbacks=[mlflow.keras.MlflowCallback()])
    assert mlflow.get_run(run.info.run_id).data.metrics["loss"] == pytest.approx(history.history["loss"][-1])
