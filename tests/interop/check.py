"""Loads the files of `write.py` with real Keras: no warning, the same outputs, and training continues alike.

    KERAS_BACKEND=jax python tests/interop/check.py FOLDER

Ends with 1 where something differs.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import os
import re
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import keras

# That a model was not compiled is said for each older file.
logging.getLogger("absl").setLevel(logging.ERROR)
VERSION = tuple(int(part) for part in keras.__version__.split(".")[:2])
STEPS = 3
UNREAD = {"optimizer-lamb.h5": "Keras writes no older file with Lamb that it reads itself"}
"""Files, not models, that are left out."""
APART = {
    "layer-rmsnorm-axis1": "Keras multiplies the last axis by a scale of another axis' size",
    "layer-category-encoding-one_hot": "the numbers of this row are no whole ones",
    "layer-random-crop-of-smaller": "Keras does not return the size that was asked for",
    "function-(adaptive|histogram)": "Keras does not take its own tuples back from a file, where they are lists",
    "function-(norm-|percentile|quantile|rot90)": "JAX does not take the lists that Keras gives it for axes",
    "function-conv-transpose": "Keras gives JAX the padding and the padding of the output in each other's place",
    "function-ldexp": "Keras takes whole exponents only",
    "function-rearrange": "Keras does not take a batch of any size",
    "function-sparsemax": "Keras adds up sums of all numbers, not of those that count",
}
"""Models on which Keras and fastnn differ, by the beginnings of their names: for each why."""
if VERSION < (3, 4):
    APART |= {
        "layer-resizing-nearest-down": "antialias is newer",
        "function-(argm..-keepdims|nan-to-num-given|slice$|zeros-like-int)": "these arguments are newer",
        "function-concatenate$": "Keras does not take the key of x[:, :1] back from a file, where it is a list",
        "function-(batch-normalization|image-pad|logsumexp|normalize)": "Keras' class is not its function",
    }


def listed(arrays, word):
    found = []
    while f"{word}{len(found)}" in arrays:
        found.append(arrays[f"{word}{len(found)}"])
    return found


def far(got, expected, tolerance):
    """Returns a description of the difference; empty where there is none."""
    got = got if isinstance(got, (list, tuple)) else [got]
    if len(got) != len(expected):
        return f"{len(got)} outputs for {len(expected)}"
    for one, other in zip(got, expected, strict=True):
        one, other = np.asarray(one).astype("float64"), other.astype("float64")
        if one.shape != other.shape:
            return f"shape {one.shape} for {other.shape}"
        # Infinite values and NaN are compared exactly.
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        largest = np.abs(other[np.isfinite(other)]).max(initial=1.0)
        error = np.abs(one[~same] - other[~same]).max(initial=0) / largest
        if not error <= tolerance:
            return f"error {error:.2g}"
    return ""


def alone(values):
    return values if len(values) > 1 else values[0]


def tolerances(name):
    """Returns the largest errors of a model of this name, as it was read and after more steps."""
    if name.startswith("rounded"):
        return 2e-2, 4e-2  # Keras rounds to eight bits what layers return, too
    # Chains of normalizations of few elements, as random models have them, enlarge the last bit.
    return 1e-5 if name.startswith("random") else 1e-6, 5e-5


def check(folder, entry):
    """Returns a description of the faults of a model."""
    with np.load(folder / f"{entry['name']}.npz") as file:
        arrays = dict(file)
    x, outputs = alone(listed(arrays, "x")), listed(arrays, "o")
    trained = "after0" in arrays
    for name in [f"{entry['name']}.keras", f"{entry['name']}.h5"]:
        if name in UNREAD or not (folder / name).exists():
            continue
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                model = keras.models.load_model(folder / name)
            except Exception as error:
                return f"{name}: {type(error).__name__} {str(error)[-400:]}"
        told = [str(one.message) for one in told if issubclass(one.category, UserWarning)]
        if told:
            return f"{name}: warned {told[0][:300]}"
        try:
            tolerance, after = tolerances(entry["name"])
            wrong = far(model.predict(x, verbose=0), outputs, tolerance)
        except Exception as error:
            wrong = f"{type(error).__name__} {str(error)[:300]}"
        if wrong:
            return f"{name}: {wrong}"
        if trained and name.endswith(".keras"):
            steps = model.optimizer.iterations
            steps = int(np.asarray(getattr(steps, "value", steps)))
            if steps != 2:
                return f"{name}: the optimizer has taken {steps} steps, not 2"
            model.load_weights(folder / f"{entry['name']}.weights.h5")
            y = alone(listed(arrays, "y"))
            model.fit(x, y, epochs=STEPS, batch_size=len(outputs[0]), shuffle=False, verbose=0)
            wrong = far(model.predict(x, verbose=0), listed(arrays, "after"), after)
            if wrong:
                return f"{name}: after {STEPS} steps more {wrong}"
    return ""


def has(module, name):
    try:
        return hasattr(importlib.import_module(module), name)
    except ImportError:
        return False


def check_vocabularies(folder):
    """Returns descriptions of the faults of layers with a vocabulary, which Keras computes with TensorFlow."""
    wrong = []
    files = sorted(folder.glob("vocabulary-*.json"))
    if importlib.util.find_spec("tensorflow") is None or VERSION < (3, 4):
        print(f"left out: {len(files)} layers with a vocabulary, which need TensorFlow and Keras 3.4")
        return wrong
    for file in files:
        expected = json.loads(file.read_text())
        try:
            (layer,) = keras.models.load_model(file.with_suffix(".keras")).layers
            found = [str(one) for one in layer.get_vocabulary()], np.asarray(layer(np.array(expected["x"])))
        except Exception as error:
            wrong.append(f"{file.stem}: {type(error).__name__} {str(error)[-400:]}")
            continue
        if found[0] != expected["vocabulary"]:
            wrong.append(f"{file.stem}: the vocabulary is {found[0]}, not {expected['vocabulary']}")
        elif difference := far(found[1], [np.array(expected["y"])], 1e-6):
            wrong.append(f"{file.stem}: {difference}")
    print(f"{len(files)} layers with a vocabulary, {len(wrong)} wrong")
    return wrong


def main(folder):
    wrong, unknown, count = [], set(), 0
    for entry in json.loads((folder / "list.json").read_text()):
        # What is newer than this Keras, and forms that Keras 3.0 to 3.3 did not read.
        if entry["class"] and not hasattr(keras.layers, entry["class"]):
            unknown.add(entry["class"])
            continue
        newer = [name for module, name in entry["functions"] if not has(module, name)]
        if newer:
            unknown.update(newer)
            continue
        if tuple(entry["since"]) > VERSION:
            continue
        if any(re.match(name, entry["name"]) for name in APART):
            continue
        count += 1
        message = check(folder, entry)
        if message:
            wrong.append(f"{entry['name']}: {message}")
    wrong += check_vocabularies(folder)
    print(f"Keras {keras.__version__}: {count} models, {len(wrong)} wrong; not in it: {sorted(unknown)}")
    print("\n".join(wrong))
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
