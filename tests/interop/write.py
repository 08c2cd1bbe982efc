"""Writes models of every kind with fastnn, and what they make of some data, for `check.py` to load with real Keras.

python tests/interop/write.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import fastnn
from cases import CASES
from fastnn import Input, Model, Sequential, layers, losses, optimizers
from test_layers import inputs, made

STEPS = 3


def models():
    """Whole models that are compiled: (name, model, inputs, targets, whether Keras 3.0 reads it)."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(8, 6, 6, 2)).astype(np.float32)
    chain = Sequential(
        [
            Input((6, 6, 2)),
            layers.Conv2D(3, 3, padding="same", use_bias=False, kernel_initializer="he_normal"),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(4, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    chain.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    yield "chain", chain, [images], [rng.integers(0, 3, 8)], True
    a, b = Input((5,), name="a"), Input((5,), name="b")
    shared = layers.Dense(5, activation="tanh", name="shared")
    encoder = Sequential([Input((5,)), layers.Dense(4, activation="relu"), layers.Dense(5)], name="encoder")
    x = Input((5,))
    inner = Model(x, layers.Dense(5, name="inside")(x), name="inner")
    h = inner(encoder(layers.Add(name="sum")([shared(a), shared(b)])))
    branched = Model([a, b], [layers.Dense(2, name="o1")(h), layers.Dense(1, name="o2")(layers.Concatenate()([h, a]))])
    branched.compile(optimizers.SGD(0.1, momentum=0.9), ["mse", losses.Huber()], loss_weights=[1.0, 0.5])
    xs = list(rng.normal(size=(2, 8, 5)).astype(np.float32))
    yield "branched", branched, xs, [xs[0][:, :2], xs[1][:, :1]], False
    x = Input((8,), name="x")
    single = Model(x, layers.Dense(2)(layers.LeakyReLU(0.1)(layers.Dense(6, kernel_regularizer="l2")(x))))
    single.compile(optimizers.RMSprop(0.01, momentum=0.5, centered=True), "mae")
    xs = [rng.normal(size=(8, 8)).astype(np.float32)]
    yield "single", single, xs, [xs[0][:, :2]], False


def write(folder):
    listed = []

    def note(name, model, xs, oldest):
        model.save(folder / f"{name}.keras")
        outputs = model.predict(xs if len(xs) > 1 else xs[0], verbose=0)
        arrays = {f"x{i}": x for i, x in enumerate(xs)}
        arrays.update({f"o{i}": o for i, o in enumerate(outputs if isinstance(outputs, list) else [outputs])})
        np.savez(folder / f"{name}.npz", **arrays)
        listed.append({"name": name, "class": "", "oldest": oldest})

    for name, model, xs, ys, oldest in models():
        fastnn.utils.set_random_seed(1)
        x, y = (values if len(values) > 1 else values[0] for values in (xs, ys))
        model.fit(x, y, epochs=2, batch_size=8, shuffle=False, verbose=0)
        note(name, model, xs, oldest)
        model.save(folder / f"{name}.h5")
        model.save_weights(folder / f"{name}.weights.h5")
        model.fit(x, y, epochs=STEPS, batch_size=8, shuffle=False, verbose=0)
        after = model.predict(x, verbose=0)
        further = {f"y{i}": one for i, one in enumerate(ys)}
        further.update({f"after{i}": one for i, one in enumerate(after if isinstance(after, list) else [after])})
        with np.load(folder / f"{name}.npz") as file:
            np.savez(folder / f"{name}.npz", **dict(file), **further)
    seen = {}
    x = Input((6, 4))
    h = layers.MultiHeadAttention(2, 3)(x, x)
    h = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(h)
    h = layers.TimeDistributed(layers.Dense(3))(layers.AdditiveAttention()([h, h]))
    h = layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)], return_sequences=True)(h)
    wrapped = Model(x, layers.Bidirectional(layers.GRU(2, reset_after=False), merge_mode="sum")(h))
    note("wrapped", wrapped, [np.random.default_rng(2).normal(size=(3, 6, 4)).astype(np.float32)], False)
    for case in CASES:
        layer = made(case)
        kind = type(layer).__name__
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] > 3:
            continue
        if case.several:
            tensors = [Input(shape) for shape in case.shapes]
            model = Model(tensors, layer(tensors))
        else:
            model = Sequential([Input(case.shapes[0]), layer])
        note(f"layer-{case.name}", model, inputs(case, 3), not case.several)
        listed[-1]["class"] = kind
    (folder / "list.json").write_text(json.dumps(listed))
    print(f"{len(listed)} models of fastnn {fastnn.__version__}")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    write(target)
