"""Writes `functions.npz`: what Keras computes for the cases of `function_cases.py`, and the gradients.

KERAS_BACKEND=jax python tests/keras/record_functions.py        # all cases
KERAS_BACKEND=jax python tests/keras/record_functions.py new    # those that the file does not hold yet

A gradient is that of the sum of all results, each element times a weight (`weights`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
from function_cases import CASES, flat

import keras


def weights(shape: tuple[int, ...], place: int) -> Any:
    """Returns the weights of the elements of a result."""
    return np.random.RandomState([place, *shape]).uniform(-1, 1, shape).astype(np.float32)


def main(which: str = "all") -> None:
    """Runs all cases, or the new ones."""
    path = Path(__file__).with_name("functions.npz")
    found: dict[str, Any] = {}
    if which == "new":
        names = {one.name for one in CASES}
        with np.load(path) as file:
            found = {name: file[name] for name in file if name.rpartition("/")[0] in names}
    known = {name.rpartition("/")[0] for name in found}
    for one in CASES:
        if one.name in known:
            continue
        arrays = [keras.ops.convert_to_tensor(array) for array in one.arrays]
        results = [np.asarray(result) for result in flat(one.call(keras.ops, *arrays))]
        found |= {f"{one.name}/{i}": result for i, result in enumerate(results)}
        if one.where != "model":
            continue
        places = [i for i, array in enumerate(one.arrays) if array.dtype == np.float32]

        def total(floats: list[Any], one: Any = one, arrays: Any = arrays, places: Any = places) -> Any:
            given = [floats[places.index(i)] if i in places else array for i, array in enumerate(arrays)]
            results = flat(one.call(keras.ops, *given))
            return sum(keras.ops.sum(result * weights(result.shape, i)) for i, result in enumerate(results))

        gradients = jax.grad(total)([arrays[i] for i in places])
        found |= {f"{one.name}/d{i}": np.asarray(d) for i, d in zip(places, gradients, strict=True)}
    np.savez_compressed(path, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
