"""A script for `mpiexec`: trains small models and writes what came out.

    mpiexec -n N python training.py RESULTS.npz [CASE...]

Process 0 writes weights, histories and predictions. All processes check that theirs are the same.
"""

from __future__ import annotations

import importlib.util
import sys
import zlib
from collections.abc import Callable
from typing import Any

import apart
import numpy as np

import fastnn
from fastnn import Model, Sequential, layers, ops
from fastnn.distribution import DataParallel, list_devices, set_distribution
from fastnn.distribution.world import the_world

ROWS = 93
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 6)).astype(np.float32)
Y = (X[:, :1] * X[:, 1:2] + X[:, 2:3]).astype(np.float32)
LABELS = RNG.integers(0, 3, ROWS)
IMAGES = RNG.normal(size=(ROWS, 12, 12, 2)).astype(np.float32)
WORDS = RNG.integers(0, 9, (ROWS, 7)) * (np.arange(7) < RNG.integers(1, 8, (ROWS, 1)))
CASES: dict[str, Callable[[], dict[str, Any]]] = {}


def case(code: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    CASES[code.__name__] = code
    return code


def outcome(model: Any, history: Any, x: Any, batch_size: int = 16) -> dict[str, Any]:
    found = {f"weight {i}": w for i, w in enumerate(model.get_weights())}
    found |= {f"history {name}": np.array(values) for name, values in history.history.items()}
    return found | {"predicted": np.asarray(model.predict(x, verbose=0, batch_size=batch_size))}


@case
def dense() -> dict[str, Any]:
    model = Sequential(
        [
            layers.Input((6,)),
            layers.Dense(17, "relu", kernel_regularizer="l2"),
            layers.Dropout(0.3),
            layers.GaussianNoise(0.1),
            layers.Dense(3, "softmax"),
        ]
    )
    optimizer = fastnn.optimizers.AdamW(0.01, global_clipnorm=1.0)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
    stop = fastnn.callbacks.EarlyStopping(monitor="val_loss", patience=1, restore_best_weights=True)
    history = model.fit(
        X, LABELS, batch_size=20, epochs=4, verbose=0, validation_split=0.2, callbacks=[stop],
        sample_weight=np.linspace(0.5, 2, ROWS),
    )  # fmt: skip
    return outcome(model, history, X) | {"evaluated": np.array(model.evaluate(X, LABELS, verbose=0))}


@case
def convolution() -> dict[str, Any]:
    model = Sequential(
        [
            layers.Input((12, 12, 2)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return outcome(model, model.fit(IMAGES, LABELS, batch_size=40, epochs=2, verbose=0), IMAGES)


@case
def normalized() -> dict[str, Any]:
    model = Sequential(
        [
            layers.Input((12, 12, 2)),
            layers.Conv2D(5, 3, strides=2, use_bias=False),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(7),
            layers.BatchNormalization(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(IMAGES, LABELS, batch_size=32, epochs=2, verbose=0, validation_data=(IMAGES[:50], LABELS[:50]))
    return outcome(model, history, IMAGES)


@case
def masked() -> dict[str, Any]:
    inputs = layers.Input((7,), dtype="int32")
    h = layers.Embedding(9, 5, mask_zero=True)(inputs)
    h = layers.LSTM(6, return_sequences=True)(h)
    model = Model(inputs, layers.Dense(9, "softmax")(h))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return outcome(model, model.fit(WORDS, WORDS, batch_size=24, epochs=2, verbose=0), WORDS)


@case
def two_outputs() -> dict[str, Any]:
    a, b = layers.Input((6,)), layers.Input((7,), dtype="int32")
    h = layers.Concatenate()([layers.Dense(5, "tanh")(a), layers.Flatten()(layers.Embedding(9, 2)(b))])
    model = Model([a, b], {"number": layers.Dense(1, name="number")(h), "kind": layers.Dense(3, name="kind")(h)})
    model.compile(
        fastnn.optimizers.SGD(0.05, momentum=0.9, gradient_accumulation_steps=2),
        {"number": "mse", "kind": fastnn.losses.SparseCategoricalCrossentropy(from_logits=True)},
        loss_weights={"number": 0.5, "kind": 1.0},
    )
    history = model.fit([X, WORDS], {"number": Y, "kind": LABELS}, epochs=2, verbose=0)
    predicted = model.predict([X, WORDS], verbose=0)
    found = {f"weight {i}": w for i, w in enumerate(model.get_weights())}
    return found | {"loss": np.array(history.history["loss"])} | {f"predicted {k}": v for k, v in predicted.items()}


@case
def batches() -> dict[str, Any]:
    class Data(fastnn.utils.PyDataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, k: int) -> Any:
            return X[k * 19 : k * 19 + 19], Y[k * 19 : k * 19 + 19]

    def endless() -> Any:
        while True:
            for k in range(5):
                yield X[k * 13 : k * 13 + 13], Y[k * 13 : k * 13 + 13]

    model = Sequential([layers.Input((6,)), layers.Dense(9, "relu"), layers.Dropout(0.2), layers.Dense(1)])
    model.compile("rmsprop", "mse", metrics=["mae"])
    model.fit(Data(), epochs=2, verbose=0)
    history = model.fit(endless(), steps_per_epoch=7, epochs=2, verbose=0, validation_data=Data())
    model.train_on_batch(X[:9], Y[:9])
    return outcome(model, history, X)


@case
def metrics_with_a_state() -> dict[str, Any]:
    """Metrics that are given all rows of a batch: what they count, and what they report."""

    class Farthest(fastnn.metrics.Metric):
        """Largest distance from the mean of a batch."""

        def __init__(self) -> None:
            super().__init__(name="farthest")
            self.distance = self.add_weight(name="distance", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            distances = ops.abs(y_pred - ops.mean(y_pred, axis=0))
            self.distance.assign(ops.maximum(self.distance, ops.max(distances)))

        def result(self) -> Any:
            return self.distance

    model = Sequential(
        [
            layers.Input((12, 12, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    of_signs = [fastnn.metrics.AUC(), fastnn.metrics.Precision(), fastnn.metrics.Recall(), Farthest()]
    weighted = [fastnn.metrics.AUC(name="weighted")]
    model.compile("adam", "binary_crossentropy", metrics=of_signs, weighted_metrics=weighted)
    signs = (Y > 0).astype(np.float32)
    history = model.fit(
        IMAGES, signs, batch_size=20, epochs=2, verbose=0, validation_split=0.2,
        sample_weight=np.linspace(0.5, 2, ROWS),
    )  # fmt: skip
    counts = {f"count {i}": v.numpy() for metric in model.metrics for i, v in enumerate(metric.variables)}
    return outcome(model, history, IMAGES) | counts | {"evaluated": np.array(model.evaluate(IMAGES, signs, verbose=0))}


@case
def several_blocks() -> dict[str, Any]:
    """Weights whose gradients are sent in several blocks, while the backward pass goes on."""
    inputs = layers.Input((6,))
    shared = layers.Dense(300, "tanh")
    h = layers.Dense(300, "relu")(inputs)
    h = shared(layers.Dense(300, "relu")(h))
    h = shared(layers.BatchNormalization()(layers.Dense(300)(h)))
    model = Model(inputs, layers.Dense(3)(layers.Dropout(0.2)(h)))
    loss = fastnn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fastnn.optimizers.SGD(0.01, momentum=0.9), loss)
    return outcome(model, model.fit(X, LABELS, batch_size=32, epochs=2, verbose=0), X)


@case
def centered() -> dict[str, Any]:
    """A layer that needs all rows of a batch: every process computes them."""

    class Centered(layers.Layer):
        def call(self, x: Any) -> Any:
            return x - ops.mean(x, axis=0)

    model = Sequential([layers.Input((6,)), layers.Dense(5, "tanh"), Centered(), layers.Dropout(0.2), layers.Dense(1)])
    model.compile("adam", "mse", metrics=[fastnn.metrics.AUC()])
    signs = (Y > 0).astype(np.float32)
    return outcome(model, model.fit(X, signs, batch_size=20, epochs=2, verbose=0, validation_split=0.2), X)


@case
def stateful() -> dict[str, Any]:
    model = Sequential([layers.Input((3, 2), batch_size=31), layers.LSTM(4, stateful=True), layers.Dense(1)])
    model.compile("adam", "mse")
    series = X.reshape(ROWS, 3, 2)
    history = model.fit(series, Y, batch_size=31, epochs=2, verbose=0, shuffle=False)
    return outcome(model, history, series, batch_size=31)


@case
def own_step() -> dict[str, Any]:
    """Steps of the user's own, with noise and a metric."""

    class Noisy(Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with fastnn.GradientTape() as tape:
                noise = 0.1 * fastnn.random.normal(ops.shape(x))
                loss = self.compute_loss(x, y, self(x + noise, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss, **self.compute_metrics(x, y, self(x, training=False))}

        def predict_step(self, data: Any) -> Any:
            return self(data, training=False) + fastnn.random.normal((1,))

    inputs = layers.Input((6,))
    model = Noisy(inputs, layers.Dense(1)(layers.Dropout(0.1)(layers.Dense(7, "relu")(inputs))))
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=20, epochs=2, verbose=0, validation_split=0.2)
    model.train_on_batch(X[:9], Y[:9])
    return outcome(model, model.fit(X, Y, batch_size=20, epochs=1, verbose=0), X)


@case
def in_turns() -> dict[str, Any]:
    """Models of as many weights, with batches of more parts from time to time."""
    found = {}
    models = [Sequential([layers.Input((6,)), layers.Dense(4000, "tanh"), layers.Dense(1)]) for _ in range(2)]
    for model in models:
        model.compile("sgd", "mse")
    for rows in (8, 80, 8, 40, 93):
        for model in models:
            model.fit(X, Y, batch_size=rows, verbose=0)
    for i, model in enumerate(models):
        found |= {f"model {i} {j}": weight for j, weight in enumerate(model.get_weights())}
    return found


class Looks(fastnn.callbacks.Callback):
    """Calls the model on shapes of many lengths, in the first process alone: it makes its programs anew."""

    on_every_process = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for steps in range(1, 8):
            self.model(WORDS[:2, :steps])


@case
def looked_at() -> dict[str, Any]:
    inputs = layers.Input((None,), dtype="int32")
    model = Model(inputs, layers.Dense(3, "softmax")(layers.GlobalAveragePooling1D()(layers.Embedding(9, 5)(inputs))))
    model.compile("adam", "sparse_categorical_crossentropy")
    return outcome(model, model.fit(WORDS, LABELS, batch_size=24, epochs=3, verbose=0, callbacks=[Looks()]), WORDS)


@case
def by_lbfgs() -> dict[str, Any]:
    model = Sequential([layers.Input((6,)), layers.Dense(1)])
    model.compile(fastnn.optimizers.LBFGS(), "mse")
    return outcome(model, model.fit(X, Y, batch_size=93, epochs=4, verbose=0), X)


def in_float64() -> dict[str, Any]:
    model = Sequential([layers.Input((6,), dtype="float64"), *(layers.Dense(n, dtype="float64") for n in (9, 1))])
    model.compile("adam", "mse")
    return outcome(model, model.fit(X, Y, batch_size=31, epochs=2, verbose=0), X)


if importlib.util.find_spec("fastnn._native64"):
    case(in_float64)


def main() -> None:
    results, chosen = sys.argv[1], sys.argv[2:] or list(CASES)
    if results != "-":
        set_distribution(DataParallel())
    found = {}
    for name in chosen:
        fastnn.utils.set_random_seed(3)
        found |= {f"{name}: {key}": value for key, value in CASES[name]().items()}
    if len(list_devices()) > 1:
        from mpi4py import MPI

        assert (the_world().window(1) is None) == apart.APART
        own = {name: zlib.crc32(np.ascontiguousarray(value).tobytes()) for name, value in found.items()}
        for other in MPI.COMM_WORLD.allgather(own):
            assert other == own, [name for name in own if own[name] != other[name]]
        if MPI.COMM_WORLD.rank:
            return
    np.savez(results if results != "-" else sys.stdout.buffer, **found)


if __name__ == "__main__":
    main()
