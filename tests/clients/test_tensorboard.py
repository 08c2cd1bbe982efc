"""TensorBoard's own reader, on what the callback writes."""

from __future__ import annotations

import os

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.compat import tf
from tensorboard.util import tensor_util

import keras


def test_its_reader(rows, tmp_path):
    x, y, _ = rows
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, "relu", name="hidden"), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1, write_images=True, update_freq="batch")
    history = model.fit(x, y, epochs=3, validation_data=(x, y), verbose=0, callbacks=[board]).history
    assert tf.__version__ == "stub"  # it does without TensorFlow, also where that name means fastnn
    for run, prefix in (("train", ""), ("validation", "val_")):
        events = EventAccumulator(os.path.join(tmp_path, run), size_guidance={"tensors": 0}).Reload()
        for name in ("loss", "mae"):
            read = events.Tensors(f"epoch_{name}")
            assert [event.step for event in read] == [0, 1, 2]
            values = [float(tensor_util.make_ndarray(event.tensor_proto)) for event in read]
            np.testing.assert_allclose(values, history[prefix + name], rtol=1e-6)
    train = EventAccumulator(os.path.join(tmp_path, "train"), size_guidance={"tensors": 0}).Reload()
    assert train.Tags()["graph"] and len(train.Tensors("batch_loss")) == 21
    assert len(train.Tensors("hidden/kernel/histogram")) == 3
    runs = EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload()
    assert set(runs.Runs()) == {"train", "validation"}
