"""Writes the files of this folder with real Keras: models of every kind, their outputs for some data, and how
training continues.

Run it once for each version, in an environment that has it (`keras` with jax; `tf_keras` with TensorFlow for Keras 2):

    KERAS_BACKEND=jax python tests/files/write_zoo.py tests/files

Archives are compressed afterwards, which Keras reads too, and HDF5 files packed by gzip; nothing else is changed.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import sys
import zipfile
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if importlib.util.find_spec("tf_keras"):
    import tf_keras as keras

    VERSION = "2"
else:
    import keras

    VERSION = keras.__version__
K, L = keras, keras.layers
STEPS = 3


def chain():
    model = K.Sequential(
        [
            K.Input((6, 6, 2)),
            L.Conv2D(3, 3, activation="relu", padding="same"),
            L.BatchNormalization(momentum=0.9),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(4, activation="gelu", kernel_constraint=K.constraints.MaxNorm(2)),
            L.Dense(3, activation="softmax", name="out"),
        ]
    )
    model.compile(K.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, [(6, 6, 2)], "labels"


def branched():
    a, b = K.Input((5,), name="a"), K.Input((5,), name="b")
    shared = L.Dense(5, activation="tanh", name="shared")
    encoder = K.Sequential([K.Input((5,)), L.Dense(4, activation="relu"), L.Dense(5)], name="encoder")
    x = K.Input((5,))
    inner = K.Model(x, L.Dense(5, name="inside")(x), name="inner")
    h = inner(encoder(L.Add(name="sum")([shared(a), shared(b)])))
    o1, o2 = L.Dense(2, name="o1")(h), L.Dense(1, name="o2")(L.Concatenate()([h, a]))
    model = K.Model([a, b], [o1, o2])
    model.compile(K.optimizers.SGD(0.1, momentum=0.9), ["mse", K.losses.Huber()], loss_weights=[1.0, 0.5])
    return model, [(5,), (5,)], "targets"


def single():
    x = K.Input((8,), name="x")
    h = L.Dense(6, kernel_initializer="he_normal")(x)
    h = L.LeakyReLU()(h)
    h = L.LayerNormalization()(h)
    model = K.Model(x, L.Dense(2)(L.Dropout(0.5)(h)))
    model.compile(K.optimizers.RMSprop(0.01, momentum=0.5, centered=True), K.losses.MeanAbsoluteError())
    return model, [(8,)], None


def convolutions():
    x = K.Input((9, 8, 3))
    h = L.ZeroPadding2D(((1, 0), (0, 2)))(x)
    h = L.DepthwiseConv2D(3, depth_multiplier=2, padding="same")(h)
    h = L.SeparableConv2D(4, 3, strides=2, activation="relu")(h)
    h = L.Conv2DTranspose(3, 3, strides=2, padding="same")(h)
    h = L.AveragePooling2D(2, padding="same")(L.UpSampling2D(2)(L.Cropping2D(1)(h)))
    h = L.Reshape((-1, 3))(h)
    h = L.Conv1D(4, 3, padding="causal", dilation_rate=2)(h)
    h = L.GlobalAveragePooling1D()(L.PReLU(shared_axes=[1])(L.Permute((1, 2))(h)))
    return K.Model(x, h), [(9, 8, 3)], None


def recurrent():
    x = K.Input((7, 4))
    h = L.Bidirectional(L.LSTM(3, return_sequences=True))(x)
    h = L.GRU(3, return_sequences=True)(h)
    h = L.TimeDistributed(L.Dense(4))(h)
    h = L.RNN([L.GRUCell(3), L.LSTMCell(2)], return_sequences=True)(h)
    h = L.GRU(3, reset_after=False, return_sequences=True)(h)
    h = L.SimpleRNN(3, return_sequences=True, go_backwards=True)(h)
    return K.Model(x, L.Bidirectional(L.SimpleRNN(2), merge_mode="sum")(h)), [(7, 4)], None


def words():
    scale = L.Rescaling(2.0, offset=1.0)
    model = K.Sequential([K.Input((6,)), scale, L.Embedding(20, 4), L.GlobalMaxPooling1D(), L.Dense(2)])
    return model, [(6,)], None


def prepared():
    normal = L.Normalization()
    normal.adapt(np.random.default_rng(5).normal(2.0, 3.0, (50, 4)).astype("float32"))
    return K.Sequential([K.Input((4,)), normal, L.Dense(3)]), [(4,)], None


def functions():
    ops = K.ops
    a, b = K.Input((4, 6), name="a"), K.Input((4, 6), name="b")
    h = L.Dense(6, activation="tanh", name="near")(a)
    h = 2 * ops.tanh(L.Dense(6, name="far")(h)) + b / 4 - 0.5 * abs(-h) ** 2
    h = ops.concatenate([h[:, :, ::-1], ops.stack([h[:, 0], h[:, -1]], axis=1), h[:, 1, None, 0:6]], axis=1)
    first, second = ops.split(ops.transpose(h, (0, 2, 1)), [3], axis=-1)
    mean, variance = ops.moments(second, axes=[1], keepdims=True)
    h = ops.einsum("bij,bik->bjk", first, (second - mean) * ops.rsqrt(variance + 0.1))
    h = h @ np.linspace(-1, 1, 8, dtype="float32").reshape(4, 2) + ops.sum(b, axis=(1, 2))[:, None, None]
    h = ops.where(ops.logical_and(h > -1, h <= 2), K.activations.relu(h, negative_slope=0.1), ops.sign(h) * 0.3)
    h = ops.softmax(ops.reshape(ops.pad(h, ((0, 0), (1, 0), (0, 0)), constant_values=0.5), (-1, 8)), axis=-1)
    best, places = ops.top_k(ops.clip(h, 0.01, 0.9) % 0.35, 3)
    kept = ops.cast(places // 2, "float32") * best + ops.take(h, [0, 2, 5], axis=-1)
    kept = kept * ops.sum(ops.one_hot(places, 8), axis=-1) + ops.max(h, axis=1, keepdims=True)
    model = K.Model([a, b], [L.Dense(2)(kept), K.activations.gelu(L.Dense(2)(h))])
    model.compile(K.optimizers.SGD(0.05), ["mse", "mae"])
    return model, [(4, 6), (4, 6)], "targets"


def later():
    """Functions that Keras 3.0 lacks."""
    ops = K.ops
    x = K.Input((4, 6))
    h = ops.layer_normalization(x, axis=-1, epsilon=1e-3) + ops.rms_normalization(x) * x[..., :1]
    parts = ops.unstack(h, axis=1)
    h = ops.select([parts[0] > 0.5, parts[1] > 0], [parts[2], parts[3] * 2], 0.25)
    near = ops.cast(ops.isclose(h, parts[3], atol=0.3), "float32")
    h = ops.average(ops.slice(x, (0, 1, 0), (-1, 3, 6)), axis=1, weights=np.array([0.2, 0.3, 0.5], "float32")) + near
    h = ops.glu(ops.squareplus(ops.diff(ops.swapaxes(x, 1, 2), axis=1)), axis=-1) + ops.sum(h, -1)[:, None, None]
    return K.Model(x, [h, ops.logaddexp2(h, ops.trace(x, axis1=1, axis2=2)[:, None, None])]), [(4, 6)], None


MODELS = [chain, branched, single, convolutions, recurrent, words, prepared, functions, later]


def known(layer, rng):
    """Sets weights that are not all zeros and ones, so that confused ones differ; variances and counts stay."""
    for variable in layer.weights:
        value = np.asarray(variable)
        if not ("variance" in variable.name or "mean" in variable.name or "count" in variable.name):
            variable.assign(value + rng.uniform(-0.3, 0.3, value.shape).astype(value.dtype))


def compressed(path):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def packed(path):
    with gzip.GzipFile(f"{path}.gz", "wb", mtime=0) as file:
        file.write(Path(path).read_bytes())
    os.remove(path)


def write(folder):
    for make in MODELS:
        name = make.__name__
        keras.utils.set_random_seed(7)
        try:
            model, shapes, kind = make()
        except AttributeError:
            continue  # a layer that this version lacks
        rng = np.random.default_rng(11)
        known(model, rng)
        xs = [rng.normal(size=(4, *shape)).astype("float32") for shape in shapes]
        if name == "words":
            xs = [np.abs(np.round(3 * x)) for x in xs]
        x = xs if len(xs) > 1 else xs[0]
        outputs = model.predict(x, verbose=0)
        arrays = {f"x{i}": one for i, one in enumerate(xs)}
        if kind is not None:
            y = (
                np.array([0, 2, 1, 1])
                if kind == "labels"
                else [rng.normal(size=o.shape).astype("float32") for o in outputs]
            )
            model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0)
            arrays.update({f"y{i}": one for i, one in enumerate(y if isinstance(y, list) else [y])})
            outputs = model.predict(x, verbose=0)
        arrays.update({f"o{i}": one for i, one in enumerate(outputs if isinstance(outputs, list) else [outputs])})
        stem = folder / f"{VERSION}-{name}"
        model.save(f"{stem}.keras")
        compressed(f"{stem}.keras")
        # Keras 3.0 and 3.1 cannot write all models into the older form.
        if name == "chain" or (name in ("branched", "recurrent") and not VERSION.startswith(("3.0.", "3.1."))):
            model.save(f"{stem}.h5")
            packed(f"{stem}.h5")
        if name == "chain":
            model.save_weights(f"{stem}.weights.h5")
            packed(f"{stem}.weights.h5")
        if kind is not None:
            model.fit(x, y, epochs=STEPS, batch_size=4, shuffle=False, verbose=0)
            after = model.predict(x, verbose=0)
            arrays.update({f"after{i}": one for i, one in enumerate(after if isinstance(after, list) else [after])})
        np.savez_compressed(f"{stem}.npz", **arrays)
        print(stem)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
