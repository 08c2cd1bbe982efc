"""Edits of a file of weights, and weights in several files, with Keras and fastnn alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

SHARD = 250 / 2**30
"""Size of the shards in GiB."""
NAMES = "shards.weights.json"


def model(keras: Any, widths: tuple[int, ...], seed: int, nested: bool = False) -> Any:
    """Returns a chain of layers with seeded weights; Keras' editor does not see those of a chain within it."""
    inner = keras.Sequential([keras.Input((6,)), keras.layers.Dense(9), keras.layers.Dense(4)])
    layers = [keras.layers.Dense(width) for width in widths]
    made = keras.Sequential([keras.Input((6,)), *([inner] if nested else []), *layers])
    random = np.random.RandomState(seed)
    made.set_weights([random.normal(size=one.shape).astype("float32") for one in made.get_weights()])
    return made


def sample() -> np.ndarray:
    return np.random.RandomState(9).normal(size=(3, 6)).astype("float32")


def edited(keras: Any, source: str, folder: Path) -> dict[str, Any]:
    """Returns what an editor says of a file to and fro, and what it writes.

    Keras counts differences in an object again for each object after it, so each comparison ends with the difference.
    """
    values = np.random.RandomState(3)
    wanted, to = model(keras, (5, 3, 2), 2), str(folder / "edited.weights.h5")
    editor = keras.saving.KerasFileEditor(source)
    said = [editor.compare(wanted)]
    editor.add_object("layers/dense_7", weights={"0": values.normal(size=(3, 2)).astype("float32")})
    editor.rename_object("dense_7", "dense_6")
    editor.rename_object("layers/dense_6", "dense_2")
    said.append(editor.compare(wanted))
    editor.add_weights("dense_2", weights={"1": values.normal(size=2).astype("float32")})
    said.append(editor.compare(wanted))
    editor.add_object("layers/dense_3", weights={"0": np.ones((2, 2), "float32")})
    said.append(editor.compare(wanted))
    editor.delete_object("layers/dense_3")
    editor.save(to)
    wanted.load_weights(to)
    second = keras.saving.KerasFileEditor(to)
    said.append(second.compare(wanted))
    second.delete_weight("dense_2", "1")
    said.append(second.compare(wanted))
    second.add_weights("layers/dense_2", {"1": np.ones(7, "float32")})
    said.append(second.compare(wanted))
    outputs = np.asarray(wanted.predict(sample(), verbose=0))
    return {
        "said": [[one["status"], one["error_count"]] for one in said],
        "file": contents(to),
        "outputs": outputs.round(4).tolist(),
        "errors": [refused(editor, *call) for call in MISTAKES],
    }


IDS = np.arange(32).reshape(8, 4) % 9


def rounded(keras: Any) -> Any:
    """Returns a model of bfloat16 that has learned something."""
    keras.utils.set_random_seed(4)
    keras.config.set_dtype_policy("bfloat16")
    ids = keras.Input((4,), dtype="int32")
    h = keras.layers.EinsumDense("abc,cd->abd", (4, 5), bias_axes="d")(keras.layers.Embedding(9, 6)(ids))
    h = keras.layers.Dense(8, "relu")(keras.layers.Flatten()(keras.layers.LayerNormalization()(h)))
    model = keras.Model(ids, keras.layers.Dense(3)(h))
    keras.config.set_dtype_policy("float32")
    model.compile("adam", "mse")
    model.fit(IDS, np.ones((len(IDS), 3)), epochs=3, verbose=0)
    return model


ORDERS = ("lora", "frozen-lora", "frozen", "frozen-within")
"""Models whose weights stand in another order in the older `.h5`: trained ones come first in each layer."""


def ordered(keras: Any, kind: str) -> Any:
    """Returns one of these models, with seeded weights."""
    layers = keras.layers
    if kind.endswith("lora"):
        body = [layers.Dense(5, lora_rank=2)]
        body[0].trainable = kind == "lora"
    else:
        parts = [layers.Dense(5), layers.BatchNormalization(), layers.Dense(5), layers.BatchNormalization()]
        body = [keras.Sequential([keras.Input((6,)), *parts])]
        body[0].trainable = kind != "frozen"
        parts[1].trainable = False
    made = keras.Sequential([keras.Input((6,)), *body, layers.Dense(3)])
    random = np.random.RandomState(5)
    made.set_weights([random.uniform(0.5, 1.5, one.shape).astype("float32") for one in made.get_weights()])
    return made


MISTAKES: list[tuple[str, tuple[Any, ...]]] = [
    ("delete_object", ("nowhere",)),
    ("delete_object", ("layers/nowhere",)),
    ("rename_object", ("dense", "new")),
    ("rename_object", ("layers/dense", "layers/new")),
    ("delete_weight", ("layers/dense", "7")),
    ("add_object", ("nowhere/dense", {"0": np.ones(1)})),
    ("add_object", ("layers/dense_9", [np.ones(1)])),
    ("add_weights", ("layers/dense", np.ones(1))),
    ("save", ("edited.h5",)),
]


def refused(editor: Any, method: str, arguments: tuple[Any, ...]) -> str:
    try:
        getattr(editor, method)(*arguments)
    except ValueError:
        return "ValueError"
    return "nothing"


def contents(path: str) -> dict[str, list[Any]]:
    """Returns shape and sum of the datasets of a file, by path."""
    found: dict[str, list[Any]] = {}

    def note(name: str, one: Any) -> None:
        if isinstance(one, h5py.Dataset):
            found[name] = [list(one.shape), round(float(np.sum(one[()])), 4)]

    with h5py.File(path) as file:
        file.visititems(note)
    return found
