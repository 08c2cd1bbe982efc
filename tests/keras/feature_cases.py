"""Tables that `keras.utils.FeatureSpace` encodes; `record_features.py` runs them with Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

TABLE = {
    "float": np.array([1.5, -2.0, 3.25, 4.0, 0.0, 7.5], np.float32),
    "normal": np.array([1.0, 2.0, 3.0, 6.0, 2.5, -1.0], np.float32),
    "scaled": np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], np.float32),
    "bins": np.array([0.1, 9.0, 3.0, 4.0, 2.0, 7.0], np.float32),
    "class": np.array([1, 2, 2, 5, 2, 1], np.int32),
    "word": np.array(["a", "b", "b", "c", "b", "a"]),
    "id": np.array([10, 200, 3000, 40000, 5, 6], np.int32),
    "key": np.array(["q", "w", "e", "r", "t", "q"]),
}
OTHERS = {**TABLE, "class": np.array([9, 1, 2, 5, 7, 2], np.int32), "word": np.array(["z", "a", "b", "c", "y", "b"])}

CASES: dict[str, Callable[[Any], Any]] = {
    "words": lambda F: F({
        "float": "float", "normal": "float_normalized", "scaled": "float_rescaled", "class": "integer_categorical",
        "word": "string_categorical", "id": "integer_hashed", "key": "string_hashed",
    }, hashing_dim=6),
    "bins": lambda F: F(
        {"bins": "float_discretized", "scaled": F.float_rescaled(0.5, -1.0)}, num_discretization_bins=3
    ),
    "more bins than values": lambda F: F({"bins": "float_discretized"}, num_discretization_bins=9),
    "options": lambda F: F({
        "class": F.integer_categorical(max_tokens=3, num_oov_indices=1),
        "word": F.string_categorical(num_oov_indices=2),
        "id": F.integer_hashed(num_bins=4), "key": F.string_hashed(num_bins=5),
    }),
    "crosses": lambda F: F(
        {"class": "integer_categorical", "word": "string_categorical", "key": F.string_hashed(8)},
        crosses=[("class", "word"), F.cross(("word", "key"), crossing_dim=5)], crossing_dim=7,
    ),
    "dict": lambda F: F({
        "class": F.integer_categorical(output_mode="int"), "word": "string_categorical", "float": "float",
        "key": F.string_hashed(8, output_mode="int"),
    }, output_mode="dict", crosses=[F.cross(("word", "key"), 5, output_mode="int")]),
}  # fmt: skip


def results(space: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Returns what each space makes of the table that it has learned from, of another, and of one row."""
    found = {}
    for name, make in CASES.items():
        made = make(space)
        made.adapt({column: TABLE[column] for column in made.features})
        for word, table in (("same", TABLE), ("other", OTHERS), ("row", {key: one[3] for key, one in TABLE.items()})):
            encoded = made({column: table[column] for column in made.features})
            several = encoded if isinstance(encoded, dict) else {"": encoded}
            for key, value in several.items():
                found[f"{name}/{word}/{key}"] = np.asarray(value)
    return found
