"""Small files in the formats of the data sets, and calls of `load_data` on them, for Keras and fastnn alike."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np

FASHION = "fashion-mnist"
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("mnist", {}),
    ("fashion_mnist", {}),
    ("cifar10", {}),
    ("cifar100", {}),
    ("cifar100", {"label_mode": "coarse"}),
    ("boston_housing", {}),
    ("boston_housing", {"test_split": 0.35, "seed": 7}),
    ("california_housing", {}),
    ("california_housing", {"version": "small", "test_split": 0}),
    *[
        (name, options)
        for name in ("imdb", "reuters")
        for options in (
            {},
            {"num_words": 20, "skip_top": 5},
            {"num_words": 20, "skip_top": 5, "oov_char": None, "seed": 3},
            {"maxlen": 6, "start_char": None},
            {"start_char": None, "index_from": 0, "oov_char": 99, "num_words": 9},
            {"index_from": 10, "start_char": 4},
        )
    ],
    ("reuters", {"test_split": 0.5, "maxlen": 7}),
]


def call_name(call: tuple[str, dict[str, Any]]) -> str:
    name, options = call
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in options.items())})"


def idx(array: np.ndarray) -> bytes:
    """Returns the bytes of an IDX file."""
    shape = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes((0, 0, 8, array.ndim)) + shape + array.astype(np.uint8).tobytes()


def ragged(lists: list[list[int]]) -> np.ndarray:
    made = np.empty(len(lists), object)
    made[:] = lists
    return made


def write_files(folder: Path, cifar_rows: int = 2) -> None:
    """Writes files of all data sets; Keras wants 10,000 rows in a batch of CIFAR-10."""
    random = np.random.RandomState(0)

    def pixels(*shape: int) -> np.ndarray:
        return random.randint(0, 256, shape).astype(np.uint8)

    def texts(rows: int) -> np.ndarray:
        return ragged([random.randint(1, 30, random.randint(1, 9)).tolist() for _ in range(rows)])

    digits = {"x_train": pixels(6, 28, 28), "y_train": pixels(6), "x_test": pixels(3, 28, 28), "y_test": pixels(3)}
    np.savez(folder / "mnist.npz", **digits)
    (folder / FASHION).mkdir()
    for part, rows in (("train", 5), ("t10k", 4)):
        for kind, array in (("images-idx3", pixels(rows, 28, 28)), ("labels-idx1", pixels(rows))):
            (folder / FASHION / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(idx(array)))
    for name, parts, keys in (
        ("cifar-10-batches-py", [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"], [b"labels"]),
        ("cifar-100-python", ["train", "test"], [b"fine_labels", b"coarse_labels"]),
    ):
        (folder / name).mkdir()
        for part in parts:
            rows = cifar_rows if len(keys) == 1 else 3
            batch = {b"data": pixels(rows, 3072), **{key: random.randint(0, 10, rows).tolist() for key in keys}}
            (folder / name / part).write_bytes(pickle.dumps(batch, protocol=3))
    np.savez(folder / "boston_housing.npz", x=random.standard_normal((11, 13)), y=random.standard_normal(11))
    rows = random.standard_normal((700, 8)).astype("float32")
    np.savez(folder / "california_housing.npz", x=rows, y=rows[:, 0])
    labels = random.randint(0, 2, (2, 12))
    np.savez(folder / "imdb.npz", x_train=texts(12), y_train=labels[0], x_test=texts(12), y_test=labels[1])
    np.savez(folder / "reuters.npz", x=texts(15), y=random.randint(0, 46, 15))
    for name in ("imdb", "reuters"):
        (folder / f"{name}_word_index.json").write_text(json.dumps({"the": 1, "naïve": 2}))


def digest(loaded: Any) -> list[list[Any]]:
    """Returns type, shape and some of the contents of the four arrays of `load_data`."""
    found = []
    for array in (array for part in loaded for array in part):
        array = np.asarray(array)
        if array.dtype == object:
            found.append(["object", len(array), [[int(word) for word in text] for text in array]])
        else:
            first, weights = array.ravel()[:5].tolist(), np.arange(array.size).reshape(array.shape) % 1009
            found.append([str(array.dtype), list(array.shape), first, round(float((array * weights).sum()), 3)])
    return found
