"""Small works of a model, and the states in which each may leave it, for the tests that interrupt them.

Shared by `failing_allocations.py` and `interrupted.py`. The model has layers that work in pieces, with barriers, with
states and with random numbers.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import fastnn
from fastnn import layers, ops, saving

RNG = np.random.default_rng(0)
X = RNG.random((24, 12, 12, 2), dtype=np.float32)
Y = RNG.integers(0, 3, 24)
FOLDER = Path(tempfile.mkdtemp())
STEPS = 3

Values = list[np.ndarray[Any, Any]]
Work = Callable[[fastnn.Model], Any]


class OwnSteps(fastnn.Model):
    """A model with a step of its own."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with fastnn.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return {"loss": loss}


def built(kind: type[fastnn.Model] = fastnn.Model) -> fastnn.Model:
    """Returns a compiled model with layers that work in pieces, with barriers, with states and with random numbers."""
    fastnn.utils.set_random_seed(1)
    inputs = fastnn.Input((12, 12, 2))
    x = layers.Conv2D(8, 3, activation="relu", padding="same")(inputs)
    x = layers.MaxPooling2D()(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.LSTM(8)(layers.Reshape((6, 48))(x))
    outputs = layers.Dense(3, activation="softmax")(ops.tanh(x))
    model = kind(inputs, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def batches() -> Iterator[tuple[Any, Any]]:
    for i in range(0, 24, 8):
        yield X[i : i + 8], Y[i : i + 8]


class Sequence(fastnn.utils.PyDataset):
    """The same batches, made by threads or processes."""

    def __len__(self) -> int:
        return STEPS

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return X[index * 8 : index * 8 + 8], Y[index * 8 : index * 8 + 8]


def fit(model: fastnn.Model) -> Any:
    return model.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history


def save(model: fastnn.Model) -> Any:
    model.save(FOLDER / "m.keras")
    return saving.load_model(FOLDER / "m.keras").get_weights()


def set_all(model: fastnn.Model) -> Any:
    model.set_weights([weight * 0 + 1 for weight in model.get_weights()])
    return model.get_weights()


WORKS: dict[str, Work] = {
    "build": lambda model: built().get_weights(),
    "fit": fit,
    "own step": fit,
    "generator": lambda model: model.fit(batches(), verbose=0).history,
    "threads": lambda model: model.fit(Sequence(workers=2), shuffle=False, verbose=0).history,
    "evaluate": lambda model: model.evaluate(X, Y, batch_size=8, verbose=0),
    "predict": lambda model: model.predict(X, batch_size=8, verbose=0),
    "call": lambda model: np.asarray(model(X[:5])),
    "batch": lambda model: model.train_on_batch(X[:8], Y[:8]),
    "save": save,
    "weights": lambda model: model.save_weights(FOLDER / "m.weights.h5"),
    "load": lambda model: saving.load_model(io.BytesIO(SAVED)).predict(X, verbose=0),
    "load weights": lambda model: (model.load_weights(FOLDER / "kept.weights.h5"), model.get_weights())[1],
    "set weights": set_all,
    "clone": lambda model: fastnn.models.clone_model(model).count_params(),
    "operations": lambda model: [
        np.asarray(ops.matmul(X[0], X[0].swapaxes(1, 2))),
        np.asarray(ops.conv(X, np.ones((3, 3, 2, 4), np.float32))),
    ],
}
CHANGES = ("fit", "own step", "generator", "threads", "batch")


def state(model: fastnn.Model) -> Values:
    """Returns a copy of the weights and of what the optimizer has, made at its first use at the latest."""
    model.optimizer.build(model.trainable_variables)
    return [*model.get_weights(), *(np.array(variable.numpy()) for variable in model.optimizer.variables)]


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[name], b[name]) for name in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    return np.array_equal(a, b)


def model_for(work: str) -> fastnn.Model:
    return built(OwnSteps if work == "own step" else fastnn.Model)


def states_after_steps(work: str) -> list[Values]:
    """Returns what a model may be when a work ends: as before it, and after each of its steps."""
    model = model_for(work)
    found = [state(model)]
    if work in CHANGES:
        note = fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda *_: found.append(state(model)))
        if work == "batch":
            model.train_on_batch(X[:8], Y[:8])
            found.append(state(model))
        else:
            model.fit(X, Y, batch_size=8, shuffle=False, verbose=0, callbacks=[note])
    elif work in ("set weights", "load weights"):
        WORKS[work](model)
        found.append(state(model))
    return found


def leftovers() -> set[str]:
    """Returns the files in the folder that no work keeps there."""
    return {name for name in os.listdir(FOLDER) if name.split(".")[0] not in ("m", "kept")}


def keep() -> bytes:
    """Writes the files that works read; returns one of them."""
    model = built()
    model.save(FOLDER / "kept.keras")
    model.save_weights(FOLDER / "kept.weights.h5")
    return (FOLDER / "kept.keras").read_bytes()


SAVED = keep()
