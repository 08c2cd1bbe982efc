"""
A run for TensorBoard
=====================

Curves, histograms of the weights and the graph, written without TensorFlow.

Needs the package tensorboard. `tensorboard --logdir logs` then shows what is in the folder.
"""

import tempfile
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

import fastnn
from fastnn.callbacks import EarlyStopping, TensorBoard
from fastnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D

(x_train, y_train), (x_test, y_test) = fastnn.datasets.digits.load_data()
x_train, x_test = x_train[..., None] / 16, x_test[..., None] / 16

folder = tempfile.TemporaryDirectory()  # your own would be a folder such as "logs"
logs = Path(folder.name)
histories = {}
for rate in (0.1, 0.001):
    fastnn.utils.set_random_seed(1)
    model = fastnn.Sequential(
        [
            Input((8, 8, 1)),
            Conv2D(16, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile(fastnn.optimizers.SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    # A folder for each run: TensorBoard lays their curves over one another.
    board = TensorBoard(logs / f"rate-{rate}", histogram_freq=5, write_graph=True, update_freq=20)
    histories[rate] = model.fit(
        x_train, y_train, epochs=10, validation_data=(x_test, y_test), verbose=0,
        callbacks=[board, EarlyStopping("val_loss", patience=3)],
    ).history  # fmt: skip

# What TensorBoard will read there: the same numbers.
for rate, history in histories.items():
    for side in ("train", "validation"):
        events = EventAccumulator(str(logs / f"rate-{rate}" / side)).Reload()
        curve = [float(tensor_util.make_ndarray(event.tensor_proto)) for event in events.Tensors("epoch_accuracy")]
        assert np.allclose(curve, history["accuracy" if side == "train" else "val_accuracy"])
        print(f"rate {rate}, {side}: {', '.join(events.Tags()['tensors'][:4])}; accuracy at the end {curve[-1]:.1%}")
assert histories[0.1]["val_accuracy"][-1] > histories[0.001]["val_accuracy"][-1]
print(f"{sum(1 for path in logs.rglob('events.*'))} files of events")
folder.cleanup()
