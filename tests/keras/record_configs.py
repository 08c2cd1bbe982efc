"""Records what `get_config` of Keras' own models returns: python record_configs.py, with Keras installed.

The models are those of `MODELS`, which are made of `keras` alone, so that the tests make the same ones of fastnn.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def chain(keras: Any) -> Any:
    layers = keras.layers
    first, last = layers.Dense(3, activation="relu", name="a"), layers.Dense(2, name="b")
    return keras.Sequential([layers.Input((4,), name="x"), first, last], name="m")


def shared(keras: Any) -> Any:
    layers = keras.layers
    left, right = layers.Input((4,), name="left"), layers.Input((4,), name="right")
    both = layers.Dense(3, name="both")
    joined = layers.Add(name="add")([both(left), both(right)])
    return keras.Model([left, right], layers.Dense(1, name="out")(joined), name="m")


def several(keras: Any) -> Any:
    layers = keras.layers
    x = layers.Input((4,), name="x")
    y = layers.Input((2,), name="y")
    h = layers.Dense(3, name="h")(layers.Concatenate(name="c")([x, y]))
    outputs = {"one": layers.Dense(1, name="one")(h), "two": layers.Dense(2, name="two")(h)}
    return keras.Model({"x": x, "y": y}, outputs, name="m")


def nested(keras: Any) -> Any:
    layers = keras.layers
    inner_x = layers.Input((4,), name="inner_x")
    inner = keras.Model(inner_x, layers.Dense(3, name="inner_dense")(inner_x), name="inner")
    tail = keras.Sequential([layers.Input((3,), name="tail_x"), layers.Dense(2, name="tail_dense")], name="tail")
    x = layers.Input((4,), name="x")
    return keras.Model(x, tail(inner(x)), name="m")


def functions(keras: Any) -> Any:
    layers, ops = keras.layers, keras.ops
    x = layers.Input((4,), name="x")
    h = layers.Dense(3, name="h")(x)
    total = ops.sum(ops.relu(h) * 2.0, axis=-1, keepdims=True)
    return keras.Model(x, layers.Dense(1, name="out")(total[:, :1] + 1.0), name="m")


def masked(keras: Any) -> Any:
    layers = keras.layers
    x = layers.Input((None,), name="x", dtype="int32")
    h = layers.Embedding(5, 3, name="e")(x)
    return keras.Model(x, layers.Dropout(0.0, name="d")(layers.LSTM(2, name="l")(h), training=True), name="m")


MODELS: dict[str, Callable[[Any], Any]] = {
    made.__name__: made for made in (chain, shared, several, nested, functions, masked)
}

if __name__ == "__main__":
    import keras as the_real_one

    found = {}
    for name, make in MODELS.items():
        the_real_one.utils.clear_session()
        found[name] = make(the_real_one).get_config()
    path = Path(__file__).parent / "configs.json"
    path.write_text(json.dumps({"keras": the_real_one.__version__, "configs": found}, indent=1) + "\n")
