"""Writes models of every kind with fastnn, and their outputs, for `check.py` to load with real Keras.

python tests/interop/write.py FOLDER [--random 40]
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import fastnn
import random_models
from cases import CASES
from fastnn import Input, Model, Sequential, layers, losses, ops, optimizers
from fastnn.saving.functions import only_for_fastnn
from test_layers import inputs, made
from test_ops import TABLE, symbolic

STEPS = 3


def models():
    """Returns compiled models: (name, model, inputs, targets, first version of Keras that reads it)."""
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
    yield "chain", chain, [images], [rng.integers(0, 3, 8)], (3, 0)
    for cls in (
        optimizers.Adadelta, optimizers.Adafactor, optimizers.Adagrad, optimizers.Adamax, optimizers.Ftrl,
        optimizers.Lamb, optimizers.Lion, optimizers.Muon, optimizers.Nadam, optimizers.ScheduleFreeAdamW,
    ):  # fmt: skip
        small = Sequential([Input((4,)), layers.Dense(5, "tanh"), layers.Dense(2)])
        small.compile(cls(0.05, use_ema=True, ema_momentum=0.5), "mse")
        xs = rng.normal(size=(8, 4)).astype(np.float32)
        yield f"optimizer-{small.optimizer.name}", small, [xs], [xs[:, :2]], (3, 15)
    for config in (None, fastnn.quantizers.Int8QuantizationConfig(activation_quantizer=None)):
        integers = Sequential(
            [
                Input((3, 5)),
                layers.Dense(8, "relu"),
                layers.EinsumDense("abc,cde->abde", (3, 2, 4), bias_axes="de"),
                layers.EinsumDense("abcd,ecd->abe", (3, 6)),
                layers.Flatten(),
                layers.Dense(2),
            ]
        )
        integers.quantize("int8", config)
        integers.compile("sgd", "mse")
        xs = rng.normal(size=(8, 3, 5)).astype(np.float32)
        yield f"quantized-{'rows' if config is None else 'weights'}", integers, [xs], [xs[:, 0, :2]], (3, 15)
    tokens = Input((4,), dtype="int32")
    there = layers.ReversibleEmbedding(9, 6)
    words = Model(tokens, there(layers.Dense(6, "tanh")(there(tokens)), reverse=True))
    words.quantize("int8")
    words.compile("sgd", "mse")
    yield "quantized-words", words, [rng.integers(0, 9, (8, 4))], [rng.normal(size=(8, 4, 9))], (3, 15)
    for policy in ("mixed_bfloat16", "bfloat16"):
        fastnn.config.set_dtype_policy(policy)
        tokens = Input((4,), dtype="int32")
        h = layers.EinsumDense("abc,cde->abde", (4, 2, 3), bias_axes="de")(layers.Embedding(9, 6)(tokens))
        halves = Model(tokens, layers.Dense(2)(layers.Dense(8, "relu")(layers.Flatten()(h))))
        halves.compile(optimizers.SGD(0.05), "mse")
        fastnn.config.set_dtype_policy("float32")
        yield f"rounded-{policy}", halves, [rng.integers(0, 9, (8, 4))], [rng.normal(size=(8, 2))], (3, 15)
    x = Input((6, 4))
    bins = layers.Embedding(4, 3)(layers.Discretization([-1.0, 0.0, 1.0])(x))
    heads = layers.GroupQueryAttention(4, 4, 2)(layers.SpatialDropout1D(0.0)(x), x)
    grouped = Model(x, layers.Dense(2)(layers.Flatten()(layers.Concatenate()([heads, layers.Reshape((6, 12))(bins)]))))
    grouped.compile("sgd", "mse")
    xs = rng.normal(size=(8, 6, 4)).astype(np.float32)
    yield "grouped", grouped, [xs], [xs[:, 0, :2]], (3, 15)
    a, b = Input((5,), name="a"), Input((5,), name="b")
    shared = layers.Dense(5, activation="tanh", name="shared")
    encoder = Sequential([Input((5,)), layers.Dense(4, activation="relu"), layers.Dense(5)], name="encoder")
    x = Input((5,))
    inner = Model(x, layers.Dense(5, name="inside")(x), name="inner")
    h = inner(encoder(layers.Add(name="sum")([shared(a), shared(b)])))
    branched = Model([a, b], [layers.Dense(2, name="o1")(h), layers.Dense(1, name="o2")(layers.Concatenate()([h, a]))])
    branched.compile(optimizers.SGD(0.1, momentum=0.9), ["mse", losses.Huber()], loss_weights=[1.0, 0.5])
    xs = list(rng.normal(size=(2, 8, 5)).astype(np.float32))
    yield "branched", branched, xs, [xs[0][:, :2], xs[1][:, :1]], (3, 4)
    x = Input((8,), name="x")
    single = Model(x, layers.Dense(2)(layers.LeakyReLU(0.1)(layers.Dense(6, kernel_regularizer="l2")(x))))
    single.compile(optimizers.RMSprop(0.01, momentum=0.5, centered=True), "mae")
    xs = [rng.normal(size=(8, 8)).astype(np.float32)]
    yield "single", single, xs, [xs[0][:, :2]], (3, 4)
    a, b = Input((5,), name="a"), Input((5,), name="b")
    h = layers.Dense(6, name="late")(
        ops.tanh(layers.Dense(6)(a)) + 2 * ops.maximum(ops.concatenate([b, b[:, 1:2]], 1), 0.5) / 3
    )
    # A name that Keras would give its function, and composite functions beside layers of the same kind.
    joined = layers.Concatenate(name="concatenate")([ops.softplus(h) ** 2, ops.softmax(layers.Dense(4)(b))])
    scaled = ops.layer_normalization(ops.reshape(joined, (-1, 2, 5)), epsilon=1e-3)
    sums = layers.Dense(2)(ops.sum(scaled, axis=1, keepdims=False) - abs(b))
    between = Model([a, b], [sums, layers.Dense(1)(ops.where(joined > 0.1, joined, -joined) @ np.eye(10, 3))])
    between.compile(optimizers.Adam(0.01), "mse")
    xs = list(rng.normal(size=(2, 8, 5)).astype(np.float32))
    yield "functions", between, xs, [xs[0][:, :2], xs[1][:, :1]], (3, 11)


def random(count):
    """Returns random models by number: the same as of `models`."""
    for seed in range(count):
        with warnings.catch_warnings():
            # Some have layers whose output is no part of them.
            warnings.simplefilter("ignore")
            model, xs, ys = random_models.draw(seed)
        yield f"random-{seed}", model, xs, ys, (3, 15)


def functions():
    """Returns models of one function of `fastnn.ops`, one for each form of call: (name, model, inputs, classes).

    With a second input and output: Keras 3.0 to 3.3 do not read models of one.
    """
    seen = set()
    for row in TABLE:
        if not row.batched:
            continue
        tensors, outputs, xs = symbolic(row)
        spare = Input((1,), name="spare")
        outputs = [one if one.shape[:1] == (None,) else for_each(one, spare) for one in outputs]
        model = Model([*tensors, spare], [*outputs, spare + 1])
        if only_for_fastnn(model):
            continue
        entries = [e for e in json.loads(model.to_json())["config"]["layers"] if e["module"].startswith("keras.src.")]
        ways = {
            (e["class_name"], *sorted({*e["config"], *node["kwargs"]} - {"name"}))
            for e in entries
            for node in e["inbound_nodes"]
        }
        if not ways <= seen:
            seen |= ways
            classes = sorted({(e["module"], e["class_name"]) for e in entries})
            yield row.name, model, [*xs, np.zeros((len(xs[0]), 1), np.float32)], classes


def for_each(one, like):
    """Repeats a value without a batch for each row."""
    zeros = ops.cast(ops.reshape(ops.zeros_like(like), (-1, *[1] * len(one.shape))), one.dtype)
    return (ops.logical_or if one.dtype == "bool" else ops.add)(ops.expand_dims(one, 0), zeros)


def vocabularies():
    """Returns layers with a vocabulary, found or given, each with what it may be called on."""
    words, texts = [["b", "a"], ["b", "c"]], ["b a", "b c"]
    for mode in ("int", "multi_hot", "tf_idf"):
        found = layers.StringLookup(output_mode=mode)
        found.adapt(words)
        yield f"words-{mode}", found, words
        found = layers.TextVectorization(output_mode=mode)
        found.adapt(texts)
        yield f"texts-{mode}", found, texts
    yield "words-given", layers.StringLookup(vocabulary=["b", "c"], mask_token=""), words
    frequencies = layers.StringLookup(vocabulary=["b", "c"], output_mode="tf_idf", idf_weights=[0.5, 0.25])
    yield "words-given-tf_idf", frequencies, words
    numbers = layers.IntegerLookup()
    numbers.adapt([[5, 7], [5, 9]])
    yield "numbers", numbers, [[5, 9], [7, 1]]


def write(folder, count):
    for name, layer, x in vocabularies():
        Sequential([layer]).save(folder / f"vocabulary-{name}.keras")
        told = {"x": x, "vocabulary": [str(one) for one in layer.get_vocabulary()], "y": np.asarray(layer(x)).tolist()}
        (folder / f"vocabulary-{name}.json").write_text(json.dumps(told))
    listed = []

    def note(name, model, xs, since, older=False):
        model.save(folder / f"{name}.keras")
        if older:
            model.save(folder / f"{name}.h5")
        outputs = model.predict(xs if len(xs) > 1 else xs[0], verbose=0)
        arrays = {f"x{i}": x for i, x in enumerate(xs)}
        arrays.update({f"o{i}": o for i, o in enumerate(outputs if isinstance(outputs, list) else [outputs])})
        np.savez(folder / f"{name}.npz", **arrays)
        listed.append({"name": name, "class": "", "functions": [], "since": since})

    for name, model, xs, ys, since in itertools.chain(models(), random(count)):
        fastnn.utils.set_random_seed(1)
        x, y = (values if len(values) > 1 else values[0] for values in (xs, ys))
        model.fit(x, y, epochs=2, batch_size=8, shuffle=False, verbose=0)
        note(name, model, xs, since, older=not name.startswith("random"))
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
    note("wrapped", wrapped, [np.random.default_rng(2).normal(size=(3, 6, 4)).astype(np.float32)], (3, 4), True)
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
        note(f"layer-{case.name}", model, inputs(case, 3), (3, 4) if case.several else (3, 0), older=seen[kind] == 1)
        listed[-1]["class"] = kind
    for name, model, xs, classes in functions():
        note(f"function-{name}", model, xs, (3, 0))
        listed[-1]["functions"] = classes
    (folder / "list.json").write_text(json.dumps(listed))
    print(f"{len(listed)} models of fastnn {fastnn.__version__}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--random", type=int, default=40, help="number of random models")
    told = parser.parse_args()
    told.folder.mkdir(parents=True, exist_ok=True)
    write(told.folder, told.random)
