"""wandb, offline: metrics by epoch and by batch, and checkpoints."""

from __future__ import annotations

import os

import pytest
import wandb
from wandb.integration.keras import WandbMetricsLogger, WandbModelCheckpoint

import keras


def test_its_callbacks(rows, monkeypatch):
    x, y, _ = rows
    monkeypatch.setenv("WANDB_SILENT", "true")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    with wandb.init(project="p", mode="offline") as run:
        history = model.fit(
            x, y, epochs=2, validation_data=(x, y), verbose=0,
            callbacks=[
                WandbMetricsLogger(log_freq="batch"),
                WandbMetricsLogger(),
                WandbModelCheckpoint("models/{epoch:02d}.keras"),
                WandbModelCheckpoint("steps/{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=7),
            ],
        )  # fmt: skip
        seen = dict(run.summary)
    assert seen["epoch/val_loss"] == pytest.approx(history.history["val_loss"][-1])
    assert seen["batch/batch_step"] == 13
    assert sorted(os.listdir("models")) == ["01.keras", "02.keras"]
    assert sorted(os.listdir("steps")) == ["1-7.weights.h5", "2-7.weights.h5"]
    keras.models.load_model("models/02.keras").evaluate(x, y, verbose=0)
